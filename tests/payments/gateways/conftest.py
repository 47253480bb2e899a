"""A Stripe of the tests' own, over HTTP, spoken to by the real library."""

from collections.abc import Iterator

import pytest

from lab.stripe.server import StripeLab
from payments.gateways import open_gateway
from payments.gateways.base import Gateway, Keys


@pytest.fixture
def lab(settings: object) -> Iterator[StripeLab]:
    """The stand-in for Stripe, with an account of WispMega."""
    server = StripeLab()
    server.start()
    server.open_account("WispMega", "MX", "MXN")
    settings.STRIPE_API_BASE = server.url
    yield server
    server.stop()


@pytest.fixture
def keys(lab: StripeLab) -> dict[str, str]:
    """The secret keys of the account, `live` and `test`."""
    return lab.books.accounts["WispMega"]["keys"]


@pytest.fixture
def stripe(lab: StripeLab, keys: dict[str, str]) -> Gateway:
    return open_gateway("stripe", Keys(keys["live"]))
