"""The pages of the cash desk."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine

from core.scope import isp_scope
from payments.models import CashClosing, Payment
from payments.services import payments
from tenants.roles import Role
from tests.factories.company import PaymentMethodFactory
from tests.factories.staff import make_member
from tests.factories.subscribers import SubscriberFactory

TODAY = date(2026, 3, 20)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(datetime(2026, 3, 20, 18, tzinfo=UTC), tick=False) as clock:
        yield clock


@pytest.fixture
def clerk(isp):
    return make_member(isp, Role.BILLING, name="Carla Caja", email="carla@wispmega.example")


@pytest.fixture
def cash(isp):
    with isp_scope(isp):
        return PaymentMethodFactory(name="Ventanilla", kind="cash")


def pay(isp, by, amount, method):
    with isp_scope(isp):
        payments.register_payment(
            by=by,
            subscriber=SubscriberFactory(last_name="Ibarra"),
            amount=Decimal(amount),
            currency="MXN",
            on=TODAY,
            source=Payment.Source.DESK,
            method=method,
        )


def address(clerk, day=TODAY):
    return f"/wispmega/cash/{clerk.uuid}/{day}/"


def test_a_clerk_counts_and_closes_the_day(isp, clerk, cash, signed_in):
    pay(isp, clerk, "350.50", cash)
    client = signed_in(clerk)
    text = client.get("/wispmega/cash/").text
    assert "Close my day" in text
    assert "MX$350.50" in text
    page = client.get(address(clerk))
    assert "Ibarra" in page.text
    name = f"counted-{cash.uuid}"
    done = client.post(address(clerk), {"seen": "350.50", name: "350.50", "reason": ""})
    with isp_scope(isp):
        closing = CashClosing.objects.get()
    assert done["Location"] == f"/wispmega/cash/closings/{closing.uuid}/"
    text = client.get(done["Location"]).text
    assert "Closed by Carla Caja" in text
    assert "Ventanilla" in text
    text = client.get("/wispmega/cash/").text
    assert "your day is closed" in text
    assert "Still open" not in text
    # Its own address leads to what was counted.
    assert client.get(address(clerk))["Location"] == done["Location"]


def test_a_difference_without_a_reason_comes_back_with_all_that_was_typed(isp, clerk, cash, signed_in):
    pay(isp, clerk, "100", cash)
    client = signed_in(clerk)
    name = f"counted-{cash.uuid}"
    page = client.post(address(clerk), {"seen": "100", name: "90", "reason": " "})
    assert page.status_code == 422
    assert 'id="id_reason_error"' in page.text
    assert 'value="90"' in page.text
    client.post(address(clerk), {"seen": "100", name: "90", "reason": "not found"})
    with isp_scope(isp):
        assert CashClosing.objects.get().difference == -10


@pytest.mark.parametrize("counted", ["", "ten", "1e30", "99999999999.99", "1.234"])
def test_a_count_that_is_none_is_marked_at_its_field(counted, isp, clerk, cash, signed_in):
    pay(isp, clerk, "100", cash)
    name = f"counted-{cash.uuid}"
    page = signed_in(clerk).post(address(clerk), {"seen": "100", name: counted, "reason": "x"})
    assert f'id="id_{name}_error"' in page.text
    with isp_scope(isp):
        assert not CashClosing.objects.exists()


def test_what_came_in_meanwhile_is_shown_before_it_is_closed(isp, clerk, cash, signed_in):
    pay(isp, clerk, "100", cash)
    client = signed_in(clerk)
    name = f"counted-{cash.uuid}"
    pay(isp, clerk, "5", cash)
    page = client.post(address(clerk), {"seen": "100", name: "100", "reason": "x"})
    assert "Something was registered meanwhile" in page.text
    assert "MX$105.00" in page.text
    done = client.post(address(clerk), {"seen": "105", name: "105", "reason": ""})
    assert done.status_code == 302
    with isp_scope(isp):
        assert CashClosing.objects.get().registered == 105


def test_a_colleague_may_close_it_and_support_only_looks(isp, clerk, cash, owner, signed_in):
    pay(isp, clerk, "100", cash)
    client = signed_in(owner)
    assert address(clerk) in client.get("/wispmega/cash/").text
    client.post(address(clerk), {"seen": "100", f"counted-{cash.uuid}": "100", "reason": ""})
    with isp_scope(isp):
        closing = CashClosing.objects.get()
    assert closing.by_name.startswith("Olga")
    helper = make_member(isp, Role.SUPPORT, name="Sara", email="sara@wispmega.example")
    client = signed_in(helper)
    assert "Close my day" not in client.get("/wispmega/cash/").text
    assert "Carla Caja" in client.get(f"/wispmega/cash/closings/{closing.uuid}/").text
    assert client.get(address(clerk)).status_code == 403


@pytest.mark.parametrize("day", ["2026-03-21", "2026-02-30", "x", "1999-01-01", "9999-01-01"])
def test_days_that_are_none_or_to_come_are_not_there(day, clerk, signed_in):
    page = signed_in(clerk).get(address(clerk, day))
    assert page.status_code == 404
    assert "Carla" not in page.text.partition("<main")[2]


def test_who_works_elsewhere_is_not_named_here(isp, clerk, stranger, signed_in):
    page = signed_in(clerk).get(address(stranger))
    assert page.status_code == 404
    assert "Fabia" not in page.text


def test_an_empty_day_says_so(clerk, signed_in):
    client = signed_in(clerk)
    assert "Nothing to count yet" in client.get(address(clerk)).text
    assert "No cash desk has been closed yet" in client.get("/wispmega/cash/").text


def test_it_takes_the_same_queries_for_few_and_many(isp, clerk, cash, signed_in, count_queries):
    pay(isp, clerk, "1", cash)
    client = signed_in(clerk)
    for path in ("/wispmega/cash/", address(clerk)):
        client.get(path)
        with count_queries() as few:
            client.get(path)
        for _ in range(10):
            pay(isp, clerk, "1", cash)
        with count_queries() as many:
            client.get(path)
        assert len(few) == len(many), path
