"""The client card: contracts and papers, and who looked at them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import uploads
from core.pdf import BrokenPdf
from dashboard import card
from dashboard.access import staff_page
from dashboard.history import entries_of
from subscribers.card_forms import DocumentForm, NewDocumentForm
from subscribers.models import Subscriber, SubscriberDocument
from subscribers.services import documents as services
from tenants.roles import Right

LOOKS = 300  # the latest looks at a subscriber's papers, which are shown below each


@staff_page(Right.SEE_DOCUMENTS)
@require_safe
def documents(request: HttpRequest, number: int) -> HttpResponse:
    """The papers, each with those who looked at it."""
    return _list(request, card.fetch(number), NewDocumentForm())


def _list(request: HttpRequest, found: Subscriber, form: Any, status: int = 200) -> HttpResponse:
    rows = found.documents.select_related("file")
    looked = entries_of(SubscriberDocument.objects.filter(subscriber=found))
    looks: dict[str, list[Any]] = {}
    for entry in looked.filter(verb__in=(services.VIEWED, services.DOWNLOADED))[:LOOKS]:
        looks.setdefault(entry.target_id, []).append(entry)
    context = {"documents": [(row, looks.get(str(row.pk), [])) for row in rows], "form": form}
    return card.show(request, found, "documents", context, status=status)


@staff_page(Right.WORK_DOCUMENTS)
@require_POST
def add(request: HttpRequest, number: int) -> HttpResponse:
    """Keep another paper."""
    found = card.fetch(number)
    form = NewDocumentForm(request.POST, request.FILES)
    if not form.is_valid():
        return _list(request, found, form, status=422)
    data = dict(form.cleaned_data)
    try:
        services.add_document(by=request.user, subscriber=found, upload=data.pop("file"), **data)
    except uploads.BadUpload as error:
        form.add_error("file", str(error))
        return _list(request, found, form, status=422)
    messages.success(request, _("%(title)s was added.") % {"title": data["title"]})
    return redirect("subscriber-documents", slug=request.isp.slug, number=number)


def _paper(number: int, paper: UUID) -> SubscriberDocument:
    """The paper, fetched through its subscriber. Raises Http404."""
    found = get_object_or_404(Subscriber, number=number)
    return get_object_or_404(found.documents.select_related("file", "subscriber"), uuid=paper)


@staff_page(Right.WORK_DOCUMENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, number: int, paper: UUID) -> HttpResponse:
    """Call a paper something else, show it in the portal or not, or throw it away."""
    found, row = card.fetch(number), _paper(number, paper)
    form = DocumentForm(request.POST if request.method == "POST" else None, instance=_paper(number, paper))
    if form.is_bound and form.is_valid():
        changed = services.change_document(by=request.user, document=row, **form.cleaned_data)
        messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
        return redirect("subscriber-documents", slug=request.isp.slug, number=number)
    context = {"form": form, "document": row}
    status = 422 if form.is_bound else 200
    return card.show(request, found, "documents", context, template="document_form", status=status)


@staff_page(Right.WORK_DOCUMENTS)
@require_POST
def remove(request: HttpRequest, number: int, paper: UUID) -> HttpResponse:
    """Throw a paper away."""
    row = _paper(number, paper)
    services.remove_document(by=request.user, document=row)
    messages.success(request, _("%(title)s was removed.") % {"title": row.title})
    return redirect("subscriber-documents", slug=request.isp.slug, number=number)


@staff_page(Right.SEE_DOCUMENTS)
@require_safe
def view(request: HttpRequest, number: int, paper: UUID) -> HttpResponse:
    """A paper to look at: in place of its button for htmx, else as a page of its own."""
    row = _paper(number, paper)
    services.note_view(document=row, by=request.user)
    try:
        pages = [] if row.file.is_image else uploads.page_images(row.file)
    except (BrokenPdf, uploads.MissingFile):
        pages = None
    template = "document#view" if request.htmx and not request.htmx.boosted else "document"
    context = {"document": row, "pages": pages}
    return card.show(request, card.fetch(number), "documents", context, template=template)


@staff_page(Right.SEE_DOCUMENTS)
@require_safe
def image(request: HttpRequest, number: int, paper: UUID) -> HttpResponse:
    """A paper that is a picture."""
    row = _paper(number, paper)
    if not row.file.is_image:
        raise Http404
    services.note_view(document=row, by=request.user)
    return uploads.serve(row.file, inline=True)


@staff_page(Right.SEE_DOCUMENTS)
@require_safe
def sheet(request: HttpRequest, number: int, paper: UUID, sheet: int) -> HttpResponse:
    """One page of a PDF as a picture."""
    row = _paper(number, paper)
    if row.file.is_image:
        raise Http404
    services.note_view(document=row, by=request.user)
    return uploads.serve_page(row.file, sheet)


@staff_page(Right.SEE_DOCUMENTS)
@require_safe
def download(request: HttpRequest, number: int, paper: UUID) -> HttpResponse:
    """The file itself."""
    row = _paper(number, paper)
    services.note_view(document=row, by=request.user, download=True)
    return uploads.serve(row.file)
