"""What became of attempts, written down for many messages in few statements."""

import logging
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from messaging.channels.base import Away, Channel, NoNews, NoSuchAddress, OptedOut, SetupRefused, Unclear
from messaging.channels.outside import storable
from messaging.channels.reasons import Reason
from messaging.models import Browser, ChannelAccount, Medium, Message, StoppedAddress
from messaging.models.messages import plain_address
from messaging.outbox.carriers import Carrier, Outcome
from messaging.outbox.claims import ATTEMPTS, HELD, forget_what_is_over
from messaging.outbox.wishes import no_more_news
from messaging.sms import MOST_SEGMENTS

logger = logging.getLogger(__name__)
GONE = NoSuchAddress.__name__  # how `error` begins where there is no such address
LONGEST = timedelta(hours=4)  # between two attempts
UNCLEAR_ATTEMPTS = 3  # where each may have been taken, nobody should get the same ten times
# What will be tried again keeps what it is thought to cost, so that a month's budget counts it.
# What was taken was taken, even if another worker has the message meanwhile. All else is said by who has it now alone.
# What was not taken stays stopped or held if its sending was so meanwhile.
WRITE = """
UPDATE messaging_message m SET
  state = r.state, attempts = r.attempts,
  error = CASE WHEN r.state = 'waiting' AND m.error = 'Stopped:sending' THEN m.error ELSE r.error END,
  due_at = CASE WHEN r.state = 'waiting' AND m.due_at > %s THEN m.due_at ELSE r.due_at END,
  sent_at = COALESCE(r.sent_at, m.sent_at), channel = r.channel, number_there = r.number,
  segments = CASE WHEN r.state = 'waiting' THEN m.segments ELSE r.segments END,
  price = CASE WHEN r.state = 'waiting' THEN m.price ELSE r.segments * r.price END
FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::int[], %s::timestamptz[], %s::timestamptz[],
            %s::text[], %s::int[], %s::text[], %s::numeric[])
  AS r (id, attempt, state, error, attempts, due_at, sent_at, number, segments, channel, price)
WHERE m.id = r.id AND m.state IN ('waiting', 'sending') AND (r.state = 'sent' OR m.attempts = r.attempt)
RETURNING m.id
"""


def write_down(carrier: Carrier, outcomes: list[Outcome]) -> None:
    """Write results. In a transaction."""
    if not outcomes:
        return
    now = timezone.now()
    rows = [_row(carrier, outcome, now) for outcome in sorted(outcomes, key=lambda each: each.pk)]
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [now + HELD, *[list(column) for column in zip(*rows, strict=True)]])
        written = {pk for (pk,) in cursor.fetchall()}
    forget_what_is_over([outcome.pk for outcome in outcomes])
    for outcome in outcomes:
        if isinstance(outcome.problem, NoSuchAddress) and outcome.pk in written:
            _count_bounce(carrier, outcome)
    if wished := [each.pk for each in outcomes if isinstance(each.problem, NoNews) and each.pk in written]:
        no_more_news(messages=wished)
    if carrier.account_id and any(outcome.taken for outcome in outcomes):
        ChannelAccount.objects.filter(pk=carrier.account_id).update(last_sent_at=now)


def _row(carrier: Carrier, outcome: Outcome, now: datetime) -> tuple[object, ...]:
    attempts, due_at, sent_at, number, segments = outcome.attempt, now, None, "", 0
    problem, said = outcome.problem, outcome.said
    if outcome.taken:
        state, sent_at = Message.State.SENT, now
        number, segments = storable(outcome.taken.number[:160]), min(max(outcome.taken.segments, 0), MOST_SEGMENTS)
    elif isinstance(problem, SetupRefused):
        # Not the message's fault, so it is no attempt of its.
        state, attempts = Message.State.WAITING, outcome.attempt - 1
    elif isinstance(problem, Away) and outcome.attempt < (
        UNCLEAR_ATTEMPTS if isinstance(problem, Unclear) else ATTEMPTS
    ):
        state, due_at = Message.State.WAITING, now + wait_after(outcome.attempt, problem.after)
    elif isinstance(problem, OptedOut):
        state, said = Message.State.STOPPED, f"Stopped:{StoppedAddress.Reason.OPT_OUT}"
    else:
        state = Message.State.FAILED
    return (
        outcome.pk, outcome.attempt, str(state), said, attempts, due_at, sent_at, number, segments,
        carrier.name if outcome.taken else "", carrier.price if outcome.taken else Decimal(0),
    )  # fmt: skip


