"""Subscribers send SMS, as far as the ISP allows, and keep a directory of numbers."""

from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as project

from core.models import AuditEntry
from core.scope import isp_scope
from messaging import sms
from messaging.models import ChannelAccount, Message
from messaging.services import stop_address
from subscribers.models import Contact, SmsRules
from subscribers.portal_roles import PortalRole
from subscribers.services import portal_sms
from tests.factories.subscribers import PortalUserFactory, SubscriberFactory
from tests.portal.acts import portal_client

TO = "55 1234 5678"
NOON = datetime(2026, 3, 1, 12, tzinfo=ZoneInfo("America/Mexico_City"))


@pytest.fixture
def ana(isp):
    with isp_scope(isp):
        ChannelAccount.objects.create(channel="http_sms", medium="sms", values={"url": "http://127.0.0.1:9"})
        SmsRules.objects.create(pk=1, is_on=True, per_month=3, per_day=2)
        return PortalUserFactory(subscriber=SubscriberFactory(first_name="Ana"), username="ana", role=PortalRole.OWNER)


@pytest.fixture
def browser(isp, ana):
    return portal_client(isp, ana)


def post(browser, **changed):
    return browser.post("/sms/", {"to": TO, "text": "Voy en camino", "key": str(uuid4()), "contact": "", **changed})


def sent(isp):
    with isp_scope(isp):
        return list(Message.objects.order_by("pk"))


def test_it_is_off_until_the_isp_allows_it(isp, browser):
    with isp_scope(isp):
        SmsRules.objects.update(is_on=False)
    assert browser.get("/sms/").status_code == 404
    assert "/sms/" not in browser.get("/account/").content.decode()
    assert not sent(isp)


def test_an_sms_is_written_in_the_subscribers_matter_and_stands_in_the_history(isp, browser, ana):
    post(browser)
    (message,) = sent(isp)
    assert (message.to, message.text, message.medium) == ("+525512345678", "Voy en camino", "sms")
    assert (message.subscriber_key, message.occasion) == (ana.subscriber_id, "portal/sms")
    page = browser.get("/sms/").content.decode()
    assert "Voy en camino" in page
    assert "2 SMS left in this month" in page
    with isp_scope(isp):
        assert AuditEntry.objects.filter(verb="subscribers.sms.sent").count() == 1


def test_a_form_that_is_sent_twice_sends_once(isp, browser):
    key = str(uuid4())
    for _time in range(2):
        post(browser, key=key)
    assert len(sent(isp)) == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"to": "+34 612 345 678"}, "to"),
        ({"to": "12"}, "to"),
        ({"to": ""}, "to"),
        ({"text": "mira https://evil.example/x"}, "text"),
        ({"text": "entra a evil.com/premio"}, "text"),
        ({"text": "www.premio"}, "text"),
        ({"text": "á" * 300}, "text"),
        ({"text": ""}, "text"),
    ],
)
def test_what_is_not_allowed_is_told_at_its_field_and_loses_nothing(isp, browser, changed, field):
    answer = post(browser, **changed)
    assert answer.context["form"].errors[field]
    assert changed[field][:12] in answer.content.decode()
    assert not sent(isp)


def test_plain_sentences_are_no_links():
    assert not portal_sms.LINK.search("Llego a las 5.30. Son 1.500 pesos, ok... Vale")


def test_caps_of_day_and_month_hold(in_isp, ana):
    def send(at):
        message = portal_sms.send_sms(
            by=ana, to="+525512345678", text="x", key=uuid4(), at=at, tz="America/Mexico_City"
        )
        Message.objects.filter(pk=message.pk).update(created_at=at)

    for _time in range(2):
        send(NOON)
    with pytest.raises(portal_sms.CapReached) as caught:
        send(NOON + timedelta(hours=11))
    assert caught.value.is_of_day
    send(NOON + timedelta(days=1))
    with pytest.raises(portal_sms.CapReached) as caught:
        send(NOON + timedelta(days=2))
    assert not caught.value.is_of_day
    send(NOON + timedelta(days=31))
    SmsRules.objects.update(per_month=None)
    send(NOON + timedelta(days=2))
    assert Message.objects.count() == 5


