"""Staff and their sessions: who is signed in, and a sign-in that takes the same time for everybody.

A session begins only once everything that the account asks for was right. Between password and code it holds nothing
but the id of the person who is expected to go on.
"""

import time
from typing import Any

from django.contrib.auth import get_user, login
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.models import Device
from django_otp.plugins.otp_totp.models import TOTPDevice

from core.http import Request
from core.scope import public_scope
from core.tokens import digest
from tenants.models import StaffUser

STAFF_SURFACES = {"platform", "dashboard"}
PENDING = "sign_in_pending"
PENDING_LIFE = 600  # seconds between password and code
WRONG_CODES = 5  # before the password is asked for again


class StaffBackend:
    """Signs staff in by e-mail address and password."""

    def authenticate(self, request: Request | None, email: str = "", password: str = "") -> StaffUser | None:
        user = StaffUser.objects.filter(email__iexact=email.strip()).first()
        if user is None:
            # An unknown address costs the same hash as a known one.
            make_password(password)
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: Any) -> StaffUser | None:
        """The active person with this id, with `has_second_factor`."""
        device = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
        with public_scope():
            rows = StaffUser.objects.annotate(has_second_factor=Exists(device))
            return rows.filter(pk=user_id, is_active=True).first()


def has_second_factor(user: StaffUser) -> bool:
    """Whether the account asks for a code after the password. One query."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).exists()


def begin_sign_in(request: Request, user: StaffUser) -> bool:
    """Go on after the right password: True once signed in, False if a code has to follow."""
    if not has_second_factor(user):
        _sign_in(request, user, None)
        return True
    request.session.flush()
    request.session[PENDING] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "until": time.time() + PENDING_LIFE,
        "wrong": 0,
    }
    return False


def pending_user(request: Request) -> StaffUser | None:
    """Whose code is waited for in this session, or None: nobody, too late, or the password has changed since."""
    pending = request.session.get(PENDING)
    if pending is None:
        return None
    user = StaffUser.objects.filter(pk=pending["user"], is_active=True).first()
    fresh = pending["until"] > time.time() and pending["wrong"] < WRONG_CODES
    if user and fresh and constant_time_compare(pending["hash"], user.get_session_auth_hash()):
        return user
    del request.session[PENDING]
    return None


def note_wrong_code(request: Request) -> None:
    """Count a wrong code; after a few the password is asked for again."""
    pending = request.session[PENDING]
    request.session[PENDING] = {**pending, "wrong": pending["wrong"] + 1}


def finish_sign_in(request: Request, user: StaffUser, device: Device) -> None:
    """Begin the session of somebody whose second factor was right too."""
    del request.session[PENDING]
    _sign_in(request, user, device)


def verify_session(request: Request, device: Device) -> None:
    """Let the running session count as verified, under a new key, once its owner has set a second factor up."""
    request.session.cycle_key()
    request.session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    request.user.otp_device = device


def _sign_in(request: Request, user: StaffUser, device: Device | None) -> None:
    # django-otp remembers the device by the signal of login().
    user.otp_device = device  # type: ignore[attr-defined]
    user.is_verified = lambda: device is not None  # type: ignore[attr-defined]
    user.has_second_factor = device is not None  # type: ignore[attr-defined]
    login(request, user)


def sign_in_digest(user: StaffUser) -> str:
    """A mark that changes with a new password, with the second factor, and when the person signs out somewhere.

    What was handed on from a session, and lives outside of it, ends with the mark. `user` has `has_second_factor`.
    """
    out = user.signed_out_at.isoformat() if user.signed_out_at else ""
    parts = [user.get_session_auth_hash(), out, str(user.has_second_factor)]  # type: ignore[attr-defined]
    return digest(" ".join(parts))


class StaffMiddleware:
    """Sets `request.user`: somebody only on the surfaces of staff, and only with the second factor if there is one.

    A session that began before the account got its second factor is nobody's from then on.
    """

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponse:
        request.user = AnonymousUser()
        if request.site.surface in STAFF_SURFACES and hasattr(request, "session"):
            request.user = SimpleLazyObject(lambda: self._user(request))
        return self.get_response(request)

    def _user(self, request: Request) -> Any:
        with public_scope():
            user: Any = get_user(request)
            if not user.is_authenticated:
                return user
            device = self._device(request, user)
        if user.has_second_factor and device is None:
            return AnonymousUser()
        user.otp_device = device
        user.is_verified = lambda: device is not None
        return user

    def _device(self, request: Request, user: StaffUser) -> Device | None:
        known = request.session.get(DEVICE_ID_SESSION_KEY)
        device = Device.from_persistent_id(known) if known else None
        return device if device is not None and device.user_id == user.pk and device.confirmed else None
