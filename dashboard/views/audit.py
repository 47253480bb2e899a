"""The activity log."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core import tables
from core.models import AuditEntry
from core.scope import public_scope
from dashboard.access import staff_page
from dashboard.filters import AuditFilter
from dashboard.tables import AuditTable
from tenants.roles import Right

LATEST = 20  # acts on domains that are shown


@staff_page(Right.SEE_AUDIT)
def audit_log(request: HttpRequest) -> HttpResponse:
    """Who did what and when, for this ISP."""
    found = AuditFilter(request.GET, queryset=AuditEntry.objects.all())
    table = AuditTable(found.qs)
    tables.show(request, table, per_page=50)
    status = 200 if found.form.is_valid() else 422
    context = {"table": table, "filter": found, "domains": _about_domains(request)}
    return render(request, "dashboard/audit/list.html", context, status=status)


def _about_domains(request: HttpRequest) -> AuditTable | None:
    """The latest acts on the ISP's domains, which the platform keeps since hosts are its matter. One query."""
    if request.GET.get("about"):
        return None  # the numbers of subscribers, requests and visits are the ISP's, and no domain has one
    with public_scope():
        rows = AuditEntry.objects.filter(target_type="tenants.isp", target_id=str(request.isp.pk))
        found = list(AuditFilter(request.GET, queryset=rows.filter(verb__startswith="domains.")).qs[:LATEST])
    return AuditTable(found, prefix="domains-", orderable=False) if found else None
