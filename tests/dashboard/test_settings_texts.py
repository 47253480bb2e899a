"""The page on which an ISP writes its own words."""

import pytest
from django.utils import timezone

from billing.models import ReminderRule
from billing.services import debt_mails
from company.models import InvoiceGroup, Profile
from core.scope import isp_scope
from messaging.models import ChannelAccount, Message, OwnText
from tests.dashboard.settings_pages import staff_client, text_of
from tests.factories.billing import AT, owe
from tests.factories.subscribers import SubscriberFactory

REMINDER = "/wispmega/settings/texts/billing-reminder/"
PAGE = "/wispmega/settings/texts/billing-return/"


@pytest.fixture
def admin(isp):
    return staff_client(isp)


def test_all_events_are_listed_with_what_is_said_in_own_words(admin, isp, count_queries):
    with isp_scope(isp):
        OwnText.objects.create(event="billing/cut", language="es", medium="sms", text="x", version=1)
    with count_queries() as first:
        page = text_of(admin.get("/wispmega/settings/texts/"))
    assert "Reminder of a bill" in page
    assert "SMS, Spanish" in page
    with isp_scope(isp):
        for group in ("Rural", "Centro"):
            row = {"event": "billing/cut", "language": "es", "medium": "email", "version": 1}
            OwnText.objects.create(**row, group=InvoiceGroup.objects.create(name=group))
    with count_queries() as second:
        assert "e-mail, Spanish, Rural" in text_of(admin.get("/wispmega/settings/texts/"))
    assert len(second) == len(first)


def test_the_built_in_text_stands_there_to_be_changed_and_is_then_said(admin, isp):
    page = text_of(admin.get(PAGE))
    assert "{{ company }}: your service is on again" in page
    assert 'data-insert="{{ link }}"' in page
    said = {"subject": "Back, {{ name }}", "text": "**On** again.\r\nBye", "seen": "0"}
    answer = admin.post(f"{PAGE}?language=en&medium=email", said)
    assert answer.headers["Location"] == f"{PAGE}?medium=email&language=en"
    with isp_scope(isp):
        row = OwnText.objects.get()
        assert (row.event, row.language, row.medium, row.group) == ("billing/return", "en", "email", None)
        assert (row.subject, row.text) == ("Back, {{ name }}", "**On** again.\nBye")
    page = text_of(admin.get(PAGE))
    assert "<strong>On</strong> again.<br>" in page
    assert "Version 1" in page
    # Whoever opened it before is told, and keeps what was typed.
    late = admin.post(PAGE, said | {"text": "Late words"})
    assert late.status_code == 422
    assert "Late words" in text_of(late)
    assert "Somebody else has saved this text" in text_of(late)


def test_a_bad_text_comes_back_with_what_is_wrong_and_nothing_is_saved(admin, isp):
    page = admin.post(PAGE, {"subject": "x", "text": "Hello\n{{ nmae }}", "seen": "0"})
    assert page.status_code == 422
    assert "Line 2: There is no variable “nmae”. Did you mean “name”?" in text_of(page)
    assert "{{ nmae }}" in text_of(page)
    with isp_scope(isp):
        assert not OwnText.objects.exists()


def test_the_preview_of_an_sms_is_spelled_and_counted_as_it_will_be_sent(admin, isp):
    form = {"act": "preview", "text": "“Hi” {{ name }}!", "seen": "0"}
    with isp_scope(isp):
        account = ChannelAccount.objects.create(channel="twilio", medium="sms", spelling="tidy")
    page = text_of(admin.post(f"{PAGE}?medium=sms", form))
    assert "&quot;Hi&quot; Rosa!" in page
    assert "these characters make it cost more" not in page
    with isp_scope(isp):
        ChannelAccount.objects.filter(pk=account.pk).update(spelling="as_is")
    page = text_of(admin.post(f"{PAGE}?medium=sms", form))
    assert "“Hi” Rosa!" in page
    assert "these characters make it cost more" in page


def test_only_a_text_for_sms_speaks_of_what_an_sms_costs(admin):
    hint = "longer than an SMS is paid as several"
    told = {
        medium
        for medium in ("email", "sms", "whatsapp", "push")
        if hint in text_of(admin.get(f"{PAGE}?medium={medium}"))
    }
    assert told == {"sms"}


