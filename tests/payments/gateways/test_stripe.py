"""Stripe's folder, through the real library, against a stateful stand-in over HTTP."""

import json
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from lab.stripe.server import Fault
from lab.stripe.webhooks import signature
from payments.gateways import kinds, open_gateway
from payments.gateways.base import (
    Declined,
    Forged,
    GatewayAway,
    Keys,
    KeysRefused,
    NotThere,
    Order,
    Refused,
    State,
)
from payments.gateways.stripe.gateway import EVENTS

GOOD = {"number": "4242 4242 4242 4242", "until": "12/34", "code": "123"}
REFUSED = GOOD | {"number": "4000 0000 0000 0002"}


def order(**fields: object) -> Order:
    values = {
        "reference": "a-reference",
        "isp": "an-isp",
        "amount": Decimal("499.50"),
        "currency": "MXN",
        "title": "Invoice A-17",
        "key": "key-1",
        "paid_url": "http://wispmega.localhost/pay/1/",
        "back_url": "http://wispmega.localhost/pay/1/?back=1",
        "language": "es",
    }
    return Order(**values | fields)


def test_a_gateway_is_found_by_its_folder_and_asks_less_than_ten_things():
    assert set(kinds()) == {"stripe", "mercado_pago"}
    for name, kind in kinds().items():
        assert kind.name == name
        methods = {each for each in dir(kind) if not each.startswith("_") and callable(getattr(kind, each))} - {"hosts"}
        assert len(methods) == 9


def test_the_keys_say_whose_they_are(stripe, keys):
    holder = stripe.check_keys()
    assert (holder.name, holder.country, holder.currency, holder.is_live) == ("WispMega", "MX", "MXN", True)
    assert open_gateway("stripe", Keys(keys["test"])).check_keys().is_live is False
    with pytest.raises(KeysRefused):
        open_gateway("stripe", Keys("sk_live_of_nobody")).check_keys()


def test_a_card_is_paid_on_the_hosted_page(stripe, lab):
    begun = stripe.begin(order())
    assert begun.address.startswith(f"{lab.url}/c/pay/cs_live_")
    before = stripe.read(begun.number)
    assert (before.state, before.payment, before.amount) == (State.OPEN, "", Decimal("499.50"))
    address, _ = lab.pay(begun.number, **GOOD)
    assert address == "http://wispmega.localhost/pay/1/"
    paid = stripe.read(begun.number)
    assert (paid.state, paid.currency, paid.is_live) == (State.PAID, "MXN", True)
    assert (paid.reference, paid.isp, paid.method) == ("a-reference", "an-isp", "card")
    assert paid.fee == Decimal("19.98")
    assert paid.saved is None
    by_payment = stripe.read(paid.payment)
    assert (by_payment.payment, by_payment.state, by_payment.reference) == (paid.payment, State.PAID, "a-reference")


def test_a_card_that_is_refused_leaves_the_page_open_for_another(stripe, lab):
    begun = stripe.begin(order())
    address, said = lab.pay(begun.number, **REFUSED)
    assert (address, said) == ("", "La tarjeta fue rechazada.")
    assert stripe.read(begun.number).state is State.OPEN
    lab.pay(begun.number, **GOOD)
    assert stripe.read(begun.number).state is State.PAID


@pytest.mark.parametrize(("paid", "state"), [(True, State.PAID), (False, State.FAILED)])
def test_a_slip_is_under_way_for_days_and_then_paid_or_not(stripe, lab, paid, state):
    begun = stripe.begin(order())
    lab.pay(begun.number, way="oxxo")
    waiting = stripe.read(begun.number)
    assert (waiting.state, waiting.method) == (State.PROCESSING, "oxxo")
    assert waiting.slip.startswith(f"{lab.url}/voucher/pi_")
    lab.end_voucher(waiting.payment, paid=paid)
    assert stripe.read(begun.number).state is state


@pytest.mark.parametrize(("paid", "state"), [(True, State.PAID), (False, State.FAILED)])
def test_a_transfer_by_spei_goes_to_the_payers_own_number_and_comes_later(stripe, lab, paid, state):
    wanted = {"transfers": True, "payer": "ana", "email": "ana@mail.example"}
    begun = stripe.begin(order(**wanted))
    stripe.begin(order(**wanted | {"key": "key-2", "email": "other@mail.example"}))
    (customer,) = lab.books.ledger(stripe.keys.secret).find("customer")
    assert customer["metadata"] == {"payer": "ana", "isp": "an-isp"}
    stripe.begin(order(**wanted | {"key": "key-3", "payer": "bea"}))
    assert len(lab.books.ledger(stripe.keys.secret).find("customer")) == 2
    lab.pay(begun.number, way="customer_balance")
    waiting = stripe.read(begun.number)
    assert (waiting.state, waiting.method) == (State.PROCESSING, "customer_balance")
    assert waiting.slip.startswith(f"{lab.url}/voucher/pi_")
    lab.end_voucher(waiting.payment, paid=paid)
    assert stripe.read(begun.number).state is state


