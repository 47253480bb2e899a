"""Billing runs: work out, look, confirm, watch, stop, go on."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.forms import PlanRunForm
from billing.models import BillingRun, BillingSettings, LeftOut, Oddity
from billing.services import runs as services
from billing.services import schedule
from billing.tables import ForecastTable
from core import tables
from dashboard.access import staff_page
from tenants.roles import Right

RECENT = 24
SHOWN = 100  # of those who were left out
AT_ONCE = 3  # chunks that are worked out while the browser waits


@staff_page(Right.BILLING_RUNS)
@require_http_methods(["GET", "HEAD", "POST"])
def runs(request: HttpRequest) -> HttpResponse:
    """The runs there were, when the next one comes by itself, and a form to work one out."""
    today = timezone.localdate()
    form = PlanRunForm(request.POST if request.method == "POST" else None, today=today)
    if form.is_bound and form.is_valid():
        run = services.plan_run(by=request.user, isp=request.isp, **form.cleaned_data)
        for _turn in range(AT_ONCE):
            if not services.work_off(run_id=run.pk, isp=request.isp):
                break
        return redirect("billing-run", slug=request.isp.slug, billing_run=run.uuid)
    settings = BillingSettings.load()
    lead = settings.lead_days if settings.in_advance else 0
    context = {
        "form": form,
        "runs": BillingRun.objects.select_related("group")[:RECENT],
        "settings": settings,
        "next_day": schedule.next_day(today, billing_day=settings.billing_day, lead_days=lead),
    }
    return render(request, "dashboard/billing/runs.html", context, status=422 if form.is_bound else 200)


def _fetch(uuid: UUID) -> BillingRun:
    return get_object_or_404(BillingRun.objects.select_related("group"), uuid=uuid)


@staff_page(Right.BILLING_RUNS)
@require_safe
def run_page(request: HttpRequest, billing_run: UUID) -> HttpResponse:
    """Before it is begun, whom it would bill and what is odd; afterwards how far it is and who was left out."""
    run = _fetch(billing_run)
    context: dict[str, Any] = {"run": run, "left_out": run.rows.exclude(reason="").select_related("subscriber")[:SHOWN]}
    context["stopped"] = _why(run)
    context["reasons"] = [(LeftOut(key).label, n) for key, n in run.report.get("left_out", {}).items()]
    if run.state == BillingRun.State.PLANNED:
        context |= _forecast(request, run)
    template = "dashboard/billing/run.html#progress" if request.htmx else "dashboard/billing/run.html"
    return render(request, template, context)


def _forecast(request: HttpRequest, run: BillingRun) -> dict[str, Any]:
    counts, odd = run.report.get("odd", {}), request.GET.get("odd", "")
    rows = run.rows.filter(reason="").select_related("subscriber")
    table = ForecastTable(rows.filter(odd__contains=[odd]) if odd in Oddity.values else rows)
    tables.show(request, table, per_page=50)
    return {"table": table, "odd": odd, "counts": [(kind, counts[kind]) for kind in Oddity if counts.get(kind)]}


def _why(run: BillingRun) -> dict[str, Any] | None:
    """Why a run stands still, in words."""
    why = run.report.get("stopped")
    if why is None:
        return None
    texts = {
        "staff": _("Somebody stopped it."),
        "most_count": _("It would have made more invoices than the forecast said and the settings allow."),
        "most_amount": _("It would have billed more than the forecast said and the settings allow."),
        "most_each": _("One invoice would have been higher than the limit."),
        "failed": _("None of the next invoices could be written. The fault is ours; nobody was left out for it."),
        "not_kept": _(
            "The database did not keep its last part, not even at a second try. Nothing of that part was billed, and "
            "what was billed before stands. The fault is ours; you can let it go on to try it again."
        ),
        "missing": _("Other invoices are there than it has counted. Look at them before you go on."),
        "far": _("It would bill far more than the last run. It did not begin by itself; look at it first."),
    }
    return {**why, "text": texts.get(why.get("kind", ""), ""), "is_bound": why.get("kind", "").startswith("most_")}


def _act(request: HttpRequest, uuid: UUID, act: Callable[[BillingRun], object]) -> HttpResponse:
    run = _fetch(uuid)
    try:
        with transaction.atomic():
            act(run)
    except services.CannotRun:
        messages.warning(request, _("Somebody was quicker: look at where the run stands now."))
    return redirect("billing-run", slug=request.isp.slug, billing_run=run.uuid)


@staff_page(Right.BILLING_RUNS)
@require_POST
def start(request: HttpRequest, billing_run: UUID) -> HttpResponse:
    """Have the invoices made; a second click leads to what the first one began."""
    return _act(request, billing_run, lambda run: services.start_run(by=request.user, run=run, isp_id=request.isp.pk))


@staff_page(Right.BILLING_RUNS)
@require_POST
def stop(request: HttpRequest, billing_run: UUID) -> HttpResponse:
    """Stop a run where it is."""
    return _act(request, billing_run, lambda run: services.stop_run(by=request.user, run=run))


@staff_page(Right.BILLING_RUNS)
@require_POST
def resume(request: HttpRequest, billing_run: UUID) -> HttpResponse:
    """Go on with a stopped run, with its bounds or without the one that it stopped at."""
    anyway = request.POST.get("anyway") == "1"
    return _act(
        request,
        billing_run,
        lambda run: services.resume_run(by=request.user, run=run, isp_id=request.isp.pk, anyway=anyway),
    )


@staff_page(Right.BILLING_RUNS)
@require_POST
def discard(request: HttpRequest, billing_run: UUID) -> HttpResponse:
    """Forget a forecast."""
    try:
        services.discard_run(by=request.user, run=_fetch(billing_run))
    except services.CannotRun:
        messages.warning(request, _("This run has begun, or is of the schedule, and stays."))
        return redirect("billing-run", slug=request.isp.slug, billing_run=billing_run)
    messages.info(request, _("Nothing was billed."))
    return redirect("billing-runs", slug=request.isp.slug)
