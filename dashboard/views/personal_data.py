"""The client card: consents, a copy of all that is held on the person, and its erasure."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import uploads
from dashboard import card
from dashboard.access import staff_page
from dashboard.forms import AnswerForm, EraseForm
from subscribers.consent_forms import RecordConsentForm
from subscribers.models import ConsentDocument, PersonalExport, Subscriber
from subscribers.services import consents, erasures, personal_exports, personal_requests
from tenants.roles import Right

SHOWN = 30


@staff_page(Right.SEE_SUBSCRIBERS)
@require_safe
def overview(request: HttpRequest, number: int) -> HttpResponse:
    """What the subscriber consents to, what was asked about the data, and the copies of it."""
    return _page(request, card.fetch(number, with_erased=True))


def _page(request: HttpRequest, found: Subscriber, status: int = 200, **more: Any) -> HttpResponse:
    past = found.consents.exclude(ended_at=None).select_related("document", "version")
    exports = list(found.personal_exports.all()[:SHOWN])
    context = {
        "standing": [] if found.is_erased else consents.standing_of(found),
        "past": past[:SHOWN],
        "consent_form": RecordConsentForm(subscriber=found),
        "requests": found.personal_requests.all()[:SHOWN],
        "answer_form": AnswerForm(),
        "exports": exports,
        "is_under_way": any(export.is_under_way for export in exports),
        "kept_for": personal_exports.KEPT_FOR.days,
    }
    return card.show(request, found, "personal-data", context | more, template="card_personal_data", status=status)


def _back(request: HttpRequest, number: int) -> HttpResponse:
    return redirect("subscriber-personal-data", slug=request.isp.slug, number=number)


@staff_page(Right.WORK_SUBSCRIBERS)
@require_POST
def give(request: HttpRequest, number: int, consent: UUID) -> HttpResponse:
    """Write down that the subscriber agreed, to the version that this page showed."""
    found, document = card.fetch(number), get_object_or_404(ConsentDocument, uuid=consent)
    form = RecordConsentForm(request.POST, subscriber=found)
    version = request.POST.get("version", "")
    if not form.is_valid() or not version.isdecimal():
        return _page(request, found, status=422, consent_form=form, refused=document)
    said = {"document": document, "version": int(version), "at": timezone.now(), **form.cleaned_data}
    try:
        consents.give(by=request.user, subscriber=found, **said)
    except consents.OtherVersion:
        messages.error(request, _("A newer version has been published. Read it to the subscriber and record that."))
    except consents.NotOnOffer:
        messages.error(request, _("Nobody is asked for this consent any more."))
    else:
        messages.success(request, _("The consent was written down."))
    return _back(request, number)


@staff_page(Right.WORK_SUBSCRIBERS)
@require_POST
def withdraw(request: HttpRequest, number: int, consent: UUID) -> HttpResponse:
    """Write down that the subscriber takes it back."""
    found, document = card.fetch(number), get_object_or_404(ConsentDocument, uuid=consent)
    form = RecordConsentForm(request.POST, subscriber=found)
    if not form.is_valid():
        return _page(request, found, status=422, consent_form=form, refused=document)
    how = form.cleaned_data["how"]
    if consents.withdraw(by=request.user, subscriber=found, document=document, how=how, at=timezone.now()):
        messages.success(request, _("The withdrawal was written down. It counts at once."))
    else:
        messages.info(request, _("This consent does not stand any more."))
    return _back(request, number)


@staff_page(Right.PERSONAL_DATA)
@require_POST
def export(request: HttpRequest, number: int) -> HttpResponse:
    """Have a copy of everything made."""
    found = card.fetch(number)
    language = translation.get_language() or request.isp.language
    personal_exports.ask(by=request.user, isp_id=request.isp.pk, subscriber=found, language=language)
    messages.success(request, _("The copy is being made. It appears on this page in a moment."))
    return _back(request, number)


@staff_page(Right.PERSONAL_DATA)
@require_safe
def download(request: HttpRequest, number: int, parcel: UUID) -> HttpResponse:
    """The copy itself."""
    orders = PersonalExport.objects.filter(subscriber__number=number, state=PersonalExport.State.DONE)
    order = get_object_or_404(orders.select_related("file", "subscriber"), uuid=parcel)
    if order.file is None:
        raise Http404
    response = uploads.serve(order.file)
    personal_exports.note_download(by=request.user, order=order)
    return response


@staff_page(Right.PERSONAL_DATA)
@require_POST
def answer(request: HttpRequest, number: int, wish: UUID) -> HttpResponse:
    """Tell the subscriber what came of what was asked for in the portal."""
    found, form = card.fetch(number), AnswerForm(request.POST)
    row = get_object_or_404(found.personal_requests, uuid=wish)
    if not form.is_valid():
        return _page(request, found, status=422, answer_form=form, refused=row)
    said = {"is_granted": form.is_granted, "text": form.cleaned_data["answer"], "at": timezone.now()}
    try:
        personal_requests.answer(by=request.user, isp=request.isp, wish=row, **said)
    except personal_requests.NotOpen:
        messages.warning(request, _("Somebody was quicker: this request has been answered."))
    else:
        messages.success(request, _("The subscriber is told of your answer."))
    return _back(request, number)


@staff_page(Right.PERSONAL_DATA)
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, number: int) -> HttpResponse:
    """What an erasure deletes, empties and keeps; and, once the number was typed and meant, the erasure itself."""
    found = card.fetch(number)
    form = EraseForm(request.POST if request.method == "POST" else None, number=found.number)
    if not form.is_bound or not form.is_valid():
        return _erase_page(request, found, form, 422 if form.is_bound else 200)
    tell = form.cleaned_data["tell"]
    try:
        erasures.erase(by=request.user, isp=request.isp, subscriber=found, at=timezone.now(), tell=tell)
    except erasures.CannotErase:
        return _erase_page(request, found, form, 409)
    messages.success(request, _("All that need not be kept was erased."))
    return _back(request, number)


def _erase_page(request: HttpRequest, found: Subscriber, form: EraseForm, status: int) -> HttpResponse:
    context = {"form": form, "survey": erasures.survey(subscriber=found)}
    return card.show(request, found, "personal-data", context, template="card_erase", status=status)
