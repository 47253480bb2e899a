"""Payments on staff pages: the list, one payment, its receipt, taking it back."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.downloads import as_pdf
from billing.models import LedgerEntry
from billing.services import ledger
from billing.services.invoices import seller_of
from company.models import InvoiceGroup
from core import tables
from core.audit import record
from core.spreadsheets import csv_pieces
from core.templatetags.ui import reader_locale
from dashboard import card
from dashboard.access import staff_page
from payments.gateway_forms import EndCardForm, ReturnForm
from payments.lists import CardPaymentTable, PaymentFilter, PaymentTable
from payments.models import Payment, PaymentReport, SavedMethod, StrayPayment
from payments.money_forms import TakeBackForm
from payments.papers import of_receipt
from payments.services import payments as services
from payments.services.closings import DeskClosed
from payments.services.receipts import shares_of
from tenants.roles import Right
from tenants.services.memberships import members_with

COUNTERED = (LedgerEntry.Kind.TAKEN_BACK, LedgerEntry.Kind.REFUND)
MOST_ROWS = 100_000  # of one file


@staff_page(Right.SEE_MONEY)
@require_safe
def payment_list(request: HttpRequest) -> HttpResponse:
    """All payments, searched and filtered, with what they come to."""
    rows = Payment.objects.with_rows()
    found = PaymentFilter(request.GET, queryset=rows, clerks=members_with(request.isp, Right.WORK_MONEY))
    table = PaymentTable(found.qs)
    tables.show(request, table, per_page=25)
    sums = found.qs.order_by().aggregate(n=Count("pk"), all=Sum("amount"), back=Sum("taken_back"))
    context = {
        "table": table,
        "filter": found,
        "sums": sums | {"kept": (sums["all"] or 0) - (sums["back"] or 0)},
        "waiting": PaymentReport.objects.pending().count(),
        "is_empty": not sums["n"] and not rows.exists(),
    }
    status = 200 if found.form.is_valid() else 422
    return render(request, "dashboard/payments/list.html", context, status=status)


@staff_page(Right.WORK_MONEY)
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """The payments of the current search as a file. Who took it along is in the audit log."""
    clerks = members_with(request.isp, Right.WORK_MONEY)
    found = PaymentFilter(request.GET, queryset=Payment.objects.with_rows(), clerks=clerks)
    if not found.form.is_valid():
        return redirect(f"/{request.isp.slug}/payments/?{request.GET.urlencode()}")
    rows = found.qs[:MOST_ROWS]
    titles = [_("Receipt"), _("Date"), _("Subscriber number"), _("Name"), _("Payment method"), _("How it came")]
    titles += [_("Reference"), _("Comment"), _("By"), _("Currency"), _("Amount"), _("Fee"), _("Taken back")]
    pieces = csv_pieces(titles, _cells(rows), locale=reader_locale(request.isp.country))
    data = b"".join(pieces)
    record("payments.list.exported", by=request.user, rows=len(rows), filters=dict(request.GET.items()))
    response = HttpResponse(data, content_type="text/csv; charset=utf-8")
    name = f"{request.isp.slug}-payments-{timezone.localdate():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _cells(rows: Any) -> Iterator[list[Any]]:
    for row in rows:
        yield [
            *(row.number, row.on, row.subscriber.number, row.subscriber.full_name, str(row.method or "")),
            *(str(row.get_source_display()), row.reference, row.comment, row.by_name.partition(" <")[0]),
            *(row.currency, row.amount, row.fee, row.taken_back),
        ]


def _payment(number: int) -> Payment:
    """A payment with what its pages show. Raises Http404."""
    rows = Payment.objects.with_rows().select_related("subscriber__group", "method", "entry", "report")
    return get_object_or_404(rows, number=number)


@staff_page(Right.SEE_MONEY)
@require_safe
def payment_page(request: HttpRequest, number: int) -> HttpResponse:
    """One payment: who, how much, what it paid, and what went back."""
    return _page(request, _payment(number))


def _page(request: HttpRequest, payment: Payment, form: TakeBackForm | None = None) -> HttpResponse:
    locale, currency = reader_locale(request.isp.country), request.isp.currency
    blank = {"amount": payment.kept, "kind": COUNTERED[0].value}
    is_of_gateway = Payment.objects.filter(pk=payment.pk).held_by_gateways().exists()
    stray = StrayPayment.objects.filter(payment=payment).first()
    context = {
        "payment": payment,
        "shares": shares_of(payment),
        "countered": [
            spent.debit
            for spent in payment.entry.spent_on.filter(debit__kind__in=COUNTERED).select_related("debit").order_by("pk")
        ],
        "form": form or TakeBackForm(initial=blank, most=payment.kept, locale=locale, currency=currency),
        # What a gateway holds goes back through the gateway.
        "may_go_back": not payment.is_taken_back and payment.source != Payment.Source.GATEWAY,
        "may_be_refunded": not payment.is_taken_back and is_of_gateway,
        # What staff have assigned may fit nothing again, unless some of it went back.
        "stray": stray if not payment.taken_back else None,
        "return_form": ReturnForm(),
    }
    return render(request, "dashboard/payments/page.html", context, status=422 if form else 200)


@staff_page(Right.SEE_MONEY)
@require_safe
def receipt(request: HttpRequest, number: int) -> HttpResponse:
    """The receipt, to print."""
    payment = _payment(number)
    group = payment.subscriber.group or InvoiceGroup.objects.default()
    context = {
        "payment": payment,
        "shares": shares_of(payment),
        "seller": seller_of(group),
        "total": payment.amount + payment.fee,
        "back": f"/{request.isp.slug}/payments/{number}/",
        "pdf": f"/{request.isp.slug}/payments/{number}/receipt/pdf/",
    }
    return render(request, "documents/receipt.html", context)


@staff_page(Right.SEE_MONEY)
@require_safe
def receipt_pdf(request: HttpRequest, number: int) -> HttpResponse:
    """The receipt as PDF."""
    return as_pdf(of_receipt(_payment(number), isp=request.isp))


@staff_page(Right.WORK_MONEY)
@require_http_methods(["POST"])
def take_back(request: HttpRequest, number: int) -> HttpResponse:
    """Book that a payment was none, or that it was paid back."""
    payment = _payment(number)
    locale, currency = reader_locale(request.isp.country), request.isp.currency
    form = TakeBackForm(request.POST, most=payment.kept, locale=locale, currency=currency)
    if payment.source == Payment.Source.GATEWAY or payment.is_taken_back:
        messages.warning(request, _("Nothing of this payment can be taken back here."))
    elif not form.is_valid():
        return _page(request, payment, form)
    else:
        kind = LedgerEntry.Kind(form.cleaned_data["kind"])
        said = {"amount": form.cleaned_data["amount"], "reason": form.cleaned_data["reason"]}
        try:
            services.take_back_payment(by=request.user, payment=payment, kind=kind, on=timezone.localdate(), **said)
        except ledger.TooMuch:
            messages.warning(request, _("Somebody was quicker: less is left of this payment now."))
        except DeskClosed:
            messages.warning(request, _("Your cash desk is closed for today: what came in at a desk stays as it is."))
        else:
            messages.success(request, _("The payment was taken back. What it had paid is owed again."))
    return redirect("payment", slug=request.isp.slug, number=number)


@staff_page(Right.SEE_MONEY)
@require_safe
def of_subscriber(request: HttpRequest, number: int) -> HttpResponse:
    """The tab of the client card."""
    found = card.fetch(number, with_erased=True)
    table = CardPaymentTable(found.payments.with_rows())
    tables.show(request, table, per_page=25)
    reports = PaymentReport.objects.pending().filter(subscriber=found).select_related("method")
    context = {
        "table": table,
        "reports": reports,
        "saved": SavedMethod.objects.running().filter(subscriber=found).select_related("account").first(),
        "ended_cards": SavedMethod.objects.filter(subscriber=found, ended_at__isnull=False)[:5],
        "end_form": EndCardForm(),
    }
    return card.show(request, found, "payments", context)
