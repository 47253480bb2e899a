"""Portal users and their sessions. Nothing here touches django.contrib.auth's user model."""

import re
import zoneinfo
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from subscribers import passwords
from subscribers.models import AutoLoginLink, LoginRules, PortalUser
from subscribers.portal_roles import PortalRole

USER_KEY = "_portal_user"
HASH_KEY = "_portal_user_hash"
LINK_KEY = "_portal_link"  # the auto-login link that the session began with
DUE_KEY = "_password_due"  # it began with a one-time password: one's own has to be chosen first
CONFIRMED_KEY = "_password_given"  # when the password was given again, in seconds since 1970
CONFIRMED_FOR = timedelta(minutes=15)
NUMBER = re.compile(r"[0-9]{1,9}")


def local_date(request: HttpRequest) -> date:
    """Today's date where the ISP of the host is; also before its time zone is switched on."""
    return timezone.localdate(timezone=zoneinfo.ZoneInfo(request.site.isp.timezone))


def find_user(login: str, rules: LoginRules) -> PortalUser | None:
    """The one portal user whom a user name, an e-mail address or, where the rules say so, a subscriber number names.

    A closed login only if no open one has it. An address that several logins share names nobody: their user names do.
    A number names the login of that subscriber, or its owner among several.
    """
    login = login.strip()
    if not login:
        return None
    wanted = Lower(Value(login))
    users = PortalUser.objects.select_related("subscriber")
    named = users.alias(name=Lower("username"), mail=Lower("email")).filter(Q(name=wanted) | Q(mail=wanted))
    found = list(named)
    if not found and rules.takes_numbers and NUMBER.fullmatch(login):
        return _of_number(list(users.filter(subscriber__number=int(login), is_active=True)))
    return _one_of(found)


def _one_of(found: list[PortalUser]) -> PortalUser | None:
    open_ones = [user for user in found if user.is_active] or found
    # An invitation that nobody has taken yet must not make another one's address ambiguous.
    usable = [user for user in open_ones if user.has_usable_password() or user.one_time] or open_ones
    return usable[0] if len(usable) == 1 else None


def _of_number(users: list[PortalUser]) -> PortalUser | None:
    owners = [user for user in users if user.role == PortalRole.OWNER]
    return next((some[0] for some in (users, owners) if len(some) == 1), None)


def is_right(user: PortalUser | None, password: str, *, rules: LoginRules, on: date, at: datetime) -> bool:
    """Whether a password opens a login on a date of the ISP. Takes the time of one password hash whoever it is."""
    if user is None:
        make_password(password)
        return False
    if user.one_time == PortalUser.OneTime.INITIAL:
        make_password(password)
        good = passwords.is_initial(password, rules, user.subscriber) and user.has_one_time(at=at)
    elif user.one_time:
        good = user.check_password(passwords.heard(password)) and user.has_one_time(at=at)
    else:
        good = user.check_password(password)
    return good and user.is_open(on=on)


def authenticate(login: str, password: str) -> PortalUser | None:
    """The portal user with this login and this password of their own, in the current ISP and time zone, or None."""
    rules = LoginRules.load()
    user = find_user(login, rules)
    good = is_right(user, password, rules=rules, on=timezone.localdate(), at=timezone.now())
    return user if user and good and not user.one_time else None


def sign_in(
    request: HttpRequest, user: PortalUser, *, link: AutoLoginLink | None = None, is_password_due: bool = False
) -> None:
    """Begin a session of a portal user, under a new key: by password, or by an auto-login link, with which it ends."""
    if request.session.get(USER_KEY) not in {None, user.pk}:
        request.session.flush()
    else:
        request.session.cycle_key()
    for key in (LINK_KEY, DUE_KEY, CONFIRMED_KEY):
        request.session.pop(key, None)
    request.session[USER_KEY] = user.pk
    request.session[HASH_KEY] = user.get_session_auth_hash()
    if link:
        request.session[LINK_KEY] = link.pk
    if is_password_due:
        request.session[DUE_KEY] = True
    rotate_token(request)
    user.last_login = timezone.now()
    user.save(update_fields=["last_login"])
    user.entered_by = link
    request.portal_user = user


def sign_out(request: HttpRequest) -> None:
    """End the session."""
    request.session.flush()
    request.portal_user = None


def current_user(request: HttpRequest) -> PortalUser | None:
    """The portal user of the session; None once the password changed, the login was closed or is over, or the link with
    which the session began was revoked or ran out."""
    pk = request.session.get(USER_KEY)
    if pk is None:
        return None
    user = PortalUser.objects.select_related("subscriber").filter(pk=pk, is_active=True).first()
    if user is None or not user.is_open(on=local_date(request)):
        return None
    if not constant_time_compare(request.session.get(HASH_KEY, ""), user.get_session_auth_hash()):
        return None
    if LINK_KEY in request.session:
        good = AutoLoginLink.objects.good(at=timezone.now())
        user.entered_by = good.filter(pk=request.session[LINK_KEY], portal_user=user).first()
        if user.entered_by is None:
            return None
    return user


def keep_signed_in(request: HttpRequest, user: PortalUser) -> None:
    """Go on in this session, under a new key, after its user chose a new password; the other sessions end."""
    request.session.cycle_key()
    request.session.pop(DUE_KEY, None)
    request.session[HASH_KEY] = user.get_session_auth_hash()


def is_password_due(request: HttpRequest) -> bool:
    """Whether the session began with a one-time password and no own one was chosen yet."""
    return bool(request.session.get(DUE_KEY))


def note_password_given(request: HttpRequest) -> None:
    """The user of this session has just given the password again."""
    request.session[CONFIRMED_KEY] = int(timezone.now().timestamp())


def has_given_password(request: HttpRequest) -> bool:
    """Whether the session began with the password, or it was given in the last minutes."""
    if LINK_KEY not in request.session:
        return True
    age = timezone.now().timestamp() - request.session.get(CONFIRMED_KEY, 0)
    return 0 <= age < CONFIRMED_FOR.total_seconds()


class PortalUserMiddleware:
    """Sets `request.portal_user` on the hosts of a portal: who has signed in, or whom staff see the portal as."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.portal_user = None
        if request.preview is not None:
            request.portal_user = request.preview.portal_user
        elif request.site.is_portal and hasattr(request, "session"):
            request.portal_user = SimpleLazyObject(lambda: current_user(request))
        return self.get_response(request)
