"""Who gets a message, as far as messages need to know. Who they are stands in apps above this one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from messaging.models import Medium


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody with addresses: of e-mail, phones as E.164, browsers by UUID. Of each the first counts, of browsers all.

    `timezone` is empty where it is not known: then the ISP's counts. `hears_news` says that a consent to offers stands.
    """

    language: str = ""
    addresses: Mapping[Medium, tuple[str, ...]] = field(default_factory=dict)
    timezone: str = ""
    group: int | None = None
    subscriber: int | None = None
    login: int | None = None
    hears_news: bool = False
    browsers: Callable[[], tuple[str, ...]] = tuple  # asked only where notifications are to be sent

    def at(self, medium: Medium) -> tuple[str, ...]:
        """Where a message by a medium goes; nothing where the person cannot be reached so."""
        if medium == Medium.PUSH:
            return self.browsers()
        return tuple(each for each in self.addresses.get(medium, ()) if each)[:1]
