"""The start page: which ISP, and how it stands."""

from datetime import timedelta

from django.db.models import Count, Value
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from billing.models import BillingRun, SuspensionRun
from company.access import link_identifier
from dashboard.access import rights_of, signed_in_page, staff_page
from dashboard.checklist import steps_for
from domains.links import portal_url
from messaging.models import StoppedAddress
from preinstall.models import Installation, InstallRequest, State
from subscribers.models import ProfileChange, Service, Subscriber
from tenants.roles import Right
from tenants.services.memberships import memberships_of

LATEST = 5
HELD_SHOWN = timedelta(days=30)
STOPPED_SHOWN = timedelta(days=7)  # in which an address that was stopped is news


@signed_in_page
def chooser(request: HttpRequest) -> HttpResponse:
    """The ISPs that the person works for; with only one, or on an ISP's own staff domain, straight to it."""
    memberships = memberships_of(request.user)
    if request.site.isp is not None:
        memberships = memberships.filter(isp_id=request.site.isp.pk)
    found = list(memberships)
    if len(found) == 1:
        return redirect(f"/{found[0].isp.slug}/")
    return render(request, "dashboard/home/chooser.html", {"memberships": found})


@staff_page(Right.SEE_HOME)
def home(request: HttpRequest) -> HttpResponse:
    """What to set up next, a few figures, and the latest requests."""
    rights = rights_of(request.membership)
    steps = steps_for(request.isp, rights) if Right.SETTINGS.value in rights else []
    context = {
        "steps": steps,
        "steps_done": sum(step.is_done for step in steps),
        "steps_open": sum(not step.is_done and not step.is_optional for step in steps),
        "install_url": portal_url(request.isp, f"/install/{link_identifier(request.isp)}/"),
        **_counts(rights),
        "services": _services_by_state(),
        **_requests(rights),
    }
    return render(request, "dashboard/home/home.html", context)


def _counts(rights: set[str]) -> dict[str, int]:
    """How many subscribers, visits of today, wishes of subscribers and runs that wait there are. One query."""
    counted = [
        ("subscribers", Subscriber.objects.all()),
        ("visits_today", Installation.objects.planned().filter(on=timezone.localdate())),
    ]
    if Right.WORK_SUBSCRIBERS.value in rights:
        counted.append(("changes", ProfileChange.objects.pending()))
    if Right.BILLING_RUNS.value in rights:
        counted.append(("held_billing", BillingRun.objects.held(since=timezone.now() - HELD_SHOWN)))
        counted.append(("held_suspension", SuspensionRun.objects.held()))
    if Right.WORK_MESSAGES.value in rights:
        counted.append(("stopped", StoppedAddress.objects.by_itself(since=timezone.now() - STOPPED_SHOWN)))
    rows = [
        rows.order_by().annotate(what=Value(name)).values("what").annotate(n=Count("pk")).values_list("what", "n")
        for name, rows in counted
    ]
    names = ("subscribers", "visits_today", "changes", "held_billing", "held_suspension", "stopped")
    return {**dict.fromkeys(names, 0), **dict(rows[0].union(*rows[1:], all=True))}


def _services_by_state() -> list[tuple[str, str, int]]:
    """(state, its name, how many) in the order of a service's life. One query."""
    rows = dict(Service.objects.order_by().values_list("state").annotate(Count("pk")))
    return [(state.value, state.label, rows.get(state.value, 0)) for state in Service.State]


def _requests(rights: set[str]) -> dict[str, object]:
    if Right.SEE_REQUESTS.value not in rights:
        return {}
    new = InstallRequest.objects.filter(state=State.NEW).count()
    return {"new_requests": new, "latest": list(InstallRequest.objects.order_by("-created_at")[:LATEST])}
