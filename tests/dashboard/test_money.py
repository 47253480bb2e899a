"""The money dashboard: each figure, where it leads, and that its cost does not grow with what there is."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from billing.models import Account
from billing.services import invoices, ledger
from company.models import InvoiceGroup
from core.scope import isp_scope
from payments.models import Payment
from payments.services import payments
from subscribers.models import Zone
from tests.factories.company import PaymentMethodFactory
from tests.factories.subscribers import SubscriberFactory

TODAY = date(2026, 3, 20)
PAGE = "/wispmega/money/"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(datetime(2026, 3, 20, 18, tzinfo=UTC), tick=False):
        yield


def bill(person, amount, *, due, on=None):
    lines = [invoices.Line(text="Internet", unit_price=Decimal(amount))]
    on = on or min(due, TODAY)
    return invoices.issue_invoice(by=None, subscriber=person, lines=lines, on=on, due_on=due, currency="MXN")


def pay(person, amount, *, on=TODAY, method=None):
    return payments.register_payment(
        by=None,
        subscriber=person,
        amount=Decimal(amount),
        currency="MXN",
        on=on,
        source=Payment.Source.BANK,
        method=method,
    )


@pytest.fixture
def books(isp):
    """Debts of each age in two zones and a group, payments by two methods in two months, a credit."""
    with isp_scope(isp):
        north, south = Zone.objects.create(name="North"), Zone.objects.create(name="South")
        group = InvoiceGroup.objects.create(name="Fibra Plus")
        ana, beto = SubscriberFactory(zone=north, group=group), SubscriberFactory(zone=south, group=None)
        rica = SubscriberFactory(zone=None, group=None)
        for days, amount in ((-5, "10"), (1, "20"), (30, "40"), (31, "80"), (60, "160"), (61, "320"), (91, "640")):
            bill(ana, amount, due=TODAY - timedelta(days=days))
        bill(beto, "1000", due=TODAY - timedelta(days=90))
        bank, cash = PaymentMethodFactory(name="Bank"), PaymentMethodFactory(name="Cash")
        pay(rica, "55", method=bank)
        pay(rica, "45", method=cash, on=date(2026, 2, 28))
        back = pay(rica, "500", method=cash)
        payments.take_back_payment(by=None, payment=back, kind="taken_back", on=TODAY, reason="typed wrong")
        return {"north": north, "south": south, "group": group, "bank": bank, "cash": cash}


def figure(page, name):
    return re.search(rf'id="{name}"[^>]*>([^<]+)<', page.text).group(1)


def chart(page, name):
    """Title, amount, count and address of each row of a chart."""
    part = page.text.partition(f'id="{name}"')[2].partition("</section>")[0].partition("<tbody>")[2]
    rows = re.findall(r"<tr>.*?</tr>", part.partition("</tbody>")[0], re.S)
    found = []
    for row in rows:
        link = re.search(r'href="([^"]+)"', row)
        texts = [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
        found.append((*texts[:3], link[1].replace("&amp;", "&") if link else ""))
    return found


def test_what_is_owed_and_what_came_in(books, owner, signed_in):
    page = signed_in(owner).get(PAGE)
    assert figure(page, "owed") == "MX$2,270.00"
    assert figure(page, "overdue") == "MX$2,260.00"
    assert figure(page, "collected") == "MX$55.00"
    assert figure(page, "favour") == "MX$100.00"


def test_debts_by_age_lead_to_those_who_owe_them(books, owner, signed_in):
    client = signed_in(owner)
    rows = chart(client.get(PAGE), "age")
    assert [row[:3] for row in rows] == [
        ("not due yet", "MX$10.00", "1 subscriber"),
        ("1 to 30 days", "MX$60.00", "1 subscriber"),
        ("31 to 60 days", "MX$240.00", "1 subscriber"),
        ("61 to 90 days", "MX$1,320.00", "2 subscribers"),
        ("more than 90 days", "MX$640.00", "1 subscriber"),
    ]
    for row in rows:
        text = client.get(row[3]).text
        assert text.count("data-row ") == int(row[2].split()[0]), row


def test_debts_by_zone_and_group_lead_to_their_lists(books, owner, signed_in):
    client = signed_in(owner)
    page = client.get(PAGE)
    zones = chart(page, "owed-zone")
    assert [row[:3] for row in zones] == [
        ("North", "MX$1,270.00", "1 subscriber"),
        ("South", "MX$1,000.00", "1 subscriber"),
    ]
    assert client.get(zones[0][3]).text.count("data-row ") == 1
    groups = chart(page, "owed-group")
    assert [row[:2] for row in groups] == [("Fibra Plus", "MX$1,270.00"), ("without a group", "MX$1,000.00")]
    # Also those that have none lead to their list, which says so.
    listed = client.get(groups[1][3]).text
    assert (listed.count("data-row "), "without a group" in listed) == (1, True)


def test_what_came_in_by_method_of_this_month_and_of_the_last(books, owner, signed_in):
    client = signed_in(owner)
    page = client.get(PAGE)
    assert [row[:3] for row in chart(page, "collected-method")] == [("Bank", "MX$55.00", "1 payment")]
    (row,) = chart(page, "collected-method")
    assert row[3] == f"/wispmega/money/collected/?since=2026-03-01&until=2026-03-31&method={books['bank'].uuid}"
    february = client.get(f"{PAGE}?month=2026-02")
    assert [row[:2] for row in chart(february, "collected-method")] == [("Cash", "MX$45.00")]
    assert [row[:2] for row in chart(february, "collected-zone")] == [("without a zone", "MX$45.00")]


def test_the_year_in_a_table(books, owner, signed_in):
    text = signed_in(owner).get(PAGE).text
    table = text.partition("As a table")[2].partition("</table>")[0]
    rows = [re.sub(r"<[^>]+>", " ", row).split() for row in re.findall(r"<tr>(.*?)</tr>", table, re.S)[1:]]
    assert len(rows) == 12
    assert rows[-2][:2] == ["February", "2026"]
    assert rows[-2][-1] == "MX$45.00"
    assert rows[-1] == ["March", "2026", "MX$30.00", "MX$55.00"]


@pytest.mark.parametrize("month", ["", "2026-13", "x", "9999-01", "0001-01", "2026-03-01"])
def test_a_month_that_is_none_is_this_one(month, books, owner, signed_in):
    page = signed_in(owner).get(f"{PAGE}?month={month}")
    assert "Collected in March 2026" in page.text


def test_with_nothing_yet_it_says_what_will_be_here(isp, owner, signed_in):
    page = signed_in(owner).get(PAGE)
    assert "No money has moved yet" in page.text
    assert figure(page, "owed") == "MX$0.00"


def test_a_carried_over_debt_counts_without_an_invoice(isp, owner, signed_in):
    with isp_scope(isp):
        ledger.carry_over(by=None, balances={SubscriberFactory(): Decimal(75)}, on=TODAY - timedelta(days=40))
    assert chart(signed_in(owner).get(PAGE), "age")[2][:2] == ("31 to 60 days", "MX$75.00")


def test_many_zones_end_in_one_row(isp, owner, signed_in):
    with isp_scope(isp):
        for n in range(14):
            person = SubscriberFactory(zone=Zone.objects.create(name=f"Zone {n:02d}"))
            ledger.carry_over(by=None, balances={person: Decimal(100 - n)}, on=TODAY)
    rows = chart(signed_in(owner).get(PAGE), "owed-zone")
    assert [row[0] for row in rows] == [*(f"Zone {n:02d}" for n in range(10)), "others"]
    assert rows[-1][1:] == ("MX$354.00", "4 subscribers", "")


def test_it_takes_the_same_queries_for_few_and_many(books, isp, owner, signed_in, count_queries):
    client = signed_in(owner)
    client.get(PAGE)
    with count_queries() as few:
        client.get(PAGE)
    with isp_scope(isp):
        for n in range(20):
            person = SubscriberFactory(zone=Zone.objects.create(name=f"More {n}"))
            bill(person, "10", due=TODAY - timedelta(days=n * 7))
            pay(SubscriberFactory(), "5", method=PaymentMethodFactory())
        assert Account.objects.count() == 43
    with count_queries() as many:
        client.get(PAGE)
    assert len(few) == len(many)


def test_overdue_is_a_filter_of_the_list_that_says_itself(books, owner, signed_in):
    text = signed_in(owner).get("/wispmega/subscribers/?overdue=overdue").text
    assert text.count("data-row ") == 2
    assert "Overdue" in text


def test_every_bar_of_what_came_in_leads_to_payments_of_the_same_sum(books, isp, owner, signed_in):
    with isp_scope(isp):
        part = pay(SubscriberFactory(zone=books["north"], group=books["group"]), "300", method=books["cash"])
        payments.take_back_payment(
            by=None, payment=part, kind="refund", on=TODAY, reason="half of it", amount=Decimal(100)
        )
        pay(SubscriberFactory(zone=books["south"]), "7")
    client = signed_in(owner)
    page = client.get(PAGE)
    rows = [row for name in ("method", "zone", "group") for row in chart(page, f"collected-{name}")]
    assert {row[0] for row in rows} >= {"Bank", "Cash", "without a method", "North", "without a zone", "Fibra Plus"}
    for title, amount, count, path in rows:
        listed = client.get(path).text
        assert f'<strong class="number">{amount}</strong>' in listed, title
        assert listed.partition("<tbody>")[2].count("<tr") == int(count.split()[0]), title


@pytest.mark.parametrize("query", ["since=yesterday", "method=x", "zone=00000000-0000-0000-0000-000000000000"])
def test_a_search_of_payments_that_is_not_understood_says_so(query, books, owner, signed_in):
    page = signed_in(owner).get(f"/wispmega/money/collected/?{query}")
    assert page.status_code == 422
    assert f'id="id_{query.partition("=")[0]}_error"' in page.text
    assert "Nothing here for this search" in page.text


def test_the_list_of_payments_takes_the_same_queries_for_few_and_many(isp, owner, signed_in, count_queries):
    client = signed_in(owner)
    with isp_scope(isp):
        pay(SubscriberFactory(), "5")
    client.get("/wispmega/money/collected/")
    with count_queries() as few:
        client.get("/wispmega/money/collected/")
    with isp_scope(isp):
        for _ in range(20):
            pay(SubscriberFactory(), "5", method=PaymentMethodFactory())
    with count_queries() as many:
        page = client.get("/wispmega/money/collected/")
    assert "MX$105.00" in page.text
    assert len(few) == len(many)
