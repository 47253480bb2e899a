"""Portal users and their sessions. Nothing here touches django.contrib.auth's user model."""

from typing import Any

from django.contrib.auth.hashers import make_password
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from subscribers.models import PortalUser

USER_KEY = "_portal_user"
HASH_KEY = "_portal_user_hash"


def authenticate(login: str, password: str) -> PortalUser | None:
    """The active portal user with this user name or e-mail address and password, in the current ISP, or None.

    Takes the time of one password hash whoever is asked for. An address that several open logins share signs in
    nobody: their user names do.
    """
    user = _user_of(login.strip())
    if user is None:
        make_password(password)
        return None
    return user if user.check_password(password) and user.is_active else None


def _user_of(login: str) -> PortalUser | None:
    """The one portal user whom a user name or an e-mail address names; a closed login only if no open one has it."""
    if not login:
        return None
    wanted = Lower(Value(login))
    users = PortalUser.objects.select_related("subscriber").alias(name=Lower("username"), mail=Lower("email"))
    found = list(users.filter(Q(name=wanted) | Q(mail=wanted)))
    candidates = [user for user in found if user.is_active] or found
    return candidates[0] if len(candidates) == 1 else None


def sign_in(request: HttpRequest, user: PortalUser) -> None:
    """Begin a session of a portal user, under a new key."""
    if request.session.get(USER_KEY) not in {None, user.pk}:
        request.session.flush()
    else:
        request.session.cycle_key()
    request.session[USER_KEY] = user.pk
    request.session[HASH_KEY] = user.get_session_auth_hash()
    rotate_token(request)
    user.last_login = timezone.now()
    user.save(update_fields=["last_login"])
    request.portal_user = user


def sign_out(request: HttpRequest) -> None:
    """End the session."""
    request.session.flush()
    request.portal_user = None


def current_user(request: HttpRequest) -> PortalUser | None:
    """The portal user of the session; None once the password changed or the login was closed."""
    pk = request.session.get(USER_KEY)
    if pk is None:
        return None
    user = PortalUser.objects.select_related("subscriber").filter(pk=pk, is_active=True).first()
    if user and constant_time_compare(request.session.get(HASH_KEY, ""), user.get_session_auth_hash()):
        return user
    return None


def keep_signed_in(request: HttpRequest, user: PortalUser) -> None:
    """Go on in this session, under a new key, after its user chose a new password; the other sessions end."""
    request.session.cycle_key()
    request.session[HASH_KEY] = user.get_session_auth_hash()


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
