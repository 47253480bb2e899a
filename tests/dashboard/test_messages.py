"""The pages of what was written to customers."""

import re
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from core.scope import isp_scope
from messaging.models import Message, MessageSettings, StoppedAddress
from subscribers.models import Announcement
from tenants.roles import Role
from tests.factories.staff import make_member
from tests.factories.subscribers import SubscriberFactory


def a_mail(**fields) -> Message:
    values = {"to": "Rosa@mail.example", "subject": "Su visita", "text": "Mañana a las 10.\n", "state": "sent"}
    return Message.objects.create(**(values | fields))


@pytest.fixture
def clerk(isp):
    return make_member(isp, Role.SUPPORT, name="Sara Support", email="sara@wispmega.example")


def test_staff_find_a_message_read_it_and_send_it_again(isp, clerk, signed_in):
    with isp_scope(isp):
        mail = a_mail(state="failed", error="SMTPServerDisconnected: gone", occasion="preinstall/installation_moved")
        a_mail(to="eva@mail.example", subject="Gracias")
    browser = signed_in(clerk)
    page = browser.get("/wispmega/messages/?to=rosa")
    assert "Su visita" in page.text
    assert "Gracias" not in page.text
    assert "1 message was given up" in page.text
    page = browser.get(f"/wispmega/messages/{mail.uuid}/")
    assert "Mañana a las 10." in page.text
    assert "Visit moved" in page.text
    page = browser.post(f"/wispmega/messages/{mail.uuid}/resend/", follow=True)
    assert "on its way again" in page.text
    page = browser.post(f"/wispmega/messages/{mail.uuid}/resend/", follow=True)
    assert "cannot be sent again" in page.text


def test_a_message_to_a_stopped_address_is_not_offered_again(isp, clerk, signed_in):
    with isp_scope(isp):
        mail = a_mail(state="failed", error="NoSuchAddress: 550 5.1.1 gone")
    browser = signed_in(clerk)
    page = browser.get(f"/wispmega/messages/{mail.uuid}/").text
    assert "Send again" in page
    assert "550 5.1.1 gone" in page
    assert "NoSuchAddress" not in page  # that is our word for it
    with isp_scope(isp):
        StoppedAddress.objects.create(medium="email", address="rosa@mail.example", reason="bounce")
    page = browser.get(f"/wispmega/messages/{mail.uuid}/").text
    assert "Send again" not in page
    assert "This address is written to no more" in page


def test_a_link_that_lets_in_is_shown_to_nobody(isp, clerk, signed_in):
    with isp_scope(isp):
        mail = a_mail(state="waiting", has_secret=True, text="https://portal/set-password/secret-of-hers/")
    page = signed_in(clerk).get(f"/wispmega/messages/{mail.uuid}/")
    assert "secret-of-hers" not in page.text
    assert "its text is not shown" in page.text


def test_an_sms_has_no_subject_and_is_known_by_how_it_begins(isp, clerk, signed_in):
    fields = {"medium": "sms", "subject": "", "segments": 2, "price": "1.40", "channel": "twilio"}
    with isp_scope(isp):
        a_mail(to="+525512345678", text="Mañana\nvamos " + "a " * 60, state="delivered", **fields)
        a_mail(to="+525512345679", text="https://portal/go/secret-of-hers/", has_secret=True, **fields)
        a_mail(subject="Su recibo")
    browser = signed_in(clerk)
    page = browser.get("/wispmega/messages/?medium=sms").text
    assert "Mañana vamos a" in page
    assert "secret-of-hers" not in page
    assert "Su recibo" not in page
    assert "+52 55 1234 5678" in page
    link = re.search(r'href="(/wispmega/messages/[0-9a-f-]{36}/)">Mañana vamos a', page)[1]
    page = browser.get(link).text
    for text in ("Twilio", "2 segments", "MX$1.40"):
        assert text in page


def test_a_technician_reads_no_messages(isp, signed_in):
    technician = make_member(isp, Role.TECHNICIAN, name="Tito", email="tito@wispmega.example")
    page = signed_in(technician).get("/wispmega/messages/")
    assert page.status_code == 403
    assert "Messages</h2>" not in page.text


