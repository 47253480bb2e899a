"""Payments at the desk: the list, registering one, its page, taking it back."""

import html
import re
import zoneinfo
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from billing.models import Account, Invoice
from core.models import AuditEntry
from core.scope import isp_scope
from payments.models import CashClosing, Payment
from tenants.roles import Role
from tests.dashboard.settings_pages import staff_client
from tests.dashboard.test_subscribers import text_of as words_of
from tests.factories.company import PaymentMethodFactory
from tests.factories.payments import bill, pay
from tests.factories.subscribers import SubscriberFactory

PAGE = "/wispmega/payments/"


def text_of(answer):
    return html.unescape(words_of(answer))


@pytest.fixture
def clerk(isp):
    return staff_client(isp, Role.BILLING)


@pytest.fixture
def ana(isp):
    """A customer who owes two invoices."""
    with isp_scope(isp):
        person = SubscriberFactory(number=1042, first_name="Ana", last_name="Ruiz")
        person.first, person.second = bill(person, "500"), bill(person, "300", on=date(2026, 3, 2))
        person.cash = PaymentMethodFactory(name="Caja centro", kind="cash")
    return person


def form(ana, **changes):
    said = {
        "amount": "800",
        "paid_on": "2026-03-09",
        "method": str(ana.cash.uuid),
        "reference": "",
        "comment": "",
        "key": str(uuid4()),
        "invoices": [],
    }
    return said | changes


NEW = f"{PAGE}new/?subscriber=1042"


def made(isp):
    with isp_scope(isp):
        return list(Payment.objects.order_by("number").select_related("subscriber", "method"))


def test_an_empty_list_says_what_to_do(clerk):
    page = clerk.get(PAGE)
    assert "No payments yet" in text_of(page)
    assert f'href="{PAGE}new/"' in page.content.decode()


def test_the_subscriber_is_looked_for_first(clerk, ana):
    assert "Who paid?" in text_of(clerk.get(f"{PAGE}new/"))
    found = clerk.get(f"{PAGE}new/?q=ruiz").content.decode()
    assert "?subscriber=1042" in found
    assert "$800.00" in found
    assert "Nobody fits" in text_of(clerk.get(f"{PAGE}new/?q=nobody"))
    assert "no such subscriber" in text_of(clerk.get(f"{PAGE}new/?subscriber=999"))


def test_what_is_open_is_suggested_and_invoices_can_be_named_in_the_address(clerk, ana):
    assert 'name="amount" value="800.00"' in clerk.get(NEW).content.decode()
    page = clerk.get(f"{NEW}&invoice={ana.second.uuid}").content.decode()
    assert 'name="amount" value="300.00"' in page
    ticked = re.findall(r'value="([0-9a-f-]{36})" data-open="[0-9.]+" checked', page)
    assert ticked == [str(ana.second.uuid)]


def test_a_payment_is_booked_for_the_invoices_that_were_ticked(isp, clerk, ana):
    said = form(ana, amount="$300.00", invoices=[str(ana.second.uuid)], reference="  R   77 ", comment="efectivo")
    page = text_of(clerk.post(NEW, said, follow=True))
    payment = made(isp)[0]
    assert (payment.amount, payment.reference, payment.source, payment.method) == (300, "R 77", "desk", ana.cash)
    assert "The payment is booked. Receipt 1." in page
    assert ana.second.number in page
    assert ana.first.number not in page
    with isp_scope(isp):
        assert Account.objects.get(subscriber=ana).balance == 500


def test_a_double_click_books_once(isp, clerk, ana):
    said = form(ana)
    one, two = clerk.post(NEW, said), clerk.post(NEW, said)
    assert one.url == two.url == f"{PAGE}1/"
    assert len(made(isp)) == 1
    clerk.post(NEW, form(ana, amount="10"))
    assert len(made(isp)) == 2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"amount": "0"}, "above zero"),
        ({"amount": "-5"}, "no amount in MXN"),
        ({"amount": "1e30"}, "no amount in MXN"),
        ({"amount": "100 USD"}, "no amount in MXN"),
        ({"amount": "1,2,3"}, "not clear"),
        ({"amount": "99999999999999"}, "too large"),
        ({"amount": ""}, "required"),
        ({"paid_on": "1899-12-31"}, "too long ago"),
        ({"paid_on": "2999-01-01"}, "still to come"),
        ({"paid_on": "yesterday"}, "valid date"),
        ({"method": str(uuid4())}, "valid choice"),
        ({"method": "1"}, "valid"),
        ({"invoices": [str(uuid4())]}, "paid meanwhile"),
        ({"comment": "x" * 301}, "at most 300"),
    ],
)
def test_bad_input_is_named_and_nothing_is_lost(isp, clerk, ana, changes, says):
    answer = clerk.post(NEW, form(ana, reference="KEEP ME", **changes))
    assert says in text_of(answer)
    assert 'value="KEEP ME"' in answer.content.decode()
    assert made(isp) == []


