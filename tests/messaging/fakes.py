"""A carrier for tests, which does as it is told and remembers what it was given."""

import threading
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from messaging.channels.base import Channel, Parcel, Taken


class FakeChannel(Channel):
    """Takes everything, unless a test's `answer` raises or says otherwise."""

    name = "fake"
    title = "Fake"
    medium = "sms"
    at_once = 4
    given: ClassVar[list[Parcel]] = []
    closed: ClassVar[list[Any]] = []
    answer: ClassVar[Callable[[Parcel], Taken] | None] = None
    lock: ClassVar[threading.Lock] = threading.Lock()

    def send(self, parcel: Parcel) -> Taken:
        """As the test has set it."""
        with self.lock:
            self.given.append(parcel)
        if FakeChannel.answer is not None:
            return FakeChannel.answer(parcel)
        return Taken(number=f"there-{parcel.to}", segments=2)

    def check(self) -> str:
        """Always fine."""
        return "fake"

    def close(self) -> None:
        """Remembered."""
        self.closed.append(self)

    @classmethod
    def texts(cls) -> list[str]:
        """What was given, in order."""
        return [parcel.text for parcel in cls.given]


def fresh() -> Iterator[type[FakeChannel]]:
    """The channel with nothing given yet."""
    FakeChannel.given.clear()
    FakeChannel.closed.clear()
    FakeChannel.answer = None
    yield FakeChannel
    FakeChannel.answer = None
