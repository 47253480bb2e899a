"""How an event reaches people: by the media of the rule that they have and want, and not at night."""

import re
from dataclasses import replace
from datetime import UTC, datetime, time

import pytest
from django.core import mail as outbox
from django.utils import timezone

from messaging.events.base import NEVER_OFF, WITH_OPT_OUT, Kind
from messaging.models import ChannelAccount, EventRule, Medium, Message, OptOut, QuietHours
from messaging.occasions import EVENTS
from messaging.opt_out_links import Wish, opt_out_url
from messaging.outbox.claims import claim
from messaging.recipients import Recipient
from messaging.rules import end_of_quiet, rule_of
from messaging.services import notify, preferences
from messaging.services import rules as services
from subscribers.models import Consent, ConsentDocument, ConsentVersion
from subscribers.services import consents
from subscribers.services.recipients import for_news, hears_news, phone_of, recipient_of
from tenants.roles import Role
from tests.factories.staff import make_member
from tests.factories.subscribers import PortalUserFactory, SubscriberFactory

BACK, REMINDER = "billing/return", "payments/card_refused"
NOON = datetime(2026, 3, 10, 18, tzinfo=UTC)  # in Mexico
NIGHT = datetime(2026, 3, 11, 4, 30, tzinfo=UTC)  # 22:30 on the day before
MANY = {Medium.EMAIL: ("ana@mail.example",), Medium.SMS: ("+525512345678",), Medium.WHATSAPP: ("+525512345678",)}
ANA = Recipient(language="en", addresses=MANY, timezone="America/Mexico_City", subscriber=1)


@pytest.fixture
def clerk(in_isp):
    return make_member(in_isp, Role.ADMIN, name="Ada Admin")


@pytest.fixture
def channels(in_isp):
    for medium in (Medium.SMS, Medium.WHATSAPP):
        ChannelAccount.objects.create(channel=f"test_{medium}", medium=medium)


def tell(event=BACK, recipient=ANA, at=NOON, **context):
    said = {"name": "Ana", "card": "Visa 4242", "url": "https://x.example/"} | context
    return [message.medium for message in notify(event=event, recipient=recipient, at=at, **said)]


def rule(event, *media, **values):
    EventRule.objects.create(event=event, media=list(media), **values)


# By which media


def test_without_a_rule_it_is_a_mail_and_without_an_address_nothing(in_isp, channels):
    assert tell() == ["email"]
    assert tell(recipient=replace(ANA, addresses={Medium.SMS: ("+525512345678",)})) == []


def test_the_first_that_the_person_has_or_all_of_them(in_isp, channels):
    rule(BACK, "whatsapp", "sms", "email")
    assert tell() == ["whatsapp"]
    assert tell(recipient=replace(ANA, addresses={Medium.EMAIL: ("a@b.example",)})) == ["email"]
    EventRule.objects.update(takes_all=True)
    assert tell() == ["whatsapp", "sms", "email"]
    assert Message.objects.get(medium="sms").text == "WispMega: your service is on again. Thank you."


def test_a_medium_without_a_channel_is_passed_over(in_isp):
    rule(BACK, "sms", "email")
    assert tell() == ["email"]
    ChannelAccount.objects.create(channel="test_sms", medium="sms")
    assert tell() == ["sms"]  # the control


def test_what_is_switched_off_is_not_sent_and_passwords_never_are(clerk):
    services.change_rule(by=clerk, event=EVENTS[BACK], is_on=False, media=["email"], takes_all=False)
    assert tell() == []
    with pytest.raises(services.CannotBeOff):
        services.change_rule(by=clerk, event=EVENTS["portal/forgotten"], is_on=False, media=["email"], takes_all=False)
    rule("portal/forgotten", "email", is_on=False)
    assert rule_of(EVENTS["portal/forgotten"]).is_on


def test_the_same_cause_is_told_once(in_isp):
    assert notify(event=BACK, recipient=ANA, key="x:1", name="Ana") == notify(
        event=BACK, recipient=ANA, key="x:1", name="Ana"
    )
    assert Message.objects.count() == 1


