"""Settings: the ISP's own words for what it writes to people."""

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from company.models import Branding, InvoiceGroup
from core.uploads import MissingFile, open_file
from dashboard.access import staff_page
from dashboard.message_samples import context_for, find_customer
from dashboard.views.settings import section_page
from messaging.approved import CannotFill
from messaging.approved_texts import origin_of_samples
from messaging.events.base import Event, Kind
from messaging.letters import logo_url
from messaging.models import ChannelAccount, Medium, OwnText, StaffPhone, TextVersion
from messaging.occasions import EVENTS, by_slug, name_of
from messaging.reader import Reader, Values
from messaging.services import can_send
from messaging.services import texts as services
from messaging.services.browsers import public_key
from messaging.services.writing import sms_spelling
from messaging.sms import Count, count, spelled
from messaging.text_forms import BY_PHONE, TextForm
from messaging.texts import Words, approved_words, built_in, own_words, problem_of, starter
from messaging.wording import BadWording, TooLong
from subscribers.models import Subscriber
from tenants.roles import Right

VERSIONS = 30  # that are shown
LOOKS = {"preview", "choose"}  # what asks for the page alone


@dataclass(frozen=True, slots=True)
class Target:
    """For what a text is: an event, and whose readers, in which language, by which medium."""

    event: Event
    group: InvoiceGroup | None
    language: str
    medium: Medium

    def query(self, **other: str) -> str:
        values = {"medium": self.medium.value, "language": self.language}
        values |= {"group": str(self.group.uuid)} if self.group else {}
        return urlencode({name: value for name, value in (values | other).items() if value})

    @property
    def key(self) -> dict[str, Any]:
        """By what the ISP's text for this is found."""
        values = {"event": self.event.name, "language": self.language, "medium": self.medium.value}
        return values | {"group": self.group}

    @property
    def row(self) -> OwnText | None:
        """The ISP's text for exactly this. One query."""
        return OwnText.objects.filter(**self.key).first()


def target_of(request: HttpRequest, slug: str) -> Target:
    event = by_slug(slug)
    language = request.GET.get("language", request.isp.language.split("-")[0])
    medium = request.GET.get("medium", Medium.EMAIL.value)
    if event is None or medium not in event.media or language not in dict(settings.LANGUAGES):
        raise Http404
    group = None
    if key := request.GET.get("group", ""):
        group = InvoiceGroup.objects.filter(uuid=_uuid(key)).first()
        if group is None:
            raise Http404
    return Target(event, group, language, Medium(medium))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error


@staff_page(Right.SETTINGS)
@require_safe
def texts(request: HttpRequest) -> HttpResponse:
    """All events, and which of them the ISP says in its own words."""
    own: dict[str, list[OwnText]] = {}
    for row in OwnText.objects.in_use().select_related("group"):
        own.setdefault(row.event, []).append(row)
    kinds = [
        (kind, [{"event": event, "own": own.get(event.name, [])} for event in EVENTS.values() if event.kind == kind])
        for kind in Kind
    ]
    broken = [(name_of(row.event), row) for rows in own.values() for row in rows if row.problem]
    context = {"kinds": [row for row in kinds if row[1]], "broken": broken}
    return section_page(request, "texts", context)


