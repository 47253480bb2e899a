"""What staff do with single invoices."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.forms import CreditForm, LineFormSet, OneOffForm, WriteOffForm, tax_rates
from billing.models import BillingSettings, Invoice
from billing.services import invoices as services
from billing.services.ledger import TooMuch
from dashboard import card
from dashboard.access import staff_page
from dashboard.views.billing import fetch
from tenants.roles import Right


def _to_invoice(request: HttpRequest, invoice: Invoice) -> HttpResponse:
    return redirect("invoice", slug=request.isp.slug, invoice=invoice.uuid)


@staff_page(Right.WORK_MONEY)
@require_http_methods(["GET", "HEAD", "POST"])
def credit(request: HttpRequest, invoice: UUID) -> HttpResponse:
    """Take an invoice back, in whole or in part, by a credit note."""
    found = fetch(invoice)
    left = found.total - found.credited - found.written_off
    form = CreditForm(request.POST if request.method == "POST" else None, most=left)
    if form.is_bound and form.is_valid():
        try:
            with transaction.atomic():
                note = services.credit_invoice(
                    by=request.user, invoice=found, on=timezone.localdate(), **form.cleaned_data
                )
        except (services.NotOpen, TooMuch):
            messages.warning(request, _("Somebody was quicker: look at what is left of the invoice."))
            return _to_invoice(request, found)
        messages.success(request, _("Credit note %(number)s was issued.") % {"number": note.number})
        return _to_invoice(request, note)
    context = {"form": form, "invoice": found, "left": left}
    return render(request, "dashboard/billing/credit.html", context, status=422 if form.is_bound else 200)


@staff_page(Right.WORK_MONEY)
@require_http_methods(["GET", "HEAD", "POST"])
def write_off(request: HttpRequest, invoice: UUID) -> HttpResponse:
    """Give up what is open of an invoice."""
    found = fetch(invoice)
    form = WriteOffForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            with transaction.atomic():
                services.write_off(by=request.user, invoice=found, on=timezone.localdate(), **form.cleaned_data)
        except services.NotOpen:
            messages.warning(request, _("Nothing of this invoice is open any more."))
        else:
            messages.success(request, _("What was open was written off."))
        return _to_invoice(request, found)
    context = {"form": form, "invoice": found}
    return render(request, "dashboard/billing/write_off.html", context, status=422 if form.is_bound else 200)


@staff_page(Right.WORK_MONEY)
@require_http_methods(["GET", "HEAD", "POST"])
def new_invoice(request: HttpRequest, number: int) -> HttpResponse:
    """An invoice that is not of a run: its lines, what they sum to, and only then the invoice."""
    found = card.fetch(number)
    head, lines, act = _forms(request, found)
    is_sent = act in ("check", "issue")
    is_valid = is_sent and head.is_valid() and lines.is_valid()
    made = _lines_of(lines) if is_valid else []
    if is_valid and not made:
        lines.forms[0].add_error("text", _("Write what the invoice is for."))
    if made and act == "issue":
        invoice = services.issue_invoice(
            by=request.user, subscriber=found, lines=made, currency=request.isp.currency, **head.cleaned_data
        )
        messages.success(request, _("Invoice %(number)s was issued.") % {"number": invoice.number})
        return _to_invoice(request, invoice)
    context = {"form": head, "lines": lines, "sums": _sums(made), "can_add": len(lines.forms) < lines.max_num}
    status = 422 if is_sent and not made else 200
    return card.show(request, found, "account", context, template="invoice_form", status=status)


def _forms(request: HttpRequest, subscriber: Any) -> tuple[OneOffForm, Any, str]:
    """The two parts of the form and what is to be done with them; "add" gives another line and checks nothing."""
    today, rates = timezone.localdate(), tax_rates()
    usual = max((service.tariff.tax_rate for service in subscriber.services.all()), default=rates[-1])
    more: dict[str, Any] = {
        "prefix": "line",
        "form_kwargs": {"rates": rates, "initial": {"tax_rate": str(usual), "quantity": 1}},
    }
    if request.method != "POST":
        due_on = today + timedelta(days=BillingSettings.load().due_days)
        return OneOffForm(today=today, initial={"on": today, "due_on": due_on, "key": uuid4()}), LineFormSet(**more), ""
    act = request.POST.get("act", "check")
    data = request.POST.copy()
    if act == "add":
        count = data.get("line-TOTAL_FORMS", "1")
        data["line-TOTAL_FORMS"] = str(min(int(count) + 1 if count.isdecimal() and len(count) < 4 else 1, 30))
        place = int(data["line-TOTAL_FORMS"]) - 1
        data.setdefault(f"line-{place}-quantity", "1")
        data.setdefault(f"line-{place}-tax_rate", str(usual))
    return OneOffForm(data, today=today), LineFormSet(data, **more), act


def _lines_of(lines: Any) -> list[services.Line]:
    return [services.Line(**form.cleaned_data) for form in lines if form.has_changed() and form.cleaned_data]


def _sums(lines: list[services.Line]) -> dict[str, Any] | None:
    if not lines:
        return None
    total, net = sum(line.amount for line in lines), sum(line.net for line in lines)
    return {"net": net, "tax": total - net, "total": total}
