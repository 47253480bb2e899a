"""Devices on which a portal user has signed in before: a cookie, so that strangers' guesses do not lock them out.

It lets nobody in. It is signed for one ISP and one portal user, stays at one host and lasts a year.
"""

import secrets
from datetime import timedelta

from django.core import signing

from core.scope import required
from subscribers.models import PortalUser

LIFE = timedelta(days=365)


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"subscribers.devices:{required().label}")


def mark(user: PortalUser) -> str:
    """What the cookie of a device holds on which this user has signed in."""
    return _signer().sign(f"{user.uuid.hex}.{secrets.token_hex(8)}")


def name_of(cookie: str, user: PortalUser | None) -> str:
    """The random name of the device if its cookie is one of this user at this ISP, else nothing."""
    if not cookie or user is None:
        return ""
    try:
        owner, _, device = _signer().unsign(cookie, max_age=LIFE).partition(".")
    except signing.BadSignature:
        return ""
    return device if secrets.compare_digest(owner, user.uuid.hex) else ""
