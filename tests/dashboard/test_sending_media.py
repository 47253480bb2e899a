"""Writing to many by WhatsApp and notifications, and in several languages."""

import pytest

from core.scope import isp_scope
from messaging.models import Browser, ChannelAccount, MessageSettings, OptOut, StoppedAddress
from messaging.outbox.carriers import parcel_of
from subscribers.models import PortalUser, Sending, Subscriber
from tests.dashboard.test_sendings import MANY, an_sms_channel, draft, start, work_off, written
from tests.dashboard.test_sendings import clerk as clerk
from tests.dashboard.test_sendings import people as people
from tests.dashboard.test_subscribers import text_of
from tests.factories.subscribers import PortalUserFactory

DUE = {"name": "due", "state": "approved", "kind": "utility"}
APPROVED = [
    DUE | {"language": "es_MX", "text": "Hola {{1}}, debe {{2}}."},
    DUE | {"language": "en_US", "text": "Hello {{1}}, you owe {{2}}. {{1}}, thanks."},
    DUE | {"language": "es", "name": "waits", "state": "pending", "text": "{{1}}"},
    DUE | {"language": "es", "name": "mixed", "text": "Hola {{customer}}, {{1}}"},
]


def person(number):
    return Subscriber.objects.get(number=number)


def spanish(number):
    """A customer who reads the portal in Spanish; the company's language is English."""
    PortalUserFactory(subscriber=person(number), language="es")


@pytest.fixture
def whatsapp(isp, people):
    with isp_scope(isp):
        return ChannelAccount.objects.create(channel="whatsapp", medium="whatsapp", price="0.0300", approved=APPROVED)


def places(*texts, end=""):
    """What is typed into the places of an approved text."""
    return {f"hole-body-{n + 1}{end}": text for n, text in enumerate(texts)}


def by_whatsapp(clerk, **values):
    usual = {"medium": "whatsapp", "approved": "due:en_US", **places("{{ name }}", "to {{ company }}")}
    return draft(clerk, **(usual | {"subject": "", "text": ""} | values))


def test_whatsapp_gets_an_approved_text_with_its_holes_filled_for_each(isp, clerk, people, whatsapp):
    with isp_scope(isp):
        StoppedAddress.objects.create(medium="whatsapp", address="+525512345615", reason="opt_out")
        OptOut.objects.create(subscriber_key=person(13).pk, kind="service", medium="whatsapp")
    page = by_whatsapp(clerk)
    shown = text_of(clerk.get(page))
    assert "2 customers will be written to" in shown
    assert "1 left out: no mobile number for WhatsApp" in shown
    assert "1 left out: the address is stopped" in shown
    assert "1 left out: wants no messages of this kind" in shown
    assert "0.06" in shown
    start(clerk, page, isp)
    work_off(isp)
    found = written(isp)
    assert set(found) == {"+525512345611", "+525512345612"}
    with isp_scope(isp):
        one = parcel_of(found["+525512345611"])
    assert one.data["holes"] == {"body:1": "N11", "body:2": "to WispMega"}
    assert (one.data["template"], one.data["language"]) == ("due", "en_US")
    assert one.text == "Hello N11, you owe to WispMega. N11, thanks."
    assert str(found["+525512345611"].price) == "0.0300"


def test_each_language_has_its_own_approved_text(isp, clerk, people, whatsapp):
    with isp_scope(isp):
        spanish(12)
    page = by_whatsapp(clerk, approved_es="due:es_MX", **places("{{ name }}", "el domingo", end="--es"))
    assert "Hola N12, debe el domingo." in text_of(clerk.get(page))
    start(clerk, page, isp)
    work_off(isp)
    said = {to: (row.language, row.data["language"]) for to, row in written(isp).items()}
    assert said["+525512345612"] == ("es", "es_MX")
    assert said["+525512345611"] == ("en", "en_US")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"approved": ""}, "Choose an approved text"),
        ({"approved": "waits:es"}, "is not one of the available choices"),
        ({"approved": "mixed:es"}, "is not one of the available choices"),
        ({"hole-body-2": " "}, "Say what stands here"),
        ({"hole-body-2": "{{ nmae }}"}, "Did you mean “name”?"),
        ({"approved_es": "due:es_MX", "hole-body-1--es": "x"}, "Say what stands here"),
    ],
)
def test_an_approved_text_is_filled_as_it_has_to_be(isp, clerk, people, whatsapp, values, says):
    usual = {"audience": "everybody", "medium": "whatsapp", "kind": "service", "approved": "due:en_US"}
    answer = clerk.post(f"{MANY}new/", usual | places("a", "b") | values)
    assert answer.status_code == 422
    assert says in text_of(answer)
    with isp_scope(isp):
        assert not Sending.objects.exists()