@pytest.mark.parametrize("amount", ["1,234.50", "1.234,50", "1234.5"])
def test_commas_and_points_are_understood(isp, clerk, ana, amount):
    clerk.post(NEW, form(ana, amount=amount))
    assert [str(payment.amount) for payment in made(isp)] == ["1234.50"]


def test_a_reference_seen_before_is_a_question(isp, clerk, ana):
    clerk.post(NEW, form(ana, amount="10", reference="SPEI 1"))
    again = form(ana, amount="20", reference="spei 1")
    page = text_of(clerk.post(NEW, again))
    assert "reference is there already" in page
    assert "Payment 1" in page
    assert len(made(isp)) == 1
    clerk.post(NEW, again | {"is_another": "on"})
    assert len(made(isp)) == 2
    # The same form once more is the same payment, and no question.
    assert clerk.post(NEW, again | {"is_another": "on"}).url == f"{PAGE}2/"


def test_a_fee_on_top_stands_on_payment_and_receipt(isp, clerk, ana):
    with isp_scope(isp):
        store = PaymentMethodFactory(name="OXXO", kind="store", fee_fixed=15, fee_bearer="subscriber")
    clerk.post(NEW, form(ana, amount="500", method=str(store.uuid)))
    assert (made(isp)[0].amount, made(isp)[0].fee) == (500, 15)
    page = text_of(clerk.get(f"{PAGE}1/receipt/"))
    assert "$500.00" in page
    assert "$15.00" in page
    assert "$515.00" in page


def test_a_method_of_another_group_is_not_offered(isp, clerk, ana):
    from tests.factories.subscribers import InvoiceGroupFactory

    with isp_scope(isp):
        group = InvoiceGroupFactory(name="Empresas")
        theirs = PaymentMethodFactory(name="Solo empresas")
        theirs.groups.add(group)
    assert "Solo empresas" not in clerk.get(NEW).content.decode()
    assert "valid choice" in text_of(clerk.post(NEW, form(ana, method=str(theirs.uuid))))
    with isp_scope(isp):
        ana.group = group
        ana.save()
    assert "Solo empresas" in clerk.get(NEW).content.decode()


def test_a_payment_is_taken_back_with_a_reason(isp, clerk, ana):
    clerk.post(NEW, form(ana))
    wrong = clerk.post(f"{PAGE}1/take-back/", {"amount": "801", "kind": "refund", "reason": "x"})
    assert "more than is left" in text_of(wrong)
    assert "required" in text_of(clerk.post(f"{PAGE}1/take-back/", {"amount": "1", "kind": "refund", "reason": ""}))
    page = text_of(
        clerk.post(f"{PAGE}1/take-back/", {"amount": "100", "kind": "refund", "reason": "too much"}, follow=True)
    )
    assert "too much" in page
    assert "$700.00" in page
    clerk.post(f"{PAGE}1/take-back/", {"amount": "700", "kind": "taken_back", "reason": "no money came"})
    assert made(isp)[0].is_taken_back
    assert "not valid any more" in text_of(clerk.get(f"{PAGE}1/receipt/"))
    with isp_scope(isp):
        assert Account.objects.get(subscriber=ana).balance == 800
        assert Invoice.objects.unpaid().count() == 2


def test_what_a_gateway_holds_is_not_taken_back_here(isp, clerk, ana):
    with isp_scope(isp):
        pay(ana, source=Payment.Source.GATEWAY)
    assert "Take it back" not in text_of(clerk.get(f"{PAGE}1/"))
    clerk.post(f"{PAGE}1/take-back/", {"amount": "1", "kind": "refund", "reason": "x"})
    assert made(isp)[0].taken_back == 0


