"""The client card: invoices, entries and statements of a subscriber, and discounts of a service."""

from datetime import date
from uuid import UUID

from django.contrib import messages
from django.db.models import F, Sum, Window
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.downloads import statement_as
from billing.forms import DiscountForm, StatementForm
from billing.models import Discount, Invoice
from billing.services import settings as services
from billing.statements import Statement, statement
from billing.tables import OwnInvoiceTable
from core import tables
from dashboard import card
from dashboard.access import staff_page
from dashboard.tables import LedgerTable
from subscribers.models import Subscriber
from tenants.roles import Right


@staff_page(Right.SEE_MONEY)
@require_safe
def account(request: HttpRequest, number: int) -> HttpResponse:
    """Invoices, and the entries that the balance is the sum of."""
    found = card.fetch(number, with_erased=True)
    after = Window(Sum("amount"), order_by=[F("on").asc(), F("pk").asc()])
    table = LedgerTable(found.ledger.annotate(after=after))
    tables.show(request, table, per_page=25)
    rows = Invoice.objects.filter(subscriber=found).select_related("entry")
    invoices = OwnInvoiceTable(rows, today=timezone.localdate(), prefix="i-")
    tables.show(request, invoices, per_page=10)
    context = {"table": table, "invoices": invoices, "form": StatementForm(initial=_usual())}
    return card.show(request, found, "account", context)


def _usual() -> dict[str, date]:
    today = timezone.localdate()
    return {"since": date(today.year, 1, 1), "until": today}


def _statement(request: HttpRequest, found: Subscriber) -> tuple[StatementForm, Statement | None]:
    form = StatementForm(request.GET or _usual())
    if not form.is_valid():
        return form, None
    return form, statement(found, first=form.cleaned_data["since"], last=form.cleaned_data["until"])


@staff_page(Right.SEE_MONEY)
@require_safe
def statement_page(request: HttpRequest, number: int) -> HttpResponse:
    """The statement of some days on screen."""
    found = card.fetch(number, with_erased=True)
    form, made = _statement(request, found)
    table = None
    if made:
        table = LedgerTable(made.entries())
        tables.show(request, table, per_page=100)
    context = {"form": form, "statement": made, "table": table, "query": request.GET.urlencode()}
    return card.show(request, found, "account", context, template="statement", status=200 if made else 422)


@staff_page(Right.SEE_MONEY)
@require_safe
def statement_file(request: HttpRequest, number: int, kind: str) -> HttpResponse:
    """The statement as PDF or CSV."""
    found = card.fetch(number, with_erased=True)
    _form, made = _statement(request, found)
    if made is None or kind not in ("csv", "pdf"):
        raise Http404
    return statement_as(kind, made, isp=request.isp)


@staff_page(Right.WORK_MONEY)
@require_http_methods(["GET", "HEAD", "POST"])
def discounts(request: HttpRequest, number: int, service: int) -> HttpResponse:
    """What is taken off the price of a service, and something more."""
    found = card.fetch(number)
    row = get_object_or_404(found.services.select_related("tariff"), number=service)
    form = DiscountForm(request.POST if request.method == "POST" else None, initial={"starts_on": timezone.localdate()})
    if form.is_bound and form.is_valid():
        services.give_discount(by=request.user, service=row, **form.cleaned_data)
        messages.success(request, _("The discount counts for days that are not billed yet."))
        return redirect("service-discounts", slug=request.isp.slug, number=number, service=service)
    context = {"form": form, "service": row, "discounts": row.discounts.all(), "today": timezone.localdate()}
    status = 422 if form.is_bound else 200
    return card.show(request, found, "services", context, template="discounts", status=status)


@staff_page(Right.WORK_MONEY)
@require_POST
def end_discount(request: HttpRequest, number: int, service: int, discount: UUID) -> HttpResponse:
    """Have a discount end today."""
    row = get_object_or_404(Discount, uuid=discount, service__number=service, service__subscriber__number=number)
    if services.end_discount(by=request.user, discount=row, on=timezone.localdate()):
        messages.success(request, _("The discount has ended."))
    return redirect("service-discounts", slug=request.isp.slug, number=number, service=service)