# Quiet hours


@pytest.mark.parametrize(
    ("at", "zone", "until"),
    [
        (NOON, "America/Mexico_City", None),
        (NIGHT, "America/Mexico_City", datetime(2026, 3, 11, 14, tzinfo=UTC)),
        (datetime(2026, 3, 10, 13, 59, tzinfo=UTC), "America/Mexico_City", datetime(2026, 3, 10, 14, tzinfo=UTC)),
        (datetime(2026, 3, 10, 14, tzinfo=UTC), "America/Mexico_City", None),
        (NOON, "Asia/Tokyo", datetime(2026, 3, 10, 23, tzinfo=UTC)),
        (NIGHT, "No/Such", datetime(2026, 3, 11, 8, tzinfo=UTC)),
    ],
)
def test_quiet_hours_are_those_of_the_person(at, zone, until):
    hours = QuietHours(begins=time(21), ends=time(8))
    assert end_of_quiet(hours, at=at, timezone=zone) == (until or at)
    assert end_of_quiet(QuietHours(begins=None, ends=None), at=at, timezone=zone) == at


def test_what_rings_waits_for_the_morning_unless_it_would_come_too_late(in_isp, channels):
    for event in (BACK, REMINDER, "portal/forgotten"):
        rule(event, "sms", "email", takes_all=True)
        tell(event, at=NIGHT, username="ana")
    due = dict(Message.objects.filter(medium="sms").values_list("occasion", "due_at"))
    assert due == {BACK: NIGHT, "portal/forgotten": NIGHT, REMINDER: datetime(2026, 3, 11, 14, tzinfo=UTC)}
    assert set(Message.objects.filter(medium="email").values_list("due_at", flat=True)) == {NIGHT}
    QuietHours.objects.create(pk=1, holds_mail=True)
    tell(REMINDER, at=NIGHT)
    assert Message.objects.filter(medium="email").latest("pk").due_at == due[REMINDER]


# What people want


def test_what_is_not_wanted_is_not_written_and_the_next_medium_is_taken(clerk, channels):
    rule(BACK, "sms", "email")
    preferences.set_unwanted(by=clerk, subscriber=1, choices={("service", "sms")})
    assert tell() == ["email"]
    preferences.set_unwanted(by=clerk, subscriber=1, choices={("service", "sms"), ("service", "email")})
    assert tell() == []
    assert tell(recipient=replace(ANA, subscriber=2)) == ["sms"]  # somebody else
    # What nobody can choose comes all the same.
    OptOut.objects.create(subscriber_key=1, kind="account", medium="email")
    assert tell("portal/forgotten", username="ana") == ["email"]


def test_a_login_speaks_for_itself_alone(in_isp):
    preferences.set_unwanted(by=None, subscriber=1, login=7, choices={("service", "email")})
    assert tell(recipient=replace(ANA, login=7)) == []
    assert tell(recipient=replace(ANA, login=8)) == ["email"]
    assert tell() == ["email"]


def test_what_waits_is_stopped_and_what_was_written_meanwhile_is_not_handed_over(in_isp):
    tell()
    preferences.opt_out(by=None, subscriber=1, choices=[("service", "email")])
    assert Message.objects.get().state == "stopped"
    # Written by a transaction that had not seen it.
    late = Message.objects.create(to="late@mail.example", kind="service", subscriber_key=1, text="x")
    other = Message.objects.create(to="b@mail.example", kind="service", subscriber_key=2, text="x")
    assert claim(medium="email", limit=10) == [other]
    late.refresh_from_db()
    assert (late.state, late.error) == ("stopped", "Stopped:preference")
    # The control: wanted again, it would have gone.
    OptOut.objects.all().delete()
    Message.objects.filter(pk=late.pk).update(state="waiting", due_at=timezone.now())
    assert claim(medium="email", limit=10) == [late]


