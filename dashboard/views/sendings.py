"""Writing to many: choose to whom, write, see what it comes to, start, watch, pause, stop."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.filters import InvoiceFilter
from billing.models import Invoice
from core import tables
from dashboard import sendings
from dashboard.access import rights_of, staff_page
from dashboard.budgets import month_of
from dashboard.forecasts import forecast
from dashboard.message_lists import SendingTable
from dashboard.sendings import reminder
from dashboard.services import sendings as services
from dashboard.views.bulk import chosen
from messaging.events.many import INFORMATION
from messaging.models import MessageSettings
from messaging.services import many
from messaging.texts import language_for
from subscribers.models import Sending, Subscriber, SubscriberQuerySet
from subscribers.sending_forms import SendingForm
from tenants.roles import Right

SHOWN = 100  # of those who were left out
Audience = Sending.Audience
VERBS = {
    "pause": services.pause,
    "resume": services.resume,
    "stop": services.stop,
    "withdraw": services.withdraw,
}


@staff_page(Right.SEE_MESSAGES)
@require_safe
def sending_list(request: HttpRequest) -> HttpResponse:
    """What was written to many, the latest first."""
    table = SendingTable(
        Sending.objects.select_related("zone", "group").defer("ids").annotate(is_leaving=many.is_leaving())
    )
    tables.show(request, table, per_page=25)
    context = {"table": table, "month": month_of(MessageSettings.load())}
    return render(request, "dashboard/messages/sendings.html", context)


def _form(request: HttpRequest, row: Sending) -> SendingForm:
    is_chosen = request.POST.get("act") == "choose"  # an approved text: its places are not filled yet
    data = request.POST if request.method == "POST" and not is_chosen else None
    language = language_for(request.isp.language)
    initial = reminder(language) if row.audience == Audience.INVOICES and not row.text else {}
    return SendingForm(data, instance=row, language=language, initial=initial | request.POST.dict())


def _form_page(request: HttpRequest, form: SendingForm, row: Sending | None = None) -> HttpResponse:
    context = {"form": form, "row": row, "variables": INFORMATION.named.values()}
    return render(request, "dashboard/messages/sending_form.html", context, status=422 if form.errors else 200)


@staff_page(Right.WORK_MESSAGES)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Write to everybody, a zone or an invoice group."""
    form = _form(request, Sending())
    if form.is_bound and form.is_valid():
        try:
            row = services.draft(by=request.user, values=form.values)
        except services.NobodyMeant:
            form.add_error("audience", _("There is nobody."))
        else:
            return redirect("sending", slug=request.isp.slug, sending=row.uuid)
    return _form_page(request, form)


