"""The queue of payment reports."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import tables, uploads
from core.models import StoredFile
from core.pdf import BrokenPdf
from core.templatetags.ui import reader_locale
from dashboard.access import staff_page
from payments.lists import ReportFilter, ReportTable
from payments.models import Payment, PaymentReport
from payments.money_forms import REASONS, ApproveForm, RejectForm
from payments.services import reports as services
from tenants.roles import Right


@staff_page(Right.SEE_MONEY)
@require_safe
def report_list(request: HttpRequest) -> HttpResponse:
    """The reports, those to be checked unless somebody asks for others."""
    query = request.GET.copy()
    query.setdefault("state", PaymentReport.State.PENDING.value)
    found = ReportFilter(query, queryset=PaymentReport.objects.with_rows())
    table = ReportTable(found.qs)
    tables.show(request, table, per_page=25)
    first = PaymentReport.objects.pending().first()
    context = {"table": table, "filter": found, "first": first}
    status = 200 if found.form.is_valid() else 422
    return render(request, "dashboard/payments/reports.html", context, status=status)


def _report(report: UUID) -> PaymentReport:
    """A report with what its pages show. Raises Http404."""
    return get_object_or_404(PaymentReport.objects.with_rows(), uuid=report)


@staff_page(Right.SEE_MONEY)
@require_safe
def report_page(request: HttpRequest, report: UUID) -> HttpResponse:
    """A report: what is said, the voucher, the invoices, and what looks the same."""
    return _page(request, _report(report))


def _page(
    request: HttpRequest,
    report: PaymentReport,
    approve_form: ApproveForm | None = None,
    reject_form: RejectForm | None = None,
) -> HttpResponse:
    others = PaymentReport.objects.pending().exclude(pk=report.pk)
    context = {
        "report": report,
        "invoices": report.invoices.select_related("entry"),
        "unpaid": report.subscriber.invoices.unpaid().select_related("entry").order_by("entry__due_on", "pk")[:10],
        "pages": _pages(report),
        "same": PaymentReport.objects.like(report).select_related("subscriber")[:5],
        "same_payments": Payment.objects.with_reference(report.reference)
        .exclude(pk=report.payment_id or 0)
        .select_related("subscriber")[:5],
        "approve_form": approve_form or _approve_form(request, report),
        "reject_form": reject_form or RejectForm(),
        "reasons": REASONS,
        "waiting": others.count(),
        "next": others.first(),
    }
    status = 422 if approve_form or reject_form else 200
    return render(request, "dashboard/payments/report.html", context, status=status)


def _pages(report: PaymentReport) -> list[int] | None:
    """The pages of a voucher that is a PDF; None for one that cannot be shown."""
    if report.voucher is None or report.voucher.is_image:
        return []
    try:
        return uploads.page_images(report.voucher)
    except (BrokenPdf, uploads.MissingFile):
        return None


def _approve_form(request: HttpRequest, report: PaymentReport, data: Any = None) -> ApproveForm:
    return ApproveForm(
        data,
        initial={"amount": services.net_of_fee(report)},
        locale=reader_locale(request.isp.country),
        currency=request.isp.currency,
    )


@staff_page(Right.WORK_MONEY)
@require_POST
def approve(request: HttpRequest, report: UUID) -> HttpResponse:
    """Book what was reported, and go on to the next report."""
    found = _report(report)
    form = _approve_form(request, found, request.POST)
    if not form.is_valid():
        return _page(request, found, approve_form=form)
    try:
        payment = services.approve_report(by=request.user, report=found, amount=form.cleaned_data["amount"])
    except services.NotPending:
        messages.warning(request, _("Somebody was quicker: this report has been decided on."))
        return redirect("payment-report", slug=request.isp.slug, report=report)
    messages.success(request, _("The payment is booked. Receipt %(number)s.") % {"number": payment.number})
    return _to_next(request)


@staff_page(Right.WORK_MONEY)
@require_POST
def reject(request: HttpRequest, report: UUID) -> HttpResponse:
    """Refuse a report with a reason, and go on to the next one."""
    found = _report(report)
    form = RejectForm(request.POST)
    if not form.is_valid():
        return _page(request, found, reject_form=form)
    try:
        services.reject_report(by=request.user, report=found, reason=form.cleaned_data["reason"])
    except services.NotPending:
        messages.warning(request, _("Somebody was quicker: this report has been decided on."))
        return redirect("payment-report", slug=request.isp.slug, report=report)
    messages.success(request, _("The report was rejected, and the subscriber is told why."))
    return _to_next(request)


def _to_next(request: HttpRequest) -> HttpResponse:
    """To the report that has waited longest; to the list when there is none."""
    following = PaymentReport.objects.pending().first()
    if following is None:
        return redirect("payment-reports", slug=request.isp.slug)
    return redirect("payment-report", slug=request.isp.slug, report=following.uuid)


def _voucher(report: UUID) -> StoredFile:
    found = _report(report).voucher
    if found is None:
        raise Http404
    return found


@staff_page(Right.SEE_MONEY)
@require_safe
def voucher(request: HttpRequest, report: UUID) -> HttpResponse:
    """The voucher: a picture opens, a PDF is downloaded."""
    return uploads.serve(_voucher(report), inline="download" not in request.GET)


@staff_page(Right.SEE_MONEY)
@require_safe
def voucher_sheet(request: HttpRequest, report: UUID, sheet: int) -> HttpResponse:
    """One page of a voucher that is a PDF, as a picture."""
    file = _voucher(report)
    if file.is_image:
        raise Http404
    return uploads.serve_page(file, sheet)
