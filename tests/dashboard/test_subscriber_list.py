"""The list of subscribers: what is searched for while one types, filters, columns."""

import re
from datetime import date
from decimal import Decimal

import pytest

from billing.models import LedgerEntry
from billing.services.ledger import book
from company.models import InvoiceGroup
from core.scope import isp_scope
from dashboard import subscriber_list
from dashboard.subscriber_columns import COLUMNS, DEFAULT
from subscribers.models import ListSettings, Router, Subscriber
from tenants.roles import Role
from tests.dashboard.test_subscribers import LIST, numbers_in, staff_client, text_of
from tests.factories.subscribers import PortalUserFactory, ServiceFactory, SubscriberFactory, TariffFactory, ZoneFactory

HTMX = {"HX-Request": "true"}


@pytest.fixture
def clerk(isp):
    return staff_client(isp, Role.SUPPORT)


def owes(subscriber, amount):
    book(
        by=None, subscriber=subscriber, kind=LedgerEntry.Kind.CARRIED_OVER, amount=Decimal(amount), on=date(2026, 1, 1)
    )


@pytest.fixture
def people(isp):
    """11 owes 500, 12 owes 90.50, 13 has 20 in favour, 14 is even after a payment, 15 has no account."""
    with isp_scope(isp):
        group = InvoiceGroup.objects.create(name="Business")
        router = Router.objects.create(name="Tower 1")
        ana = SubscriberFactory(number=11, last_name="Álvarez", business_name="Panadería Sol", group=group)
        ServiceFactory(subscriber=ana, number=900, router=router, ip_address="10.0.0.9", address="Av. Reforma 77")
        owes(ana, "500")
        eva = SubscriberFactory(number=12, last_name="Benítez", zone=ZoneFactory(name="Norte"))
        ServiceFactory(subscriber=eva, tariff=TariffFactory(name="Pro"), state="suspended")
        PortalUserFactory(subscriber=eva)
        owes(eva, "90.50")
        owes(SubscriberFactory(number=13, last_name="Cruz"), "-20")
        even = SubscriberFactory(number=14, last_name="Díaz")
        owes(even, "10")
        owes(even, "-10")
        SubscriberFactory(number=15, last_name="Estrada")
        return {"group": group.uuid, "router": router.uuid}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("debt=owing", [11, 12]),
        ("debt=favour", [13]),
        ("debt=settled", [14, 15]),
        ("debt_from=90.50", [11, 12]),
        ("debt_from=90.51", [11]),
        ("debt_to=90.50", [12]),
        ("debt_from=100&debt_to=499.99", []),
        ("debt=owing&state=suspended", [12]),
        ("login=none", [11, 13, 14, 15]),
        ("login=some", [12]),
        ("group={group}", [11]),
        ("router={router}", [11]),
        ("router={router}&state=suspended", []),
        ("state=none", [13, 14, 15]),
        ("state=none&router={router}", []),
        ("q=panaderia", [11]),
        ("q=reforma", [11]),
        ("q=900", [11]),
        # Those without an account come behind all others, whichever way round.
        ("sort=balance", [13, 14, 12, 11, 15]),
        ("sort=-balance", [11, 12, 14, 13, 15]),
        ("sort=-since", [15, 14, 13, 12, 11]),
        ("sort=email", [11, 12, 13, 14, 15]),
    ],
)
def test_filters_and_orders(clerk, people, query, found):
    answer = clerk.get(f"{LIST}?{query.format_map(people)}")
    assert numbers_in(answer) == found
    assert answer.status_code == 200


def test_pages_by_balance_go_on_with_those_who_have_no_account(isp, clerk, people, monkeypatch):
    monkeypatch.setattr(subscriber_list, "PER_PAGE", 2)
    seen = [numbers_in(clerk.get(f"{LIST}?sort=balance&page={page}")) for page in (1, 2, 3)]
    assert seen == [[13, 14], [12, 11], [15]]


@pytest.mark.parametrize("text", ["maria", "ma", "calle"])
def test_a_text_that_fits_very_many_is_looked_for_row_by_row_and_finds_the_same(isp, clerk, people, monkeypatch, text):
    usual = clerk.get(f"{LIST}?q={text}")
    monkeypatch.setattr(subscriber_list, "COUNTED", 2)
    many = clerk.get(f"{LIST}?q={text}")
    assert numbers_in(many) == numbers_in(usual) == [11, 12, 13, 14, 15]
    monkeypatch.setattr(subscriber_list, "PER_PAGE", 2)
    first = clerk.get(f"{LIST}?q={text}")
    assert numbers_in(first) == [11, 12]
    assert "very many subscribers" in text_of(first)
    # Beyond the first pages all hits are collected.
    monkeypatch.setattr(subscriber_list, "WALKED", 1)
    assert numbers_in(clerk.get(f"{LIST}?q={text}&page=2")) == [13, 14]


