"""The owner takes everything along: a full export, made in the background."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from core.scope import public_scope
from dashboard.access import staff_page
from tenants.models import DataExport
from tenants.roles import Right
from tenants.services import exports as services

SHOWN = 10


@staff_page(Right.EXPORT, while_closed=True)
@require_http_methods(["GET", "HEAD", "POST"])
def exports(request: HttpRequest) -> HttpResponse:
    """What an export holds, the exports of the last days, and a button for a new one."""
    if request.method == "POST":
        services.ask_for_export(isp=request.isp, by=request.user)
        return redirect(f"/{request.isp.slug}/export/")
    with public_scope():
        rows = list(DataExport.objects.filter(isp_id=request.isp.pk).select_related("asked_by")[:SHOWN])
    is_under_way = any(row.is_under_way for row in rows)
    return render(request, "dashboard/exports/page.html", {"exports": rows, "is_under_way": is_under_way})


@staff_page(Right.EXPORT, while_closed=True)
@require_safe
def download(request: HttpRequest, export: UUID) -> FileResponse:
    """The archive of one export."""
    with public_scope():
        row = _finished(request.isp.pk).filter(uuid=export).first()
    try:
        source = services.export_path(row).open("rb") if row else None
    except FileNotFoundError:
        source = None
    if row is None or source is None:
        raise Http404
    services.note_download(order=row, by=request.user)
    name = f"{request.isp.slug}-{row.asked_at:%Y-%m-%d}.zip"
    response = FileResponse(source, as_attachment=True, filename=name, content_type="application/zip")
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _finished(isp_id: int) -> QuerySet[DataExport]:
    """The exports of one ISP that can be downloaded."""
    return DataExport.objects.filter(isp_id=isp_id, state=DataExport.State.DONE).select_related("isp")
