"""Browsers in which portal users want notifications: kept, and let go."""

import hashlib
from typing import Any

from django.db import transaction

from core.audit import Actor, record
from messaging.channels.web_push.channel import BadSubscription, parsed
from messaging.models import Browser, ChannelAccount, Medium

MOST = 10  # of one login


class TooMany(Exception):
    """The login has as many browsers as are possible."""


__all__ = ["MOST", "BadSubscription", "TooMany", "drop_browser", "keep_browser", "public_key"]


def public_key() -> str:
    """The key that browsers ask for; nothing where the ISP sends no notifications. One query."""
    row = ChannelAccount.objects.carrying(Medium.PUSH).first()
    return str(row.values.get("public_key", "")) if row else ""


@transaction.atomic
def keep_browser(*, by: Actor, owner: int, subscriber: int, subscription: Any, name: str) -> Browser:
    """Keep what a browser gave out. A browser that is known belongs to who signed in last there.

    Raises BadSubscription, TooMany.
    """
    good = parsed(subscription)
    digest = hashlib.sha256(good["endpoint"].encode()).hexdigest()
    if Browser.objects.filter(owner_key=owner).exclude(digest=digest).count() >= MOST:
        raise TooMany
    values = {**good, "name": name[:80], "owner_key": owner, "subscriber_key": subscriber}
    row, is_new = Browser.objects.update_or_create(digest=digest, defaults=values)
    if is_new:
        record("messaging.browser.added", by=by, on=row)
    return row


@transaction.atomic
def drop_browser(*, by: Actor, browser: Browser) -> None:
    """Send no more there."""
    record("messaging.browser.removed", by=by, on=browser)
    browser.delete()