def test_of_a_link_that_lets_in_nothing_is_kept_when_it_is_not_wanted_any_more(in_isp):
    fields = {"to": "a@mail.example", "kind": "service", "subscriber_key": 1, "has_secret": True, "lane": 2}
    message = Message.objects.create(**fields, text="https://x.example/go/secret/", html="<a>", data={"a": 1})
    preferences.opt_out(by=None, subscriber=1, choices=[("service", "email")])
    message.refresh_from_db()
    assert (message.state, message.text, message.html, message.data) == ("stopped", "", "", {})
    assert "does not want" in message.why.text


# News


@pytest.fixture
def news(monkeypatch):
    event = replace(EVENTS[BACK], name="billing/return", kind=Kind.NEWS)
    monkeypatch.setitem(EVENTS, BACK, event)


def test_news_need_a_consent_that_stands_when_they_are_sent(clerk, news):
    isp = clerk_isp()
    ana = SubscriberFactory(email="ana@mail.example", mobile="")
    document = ConsentDocument.objects.create(title="Offers", is_for_news=True)
    ConsentVersion.objects.create(document=document, number=1, text="x", published_at=NOON)
    assert tell(recipient=for_news(ana, isp=isp)) == []
    given = {"by": clerk, "subscriber": ana, "document": document, "how": Consent.How.OFFICE, "at": NOON}
    consents.give(**given, version=1)
    assert tell(recipient=for_news(ana, isp=isp)) == ["email"]
    stale = for_news(ana, isp=isp)
    consents.withdraw(**given)
    assert not hears_news(ana)
    assert Message.objects.get().state == "stopped"
    assert tell(recipient=stale) == []  # read before, sent after
    consents.give(**given, version=1)
    assert tell(recipient=for_news(ana, isp=isp)) == ["email"]


def clerk_isp():
    from messaging.reader import current_isp

    return current_isp()


def test_news_say_how_to_get_no_more_of_them(in_isp, news):
    tell(recipient=replace(ANA, hears_news=True))
    message = Message.objects.get()
    url = message.data["unsubscribe"]
    assert re.search(r"I do not want messages of this kind: " + re.escape(url), message.text)
    assert url.startswith("http")
    assert not any(event.kind in WITH_OPT_OUT & NEVER_OFF for event in EVENTS.values())


def test_the_headers_of_one_click_go_along(in_isp, settings):
    from messaging.channels.base import Parcel, Setup
    from messaging.channels.platform_smtp.channel import CHANNEL

    url = opt_out_url(clerk_isp(), Wish(1, 0, Kind.NEWS, Medium.EMAIL))
    channel = CHANNEL(Setup(number="1", values={"scope": "x", "sender": "a@b.example"}))
    for key, data in (("1", {"unsubscribe": url}), ("2", {})):
        channel.send(Parcel(key=key, to="ana@mail.example", text="x", subject="y", data=data))
    first, second = outbox.outbox
    assert first.message()["List-Unsubscribe"] == f"<{url}>"
    assert first.message()["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert second.message()["List-Unsubscribe"] is None


# Who somebody is


@pytest.mark.parametrize(
    ("mobile", "second", "found"),
    [
        ("+525512345678", "", "+525512345678"),
        ("55 1234 5678", "", "+525512345678"),  # as an import left it
        ("+525512345678 ext. 12", "", "+525512345678"),
        ("*611", "+525587654321", "+525587654321"),
        ("+442079460958", "", ""),  # a landline in London
        ("no number", "", ""),
        ("", "", ""),
    ],
)
def test_phones_that_take_messages(in_isp, mobile, second, found):
    assert phone_of(SubscriberFactory.build(mobile=mobile, second_mobile=second), country="MX") == found


def test_a_login_of_somebody_else_has_no_phone_of_the_customer(in_isp):
    ana = SubscriberFactory(mobile="+525512345678")
    for role, media in (("owner", {"email", "sms", "whatsapp"}), ("billing", {"email"})):
        user = PortalUserFactory(subscriber=ana, role=role, email="x@mail.example", language="es")
        found = recipient_of(ana, isp=clerk_isp(), user=user, email=user.email)
        assert (set(found.addresses), found.language, found.login) == (media, "es", user.pk)
