"""Erasing a customer: what stands against it, the page, and what comes after."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from billing.models import LedgerEntry
from billing.services.ledger import book
from core import personal
from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from messaging.models import Message
from messaging.tasks import deliver_message
from preinstall.models import InstallRequest
from subscribers.models import Consent, Erased, Note, PersonalRequest, PortalUser, Service, Subscriber
from subscribers.services import connections, consents, customers, documents, erasures, logins, notes
from tenants.directory import reference
from tenants.models import ISP
from tenants.roles import Role
from tests.dashboard.card_pages import text_of
from tests.dashboard.test_subscribers import staff_client
from tests.factories.files import upload
from tests.factories.preinstall import InstallRequestFactory
from tests.factories.staff import make_member
from tests.factories.subscribers import (
    PASSWORD,
    NoteFactory,
    PortalUserFactory,
    ServiceFactory,
    SubscriberFactory,
    TariffFactory,
)

PAGE = "/wispmega/subscribers/11/personal-data/erase/"
YES = {"number": "11", "is_meant": "on"}


@pytest.fixture
def ana(isp):
    with isp_scope(isp):
        person = SubscriberFactory(number=11, first_name="Ana", last_name="Ruiz", email="ana@example.com")
        ServiceFactory(subscriber=person, number=71, state="ended", address="Calle Secreta 9")
        PortalUserFactory(subscriber=person, username="ana.ruiz")
        NoteFactory(subscriber=person, text="Allergic to cats")
        return person


@pytest.fixture
def owner(isp):
    return make_member(isp, Role.OWNER, name="Olga Owner", email="olga@wispmega.example")


@pytest.fixture
def ref(isp):
    with public_scope():
        return reference(ISP.objects.with_state().get(pk=isp.pk))


def erase(isp, ref, owner, person, **more):
    with isp_scope(isp):
        return erasures.erase(by=owner, isp=ref, subscriber=person, at=timezone.now(), **more)


class TestObstacles:
    def test_a_service_that_lasts_a_debt_credit_and_an_open_request_are_named(self, isp, ref, owner, ana):
        with isp_scope(isp):
            Service.objects.filter(number=71).update(state="suspended")
            entry = {"by": owner, "subscriber": ana, "kind": LedgerEntry.Kind.CORRECTION, "on": timezone.localdate()}
            book(amount=Decimal("10.00"), **entry)
            InstallRequestFactory(subscriber=ana, number=5)
        with pytest.raises(erasures.CannotErase) as refused:
            erase(isp, ref, owner, ana)
        said = " ".join(map(str, refused.value.why))
        assert "Service 71 has not ended" in said
        assert "a debt" in said
        assert "R-000005 waits" in said
        with isp_scope(isp):
            book(amount=Decimal("-20.00"), **entry)
            survey = erasures.survey(subscriber=ana)
        assert any("credit" in str(why) for why in survey.obstacles)
        with isp_scope(isp):
            assert Subscriber.objects.get(number=11).first_name == "Ana"

    def test_the_page_says_so_and_offers_no_button(self, isp, ana):
        with isp_scope(isp):
            Service.objects.filter(number=71).update(state="active")
        client = staff_client(isp, Role.OWNER)
        page = client.get(PAGE)
        assert "Service 71 has not ended" in text_of(page)
        assert "Erase for good" not in text_of(page)
        answer = client.post(PAGE, YES)
        assert answer.status_code == 409
        with isp_scope(isp):
            assert Subscriber.objects.get(number=11).erased_at is None


class TestPage:
    def test_it_shows_before_anything_happens_what_goes_what_is_emptied_and_what_stays_and_why(self, isp, owner, ana):
        with isp_scope(isp):
            said = {"by": owner, "subscriber": ana, "kind": LedgerEntry.Kind.CORRECTION, "on": timezone.localdate()}
            book(amount=Decimal("10.00"), **said)
            book(amount=Decimal("-10.00"), **said)
        words = text_of(staff_client(isp, Role.OWNER).get(PAGE))
        deleted, rest = words.split("What is emptied")
        emptied, kept = rest.split("What is kept, and why")
        assert "Notes 1" in deleted
        assert "Logins 1" in deleted
        assert "Customer 1" in emptied
        assert "first name" in emptied
        assert "Entries of the ledger 2" in kept
        assert "Tax and accounting law" in kept
        with isp_scope(isp):
            assert Note.objects.exists()

    @pytest.mark.parametrize("said", [{}, {"number": "11"}, {"number": "12", "is_meant": "on"}, {"is_meant": "on"}])
    def test_without_the_number_and_the_tick_nothing_happens(self, isp, ana, said):
        answer = staff_client(isp, Role.OWNER).post(PAGE, said)
        assert answer.status_code == 422
        assert "invalid-feedback" in answer.content.decode()
        with isp_scope(isp):
            assert Subscriber.objects.get(number=11).first_name == "Ana"

    @pytest.mark.parametrize("role", [Role.SUPPORT, Role.BILLING, Role.TECHNICIAN, Role.READ_ONLY])
    def test_it_is_for_owners_and_admins(self, isp, ana, role):
        client = staff_client(isp, role)
        assert client.post(PAGE, YES).status_code == 403
        assert "Erase the data" not in text_of(client.get("/wispmega/subscribers/11/personal-data/"))
        with isp_scope(isp):
            assert Subscriber.objects.get(number=11).first_name == "Ana"

    def test_once_meant_it_is_done_and_the_card_says_what_stayed(self, isp, ana):
        client = staff_client(isp, Role.OWNER)
        words = text_of(client.post(PAGE, YES, follow=True))
        assert "Erased customer 11" in words
        assert "Ana" not in words
        for tab, expected in (
            ("services/", 200),
            ("account/", 200),
            ("history/", 200),
            ("notes/", 404),
            ("edit/", 404),
        ):
            page = client.get(f"/wispmega/subscribers/11/{tab}")
            assert page.status_code == expected, tab
            assert "Ana" not in text_of(page)
            assert "Secreta" not in text_of(page)
        assert client.get(PAGE).status_code == 404


class TestAfter:
    def test_names_logins_notes_and_texts_are_gone_and_numbers_stay(self, isp, ref, owner, ana):
        erase(isp, ref, owner, ana)
        with isp_scope(isp):
            gone = Subscriber.objects.get(number=11)
            assert gone.full_name == "Erased customer 11"
            assert (gone.first_name, gone.email, gone.id_number, gone.zone) == ("", "", "", None)
            assert not PortalUser.objects.exists()
            assert not Note.objects.exists()
            service = Service.objects.get(number=71)
            assert (service.address, service.state) == ("", "ended")
            said = AuditEntry.objects.get(verb="subscribers.subscriber.erased")
            assert said.details == {"number": 11}

    def test_old_data_finds_nobody_and_the_list_leaves_the_number_out(self, isp, ref, owner, ana):
        mobile = ana.mobile
        erase(isp, ref, owner, ana)
        with isp_scope(isp):
            for text in ("Ana", "Ruiz", "ana@example.com", "ana.ruiz", mobile, "Secreta", "71"):
                assert not [row for row in Subscriber.objects.search(text) if row.first_name], text
            assert not Subscriber.objects.search("Ruiz").exists()
            assert not Subscriber.objects.search("Secreta").exists()
        client = staff_client(isp, Role.OWNER)
        assert "Erased customer 11" not in text_of(client.get("/wispmega/subscribers/?q=11"))
        assert "Erased customer 11" in text_of(client.get("/wispmega/subscribers/?q=11&erased=with"))
        assert "Erased customer 11" in text_of(client.get("/wispmega/subscribers/?erased=only"))

    def test_nothing_is_added_or_changed_any_more(self, isp, ref, owner, ana):
        erase(isp, ref, owner, ana)
        with isp_scope(isp):
            tariff, today = TariffFactory(), timezone.localdate()
            acts = [
                lambda: customers.change_subscriber(by=owner, subscriber=ana, version=None, first_name="Ana"),
                lambda: connections.create_service(by=owner, subscriber=ana, tariff=tariff),
                lambda: logins.create_portal_user(by=owner, subscriber=ana, username="ana", password=None),
                lambda: notes.add_note(by=owner, subscriber=ana, text="Back again"),
                lambda: documents.add_document(
                    by=owner, subscriber=ana, kind="contract", title="Contract", upload=upload()
                ),
                lambda: book(by=owner, subscriber=ana, kind="correction", amount=Decimal(1), on=today),
                lambda: erasures.erase(by=owner, isp=ref, subscriber=ana, at=timezone.now()),
            ]
            for act in acts:
                with pytest.raises(Erased):
                    act()

    def test_the_table_itself_refuses_what_forgets_to_ask(self, isp, ref, owner, ana):
        erase(isp, ref, owner, ana)
        with isp_scope(isp), pytest.raises(IntegrityError, match="erased_stays_empty"), transaction.atomic():
            Subscriber.objects.filter(number=11).update(email="ana@example.com")

    def test_a_page_that_was_open_meanwhile_saves_nothing_and_says_so(self, isp, ref, owner, ana, monkeypatch):
        client = staff_client(isp, Role.OWNER)
        erase(isp, ref, owner, ana)
        # What the view had loaded before.
        monkeypatch.setattr("dashboard.card.fetch", lambda number, **how: ana)
        answer = client.post("/wispmega/subscribers/11/notes/add/", {"text": "Back again"})
        assert answer.status_code == 409
        assert "The data of customer 11 has been erased" in text_of(answer)
        with isp_scope(isp):
            assert not Note.objects.exists()

    def test_the_session_in_the_portal_ends(self, isp, at, ref, owner, ana):
        browser = at("wispmega.localhost")
        browser.post("/sign-in/", {"login": "ana.ruiz", "password": PASSWORD})
        assert browser.get("/").status_code == 200
        erase(isp, ref, owner, ana)
        assert browser.get("/")["Location"] == "/sign-in/"

    def test_consents_end_and_stay_as_proof_without_a_name(self, isp, ref, owner, ana):
        with isp_scope(isp):
            document = consents.add_document(by=owner, title="Offers", givers="any", text="May we?")
            consents.publish(by=owner, document=document, at=timezone.now())
            login = PortalUser.objects.get()
            said = {"document": document, "version": 1, "how": "portal", "at": timezone.now()}
            consents.give(by=login, subscriber=ana, **said)
        erase(isp, ref, owner, ana)
        with isp_scope(isp):
            row = Consent.objects.get()
            assert (row.end, row.by_name, row.version.number) == ("erased", "", 1)
            assert not Subscriber.objects.consenting(document).exists()

    def test_requests_of_the_same_official_number_go_too_and_similar_ones_stay(self, isp, ref, owner, ana):
        with isp_scope(isp):
            same = InstallRequestFactory(number=1, id_number=ana.id_number.lower(), state="rejected")
            other = InstallRequestFactory(number=2, mobile=ana.mobile, state="rejected", first_name="Sister")
        erase(isp, ref, owner, ana)
        with isp_scope(isp):
            assert InstallRequest.objects.get(pk=same.pk).first_name == ""
            assert InstallRequest.objects.get(pk=other.pk).first_name == "Sister"


class TestMail:
    def test_the_last_mail_goes_to_the_old_address_and_nothing_of_it_is_kept(self, isp, ref, owner, ana, mailoutbox):
        with isp_scope(isp):
            Message.objects.create(to="ANA@example.com", subject="Old", text="Old")
        erase(isp, ref, owner, ana, tell=True)
        with isp_scope(isp):
            mail = Message.objects.get()
            assert "erased" in mail.subject
            pk = mail.pk
        deliver_message(isp_id=isp.pk, message_id=pk)
        [sent] = mailoutbox
        assert sent.to == ["ana@example.com"]
        with isp_scope(isp):
            assert not Message.objects.exists()

    def test_an_sms_to_the_phone_goes_too_unless_another_customer_wrote_it(self, isp, ref, owner, ana):
        with isp_scope(isp):
            for key, text in ((None, "You asked for an installation"), (ana.pk + 1, "Written in the portal")):
                Message.objects.create(medium="sms", to=ana.mobile, text=text, subscriber_key=key)
        erase(isp, ref, owner, ana)
        with isp_scope(isp):
            assert [message.text for message in Message.objects.all()] == ["Written in the portal"]

    def test_a_mail_to_others_that_names_the_person_goes_and_one_that_does_not_stays(self, isp, ref, owner, ana):
        with isp_scope(isp):
            Message.objects.create(to="office@example.com", subject="New", text=f"Call {ana.mobile}, please.")
            Message.objects.create(to="office@example.com", subject="Kept", text="Ana from next door")
        erase(isp, ref, owner, ana)
        with isp_scope(isp):
            assert [mail.subject for mail in Message.objects.all()] == ["Kept"]


def test_what_the_subscriber_asked_for_is_answered_by_the_erasure(isp, ref, owner, ana):
    with isp_scope(isp):
        PersonalRequest.objects.create(subscriber=ana, username="ana.ruiz", kind="erasure", asked_at=timezone.now())
    erase(isp, ref, owner, ana)
    with isp_scope(isp):
        row = PersonalRequest.objects.get()
        assert (row.state, row.username) == ("done", "")


def test_marks_are_long_enough_to_be_nobody_elses(isp, ref, owner, ana):
    """A short official number stands in many texts."""
    with isp_scope(isp):
        Subscriber.objects.filter(pk=ana.pk).update(id_number="12")
        Message.objects.create(to="office@example.com", subject="Kept", text="At 12 o'clock")
        erasures.erase(by=owner, isp=ref, subscriber=ana, at=timezone.now())
        assert Message.objects.get().subject == "Kept"
    assert personal.register()
