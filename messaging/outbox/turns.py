"""Handing messages over: the turns in which an ISP's messages of one medium go, and single messages that are urgent.

A turn holds a lease, so an ISP has one for each medium at a time, and ends after a short slice: the next one stands in
the fair queue behind those of other ISPs. What a process that dies had claimed is given back by the next turn.
"""

import logging
import time
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from core.lease import Busy, lease
from core.mail import SETTLED
from core.scope import NoScope, required
from messaging.channels.base import Away, SetupRefused, Told
from messaging.channels.discretion import Discretion
from messaging.channels.outside import AFTER
from messaging.models import ChannelAccount, Message
from messaging.outbox import fates
from messaging.outbox.browsers import give_browsers
from messaging.outbox.carriers import Carrier, Crew, Outcome, carrier_of, hand_over
from messaging.outbox.claims import (
    claim,
    claim_one,
    claim_urgent_to,
    forget_what_is_over,
    give_back,
    give_back_orphans,
    next_due,
)
from messaging.outbox.nights import hold_for_the_night
from messaging.outbox.results import hold, pause, write_down
from tenants.services import due_work

logger = logging.getLogger(__name__)
SLICE = 1.0  # seconds
LONGEST_PAUSE = timedelta(seconds=AFTER)
REST = timedelta(seconds=30)  # after a carrier did not answer
REFUSED_REST = timedelta(minutes=5)  # after the platform's own channel refused its setup
GATHER = 0.02  # seconds in which results are gathered for one transaction
BLINK = 0.1  # seconds that a turn waits for the rate rather than end


def take_turn(*, isp_id: int, medium: str) -> datetime | None:
    """Hand over what is due by one medium, for a slice of time. When to take the next turn; None without need.

    Outside a transaction, in the ISP's scope.
    """
    try:
        with lease(f"messaging.{medium}", isp_id):
            turn = _Turn(medium)
            rest = turn.run()
    except Busy:
        return None  # Whoever has it looks once more when it is over.
    due_at = next_due(medium=medium)
    if due_at is not None and not turn.handed:
        # What is due could not go: a carrier rests, or something older is on its way. The sweep looks again; turns
        # that came to nothing and ask for another one would never end.
        rest = max(rest or due_at, timezone.now() + SETTLED)
    if due_at is None or rest is None:
        return due_at
    return max(due_at, rest)


class _Turn:
    """One slice of an ISP's messages by one medium."""

    def __init__(self, medium: str) -> None:
        self.medium = medium
        self.began = time.monotonic()
        self.handed = 0
        self.unanswered = 0  # in a row
        self.rest_until: datetime | None = None
        self.is_over = False

    def run(self) -> datetime | None:
        """Work; gives the moment before which no other turn should come, if there is one."""
        with transaction.atomic():
            carrier = carrier_of(self.medium)
            give_back_orphans(medium=self.medium)
            if carrier is None:
                _give_up_for_want_of_a_channel(self.medium)
                return None
            fates.match_early(channel=carrier.name)
            hold_for_the_night(medium=self.medium, at=timezone.now())
        now = timezone.now()
        if carrier.problem:
            return now + REFUSED_REST
        # Nobody asks for a longer one: where it is, the clock has been set back since.
        if carrier.paused_until and now < carrier.paused_until <= now + LONGEST_PAUSE:
            return carrier.paused_until
        crew = Crew(carrier, carrier.hands)
        try:
            self._loop(carrier, crew)
        finally:
            crew.close()
            _note_heard(carrier, crew.heard)
        return self.rest_until

    def _loop(self, carrier: Carrier, crew: Crew) -> None:
        done: list[Outcome] = []
        while True:
            with transaction.atomic():
                write_down(carrier, done)
                self._judge(carrier, done)
                if self.rest_until:
                    give_back(crew.recall())
                room = self._room(carrier, crew)
                claimed = claim(medium=self.medium, limit=room) if room else []
                give_browsers(claimed)
            self.handed += len(claimed)
            crew.take(claimed)
            if crew.is_idle and self._is_done(carrier, room):
                break
            # A short while more, so that one transaction serves several messages.
            done = crew.finished()
            time.sleep(GATHER)
            done += crew.finished(seconds=0)
        self._keep_rate(carrier)

    def _judge(self, carrier: Carrier, outcomes: list[Outcome]) -> None:
        """Whether what carriers said means that no more should be handed over for now."""
        now = timezone.now()
        for outcome in outcomes:
            problem = outcome.problem
            self.unanswered = self.unanswered + 1 if isinstance(problem, Away) else 0
            if isinstance(problem, SetupRefused):
                hold(carrier, problem.reason.kept)
                self._rest(now + REFUSED_REST)
            elif isinstance(problem, Away) and problem.after:
                self._rest(now + timedelta(seconds=problem.after))
        if self.unanswered >= carrier.hands:
            self._rest(now + REST)

    def _rest(self, until: datetime) -> None:
        self.is_over = True
        self.rest_until = max(until, self.rest_until or until)

    def _room(self, carrier: Carrier, crew: Crew) -> int:
        """How many messages may be claimed now."""
        if self.is_over or (self.handed and time.monotonic() - self.began > SLICE):
            self.is_over = True
            return 0
        if not carrier.rate:
            return crew.free
        allowed = 1 + int((time.monotonic() - self.began) * carrier.rate) - self.handed
        return max(0, min(crew.free, allowed))

    def _is_done(self, carrier: Carrier, room: int) -> bool:
        if self.is_over or room or not carrier.rate:
            return True  # There was room, and nothing to claim.
        if 1 / carrier.rate > BLINK:
            return True
        time.sleep(1 / carrier.rate)
        return False

    def _keep_rate(self, carrier: Carrier) -> None:
        """Let the rate hold from one turn to the next, too."""
        if carrier.rate and self.handed:
            ahead = self.handed / carrier.rate - (time.monotonic() - self.began)
            if ahead > 0:
                self._rest(timezone.now() + timedelta(seconds=ahead))
        if self.rest_until:
            with transaction.atomic():
                pause(carrier, self.rest_until)


