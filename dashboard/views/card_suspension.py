"""The client card: suspensions for debt, and what keeps the services on all the same."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.models import InstalmentPlan, SuspensionSettings
from billing.notice_links import notice_path
from billing.services import reliefs
from billing.suspension_forms import REFUSALS, ExceptionForm, InstalmentsForm, PromiseForm
from dashboard import card
from dashboard.access import staff_page
from domains.links import portal_url
from subscribers.models import Subscriber
from tenants.roles import Right

SHOWN = 50  # of what was


@staff_page(Right.SEE_MONEY)
@require_safe
def suspension(request: HttpRequest, number: int) -> HttpResponse:
    """Records, exceptions, promises and instalments."""
    return _page(request, card.fetch(number))


def _forms(request: HttpRequest, name: str = "") -> dict[str, Any]:
    """The forms of the tab; the one of this name with what was sent."""
    today = timezone.localdate()
    data = {key: request.POST if key == name else None for key in ("exception", "promise", "instalments")}
    return {
        "exception": ExceptionForm(data["exception"], today=today, prefix="exception"),
        "promise": PromiseForm(data["promise"], today=today, days=reliefs.STAFF_DAYS, prefix="promise"),
        "instalments": InstalmentsForm(data["instalments"], today=today, most=24, days=60, prefix="instalments"),
    }


def _page(request: HttpRequest, found: Subscriber, forms: dict[str, Any] | None = None) -> HttpResponse:
    today, at = timezone.localdate(), timezone.now()
    exceptions = found.suspension_exceptions.all()[:SHOWN]
    graces = found.graces.select_related("service__tariff")
    context = {
        "records": found.suspensions.select_related("service__tariff")[:SHOWN],
        "exceptions": [(row, row.ended_at is None and (row.until is None or row.until >= today)) for row in exceptions],
        "promises": [(row, row.ended_at is None and row.until >= today) for row in found.promises.all()[:SHOWN]],
        "plans": found.instalment_plans.prefetch_related("parts")[:SHOWN],
        "graces": [(row, row.ended_at is None and row.until >= today) for row in graces[:SHOWN]],
        "overdue": reliefs.overdue_of(found, at=at),
        "settings": SuspensionSettings.load(),
        "forms": forms or _forms(request),
        "notice_url": portal_url(request.isp, notice_path(found)),
    }
    return card.show(request, found, "suspension", context, status=422 if forms else 200)


def _done(request: HttpRequest, number: int, text: str) -> HttpResponse:
    messages.success(request, text)
    return redirect("subscriber-suspension", slug=request.isp.slug, number=number)


def _try(
    request: HttpRequest, number: int, name: str, act: Callable[[Subscriber, dict[str, Any]], Any], text: str
) -> HttpResponse:
    """Do what a form of the tab asks for, or show the tab again with what is wrong."""
    found, forms = card.fetch(number), _forms(request, name)
    form = forms[name]
    if form.is_valid():
        try:
            act(found, form.cleaned_data)
        except (reliefs.CannotPromise, reliefs.CannotAgree) as error:
            form.add_error(None, REFUSALS[error.reason])
        else:
            return _done(request, number, text)
    return _page(request, found, forms)


@staff_page(Right.WORK_MONEY)
@require_POST
def add_exception(request: HttpRequest, number: int) -> HttpResponse:
    """Keep somebody connected whatever is owed."""

    def act(found: Subscriber, said: dict[str, Any]) -> None:
        reliefs.add_exception(by=request.user, subscriber=found, at=timezone.now(), **said)

    return _try(request, number, "exception", act, _("The services stay on."))


@staff_page(Right.WORK_MONEY)
@require_POST
def end_exception(request: HttpRequest, number: int, exception: UUID) -> HttpResponse:
    """End an exception."""
    row = get_object_or_404(card.fetch(number).suspension_exceptions.select_related("subscriber"), uuid=exception)
    reliefs.end_exception(by=request.user, row=row, at=timezone.now())
    return _done(request, number, _("The exception has ended. The next run looks at this customer again."))


@staff_page(Right.WORK_MONEY)
@require_POST
def promise(request: HttpRequest, number: int) -> HttpResponse:
    """Write down that the customer has promised to pay, as on the phone."""

    def act(found: Subscriber, said: dict[str, Any]) -> None:
        reliefs.make_promise(by=request.user, subscriber=found, at=timezone.now(), is_staff=True, **said)

    return _try(request, number, "promise", act, _("The promise is kept in mind. The services are on until that day."))


@staff_page(Right.WORK_MONEY)
@require_POST
def withdraw_promise(request: HttpRequest, number: int, promise: UUID) -> HttpResponse:
    """End a promise before its day."""
    row = get_object_or_404(card.fetch(number).promises.select_related("subscriber"), uuid=promise)
    reliefs.withdraw_promise(by=request.user, promise=row, at=timezone.now())
    return _done(request, number, _("The promise does not count any more."))


@staff_page(Right.WORK_MONEY)
@require_POST
def instalments(request: HttpRequest, number: int) -> HttpResponse:
    """Agree on instalments."""

    def act(found: Subscriber, said: dict[str, Any]) -> None:
        reliefs.ask_for_instalments(by=request.user, subscriber=found, at=timezone.now(), is_staff=True, **said)

    return _try(request, number, "instalments", act, _("Agreed. The services stay on while each part is paid."))


@staff_page(Right.WORK_MONEY)
@require_POST
def decide(request: HttpRequest, number: int, plan: UUID) -> HttpResponse:
    """Agree to instalments that were asked for, refuse them, or end a plan."""
    row: InstalmentPlan = get_object_or_404(card.fetch(number).instalment_plans, uuid=plan)
    agreed = request.POST.get("then") == "agree"
    try:
        reliefs.decide_on_instalments(by=request.user, plan=row, agreed=agreed, at=timezone.now())
    except reliefs.CannotAgree as error:
        messages.warning(request, REFUSALS[error.reason])
        return redirect("subscriber-suspension", slug=request.isp.slug, number=number)
    return _done(request, number, _("Agreed. The services stay on while each part is paid.") if agreed else _("Done."))
