"""Sessions that stay where they began: in one schema, on one surface, at one host."""

import time
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.http import http_date

from core.http import Request
from core.scope import current, same_scope

REALM = "_realm"


class SessionStore(DatabaseStore):
    """A database session that remembers the scope it was opened in, and is empty in any other realm.

    `realm` is the surface and host of the request; a cookie carried to another host opens nothing.
    """

    def __init__(self, session_key: str | None = None, realm: str = "") -> None:
        super().__init__(session_key)
        self._scope = current()
        self._session_realm = realm

    @classmethod
    def get_model_class(cls) -> Any:
        from django.contrib.sessions.models import Session

        return Session

    def load(self) -> dict[str, Any]:
        with same_scope(self._scope):
            data = super().load()
        if data.get(REALM, "") != self._session_realm:
            self._session_key = None
            return {}
        return data

    def exists(self, session_key: str) -> bool:
        with same_scope(self._scope):
            return super().exists(session_key)

    def save(self, must_create: bool = False) -> None:
        self._get_session(no_load=must_create)[REALM] = self._session_realm  # type: ignore[attr-defined]
        with same_scope(self._scope):
            super().save(must_create)

    def delete(self, session_key: str | None = None) -> None:
        with same_scope(self._scope):
            super().delete(session_key)

    def is_empty(self) -> bool:
        """A session that holds nothing but its realm is empty."""
        try:
            return not self._session_key and not set(self._session_cache) - {REALM}  # type: ignore[attr-defined]
        except AttributeError:
            return True


def cookie_name(surface: str) -> str:
    """The session cookie of a surface; production names carry the __Host- prefix."""
    return f"{settings.COOKIE_PREFIX}{surface}_session"


class SurfaceSessionMiddleware:
    """Loads and saves `request.session`, with a host-only cookie named after the surface."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponse:
        name = cookie_name(request.site.surface)
        if not hasattr(request, "unit_of_work"):
            # The view asks no database: everybody is a stranger there, and the cookie stays as it is.
            request.session = SessionStore()
            return self.get_response(request)
        request.session = SessionStore(request.COOKIES.get(name), realm=f"{request.site.surface}:{request.site.host}")
        response = self.get_response(request)
        return self._save(request, response, name)

    def _save(self, request: Request, response: HttpResponse, name: str) -> HttpResponse:
        session = request.session
        if session.accessed:
            patch_vary_headers(response, ("Cookie",))
        if name in request.COOKIES and session.is_empty():
            response.delete_cookie(name, path="/", samesite="Lax")
            patch_vary_headers(response, ("Cookie",))
        elif session.modified and not session.is_empty() and response.status_code < 500:
            try:
                session.save()
            except UpdateError as error:
                request.unit_of_work.failed = True
                raise SessionInterrupted("The session was ended while this request ran.") from error
            age = session.get_expiry_age()
            expires = None if session.get_expire_at_browser_close() else http_date(time.time() + age)
            response.set_cookie(
                name,
                session.session_key or "",
                max_age=None if expires is None else age,
                expires=expires,
                path="/",
                secure=settings.SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response
