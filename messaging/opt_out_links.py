"""The link with which somebody says that they want no more messages of a kind: sealed, good at one ISP, for ever.

It opens nothing and shows nobody's data. It does not run out: a mail may be read years later, and no has to be heard.
"""

from dataclasses import dataclass

from core import crypto
from domains.links import portal_url
from messaging.events.base import Kind
from messaging.models import Medium
from tenants.directory import IspRef

PURPOSE = "messaging.opt-out"  # with the ISP it makes the key: what another one sealed cannot be read here


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants to hear no more of what, by which medium."""

    subscriber: int
    login: int
    kind: Kind
    medium: Medium


def opt_out_url(isp: IspRef, wish: Wish) -> str:
    """The address of the page on the ISP's portal."""
    words = f"{wish.subscriber} {wish.login} {wish.kind.value} {wish.medium.value}"
    return portal_url(isp, f"/opt-out/{crypto.encrypt(words, purpose=PURPOSE).rstrip('=')}/")


def read_opt_out_link(text: str) -> Wish | None:
    """What a link says, or None for one that we did not make, or that is another ISP's."""
    try:
        words = crypto.decrypt(text + "=" * (-len(text) % 4), purpose=PURPOSE).split()
        subscriber, login, kind, medium = words
        return Wish(int(subscriber), int(login), Kind(kind), Medium(medium))
    except (ValueError, TypeError):
        return None