def test_a_text_that_is_approved_no_more_is_sent_to_nobody_else(isp, clerk, people, whatsapp):
    page = by_whatsapp(clerk)
    with isp_scope(isp):
        ChannelAccount.objects.update(approved=APPROVED[:1])
    assert "The text “due:en_US” cannot be sent" in text_of(clerk.get(page))
    assert "Nobody can be written to so." in text_of(start(clerk, page, isp, seen="4 0.12"))
    with isp_scope(isp):
        ChannelAccount.objects.update(approved=APPROVED)
    start(clerk, page, isp)
    with isp_scope(isp):
        ChannelAccount.objects.update(approved=APPROVED[:1])
    work_off(isp)
    with isp_scope(isp):
        assert (Sending.objects.get().state, Sending.objects.get().problem) == ("paused", "template")
    assert not written(isp)


def test_notifications_go_to_every_browser_of_who_has_one(isp, clerk, people):
    with isp_scope(isp):
        ChannelAccount.objects.create(channel="web_push", medium="push", price="0.0100")
        MessageSettings.objects.update_or_create(pk=1, defaults={"daily_most": 1})
        for number, browsers in ((11, 2), (12, 1)):
            login = PortalUserFactory(subscriber=person(number))
            for n in range(browsers):
                key = {"owner_key": login.pk, "subscriber_key": person(number).pk}
                Browser.objects.create(digest=f"{number}-{n}", endpoint="e", p256dh="p", auth="a", **key)
        closed = PortalUserFactory(subscriber=person(13))
        Browser.objects.create(
            digest="c", endpoint="e", p256dh="p", auth="a", owner_key=closed.pk, subscriber_key=person(13).pk
        )
        PortalUser.objects.filter(pk=closed.pk).update(is_active=False)
    page = draft(clerk, medium="push", subject="Work", text="On Sunday, {{ name }}")
    shown = text_of(clerk.get(page))
    assert "2 customers will be written to" in shown
    assert "In 3 browsers" in shown
    assert "3 left out: no browser that takes notifications" in shown
    start(clerk, page, isp)
    work_off(isp)
    work_off(isp)
    with isp_scope(isp):
        row = Sending.objects.get()
        assert (row.state, row.written, row.left_out_count) == ("done", 2, 3)
        rows = {str(uuid) for uuid in Browser.objects.exclude(digest="c").values_list("uuid", flat=True)}
    found = written(isp)
    assert set(found) == rows
    assert {(each.subject, each.from_name) for each in found.values()} == {("Work", "WispMega")}
    # Two browsers are one message of the day.
    assert "2 left out: has got as many today" in text_of(clerk.get(draft(clerk, medium="push", subject="A", text="B")))


def test_a_notification_needs_no_link_that_lets_in(isp, clerk, people):
    values = {"audience": "everybody", "medium": "push", "kind": "service", "text": "Pay: {{ autologin_url }}"}
    answer = clerk.post(f"{MANY}new/", values)
    assert answer.status_code == 422
    assert "opens the portal by itself" in text_of(answer)


def test_each_gets_their_language_and_else_that_of_the_company(isp, clerk, people):
    with isp_scope(isp):
        an_sms_channel()
        spanish(12)
        MessageSettings.objects.update_or_create(pk=1, defaults={"budget": "9.00"})
    long = "Hola {{ name }} " + "ł" * 80
    page = draft(clerk, medium="sms", subject="", text="Hello {{ name }}", text_es=long)
    shown = text_of(clerk.get(page))
    assert "Hello N11" in shown
    assert "Hola N12" in shown
    assert "ł U+0142 × 1" in shown
    for line in ("English 3 3 ", "Spanish 1 2 "):  # customers, segments
        assert line in " ".join(shown.split())
    start(clerk, page, isp)
    work_off(isp)
    said = {to: (row.language, row.text[:4], row.segments) for to, row in written(isp).items()}
    assert said["+525512345612"] == ("es", "Hola", 2)
    assert said["+525512345611"] == ("en", "Hell", 1)
    assert len(said) == 4


def test_a_language_without_words_is_not_kept_and_half_ones_are_refused(isp, clerk, people):
    draft(clerk, subject_es="", text_es=" ")
    with isp_scope(isp):
        assert [each.language for each in Sending.objects.get().versions] == ["en"]
    usual = {"audience": "everybody", "medium": "email", "kind": "service", "subject": "S", "text": "T"}
    answer = clerk.post(f"{MANY}new/", usual | {"text_es": "Hola {{ nmae }}"})
    assert answer.status_code == 422
    assert "Did you mean “name”?" in text_of(answer)
    assert "An e-mail needs a subject." in text_of(answer)
    assert "Hola {{ nmae }}" in answer.content.decode()


def test_words_in_two_languages_are_there_when_the_draft_is_opened_again(isp, clerk, people, whatsapp):
    page = draft(clerk, subject_es="Obras", text_es="Hola")
    answer = clerk.get(f"{page}edit/").content.decode()
    assert 'value="Obras"' in answer
    assert ">\nHola</textarea>" in answer
    page = by_whatsapp(clerk, approved_es="due:es_MX", **places("a", "b", end="--es"))
    answer = clerk.get(f"{page}edit/").content.decode()
    assert '<option value="due:es_MX" selected>' in answer
    assert 'name="hole-body-1--es" value="a"' in answer
