"""An ISP's accounts with carriers of messages: connected by keys that were tried, looked at, switched, given up."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction

from core.audit import Actor, record
from core.changes import Changes, set_fields
from core.lease import Busy, lease
from core.requests import outside_transaction
from messaging.channels import kinds, open_channel
from messaging.channels.base import Away, ChannelProblem, Setup, SetupRefused
from messaging.channels.discretion import Discretion
from messaging.channels.kept import TYPE_AGAIN, keep
from messaging.channels.reasons import Reason
from messaging.models import Browser, ChannelAccount, Medium, Message
from messaging.outbox.carriers import Carrier, hand_over
from messaging.outbox.claims import STUCK
from messaging.outbox.results import write_down
from messaging.senders import callback_address
from messaging.services import approvals
from messaging.services.answers import resume, take_events

LISTENED = 5.0  # seconds
RECEIPTS = timedelta(days=30)  # after the last message, for which somebody still listens: people answer late
TEST = "channels/test"


class CannotConnect(Exception):
    """The carrier does not take it. The text is for staff, `field` is where they have to look."""

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(text)
        self.field = field


class SecretNeeded(CannotConnect):
    """A stored secret is not sent to another place than it was typed for."""


def connect_channel(*, by: Actor | None, channel: str, values: Mapping[str, str], at: datetime) -> ChannelAccount:
    """Try what staff typed, and keep it. From now on it carries its medium, in place of whatever did so before.

    A secret that is left empty stays as it was, unless it would go to another place than before: then it has to be
    typed again. One that goes nowhere any more is forgotten. Calls the carrier, so no inner transaction may be open.
    Raises CannotConnect, SecretNeeded.
    """
    kind = kinds()[channel]
    with transaction.atomic():
        known = ChannelAccount.objects.filter(channel=channel).first()
        before = dict(known.setup().values) if known else {}
    kept = keep(kind, stored=before, typed=values)
    for name in kept.asked:
        raise SecretNeeded(str(TYPE_AGAIN), name)
    made = kind.make()
    made |= {name: before[name] for name in made if before.get(name)}
    gone = {name for name, where in kind.places(values).items() if not where}
    whole = {name: "" if name in gone else value for name, value in values.items()} | kept.values | made
    for name, text in kind.mistakes(whole).items():
        raise CannotConnect(text, name)
    said = _tried(channel, whole)
    return _keep(by=by, channel=channel, values=whole, said=said, at=at)


def _tried(channel: str, values: Mapping[str, str]) -> str:
    with outside_transaction():
        opened = open_channel(channel, Setup(number="", values=values))
        try:
            told = Discretion(opened).text(opened.check())[:300]
            opened.check_mailbox()
            return told
        except ChannelProblem as problem:
            text = str(Discretion(opened).problem(problem))
            raise CannotConnect(text, problem.field if isinstance(problem, SetupRefused) else "") from problem
        finally:
            opened.close()


@transaction.atomic
def _keep(*, by: Actor | None, channel: str, values: Mapping[str, str], said: str, at: datetime) -> ChannelAccount:
    kind = kinds()[channel]
    account = _locked(kind.medium, channel) or ChannelAccount(channel=channel, medium=kind.medium)
    secret = {field.name for field in kind.fields if field.is_secret}
    account.values = {name: value for name, value in values.items() if name not in secret}
    account.secrets = json.dumps({name: value for name, value in values.items() if name in secret})
    account.is_on, account.problem, account.told, account.checked_at = True, "", said, at
    account.mailbox, account.mailbox_problem = {}, ""
    account.save()
    record("messaging.channel.connected", by=by, on=account, channel=channel)
    if kind.has_templates:
        approvals.have_fetched(account)
    resume(account=account)
    return account


def _locked(medium: str, channel: str) -> ChannelAccount | None:
    """The account of a channel, locked with the others of its medium, which are off from now on."""
    rows = list(ChannelAccount.objects.select_for_update().filter(medium=medium).order_by("pk"))
    ChannelAccount.objects.filter(pk__in=[row.pk for row in rows if row.channel != channel]).update(is_on=False)
    return next((row for row in rows if row.channel == channel), None)


@transaction.atomic
def switch_channel(*, by: Actor, account: ChannelAccount, is_on: bool) -> None:
    """Have it carry its medium, in place of whatever does so, or have it rest."""
    if is_on:
        _locked(account.medium, account.channel)
    row = ChannelAccount.objects.select_for_update().get(pk=account.pk)
    if row.is_on == is_on:
        return
    row.is_on = is_on
    row.save(update_fields=["is_on"])
    verb = "messaging.channel.switched_on" if is_on else "messaging.channel.switched_off"
    record(verb, by=by, on=row, channel=row.channel)
    if is_on:
        resume(account=row)


@transaction.atomic
def change_channel(*, by: Actor, account: ChannelAccount, values: Mapping[str, Any]) -> Changes:
    """Set price, rate and spelling."""
    row = ChannelAccount.objects.select_for_update().get(pk=account.pk)
    if changes := set_fields(row, values):
        record("messaging.channel.changed", by=by, on=row, channel=row.channel, changes=changes)
    return changes


@transaction.atomic
def disconnect_channel(*, by: Actor, account: ChannelAccount) -> None:
    """Forget the keys. What the carrier says afterwards is not heard; browsers have to be asked anew."""
    row = ChannelAccount.objects.select_for_update().filter(pk=account.pk).first()
    if row is None:
        return
    record("messaging.channel.disconnected", by=by, on=row, channel=row.channel)
    if row.medium == Medium.PUSH:
        Browser.objects.all().delete()
    row.delete()


def check_channel(*, account: ChannelAccount, at: datetime) -> ChannelAccount:
    """Try the keys again, and write down what the carrier says. One that is away says nothing about the keys.

    Calls the carrier, so no inner transaction may be open.
    """
    told, problem = "", ""
    with outside_transaction():
        channel = account.open()
        try:
            told = Discretion(channel).text(channel.check())[:300]
        except Away:
            return account
        except ChannelProblem as refusal:
            problem = Discretion(channel).problem(refusal).reason.kept or Reason("keys_refused").kept
        finally:
            channel.close()
    with transaction.atomic():
        row = ChannelAccount.objects.select_for_update().filter(pk=account.pk).first()
        if row is None:
            return account
        is_mended = bool(row.problem) and not problem
        row.problem, row.told, row.checked_at = problem, told or row.told, at
        row.save(update_fields=["problem", "told", "checked_at"])
        if is_mended:
            resume(account=row)
    return row


def send_test(
    *,
    by: Actor,
    account: ChannelAccount,
    to: str,
    subject: str,
    text: str,
    data: Mapping[str, Any],
    at: datetime,
    occasion: str = TEST,
    browser: Mapping[str, str] | None = None,
) -> Message:
    """Hand one message to this very channel, whether it is in use or not, and see what the carrier says.

    It is kept among all messages; what `browser` needs to be reached is not. Calls the carrier, so no inner
    transaction may be open.
    """
    with transaction.atomic():
        message = Message.objects.create(
            medium=account.medium,
            to=to,
            subject=subject,
            text=text,
            data=dict(data),
            key=f"test:{uuid4()}",
            occasion=occasion,
            lane=Message.Lane.URGENT,
            state=Message.State.SENDING,
            attempts=1,
            due_at=at + STUCK,
        )
        record("messaging.channel.tested", by=by, on=account, channel=account.channel)
        setup = account.setup(callback_url=callback_address(account))
        carrier = Carrier(kinds()[account.channel], account.channel, setup, account.pk, account.price)
    if browser is not None:
        message.data = {**message.data, "browser": dict(browser)}
    with outside_transaction():
        channel = carrier.open()
        try:
            outcome = hand_over(channel, message)
        finally:
            channel.close()
    with transaction.atomic():
        write_down(carrier, [outcome])
        # Somebody looks at what came of it, so it is not tried again behind their back.
        Message.objects.filter(pk=message.pk, state=Message.State.WAITING).update(state=Message.State.FAILED)
        if events := channel.heard():
            take_events(account, events)
    message.refresh_from_db()
    return message


def listen(*, isp_id: int, at: datetime) -> None:
    """Hear what message centres have to say since they were sent something last. Outside a transaction."""
    with transaction.atomic():
        rows = ChannelAccount.objects.filter(is_on=True, problem="", last_sent_at__gt=at - RECEIPTS)
        accounts = [row for row in rows if row.kind is not None and row.kind.listens]
    for account in accounts:
        try:
            # A turn hears for itself, and many centres take one connection only.
            with lease(f"messaging.{account.medium}", isp_id):
                channel = account.open()
                try:
                    events = channel.listen(LISTENED)
                finally:
                    channel.close()
                events += channel.heard()
        except (Busy, ChannelProblem):
            continue
        if events:
            with transaction.atomic():
                take_events(account, events)
