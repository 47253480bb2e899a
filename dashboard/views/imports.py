"""Customers from a file: the imports there are, where one stands, and taking one back."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from core import tables
from core.audit import record
from core.uploads import takes_files_of
from dashboard.access import staff_page
from imports.example import example_file
from imports.forms import RunForm, UploadForm
from imports.models import Batch, Preset
from imports.presets import BY_KEY
from imports.services import batches, results
from imports.services import rejects as reject_file
from imports.tables import RowTable
from tenants.roles import Right

SHOWN = 20  # imports in the list


@staff_page(Right.IMPORT)
@takes_files_of(batches.LIMIT)
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: HttpRequest) -> HttpResponse:
    """Bring a file, or go on with an earlier one."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if getattr(request, "upload_was_stopped", False):
        form.errors["file"] = form.error_class([batches.too_large()])
    elif form.is_bound and form.is_valid():
        try:
            batch = batches.take_file(upload=form.cleaned_data["file"], by=request.user, isp=request.isp)
            return redirect("import", slug=request.isp.slug, batch=batch.uuid)
        except batches.BadUpload as error:
            form.add_error("file", str(error))
    context = {
        "form": form,
        "batches": Batch.objects.all()[:SHOWN],
        "presets": Preset.objects.all(),
        "limit": batches.LIMIT,
    }
    return render(request, "dashboard/imports/list.html", context, status=422 if form.errors else 200)


@staff_page(Right.IMPORT)
@require_safe
def example(request: HttpRequest) -> HttpResponse:
    """A small file with the right titles, to be filled in."""
    response = HttpResponse(example_file(country=request.isp.country), content_type="text/csv; charset=utf-8")
    name = _("customers-example")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@staff_page(Right.IMPORT)
@require_safe
def page(request: HttpRequest, batch: UUID) -> HttpResponse:
    """Where an import stands: under way, to be mapped, checked, done, undone, not readable."""
    row = get_object_or_404(Batch, uuid=batch)
    if row.state == Batch.State.OPEN:
        return redirect("import-columns", slug=request.isp.slug, batch=batch)
    if row.is_working or row.state == Batch.State.FAILED:
        return render(request, "dashboard/imports/progress.html", progress_context(row))
    return result_page(request, row)


def result_page(request: HttpRequest, batch: Batch, form: RunForm | None = None, status: int = 200) -> HttpResponse:
    """What the check found, or what was imported."""
    view = request.GET.get("show", "")
    if not view and "show" not in request.GET and batch.counts.get("bad"):
        view = "bad"
    table = RowTable(results.shown_rows(batch, view=view, code=request.GET.get("problem", "")))
    tables.show(request, table, per_page=25)
    known = batches.earlier(batch) if batch.may_be_changed else None
    context = {
        "batch": batch,
        "step": 4 if batch.may_be_changed else 5,
        "system": BY_KEY.get(batch.system),
        "table": table,
        "tabs": results.tabs(batch),
        "view": view,
        "problem": request.GET.get("problem", ""),
        "groups": [] if batch.is_forgotten else results.groups(batch),
        "earlier": known,
        "to_load": sum(batch.counts.get(verdict, 0) for verdict in ("new", "update")),
        "run_form": form or RunForm(is_known=known is not None),
    }
    return render(request, "dashboard/imports/result.html", context, status=status)


def progress_context(batch: Batch) -> dict[str, Any]:
    """For the page that shows how far a task has got, and its part that is looked up again and again."""
    waits = batch.is_working and not batch.position and Batch.objects.at_work().filter(pk__lt=batch.pk).exists()
    return {"batch": batch, "waits": waits, "step": {"reading": 1, "failed": 1, "checking": 4}.get(batch.state, 5)}


@staff_page(Right.IMPORT)
@require_safe
def progress(request: HttpRequest, batch: UUID) -> HttpResponse:
    """How far the task has got; once it is done, on to what it came to."""
    row = get_object_or_404(Batch, uuid=batch)
    if not row.is_working:
        return HttpResponseClientRedirect(f"/{request.isp.slug}/import/{batch}/")
    return render(request, "dashboard/imports/progress.html#bar", progress_context(row))


@staff_page(Right.IMPORT)
@require_safe
def rejects(request: HttpRequest, batch: UUID) -> HttpResponse:
    """The rows that were not taken, with the reasons, to be mended and loaded again."""
    row = get_object_or_404(Batch, uuid=batch)
    if row.is_working or row.is_forgotten or not row.counts.get("bad"):
        raise Http404
    record("imports.batch.rejects_downloaded", by=request.user, on=row, name=row.file_name)
    response = HttpResponse("".join(reject_file.lines(row)).encode(), content_type="text/csv; charset=utf-8")
    ending = _("refused")
    name = quote(f"{row.file_name.rpartition('.')[0] or row.file_name}-{ending}.csv")
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@staff_page(Right.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, batch: UUID) -> HttpResponse:
    """Ask once more, then take an import back."""
    row = get_object_or_404(Batch, uuid=batch)
    if request.method == "POST":
        try:
            batches.undo(batch=row, by=request.user, isp=request.isp)
        except batches.CannotDo:
            messages.warning(request, _("This import cannot be undone now: it is in another state."))
        return redirect("import", slug=request.isp.slug, batch=batch)
    if not row.may_be_undone:
        return redirect("import", slug=request.isp.slug, batch=batch)
    return render(request, "dashboard/imports/undo.html", {"batch": row})


@staff_page(Right.IMPORT)
@require_POST
def discard(request: HttpRequest, batch: UUID) -> HttpResponse:
    """Forget a file of which nothing is in the base."""
    row = get_object_or_404(Batch, uuid=batch)
    try:
        batches.discard(batch=row, by=request.user)
    except batches.CannotDo:
        messages.warning(request, _("This import cannot be discarded: it is under way or done."))
        return redirect("import", slug=request.isp.slug, batch=batch)
    messages.success(request, _("%(file)s was discarded. Nothing of it is in your base.") % {"file": row.file_name})
    return redirect("imports", slug=request.isp.slug)


@staff_page(Right.IMPORT)
@require_POST
def remove_preset(request: HttpRequest, preset: UUID) -> HttpResponse:
    """Forget a saved mapping."""
    batches.remove_preset(preset=get_object_or_404(Preset, uuid=preset), by=request.user)
    messages.success(request, _("The mapping was removed."))
    return redirect("imports", slug=request.isp.slug)
