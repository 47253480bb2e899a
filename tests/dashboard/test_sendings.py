"""Writing to many at once."""

import re
from datetime import time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from billing.models import Account
from core.scope import isp_scope
from dashboard import sendings, tasks
from messaging.models import ChannelAccount, Message, MessageSettings, OptOut, QuietHours, StoppedAddress
from subscribers.models import AutoLoginLink, Consent, ConsentDocument, ConsentVersion, Sending, Subscriber
from tenants.roles import Role
from tests.dashboard.test_subscribers import LIST, staff_client, text_of, verbs
from tests.factories.subscribers import PortalUserFactory, SubscriberFactory, ZoneFactory

MANY = "/wispmega/messages/many/"


@pytest.fixture
def clerk(isp):
    return staff_client(isp, Role.ADMIN)


@pytest.fixture
def people(isp, settings):
    """11, 12 and 13 can be written to, 14 has no e-mail address, the one of 15 is stopped; 12 lives in the zone."""
    settings.EMAIL_HOST = "localhost"
    with isp_scope(isp):
        zone = ZoneFactory(name="Norte")
        for number in (11, 12, 13, 15):
            mobile = f"+5255123456{number}"
            person = SubscriberFactory(number=number, first_name=f"N{number}", email=f"n{number}@mail.example")
            Subscriber.objects.filter(pk=person.pk).update(mobile=mobile, zone=zone if number == 12 else None)
        SubscriberFactory(number=14, email="", mobile="")
        StoppedAddress.objects.create(medium="email", address="n15@mail.example", reason="bounce")
        Account.objects.create(subscriber=Subscriber.objects.get(number=11), balance=Decimal("12.50"))
        return zone


def an_sms_channel(price="0.5000"):
    return ChannelAccount.objects.create(channel="http_sms", medium="sms", price=Decimal(price), spelling="as_is")


def draft(client, **values):
    """The address of the page of a new draft."""
    usual = {
        "audience": "everybody",
        "medium": "email",
        "kind": "service",
        "subject": "Work in {{ company }}",
        "text": "Hello {{ name }}, {{ number }}: {{ balance }}",
    }
    answer = client.post(f"{MANY}new/", usual | values)
    assert answer.status_code == 302, text_of(answer)
    return answer["Location"]


def seen_on(client, page):
    """What the page of a draft asks to be sent along with the start."""
    found = re.search(r'name="seen" value="([^"]*)"', client.get(page).content.decode())
    return found[1] if found else "1 0"


def start(client, page, isp, seen=""):
    with isp_scope(isp):
        row = Sending.objects.get()
    values = {"act": "start", "version": row.version, "seen": seen or seen_on(client, page)}
    return client.post(f"{page}act/", values, follow=True)


def work_off(isp):
    with isp_scope(isp):
        pk = Sending.objects.get().pk
    for _ in range(20):
        tasks.work_off_sending(isp_id=isp.pk, sending_id=pk)


def written(isp):
    with isp_scope(isp):
        rows = Message.objects.exclude(sending=None).order_by("pk")
        return {row.to: row for row in rows}


def test_what_was_shown_is_what_is_written(isp, clerk, people, monkeypatch):
    monkeypatch.setattr(sendings, "PART", 2)
    page = draft(clerk)
    shown = text_of(clerk.get(page))
    assert "3 customers will be written to" in shown
    assert "1 left out: no e-mail address" in shown
    assert "1 left out: the address is stopped" in shown
    assert "Hello N11, 11:" in shown
    assert "12.50" in shown
    assert not written(isp)
    start(clerk, page, isp)
    work_off(isp)
    found = written(isp)
    assert set(found) == {f"n{n}@mail.example" for n in (11, 12, 13)}
    one = found["n11@mail.example"]
    assert (one.lane, one.state, one.occasion) == (Message.Lane.BULK, "waiting", "messaging/many")
    assert "Hello N11, 11:" in one.text
    assert "12.50" in one.text
    assert "{{" not in one.subject + one.text
    done = text_of(clerk.get(page))
    assert "5 of 5" in done
    assert "no e-mail address" in done
    assert {"subscribers.sending.started", "subscribers.sending.finished"} <= set(verbs(isp))
    listed = text_of(clerk.get(f"/wispmega/messages/?sending={one.sending}"))
    assert "n12@mail.example" in listed


def test_a_second_click_and_a_task_that_comes_twice_write_nothing_twice(isp, clerk, people):
    page = draft(clerk)
    start(clerk, page, isp)
    assert "started already" in text_of(start(clerk, page, isp))
    work_off(isp)
    work_off(isp)
    with isp_scope(isp):
        assert Message.objects.count() == 3
        # Even a part that is written again, as after a restored backup, gives nobody a second message.
        Sending.objects.update(state="running", position=0)
    work_off(isp)
    with isp_scope(isp):
        assert Message.objects.count() == 3


