"""Subscribers as staff see them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboard.access import staff_page
from subscribers.forms import NewSubscriberForm
from subscribers.services import customers
from tenants.roles import Right


@staff_page(Right.WORK_SUBSCRIBERS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_subscriber(request: HttpRequest) -> HttpResponse:
    """Add a subscriber, with a first service and a login if wanted."""
    form = NewSubscriberForm(request.POST if request.method == "POST" else None, country=request.isp.country)
    if request.method != "POST":
        return render(request, "dashboard/subscribers/new.html", {"form": form})
    if not form.is_valid():
        return render(request, "dashboard/subscribers/new.html", {"form": form}, status=422)
    added = customers.add_customer(
        by=request.user,
        person={field: form.cleaned_data[field] for field in form.person},
        tariff=form.cleaned_data["tariff"],
        username=form.cleaned_data["username"],
        password=form.cleaned_data["password"],
        language=request.isp.language,
    )
    messages.success(request, _("%(name)s was added.") % {"name": added.full_name})
    return redirect("subscriber", slug=request.isp.slug, number=added.number)
