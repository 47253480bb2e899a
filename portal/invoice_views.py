"""What subscribers see of their invoices."""

from datetime import date
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.downloads import as_pdf, statement_as
from billing.forms import StatementForm
from billing.models import Account, Invoice
from billing.papers import of_invoice
from billing.statements import statement
from portal.access import subscriber_page
from portal.addresses import has_page
from subscribers.portal_roles import PortalRight, has_portal_right

PAGE = 20  # invoices
LAST_PAGE = 500


def _ways(request: HttpRequest) -> dict[str, bool]:
    """The ways to pay an invoice from its page that this portal has, for those who may pay."""
    may_pay = has_portal_right(request.portal_user.role, PortalRight.PAY)
    return {"can_pay": may_pay and has_page("/pay/"), "can_report": may_pay and has_page("/payments/report/")}


@subscriber_page(PortalRight.SEE_MONEY, for_paying=True)
@require_safe
def invoices(request: HttpRequest) -> HttpResponse:
    """The subscriber's invoices and credit notes, the latest first, with what is open."""
    asked = request.GET.get("page", "")
    page = min(max(int(asked), 1), LAST_PAGE) if asked.isdecimal() and len(asked) < 6 else 1
    mine = Invoice.objects.filter(subscriber=request.portal_user.subscriber_id).select_related("entry")
    # One more than is shown says whether there is another page, without counting.
    rows = list(mine.defer("seller", "buyer")[(page - 1) * PAGE : page * PAGE + 1])
    today = timezone.localdate()
    context = {
        "rows": [(invoice, invoice.state(on=today)) for invoice in rows[:PAGE]],
        "page": page,
        "has_more": len(rows) > PAGE,
        "account": Account.objects.filter(subscriber=request.portal_user.subscriber_id).first(),
        "form": StatementForm(initial={"since": date(today.year, 1, 1), "until": today}),
        **_ways(request),
    }
    return render(request, "portal/invoices.html", context)


def _own(request: HttpRequest, uuid: UUID) -> Invoice:
    """An invoice of the subscriber. Raises Http404."""
    rows = Invoice.objects.select_related("subscriber", "entry", "group", "group__logo", "credits")
    return get_object_or_404(rows, uuid=uuid, subscriber=request.portal_user.subscriber_id)


@subscriber_page(PortalRight.SEE_MONEY, for_paying=True)
@require_safe
def invoice_page(request: HttpRequest, invoice: UUID) -> HttpResponse:
    """One invoice with its lines, and how to pay it."""
    found = _own(request, invoice)
    context = {
        "invoice": found,
        "state": found.state(on=timezone.localdate()),
        "lines": found.lines.all(),
        "notes": found.credit_notes.order_by("pk") if found.credited else [],
        **_ways(request),
    }
    return render(request, "portal/invoice.html", context)


@subscriber_page(PortalRight.SEE_MONEY, for_paying=True)
@require_safe
def pdf(request: HttpRequest, invoice: UUID) -> HttpResponse:
    """The invoice as PDF."""
    return as_pdf(of_invoice(_own(request, invoice), isp=request.isp))


@subscriber_page(PortalRight.SEE_MONEY)
@require_safe
def statement_file(request: HttpRequest, kind: str) -> HttpResponse:
    """What was owed and paid in some days, as PDF or CSV."""
    form = StatementForm(request.GET)
    if kind not in ("pdf", "csv"):
        raise Http404
    if not form.is_valid():
        return render(request, "portal/statement.html", {"form": form}, status=422)
    since, until = form.cleaned_data["since"], form.cleaned_data["until"]
    made = statement(request.portal_user.subscriber, first=since, last=until)
    return statement_as(kind, made, isp=request.isp)