@staff_page(Right.SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def text(request: HttpRequest, event: str) -> HttpResponse:
    """One text: written, looked at with a customer's values, saved."""
    target = target_of(request, event)
    form = form_of(request, target)
    if request.method != "POST" or request.POST.get("act") in LOOKS or not form.is_valid():
        return text_page(request, target, form)
    try:
        changed = services.save_text(by=request.user, **target.key, **form.values)
    except services.ChangedMeanwhile:
        words = _("Somebody else has saved this text meanwhile. Compare with the history, then save again.")
        form.add_error(None, words)
        return text_page(request, target, form, meanwhile=True)
    messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
    return _back(request, target)


@staff_page(Right.SETTINGS)
@require_POST
def back(request: HttpRequest, text: UUID) -> HttpResponse:
    """Say it in the built-in words again."""
    row = get_object_or_404(OwnText.objects.select_related("group"), uuid=text)
    services.use_built_in(by=request.user, row=row)
    messages.success(request, _("The built-in text is used again. Yours stays in the history."))
    return _to_row(request, row)


@staff_page(Right.SETTINGS)
@require_POST
def restore(request: HttpRequest, text: UUID, version: int) -> HttpResponse:
    """Say it as in an earlier version."""
    row = get_object_or_404(OwnText.objects.select_related("group"), uuid=text)
    if row.event not in EVENTS:
        raise Http404
    try:
        services.restore_text(by=request.user, row=row, number=version)
    except TextVersion.DoesNotExist as error:
        raise Http404 from error
    except BadWording as problem:
        words = _("Version %(number)d cannot be used again. %(problem)s")
        messages.error(request, words % {"number": version, "problem": problem})
    else:
        messages.success(request, _("Version %(number)d is used again.") % {"number": version})
    return _to_row(request, row)


def _to_row(request: HttpRequest, row: OwnText) -> HttpResponse:
    event = EVENTS.get(row.event)
    if event is None:
        raise Http404
    return _back(request, Target(event, row.group, row.language, Medium(row.medium)))


def _back(request: HttpRequest, target: Target) -> HttpResponse:
    return redirect(f"/{request.isp.slug}/settings/texts/{target.event.slug}/?{target.query()}")


def form_of(request: HttpRequest, target: Target) -> TextForm:
    """What was sent, or what is said now: the own text, or the built-in one as one that can be changed."""
    what: dict[str, Any] = {"event": target.event, "medium": target.medium, "language": target.language}
    if request.method == "POST" and request.POST.get("act") != "choose":
        return TextForm(request.POST, **what)
    row = target.row
    if row is not None and row.is_on:
        subject, said = row.subject, row.text
    else:
        with translation.override(target.language):
            subject, said = starter(target.event, target.medium, reader=Reader(request.isp))
    initial = {"subject": subject, "text": said, "seen": row.version if row else 0}
    if row is not None and row.is_on:
        initial |= {"approved": row.approved, "holes": row.holes}
    if target.medium in BY_PHONE:
        mine = StaffPhone.objects.filter(by_id=request.user.pk).first()
        initial["phone"] = mine.phone if mine else ""
    # Of a text that has just been chosen nobody has filled the places yet, which is no mistake.
    return TextForm(initial=initial | request.POST.dict(), **what)


@dataclass(frozen=True, slots=True)
class Look:
    """What a customer would read; without words it is not clear whom the form means."""

    words: Words | None = None
    bubble: Mapping[str, Any] | None = None  # an approved text of WhatsApp, as messaging.approved.Bubble
    html: str = ""  # the whole mail
    cost: Count | None = None  # of an SMS
    customer: Subscriber | None = None
    several: tuple[Subscriber, ...] = ()


def look_at(request: HttpRequest, target: Target, form: TextForm) -> Look:
    """The text of a form with the values of the customer whom it names, or with made-up ones."""
    said: Any = form.cleaned_data if form.is_bound else form.initial
    text = (said.get("customer") or "").strip()
    customer, several = find_customer(text)
    if text and customer is None:
        form.add_error("customer", _("Choose one of them.") if several else _("No customer fits this search."))
        return Look(several=tuple(several))
    reader = Reader(request.isp)
    with translation.override(target.language):
        context = context_for(target.event, customer, reader)
        if form.template:
            return _look_at_approved(target, form, Values(target.event.named, context, reader), customer)
        wording = {"subject": said.get("subject", ""), "text": said["text"]}
        try:
            words = _words(target, form, context, reader, **wording)
        except (BadWording, TooLong):
            return Look(customer=customer)  # saved before a variable went, or too long with its values
    cost = None
    if target.medium == Medium.SMS:
        words = replace(words, text=spelled(words.text, sms_spelling()))
        cost = count(words.text)
    return Look(words, html=self_contained(words.html, reader), cost=cost, customer=customer)


def _look_at_approved(target: Target, form: TextForm, values: Values, customer: Subscriber | None) -> Look:
    """An approved text with somebody's values, or with its places where these are not filled yet."""
    said: Any = form.cleaned_data if form.is_bound else form.initial
    row = OwnText(**target.key | {"group": None}, approved=said.get("approved", ""), holes=said.get("holes") or {})
    try:
        words = approved_words(target.event, row, values, made_up=origin_of_samples(target.event))
    except (CannotFill, BadWording, TooLong):
        return Look(bubble=asdict(form.template.bubble) if form.template else None, customer=customer)
    return Look(words, bubble=words.data["shown"], customer=customer)


def _words(target: Target, form: TextForm, context: Any, reader: Reader, **wording: str) -> Words:
    """What the form says: the built-in mail where nothing of it was changed, else an own text."""
    row, event, medium = target.row, target.event, target.medium
    is_changed = form.is_bound and starter(event, medium, reader=reader) != tuple(wording.values())
    if medium == Medium.EMAIL and not (row is not None and row.is_on) and not is_changed:
        return built_in(event, medium, context=context, reader=reader)
    return own_words(target.event, target.medium, context=context, reader=reader, **wording)


def self_contained(html: str, reader: Reader) -> str:
    """A mail that loads nothing, for a page: with the logo in it."""
    branding = Branding.objects.select_related("logo").filter(pk=1).first()
    if not html or branding is None or branding.logo is None:
        return html
    try:
        with open_file(branding.logo) as source:
            data = base64.b64encode(source.read()).decode()
    except MissingFile:
        return html
    return html.replace(logo_url(branding, reader), f"data:{branding.logo.content_type};base64,{data}")


def text_page(
    request: HttpRequest, target: Target, form: TextForm, *, meanwhile: bool = False, look: Look | None = None
) -> HttpResponse:
    """The page of one text. `look` is what stands in the preview, where that is known already."""
    row, reader = target.row, Reader(request.isp)
    if meanwhile and row is not None:
        form.data = form.data.copy()
        form.data["seen"] = str(row.version)
    if look is None:
        look = look_at(request, target, form) if not form.is_bound or form.is_valid() or meanwhile else Look()
    with translation.override(target.language):
        values = Values(target.event.named, target.event.sample(reader), reader)
        examples = {name: values[name] for name in values}
    context = {
        "target": target,
        "event": target.event,
        "row": row,
        "is_own": row is not None and row.is_on,
        "problem": problem_of(row) if row is not None and row.problem else "",
        "variables": [(each, examples[each.name]) for each in target.event.named.values()],
        "look": look,
        "media": [(each, target.query(medium=each.value)) for each in target.event.media],
        "text_languages": [(code, name, target.query(language=code)) for code, name in settings.LANGUAGES],
        "groups": [(each, target.query(group=str(each.uuid))) for each in InvoiceGroup.objects.all()],
        "all_query": target.query(group=""),
        "versions": row.versions.all()[:VERSIONS] if row else [],
        "carrier": ChannelAccount.objects.carrying(target.medium).first(),
        "push_key": public_key() if target.medium == Medium.PUSH else "",
        "can_send": can_send(),
        "query": target.query(),
        "here": f"/{request.isp.slug}/settings/texts/{target.event.slug}/",
    }
    return section_page(request, "texts", context, template="text", form=form)
