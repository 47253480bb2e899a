"""Who carries a medium for the ISP at the moment, and the threads in which messages are handed over."""

import logging
import threading
import traceback
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.scope import required
from messaging.channels import kinds
from messaging.channels.base import (
    Away,
    Channel,
    ChannelProblem,
    NoSuchAddress,
    Parcel,
    Refused,
    Setup,
    SetupRefused,
    Taken,
    Told,
)
from messaging.channels.discretion import Discretion
from messaging.channels.reasons import Reason
from messaging.models import ChannelAccount, Medium, Message
from messaging.senders import callback_address, platform_setup

logger = logging.getLogger(__name__)
DEPTH = 4  # messages claimed for each thread
PLATFORM = "platform_smtp"  # carries e-mail for those who have no account of their own


@dataclass(frozen=True, slots=True)
class Carrier:
    """A channel with what the ISP has set for it; `account_id` is None for the platform's own."""

    kind: type[Channel]
    name: str
    setup: Setup
    account_id: int | None = None
    price: Decimal = Decimal(0)
    rate: float = 0  # messages a second; 0 without a limit
    problem: str = ""
    paused_until: datetime | None = None
    checked_at: datetime | None = None

    @property
    def hands(self) -> int:
        """How many messages may be handed over at the same time."""
        return self.kind.hands(self.setup)

    def open(self) -> Channel:
        """A channel for one thread, or for all of them if it is shared."""
        return self.kind(self.setup)


def carrier_of(medium: str) -> Carrier | None:
    """Who carries a medium; None without anybody. In a transaction."""
    account = ChannelAccount.objects.carrying(medium).first()
    if account is not None and account.kind is not None:
        return Carrier(
            kind=account.kind,
            name=account.channel,
            setup=account.setup(callback_url=callback_address(account)),
            account_id=account.pk,
            price=account.price,
            rate=account.per_second,
            problem=account.problem,
            paused_until=account.paused_until,
            checked_at=account.checked_at,
        )
    if account is None and medium == Medium.EMAIL:
        return Carrier(kind=kinds()[PLATFORM], name=PLATFORM, setup=platform_setup())
    return None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt."""

    pk: int
    attempt: int
    to: str
    taken: Taken | None = None
    problem: ChannelProblem | None = None

    @property
    def said(self) -> str:
        """What stands in the message's `error`."""
        return kept(self.problem) if self.problem else ""


def kept(problem: ChannelProblem) -> str:
    """A problem as a message's `error` keeps it."""
    return f"{type(problem).__name__}: {problem.reason.kept}"


def callback_of(channel: Channel) -> str:
    """The address that a carrier gets for what it says later; nothing where it says nothing."""
    address = channel.setup.callback_url
    return channel.callback(address) if address and channel.calls_back else ""


def parcel_of(message: Message, callback_url: str = "") -> Parcel:
    """A message as carriers get it."""
    return Parcel(
        key=message.key_there,
        to=message.to,
        text=message.text,
        subject=message.subject,
        html=message.html,
        from_name=message.from_name,
        reply_to=message.reply_to,
        data=message.data,
        callback_url=callback_url,
        round=message.round,
    )


def hand_over(channel: Channel, message: Message) -> Outcome:
    """Hand one message to its carrier. Touches no database and raises nothing."""
    told = {"pk": message.pk, "attempt": message.attempts, "to": message.to}
    try:
        return Outcome(**told, taken=channel.send(parcel_of(message, callback_of(channel))))
    except (Away, Refused, NoSuchAddress, SetupRefused) as problem:
        return Outcome(**told, problem=Discretion(channel).problem(problem))
    except Exception as problem:
        # A fault of ours or of a library, after which the message may have been taken: tried again like no answer.
        lines = [Discretion(channel).text(line) for line in traceback.format_exception(problem)]
        logger.error("Message %s could not be handed over\n%s", message.uuid, "\n".join(lines))
        return Outcome(**told, problem=Away(Reason("our_fault", {"kind": type(problem).__name__})))


class Crew:
    """Threads that hand messages over, each with a channel, and so a connection, of its own unless it is shared."""

    def __init__(self, carrier: Carrier, size: int) -> None:
        self.carrier = carrier
        self.size = size
        self._pool = ThreadPoolExecutor(size, thread_name_prefix=f"outbox-{required().label}")
        self._own = threading.local()
        self._opening = threading.Lock()
        self._channels: list[Channel] = []
        self._running: dict[Future[Outcome | None], Message] = {}
        self._halt = threading.Event()
        self._untried: list[Message] = []
        self.heard: list[Told] = []  # what carriers said meanwhile of earlier messages; complete once closed

    @property
    def free(self) -> int:
        """For how many messages there is room: several for each thread, so that none waits for the next claim."""
        return DEPTH * self.size - len(self._running)

    @property
    def is_idle(self) -> bool:
        return not self._running

    def take(self, messages: Iterable[Message]) -> None:
        self._running |= {self._pool.submit(self._work, message): message for message in messages}

    def finished(self, *, seconds: float | None = None) -> list[Outcome]:
        """What has been done since the last time; waits for one at least, though not longer than `seconds`."""
        if not self._running:
            return []
        done, _ = wait(self._running, timeout=seconds, return_when=FIRST_COMPLETED)
        told = []
        for each in done:
            message, outcome = self._running.pop(each), each.result()
            if outcome is None:
                self._untried.append(message)
            else:
                told.append(outcome)
        return told

    def recall(self) -> list[Message]:
        """What no thread has begun with; nobody begins with it any more."""
        self._halt.set()
        back = [each for each in self._running if each.cancel()]
        untried, self._untried = self._untried, []
        return [*untried, *[self._running.pop(each) for each in back]]

    def close(self) -> None:
        """Wait for what is being handed over, and let go of the connections."""
        self._pool.shutdown(wait=True)
        for channel in self._channels:
            channel.close()
            self.heard += Discretion(channel).told(channel.heard())

    def _work(self, message: Message) -> Outcome | None:
        """The outcome; None once another thread has heard that nothing more should be handed over for now."""
        if self._halt.is_set():
            return None
        if not hasattr(self._own, "channel"):
            with self._opening:
                if not (self.carrier.kind.is_shared and self._channels):
                    self._channels.append(self.carrier.open())
                self._own.channel = self._channels[-1]
        outcome = hand_over(self._own.channel, message)
        if isinstance(outcome.problem, SetupRefused) or (isinstance(outcome.problem, Away) and outcome.problem.after):
            self._halt.set()
        return outcome
