"""The money dashboard."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core import tables
from dashboard import money
from dashboard.access import staff_page
from payments.collected_lists import CollectedFilter, CollectedTable
from payments.models import Payment
from tenants.roles import Right


@staff_page(Right.SEE_MONEY)
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """What is owed now, and what came in in a month. A month that is none shows this one."""
    today = timezone.localdate()
    month = _month(request.GET.get("month", ""), today)
    days, came = money.days_of(month), money.payments_in(month)
    ages = money.by_age(on=today)
    charts = [
        ages,
        money.owed_by("zone", title=_("Owed, by zone"), nobody=_("without a zone")),
        money.owed_by("group", title=_("Owed, by invoice group"), nobody=_("without a group")),
        money.collected_by("method", came, days, title=_("Collected, by method"), nobody=_("without a method")),
        money.collected_by("zone", came, days, title=_("Collected, by zone"), nobody=_("without a zone")),
        money.collected_by("group", came, days, title=_("Collected, by invoice group"), nobody=_("without a group")),
    ]
    year = money.year(until=month)
    context = {
        "owed": money.owed(),
        "overdue": money.overdue(ages),
        "charts": charts,
        "year": year,
        "now": year[-1],
        "before": year[-2],
        "is_empty": not any(each.invoiced or each.collected for each in year) and not ages.bars,
        "last": money.first_of_last(month),
        "next": money.first_of_next(month) if money.first_of_next(month) <= today else None,
    }
    return render(request, "dashboard/money/overview.html", context)


@staff_page(Right.SEE_MONEY)
@require_safe
def collected(request: HttpRequest) -> HttpResponse:
    """The payments behind a bar, with their sum."""
    rows = Payment.objects.standing().select_related("subscriber", "method")
    found = CollectedFilter(request.GET, queryset=rows)
    table = CollectedTable(found.qs)
    tables.show(request, table, per_page=50)
    context = {"table": table, "filter": found, "together": found.together()}
    status = 200 if found.form.is_valid() else 422
    return render(request, "dashboard/money/collected.html", context, status=status)


def _month(text: str, today: date) -> date:
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        month = today
    return min(month, today).replace(day=1) if month.year >= 2000 else today.replace(day=1)
