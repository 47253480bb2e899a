"""Acting on many subscribers at once: choose, see what will happen, confirm, watch, stop."""

from contextlib import suppress
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dashboard.access import rights_of, staff_page
from dashboard.bulk import ACTIONS, Action, actions_for, forecast
from dashboard.services import bulk_runs
from dashboard.subscriber_list import look_at
from subscribers.models import BulkRun, Subscriber, SubscriberQuerySet
from tenants.roles import Right

SHOWN = 100  # of those who were left out
RECENT = 50


@staff_page(Right.BULK_SUBSCRIBERS)
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Freeze the ticked ones, or all that match, and go on to what will happen to them."""
    query = request.POST.get("query", "")
    back = redirect(f"/{request.isp.slug}/subscribers/?{query or 'all=1'}")
    action = _action(request, request.POST.get("action", ""))
    rows = chosen(request, query)
    try:
        if rows is None:
            raise bulk_runs.NothingChosen
        run = bulk_runs.draft_run(by=request.user, action=action, rows=rows)
    except bulk_runs.NothingChosen:
        messages.warning(request, _("Tick at least one subscriber, or choose all that match, and try again."))
        return back
    return redirect("bulk-run", slug=request.isp.slug, run=run.uuid)


def _action(request: HttpRequest, name: str) -> Action:
    """An action that this person may use. Raises Http404."""
    if ACTIONS.get(name) not in actions_for(rights_of(request.membership)):
        raise Http404
    return ACTIONS[name]


def chosen(request: HttpRequest, query: str) -> SubscriberQuerySet | None:
    """Who was chosen; None for a search that makes no sense."""
    if request.POST.get("everything"):
        look = look_at(QueryDict(query), staff_id=request.user.pk)
        return look.found.qs if look.is_valid else None
    numbers = [number for number in request.POST.getlist("chosen") if number.isdecimal() and len(number) < 10]
    return Subscriber.objects.filter(number__in=numbers)


def _run(request: HttpRequest, uuid: UUID) -> BulkRun:
    """A run; one that is not confirmed shows to nobody but whoever prepared it. Raises Http404."""
    run = get_object_or_404(BulkRun.objects.defer("ids"), uuid=uuid)
    if run.action not in ACTIONS or (run.state == BulkRun.State.DRAFT and run.by_id != request.user.pk):
        raise Http404
    return run


@staff_page(Right.BULK_SUBSCRIBERS)
@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    """What was done lately to many at once."""
    rows = BulkRun.objects.defer("ids").exclude(state=BulkRun.State.DRAFT)[:RECENT]
    context = {"runs": [(run, ACTIONS.get(run.action)) for run in rows]}
    return render(request, "dashboard/bulk/list.html", context)


@staff_page(Right.BULK_SUBSCRIBERS)
@require_safe
def run_page(request: HttpRequest, run: UUID) -> HttpResponse:
    """Before it is confirmed, what will happen to how many; afterwards how far it is, and who was left out and why."""
    found = _run(request, run)
    if found.state == BulkRun.State.DRAFT:
        return _draft(request, found)
    action = ACTIONS[found.action]
    left_out = found.left_out.select_related("subscriber")[:SHOWN]
    context = {
        "run": found,
        "action": action,
        "left_out": [(row.subscriber, action.reason_text(row.reason)) for row in left_out],
    }
    template = "dashboard/bulk/run.html#progress" if request.htmx else "dashboard/bulk/run.html"
    return render(request, template, context)


def _draft(request: HttpRequest, run: BulkRun, *, is_sent: bool = False, status: int = 200) -> HttpResponse:
    action = _action(request, run.action)
    data = request.POST if is_sent else request.GET
    form = action.form(data or None)
    needs_nothing = not any(field.required for field in form.fields.values())
    said = form.cleaned_data if form.is_valid() else ({} if needs_nothing else None)
    left_out = forecast(action, run.subscribers(), said) if said is not None else None
    context = {
        "run": run,
        "action": action,
        "form": form,
        "left_out": left_out,
        "affected": run.total - sum(number for _reason, number in left_out or []),
    }
    template = "dashboard/bulk/draft.html#forecast" if request.htmx else "dashboard/bulk/draft.html"
    return render(request, template, context, status=status)


@staff_page(Right.BULK_SUBSCRIBERS)
@require_POST
def confirm(request: HttpRequest, run: UUID) -> HttpResponse:
    """Do it; a second click leads to what the first one began."""
    found = _run(request, run)
    here = redirect("bulk-run", slug=request.isp.slug, run=found.uuid)
    if found.state != BulkRun.State.DRAFT:
        return here
    action = _action(request, found.action)
    form = action.form(request.POST)
    if not form.is_valid():
        return _draft(request, found, is_sent=True, status=422)
    said = {name: request.POST.get(name, "") for name in form.fields}
    with suppress(bulk_runs.CannotRun):  # the other click was quicker
        bulk_runs.start_run(by=request.user, run=found, isp_id=request.isp.pk, parameters=said)
    return here


@staff_page(Right.BULK_SUBSCRIBERS)
@require_POST
def stop(request: HttpRequest, run: UUID) -> HttpResponse:
    """Stop a run where it is, or forget one that is not confirmed."""
    found = _run(request, run)
    if found.state == BulkRun.State.DRAFT:
        bulk_runs.discard_draft(run=found)
        messages.info(request, _("Nothing was changed."))
        return redirect("subscribers", slug=request.isp.slug)
    try:
        bulk_runs.stop_run(by=request.user, run=found)
    except bulk_runs.CannotRun:
        messages.info(request, _("It had ended already."))
    return redirect("bulk-run", slug=request.isp.slug, run=found.uuid)
