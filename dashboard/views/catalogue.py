"""Tariffs, zones and routers: lists for all staff, changes for those who may."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from company.group_services import IsDefault
from core import tables
from core.usage import InUse, where_used
from dashboard.access import staff_page
from dashboard.catalogue import KINDS, ROUTERS, links_of, show, to_list
from subscribers.catalogue_tables import RouterServiceTable
from tenants.roles import Right


@staff_page(Right.SEE_SUBSCRIBERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """To the tariffs."""
    return redirect("catalogue-tariffs", slug=request.isp.slug)


@staff_page(Right.SEE_SUBSCRIBERS)
@require_safe
def listing(request: HttpRequest, kind: str) -> HttpResponse:
    """All of a kind, with how often each is used."""
    found = KINDS[kind]
    table = found.table(found.rows())
    tables.show(request, table, per_page=50)
    return show(request, found, {"table": table}, template="list")


@staff_page(Right.SEE_SUBSCRIBERS)
@require_safe
def router(request: HttpRequest, router: UUID) -> HttpResponse:
    """A router with its services and their addresses."""
    row = ROUTERS.get({"router": router})
    services = row.services.lasting().select_related("subscriber", "tariff")
    table = RouterServiceTable(services)
    tables.show(request, table, per_page=50)
    return show(request, ROUTERS, {"table": table, "row": row}, template="router")


@staff_page(Right.CATALOGUE)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, kind: str) -> HttpResponse:
    """One more of a kind."""
    found = KINDS[kind]
    form = found.form(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        row = found.add(by=request.user, **form.cleaned_data)  # type: ignore[misc]
        messages.success(request, _("%(name)s was added.") % {"name": row.name})
        return to_list(request, found)
    return show(request, found, {}, template="form", form=form)


@staff_page(Right.CATALOGUE)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, kind: str, **hole: UUID) -> HttpResponse:
    """Change one."""
    found = KINDS[kind]
    row = found.get(hole)
    form = found.form(request.POST if request.method == "POST" else None, instance=found.get(hole))
    if form.is_bound and form.is_valid():
        changed = found.change(by=request.user, **{found.noun: row}, **form.cleaned_data)  # type: ignore[misc]
        messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
        return to_list(request, found)
    return show(request, found, {"row": row}, template="form", form=form)


@staff_page(Right.CATALOGUE)
@require_POST
def switch(request: HttpRequest, kind: str, **hole: UUID) -> HttpResponse:
    """Take one out of use, or put it back."""
    found = KINDS[kind]
    row, is_active = found.get(hole), request.POST.get("is_active") == "1"
    found.switch(by=request.user, is_active=is_active, **{found.noun: row})  # type: ignore[misc]
    text = _("%(name)s is in use again.") if is_active else _("%(name)s is out of use. Who has it keeps it.")
    messages.success(request, text % {"name": row.name})
    return to_list(request, found)


@staff_page(Right.CATALOGUE)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, kind: str, **hole: UUID) -> HttpResponse:
    """Delete one that nothing uses; of any other, say what does."""
    found = KINDS[kind]
    row = found.get(hole)
    if request.method != "POST":
        return _deleting(request, found, row, where_used(row))
    try:
        found.delete(by=request.user, **{found.noun: row})  # type: ignore[misc]
    except InUse as error:
        return _deleting(request, found, row, error.uses, status=409)
    except IsDefault:
        return _deleting(request, found, row, [], status=409, is_default=True)
    messages.success(request, _("%(name)s was deleted.") % {"name": row.name})
    return to_list(request, found)


def _deleting(request: HttpRequest, kind: Any, row: Any, uses: Any, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"row": row, "uses": links_of(request, kind, row, uses), **more}
    return show(request, kind, context, template="delete", status=status)