def test_what_changes_while_one_types_comes_alone_and_the_address_follows(clerk, people):
    answer = clerk.get(f"{LIST}?q=benitez&state=&sort=name", headers=HTMX)
    page = answer.text
    assert numbers_in(answer) == [12]
    assert "<html" not in page
    assert re.search(r'id="hits-said" hx-swap-oob="innerHTML">\s*1 subscriber\s*<', page)
    assert answer["HX-Push-Url"] == f"{LIST}?q=benitez"
    cleared = clerk.get(f"{LIST}?q=&state=&sort=name", headers=HTMX)
    assert cleared["HX-Push-Url"] == f"{LIST}?all=1"
    back = clerk.get(f"{LIST}?q=benitez", headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert "<html" in back.text


def test_a_value_that_makes_no_sense_is_an_empty_part_and_not_an_error_that_htmx_would_drop(clerk, people):
    answer = clerk.get(f"{LIST}?state=x", headers=HTMX)
    assert answer.status_code == 200
    assert numbers_in(answer) == []


def test_filters_in_use_are_shown_in_words_each_with_a_way_out(clerk, people):
    page = clerk.get(f"{LIST}?state=suspended&q=benitez&debt_from=90.5&sort=-number").text
    chips = dict(re.findall(r'<a class="badge chip" href="([^"]+)"[^>]*>([^<]+)', page))
    assert {words.strip() for words in chips.values()} == {
        "State: suspended",
        "Search: benitez",
        "Debt from: 90.5",
    }
    rest = next(link for link, words in chips.items() if "State" in words).replace("&amp;", "&")
    assert rest == f"{LIST}?q=benitez&debt_from=90.5&sort=-number"


class TestColumns:
    def headings(self, answer):
        head = answer.text.partition("<thead>")[2].partition("</thead>")[0]
        cells = re.findall(r'(?s)<th(?! scope="col" class="tick).*?</th>', head)
        return [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in cells]

    def test_they_are_remembered_for_one_person_at_one_isp(self, isp, clerk, people):
        before = self.headings(clerk.get(LIST))
        assert before == [str(COLUMNS[name].title) for name in DEFAULT]
        answer = clerk.post(f"{LIST}columns/", {"column": ["ip", "email", "nonsense"], "query": "state=active"})
        assert answer["Location"] == f"{LIST}?state=active"
        assert self.headings(clerk.get(LIST)) == ["Name", "E-mail", "IP address"]
        assert "10.0.0.9" in text_of(clerk.get(LIST))
        colleague = staff_client(isp, Role.SUPPORT)
        assert self.headings(colleague.get(LIST)) == before

    def test_choosing_none_brings_the_usual_ones_back(self, clerk, people):
        clerk.post(f"{LIST}columns/", {"column": ["ip"]})
        clerk.post(f"{LIST}columns/", {})
        assert self.headings(clerk.get(LIST)) == [str(COLUMNS[name].title) for name in DEFAULT]

    @pytest.mark.parametrize("kept", [{}, {"a": 1}, ["gone"], "text", None, [["name"]], [None]])
    def test_what_an_older_release_kept_breaks_nothing(self, isp, clerk, people, kept):
        clerk.post(f"{LIST}columns/", {"column": ["ip"]})
        with isp_scope(isp):
            ListSettings.objects.update(columns=kept if kept is not None else [])
        assert len(self.headings(clerk.get(LIST))) == len(DEFAULT)

    def test_all_of_them_show_what_they_should(self, clerk, people):
        clerk.post(f"{LIST}columns/", {"column": list(COLUMNS)})
        text = text_of(clerk.get(f"{LIST}?q=alvarez"))
        for words in ["Panadería Sol", "Av. Reforma 77", "10.0.0.9", "Tower 1", "MX$500.00", "Business", "Hogar 100"]:
            assert words in text


@pytest.mark.parametrize("query", ["all=1", "q=maria", "debt=owing&sort=-balance", "state=active", "q=ma&zone={zone}"])
def test_the_number_of_queries_is_fixed_with_all_columns(isp, clerk, count_queries, query):
    with isp_scope(isp):
        zone = ZoneFactory(name="Centro")
        one = SubscriberFactory(number=99, zone=zone)
        ServiceFactory(subscriber=one)
        owes(one, "5")
    clerk.post(f"{LIST}columns/", {"column": list(COLUMNS)})
    path = f"{LIST}?{query.format(zone=zone.uuid)}"
    clerk.get(path)
    with count_queries() as few:
        assert numbers_in(clerk.get(path)) == [99]
    with isp_scope(isp):
        router = Router.objects.create(name="R")
        group = InvoiceGroup.objects.create(name="G")
        for number in range(100, 130):
            subscriber = SubscriberFactory(number=number, group=group, zone=zone)
            ServiceFactory.create_batch(
                2, subscriber=subscriber, tariff=TariffFactory(name=f"T{number}"), router=router
            )
            owes(subscriber, number)
    with count_queries() as many:
        assert len(numbers_in(clerk.get(path))) == 25
    # By balance, a page that is not full is filled up with those who have no account: two more.
    assert len(many) <= len(few) <= 16


def test_the_other_isp_is_not_in_it(isp, other_isp, clerk, people):
    with isp_scope(other_isp):
        zone = ZoneFactory(name="Andes")
        SubscriberFactory(number=77, last_name="Foráneo", zone=zone)
    assert numbers_in(clerk.get(f"{LIST}?q=foraneo")) == []
    assert clerk.get(f"{LIST}?zone={zone.uuid}").status_code == 422
    with isp_scope(isp):
        assert Subscriber.objects.count() == 5
