"""Guesses at passwords: counted by login and network, so that a stranger cannot lock the owner out.

From one network a login has a few attempts, then fifteen minutes of waiting. From all networks together it has more,
then each attempt costs a captcha: many networks can slow one login down and not close it. A device on which its owner
signed in before is counted by itself. A name that nobody has is counted in the same way, so that nothing tells the
difference.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.utils.crypto import salted_hmac
from redis.exceptions import RedisError

from core import throttle
from core.audit import Actor, record
from core.scope import required
from subscribers.models import LoginRules, PortalUser, SignInBlock

WINDOW = 15 * 60  # seconds, of attempts and of the wait after them
TOTAL_WINDOW = 60 * 60  # seconds


@dataclass(frozen=True, slots=True)
class Limits:
    """Attempts at one login: from one network, and from all of them before a captcha is asked for."""

    network: int
    total: int


USUAL = Limits(network=8, total=24)
# Initial passwords are made of what others may know, so all logins of an ISP that uses them are harder to guess at. It
# is for all, since a difference would tell which logins have such a password.
WITH_INITIAL = Limits(network=4, total=8)
# So many wrong guesses at an initial password, in all its life, end it.
INITIAL_GUESSES = 20


def limits(rules: LoginRules) -> Limits:
    return WITH_INITIAL if rules.initial else USUAL


@dataclass(frozen=True, slots=True)
class Door:
    """One login as somebody tries to open it from somewhere."""

    account: str
    source: str
    user: PortalUser | None
    is_known_device: bool
    limits: Limits

    @property
    def is_blocked(self) -> bool:
        """Whether this network, or this device, has to wait."""
        try:
            return bool(cache.get(_block_key(self.account, self.source)))
        except RedisError:
            return False

    @property
    def wants_captcha(self) -> bool:
        """Whether so much was tried at the login that the next attempt has to cost something."""
        return not self.is_known_device and throttle.counted(f"sign-in:{self.account}") >= self.limits.total

    def knock(self) -> int:
        """Count an attempt; says the how-manieth of its window from here it is."""
        if not self.is_known_device:
            throttle.count(f"sign-in:{self.account}", seconds=TOTAL_WINDOW)
        return throttle.count(_count_key(self.account, self.source), seconds=WINDOW)


def door(*, login: str, user: PortalUser | None, network: str, device: str, rules: LoginRules) -> Door:
    """The login that somebody names, as it is tried from a network or, if `device` is one of its owner's, from that."""
    # Hashed, so that no name of a person is in the cache, and no two of them can make the same key.
    account = f"u{user.pk}" if user else hashlib.sha256(login.strip().lower().encode()).hexdigest()
    source = hashed(f"device {device}" if device else network)
    return Door(account, source, user, bool(device), limits(rules))


def hashed(source: str) -> str:
    """A network as it is kept: comparable within one ISP, and not to be read."""
    return salted_hmac(f"subscribers.attempts:{required().label}", source, algorithm="sha256").hexdigest()


def note_failure(opened: Door, *, attempt: int, at: datetime) -> None:
    """Have this network wait once it has used its attempts up. Staff see it, and can end it."""
    if attempt < opened.limits.network:
        return
    until = at + timedelta(seconds=WINDOW)
    with suppress(RedisError):
        cache.set(_block_key(opened.account, opened.source), 1, timeout=WINDOW)
    throttle.forget(_count_key(opened.account, opened.source))
    if opened.user:
        SignInBlock.objects.update_or_create(
            portal_user=opened.user, network=opened.source, defaults={"since": at, "until": until}
        )
        record("subscribers.portal_user.blocked", by=None, on=opened.user, username=opened.user.username)


def note_success(opened: Door) -> None:
    """Begin anew, from here."""
    throttle.forget(_count_key(opened.account, opened.source))


def blocks(user: PortalUser, *, at: datetime) -> list[SignInBlock]:
    """The networks that have to wait now before they may try this login again, the first one first."""
    return list(SignInBlock.objects.filter(portal_user=user, until__gt=at).order_by("since"))


def forget(user: PortalUser) -> int:
    """Let everybody try again, without a line in the audit log; says how many networks had to wait."""
    rows = list(SignInBlock.objects.filter(portal_user=user))
    for row in rows:
        with suppress(RedisError):
            cache.delete(_block_key(f"u{user.pk}", row.network))
        throttle.forget(_count_key(f"u{user.pk}", row.network))
    throttle.forget(f"sign-in:u{user.pk}")
    SignInBlock.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


def lift(*, by: Actor, user: PortalUser) -> None:
    """End the waiting at a login."""
    networks = forget(user)
    record("subscribers.portal_user.block_lifted", by=by, on=user, username=user.username, networks=networks)


def _block_key(account: str, source: str) -> str:
    return f"sign-in-block:{account}:{source}"


def _count_key(account: str, source: str) -> str:
    return f"sign-in:{account}:{source}"