@pytest.mark.parametrize("changed", [{"transfers": False}, {"currency": "USD"}])
def test_a_transfer_is_offered_only_where_it_is_wanted_and_can_come(stripe, lab, changed):
    begun = stripe.begin(order(**{"transfers": True, "payer": "ana"} | changed))
    assert lab.pay(begun.number, way="customer_balance")[0] == ""
    assert not lab.books.ledger(stripe.keys.secret).find("customer")


def test_a_card_is_kept_beside_transfers(stripe, lab):
    begun = stripe.begin(order(transfers=True, payer="ana", saves=True, email="ana@mail.example"))
    lab.pay(begun.number, **GOOD)
    saved = stripe.read(begun.number).saved
    assert saved.customer == lab.books.ledger(stripe.keys.secret).find("customer")[0]["id"]


def test_the_same_key_gives_the_same_page_and_another_order_under_it_is_refused(stripe):
    assert stripe.begin(order()).number == stripe.begin(order()).number
    assert stripe.begin(order(key="key-2")).number != stripe.begin(order()).number
    with pytest.raises(Refused, match="idempotent"):
        stripe.begin(order(amount=Decimal("1.00")))


@pytest.mark.parametrize("kind", ["lost", "never", "late"])
def test_an_answer_that_is_lost_makes_no_second_page(stripe, lab, settings, kind):
    settings.GATEWAY_TIMEOUT, settings.GATEWAY_RETRIES = 0.2, 2
    lab.faults.append(Fault("POST", "/v1/checkout/sessions", kind, times=1, seconds=0.5 if kind != "lost" else 0))
    stripe.begin(order())
    assert len(lab.books.ledger(stripe.keys.secret).find("checkout.session")) == 1


def test_a_gateway_that_is_away_says_nothing_about_what_happened(stripe, lab):
    lab.faults.append(Fault("POST", "/v1/checkout/sessions", "lost", times=9))
    with pytest.raises(GatewayAway):
        stripe.begin(order())
    lab.faults.clear()
    begun = stripe.begin(order())
    assert [row["id"] for row in lab.books.ledger(stripe.keys.secret).find("checkout.session")] == [begun.number]


def test_a_page_that_is_cancelled_can_not_be_paid_and_one_that_is_paid_not_cancelled(stripe, lab):
    begun = stripe.begin(order())
    stripe.cancel(begun.number)
    assert stripe.read(begun.number).state is State.EXPIRED
    assert lab.pay(begun.number, **GOOD)[0] == ""
    other = stripe.begin(order(key="key-2"))
    lab.pay(other.number, **GOOD)
    with pytest.raises(Refused):
        stripe.cancel(other.number)


def test_a_page_ends_at_its_time(stripe, lab):
    begun = stripe.begin(order(lasts_until=datetime.now(UTC) + timedelta(hours=1)))
    lab.books.ledger(stripe.keys.secret).rows[begun.number]["expires_at"] = time.time() - 1
    assert stripe.read(begun.number).state is State.EXPIRED


def test_money_goes_back_in_parts_and_not_more_than_there_was(stripe, lab):
    begun = stripe.begin(order())
    lab.pay(begun.number, **GOOD)
    payment = stripe.read(begun.number).payment
    part = {"currency": "MXN", "reference": "r"}
    first = stripe.refund(payment, amount=Decimal("100.25"), key="r-1", **part)
    assert stripe.refund(payment, amount=Decimal("100.25"), key="r-1", **part) == first
    assert first.state is State.PAID
    assert stripe.read(begun.number).refunded == Decimal("100.25")
    with pytest.raises(Refused):
        stripe.refund(payment, amount=Decimal("400"), key="r-2", **part)
    with pytest.raises(Refused):
        stripe.refund(payment, amount=Decimal("0.001"), key="r-3", **part)


def test_a_saved_card_is_charged_later_once_for_a_key_and_not_after_it_is_forgotten(stripe, lab):
    begun = stripe.begin(order(saves=True, email="ana@mail.example"))
    lab.pay(begun.number, **GOOD)
    saved = stripe.read(begun.number).saved
    assert (saved.brand, saved.last4, saved.expires) == ("visa", "4242", "12/2034")
    charged = stripe.charge_saved(order(key="auto-1", reference="b"), saved)
    assert stripe.charge_saved(order(key="auto-1", reference="b"), saved) == charged
    assert stripe.read(charged.number).state is State.PAID
    assert len(lab.books.ledger(stripe.keys.secret).find("payment_intent", status="succeeded")) == 2
    stripe.forget_saved(saved)
    stripe.forget_saved(saved)
    with pytest.raises(Refused):
        stripe.charge_saved(order(key="auto-2"), saved)


