"""What the ISP wrote to people: every message with what became of it."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages as notes
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import tables
from dashboard import card
from dashboard.access import staff_page
from dashboard.budgets import month_of
from dashboard.message_lists import MessageFilter, MessagesOfOne, MessageTable, ReceivedOfOne
from dashboard.views.settings import bound, saved, section_page
from messaging import services
from messaging.channels import kinds
from messaging.events.base import Kind
from messaging.forms import MessageSettingsForm
from messaging.models import ChannelAccount, Message, MessageSettings, OptOut, ReceivedMessage, StoppedAddress
from messaging.occasions import name_of
from messaging.phones import spellings
from messaging.preference_forms import PreferencesForm
from messaging.rules import media_in_use
from messaging.services import preferences as wishes
from subscribers.models import Subscriber
from subscribers.services.recipients import hears_news
from subscribers.subject import Subject
from tenants.roles import Right

RECENT = timedelta(days=7)  # in which an address that was stopped is news
SHOWN = 20  # of what was written to one customer in the portal


@staff_page(Right.SEE_MESSAGES)
@require_safe
def message_list(request: HttpRequest) -> HttpResponse:
    """All messages, the latest first."""
    found = MessageFilter(request.GET, queryset=Message.objects.all())
    table = MessageTable(found.qs)
    tables.show(request, table, per_page=50)
    context = {
        "filter": found,
        "table": table,
        "failed": Message.objects.failed().count(),
        "stopped": StoppedAddress.objects.filter(at__gte=timezone.now() - RECENT).count(),
        "refused": ChannelAccount.objects.refused(),
        "is_empty": not request.GET and not table.page.paginator.count,
    }
    return render(request, "dashboard/messages/list.html", context, status=200 if found.form.is_valid() else 422)


@staff_page(Right.SEE_MESSAGES)
@require_safe
def message_page(request: HttpRequest, message: UUID) -> HttpResponse:
    """One message as it was sent, and what became of it."""
    mail = get_object_or_404(Message, uuid=message)
    context = {
        "mail": mail,
        "about": name_of(mail.occasion),
        "is_stopped": services.is_stopped(mail),
        "channel": kinds()[mail.channel].title if mail.channel in kinds() else "",
        "subscriber": Subscriber.objects.filter(pk=mail.subscriber_key).first() if mail.subscriber_key else None,
    }
    return render(request, "dashboard/messages/message.html", context)


@staff_page(Right.WORK_MESSAGES)
@require_POST
def resend(request: HttpRequest, message: UUID) -> HttpResponse:
    """Try a message again that was given up."""
    try:
        services.resend(by=request.user, mail=get_object_or_404(Message, uuid=message))
    except services.AddressStopped:
        notes.error(request, _("This address is written to no more. Have it written to again under Stopped addresses."))
    except services.CannotResend:
        notes.error(request, _("This message cannot be sent again: it is on its way, or was sent meanwhile."))
    else:
        notes.success(request, _("The message is on its way again."))
    return redirect("message", slug=request.isp.slug, message=message)


@staff_page(Right.SEE_MESSAGES)
@require_safe
def of_subscriber(request: HttpRequest, number: int) -> HttpResponse:
    """What was written in a subscriber's matter."""
    found = card.fetch(number)
    table = MessagesOfOne(Message.objects.filter(subscriber_key=found.pk))
    tables.show(request, table, per_page=25)
    written = found.announcements.annotate(n_read=Count("reads"))[:SHOWN]
    phones = [each for phone in Subject.of(found).phones for each in spellings(phone)]
    heard = ReceivedOfOne(ReceivedMessage.objects.filter(sender__in=phones)[:SHOWN])
    heard.request = request
    context = {"table": table, "announcements": written, "received": heard}
    return card.show(request, found, "messages", context)


@staff_page(Right.WORK_MESSAGES)
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, number: int) -> HttpResponse:
    """Which kinds of messages a customer wants by which media."""
    found = card.fetch(number)
    data = request.POST if request.method == "POST" else None
    form = PreferencesForm(data, media=media_in_use(), unwanted=wishes.unwanted(subscriber=found.pk))
    if form.is_bound and form.is_valid():
        changed = wishes.set_unwanted(by=request.user, subscriber=found.pk, choices=form.unwanted, on=found)
        notes.success(request, _("Saved.") if changed else _("Nothing was changed."))
        return redirect("subscriber-messages", slug=request.isp.slug, number=number)
    logins = dict(found.portal_users.values_list("pk", "username"))
    of_logins = OptOut.objects.filter(subscriber_key=found.pk, login_key__in=logins)
    context = {
        "form": form,
        "hears_news": hears_news(found),
        "of_logins": [(logins[row.login_key], Kind(row.kind).label, row.get_medium_display()) for row in of_logins],
    }
    status = 422 if form.errors else 200
    return card.show(request, found, "messages", context, template="card_preferences", status=status)


@staff_page(Right.SETTINGS)
def message_settings(request: HttpRequest) -> HttpResponse:
    """For how long messages are kept, and what those to many may cost."""
    form = MessageSettingsForm(**bound(request), instance=MessageSettings.load(), currency=request.isp.currency)
    if form.is_bound and form.is_valid():
        changed = services.change_message_settings(by=request.user, values=form.cleaned_data)
        return saved(request, "messages", changed=changed)
    return section_page(request, "messages", {"month": month_of(MessageSettings.load())}, form=form)
