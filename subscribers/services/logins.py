"""What is done with portal users."""

from collections.abc import Mapping
from copy import copy
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Lower
from django.utils import timezone

from core.acting import in_own_name
from core.audit import Actor, record
from core.changes import Changes, set_fields
from subscribers import attempts, passwords, usernames
from subscribers.models import AutoLoginLink, LoginRules, PortalToken, PortalUser, Subscriber
from subscribers.portal_roles import GRANTABLE, PortalRole


class CannotGrant(Exception):
    """An owner may not do this with a colleague's login: the role is for staff to give, or it is another owner's."""


class TooManyLogins(Exception):
    """The subscriber has as many logins as the ISP allows."""


def create_portal_user(
    *,
    by: Actor | None,
    subscriber: Subscriber,
    username: str,
    password: str | None,
    email: str = "",
    language: str = "",
    person: str = "",
    role: str = PortalRole.OWNER,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> PortalUser:
    """Open a login for a subscriber; with `password` None nobody can sign in until one is set.

    The dates are the ISP's. Raises ValidationError if the user name has the wrong form or is taken, in whatever case,
    and Erased.
    """
    Subscriber.objects.lock_to_add(subscriber.pk)
    user = PortalUser(
        subscriber=subscriber,
        username=username.strip(),
        email=email.strip(),
        language=language,
        person=person.strip(),
        role=role,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    user.set_password(password)
    user.full_clean(exclude=["subscriber"])
    user.save()
    record(
        "subscribers.portal_user.created",
        by=by,
        on=user,
        username=user.username,
        subscriber=subscriber.number,
        portal_role=str(role),
    )
    return user


def create_login_by_rule(
    *, by: Actor | None, subscriber: Subscriber, language: str = "", role: str = PortalRole.OWNER
) -> PortalUser:
    """Open a login under the user name that the ISP's rule makes, without a password, at the subscriber's address."""
    rules = LoginRules.load()
    user = create_portal_user(
        by=by,
        subscriber=subscriber,
        username=free_username(usernames.by_rule(rules, subscriber)),
        password=None,
        email=subscriber.email,
        language=language,
        role=role,
    )
    give_initial_password(user=user, rules=rules, at=timezone.now())
    return user


def free_username(wanted: str) -> str:
    """The wanted user name, or the next one like it that nobody has."""
    like = PortalUser.objects.annotate(lower=Lower("username")).filter(lower__startswith=wanted.lower())
    return usernames.free(wanted, set(like.values_list("lower", flat=True)))


def change_portal_user(*, by: Actor, user: PortalUser, values: Mapping[str, Any]) -> Changes:
    """Set username, person, email, language, role, valid_from or valid_until of a login; what changed is returned.

    With another address the links that were mailed to the old one end. Raises ValidationError, as on creation.
    """
    user = _locked(user)
    wanted = copy(user)
    for key, value in values.items():
        setattr(wanted, key, value)
    wanted.full_clean(exclude=["subscriber", "password"])
    if not (changes := set_fields(user, values)):
        return {}
    if "email" in changes:
        end_tokens(user)
    whose = {"username": user.username, "subscriber": user.subscriber.number}
    record("subscribers.portal_user.changed", by=by, on=user, **whose, changes=changes)
    return changes


def close_login(*, by: Actor, user: PortalUser) -> None:
    """Let nobody in with this login any more: its sessions end at once, its links for good. Twice is once."""
    user = _locked(user)
    if not user.is_active:
        return
    user.is_active = False
    user.save(update_fields=["is_active"])
    end_tokens(user)
    end_links(user)
    record("subscribers.portal_user.closed", by=by, on=user, username=user.username, subscriber=user.subscriber.number)


def open_login(*, by: Actor, user: PortalUser) -> None:
    """Open a login that was closed, with the password it had. Twice is once."""
    user = _locked(user)
    if user.is_active:
        return
    user.is_active = True
    user.save(update_fields=["is_active"])
    attempts.forget(user)
    record("subscribers.portal_user.opened", by=by, on=user, username=user.username, subscriber=user.subscriber.number)


def delete_login(*, by: Actor, user: PortalUser) -> None:
    """Remove a login with its links and sessions. What its person did stays in the audit log."""
    user = _locked(user)
    record("subscribers.portal_user.deleted", by=by, on=user, username=user.username, subscriber=user.subscriber.number)
    attempts.forget(user)
    user.delete()


def set_password(*, by: Actor | None, user: PortalUser, password: str) -> None:
    """Give a login a password of its own, which ends its sessions, its mailed links and the auto-login links that open
    everything. The caller has validated it. Raises InAnothersName in a preview of the portal.
    """
    PortalUser.objects.select_for_update().get(pk=user.pk)
    store_password(user, password)
    record("subscribers.portal_user.password_set", by=by, on=user, username=user.username)


def store_password(user: PortalUser, password: str) -> None:
    """The part of set_password that every way to a new password shares. The row is locked. Raises InAnothersName."""
    in_own_name()
    user.set_password(password)
    user.one_time, user.one_time_until, user.one_time_failures = "", None, 0
    user.save(update_fields=["password", "one_time", "one_time_until", "one_time_failures"])
    end_tokens(user)
    end_links(user, scope=AutoLoginLink.Scope.EVERYTHING)
    attempts.forget(user)


def end_tokens(user: PortalUser) -> None:
    """Have the mailed links of a login work no more."""
    PortalToken.objects.filter(portal_user=user, used_at=None).update(used_at=timezone.now())


def end_links(user: PortalUser, **where: Any) -> None:
    """Have the auto-login links of a login work no more, and end the sessions that began with them."""
    AutoLoginLink.objects.filter(portal_user=user, revoked_at=None, **where).update(revoked_at=timezone.now())


def set_language(*, by: Actor | None, user: PortalUser, language: str) -> None:
    """Remember the language in which a portal user reads pages and mails."""
    user.language = language
    user.save(update_fields=["language"])
    record("subscribers.portal_user.language_set", by=by, on=user, language=language)


def _locked(user: PortalUser) -> PortalUser:
    return PortalUser.objects.select_for_update(of=("self",)).select_related("subscriber").get(pk=user.pk)


def give_initial_password(*, user: PortalUser, rules: LoginRules, at: datetime) -> bool:
    """Let a login that never had a password begin with the one that the rule makes. Says whether it makes one."""
    if user.has_usable_password() or user.one_time or not passwords.initial(rules, user.subscriber):
        return False
    user.one_time, user.one_time_until = PortalUser.OneTime.INITIAL, at + timedelta(days=rules.initial_days)
    user.one_time_failures = 0
    user.save(update_fields=["one_time", "one_time_until", "one_time_failures"])
    return True


# What an owner does with the logins of colleagues


@transaction.atomic
def invite_colleague(*, by: PortalUser, name: str, email: str, role: str) -> PortalUser:
    """Open a login for a colleague of the same subscriber, under a user name made of the address, without a password.

    Raises CannotGrant and TooManyLogins. The caller sends the link to set a password.
    """
    subscriber = Subscriber.objects.select_for_update().get(pk=by.subscriber_id)
    rules = LoginRules.load()
    if role not in GRANTABLE or not rules.owners_invite:
        raise CannotGrant(role)
    if subscriber.portal_users.count() >= rules.most_logins:
        raise TooManyLogins(rules.most_logins)
    return create_portal_user(
        by=by,
        subscriber=subscriber,
        username=free_username(usernames.from_words(email.partition("@")[0])),
        password=None,
        email=email,
        person=name,
        role=role,
        language=by.language,
    )


def change_colleague(*, by: PortalUser, user: PortalUser, role: str) -> None:
    """Give a colleague another role. Raises CannotGrant."""
    _may_manage(by, user)
    if role not in GRANTABLE:
        raise CannotGrant(role)
    change_portal_user(by=by, user=user, values={"role": role})


def switch_colleague(*, by: PortalUser, user: PortalUser, is_open: bool) -> None:
    """Close a colleague's login, or open it again. Raises CannotGrant."""
    _may_manage(by, user)
    (open_login if is_open else close_login)(by=by, user=user)


def _may_manage(by: PortalUser, user: PortalUser) -> None:
    if user.pk == by.pk or user.role == PortalRole.OWNER or user.subscriber_id != by.subscriber_id:
        raise CannotGrant(user.role)
    if not LoginRules.load().owners_invite:
        raise CannotGrant(user.role)