def test_a_saved_card_that_is_declined_later_says_which_attempt_it_was(stripe, lab):
    begun = stripe.begin(order(saves=True))
    lab.pay(begun.number, **GOOD | {"number": "4000000000000341"})
    saved = stripe.read(begun.number).saved
    with pytest.raises(Declined) as caught:
        stripe.charge_saved(order(key="auto-1"), saved)
    assert stripe.read(caught.value.number).state is State.FAILED


def test_the_webhook_is_registered_once_for_an_address(stripe, lab):
    first = stripe.register_webhook("http://wispmega.localhost/gateways/stripe/events/")
    second = stripe.register_webhook("http://wispmega.localhost/gateways/stripe/events/")
    rows = lab.books.ledger(stripe.keys.secret).find("webhook_endpoint")
    assert [row["id"] for row in rows] == [second.number]
    assert rows[0]["enabled_events"] == EVENTS
    assert first.secret != second.secret
    assert second.secret.startswith("whsec_")


def event(about: str, **fields: object) -> bytes:
    inner = {"id": about, "object": "checkout.session"}
    values = {"id": "evt_1", "object": "event", "type": "checkout.session.completed", "livemode": True, "created": 1}
    return json.dumps(values | {"data": {"object": inner}} | fields).encode()


def test_an_event_names_the_payment_it_is_about(keys):
    gateway = open_gateway("stripe", Keys(keys["live"], "whsec_x"))
    body = event("cs_live_1")
    bell = gateway.verify_event(body, {"Stripe-Signature": signature("whsec_x", body, int(time.time()))})
    assert (bell.event, bell.kind, bell.about, bell.is_live) == (
        "evt_1",
        "checkout.session.completed",
        "cs_live_1",
        True,
    )
    body = event("ch_1", data={"object": {"id": "ch_1", "object": "charge", "payment_intent": "pi_7"}})
    bell = gateway.verify_event(body, {"Stripe-Signature": signature("whsec_x", body, int(time.time()))})
    assert bell.about == "pi_7"


@pytest.mark.parametrize("how", ["other secret", "changed", "old", "none", "nonsense"])
def test_an_event_that_is_not_stripes_is_refused(keys, how):
    gateway = open_gateway("stripe", Keys(keys["live"], "whsec_x"))
    body, now = event("cs_live_1"), int(time.time())
    header = {
        "other secret": signature("whsec_y", body, now),
        "changed": signature("whsec_x", body + b" ", now),
        "old": signature("whsec_x", body, now - 3600),
        "none": "",
        "nonsense": "t=now,v1=x",
    }[how]
    with pytest.raises(Forged):
        gateway.verify_event(body, {"Stripe-Signature": header})


def test_what_is_not_there_is_not_there(stripe, keys):
    with pytest.raises(NotThere):
        stripe.read("cs_live_none")
    with pytest.raises(NotThere):
        stripe.read("evt_1")
    begun = stripe.begin(order())
    with pytest.raises(NotThere):
        open_gateway("stripe", Keys(keys["test"])).read(begun.number)


def test_currencies_without_cents_are_counted_as_they_are(stripe, lab):
    begun = stripe.begin(order(currency="CLP", amount=Decimal("15990")))
    assert lab.books.ledger(stripe.keys.secret).rows[begun.number]["amount_total"] == 15990
    assert stripe.read(begun.number).amount == Decimal("15990")
    with pytest.raises(Refused):
        stripe.begin(order(currency="CLP", amount=Decimal("15990.50"), key="key-2"))


def test_the_stand_in_takes_no_parameter_that_the_library_does_not_know(stripe, lab):
    """It would hide a call that Stripe itself refuses."""
    from stripe.params import PaymentIntentCreateParams, RefundCreateParams
    from stripe.params.checkout import SessionCreateParams

    begun = stripe.begin(
        order(
            transfers=True,
            payer="ana",
            saves=True,
            email="ana@mail.example",
            lasts_until=datetime.now(UTC) + timedelta(hours=2),
        )
    )
    lab.pay(begun.number, **GOOD)
    reading = stripe.read(begun.number)
    stripe.charge_saved(order(key="auto-1"), reading.saved)
    stripe.refund(reading.payment, amount=Decimal(1), currency="MXN", reference="r", key="r")
    known = {
        "/v1/checkout/sessions": SessionCreateParams,
        "/v1/payment_intents": PaymentIntentCreateParams,
        "/v1/refunds": RefundCreateParams,
    }
    seen = {path: data for method, path, data in lab.calls if method == "POST" and path in known}
    assert set(seen) == set(known)
    for path, data in seen.items():
        assert data
        assert set(data) <= set(known[path].__annotations__)
