"""The library with an ISP's key, and its errors in our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import stripe
from django.conf import settings

from payments.gateways.base import Declined, GatewayAway, KeysRefused, NotThere, Refused


def client(secret: str) -> stripe.StripeClient:
    """A client of one account, without anything global."""
    return stripe.StripeClient(
        secret,
        base_addresses={"api": settings.STRIPE_API_BASE},
        max_network_retries=settings.GATEWAY_RETRIES,
        http_client=stripe.RequestsClient(timeout=settings.GATEWAY_TIMEOUT),
    )


@contextmanager
def in_our_words() -> Iterator[None]:
    """Errors of the library as those of `payments.gateways.base`."""
    try:
        yield
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise KeysRefused(_text(error)) from error
    except stripe.CardError as error:
        raise Declined(_text(error), _attempt(error)) from error
    except stripe.InvalidRequestError as error:
        kind = NotThere if error.code == "resource_missing" else Refused
        raise kind(_text(error)) from error
    except stripe.IdempotencyError as error:
        raise Refused(_text(error)) from error
    except stripe.StripeError as error:
        raise GatewayAway(_text(error)) from error


def _text(error: Any) -> str:
    """What Stripe says to people; it names no key but its beginning."""
    return str(error.user_message or error)[:300]


def _attempt(error: Any) -> str:
    intent = getattr(error.error, "payment_intent", None) if error.error else None
    return str(getattr(intent, "id", "") or "")
