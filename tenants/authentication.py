"""Staff and their sessions: who is signed in, and a sign-in that takes the same time for everybody."""

from typing import Any

from django.contrib.auth import get_user
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from django_otp.middleware import OTPMiddleware

from core.scope import public_scope
from tenants.models import StaffUser

STAFF_SURFACES = {"platform", "dashboard"}


class StaffBackend:
    """Signs staff in by e-mail address and password."""

    def authenticate(self, request: HttpRequest | None, email: str = "", password: str = "") -> StaffUser | None:
        user = StaffUser.objects.filter(email__iexact=email.strip()).first()
        if user is None:
            # An unknown address costs the same hash as a known one.
            make_password(password)
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: Any) -> StaffUser | None:
        with public_scope():
            return StaffUser.objects.filter(pk=user_id, is_active=True).first()


class StaffMiddleware:
    """Sets `request.user`: somebody only on the surfaces of staff, and verified by the second factor if it has one."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response
        self.otp = OTPMiddleware(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.user = AnonymousUser()
        if request.site.surface in STAFF_SURFACES and hasattr(request, "session"):
            request.user = SimpleLazyObject(lambda: self._user(request))  # type: ignore[assignment]
        return self.get_response(request)

    def _user(self, request: HttpRequest) -> Any:
        with public_scope():
            return self.otp._verify_user(request, get_user(request))
