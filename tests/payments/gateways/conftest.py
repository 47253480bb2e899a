"""A Stripe of the tests' own, over HTTP, spoken to by the real library; and a fake gateway in memory."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection

from billing.services.invoices import Line, issue_invoice
from lab.stripe.server import StripeLab
from payments.gateways import kinds, open_gateway
from payments.gateways.base import Gateway, Keys
from payments.models import GatewayAccount
from payments.services.gateway_accounts import connect_gateway
from subscribers.models import Subscriber
from tenants.models import ISP
from tests.factories.subscribers import SubscriberFactory
from tests.payments.gateways.acts import ref
from tests.payments.gateways.fake import NOON, Bank, FakeGateway, new_bank


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


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch, settings: object) -> Bank:
    """The fake gateway is one of the gateways; this is what is behind it."""
    monkeypatch.setitem(kinds(), "fake", FakeGateway)
    settings.GATEWAY_TEST_MODE = False
    return new_bank()


@pytest.fixture
def account(bank: Bank, in_isp: ISP) -> GatewayAccount:
    """WispMega's account at the fake."""
    return connect_gateway(by=None, isp=ref(in_isp), gateway="fake", keys=Keys("key"), at=NOON)


@pytest.fixture
def ana(account: GatewayAccount) -> Subscriber:
    """She owes two invoices, of 500 and of 300."""
    person = SubscriberFactory(email="ana@mail.example")
    for amount, day in (("500", 1), ("300", 5)):
        line = Line(text="Internet", unit_price=Decimal(amount), tax_rate=Decimal(16))
        on = date(2026, 3, day)
        issue_invoice(by=None, subscriber=person, lines=[line], on=on, due_on=on, currency="MXN")
    return person


@pytest.fixture(autouse=True)
def _one_transaction(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test is one transaction, in which ours are inner ones: the fake says if it is called inside such."""
    if "db" in request.fixturenames or "in_isp" in request.fixturenames:
        request.getfixturevalue("in_isp")
        monkeypatch.setattr(connection, "is_under_test", True, raising=False)
        monkeypatch.setattr(FakeGateway, "depth", len(connection.savepoint_ids), raising=False)
