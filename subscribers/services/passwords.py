"""How portal users come by a password: mailed links, passwords that are dictated, passwords of the first hour."""

import zoneinfo
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models.functions import Lower
from django.utils import timezone

from company.models import Profile
from core import throttle, tokens
from core.audit import Actor, record
from core.models import AuditEntry
from domains.links import portal_url
from messaging.models import Medium
from messaging.services import can_send, notify
from subscribers import attempts, passwords
from subscribers.authentication import is_right
from subscribers.models import LoginRules, PortalToken, PortalUser
from subscribers.services.logins import end_tokens, store_password
from subscribers.services.recipients import recipient_of
from tenants.directory import IspRef

SET_PASSWORD = "set-password"  # noqa: S105 - a purpose
FORGOTTEN_LIFE = timedelta(hours=2)
MOST_MAILS = 5  # to one address that several logins share
ASKED_FOR = "subscribers.portal_user.link_asked_for"
MOST_ASKED = [(timedelta(hours=1), 5), (timedelta(days=1), 15)]  # links for a forgotten password to one login
PER_ISP = 200  # an hour, after which they go as mails alone


class CannotSend(Exception):
    """No link can be sent. `reason` is `no_email`, `closed` or `no_server`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LinkGone(Exception):
    """The link was used, replaced, has run out, is of a closed login, or never was one of ours."""


def why_not_send(user: PortalUser, *, on: date) -> str:
    """What keeps a link from being sent, as CannotSend names it; nothing if it can be."""
    if not user.email:
        return "no_email"
    if not user.is_active or user.is_over(on=on):
        return "closed"
    return "" if can_send() else "no_server"


def send_set_password_link(
    *, by: Actor | None, isp: IspRef, user: PortalUser, template: str = "set_password", run: UUID | None = None
) -> None:
    """Mail a login a link to set its password, good for once and for the days that the rules say.

    Links that were mailed before end. Raises CannotSend.
    """
    if reason := why_not_send(user, on=local_date(isp)):
        raise CannotSend(reason)
    days = LoginRules.load().link_days
    _mail_link(isp=isp, user=user, template=template, life=timedelta(days=days), run=run, days=days)
    record(
        "subscribers.portal_user.link_sent",
        by=by,
        on=user,
        username=user.username,
        subscriber=user.subscriber.number,
        email=user.email,
    )


def send_forgotten_links(*, isp: IspRef, login: str, at: datetime) -> None:
    """Mail a link to each open login that a user name or an e-mail address names. Whoever asked learns nothing."""
    login = login.strip().lower()
    users = PortalUser.objects.select_related("subscriber").open(on=local_date(isp)).exclude(email="")
    if "@" in login:
        found = users.alias(mail=Lower("email")).filter(mail=login)
    else:
        found = users.alias(name=Lower("username")).filter(name=login)
        if not found and LoginRules.load().takes_numbers and login.isascii() and login.isdigit() and len(login) < 10:
            found = users.filter(subscriber__number=int(login), role="owner")
    for user in found[:MOST_MAILS]:
        # However the login was named: each message may cost the ISP something, and ends the link before.
        if any(_asked_for(user, since=at - time) >= most for time, most in MOST_ASKED):
            continue
        # Who walks through all customers runs up no bill: mails cost nothing.
        is_usual = throttle.allow("forgotten", limit=PER_ISP, seconds=3600)
        how = {} if is_usual else {"addresses": {Medium.EMAIL: (user.email,)}}
        _mail_link(isp=isp, user=user, template="forgotten", life=FORGOTTEN_LIFE, run=None, days=0, **how)
        record(ASKED_FOR, by=None, on=user, username=user.username)


def _asked_for(user: PortalUser, *, since: datetime) -> int:
    """How often links for a forgotten password were written to a login. One query."""
    entries = AuditEntry.objects.filter(target_type=user._meta.label_lower, target_id=str(user.pk), at__gte=since)
    return entries.filter(verb=ASKED_FOR).count()


def local_date(isp: IspRef) -> date:
    """Today's date where the ISP is."""
    return timezone.localdate(timezone=zoneinfo.ZoneInfo(isp.timezone))