def test_debts_are_named_in_the_preview_as_in_the_message(admin, isp):
    with isp_scope(isp):
        ana = SubscriberFactory(number=77, email="ana@mail.example")
        invoice = owe(ana, late=5)
        ReminderRule.objects.create(days=5)
        debt_mails.send_reminders(at=AT)
        assert f"- {invoice.number}: " in Message.objects.get().text
    form = {"act": "preview", "subject": "x", "text": "{{ invoices }} and {{ debts }}", "seen": "0", "customer": "77"}
    assert f"{invoice.number} and - {invoice.number}: " in text_of(admin.post(REMINDER, form))


def test_the_preview_has_the_values_of_a_customer_who_is_found(admin, isp):
    with isp_scope(isp):
        SubscriberFactory(first_name="Rosalinda", last_name="Prado", number=77)
        SubscriberFactory(first_name="Rosalinda", last_name="Ponce", number=78)
    form = {"act": "preview", "subject": "x", "text": "Hi {{ name }}!", "seen": "0"}
    assert "Hi Rosalinda!" in text_of(admin.post(PAGE, form | {"customer": "Prado"}))
    assert "Hi Rosalinda!" in text_of(admin.post(PAGE, form | {"customer": "78"}))
    several = text_of(admin.post(PAGE, form | {"customer": "Rosalinda"}))
    assert "77 · Rosalinda Prado" in several
    assert "Hi Rosalinda!" not in several
    assert "No customer fits" in text_of(admin.post(PAGE, form | {"customer": "Nobody"}))
    with isp_scope(isp):
        assert not OwnText.objects.exists()


def test_a_test_goes_to_oneself_and_changes_nothing(admin, isp, settings):
    settings.EMAIL_HOST = "localhost"
    with isp_scope(isp):
        Profile.objects.create(pk=1, display_name="Mega")
    page = text_of(admin.post(f"{PAGE}test/", {"subject": "Back at {{ company }}", "text": "*Hi*", "seen": "0"}))
    assert "A test is on its way" in page
    with isp_scope(isp):
        mail = Message.objects.get()
        assert mail.subject == "Test: Back at Mega"
        assert "<em>Hi</em>" in mail.html
        assert not OwnText.objects.exists()


def test_versions_are_used_again_and_the_built_in_text_too(admin, isp):
    for text in ("One.", "Two."):
        admin.post(PAGE, {"subject": "x", "text": text})
    with isp_scope(isp):
        row = OwnText.objects.get()
    admin.post(f"/wispmega/settings/texts/{row.uuid}/versions/1/")
    assert ">One.</textarea>" in text_of(admin.get(PAGE)).replace("\n", "")
    admin.post(f"/wispmega/settings/texts/{row.uuid}/back/")
    page = text_of(admin.get(PAGE))
    assert "The built-in text" in page
    assert "{{ company }}: your service is on again" in page
    missing = admin.post(f"/wispmega/settings/texts/{row.uuid}/versions/9/")
    assert missing.status_code == 404
    with isp_scope(isp):
        assert OwnText.objects.get().version == 4
        row.versions.filter(number=2).update(text="{{ was_renamed }}")
    gone = admin.post(f"/wispmega/settings/texts/{row.uuid}/versions/2/", follow=True)
    assert "Version 2 cannot be used again. Line 1:" in text_of(gone)


def test_a_text_that_can_no_longer_be_used_opens_to_be_mended(admin, isp):
    with isp_scope(isp):
        row = {"event": "billing/return", "language": "en", "medium": "email", "version": 1}
        OwnText.objects.create(**row, text="{{ was_renamed }}", problem="BadWording", problem_at=timezone.now())
    page = text_of(admin.get(PAGE))
    assert "{{ was_renamed }}</textarea>" in page
    assert "could not be used the last time" in page
    assert "could not be used on" in text_of(admin.get("/wispmega/settings/texts/"))


@pytest.mark.parametrize(
    "query", ["medium=fax", "language=xx", "group=1", "group=7b0c7a5e-0000-4000-8000-000000000000"]
)
def test_what_there_is_not_is_not_found(admin, query):
    answer = admin.get(f"{PAGE}?{query}")
    assert (answer.status_code, "Variables" in text_of(answer)) == (404, False)
