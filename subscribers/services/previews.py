"""Staff see the portal as a subscriber does: offered in the dashboard, begun and ended at the portal's host.

A preview stands on the membership of who began it, which is asked for at each request. It ends with the membership,
the right, the portal user, the sign-in in the dashboard, and its time.
"""

import zoneinfo
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from core import tokens
from core.acting import acting_for_nobody
from core.audit import Actor, record
from core.scope import public_scope
from subscribers.models import PortalUser
from subscribers.models.preview import Preview
from tenants.authentication import sign_in_digest
from tenants.directory import IspRef
from tenants.models import Membership, StaffUser
from tenants.roles import Right, has_right

PURPOSE = "preview"
HAND_OVER = timedelta(minutes=1)  # from the dashboard's page to the portal's host
LIFE = timedelta(minutes=30)


class CannotPreview(Exception):
    """The login is closed, or what was handed over is used, has run out, or is not for this place."""


def offer(*, by: StaffUser, user: PortalUser, origin: str, host: str) -> str:
    """The secret with which `by`, who may preview, begins a preview at the portal's `host` within a minute.

    `origin` is that of the dashboard's page. What is offered does nothing yet, so only its beginning is recorded.
    Raises CannotPreview.
    """
    if not user.is_open(on=timezone.localdate()):
        raise CannotPreview
    owner = {"by_id": by.pk, "by_name": by.name, "sign_in_digest": sign_in_digest(by)}
    place = {"origin": origin, "host": host}
    return tokens.issue(Preview, purpose=PURPOSE, life=HAND_OVER, portal_user=user, **owner, **place)


def begin(
    *, secret: str, isp: IspRef, origin: str, host: str, at: datetime, instead_of: Preview | None = None
) -> Preview:
    """Spend what was offered. Other previews of the same person end, and the one in whose place it comes.

    Raises CannotPreview.
    """
    preview = tokens.find(Preview, secret, purpose=PURPOSE, lock=True)
    if preview is None or (preview.origin, preview.host) != (origin, host):
        raise CannotPreview
    membership = membership_behind(preview, isp)
    if membership is None:
        raise CannotPreview
    others = Q(by_id=preview.by_id) | Q(pk=instead_of.pk if instead_of else None)
    for other in Preview.objects.running().filter(others).select_related("portal_user__subscriber"):
        _end(other, Preview.End.REPLACED, by=None, at=at)
    tokens.spend(preview)
    preview.ends_at = at + LIFE
    preview.save(update_fields=["ends_at"])
    _record("started", preview, by=membership.user)
    return preview


def resume(*, preview: Preview, isp: IspRef, at: datetime) -> Membership | None:
    """The membership on which a preview goes on; None if it is over, which is then written down. One query if not."""
    if preview.ends_at is None or preview.ended_at is not None:
        return None
    if preview.ends_at <= at:
        _end(preview, Preview.End.RAN_OUT, by=None, at=at)
        return None
    membership = membership_behind(preview, isp)
    if membership is None:
        _end(preview, Preview.End.LOST, by=None, at=at)
    return membership


def stop(*, preview: Preview, by: Actor, at: datetime) -> None:
    """End a preview that runs."""
    _end(preview, Preview.End.STOPPED, by=by, at=at)


def end_overdue(*, at: datetime) -> None:
    """Write down the end of previews that nobody looked at when their time was over, and forget old ones."""
    for preview in Preview.objects.overdue(at=at).select_related("portal_user__subscriber"):
        _end(preview, Preview.End.RAN_OUT, by=None, at=at)
    Preview.objects.forgettable(at=at).delete()


def membership_behind(preview: Preview, isp: IspRef) -> Membership | None:
    """The membership that lets somebody go on with a preview, if there still is one. One query."""
    if not preview.portal_user.is_open(on=timezone.localdate(timezone=zoneinfo.ZoneInfo(isp.timezone))):
        return None
    device = TOTPDevice.objects.filter(user=OuterRef("user"), confirmed=True)
    with public_scope():
        rows = Membership.objects.select_related("user").annotate(has_second_factor=Exists(device))
        membership = rows.filter(isp_id=isp.pk, user_id=preview.by_id, user__is_active=True).first()
    if membership is None or not has_right(membership.role, Right.PREVIEW):
        return None
    user = membership.user
    user.has_second_factor = membership.has_second_factor  # type: ignore[attr-defined]
    return membership if sign_in_digest(user) == preview.sign_in_digest else None


def _end(preview: Preview, end: Preview.End, *, by: Actor | None, at: datetime) -> None:
    """End it once: of several who find it over at the same time, one writes it down."""
    preview.ended_at, preview.end = at, end
    running = Preview.objects.running().filter(pk=preview.pk)
    if running.update(ended_at=at, end=end):
        _record("stopped" if end == Preview.End.STOPPED else "ended", preview, by=by, end=end.value)


def _record(act: str, preview: Preview, *, by: Actor | None, **details: str) -> None:
    user = preview.portal_user
    whose = {"username": user.username, "subscriber": user.subscriber.number}
    who = {} if by else {"who": preview.by_name}
    with acting_for_nobody():
        record(f"subscribers.preview.{act}", by=by, on=user, **whose, **who, **details)