def _mail_link(
    *, isp: IspRef, user: PortalUser, template: str, life: timedelta, run: UUID | None, days: int, **how: Any
) -> None:
    end_tokens(user)
    secret = tokens.issue(PortalToken, purpose=SET_PASSWORD, life=life, portal_user=user, run=run)
    profile = Profile.load()
    company = profile.display_name or isp.name
    notify(
        event=f"portal/{template}",
        recipient=replace(recipient_of(user.subscriber, isp=isp, user=user, email=user.email), **how),
        from_name=company,
        reply_to=profile.email,
        company=company,
        name=user.person or user.subscriber.first_name,
        subscriber=user.subscriber.full_name,
        username=user.username,
        url=portal_url(isp, f"/set-password/{secret}/"),
        days=days,
    )


def owner_of_link(secret: str, *, on: date) -> PortalUser:
    """Whose password a link may set. Looking spends nothing. Raises LinkGone."""
    return _good(secret, on=on).portal_user


def _good(secret: str, *, on: date, lock: bool = False) -> PortalToken:
    token = tokens.find(PortalToken, secret, purpose=SET_PASSWORD, lock=lock)
    if token is None or not token.portal_user.is_active or token.portal_user.is_over(on=on):
        raise LinkGone
    return token


def set_password_by_link(*, secret: str, password: str, on: date) -> PortalUser:
    """Set a password and use the link up. Ends every session. Raises LinkGone, also for the slower of two at once.

    Nobody is signed in by it: whatever else signing in asks for is asked for afterwards.
    """
    user = PortalUser.objects.select_for_update().get(pk=_good(secret, on=on).portal_user_id)
    token = _good(secret, on=on, lock=True)
    tokens.spend(token)
    store_password(user, password)
    record("subscribers.portal_user.password_set_by_link", by=user, on=user, username=user.username)
    return user


def dictate_password(*, by: Actor, user: PortalUser, at: datetime) -> tuple[str, datetime]:
    """Make a password to say on the phone, and until when it works. It signs in once; it is shown now and never again.

    What the login had before, own password, sessions and mailed links, ends.
    """
    user = PortalUser.objects.select_for_update(of=("self",)).select_related("subscriber").get(pk=user.pk)
    password = passwords.dictated()
    store_password(user, passwords.heard(password))
    user.one_time = PortalUser.OneTime.DICTATED
    user.one_time_until = at + timedelta(days=LoginRules.load().one_time_days)
    user.save(update_fields=["one_time", "one_time_until"])
    record(
        "subscribers.portal_user.password_dictated",
        by=by,
        on=user,
        username=user.username,
        subscriber=user.subscriber.number,
    )
    return password, user.one_time_until


def use_one_time(*, user: PortalUser, password: str, on: date, at: datetime) -> PortalUser | None:
    """Use a one-time password up; None for the slower of two at once. The session that follows must choose an own one.

    Nothing signs in to the login meanwhile but links and that session.
    """
    locked = PortalUser.objects.select_for_update(of=("self",)).select_related("subscriber").get(pk=user.pk)
    if not locked.one_time or not is_right(locked, password, rules=LoginRules.load(), on=on, at=at):
        return None
    locked.set_unusable_password()
    locked.one_time, locked.one_time_until, locked.one_time_failures = "", None, 0
    locked.save(update_fields=["password", "one_time", "one_time_until", "one_time_failures"])
    record("subscribers.portal_user.one_time_used", by=locked, on=locked, username=locked.username)
    return locked


def note_wrong_initial(*, user: PortalUser) -> None:
    """Count a wrong guess at an initial password; too many in all its life end it, and a link is needed."""
    if user.one_time != PortalUser.OneTime.INITIAL:
        return
    user = PortalUser.objects.select_for_update().get(pk=user.pk)
    user.one_time_failures += 1
    if user.one_time_failures >= attempts.INITIAL_GUESSES:
        user.one_time, user.one_time_until = "", None
        record("subscribers.portal_user.initial_ended", by=None, on=user, username=user.username)
    user.save(update_fields=["one_time", "one_time_until", "one_time_failures"])
