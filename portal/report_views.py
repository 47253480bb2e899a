"""What a subscriber has paid and reported, and reporting a payment."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.downloads import as_pdf
from billing.services.invoices import seller_of
from company.models import InvoiceGroup
from core import uploads
from core.access import InPreview
from payments.models import Payment, PaymentSettings
from payments.papers import of_receipt
from payments.services import reports as services
from payments.services.receipts import shares_of
from portal.access import subscriber_page
from portal.reporting import ReportPage
from subscribers.portal_roles import PortalRight

SHOWN = 50  # payments, and reports, on one page
AN_HOUR = 20  # reports of one login


@subscriber_page(PortalRight.SEE_MONEY, for_paying=True)
@require_safe
def payments(request: HttpRequest) -> HttpResponse:
    """The payments with their receipts, and the reports with their state."""
    subscriber = request.portal_user.subscriber
    context = {
        "payments": subscriber.payments.select_related("method")[:SHOWN],
        "reports": subscriber.payment_reports.select_related("method", "payment", "voucher")[:SHOWN],
        "takes_reports": PaymentSettings.load().takes_reports,
    }
    return render(request, "portal/payments/list.html", context)


@subscriber_page(PortalRight.SEE_MONEY, for_paying=True)
@require_safe
def receipt(request: HttpRequest, number: int) -> HttpResponse:
    """The receipt of a payment of one's own, to print."""
    subscriber, payment = request.portal_user.subscriber, _own(request, number)
    context = {
        "payment": payment,
        "shares": shares_of(payment),
        "seller": seller_of(subscriber.group or InvoiceGroup.objects.default()),
        "total": payment.amount + payment.fee,
        "back": "/payments/",
        "pdf": f"/payments/{number}/pdf/",
    }
    return render(request, "documents/receipt.html", context)


def _own(request: HttpRequest, number: int) -> Payment:
    rows = request.portal_user.subscriber.payments.select_related("method", "entry", "subscriber")
    return get_object_or_404(rows, number=number)


@subscriber_page(PortalRight.SEE_MONEY, for_paying=True)
@require_safe
def receipt_pdf(request: HttpRequest, number: int) -> HttpResponse:
    """The receipt of a payment of one's own as PDF."""
    return as_pdf(of_receipt(_own(request, number), isp=request.isp))


@subscriber_page(PortalRight.PAY, for_paying=True, preview=InPreview.NEVER)
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """Say that one has paid, with the voucher."""
    if not PaymentSettings.load().takes_reports:
        return redirect("/payments/")
    user = request.portal_user
    page = ReportPage(
        request,
        subscriber=user.subscriber,
        by=user,
        template="portal/payments/report.html",
        done="/payments/",
        limits=[(f"report:{user.pk}", AN_HOUR)],
    )
    return page.respond()


@subscriber_page(PortalRight.PAY)
@require_POST
def withdraw(request: HttpRequest, report: UUID) -> HttpResponse:
    """Take a report back that nobody has looked at."""
    row = get_object_or_404(request.portal_user.subscriber.payment_reports, uuid=report)
    try:
        services.withdraw_report(by=request.portal_user, report=row)
    except services.NotPending:
        messages.warning(request, _("We have looked at this report already."))
    else:
        messages.success(request, _("The report was withdrawn."))
    return redirect("/payments/")


@subscriber_page(PortalRight.SEE_MONEY, preview=InPreview.NEVER)
@require_safe
def voucher(request: HttpRequest, report: UUID) -> HttpResponse:
    """The voucher of a report of one's own."""
    row = get_object_or_404(request.portal_user.subscriber.payment_reports.select_related("voucher"), uuid=report)
    if row.voucher is None:
        raise Http404
    return uploads.serve(row.voucher, inline=True)
