"""Whose words a message has: the group's, the ISP's, or our own; and that a text never costs a message."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.utils import translation

from company.models import Branding, InvoiceGroup, Profile
from core.models import AuditEntry
from messaging import services
from messaging.letters import markup_in
from messaging.models import ChannelAccount, Message, OwnText
from messaging.occasions import EVENTS
from messaging.reader import Reader, current_isp
from messaging.services import texts
from messaging.text_forms import TextForm
from messaging.texts import own_words, problem_of, starter, words_for
from messaging.wording import BadWording
from tenants.roles import Role
from tests.factories.staff import make_member
from tests.factories.subscribers import SubscriberFactory

BACK = "billing/return"


@pytest.fixture
def clerk(in_isp):
    return make_member(in_isp, Role.ADMIN, name="Ada Admin")


@pytest.fixture
def group(in_isp):
    return InvoiceGroup.objects.create(name="Rural")


def write(clerk, *, event=BACK, group=None, language="es", medium="email", subject="De vuelta", text="Ya, {{ name }}."):
    texts.save_text(by=clerk, event=event, group=group, language=language, medium=medium, subject=subject, text=text)


def said(event=BACK, *, medium="email", language="es", group=None, **context):
    return words_for(EVENTS[event], medium, language=language, group=group, context={"name": "Ana", **context})


# Every event


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_event_has_words_of_ours_that_can_be_changed_and_say_the_same(in_isp, name, language):
    event, reader = EVENTS[name], Reader(current_isp())
    with translation.override(language):
        sample = event.sample(reader)
        for medium in event.media:
            subject, text = starter(event, medium, reader=reader)
            form = TextForm({"subject": subject or "x", "text": text}, event=event, medium=medium)
            assert form.is_valid(), form.errors
            ours = words_for(event, medium, language=language, context=sample)
            theirs = own_words(event, medium, subject=subject, text=text, context=sample, reader=reader)
            assert theirs.text.split() == ours.text.split()
            if medium == "email":
                assert theirs.subject == ours.subject
            assert all(each.reading(sample, reader) or each.may_miss or "days" in each.name for each in event.variables)


def test_short_texts_in_spanish_cost_one_sms(in_isp):
    """A letter outside the alphabet of phones halves what fits."""
    from messaging.texts import SPACES

    phones = set("@£$¥èéùìòÇ\nØøÅåÄÖÑÜ§¿äöñüà¡É !\"#%&'()*+,-./:;<=>?_…") - {"…"}
    reader = Reader(current_isp())
    with translation.override("es"):
        for event in EVENTS.values():
            text = str(event.short).translate(SPACES).replace("{", "").replace("}", "")
            assert {letter for letter in text if not (letter.isascii() and letter.isalnum())} <= phones, event.name
            if event.short and not event.has_secret:
                assert len(words_for(event, "sms", language="es", context=event.sample(reader)).text) <= 160, event.name


def test_every_mail_of_an_isp_is_an_event():
    folder = Path(settings.BASE_DIR) / "templates" / "emails"
    parts = {"billing/debts", "billing/foot", "preinstall/visit"}
    areas = ("billing", "payments", "portal", "preinstall", "subscribers")
    found = {f"{path.parent.name}/{path.stem}" for area in areas for path in (folder / area).glob("*.txt")}
    assert found - parts == set(EVENTS)


# Whose words


def test_the_group_comes_before_all_and_all_before_ours(clerk, group):
    other = InvoiceGroup.objects.create(name="Centro")
    write(clerk, text="Para todos.")
    write(clerk, group=group, text="Para Rural.")
    assert said(group=group.pk).text == "Para Rural.\n"
    assert said(group=other.pk).text == "Para todos.\n"
    assert said().text == "Para todos.\n"
    # Another language and another medium have none.
    assert "is on again" in said(language="en", group=group.pk).text
    assert "funciona de nuevo" in said(medium="sms", group=group.pk).text
    texts.use_built_in(by=clerk, row=OwnText.objects.get(group=group))
    assert said(group=group.pk).text == "Para todos.\n"


def test_a_mail_has_the_own_words_in_text_and_html(clerk, mailoutbox):
    Branding.objects.create(pk=1, colour="#7a1f5c")
    write(clerk, subject="Hola {{ name }}", text="**Ya** está, {{ name }}.\n\n[Su cuenta]({{ link }})")
    mail = services.send_mail(
        template=BACK,
        language="es",
        to="ana@mail.example",
        name="Ana *& Co*",
        link="https://wispmega.example/x?a=1&b=2",
    )
    assert mail.subject == "Hola Ana *& Co*"
    assert mail.text == "Ya está, Ana *& Co*.\n\nSu cuenta: https://wispmega.example/x?a=1&b=2\n"
    assert "<strong>Ya</strong> está, Ana *&amp; Co*." in mail.html
    assert '<a class="button" href="https://wispmega.example/x?a=1&amp;b=2"' in mail.html
    assert "background:#7a1f5c;color:#ffffff" in mail.html


def test_nothing_in_a_value_becomes_html_or_a_header(clerk):
    write(clerk, subject="{{ name }}", text="{{ name }} [x]({{ name }}) {{ link }}")
    words = said(name='<script>a</script>"><b>\r\nBcc: x@y.z', link="javascript:alert(1)")
    assert "\n" not in words.subject
    assert "<script" not in words.html
    assert "<b>" not in words.html
    assert 'href="javascript' not in words.html
    assert "&lt;script&gt;" in words.html


def test_a_text_that_cannot_be_used_costs_no_mail_and_staff_hear_of_it_once(clerk):
    Profile.objects.create(pk=1, email="oficina@wispmega.example")
    write(clerk)
    OwnText.objects.update(text="{{ was_renamed }}")
    for _ in range(2):
        services.send_mail(template=BACK, language="es", to="ana@mail.example", name="Ana")
    assert [mail.to for mail in Message.objects.order_by("pk")] == [
        "ana@mail.example",
        "oficina@wispmega.example",
        "ana@mail.example",
    ]
    assert "activo de nuevo" in Message.objects.filter(to="ana@mail.example").latest("pk").text
    assert "was_renamed" in problem_of(OwnText.objects.get())
    assert "was_renamed" in Message.objects.get(to="oficina@wispmega.example").text
    assert "/settings/texts/billing-return/" in Message.objects.get(to="oficina@wispmega.example").text
    # Saved again, it is as good as new.
    write(clerk, text="Ya.")
    assert OwnText.objects.get().problem == ""
    assert said().text == "Ya.\n"


def test_a_value_that_cannot_be_read_is_no_reason_either(clerk):
    write(clerk, event="billing/cut", text="{{ rule }}", subject="x")
    words = said("billing/cut", suspension=SimpleNamespace(), debts=[], total=0)
    assert words.failed == OwnText.objects.get()
    assert "suspendido" in words.subject


def test_whatsapp_gets_its_approved_text_with_what_stands_in_its_places(clerk):
    row = {"name": "service_on", "language": "es_MX", "state": "approved", "text": "Hola {{1}}, {{2}}. {{1}}"}
    ChannelAccount.objects.create(channel="whatsapp", medium="whatsapp", approved=[row])
    texts.save_text(
        by=clerk,
        event=BACK,
        group=None,
        language="es",
        medium="whatsapp",
        subject="",
        text="…",
        approved="service_on:es_MX",
        holes={"body:1": "{{ name }}", "body:2": "de {{ company }}"},
    )
    words = said(medium="whatsapp")
    assert words.text == "Hola Ana, de WispMega. Ana"
    assert words.data["holes"] == {"body:1": "Ana", "body:2": "de WispMega"}
    assert (words.data["template"], words.data["language"]) == ("service_on", "es_MX")
    assert said(medium="sms").data == {}
    # Once Meta approves it no more, ours is said and it is marked.
    ChannelAccount.objects.update(approved=[row | {"state": "disabled"}])
    words = said(medium="whatsapp")
    assert words.data == {}
    assert "WispMega" in words.text
    assert words.problem == "approved_text"
    words.failed.problem = words.problem
    assert "Meta does not approve" in problem_of(words.failed)
    form = TextForm({"text": "x", "approved": "Bill Due"}, event=EVENTS[BACK], medium="whatsapp")
    assert list(form.errors) == ["approved"]


# History


def test_every_version_stays_and_an_earlier_one_can_be_used_again(clerk):
    write(clerk, text="Uno.")
    write(clerk, text="Dos.")
    write(clerk, text="Dos.")  # nothing new
    row = OwnText.objects.get()
    texts.use_built_in(by=clerk, row=row)
    texts.use_built_in(by=clerk, row=row)
    texts.restore_text(by=clerk, row=row, number=1)
    kept = row.versions.order_by("number").values_list("number", "text", "is_on", "by_name")
    who = clerk.audit_label
    assert list(kept) == [
        (1, "Uno.", True, who),
        (2, "Dos.", True, who),
        (3, "Dos.", False, who),
        (4, "Uno.", True, who),
    ]
    assert said().text == "Uno.\n"
    verbs = AuditEntry.objects.filter(verb__startswith="messaging.text.").order_by("pk").values_list("verb", flat=True)
    assert [verb.rpartition(".")[2] for verb in verbs] == ["changed", "changed", "put_back", "changed"]


def test_whoever_saves_an_older_text_is_told(clerk):
    write(clerk, text="Uno.")
    values = {"event": BACK, "group": None, "language": "es", "medium": "email", "subject": "x", "text": "Tarde."}
    with pytest.raises(texts.ChangedMeanwhile):
        texts.save_text(by=clerk, **values, seen=0)
    assert OwnText.objects.get().text == "Uno."
    texts.save_text(by=clerk, **values, seen=1)  # the control
    assert OwnText.objects.get().text == "Tarde."


# What is refused on saving


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hola\n{{ nmae }}", "Line 2: There is no variable “nmae”. Did you mean “name”?"),
        ("Hola {{ name", "Line 1: “{{” is not closed"),
        ("Hola\n<script>alert(1)</script>", "Line 2: “&lt;script&gt;alert(1)&lt;/script&gt;” is HTML"),
        ("<img src=x onerror=y>", "is HTML"),
        ("[x](javascript:alert(1))", "is HTML"),
        ("x" * (1 << 20), "1048576 characters"),
        ("  \n ", "Write something"),
    ],
)
def test_bad_texts_are_refused_at_the_field(text, words):
    form = TextForm({"subject": "x", "text": text}, event=EVENTS[BACK], medium="email")
    assert not form.is_valid()
    assert list(form.errors) == ["text"]
    assert words in str(form["text"].errors) or words in form["text"].errors.as_text()


def test_an_address_in_angle_brackets_is_no_html():
    assert markup_in("<https://wispmega.example/> y 3 < 4, a <- b") is None


def test_a_mail_that_lets_somebody_in_needs_its_link():
    form = TextForm({"subject": "x", "text": "Hola."}, event=EVENTS["portal/forgotten"], medium="email")
    assert "{{ link }}" in form.errors["text"][0]
    # Others have no link that lets in: theirs has another name for nobody.
    assert not any(each.has_secret for each in EVENTS["billing/reminder"].named.values())


def test_a_subscribers_group_decides(clerk, group):
    ana = SubscriberFactory(group=group)
    write(clerk, group=group, text="Rural.")
    mail = services.send_mail(template=BACK, language="es", to="a@b.example", group=ana.group_id, name="Ana")
    assert mail.text == "Rural.\n"


# What a value may not lose, and where one may not stand

TANGLED = "https://wispmega.example/go/a__b**c**d__e_[x](y)/"


def test_a_link_stays_whole_in_the_readable_text(clerk):
    """A link of random characters looks like Markdown now and then."""
    words = own_words(
        EVENTS["portal/forgotten"],
        "email",
        subject="x",
        text="**Here**: [choose]({{ link }}) or {{ link }} __now__",
        context={"name": "Ana", "username": "ana", "url": TANGLED},
        reader=Reader(current_isp()),
    )
    assert words.text.strip() == f"Here: choose: {TANGLED} or {TANGLED} now"


@pytest.mark.parametrize("name", ["portal/forgotten", "portal/auto_login", "portal/invitation", "portal/set_password"])
def test_no_subject_lets_anybody_in_since_it_is_kept(clerk, name):
    event = EVENTS[name]
    form = TextForm({"subject": "Yours: {{ link }}", "text": "{{ link }}"}, event=event, medium="email")
    assert "in the text only" in form.errors["subject"][0]
    # Nor one that was saved before that was refused: the built-in words go.
    OwnText.objects.create(event=name, language="en", medium="email", subject="{{ link }}", text="{{ link }}")
    words = words_for(event, "email", language="en", context=event.sample(Reader(current_isp())))
    assert "k3Jd" in words.text
    assert "k3Jd" not in words.subject
    assert words.failed


def test_a_version_that_speaks_of_what_is_gone_is_not_used_again(clerk):
    write(clerk, text="One.")
    row = OwnText.objects.get()
    row.versions.update(text="{{ was_renamed }}")
    with pytest.raises(BadWording):
        texts.restore_text(by=clerk, row=row, number=1)
    row.refresh_from_db()
    assert (row.text, row.version) == ("One.", 1)
