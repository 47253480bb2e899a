"""Customers from a file, step by step: what the columns are, what is left open, the start."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.access import staff_page
from dashboard.views.imports import result_page
from imports.answers import unsure
from imports.forms import ColumnsForm, PresetForm, QuestionsForm, RunForm, SavePresetForm
from imports.models import Batch, Preset
from imports.presets import BY_KEY
from imports.services import batches
from imports.services.questions import TooMany, found_states, found_tariffs
from tenants.roles import Right


def _elsewhere(request: HttpRequest, batch: Batch) -> HttpResponse:
    """To where the import is by now, as when a colleague or a second click was quicker."""
    messages.info(
        request, _("This import is in another state by now: %(state)s.") % {"state": batch.get_state_display()}
    )
    return redirect("import", slug=request.isp.slug, batch=batch.uuid)


@staff_page(Right.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: HttpRequest, batch: UUID) -> HttpResponse:
    """What each column is."""
    row = get_object_or_404(Batch, uuid=batch)
    if not row.may_be_changed:
        return redirect("import", slug=request.isp.slug, batch=batch)
    form = ColumnsForm(request.POST if request.method == "POST" else None, batch=row)
    if form.is_bound and form.is_valid():
        try:
            batches.choose_columns(batch=row, mapping=form.mapping, isp=request.isp)
        except batches.CannotDo:
            return _elsewhere(request, row)
        return redirect("import-questions", slug=request.isp.slug, batch=batch)
    return _columns_page(request, row, form)


def _columns_page(
    request: HttpRequest, batch: Batch, form: ColumnsForm, save_form: SavePresetForm | None = None
) -> HttpResponse:
    context = {
        "batch": batch,
        "form": form,
        "step": 2,
        "system": BY_KEY.get(batch.system),
        "earlier": batches.earlier(batch),
        "preset_form": PresetForm(),
        "has_presets": Preset.objects.exists(),
        "save_form": save_form or SavePresetForm(),
    }
    is_wrong = bool(form.errors or (save_form and save_form.errors))
    return render(request, "dashboard/imports/columns.html", context, status=422 if is_wrong else 200)


@staff_page(Right.IMPORT)
@require_POST
def use_preset(request: HttpRequest, batch: UUID) -> HttpResponse:
    """Map the columns as a saved mapping says."""
    row = get_object_or_404(Batch, uuid=batch)
    form = PresetForm(request.POST)
    if form.is_valid():
        try:
            batches.use_preset(batch=row, preset=form.cleaned_data["preset"], isp=request.isp)
        except batches.CannotDo:
            return _elsewhere(request, row)
        messages.success(request, _("The columns are read as in “%(name)s”.") % {"name": form.cleaned_data["preset"]})
    return redirect("import", slug=request.isp.slug, batch=batch)


@staff_page(Right.IMPORT)
@require_POST
def save_preset(request: HttpRequest, batch: UUID) -> HttpResponse:
    """Keep the mapping for the next file with these titles."""
    row = get_object_or_404(Batch, uuid=batch)
    form = SavePresetForm(request.POST)
    if form.is_valid():
        preset = batches.save_preset(batch=row, name=form.cleaned_data["name"], by=request.user)
        messages.success(
            request, _("“%(name)s” was saved. Files with these titles are read like this.") % {"name": preset}
        )
    elif row.may_be_changed:
        return _columns_page(request, row, ColumnsForm(batch=row), form)
    return redirect("import", slug=request.isp.slug, batch=batch)


@staff_page(Right.IMPORT)
@require_POST
def read_again(request: HttpRequest, batch: UUID) -> HttpResponse:
    """Another sheet, or other titles."""
    row = get_object_or_404(Batch, uuid=batch)
    titles = request.POST.get("titles", "")
    sheet = request.POST.get("sheet", row.sheet)
    try:
        batches.read_again(
            batch=row,
            sheet=sheet if sheet in row.sheets else row.sheet,
            titles=titles if titles in {"yes", "no"} else "",
            isp=request.isp,
        )
    except batches.CannotDo:
        return _elsewhere(request, row)
    return redirect("import", slug=request.isp.slug, batch=batch)


@staff_page(Right.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def questions(request: HttpRequest, batch: UUID) -> HttpResponse:
    """What the columns leave open; then every row is checked."""
    row = get_object_or_404(Batch, uuid=batch)
    if not row.may_be_changed:
        return redirect("import", slug=request.isp.slug, batch=batch)
    try:
        found = {"words": found_states(row), "plans": found_tariffs(row), "unsure": unsure(row.columns, row.mapping)}
    except TooMany as error:
        text = _("“%(column)s” holds so many different words that it can hardly be what you chose.")
        messages.warning(request, text % {"column": error})
        return redirect("import-columns", slug=request.isp.slug, batch=batch)
    form = QuestionsForm(request.POST if request.method == "POST" else None, batch=row, **found)
    if form.is_bound and form.is_valid():
        try:
            batches.check(batch=row, answers=form.answers, isp=request.isp)
        except batches.CannotDo:
            return _elsewhere(request, row)
        return redirect("import", slug=request.isp.slug, batch=batch)
    context = {"batch": row, "form": form, "step": 3, "earlier": batches.earlier(row)}
    return render(request, "dashboard/imports/questions.html", context, status=422 if form.errors else 200)


@staff_page(Right.IMPORT)
@require_POST
def run(request: HttpRequest, batch: UUID) -> HttpResponse:
    """Import what was checked."""
    row = get_object_or_404(Batch, uuid=batch)
    if row.state != Batch.State.CHECKED:
        return _elsewhere(request, row)
    form = RunForm(request.POST, is_known=batches.earlier(row) is not None)
    if not form.is_valid():
        return result_page(request, row, form, status=422)
    try:
        batches.run(batch=row, by=request.user, isp=request.isp)
    except batches.CannotDo:
        row.refresh_from_db()
        return _elsewhere(request, row)
    return redirect("import", slug=request.isp.slug, batch=batch)
