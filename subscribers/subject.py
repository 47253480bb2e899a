"""The person about whom something is held: what the register of personal data looks for."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from subscribers.models import PortalUser, Subscriber

SHORTEST = 6  # characters of a mark: what is shorter is found in texts about others, too


@dataclass
class Subject:
    """A subscriber with what else names them. `keys` and `files` fill up while the register is gone through."""

    subscriber: Subscriber
    logins: list[PortalUser]
    keys: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))  # by model
    files: list[int] = field(default_factory=list)  # that an erasure removes

    @classmethod
    def of(cls, subscriber: Subscriber) -> "Subject":
        """One query."""
        return cls(subscriber, list(subscriber.portal_users.order_by("pk")))

    @property
    def pk(self) -> int:
        return self.subscriber.pk

    @property
    def number(self) -> int:
        return self.subscriber.number

    @property
    def login_keys(self) -> list[int]:
        return [login.pk for login in self.logins]

    @property
    def usernames(self) -> list[str]:
        return [login.username for login in self.logins]

    @property
    def emails(self) -> list[str]:
        """All addresses, in small letters."""
        person = self.subscriber
        found = [person.email, person.billing_email, *(login.email for login in self.logins)]
        return sorted({address.lower() for address in found if address})

    @property
    def phones(self) -> list[str]:
        return [phone for phone in (self.subscriber.mobile, self.subscriber.second_mobile) if phone]

    @property
    def id_numbers(self) -> list[str]:
        return [number for number in (self.subscriber.id_number, self.subscriber.tax_id) if number]

    @property
    def marks(self) -> list[str]:
        """What in a text is this person and nobody else: addresses, phones and official numbers; no names."""
        found = [*self.emails, *self.phones, *self.id_numbers]
        return [mark for mark in found if len(mark) >= SHORTEST]
