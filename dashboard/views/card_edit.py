"""The client card: changing it, and deleting one that never became a customer."""

from copy import copy
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from company.models import InvoiceGroup
from core.changes import plain
from core.usage import InUse
from dashboard import card
from dashboard.access import staff_page
from dashboard.acts import field_name, value_in_words
from subscribers.card_forms import SubscriberForm
from subscribers.models import Subscriber
from subscribers.services import customers
from tenants.roles import Right


def _form(request: HttpRequest, subscriber: Subscriber, data: Any = None) -> SubscriberForm:
    # The form writes into its row what was typed; the page around it shows what is stored.
    return SubscriberForm(
        data, instance=copy(subscriber), country=request.isp.country, default_group=InvoiceGroup.objects.default()
    )


@staff_page(Right.WORK_SUBSCRIBERS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, number: int) -> HttpResponse:
    """Change what the card says. Who saves a card that others have saved since is shown what they changed."""
    found = card.fetch(number)
    form = _form(request, found, request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return card.show(request, found, "overview", {"form": form}, template="card_edit")
    if not form.is_valid():
        return card.show(request, found, "overview", {"form": form}, template="card_edit", status=422)
    version = form.cleaned_data["version"]
    try:
        changed = customers.change_subscriber(by=request.user, subscriber=found, version=version, **form.values)
    except customers.ChangedMeanwhile:
        return _meanwhile(request, form, card.fetch(number))
    messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
    return redirect("subscriber", slug=request.isp.slug, number=number)


def _meanwhile(request: HttpRequest, form: SubscriberForm, now: Subscriber) -> HttpResponse:
    """The form again, on top of what others saved: what was typed stays, and what was not touched becomes theirs."""
    fresh = _form(request, now)
    data, rows = request.POST.copy(), []
    data["version"] = str(now.version)
    for each in customers.changed_since(now, form.cleaned_data["version"]):
        is_theirs = form.is_untouched(each.field, each.before)
        if is_theirs:
            data[each.field] = "" if fresh.initial[each.field] is None else str(fresh.initial[each.field])
        words = [value_in_words("subscribers.subscriber", each.field, value) for value in (each.before, each.after)]
        name = field_name("subscribers.subscriber", each.field)
        is_same = plain(form.cleaned_data[each.field]) == each.after
        rows.append({"change": each, "name": name, "words": words, "is_theirs": is_theirs or is_same})
    context = {"form": _form(request, now, data), "meanwhile": rows, "is_stale": True}
    return card.show(request, now, "overview", context, template="card_edit", status=409)


@staff_page(Right.WORK_SUBSCRIBERS)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, number: int) -> HttpResponse:
    """Delete a card that has nothing; for any other, say what it has."""
    found = card.fetch(number)
    if request.method != "POST":
        uses = customers.uses_of(found)
        return card.show(request, found, "overview", {"uses": uses}, template="card_delete")
    try:
        customers.delete_subscriber(by=request.user, subscriber=found)
    except InUse as error:
        return card.show(request, found, "overview", {"uses": error.uses}, template="card_delete", status=409)
    messages.success(request, _("%(name)s was deleted.") % {"name": found.full_name})
    return redirect("subscribers", slug=request.isp.slug)