def deliver_one(pk: int) -> datetime | None:
    """Hand over one message by itself, and then the urgent ones to the same address that waited for it.

    When to look again; None without need. Outside a transaction, in the ISP's scope.
    """
    with transaction.atomic():
        message = Message.objects.unsent().filter(pk=pk).first()
        if message is None:
            return None
        medium = message.medium
        carrier = carrier_of(medium)
        if carrier is None:
            _give_up_for_want_of_a_channel(medium)
            return None
        if carrier.problem:
            return timezone.now() + REFUSED_REST
        message = None if carrier.kind.is_shared else claim_one(medium=medium, pk=pk)
        give_browsers([message] if message else [])
    if carrier.kind.is_shared:
        # A second connection would be refused: the running turn takes it first, or one begins.
        return take_turn(isp_id=isp_of_scope(), medium=medium)
    if message is None:
        return next_due(medium=medium)
    channel = carrier.open()
    try:
        while message is not None:
            outcome = hand_over(channel, message)
            to = message.to
            with transaction.atomic():
                write_down(carrier, [outcome])
                if isinstance(outcome.problem, SetupRefused):
                    hold(carrier, outcome.problem.reason.kept)
                    break
                message = claim_urgent_to(medium=medium, to=to)
                give_browsers([message] if message else [])
    finally:
        channel.close()
        _note_heard(carrier, Discretion(channel).told(channel.heard()))
    return next_due(medium=medium)


def _note_heard(carrier: Carrier, told: list[Told]) -> None:
    """Write down what a carrier said on our own connection."""
    if told and carrier.account_id is not None:
        with transaction.atomic():
            ChannelAccount.objects.filter(pk=carrier.account_id).update(last_event_at=timezone.now())
            if fates.take(channel=carrier.name, medium=carrier.kind.medium, told=told):
                due_work.bring_forward(isp_id=isp_of_scope(), kind="mail", at=timezone.now())


def _give_up_for_want_of_a_channel(medium: str) -> None:
    """Messages for which no channel is connected are dead letters, not a surprise when one is connected later."""
    due = Message.objects.due(timezone.now()).filter(medium=medium)
    keys = list(due.values_list("pk", flat=True))
    Message.objects.filter(pk__in=keys).update(state=Message.State.FAILED, error="NoChannel")
    forget_what_is_over(keys)


def isp_of_scope() -> int:
    """The key of the ISP whose scope is open. Raises NoScope."""
    isp_id = required().isp_id
    if isp_id is None:
        raise NoScope("A message of an ISP is sent in its scope.")
    return isp_id
