"""Suspending for debt: who would be cut and who is held back, looked at and confirmed."""

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from billing.holds import hold_text
from billing.models import PlannedCut, SuspensionRule, SuspensionRun
from billing.services import suspension_runs, suspensions
from billing.suspension_forms import ExcludeForm
from core import tables
from dashboard.access import staff_page
from dashboard.tables import PlannedCutTable
from tenants.roles import Right

RECENT = 20
SHOWN = 50
VIEWS = ("cut", "held", "excluded")


@staff_page(Right.BILLING_RUNS)
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """What each rule would do now, and what was done lately."""
    at = timezone.now()
    rules = [{"plan": each, **_sums(each)} for each in suspensions.plan(at=at)]
    context = {
        "rules": rules,
        "off": SuspensionRule.objects.filter(is_on=False).select_related("group"),
        "runs": SuspensionRun.objects.annotate(planned=Count("cuts"))[:RECENT],
        "to_look_at": SuspensionRun.objects.held().first(),
    }
    return render(request, "dashboard/suspension/overview.html", context)


def _sums(plan: suspensions.RulePlan) -> dict[str, object]:
    """How many would be cut and how much they owe, and how many are held back by what. One query for a rule."""
    rows = list(plan.rows)
    cuts = [row for row in rows if not row["hold"]]
    names = [row["hold"] for row in rows if row["hold"]]
    held = [(hold_text(name), names.count(name)) for name in dict.fromkeys(names)]
    return {"cuts": len(cuts), "owed": sum(row["owed"] for row in cuts), "held": held}


@staff_page(Right.BILLING_RUNS)
@require_POST
def prepare(request: HttpRequest, rule: UUID) -> HttpResponse:
    """Write down whom the rule would meet now, for somebody to look at."""
    found = get_object_or_404(SuspensionRule.objects.select_related("group"), uuid=rule, is_on=True)
    try:
        # Whoever is not to be cut leaves no list behind.
        with transaction.atomic():
            run = suspension_runs.prepare(by=request.user, rule=found, at=timezone.now())
    except suspension_runs.NothingToCut:
        messages.info(request, _("Nobody would be switched off now."))
        return redirect("suspension", slug=request.isp.slug)
    return redirect("suspension-run", slug=request.isp.slug, run=run.uuid)


def _run(run: UUID) -> SuspensionRun:
    return get_object_or_404(SuspensionRun.objects.select_related("rule"), uuid=run)


@staff_page(Right.BILLING_RUNS)
@require_safe
def run_page(request: HttpRequest, run: UUID) -> HttpResponse:
    """The list of a run: before it is confirmed with a way to leave somebody out, afterwards with what became of it."""
    found = _run(run)
    view = request.GET.get("view", "")
    rows = found.cuts.select_related("subscriber").order_by("-owed", "pk")
    held, excluded = rows.exclude(hold=""), rows.filter(outcome=PlannedCut.Outcome.EXCLUDED)
    mine = rows.filter(hold="").exclude(outcome=PlannedCut.Outcome.EXCLUDED)
    chosen = {"held": held, "excluded": excluded}.get(view, mine)
    table = PlannedCutTable(chosen, is_draft=found.state == found.State.DRAFT)
    tables.show(request, table, per_page=SHOWN)
    done = dict(found.cuts.order_by().values_list("outcome").annotate(n=Count("pk")))
    context = {
        "run": found,
        "table": table,
        "view": view if view in VIEWS else "cut",
        "counts": {"cut": mine.count(), "held": held.count(), "excluded": excluded.count()},
        "owed": mine.aggregate(sum=Sum("owed"))["sum"] or 0,
        "outcomes": [(label, done[name]) for name, label in PlannedCut.Outcome.choices if done.get(name)],
        "left": done.get("", 0),
    }
    return render(request, "dashboard/suspension/run.html", context)


@staff_page(Right.BILLING_RUNS)
@require_POST
def exclude(request: HttpRequest, run: UUID, cut: UUID) -> HttpResponse:
    """Leave somebody out of the run, with a reason; without one, take them in again."""
    found = _run(run)
    row, form = get_object_or_404(found.cuts.select_related("subscriber"), uuid=cut), ExcludeForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    if request.POST.get("then") == "leave-out" and not reason:
        messages.error(request, _("Say why, for your colleagues."))
        return redirect(f"/{request.isp.slug}/suspension/{run}/")
    try:
        suspension_runs.exclude(by=request.user, cut=row, reason=reason)
    except suspension_runs.CannotRun:
        messages.warning(request, _("Somebody was quicker: the run is confirmed."))
    else:
        said = _("%(name)s is left out.") if reason else _("%(name)s is on the list again.")
        messages.success(request, said % {"name": row.subscriber.full_name})
    return redirect(f"/{request.isp.slug}/suspension/{run}/")


@staff_page(Right.BILLING_RUNS)
@require_POST
def confirm(request: HttpRequest, run: UUID) -> HttpResponse:
    """Let the run begin: now, or when its rule allows it."""
    found, at = _run(run), timezone.now()
    try:
        begun = suspension_runs.confirm(by=request.user, run=found, at=at)
    except suspension_runs.CannotRun:
        messages.warning(request, _("This run cannot begin: it has begun already, or its rule has no day for it."))
        return redirect("suspension-run", slug=request.isp.slug, run=run)
    n = begun.cuts.filter(outcome="").count()
    if begun.begins_at and begun.begins_at > at:
        messages.success(request, _("Confirmed. It waits for the next hour that the rule allows."))
    else:
        text = ngettext("%(n)s subscriber is being switched off.", "%(n)s subscribers are being switched off.", n)
        messages.success(request, text % {"n": n})
    return redirect("suspension-run", slug=request.isp.slug, run=run)


@staff_page(Right.BILLING_RUNS)
@require_POST
def discard(request: HttpRequest, run: UUID) -> HttpResponse:
    """Throw the list away, or stop what is left of the run."""
    try:
        suspension_runs.discard(by=request.user, run=_run(run), at=timezone.now())
    except suspension_runs.CannotRun:
        messages.info(request, _("This run is over already."))
    else:
        messages.success(request, _("Discarded. Nobody else is switched off by this list."))
    return redirect("suspension", slug=request.isp.slug)
