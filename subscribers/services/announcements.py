"""What staff say in the portal, and what subscribers do with it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from core.audit import Actor, record
from core.changes import Changes, set_fields
from subscribers.models import Announcement, AnnouncementRead, PortalUser, Subscriber


@transaction.atomic
def announce(*, by: Actor, values: Mapping[str, Any], subscriber: Subscriber | None = None) -> Announcement:
    """Say something in the portal: to whom `values` say, or to one subscriber. Raises Erased."""
    if subscriber is not None:
        subscriber = Subscriber.objects.lock_to_add(subscriber.pk)
        values = {**values, "audience": Announcement.Audience.SUBSCRIBER, "subscriber": subscriber}
    row = Announcement.objects.create(**values, by_id=by.pk, by_name=by.audit_label[:200])
    record(
        "subscribers.announcement.made",
        by=by,
        on=row,
        title=row.title,
        audience=row.audience,
        **({"subscriber": subscriber.number} if subscriber else {}),
    )
    return row


@transaction.atomic
def change_announcement(*, by: Actor, announcement: Announcement, values: Mapping[str, Any]) -> Changes:
    """Change what it says, to whom or when. Who has put it away does not see it again."""
    row = _locked(announcement)
    if changes := set_fields(row, values):
        record("subscribers.announcement.changed", by=by, on=row, title=row.title, changes=changes)
    return changes


@transaction.atomic
def end_announcement(*, by: Actor, announcement: Announcement, at: datetime) -> None:
    """Let it be seen no more. One that has not begun yet goes altogether; one that is over stays as it is."""
    row = _locked(announcement)
    if row.is_over(at=at):
        return
    record("subscribers.announcement.ended", by=by, on=row, title=row.title)
    if row.begins_at > at:
        row.delete()
        return
    row.ends_at = at
    row.save(update_fields=["ends_at"])


def put_away(*, user: PortalUser, announcement: Announcement) -> None:
    """Remember that a login has read it; once is enough."""
    row = AnnouncementRead(announcement=announcement, portal_user=user)
    AnnouncementRead.objects.bulk_create([row], ignore_conflicts=True)


def _locked(announcement: Announcement) -> Announcement:
    return Announcement.objects.select_for_update().get(pk=announcement.pk)
