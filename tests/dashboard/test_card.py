"""The client card: its frame, the tabs that only show, notes, and deleting."""

from datetime import date
from decimal import Decimal

import pytest

from billing.models import LedgerEntry
from billing.services.ledger import book
from core.models import AuditEntry
from core.scope import isp_scope
from dashboard.card import TABS
from preinstall.models import Installation
from preinstall.services.requests import change_state
from subscribers.models import Note, Service, Subscriber
from subscribers.services.connections import change_service_state
from subscribers.services.customers import change_subscriber
from tenants.roles import Role, has_right
from tests.dashboard.card_pages import text_of
from tests.dashboard.test_subscribers import staff_client, verbs
from tests.factories.preinstall import InstallRequestFactory
from tests.factories.staff import make_member
from tests.factories.subscribers import (
    InvoiceGroupFactory,
    NoteFactory,
    PortalUserFactory,
    ServiceFactory,
    SubscriberDocumentFactory,
    SubscriberFactory,
    TariffFactory,
)

CARD = "/wispmega/subscribers/11/"


def owe(subscriber, amount, on=date(2026, 1, 31), text="from before"):
    kind = LedgerEntry.Kind.CARRIED_OVER
    return book(by=None, subscriber=subscriber, kind=kind, amount=Decimal(amount), on=on, text=text)


@pytest.fixture
def clerk(isp):
    return staff_client(isp, Role.SUPPORT)


@pytest.fixture
def ana(isp):
    with isp_scope(isp):
        return SubscriberFactory(
            number=11,
            first_name="Ana",
            last_name="Ruiz",
            mobile="+525511112222",
            second_mobile="",
            email="ana@b.mx",
            id_number="RUIA850101",
        )


class TestFrame:
    def test_it_names_states_debt_and_ways_to_reach_the_customer(self, isp, clerk, ana):
        with isp_scope(isp):
            ServiceFactory.create_batch(2, subscriber=ana)
            ServiceFactory(subscriber=ana, state="suspended")
            owe(ana, "350.5")
        answer = clerk.get(CARD)
        text, page = text_of(answer), answer.content.decode()
        assert "2 × active suspended owes MX$350.50" in text
        for link in ("tel:+525511112222", "https://wa.me/525511112222", "mailto:ana@b.mx", f"{CARD}services/new/"):
            assert f'href="{link}"' in page
        assert f'href="{CARD}edit/"' in page

    def test_credit_is_no_debt(self, isp, clerk, ana):
        with isp_scope(isp):
            owe(ana, "-20")
        text = text_of(clerk.get(CARD))
        assert "in credit MX$20.00" in text
        assert "owes" not in text

    @pytest.mark.parametrize("role", Role)
    def test_each_role_has_the_tabs_of_its_rights(self, isp, ana, role):
        client = staff_client(isp, role)
        page = client.get(CARD).content.decode()
        for tab in TABS:
            may = has_right(role, tab.right)
            assert (f'href="{CARD}{tab.path}"' in page) == may
            answer = client.get(f"{CARD}{tab.path}")
            assert ("Ana Ruiz" in answer.content.decode()) == may
            assert answer.status_code == (200 if may else 403)
            if may:
                assert f'class="nav-link active" href="{CARD}{tab.path}" aria-current="page"' in answer.content.decode()

    def test_those_who_only_look_are_offered_nothing_to_change(self, isp, ana):
        with isp_scope(isp):
            ServiceFactory(subscriber=ana, number=501)
        client = staff_client(isp, Role.READ_ONLY)
        for path in ("", "services/", "services/501/", "notes/"):
            page = client.get(f"{CARD}{path}").content.decode()
            assert "Ana Ruiz" in page
            for offered in ("edit/", "services/new/", "notes/add/", "/state/", "/change/"):
                assert offered not in page

    @pytest.mark.parametrize("tab", TABS, ids=[tab.name for tab in TABS])
    def test_a_tab_costs_the_same_with_one_row_and_with_twenty(self, isp, ana, tab, count_queries):
        client = staff_client(isp, Role.OWNER)
        user = make_member(isp)

        def grow(n):
            for i in range(n):
                service = ServiceFactory(subscriber=ana, tariff=TariffFactory(name=f"T{n}-{i}"))
                change_service_state(by=user, service=service, to="suspended", reason="x")
                PortalUserFactory(subscriber=ana)
                NoteFactory(subscriber=ana, is_pinned=True)
                SubscriberDocumentFactory(subscriber=ana)
                InstallRequestFactory(mobile=ana.mobile)
                owe(ana, "1")

        with isp_scope(isp):
            grow(1)
        client.get(f"{CARD}{tab.path}")
        with count_queries() as few:
            client.get(f"{CARD}{tab.path}")
        with isp_scope(isp):
            grow(19)
        with count_queries() as many:
            answer = client.get(f"{CARD}{tab.path}")
        assert "Ana Ruiz" in answer.content.decode()
        assert len(many) == len(few) <= 14

    def test_an_empty_card_says_what_to_do_everywhere(self, isp, ana):
        client = staff_client(isp, Role.OWNER)
        hints = {
            "": "Add what this customer gets",
            "services/": "Add what this customer gets",
            "account/": "What this customer owes and pays appears here.",
            "suspension/": "Each suspension is written down here",
            "logins/": "cannot sign in to the portal",
            "requests/": "A request with the same phone",
            "documents/": "Keep the signed contract",
            "messages/": "Mails about visits",
            "notes/": "What a colleague should know",
            "personal-data/": "Write what you ask subscribers for",
            "history/": "Every change of this card",
        }
        assert set(hints) == {tab.path for tab in TABS}
        for path, hint in hints.items():
            assert hint in text_of(client.get(f"{CARD}{path}"))


