"""Settings: who carries messages for the ISP, with its own keys."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from core import throttle
from dashboard.access import staff_page
from dashboard.views.settings import bound, saved, section_page, to_section
from messaging.approved_texts import Shelf
from messaging.channel_forms import ChannelForm, LimitsForm, TestForm
from messaging.channels import kinds
from messaging.channels.base import Channel
from messaging.models import ChannelAccount, Medium, Message
from messaging.senders import callback_address
from messaging.services import approvals, channel_accounts, own_mailboxes
from tenants.roles import Right

SECTION = "channels"
TESTS, HOUR = 10, 3600
FORMS = {"channel": None, "limits": None, "test": None}


@staff_page(Right.SETTINGS)
@require_safe
def channels(request: HttpRequest) -> HttpResponse:
    """Each channel by its medium, and how it is with it."""
    known = {row.channel: row for row in ChannelAccount.objects.all()}
    now = timezone.now()
    media = [
        {
            "medium": medium,
            "title": medium.label,
            "rows": [
                {"kind": kind, "account": known.get(name), "is_stale": name in known and known[name].is_stale(now)}
                for name, kind in kinds().items()
                if kind.medium == medium and kind.needs_account
            ],
        }
        for medium in Medium
    ]
    return section_page(request, SECTION, {"media": [row for row in media if row["rows"]]})


def _kind(channel: str) -> type[Channel]:
    kind = kinds().get(channel)
    if kind is None or not kind.needs_account:
        raise Http404
    return kind


def _page(request: HttpRequest, channel: str, /, *, form: Any = None, **forms: Any) -> HttpResponse:
    """The page of one channel: its keys, and what else is set once it is connected."""
    kind = _kind(channel)
    account = ChannelAccount.objects.filter(channel=channel).first()
    shown: dict[str, Any] = {**FORMS, **forms}
    shown["channel"] = shown["channel"] or ChannelForm(kind=kind, account=account)
    if account:
        address = account.open().callback(callback_address(account)) if kind.calls_back else ""
        made = [(each.title, account.values.get(each.name, "")) for each in kind.fields if _is_shown(each)]
        shown["limits"] = shown["limits"] or LimitsForm(instance=account, currency=request.isp.currency)
        if account.medium != Medium.PUSH:
            shown["test"] = shown["test"] or _test_form(request, account)
        if kind.has_templates:
            shelf = Shelf(account)
            shown["texts"] = [(each, shelf.why_not(each)) for each in shelf.all]
        shown |= {"address": address, "made": made, "is_stale": account.is_stale(timezone.now())}
    context = {"kind": kind, "account": account, "forms": shown}
    return section_page(request, SECTION, context, template="channel", form=form)


def _is_shown(field: Any) -> bool:
    return field.is_made and not field.is_secret and field.name != "callback_secret"


def _test_form(request: HttpRequest, account: ChannelAccount, **how: Any) -> TestForm:
    return TestForm(account=account, country=request.isp.country, mine=request.user.email, **how)


@staff_page(Right.SETTINGS)
def channel(request: HttpRequest, channel: str) -> HttpResponse:
    """Type keys: they are tried, and only then kept."""
    kind = _kind(channel)
    account = ChannelAccount.objects.filter(channel=channel).first()
    data = {name: value for name, value in bound(request).items() if name == "data"}
    form = ChannelForm(**data, kind=kind, account=account)
    if form.is_bound and form.is_valid():
        try:
            account = channel_accounts.connect_channel(
                by=request.user, channel=channel, values=form.values, at=timezone.now()
            )
        except channel_accounts.SecretNeeded as problem:
            form.add_error(problem.field, str(problem))
        except channel_accounts.CannotConnect as problem:
            text = _led(_("The carrier does not take it."), str(problem))
            form.add_error(problem.field if problem.field in form.fields else None, text)
        else:
            messages.success(request, _("Connected. %(title)s is in use now.") % {"title": account.title})
            return redirect(f"/{request.isp.slug}/settings/channels/{channel}/")
    return _page(request, channel, form=form, channel=form)


def _led(what: str, why: str) -> str:
    """What is wrong, and then why."""
    return f"{what} {why}"


def _account(channel: str) -> ChannelAccount:
    _kind(channel)
    return get_object_or_404(ChannelAccount, channel=channel)


@staff_page(Right.SETTINGS)
@require_POST
def limits(request: HttpRequest, channel: str) -> HttpResponse:
    """Price, rate and spelling."""
    account = _account(channel)
    form = LimitsForm(request.POST, instance=_account(channel), currency=request.isp.currency)
    if form.is_valid():
        changed = channel_accounts.change_channel(by=request.user, account=account, values=form.cleaned_data)
        return saved(request, f"{SECTION}/{channel}", changed=changed)
    return _page(request, channel, form=form, limits=form)


@staff_page(Right.SETTINGS)
@require_POST
def check(request: HttpRequest, channel: str) -> HttpResponse:
    """Try the keys now."""
    at = timezone.now()
    account = channel_accounts.check_channel(account=_account(channel), at=at)
    account = own_mailboxes.try_mailbox(account=account, at=at)
    if account.checked_at != at:
        messages.warning(request, _("There was no answer, so nothing is known of the keys. Try again in some minutes."))
    elif account.problem:
        messages.error(request, _led(_("The keys do not work."), account.why.text))
    elif account.mailbox_problem:
        messages.error(request, _led(_("The mailbox cannot be read."), account.mailbox_why.text))
    else:
        messages.success(request, _("The keys work."))
    return to_section(request, f"{SECTION}/{channel}")


@staff_page(Right.SETTINGS)
@require_POST
def switch(request: HttpRequest, channel: str) -> HttpResponse:
    """Have it carry messages, or rest."""
    account, is_on = _account(channel), request.POST.get("is_on") == "1"
    channel_accounts.switch_channel(by=request.user, account=account, is_on=is_on)
    text = _("%(name)s is in use.") if is_on else _("%(name)s is out of use.")
    messages.success(request, text % {"name": account.title})
    return to_section(request, SECTION)


@staff_page(Right.SETTINGS)
@require_POST
def disconnect(request: HttpRequest, channel: str) -> HttpResponse:
    """Forget the keys."""
    account = _account(channel)
    channel_accounts.disconnect_channel(by=request.user, account=account)
    messages.success(request, _("%(name)s is disconnected, and its keys are forgotten.") % {"name": account.title})
    return to_section(request, SECTION)


@staff_page(Right.SETTINGS)
@require_POST
def fetch(request: HttpRequest, channel: str) -> HttpResponse:
    """Ask for the approved texts anew."""
    account = _account(channel)
    if account.kind is None or not account.kind.has_templates:
        raise Http404
    try:
        found = approvals.fetch_templates(account=account, at=timezone.now())
    except approvals.CannotFetch as problem:
        messages.error(request, _led(_("The carrier does not take it."), str(problem)))
    else:
        messages.success(request, ngettext("%(n)s text was found.", "%(n)s texts were found.", found) % {"n": found})
    return to_section(request, f"{SECTION}/{channel}")


@staff_page(Right.SETTINGS)
@require_POST
def test(request: HttpRequest, channel: str) -> HttpResponse:
    """Send a message to oneself, through this very channel."""
    account = _account(channel)
    if account.medium == Medium.PUSH:
        raise Http404
    form = _test_form(request, account, data=request.POST)
    if form.is_valid() and not throttle.allow(f"channel-test:{channel}", limit=TESTS, seconds=HOUR):
        form.add_error("to", _("Those were many tests. Please wait an hour."))
    if not form.is_valid():
        return _page(request, channel, form=form, test=form)
    approved = form.approved
    text = _("This is a test message of %(isp)s.") % {"isp": request.isp.name}
    sent = channel_accounts.send_test(
        by=request.user,
        account=account,
        to=form.cleaned_data["to"],
        subject=_("A test of %(name)s") % {"name": account.title},
        text=approved.bubble.plain if approved else text,
        data=approved.data if approved else {},
        at=timezone.now(),
    )
    say_outcome(request, sent)
    return to_section(request, f"{SECTION}/{channel}")


def say_outcome(request: HttpRequest, sent: Message) -> None:
    """Say what the carrier said of a test."""
    if sent.state in (Message.State.SENT, Message.State.DELIVERED):
        messages.success(request, _("The carrier has taken the message. It should arrive in a moment."))
    else:
        messages.error(request, _led(_("The message was not taken."), sent.why.text))
