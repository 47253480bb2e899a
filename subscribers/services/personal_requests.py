"""What subscribers ask for in the portal about all of their data."""

from datetime import datetime

from company.models import Profile
from core.acting import in_own_name
from core.audit import Actor, record
from messaging.services import notify
from subscribers.models import PersonalRequest, PortalUser, Subscriber
from subscribers.services.recipients import recipient_of
from tenants.directory import IspRef


class NotOpen(Exception):
    """Somebody has answered already."""


def ask(*, by: PortalUser, kind: str, at: datetime) -> PersonalRequest:
    """Ask for a copy, or for erasure; one of each kind waits at most. Raises Erased."""
    in_own_name()
    subscriber = Subscriber.objects.lock_to_add(by.subscriber_id)
    wish = subscriber.personal_requests.open().filter(kind=kind).first()
    if wish is None:
        wish = PersonalRequest.objects.create(
            subscriber=subscriber, portal_user=by, username=by.username, kind=kind, asked_at=at
        )
        record("subscribers.personal_data.asked", by=by, on=subscriber, subscriber=subscriber.number, kind=kind)
    return wish


def answer(
    *, by: Actor, isp: IspRef, wish: PersonalRequest, is_granted: bool, text: str, at: datetime
) -> PersonalRequest:
    """Say that it was done, or why not; the login that asked is told by mail. Raises NotOpen, Erased."""
    subscriber = Subscriber.objects.lock_to_add(wish.subscriber_id)
    wish = PersonalRequest.objects.select_for_update(of=("self",)).select_related("portal_user").get(pk=wish.pk)
    if wish.state != PersonalRequest.State.OPEN:
        raise NotOpen
    wish.state = PersonalRequest.State.DONE if is_granted else PersonalRequest.State.REFUSED
    wish.answer, wish.decided_at, wish.by_id, wish.by_name = text, at, by.pk, by.audit_label[:200]
    wish.save(update_fields=["state", "answer", "decided_at", "by_id", "by_name"])
    about = {"subscriber": subscriber.number, "kind": wish.kind}
    record("subscribers.personal_data.answered", by=by, on=subscriber, **about, reason=text)
    user, profile = wish.portal_user, Profile.load()
    if to := (user.email if user else "") or subscriber.email:
        company = profile.display_name or isp.name
        notify(
            event="subscribers/personal_request",
            recipient=recipient_of(subscriber, isp=isp, user=user, email=to),
            name=subscriber.full_name,
            kind=wish.kind,
            is_granted=is_granted,
            answer=text,
            company=company,
            profile=profile,
            from_name=company,
            reply_to=profile.email,
        )
    return wish