def test_a_draft_that_changed_meanwhile_is_not_started(isp, clerk, people):
    page = draft(clerk)
    values = {"audience": "everybody", "medium": "email", "kind": "service", "subject": "Other", "text": "Other"}
    clerk.post(f"{page}edit/", values)
    answer = clerk.post(f"{page}act/", {"act": "start", "version": 1, "seen": "3 0"}, follow=True)
    assert "changed since you looked" in text_of(answer)
    with isp_scope(isp):
        assert Sending.objects.get().state == "draft"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Hi {{ nmae }}", "Did you mean “name”?"),
        ("Hi {{ name.password }}", "no dots, calls or filters"),
        ("Hi {{ name", "is not closed"),
        ("<script>alert(1)</script>", "is HTML"),
        ("x" * 20_001, "at most 20000"),
    ],
)
def test_a_bad_text_is_refused_at_its_field_and_kept(isp, clerk, people, text, says):
    values = {"audience": "everybody", "medium": "email", "kind": "service", "subject": "S", "text": text}
    answer = clerk.post(f"{MANY}new/", values)
    assert answer.status_code == 422
    assert says in text_of(answer)
    with isp_scope(isp):
        assert not Sending.objects.exists()


def test_news_go_to_those_who_consented_and_say_how_to_get_no_more(isp, clerk, people):
    with isp_scope(isp):
        document = ConsentDocument.objects.create(title="News", is_for_news=True)
        version = ConsentVersion.objects.create(document=document, number=1, text="News", published_at=timezone.now())
        for person in Subscriber.objects.filter(number__in=[11, 12]):
            Consent.objects.create(subscriber=person, document=document, version=version, given_at=timezone.now())
        OptOut.objects.create(subscriber_key=Subscriber.objects.get(number=12).pk, kind="news", medium="email")
    page = draft(clerk, kind="news")
    shown = text_of(clerk.get(page))
    assert "1 left out: no consent to news" in shown
    assert "1 left out: wants no messages of this kind" in shown
    start(clerk, page, isp)
    work_off(isp)
    assert list(written(isp)) == ["n11@mail.example"]
    assert "/opt-out/" in written(isp)["n11@mail.example"].text


def test_sms_are_counted_by_alphabet_priced_and_kept_in_the_budget(isp, clerk, people, monkeypatch):
    with isp_scope(isp):
        an_sms_channel()
        Subscriber.objects.filter(number=12).update(first_name="Ługasz")
        MessageSettings.objects.update_or_create(pk=1, defaults={"budget": Decimal("2.00")})
    page = draft(clerk, medium="sms", text="Hi {{ name }} " + "x" * 80)
    shown = text_of(clerk.get(page))
    assert "Ł U+0141 × 1" in shown
    assert "5" in shown  # segments: two of Unicode
    assert "costs more than the budget" in shown
    assert "budget of this month" in text_of(start(clerk, page, isp))
    with isp_scope(isp):
        assert Sending.objects.get().state == "draft"
        MessageSettings.objects.update(budget=Decimal("2.50"))
    start(clerk, page, isp)
    with isp_scope(isp):
        MessageSettings.objects.update(budget=Decimal("1.60"))  # lowered while it runs
    monkeypatch.setattr(sendings, "PART", 2)
    work_off(isp)
    with isp_scope(isp):
        row = Sending.objects.get()
        assert (row.state, row.problem, row.written) == ("paused", "budget", 2)
        MessageSettings.objects.update(budget=Decimal("9.00"))
    clerk.post(f"{page}act/", {"act": "resume"})
    work_off(isp)
    found = written(isp)
    assert sorted((row.segments, row.price) for row in found.values()) == [
        (1, Decimal("0.5")), (1, Decimal("0.5")), (1, Decimal("0.5")), (2, Decimal("1")),
    ]  # fmt: skip


def test_a_customer_gets_no_more_a_day_than_allowed(isp, clerk, people):
    with isp_scope(isp):
        MessageSettings.objects.update_or_create(pk=1, defaults={"daily_most": 1})
        person = Subscriber.objects.get(number=11)
        Message.objects.create(to="x@mail.example", lane=Message.Lane.BULK, subscriber_key=person.pk, state="sent")
        Message.objects.create(to="x@mail.example", subscriber_key=Subscriber.objects.get(number=12).pk, state="sent")
    assert "1 left out: has got as many today as you allow" in text_of(clerk.get(draft(clerk)))


def test_pause_holds_what_waits_and_stop_ends_it(isp, clerk, people):
    page = draft(clerk)
    start(clerk, page, isp)
    work_off(isp)
    clerk.post(f"{page}act/", {"act": "pause"})
    soon = timezone.now() + timedelta(days=1)
    with isp_scope(isp):
        assert not Message.objects.due(soon).exists()
    clerk.post(f"{page}act/", {"act": "resume"})
    with isp_scope(isp):
        assert Message.objects.due(soon).count() == 3
    clerk.post(f"{page}act/", {"act": "stop"})
    assert {row.error for row in written(isp).values()} == {"Stopped:sending"}
    with isp_scope(isp):
        assert Sending.objects.get().state == "stopped"


