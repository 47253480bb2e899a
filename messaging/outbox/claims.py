"""Which messages go next. A message is claimed by one process at a time, in a transaction of its own."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, F, When
from django.utils import timezone

from messaging.models import Message

ATTEMPTS = 10  # over about eight hours
STUCK = timedelta(minutes=10)  # by then a claim has been left behind by its worker
LATE, SECRET_LATE = timedelta(days=7), timedelta(days=1)  # for which nothing was tried: it may be wrong by now
HELD = timedelta(days=1)  # what is due later than that is held: no attempt waits so long for the next
# A message of the same lane to the same address that was written before goes first, unless its own time has not come.
OLDER = """
SELECT FROM messaging_message o
WHERE o.state IN ('waiting', 'sending') AND o.medium = m.medium AND o."to" = m."to" AND o.lane = m.lane AND o.id < m.id
  AND (o.attempts > 0 OR o.due_at <= %(at)s) AND o.due_at < %(held)s
OFFSET 0
"""
# What was being handed over when its sending was stopped, and was not taken, is not tried again.
ENDED = "CASE WHEN m.error = 'Stopped:sending' THEN 'sending' END"
# Who asked for no more messages still gets what they ask for themselves, such as a link to sign in.
STOPPED = """
SELECT s.reason FROM messaging_stoppedaddress s
WHERE s.medium = m.medium AND s.address = lower(m."to") AND (s.reason <> 'opt_out' OR m.lane > 0)
"""
# What somebody does not want to hear of is not sent either when it was written before they said so.
UNWANTED = """
SELECT 'preference' FROM messaging_optout u
WHERE u.subscriber_key = m.subscriber_key AND u.kind = m.kind AND u.medium = m.medium
  AND (u.login_key = 0 OR u.login_key = m.login_key) LIMIT 1
"""
# OFFSET 0 keeps the question a question, asked row by row until there are enough rows, and no join over all that waits.
# It has no order either: that would lead the planner, where it has no statistics yet, to walk through all that waits.
CLAIM = f"""
WITH picked AS (
  SELECT m.id, COALESCE({ENDED}, ({STOPPED}), ({UNWANTED})) AS stopped,
    m.due_at < (CASE WHEN m.has_secret THEN %(secret_late)s ELSE %(late)s END) AS is_late
  FROM messaging_message m
  WHERE m.state IN ('waiting', 'sending') AND m.medium = %(medium)s AND m.due_at <= %(at)s {{which}}
    AND NOT EXISTS ({OLDER})
  ORDER BY m.lane, m.id LIMIT %(limit)s FOR UPDATE OF m SKIP LOCKED
)
UPDATE messaging_message m SET
  state = CASE WHEN picked.stopped IS NOT NULL THEN 'stopped'
               WHEN picked.is_late OR m.attempts >= {ATTEMPTS} THEN 'failed' ELSE 'sending' END,
  error = CASE WHEN picked.stopped IS NOT NULL THEN 'Stopped:' || picked.stopped
               WHEN picked.is_late THEN 'TooLate'
               WHEN m.attempts >= {ATTEMPTS} AND m.error = '' THEN 'WorkerLost' ELSE m.error END,
  attempts = m.attempts + 1, due_at = %(stuck)s
FROM picked WHERE m.id = picked.id RETURNING m.*
"""  # noqa: S608 - parts of our own


def claim(*, medium: str, limit: int) -> list[Message]:
    """Claim the messages that go next, in order, at most one to an address. In a transaction.

    Those whose address is stopped, or whose last attempt took its worker down, come to their end here; so does what
    nobody could send for days, as of an ISP that was suspended, or by a channel whose keys were refused.
    """
    return _claim("", medium=medium, limit=limit)


def claim_one(*, medium: str, pk: int) -> Message | None:
    """Claim this message, if it is due and nothing older to its address is on its way. In a transaction."""
    return next(iter(_claim("AND m.id = %(pk)s", medium=medium, limit=1, pk=pk)), None)


def claim_urgent_to(*, medium: str, to: str) -> Message | None:
    """Claim the next urgent message to an address. In a transaction."""
    return next(iter(_claim('AND m.lane = 0 AND m."to" = %(to)s', medium=medium, limit=1, to=to)), None)


def _claim(which: str, *, limit: int, **values: object) -> list[Message]:
    now = timezone.now()
    sql = CLAIM.format(which=which)
    values |= {"limit": limit, "at": now, "stuck": now + STUCK, "held": now + HELD}
    values |= {"late": now - LATE, "secret_late": now - SECRET_LATE}
    rows = list(Message.objects.raw(sql, values))
    over = [row.pk for row in rows if row.state != Message.State.SENDING]
    Message.objects.filter(pk__in=over).update(attempts=F("attempts") - 1)
    forget_what_is_over(over)
    return sorted((row for row in rows if row.state == Message.State.SENDING), key=lambda row: (row.lane, row.pk))


def give_back_orphans(*, medium: str) -> int:
    """Have those tried again that a turn left behind when its process died. Only for who holds the lease of turns."""
    left = Message.objects.filter(state=Message.State.SENDING, medium=medium, lane__gt=Message.Lane.URGENT)
    now = timezone.now()
    return left.filter(due_at__gt=now, due_at__lt=now + HELD).update(due_at=now)


def give_back(messages: list[Message]) -> None:
    """Put back what was claimed and not tried; it is no attempt. In a transaction."""
    keys = [message.pk for message in messages]
    mine = Message.objects.filter(pk__in=keys, state=Message.State.SENDING)
    now = timezone.now()
    due_at = Case(When(due_at__gt=now + HELD, then=F("due_at")), default=now)
    mine.update(state=Message.State.WAITING, attempts=F("attempts") - 1, due_at=due_at)


def forget_what_is_over(keys: list[int]) -> None:
    """Take out of messages that have come to their end what is not kept: links that let in, or all of a last word."""
    if not keys:
        return
    over = Message.objects.over().filter(pk__in=keys)
    over.filter(has_secret=True).update(text="", html="", data={})
    over.filter(is_last=True).delete()


@transaction.atomic
def next_due(*, medium: str = "") -> datetime | None:
    """When the next message is due, also if something older has to go first; past if one is. None without any."""
    rows = Message.objects.unsent().filter(medium=medium) if medium else Message.objects.unsent()
    return rows.order_by("due_at").values_list("due_at", flat=True).first()
