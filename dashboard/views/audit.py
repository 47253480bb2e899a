"""The activity log."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core import tables
from core.models import AuditEntry
from dashboard.access import staff_page
from dashboard.filters import AuditFilter
from dashboard.tables import AuditTable
from tenants.roles import Right


@staff_page(Right.SEE_AUDIT)
def audit_log(request: HttpRequest) -> HttpResponse:
    """Who did what and when, for this ISP."""
    found = AuditFilter(request.GET, queryset=AuditEntry.objects.all())
    table = AuditTable(found.qs)
    tables.show(request, table, per_page=50)
    status = 200 if found.form.is_valid() else 422
    return render(request, "dashboard/audit/list.html", {"table": table, "filter": found}, status=status)
