"""What a subscriber can do against a suspension for debt: read why, promise to pay, ask for instalments."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.models import SuspensionSettings
from billing.services import reliefs
from billing.suspension_forms import REFUSALS, InstalmentsForm, PromiseForm
from portal.access import subscriber_page
from subscribers.models import Subscriber
from subscribers.portal_roles import PortalRight

FIRST_PART = 31  # days until which the first instalment may be


def suspension_of(subscriber: Subscriber) -> dict[str, Any]:
    """What the home page says above all else while something is switched off for debt; nothing otherwise."""
    records = list(subscriber.suspensions.running().select_related("service__tariff"))  # type: ignore[attr-defined]
    if not records:
        return {}
    at, settings = timezone.now(), SuspensionSettings.load()
    return {
        "record": records[0],
        "records": records,
        "overdue": reliefs.overdue_of(subscriber, at=at),
        "may_promise": not reliefs.may_promise(subscriber, at=at),
        "may_ask_for_instalments": settings.instalments and not _open_plan(subscriber),
        "plan": _open_plan(subscriber),
    }


def _open_plan(subscriber: Subscriber) -> Any:
    return subscriber.instalment_plans.filter(state__in=["asked", "running"]).first()


@subscriber_page(PortalRight.PAY, for_paying=True)
@require_http_methods(["GET", "HEAD", "POST"])
def promise(request: HttpRequest) -> HttpResponse:
    """Promise to pay what is overdue, and be connected until then."""
    user, settings = request.portal_user, SuspensionSettings.load()
    data = request.POST if request.method == "POST" else None
    form = PromiseForm(data, today=timezone.localdate(), days=settings.promise_days)
    if form.is_bound and form.is_valid():
        try:
            made = reliefs.make_promise(
                by=user, subscriber=user.subscriber, until=form.cleaned_data["until"], at=timezone.now()
            )
        except reliefs.CannotPromise as error:
            form.add_error(None, REFUSALS[error.reason])
        else:
            day = date_format(made.until, "DATE_FORMAT")
            messages.success(
                request, _("Thank you. Please pay until %(day)s; your service is on until then.") % {"day": day}
            )
            return redirect("/")
    context = {
        "form": form,
        "overdue": reliefs.overdue_of(user.subscriber, at=timezone.now()),
        "refusal": REFUSALS.get(reliefs.may_promise(user.subscriber, at=timezone.now()), ""),
    }
    return render(request, "portal/promise.html", context, status=422 if form.errors else 200)


@subscriber_page(PortalRight.PAY, for_paying=True)
@require_http_methods(["GET", "HEAD", "POST"])
def instalments(request: HttpRequest) -> HttpResponse:
    """Ask to pay what is overdue in parts."""
    user, settings = request.portal_user, SuspensionSettings.load()
    data = request.POST if request.method == "POST" else None
    form = InstalmentsForm(data, today=timezone.localdate(), most=settings.instalments_most, days=FIRST_PART)
    if form.is_bound and form.is_valid():
        try:
            plan = reliefs.ask_for_instalments(
                by=user, subscriber=user.subscriber, at=timezone.now(), **form.cleaned_data
            )
        except reliefs.CannotAgree as error:
            form.add_error(None, REFUSALS["waiting" if error.reason == "again" else error.reason])
        else:
            agreed = plan.state == plan.State.RUNNING
            said = _("Agreed. Your service stays on while each part is paid in time.")
            messages.success(request, said if agreed else _("We have your wish and answer it soon."))
            return redirect("/")
    context = {
        "form": form,
        "overdue": reliefs.overdue_of(user.subscriber, at=timezone.now()),
        "is_offered": settings.instalments,
        "plan": _open_plan(user.subscriber),
    }
    return render(request, "portal/instalments.html", context, status=422 if form.errors else 200)