@staff_page(Right.WORK_MESSAGES)
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Take those who are ticked in the list of subscribers, or all that match, and go on to what to say."""
    query = request.POST.get("query", "")
    back = f"/{request.isp.slug}/subscribers/?{query or 'all=1'}"
    return _begin(request, Audience.SELECTION, chosen(request, query), back)


@staff_page(Right.WORK_MESSAGES)
@require_POST
def begin_invoices(request: HttpRequest) -> HttpResponse:
    """Take those whom the ticked invoices are for, or all that match the search."""
    back = f"/{request.isp.slug}/billing/?{request.POST.get('query', '')}"
    numbers = [each for each in request.POST.getlist("invoice") if len(each) <= 40]
    rows = Invoice.objects.filter(number__in=numbers)
    if not numbers:
        found = InvoiceFilter(QueryDict(request.POST.get("query", "")), queryset=Invoice.objects.all(), today=_today())
        rows = found.qs if found.form.is_valid() else rows
    meant = Subscriber.objects.not_erased().filter(pk__in=rows.order_by().values("subscriber"))
    may_see = Right.SEE_MONEY.value in rights_of(request.membership)
    return _begin(request, Audience.INVOICES, meant if may_see else None, back)


def _today() -> Any:
    return timezone.localdate()


def _begin(request: HttpRequest, audience: str, rows: SubscriberQuerySet | None, back: str) -> HttpResponse:
    try:
        if rows is None:
            raise services.NobodyMeant
        row = services.draft(by=request.user, values={"audience": audience, "ids": services.keys_of(rows)})
    except services.NobodyMeant:
        messages.warning(request, _("Tick at least one subscriber, or choose all that match, and try again."))
        return redirect(back)
    return redirect("sending-edit", slug=request.isp.slug, sending=row.uuid)


@staff_page(Right.WORK_MESSAGES)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, sending: UUID) -> HttpResponse:
    """Change a draft."""
    row = get_object_or_404(Sending, uuid=sending)
    here = redirect("sending", slug=request.isp.slug, sending=row.uuid)
    if not row.is_draft:
        return here
    form = _form(request, Sending.objects.get(pk=row.pk))
    if form.is_bound and form.is_valid():
        try:
            services.change(sending=row, values=form.values)
        except services.NobodyMeant:
            form.add_error("audience", _("There is nobody."))
        except services.CannotDo:
            return here
        else:
            return here
    return _form_page(request, form, row)


@staff_page(Right.SEE_MESSAGES)
@require_safe
def sending_page(request: HttpRequest, sending: UUID) -> HttpResponse:
    """Of a draft, what it comes to; afterwards how far it is, and who was left out and why."""
    row = get_object_or_404(Sending.objects.select_related("zone", "group").defer("ids"), uuid=sending)
    if row.is_draft:
        found = forecast(row) if row.text else None
        return render(request, "dashboard/messages/sending_draft.html", {"row": row, "forecast": found})
    left_out = row.left_out.select_related("subscriber")[:SHOWN]
    fates, titles = many.fates_of(row.uuid), dict(settings.LANGUAGES)
    waiting = fates.get("waiting", 0) + fates.get("sending", 0)
    next_at = many.next_of(row.uuid) if waiting and row.state != Sending.State.PAUSED else None
    context = {
        "row": row,
        "left_out": [(each.subscriber, sendings.reason_in_words(each.reason, row.medium)) for each in left_out],
        "fates": sendings.fates_in_words(fates),
        "waiting": waiting,
        "next_at": next_at if next_at and next_at > timezone.now() else None,
        "cost": many.cost_of(row.uuid),
        "versions": [{"title": titles.get(words.language, ""), "words": words} for words in row.versions],
    }
    template = "dashboard/messages/sending.html"
    return render(request, f"{template}#progress" if request.htmx else template, context)


@staff_page(Right.WORK_MESSAGES)
@require_POST
def act(request: HttpRequest, sending: UUID) -> HttpResponse:
    """Start, withdraw, pause, resume, stop or discard; a second click leads to what the first one did."""
    row = get_object_or_404(Sending.objects.defer("ids"), uuid=sending)
    here = redirect("sending", slug=request.isp.slug, sending=row.uuid)
    match request.POST.get("act"):
        case "start":
            _start(request, row)
        case "discard":
            services.discard(sending=row)
            return redirect("sendings", slug=request.isp.slug)
        case "pause" | "resume" | "stop" | "withdraw" as name:
            try:
                VERBS[name](by=request.user, sending=row)
            except services.CannotDo:
                messages.info(request, _("Somebody was quicker: see what it is doing now."))
    return here


def _start(request: HttpRequest, row: Sending) -> None:
    version = request.POST.get("version", "")
    known = int(version) if version.isdecimal() and len(version) < 10 else 0
    try:
        seen = services.Seen.of(request.POST.get("seen", ""))
        services.start(by=request.user, sending=row, version=known, seen=seen)
    except services.CannotDo:
        messages.info(request, _("It had been started already. Nobody gets anything twice."))
    except services.Changed:
        messages.warning(request, _("It was changed since you looked. Look again, then start it."))
    except services.AudienceMoved as moved:
        with suppress(services.NobodyMeant, services.CannotDo):
            services.change(sending=row, values={})
        words = _("Since it was written, %(came)d have come and %(gone)d have gone. Look again, then start it.")
        messages.warning(request, words % {"came": moved.came, "gone": moved.gone})
    except services.NobodyMeant:
        messages.error(request, _("Nobody can be written to so."))
    except services.TooDear:
        messages.error(request, _("It costs more than the budget of this month has left."))
