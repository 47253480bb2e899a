"""Invoices as staff see them."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from billing.downloads import as_csv, as_pdf
from billing.filters import InvoiceFilter
from billing.models import Allocation, Invoice
from billing.papers import of_invoice
from billing.tables import InvoiceTable
from core import tables
from core.audit import record
from core.templatetags.ui import reader_locale
from dashboard.access import rights_of, staff_page
from dashboard.history import entries_of
from dashboard.tables import HistoryTable
from tenants.roles import Right

HISTORY = 30  # acts shown


@staff_page(Right.SEE_MONEY)
@require_safe
def invoices(request: HttpRequest) -> HttpResponse:
    """All invoices, searched and filtered, with what they sum to."""
    today = timezone.localdate()
    rows = Invoice.objects.select_related("subscriber", "entry")
    found = InvoiceFilter(request.GET, queryset=rows, today=today)
    is_note = Q(kind=Invoice.Kind.CREDIT_NOTE)
    sums = found.qs.order_by().aggregate(
        count=Count("pk"),
        billed=Sum("total", filter=~is_note),
        noted=Sum("total", filter=is_note),
        left=Sum("entry__open", filter=~is_note),
    )
    can_write = Right.WORK_MESSAGES.value in rights_of(request.membership)
    table = InvoiceTable(found.qs, today=today, can_write=can_write)
    tables.show(request, table, per_page=25)
    context = {"table": table, "filter": found, "sums": sums, "is_empty": not request.GET and not sums["count"]}
    return render(request, "dashboard/billing/list.html", context, status=200 if found.form.is_valid() else 422)


@staff_page(Right.SEE_MONEY)
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """The invoices of the current search as CSV."""
    found = InvoiceFilter(request.GET, queryset=Invoice.objects.all(), today=timezone.localdate())
    if not found.form.is_valid():
        return redirect(f"/{request.isp.slug}/billing/?{request.GET.urlencode()}")
    keys = list(found.qs.values_list("pk", flat=True))
    record("billing.list.exported", by=request.user, rows=len(keys))
    titles = [
        _("Number"), _("Subscriber number"), _("Subscriber"), _("Issued"), _("Due"), _("Without tax"), _("Tax"),
        _("Total"), pgettext("invoice", "Open"), _("State"),
    ]  # fmt: skip
    rows = _rows(keys, timezone.localdate(), translation.get_language() or "en")
    return as_csv(f"{request.isp.slug}-invoices", titles, rows, locale=reader_locale(request.isp.country))


def _rows(keys: list[int], today: Any, language: str) -> Iterator[list[Any]]:
    for start in range(0, len(keys), 1000):
        part = Invoice.objects.select_related("subscriber", "entry").in_bulk(keys[start : start + 1000])
        for key in keys[start : start + 1000]:
            each = part[key]
            with translation.override(language):
                state = str(each.state(on=today).label)
            yield [
                each.number, each.subscriber.number, each.buyer.get("name", ""), each.issued_on, each.due_on, each.net,
                each.tax, each.total, each.open, state,
            ]  # fmt: skip


def fetch(uuid: UUID) -> Invoice:
    """An invoice with what its page shows of it. Raises Http404."""
    rows = Invoice.objects.select_related("subscriber", "entry", "group", "credits", "run")
    return get_object_or_404(rows, uuid=uuid)


@staff_page(Right.SEE_MONEY)
@require_safe
def invoice_page(request: HttpRequest, invoice: UUID) -> HttpResponse:
    """One invoice: lines, what paid it, what took it back, and who did what."""
    found = fetch(invoice)
    history = HistoryTable(entries_of(Invoice.objects.filter(pk=found.pk)))
    tables.show(request, history, per_page=HISTORY)
    paid = Allocation.objects.filter(debit=found.entry).select_related("credit") if found.entry_id else []
    context = {
        "invoice": found,
        "state": found.state(on=timezone.localdate()),
        "lines": found.lines.select_related("service"),
        "paid": paid,
        "notes": found.credit_notes.order_by("pk"),
        "history": history,
        "can_be_credited": found.kind == Invoice.Kind.INVOICE and found.total > found.credited + found.written_off,
    }
    return render(request, "dashboard/billing/invoice.html", context)


@staff_page(Right.SEE_MONEY)
@require_safe
def pdf(request: HttpRequest, invoice: UUID) -> HttpResponse:
    """The invoice as PDF, as the subscriber gets it."""
    return as_pdf(of_invoice(fetch(invoice), isp=request.isp))
