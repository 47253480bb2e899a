"""Install requests as staff see them."""

from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from company.access import link_identifier
from core import tables, uploads
from core.pdf import BrokenPdf
from dashboard.access import staff_page
from dashboard.history import looks_at
from domains.links import portal_url
from preinstall.filters import RequestFilter
from preinstall.forms import CommentForm, StateForm
from preinstall.models import InstallRequest, RequestDocument, State
from preinstall.services import requests as services
from preinstall.tables import RequestTable
from tenants.roles import Right

SIMILAR = 10  # shown of each kind
LOOKS = 20  # shown of a document


@staff_page(Right.SEE_REQUESTS)
@require_safe
def request_list(request: HttpRequest) -> HttpResponse:
    """All install requests, searched and filtered, with how many are in which state."""
    rows = InstallRequest.objects.all()
    counts = dict(rows.order_by().values_list("state").annotate(Count("pk")))
    found = RequestFilter(request.GET, queryset=rows)
    table = RequestTable(found.qs)
    tables.show(request, table, per_page=25)
    context = {
        "table": table,
        "filter": found,
        "counters": [(state, counts.get(state.value, 0)) for state in State],
        "is_empty": not counts,
        "form_url": portal_url(request.isp, f"/install/{link_identifier(request.isp)}/"),
    }
    return render(request, "dashboard/requests/list.html", context, status=200 if found.form.is_valid() else 422)


@staff_page(Right.SEE_REQUESTS)
@require_safe
def request_page(request: HttpRequest, number: int) -> HttpResponse:
    """One request: who, where, documents, what looks the same, comments and history."""
    return _page(request, get_object_or_404(InstallRequest, number=number))


def _page(
    request: HttpRequest,
    found: InstallRequest,
    comment_form: CommentForm | None = None,
    state_form: StateForm | None = None,
    status: int = 200,
) -> HttpResponse:
    subscribers = list(found.similar_subscribers()[:SIMILAR])
    requests = list(found.similar_requests()[:SIMILAR])
    context = {
        "install_request": found,
        "documents": found.documents.select_related("file"),
        "similar_subscribers": [(row, found.shared_with(row)) for row in subscribers],
        "similar_requests": [(row, found.shared_with(row)) for row in requests],
        "comments": found.staff_comments.all(),
        "history": found.state_changes.all(),
        "installations": found.installations.all(),
        "comment_form": comment_form or CommentForm(),
        "state_form": state_form or StateForm(),
    }
    return render(request, "dashboard/requests/page.html", context, status=status)


@staff_page(Right.WORK_REQUESTS)
@require_POST
def change_state(request: HttpRequest, number: int) -> HttpResponse:
    """Take into review, approve, reject with a reason, reopen."""
    found = get_object_or_404(InstallRequest, number=number)
    form = StateForm(request.POST)
    if not form.is_valid():
        return _page(request, found, state_form=form, status=422)
    try:
        found = services.change_state(request=found, by=request.user, **form.cleaned_data)
    except services.CannotChangeState:
        messages.warning(request, _("Somebody was quicker: the request is in another state now."))
    else:
        messages.success(request, _("The request is now: %(state)s.") % {"state": found.get_state_display()})
    return redirect("request", slug=request.isp.slug, number=number)


@staff_page(Right.WORK_REQUESTS)
@require_POST
def add_comment(request: HttpRequest, number: int) -> HttpResponse:
    """Add a note for colleagues."""
    found = get_object_or_404(InstallRequest, number=number)
    form = CommentForm(request.POST)
    if not form.is_valid():
        return _page(request, found, comment_form=form, status=422)
    services.add_comment(request=found, text=form.cleaned_data["text"], by=request.user)
    messages.success(request, _("The comment was added."))
    return redirect("request", slug=request.isp.slug, number=number)


def _document(number: int, document: UUID) -> RequestDocument:
    """The document, fetched through its request. Raises Http404."""
    found = get_object_or_404(InstallRequest, number=number)
    return get_object_or_404(found.documents.select_related("file", "request"), uuid=document)


@staff_page(Right.SEE_DOCUMENTS)
@require_safe
def document_page(request: HttpRequest, number: int, document: UUID) -> HttpResponse:
    """A document to look at: in place of its button for htmx, else as a page of its own."""
    found = _document(number, document)
    services.note_view(document=found, by=request.user)
    try:
        pages = [] if found.file.is_image else uploads.page_images(found.file)
    except (BrokenPdf, uploads.MissingFile):
        pages = None
    template = "dashboard/requests/document.html#view" if request.htmx else "dashboard/requests/document.html"
    context = {"document": found, "install_request": found.request, "pages": pages, "looks": looks_at(found)[:LOOKS]}
    return render(request, template, context)


@staff_page(Right.SEE_DOCUMENTS)
@require_safe
def document_image(request: HttpRequest, number: int, document: UUID) -> HttpResponse:
    """A document that is a picture."""
    found = _document(number, document)
    if not found.file.is_image:
        raise Http404
    services.note_view(document=found, by=request.user)
    return uploads.serve(found.file, inline=True)


@staff_page(Right.SEE_DOCUMENTS)
@require_safe
def document_sheet(request: HttpRequest, number: int, document: UUID, sheet: int) -> HttpResponse:
    """One page of a PDF document as a picture."""
    found = _document(number, document)
    if found.file.is_image:
        raise Http404
    services.note_view(document=found, by=request.user)
    return uploads.serve_page(found.file, sheet)


@staff_page(Right.SEE_DOCUMENTS)
@require_safe
def document_download(request: HttpRequest, number: int, document: UUID) -> HttpResponse:
    """The file itself."""
    found = _document(number, document)
    services.note_view(document=found, by=request.user, download=True)
    return uploads.serve(found.file)