def test_the_overview_shows_fiscal_data_and_the_group(isp, clerk, ana):
    with isp_scope(isp):
        InvoiceGroupFactory(name="Everybody", is_default=True)
        Subscriber.objects.filter(pk=ana.pk).update(
            kind="company", business_name="Ruiz SA", tax_id="GODE561231GR8", billing_email="f@b.mx"
        )
    text = text_of(clerk.get(CARD))
    assert "Ruiz SA RFC GODE561231GR8" in text
    assert "Invoice group Everybody (the default one)" in text
    with isp_scope(isp):
        Subscriber.objects.filter(pk=ana.pk).update(group=InvoiceGroupFactory(name="Business"))
    text = text_of(clerk.get(CARD))
    assert "Invoice group Business" in text
    assert "Everybody" not in text


def test_pinned_notes_are_on_the_overview_and_others_are_not(isp, clerk, ana):
    with isp_scope(isp):
        NoteFactory(subscriber=ana, text="Beware of the dog", is_pinned=True)
        NoteFactory(subscriber=ana, text="Likes coffee")
        NoteFactory(text="Of somebody else", is_pinned=True)
    text = text_of(clerk.get(CARD))
    assert "Beware of the dog" in text
    assert "Likes coffee" not in text
    assert "Of somebody else" not in text


def test_the_account_shows_each_entry_with_the_balance_after_it(isp, clerk, ana):
    with isp_scope(isp):
        owe(ana, "100", date(2026, 1, 1), "January")
        owe(ana, "-30", date(2026, 2, 1), "Paid")
        owe(ana, "50", date(2026, 1, 15), "Late booking")
        owe(SubscriberFactory(number=12), "999")
    text = text_of(clerk.get(f"{CARD}account/"))
    assert "Balance: MX$120.00" in text
    rows = [text.index(f"{what} {amounts}") for what, amounts in [
        ("Paid", "-MX$30.00 MX$120.00"), ("Late booking", "MX$50.00 MX$150.00"), ("January", "MX$100.00 MX$100.00"),
    ]]  # fmt: skip
    assert rows == sorted(rows)
    assert "999" not in text


def test_install_requests_that_look_alike_are_shown_with_what_they_share(isp, clerk, ana):
    with isp_scope(isp):
        InstallRequestFactory(number=1, mobile="+525511112222", email="other@x.mx", id_number="")
        InstallRequestFactory(number=2, second_mobile="+525511112222", email="ANA@b.mx", id_number="ruia-850101")
        InstallRequestFactory(number=3, mobile="+525599999999")
        change_state(
            request=InstallRequestFactory(number=4, id_number="RUIA 850101"), to="rejected", by=make_member(isp)
        )
    text = text_of(clerk.get(f"{CARD}requests/"))
    assert "R-000001" in text
    assert "e-mail, phone, ID number" in text
    assert "R-000003" not in text
    assert "R-000004" in text
    assert "rejected" in text


def test_the_request_that_became_the_customer_and_its_visit_are_shown(isp, clerk, ana):
    with isp_scope(isp):
        InstallRequestFactory(number=5, subscriber=ana, mobile="+525500000000")
        service = ServiceFactory(subscriber=ana, number=501)
        Installation.objects.create(number=9, service=service, on=date(2026, 3, 1), technician_name="Tito")
        Installation.objects.create(number=10, service=ServiceFactory(), on=date(2026, 3, 1))
    text = text_of(clerk.get(f"{CARD}requests/"))
    assert "R-000005" in text
    assert "this customer" in text
    assert "I-000009 03/01/2026 planned Tito 501" in text
    assert "I-000010" not in text
    with isp_scope(isp):
        Service.objects.filter(pk=service.pk).update(state="pending")
    page = clerk.get(f"{CARD}services/501/").content.decode()
    assert 'href="/wispmega/installations/plan/501/"' in page


