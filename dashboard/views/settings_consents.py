"""Settings: what subscribers are asked to consent to, in versions, and who has given what."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import tables
from dashboard.access import staff_page
from dashboard.tables import ConsentTable
from dashboard.views.settings import bound, section_page
from subscribers.consent_forms import ConsentDocumentForm, DraftForm, NewConsentForm
from subscribers.models import Consent, ConsentDocument
from subscribers.services import consents as services
from tenants.roles import Right


@staff_page(Right.SETTINGS)
@require_safe
def consents(request: HttpRequest) -> HttpResponse:
    """The documents, each with how many have given it."""
    return section_page(request, "consents", {"documents": services.documents_with_counts()})


@staff_page(Right.SETTINGS)
def add(request: HttpRequest) -> HttpResponse:
    """Another document, with a draft of its text."""
    form = NewConsentForm(**bound(request))
    if form.is_bound and form.is_valid():
        row = services.add_document(by=request.user, **form.cleaned_data)
        messages.success(request, _("The draft is kept. Nobody sees it until you publish it."))
        return _to_document(request, row)
    return section_page(request, "consents", {}, template="consent_add", form=form)


def _to_document(request: HttpRequest, row: ConsentDocument) -> HttpResponse:
    return redirect("settings-consent", slug=request.isp.slug, consent=row.uuid)


def _document(consent: UUID) -> ConsentDocument:
    return get_object_or_404(ConsentDocument, uuid=consent)


@staff_page(Right.SETTINGS)
def document(request: HttpRequest, consent: UUID) -> HttpResponse:
    """One document: title and givers, its versions, and the draft of the next one."""
    row = _document(consent)
    form = ConsentDocumentForm(**bound(request), instance=_document(consent))
    if form.is_bound and form.is_valid():
        changed = services.change_document(by=request.user, document=row, values=form.cleaned_data)
        messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
        return _to_document(request, row)
    return _page(request, row, form=form)


def _page(request: HttpRequest, row: ConsentDocument, *, form: Any, draft: DraftForm | None = None) -> HttpResponse:
    versions = list(row.versions.all())
    published = next((version for version in versions if not version.is_draft), None)
    waiting = next((version for version in versions if version.is_draft), None)
    text = (waiting or published).text if versions else ""
    context = {
        "document": row,
        "versions": [version for version in versions if not version.is_draft],
        "published": published,
        "draft": waiting,
        "draft_form": draft or DraftForm(initial={"text": text}),
        "standing": row.consents.standing().count(),
    }
    answer = section_page(request, "consents", context, template="consent", form=form)
    answer.status_code = 422 if draft is not None and draft.errors else answer.status_code
    return answer


@staff_page(Right.SETTINGS)
@require_POST
def draft(request: HttpRequest, consent: UUID) -> HttpResponse:
    """Keep the text of the next version, or throw it away."""
    row, form = _document(consent), DraftForm(request.POST)
    if request.POST.get("then") == "discard":
        services.discard_draft(document=row)
        messages.success(request, _("The draft was thrown away."))
        return _to_document(request, row)
    if not form.is_valid():
        return _page(request, row, form=ConsentDocumentForm(instance=row), draft=form)
    services.write_draft(by=request.user, document=row, text=form.cleaned_data["text"])
    messages.success(request, _("The draft is kept. Nobody sees it until you publish it."))
    return _to_document(request, row)


@staff_page(Right.SETTINGS)
@require_POST
def publish(request: HttpRequest, consent: UUID) -> HttpResponse:
    """Put the draft in the place of the version of today."""
    row = _document(consent)
    try:
        version = services.publish(by=request.user, document=row, at=timezone.now())
    except services.NothingToPublish:
        messages.info(request, _("There is nothing new to publish."))
    else:
        messages.success(request, _("Version %(number)s is published.") % {"number": version.number})
    return _to_document(request, row)


@staff_page(Right.SETTINGS)
@require_safe
def version(request: HttpRequest, consent: UUID, version: int) -> HttpResponse:
    """The text of one version, as subscribers read it."""
    row = _document(consent)
    found = get_object_or_404(row.versions, number=version)
    return section_page(request, "consents", {"document": row, "version": found}, template="consent_version")


@staff_page(Right.SETTINGS)
@require_safe
def people(request: HttpRequest, consent: UUID) -> HttpResponse:
    """Who has given which version, how and when, and who has withdrawn it."""
    row = _document(consent)
    table = ConsentTable(Consent.objects.filter(document=row).select_related("subscriber", "version"))
    tables.show(request, table, per_page=50)
    return section_page(request, "consents", {"document": row, "table": table}, template="consent_people")
