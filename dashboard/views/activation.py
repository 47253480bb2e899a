"""Making an installation of an install request."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboard.access import staff_page
from dashboard.views.installations import technicians
from preinstall.installation_forms import ConnectionForm, PersonForm, VisitForm
from preinstall.models import Installation, InstallRequest
from preinstall.services import installations as services
from tenants.roles import Right


class _Forms:
    """The three forms of the page: who, what, when."""

    def __init__(self, request: HttpRequest, found: InstallRequest) -> None:
        data = request.POST if request.method == "POST" else None
        self.person = PersonForm(data, request=found, country=request.isp.country)
        self.connection = ConnectionForm(data)
        self.visit = VisitForm(data, technicians=technicians(request), currency=request.isp.currency)

    def are_valid(self) -> bool:
        """Every form is looked at, so that all mistakes show at once."""
        return all([self.person.is_valid(), self.connection.is_valid(), self.visit.is_valid()])

    @property
    def values(self) -> dict[str, Any]:
        """What activate_request takes of them."""
        person = self.person.cleaned_data
        known = person["subscriber"]
        connection = services.Connection(address=person["address"], **self.connection.cleaned_data)
        return {
            "subscriber": known,
            "person": None if known else {name: person[name] for name in self.person.person},
            "username": person["username"],
            "connection": connection,
            "visit": services.Visit(**self.visit.visit),
        }


@staff_page(Right.PLAN_INSTALLATIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def activate(request: HttpRequest, number: int) -> HttpResponse:
    """Subscriber, login, service and visit from one page, in one act."""
    found = get_object_or_404(InstallRequest, number=number)
    if not found.can_be_activated:
        return _too_late(request, number)
    forms = _Forms(request, found)
    if request.method != "POST":
        return _page(request, found, forms)
    if not forms.are_valid():
        return _page(request, found, forms, status=422)
    try:
        with transaction.atomic():
            made = services.activate_request(isp=request.isp, request=found, by=request.user, **forms.values)
    except services.CannotActivate:
        return _too_late(request, number)
    except ValidationError as error:
        # Somebody took the address or the name after the forms were checked.
        forms.connection.add_error(None, error.messages)
        return _page(request, found, forms, status=422)
    return _made(request, made)


def _page(request: HttpRequest, found: InstallRequest, forms: _Forms, status: int = 200) -> HttpResponse:
    context = {"install_request": found, "forms": forms}
    return render(request, "dashboard/requests/activate.html", context, status=status)


def _too_late(request: HttpRequest, number: int) -> HttpResponse:
    messages.warning(request, _("This request cannot become an installation: it was rejected or is one already."))
    return redirect("request", slug=request.isp.slug, number=number)


def _made(request: HttpRequest, made: Installation) -> HttpResponse:
    messages.success(request, _("The installation %(reference)s was planned.") % {"reference": made.reference})
    return redirect("installation", slug=request.isp.slug, number=made.number)