def test_the_card_shows_what_was_written_in_the_matter(isp, clerk, signed_in):
    with isp_scope(isp):
        ana, eva = SubscriberFactory(), SubscriberFactory()
        a_mail(subscriber_key=ana.pk, subject="For Ana")
        a_mail(subscriber_key=eva.pk, subject="For Eva")
    page = signed_in(clerk).get(f"/wispmega/subscribers/{ana.number}/messages/")
    assert "For Ana" in page.text
    assert "For Eva" not in page.text


def test_a_long_list_takes_as_many_queries_as_a_short_one(isp, clerk, signed_in, count_queries):
    browser = signed_in(clerk)
    with isp_scope(isp):
        a_mail()
    browser.get("/wispmega/messages/")
    with count_queries() as few:
        browser.get("/wispmega/messages/")
    with isp_scope(isp):
        Message.objects.bulk_create(
            Message(to="x@mail.example", subject=f"S{n}", text="t", created_at=datetime(2026, 1, 1, tzinfo=UTC))
            for n in range(60)
        )
    with count_queries() as many:
        assert "S59" in browser.get("/wispmega/messages/").text
    assert len(many) == len(few)


def test_for_how_long_is_set_by_the_company(isp, owner, signed_in):
    browser = signed_in(owner)
    page = browser.post("/wispmega/settings/messages/", {"kept_months": "121", "budget": "0", "daily_most": "3"})
    assert "120" in page.text
    assert page.status_code == 422
    browser.post("/wispmega/settings/messages/", {"kept_months": "6", "budget": "0", "daily_most": "3"})
    with isp_scope(isp):
        assert MessageSettings.load().kept_months == 6


class TestInThePortal:
    """What staff write there."""

    page = "/wispmega/messages/portal/"

    def values(self, **fields) -> dict[str, str]:
        said = {"kind": "outage", "title": "No signal", "audience": "everybody", "begins_at": "2026-01-01T10:00"}
        return said | {"text": "We are on it.", **fields}

    def test_an_outage_is_announced_changed_and_ended(self, isp, clerk, signed_in):
        browser = signed_in(clerk)
        assert "Tell your customers of maintenance" in browser.get(self.page).text
        assert "checked" in browser.get(f"{self.page}new/?kind=outage").text
        page = browser.post(f"{self.page}new/", self.values(audience="zone"))
        assert page.status_code == 422
        assert "Choose one." in page.text
        page = browser.post(f"{self.page}new/", self.values(), follow=True)
        assert "No signal" in page.text
        with isp_scope(isp):
            row = Announcement.objects.get()
        browser.post(f"{self.page}{row.uuid}/", self.values(title="No signal in the north"))
        page = browser.post(f"{self.page}{row.uuid}/end/", follow=True)
        assert "No signal in the north" in page.text
        assert "over" in page.text
        with isp_scope(isp):
            assert Announcement.objects.running(at=timezone.now()).count() == 0

    def test_a_customer_is_written_to_from_the_card(self, isp, clerk, signed_in):
        with isp_scope(isp):
            ana = SubscriberFactory()
        browser = signed_in(clerk)
        card = f"/wispmega/subscribers/{ana.number}/messages/"
        values = {"title": "Your new modem", "begins_at": "2026-01-01T10:00", "audience": "everybody"}
        page = browser.post(f"{card}new/", values, follow=True)
        assert "Your new modem" in page.text
        with isp_scope(isp):
            # Whatever else was sent along, it is for one.
            assert Announcement.objects.get().subscriber == ana

    def test_who_only_reads_writes_nothing(self, isp, signed_in):
        reader = make_member(isp, Role.READ_ONLY, name="Rita", email="rita@wispmega.example")
        browser = signed_in(reader)
        assert browser.post(f"{self.page}new/", self.values()).status_code == 403
        assert f"{self.page}new/" not in browser.get(self.page).text
        with isp_scope(isp):
            assert not Announcement.objects.exists()
