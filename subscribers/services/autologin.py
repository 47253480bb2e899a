"""Auto-login links: made, opened, ended."""

import secrets
from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils import timezone

from company.models import Profile
from core.audit import Actor, record
from core.tokens import digest
from domains.links import portal_url
from messaging.services import notify
from subscribers.models import AutoLoginLink, PortalUser
from subscribers.services.passwords import CannotSend, LinkGone, local_date, why_not_send
from subscribers.services.recipients import recipient_of
from tenants.directory import IspRef

SHORTEST, LONGEST = timedelta(hours=1), timedelta(days=183)


def autologin_url(
    *,
    isp: IspRef,
    user: PortalUser,
    scope: str,
    life: timedelta,
    by: Actor | None = None,
    run: UUID | None = None,
) -> str:
    """Make a link that signs a portal user in and return its address, which is kept nowhere.

    `scope` is AutoLoginLink.Scope; `life` from an hour to 183 days, else ValueError. For the tag `{{ autologin_url }}`
    of messages too, which names its mass sending in `run`. Raises CannotSend("closed") for a login that is not open.
    """
    if not SHORTEST <= life <= LONGEST or scope not in AutoLoginLink.Scope.values:
        raise ValueError("A link lives from an hour to 183 days, and opens what AutoLoginLink.Scope says.")
    if not user.is_active or user.is_over(on=local_date(isp)):
        raise CannotSend("closed")
    secret = secrets.token_urlsafe(32)
    who = {"by_kind": by.audit_kind, "by_id": by.pk, "by_name": by.audit_label[:200]} if by else {"by_kind": "system"}
    link = AutoLoginLink.objects.create(
        portal_user=user,
        digest=digest(secret),
        scope=scope,
        expires_at=timezone.now() + life,
        run=run,
        **who,
    )
    record(
        "subscribers.auto_login.created",
        by=by,
        on=link,
        username=user.username,
        subscriber=user.subscriber.number,
        scope=str(scope),
        hours=int(life.total_seconds() // 3600),
    )
    return portal_url(isp, f"/go/{secret}/")


def send_autologin_link(
    *, isp: IspRef, user: PortalUser, scope: str, life: timedelta, by: Actor | None, run: UUID | None = None
) -> None:
    """Mail a login an auto-login link. Raises CannotSend and ValueError."""
    if reason := why_not_send(user, on=local_date(isp)):
        raise CannotSend(reason)
    url = autologin_url(isp=isp, user=user, scope=scope, life=life, by=by, run=run)
    profile = Profile.load()
    company = profile.display_name or isp.name
    hours = int(life.total_seconds() // 3600)
    notify(
        event="portal/auto_login",
        recipient=recipient_of(user.subscriber, isp=isp, user=user, email=user.email),
        from_name=company,
        reply_to=profile.email,
        company=company,
        name=user.person or user.subscriber.first_name,
        username=user.username,
        url=url,
        pays_only=scope == AutoLoginLink.Scope.PAY,
        hours=hours,
        days=hours // 24,
    )


def find_link(secret: str, *, on: date, at: datetime) -> AutoLoginLink:
    """The link behind an address. Looking spends nothing. Raises LinkGone, also where the login is not open."""
    links = AutoLoginLink.objects.good(at=at).select_related("portal_user__subscriber")
    link = links.filter(digest=digest(secret)).first()
    if link is None or not link.portal_user.is_open(on=on):
        raise LinkGone
    return link


def note_use(*, link: AutoLoginLink, at: datetime) -> AutoLoginLink:
    """Write down that somebody signs in with a link. Raises LinkGone if it has ended meanwhile."""
    rows = AutoLoginLink.objects.select_for_update(of=("self",)).select_related("portal_user__subscriber")
    locked = rows.get(pk=link.pk)
    if not locked.is_good(at=at):
        raise LinkGone
    locked.last_used_at, locked.uses = at, locked.uses + 1
    locked.save(update_fields=["last_used_at", "uses"])
    user = locked.portal_user
    record("subscribers.auto_login.used", by=user, on=locked, username=user.username, scope=locked.scope)
    return locked


def revoke_link(*, by: Actor, link: AutoLoginLink) -> None:
    """End a link, and with it the sessions that began with it. Twice is once."""
    link = AutoLoginLink.objects.select_for_update(of=("self",)).select_related("portal_user").get(pk=link.pk)
    if link.revoked_at is not None:
        return
    link.revoked_at = timezone.now()
    link.save(update_fields=["revoked_at"])
    record("subscribers.auto_login.revoked", by=by, on=link, username=link.portal_user.username, scope=link.scope)
