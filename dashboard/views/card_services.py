"""The client card: services, their tariff and their state."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.services import reliefs
from core.models import AuditEntry
from dashboard import card
from dashboard.access import staff_page
from dashboard.acts import changes, title
from dashboard.history import entries_of
from subscribers.models import Service, Subscriber
from subscribers.service_forms import NewServiceForm, ServiceForm, ServiceStateForm, ServiceTariffForm
from subscribers.services import connections
from tenants.roles import Right

ENTRIES = 100  # of a service's history that are shown


@staff_page(Right.SEE_SUBSCRIBERS)
@require_safe
def services(request: HttpRequest, number: int) -> HttpResponse:
    """All services, the ended ones too."""
    found = card.fetch(number, with_erased=True)
    return card.show(request, found, "services", {"services": found.services.all()})


def _service(number: int, service: int) -> tuple[Subscriber, Service]:
    """The subscriber, and the service fetched through it. Raises Http404. Of an erased one all services have ended."""
    found = card.fetch(number, with_erased=True)
    for each in found.services.all():
        if each.number == service:
            return found, each
    raise Http404


@staff_page(Right.SEE_SUBSCRIBERS)
@require_safe
def service_page(request: HttpRequest, number: int, service: int) -> HttpResponse:
    """One service: what it is, what can be done with it, and what was."""
    return _page(request, *_service(number, service))


def _page(
    request: HttpRequest,
    found: Subscriber,
    service: Service,
    *,
    tariff: ServiceTariffForm | None = None,
    state: ServiceStateForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a service, with a form that was sent and was not right."""
    forms = {to: _state_form(service, to) for to in ("active", "suspended", "ended")}
    if state:
        forms[state.data.get("to", "")] = state
    context = {
        "service": service,
        "history": _history(service),
        "next_states": {str(to) for to, before in connections.STEPS.items() if service.state in before},
        "tariff_form": tariff or ServiceTariffForm(service=service, auto_id="id_tariff_%s"),
        "state_forms": forms,
    }
    return card.show(request, found, "services", context, template="service", status=status)


def _state_form(service: Service, to: str, data: Any = None) -> ServiceStateForm:
    return ServiceStateForm(data, service=service, initial={"to": to}, auto_id=f"id_{to}_%s")


def _history(service: Service) -> list[dict[str, Any]]:
    """States and other changes of a service, the latest first. Two queries."""
    states = [
        {"at": row.at, "by": row.by_name, "state": row, "reason": row.reason}
        for row in service.changes.order_by("-pk")[:ENTRIES]
    ]
    # The states stand in rows of their own, also where another system brought them along.
    told = ("subscribers.service.created", "subscribers.service.state_changed")
    acts = entries_of(Service.objects.filter(pk=service.pk)).exclude(verb__in=told)[:ENTRIES]
    return sorted([*states, *map(_act, acts)], key=lambda row: row["at"], reverse=True)


def _act(entry: AuditEntry) -> dict[str, Any]:
    reason = entry.details.get("reason", "")
    return {"at": entry.at, "by": entry.actor_label, "title": title(entry), "changes": changes(entry), "reason": reason}


@staff_page(Right.WORK_SUBSCRIBERS)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, number: int) -> HttpResponse:
    """Give the subscriber another service."""
    found = card.fetch(number)
    initial = {"address": found.address, "started_on": timezone.localdate()}
    form = NewServiceForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        try:
            with transaction.atomic():
                added = connections.create_service(
                    by=request.user, subscriber=found, state=form.cleaned_data["state"], **form.values
                )
        except ValidationError as error:
            form.add_error("ip_address", error.messages)
        else:
            messages.success(request, _("Service %(number)s was added.") % {"number": added.number})
            return redirect("service", slug=request.isp.slug, number=number, service=added.number)
    status = 422 if form.is_bound else 200
    return card.show(request, found, "services", {"form": form}, template="service_form", status=status)


@staff_page(Right.WORK_SUBSCRIBERS)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, number: int, service: int) -> HttpResponse:
    """Change where and how a service is connected, and its own price."""
    found, row = _service(number, service)
    form = ServiceForm(request.POST if request.method == "POST" else None, instance=Service.objects.get(pk=row.pk))
    del form.fields["tariff"]
    if form.is_bound and form.is_valid():
        values = {name: form.cleaned_data[name] for name in form.fields}
        if done := _changed(request, row, form, values):
            return done
    status = 422 if form.is_bound else 200
    context = {"form": form, "service": row}
    return card.show(request, found, "services", context, template="service_form", status=status)


def _changed(request: HttpRequest, service: Service, form: Any, values: dict[str, Any]) -> HttpResponse | None:
    """Make the change and go on, or leave what is wrong at the form."""
    try:
        with transaction.atomic():
            changed = connections.change_service(by=request.user, service=service, **values)
    except ValidationError as error:
        form.add_error("ip_address", error.messages)
        return None
    except connections.HasEnded:
        messages.warning(request, _("Somebody was quicker: the service has ended."))
    else:
        messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
    return _to_service(request, service)


def _to_service(request: HttpRequest, service: Service) -> HttpResponse:
    about = {"number": service.subscriber.number, "service": service.number}
    return redirect("service", slug=request.isp.slug, **about)


@staff_page(Right.WORK_SUBSCRIBERS)
@require_POST
def change_tariff(request: HttpRequest, number: int, service: int) -> HttpResponse:
    """Move a service to another tariff."""
    found, row = _service(number, service)
    form = ServiceTariffForm(request.POST, service=row, auto_id="id_tariff_%s")
    if form.is_valid() and (done := _changed(request, row, form, form.cleaned_data)):
        return done
    return _page(request, found, row, status=422, tariff=form)


@staff_page(Right.WORK_SUBSCRIBERS)
@require_POST
def change_state(request: HttpRequest, number: int, service: int) -> HttpResponse:
    """Activate, suspend, resume or end a service."""
    found, row = _service(number, service)
    form = _state_form(row, str(request.POST.get("to", "")), request.POST)
    if not form.is_valid():
        return _page(request, found, row, status=422, state=form)
    try:
        done = connections.change_service_state(by=request.user, service=row, **form.cleaned_data)
        reliefs.note_resumed(by=request.user, subscriber=found, at=timezone.now())
    except connections.CannotChangeState:
        messages.warning(request, _("Somebody was quicker: the service is in another state now."))
    else:
        messages.success(request, _("The service is now: %(state)s.") % {"state": done.get_state_display()})
    return _to_service(request, row)