def test_what_is_written_and_waits_for_the_morning_is_not_called_done(isp, clerk, people):
    page = draft(clerk)
    start(clerk, page, isp)
    work_off(isp)
    tomorrow = timezone.now() + timedelta(days=1)
    with isp_scope(isp):
        assert Sending.objects.get().state == "done"
        Message.objects.update(due_at=tomorrow)
    assert "on its way" in text_of(clerk.get(MANY))
    shown = text_of(clerk.get(page))
    assert "on its way" in shown
    assert "The next ones go:" in shown
    with isp_scope(isp):
        Message.objects.update(state="sent")
    assert "on its way" not in text_of(clerk.get(MANY)) + text_of(clerk.get(page))


def test_what_ended_is_kept_as_long_as_messages_are(isp, clerk, people):
    page = draft(clerk)
    start(clerk, page, isp)
    work_off(isp)
    long_ago = timezone.now() - timedelta(days=800)
    for months, left in ((0, 1), (120, 1), (24, 0)):
        with isp_scope(isp):
            MessageSettings.objects.update_or_create(pk=1, defaults={"kept_months": months})
            Sending.objects.update(ended_at=long_ago)
        tasks.sweep_sendings(isp_id=isp.pk)
        with isp_scope(isp):
            assert Sending.objects.count() == left


@pytest.mark.parametrize(
    ("text", "title"),
    [("{{ company }}: no water", "no water"), ("Hello {{ name }}, come", "Hello …, come"), ("{{ name }}", "…")],
)
def test_what_is_sent_is_called_by_its_words(text, title):
    assert Sending(text=text).title == title


def test_a_link_that_lets_in_is_made_for_each_and_not_for_the_forecast(isp, clerk, people):
    with isp_scope(isp):
        PortalUserFactory(subscriber=Subscriber.objects.get(number=11))
    page = draft(clerk, text="Pay: {{ autologin_url }}")
    assert "no open login for the link" in text_of(clerk.get(page))
    with isp_scope(isp):
        assert not AutoLoginLink.objects.exists()
    start(clerk, page, isp)
    work_off(isp)
    message = written(isp)["n11@mail.example"]
    assert "/go/" in message.text
    assert message.has_secret
    with isp_scope(isp):
        assert AutoLoginLink.objects.get().run == message.sending


def test_what_is_no_address_is_left_out_and_the_clock_of_a_zone_counts(isp, clerk, people, settings):
    with isp_scope(isp):
        Subscriber.objects.filter(number=13).update(email="foo@")
        people.timezone = "America/Tijuana"
        people.save()
        QuietHours.objects.create(pk=1, begins=time(0), ends=time(23, 59, 59), holds_mail=True)
    page = draft(clerk)
    assert "2 left out: no e-mail address" in text_of(clerk.get(page))
    start(clerk, page, isp)
    work_off(isp)
    rows = written(isp)
    assert set(rows) == {"n11@mail.example", "n12@mail.example"}
    here, there = rows["n11@mail.example"], rows["n12@mail.example"]
    assert there.data["zone"] == "America/Tijuana"
    assert "zone" not in here.data
    assert {here.due_at.astimezone(ZoneInfo("America/Mexico_City")).hour} == {23}
    assert there.due_at.astimezone(ZoneInfo("America/Tijuana")).hour == 23


def test_the_link_that_lets_in_stands_in_no_subject(isp, clerk, people):
    usual = {"audience": "everybody", "medium": "email", "kind": "service", "text": "{{ autologin_url }}"}
    answer = clerk.post(f"{MANY}new/", usual | {"subject": "Pay: {{ autologin_url }}"})
    assert answer.status_code == 422
    assert "can stand in the text only" in text_of(answer)


def test_a_zone_and_chosen_ones_are_written_to_alone(isp, clerk, people):
    page = draft(clerk, audience="zone", zone=people.pk)
    assert "1 customer will be written to" in text_of(clerk.get(page))
    answer = clerk.post(f"{MANY}begin/", {"chosen": [11, 13]})
    assert "You write to 2 subscribers" in text_of(clerk.get(answer["Location"]))
    answer = clerk.post(f"{MANY}begin/", {"query": "q=N12", "everything": "1"})
    assert "You write to 1 subscriber" in text_of(clerk.get(answer["Location"]))
    assert clerk.post(f"{MANY}begin/", {})["Location"].startswith(LIST)


def test_the_list_takes_the_same_queries_for_one_and_for_five(isp, clerk, people, count_queries):
    draft(clerk, subject="First")
    with count_queries() as one:
        assert "First" in text_of(clerk.get(MANY))
    for n in range(4):
        draft(clerk, subject=f"Other {n}", audience="zone", zone=people.pk)
    with count_queries() as five:
        assert "Other 3" in text_of(clerk.get(MANY))
    assert len(five) == len(one)


def test_who_may_only_read_messages_starts_nothing(isp, clerk, people):
    page = draft(clerk)
    reader = staff_client(isp, Role.READ_ONLY)
    assert "Send 3 messages" not in text_of(reader.get(page))
    assert reader.post(f"{page}act/", {"act": "start", "version": 1}).status_code == 403
    with isp_scope(isp):
        assert Sending.objects.get().state == "draft"