def wait_after(attempt: int, asked: float | None = None) -> timedelta:
    """How long until the next attempt: as long as the carrier asks, or 1, 2, 4 … minutes."""
    if asked is not None:
        return min(timedelta(seconds=max(asked, 1)), LONGEST)
    return min(timedelta(minutes=2 ** (attempt - 1)), LONGEST)


def _count_bounce(carrier: Carrier, outcome: Outcome) -> None:
    """Stop an address that does not exist, once the carrier has said so as often as it has to."""
    medium, reasons = carrier.kind.medium, StoppedAddress.Reason
    if medium == Medium.PUSH:
        Browser.objects.filter(uuid=outcome.to).delete()
        return
    if not is_often_enough(carrier.kind, outcome.to):
        return
    stop(
        medium=medium,
        address=outcome.to,
        reason=reasons.OPT_OUT if isinstance(outcome.problem, OptedOut) else reasons.BOUNCE,
        why=outcome.problem.reason if outcome.problem else Reason(),
        message_id=outcome.pk,
    )


def is_often_enough(kind: type[Channel], address: str) -> bool:
    """Whether as many messages found no such address as it takes to write there no more; these are written down."""
    if kind.bounces_to_stop <= 1:
        return True
    same = Message.objects.alias(plain=plain_address()).filter(medium=kind.medium, plain=address.lower())
    gone = same.filter(state=Message.State.FAILED, error__startswith=GONE)
    return gone.count() >= kind.bounces_to_stop


def stop(*, medium: str, address: str, reason: str, why: Reason | None = None, message_id: int | None = None) -> bool:
    """Write to an address no more; what waits for it stops, too. Whether that is new. In a transaction."""
    known = {"reason": reason, "said": why.kept if why else "", "message_id": message_id}
    row, is_new = StoppedAddress.objects.get_or_create(medium=medium, address=address.lower(), defaults=known)
    waiting = Message.objects.alias(plain=plain_address()).filter(
        state=Message.State.WAITING, medium=medium, plain=row.address
    )
    if row.reason == StoppedAddress.Reason.OPT_OUT:
        waiting = waiting.exclude(lane=Message.Lane.URGENT)
    keys = list(waiting.values_list("pk", flat=True))
    Message.objects.filter(pk__in=keys).update(state=Message.State.STOPPED, error=f"Stopped:{row.reason}")
    forget_what_is_over(keys)
    return is_new


def hold(carrier: Carrier, problem: str) -> None:
    """Send nothing more by an account until staff have mended it. In a transaction."""
    if carrier.account_id is None:
        logger.error("The platform's own channel %s refused its setup: %s", carrier.name, problem)
        return
    _as_it_was(carrier).update(problem=problem or Reason("keys_refused").kept, checked_at=timezone.now())


def pause(carrier: Carrier, until: datetime) -> None:
    """Send nothing by an account until then. In a transaction."""
    if carrier.account_id is not None:
        _as_it_was(carrier).update(paused_until=until)


def _as_it_was(carrier: Carrier) -> QuerySet[ChannelAccount]:
    """The account unless its keys were tried since it was read: what old keys brought says nothing about new ones."""
    return ChannelAccount.objects.filter(pk=carrier.account_id, checked_at=carrier.checked_at)