class TestHistory:
    def test_it_tells_of_the_subscriber_and_of_what_belongs_to_them_with_before_and_after(self, isp, clerk, ana):
        user = make_member(isp, Role.ADMIN, name="Adam Admin")
        with isp_scope(isp):
            other = SubscriberFactory(number=12, city="Elsewhere")
            change_subscriber(by=user, subscriber=ana, version=1, city="Toluca", mobile="+525533334444", kind="company")
            change_subscriber(by=user, subscriber=other, version=1, city="Far away")
            service = ServiceFactory(subscriber=ana, number=501)
            change_service_state(by=user, service=service, to="suspended", reason="two months unpaid")
            owe(ana, "350")
        answer = clerk.get(f"{CARD}history/")
        text = text_of(answer)
        assert "Adam Admin Changed a subscriber's card 11" in text
        assert "City: before: Puebla → after: Toluca" in text
        assert "Mobile: before: +52 55 1111 2222 → after: +52 55 3333 4444" in text
        assert "Kind: before: person → after: company" in text
        assert "Changed the state of a service 501 · active → suspended · two months unpaid" in text
        assert "Booked an amount to a subscriber carried over · 350" in text
        assert "Far away" not in text
        assert text.index("Booked an amount") < text.index("Changed the state") < text.index("Changed a subscriber's")

    def test_the_activity_log_tells_the_same(self, isp, ana):
        with isp_scope(isp):
            change_subscriber(by=make_member(isp), subscriber=ana, version=1, city="Toluca")
        text = text_of(staff_client(isp, Role.OWNER).get("/wispmega/audit/"))
        assert "city: Puebla → Toluca" in text

    def test_markup_in_what_was_typed_is_text(self, isp, clerk, ana):
        with isp_scope(isp):
            change_subscriber(by=make_member(isp), subscriber=ana, version=1, city="<b>x</b>")
        page = clerk.get(f"{CARD}history/").content.decode()
        assert "&lt;b&gt;x" in page
        assert "<b>x" not in page


class TestNotes:
    def test_one_is_written_put_on_top_taken_off_and_removed(self, isp, clerk, ana):
        answer = clerk.post(f"{CARD}notes/add/", {"text": "Beware of the dog"}, follow=True)
        assert "The note was added." in text_of(answer)
        with isp_scope(isp):
            note = Note.objects.get()
            assert (note.subscriber, note.text, note.is_pinned) == (ana, "Beware of the dog", False)
            assert note.by_name.partition(" <")[0] in text_of(answer)
            assert "<person" not in text_of(answer)
        clerk.post(f"{CARD}notes/{note.uuid}/pin/", {"is_pinned": "1"})
        assert "Beware of the dog" in text_of(clerk.get(CARD))
        clerk.post(f"{CARD}notes/{note.uuid}/pin/", {"is_pinned": "1"})
        clerk.post(f"{CARD}notes/{note.uuid}/pin/", {"is_pinned": "0"})
        assert "Beware of the dog" not in text_of(clerk.get(CARD))
        clerk.post(f"{CARD}notes/{note.uuid}/remove/")
        assert "No notes yet" in text_of(clerk.get(f"{CARD}notes/"))
        assert verbs(isp) == [f"subscribers.note.{act}" for act in ("added", "pinned", "unpinned", "removed")]
        assert text_of(clerk.get(f"{CARD}history/")).count("Beware of the dog") == 4

    def test_a_note_without_text_is_refused_and_keeps_its_mark(self, isp, clerk, ana):
        answer = clerk.post(f"{CARD}notes/add/", {"text": " ", "is_pinned": "on"})
        assert answer.status_code == 422
        assert "This field is required." in text_of(answer)
        assert "checked" in answer.content.decode()
        with isp_scope(isp):
            assert not Note.objects.exists()

    def test_a_note_is_found_only_on_its_own_card(self, isp, clerk, ana):
        with isp_scope(isp):
            note = NoteFactory(subscriber=SubscriberFactory(number=12))
        for act in ("pin", "remove"):
            assert clerk.post(f"{CARD}notes/{note.uuid}/{act}/", {"is_pinned": "1"}).status_code == 404
        with isp_scope(isp):
            note.refresh_from_db()
            assert not note.is_pinned


class TestDeleting:
    def test_a_card_without_anything_is_deleted_after_a_question(self, isp, clerk, ana):
        page = clerk.get(f"{CARD}delete/")
        assert "This cannot be undone." in text_of(page)
        answer = clerk.post(f"{CARD}delete/", follow=True)
        assert "Ana Ruiz was deleted." in text_of(answer)
        with isp_scope(isp):
            assert not Subscriber.objects.exists()

    def test_one_with_history_is_refused_and_where_it_is_used_is_said(self, isp, clerk, ana):
        with isp_scope(isp):
            ServiceFactory.create_batch(2, subscriber=ana)
            owe(ana, "1")
        for answer in (clerk.get(f"{CARD}delete/"), clerk.post(f"{CARD}delete/")):
            text = text_of(answer)
            assert "This subscriber cannot be deleted" in text
            assert "2 services" in text
            assert "1 ledger entry" in text
            assert f'href="{CARD}services/"' in answer.content.decode()
        assert answer.status_code == 409
        with isp_scope(isp):
            assert Subscriber.objects.filter(pk=ana.pk).exists()
            assert not AuditEntry.objects.filter(verb="subscribers.subscriber.deleted").exists()