def test_who_wants_no_messages_gets_none(isp, browser):
    with isp_scope(isp):
        stop_address(by=None, medium="sms", address="+525512345678", reason="opt_out")
    assert "wants no messages" in str(post(browser).context["form"].errors["to"])
    assert not sent(isp)


def test_many_at_once_are_slowed_down(isp, browser, monkeypatch):
    monkeypatch.setattr("portal.sms_views.QUICK", 1)
    post(browser)
    assert "wait a minute" in str(post(browser).context["form"].non_field_errors())
    assert len(sent(isp)) == 1


def test_a_role_without_the_right_sends_none(isp, ana):
    with isp_scope(isp):
        member = PortalUserFactory(subscriber=ana.subscriber, username="leo", role=PortalRole.MEMBER)
    assert post(portal_client(isp, member)).status_code == 403
    assert not sent(isp)


def test_the_directory(isp, browser, ana):
    browser.post("/sms/contacts/", {"name": "Leo", "phone": TO})
    assert browser.post("/sms/contacts/", {"name": "Leo 2", "phone": "+525512345678"}).context["contact_form"].errors
    with isp_scope(isp):
        row = Contact.objects.get()
    assert (row.name, row.phone) == ("Leo", "+525512345678")
    browser.post(f"/sms/contacts/{row.uuid}/", {"name": "Leonardo", "phone": TO})
    post(browser, to="", contact=str(row.uuid))
    assert "<strong>Leonardo</strong>" in browser.get("/sms/").content.decode()
    assert sent(isp)[0].to == "+525512345678"
    browser.post(f"/sms/contacts/{row.uuid}/delete/")
    with isp_scope(isp):
        assert not Contact.objects.exists()


def test_a_number_abroad_in_the_directory_goes_no_further_than_the_rules_of_today(isp, browser, ana):
    with isp_scope(isp):
        far = Contact.objects.create(subscriber=ana.subscriber, name="Zoe", phone="+447400123456")
        SmsRules.objects.update(allows_abroad=False)
    answer = post(browser, to="", contact=str(far.uuid))
    assert answer.status_code == 422
    assert "number of another country" in answer.content.decode()
    assert not sent(isp)
    with isp_scope(isp):
        SmsRules.objects.update(allows_abroad=True)
    post(browser, to="", contact=str(far.uuid))
    assert [message.to for message in sent(isp)] == ["+447400123456"]


def test_the_directory_of_others_is_not_there(isp, browser):
    with isp_scope(isp):
        row = Contact.objects.create(subscriber=SubscriberFactory(), name="Nobody", phone="+525500000000")
    assert browser.get(f"/sms/contacts/{row.uuid}/").status_code == 404
    assert browser.post(f"/sms/contacts/{row.uuid}/delete/").status_code == 404
    assert post(browser, to="", contact=str(row.uuid)).context["form"].errors["contact"]
    with isp_scope(isp):
        assert Contact.objects.get() == row


def test_the_page_takes_a_fixed_number_of_questions(isp, browser, count_queries):
    def asked():
        with count_queries() as counter:
            browser.get("/sms/")
        return len(counter)

    browser.get("/sms/")
    first = asked()
    for number in range(5):
        browser.post("/sms/contacts/", {"name": f"N{number}", "phone": f"551234567{number}"})
    post(browser)
    browser.get("/sms/")
    assert asked() == first


def test_the_browser_counts_by_the_same_alphabet():
    script = (Path(project.BASE_DIR) / "static/js/sms-count.js").read_text()
    written = script.partition('BASIC = "')[2].partition('";')[0].replace('\\"', '"').replace("\\n", "\n")
    assert set(written.replace("\\r", "\r")) == set(sms.ONES)
    twice = script.partition('TWICE = "')[2].partition('";')[0].replace("\\f", "\f").replace("\\\\", "\\")
    assert set(twice) == set(sms.EXTENSION)
