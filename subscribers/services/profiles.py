"""Subscribers change their own data: at once, or once staff have agreed, as the ISP has it."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from company.models import Profile
from core.audit import Actor, record
from messaging.services import notify
from subscribers.models import FieldAccess, PortalUser, ProfileChange, ProfileRule, Subscriber, profile_access
from subscribers.models.profile import NEVER_EDITED, ProfileField
from subscribers.services.customers import change_subscriber
from subscribers.services.recipients import recipient_of
from tenants.directory import IspRef
from tenants.models import StaffUser


class NotPending(Exception):
    """Somebody has decided already, or the subscriber has withdrawn it."""


class NotOpen(Exception):
    """The ISP does not let subscribers change this field."""


@transaction.atomic
def change_rules(*, by: Actor, access: Mapping[str, str]) -> list[str]:
    """Say for each field what the portal does with it; the names of those that changed are returned and audited.

    Raises NotOpen for a field that may never be edited.
    """
    before = profile_access()
    if wrong := [name for name, how in access.items() if name in NEVER_EDITED and how in _EDITED]:
        raise NotOpen(wrong[0])
    changed = [name for name, how in access.items() if before[name] != how]
    for name in access:
        ProfileRule.objects.update_or_create(field=name, defaults={"access": access[name]})
    if changed:
        changes = {name: [before[name].value, str(access[name])] for name in changed}
        record("subscribers.profile_rules.changed", by=by, changes=changes)
    return changed


_EDITED = {FieldAccess.EDITABLE, FieldAccess.APPROVAL}


@transaction.atomic
def change_own_data(*, by: PortalUser, values: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Change what may be changed at once, and ask for the rest: the names of both kinds.

    A wish joins the one that waits already; a field that is wanted as it stands is no wish any more. Raises NotOpen for
    a field that the ISP has not opened, and then changes nothing.
    """
    access = profile_access()
    subscriber = Subscriber.objects.lock_to_add(by.subscriber_id)
    if closed := [name for name in values if access.get(name) not in _EDITED]:
        raise NotOpen(closed[0])
    differing = {name: value for name, value in values.items() if getattr(subscriber, name) != value}
    at_once = {name: value for name, value in differing.items() if access[name] == FieldAccess.EDITABLE}
    if at_once:
        change_subscriber(by=by, subscriber=subscriber, version=None, **at_once)
    asked = {name: value for name, value in values.items() if access[name] == FieldAccess.APPROVAL}
    wanted = _ask(by, subscriber, asked)
    return list(at_once), wanted


def _ask(by: PortalUser, subscriber: Subscriber, asked: Mapping[str, str]) -> list[str]:
    waiting = ProfileChange.objects.pending().filter(subscriber=subscriber).first()
    before = dict(waiting.wanted) if waiting else {}
    wanted = {name: pair for name, pair in before.items() if name not in asked}
    for name, value in asked.items():
        if getattr(subscriber, name) != value:
            wanted[name] = [getattr(subscriber, name), value]
    if wanted == before:
        return []
    if not wanted and waiting:
        _settle(waiting, ProfileChange.State.WITHDRAWN)
        record("subscribers.profile_change.withdrawn", by=by, on=waiting, subscriber=subscriber.number)
        return []
    waiting = waiting or ProfileChange(subscriber=subscriber)
    waiting.portal_user, waiting.username, waiting.wanted = by, by.username, wanted
    waiting.save()
    about = {"subscriber": subscriber.number, "changes": wanted}
    record("subscribers.profile_change.asked_for", by=by, on=waiting, **about)
    return list(wanted)


def withdraw_change(*, by: PortalUser) -> bool:
    """Take back what the subscriber has asked for. False if nothing was waiting."""
    waiting = ProfileChange.objects.pending().select_for_update().filter(subscriber_id=by.subscriber_id).first()
    if waiting is None:
        return False
    _settle(waiting, ProfileChange.State.WITHDRAWN)
    record("subscribers.profile_change.withdrawn", by=by, on=waiting, subscriber=by.subscriber.number)
    return True


def approve_change(*, isp: IspRef, change: ProfileChange, by: StaffUser) -> ProfileChange:
    """Put what was asked for into the card, and tell the subscriber. Raises NotPending."""
    change = _locked(change)
    values = {name: after for name, (_before, after) in change.wanted.items()}
    change_subscriber(by=by, subscriber=change.subscriber, version=None, **values)
    _settle(change, ProfileChange.State.APPROVED, by=by)
    number = change.subscriber.number
    record("subscribers.profile_change.approved", by=by, on=change, subscriber=number, fields=list(values))
    _tell(isp, change, "profile_approved")
    return change


def refuse_change(*, isp: IspRef, change: ProfileChange, by: StaffUser, reason: str) -> ProfileChange:
    """Leave the card as it is, and tell the subscriber why. Raises NotPending."""
    change = _locked(change)
    _settle(change, ProfileChange.State.REFUSED, by=by, reason=reason)
    number = change.subscriber.number
    record("subscribers.profile_change.refused", by=by, on=change, subscriber=number, reason=reason)
    _tell(isp, change, "profile_refused")
    return change


def _locked(change: ProfileChange) -> ProfileChange:
    # The subscriber's row first, as everybody does who changes a card.
    Subscriber.objects.select_for_update().get(pk=change.subscriber_id)
    rows = ProfileChange.objects.select_for_update(of=("self",)).select_related("subscriber", "portal_user")
    found = rows.get(pk=change.pk)
    if found.state != ProfileChange.State.PENDING:
        raise NotPending
    return found


def _settle(change: ProfileChange, state: str, *, by: StaffUser | None = None, reason: str = "") -> None:
    change.state, change.decided_at, change.reason = state, timezone.now(), reason
    change.by_id, change.by_name = (by.pk, by.name) if by else (None, "")
    change.save(update_fields=["state", "decided_at", "reason", "by_id", "by_name"])


def _tell(isp: IspRef, change: ProfileChange, template: str) -> None:
    """Write to the login that asked, or else to the subscriber, if there is an address."""
    user, profile = change.portal_user, Profile.load()
    addresses = {user.email if user else "", change.subscriber.email}
    if change.state == ProfileChange.State.APPROVED:
        # The old address hears that there is a new one, and the other way round.
        addresses |= set(change.wanted.get("email", []))
    names = dict(ProfileField.choices)
    for address in sorted(addresses - {""}):
        notify(
            event=f"subscribers/{template}",
            recipient=recipient_of(change.subscriber, isp=isp, user=user, email=address),
            name=change.subscriber.full_name,
            fields=[names[field] for field in change.wanted if field in names],
            reason=change.reason,
            company=profile.display_name or isp.name,
            profile=profile,
            from_name=profile.display_name or isp.name,
            reply_to=profile.email,
        )


def waiting_for(subscriber: Subscriber) -> ProfileChange | None:
    """What the subscriber has asked for and nobody has decided on."""
    return ProfileChange.objects.pending().filter(subscriber=subscriber).first()


def own_values(subscriber: Subscriber, access: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(field, value) of what the portal shows, in the order of the fields."""
    return [(field.value, getattr(subscriber, field)) for field in ProfileField if access[field] != FieldAccess.HIDDEN]
