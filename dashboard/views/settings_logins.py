"""Settings: rules for portal logins, and the start of the portal for everybody."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dashboard.access import staff_page
from dashboard.views.settings import bound, saved, section_page
from messaging.services import can_send
from subscribers import passwords, usernames
from subscribers.login_forms import LoginRulesForm, LoginRunForm
from subscribers.models import LoginRules, LoginRun, Subscriber
from subscribers.portal_roles import PORTAL_RIGHTS, PortalRight, PortalRole
from subscribers.services import rules as services
from subscribers.services import starts
from tenants.roles import Right

EXAMPLES = 4


@staff_page(Right.SETTINGS)
def logins(request: HttpRequest) -> HttpResponse:
    """The rules, what they make of some subscribers, and what each role of a login may do."""
    form = LoginRulesForm(**bound(request), instance=LoginRules.load())
    if form.is_bound and form.is_valid():
        changed = services.change_login_rules(by=request.user, values=form.cleaned_data)
        return saved(request, "logins", changed=changed)
    context = {
        "examples": _examples(LoginRules.load()),
        "roles": list(PortalRole),
        "table": [
            (right.label, [(role.label, role in PORTAL_RIGHTS[right]) for role in PortalRole]) for right in PortalRight
        ],
    }
    return section_page(request, "logins", context, form=form)


def _examples(rules: LoginRules) -> list[tuple[Subscriber, str, str]]:
    """What rules make of the newest subscribers: user name, and initial password with all but its end hidden."""
    rows = Subscriber.objects.order_by("-pk")[:EXAMPLES]
    return [(row, usernames.by_rule(rules, row), passwords.initial(rules, row)[-2:]) for row in rows]


@staff_page(Right.SETTINGS)
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """What rules that are not saved yet would make of some subscribers."""
    form = LoginRulesForm(request.POST, instance=LoginRules())
    form.is_valid()
    is_wrong = any(name in form.errors for name in ("naming", "pattern", "initial"))
    context = {"examples": [] if is_wrong else _examples(form.instance), "is_wrong": is_wrong}
    return render(request, "dashboard/settings/logins_examples.html", context)


@staff_page(Right.SETTINGS)
def start(request: HttpRequest) -> HttpResponse:
    """How many customers can use the portal already, and the form that starts it for the others."""
    standing = starts.standing()
    form = LoginRunForm(request.POST if request.method == "POST" else None, customers=standing["customers"])
    if form.is_bound and form.is_valid():
        try:
            run = starts.begin_run(by=request.user, isp=request.isp, values=form.values)
        except starts.RunsAlready:
            messages.error(request, _("Another start is on its way. Wait for it, or stop it."))
            return redirect("settings-logins-start", slug=request.isp.slug)
        return redirect("settings-logins-run", slug=request.isp.slug, run=run.uuid)
    runs = list(LoginRun.objects.all()[:10])
    context = {
        "standing": standing,
        "runs": runs,
        "running": next((run for run in runs if run.is_running), None),
        "can_send": can_send(),
        "rules": LoginRules.load(),
    }
    return section_page(request, "logins", context, template="logins_start", form=form)


@staff_page(Right.SETTINGS)
@require_safe
def run_page(request: HttpRequest, run: UUID) -> HttpResponse:
    """How far a start is; asked for again by itself while it runs."""
    row = get_object_or_404(LoginRun, uuid=run)
    if request.htmx:
        return render(request, "dashboard/settings/logins_progress.html", {"run": row})
    return section_page(request, "logins", {"run": row}, template="logins_run")


@staff_page(Right.SETTINGS)
@require_POST
def stop(request: HttpRequest, run: UUID) -> HttpResponse:
    """Leave the rest of a start undone."""
    row = get_object_or_404(LoginRun, uuid=run)
    starts.stop_run(by=request.user, run=row)
    return redirect("settings-logins-run", slug=request.isp.slug, run=row.uuid)