def test_the_list_is_searched_filtered_and_summed(isp, clerk, ana):
    with isp_scope(isp):
        eva = SubscriberFactory(first_name="Eva", last_name="Soto")
        pay(ana, "100", reference="AAA", method=ana.cash)
        pay(eva, "50.50", on=date(2026, 4, 1), source=Payment.Source.BANK)
    clerk.post(NEW, form(ana, amount="7", reference="BBB"))
    user = made(isp)[-1].by_id
    for query, n, total in [
        ("", 3, "$157.50"),
        ("q=soto", 1, "$50.50"),
        ("q=aaa", 1, "$100.00"),
        ("q=2", 1, "$50.50"),
        (f"method={ana.cash.uuid}", 2, "$107.00"),
        ("source=bank", 1, "$50.50"),
        (f"clerk={user}", 1, "$7.00"),
        ("since=2026-03-31&until=2026-04-02", 1, "$50.50"),
        ("q=nobody", 0, "$0.00"),
    ]:
        page = text_of(clerk.get(f"{PAGE}?{query}"))
        assert total in page, query
        assert page.count("Payment method") >= 1
        assert len(re.findall(r"payments/\d+/\"", clerk.get(f"{PAGE}?{query}").content.decode())) == n, query
    assert clerk.get(f"{PAGE}?since=never").status_code == 422


def test_the_list_takes_the_same_queries_for_two_as_for_twenty(isp, clerk, ana, count_queries):
    def queries():
        with count_queries() as counted:
            assert "$" in clerk.get(PAGE).content.decode()
        return len(counted)

    with isp_scope(isp):
        pay(ana, "1")
        pay(ana, "1")
    few = queries()
    with isp_scope(isp):
        for _ in range(18):
            pay(SubscriberFactory(), "1", method=PaymentMethodFactory())
    assert queries() == few


def test_the_search_goes_into_a_file_that_no_spreadsheet_runs(isp, clerk, ana):
    with isp_scope(isp):
        pay(ana, "100.50", reference="=1+1", method=ana.cash)
        pay(SubscriberFactory(last_name="Otro"), "3")
    answer = clerk.get(f"{PAGE}csv/?q=ruiz")
    rows = answer.content.decode("utf-8-sig").splitlines()
    assert len(rows) == 2
    assert "'=1+1" in rows[1]
    assert "100.50" in rows[1]
    assert "Ana Ruiz" in rows[1]
    with isp_scope(isp):
        assert AuditEntry.objects.get(verb="payments.list.exported").details["rows"] == 1


def test_the_tab_of_the_card_shows_them_and_registers(isp, clerk, ana):
    tab = "/wispmega/subscribers/1042/payments/"
    assert "No payment yet" in text_of(clerk.get(tab))
    with isp_scope(isp):
        pay(ana, "120")
    page = clerk.get(tab).content.decode()
    assert "$120.00" in page
    assert "/wispmega/payments/new/?subscriber=1042" in page


@pytest.mark.parametrize(("role", "sees", "books"), [("support", True, False), ("technician", False, False)])
def test_who_sees_and_who_books(isp, ana, role, sees, books):
    client = staff_client(isp, Role(role))
    answer = client.get(PAGE)
    assert ("Payments" in text_of(answer) and answer.status_code == 200) is sees
    client.post(NEW, form(ana))
    assert bool(made(isp)) is books


def test_nobody_pays_for_an_erased_customer(isp, clerk, ana):
    with isp_scope(isp):
        from subscribers.models import Subscriber
        from subscribers.models.subscriber import BLANKED

        Subscriber.objects.filter(pk=ana.pk).update(erased_at=timezone.now(), **dict.fromkeys(BLANKED, ""))
    assert "no such subscriber" in text_of(clerk.post(NEW, form(ana)))
    assert made(isp) == []


def test_the_day_of_the_isp_counts(isp, clerk, ana):
    tomorrow = timezone.localdate() + timedelta(days=2)
    assert "still to come" in text_of(clerk.post(NEW, form(ana, paid_on=tomorrow.isoformat())))


def test_a_closed_desk_takes_nothing_more_and_what_was_typed_stays(isp, clerk, ana):
    clerk.post(NEW, form(ana, amount="100"))
    with isp_scope(isp):
        by = made(isp)[0].by_id
        CashClosing.objects.create(
            clerk_id=by,
            clerk_name="C",
            on=timezone.localdate(timezone=zoneinfo.ZoneInfo(isp.timezone)),
            currency="MXN",
            registered=100,
            counted=100,
        )
    page = clerk.post(NEW, form(ana, amount="5", comment="KEEP ME"))
    assert "desk is closed for today" in text_of(page)
    assert 'value="KEEP ME"' in page.content.decode()
    back = clerk.post(f"{PAGE}1/take-back/", {"amount": "1", "kind": "refund", "reason": "x"}, follow=True)
    assert "desk is closed for today" in text_of(back)
    assert [payment.taken_back for payment in made(isp)] == [0]
