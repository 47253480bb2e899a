"""A request is one transaction in one scope; what must happen outside of it says so."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from django.db import InterfaceError, OperationalError, connection, transaction
from django.http import HttpResponse, HttpResponsePermanentRedirect
from django.urls import Resolver404, resolve
from django.utils.http import escape_leading_slashes

from core.errors import neutral_page, page_not_found, without_tables
from core.http import Request
from core.scope import isp_scope, public_scope

logger = logging.getLogger(__name__)
GetResponse = Callable[[Request], HttpResponse]
_unit: ContextVar["UnitOfWork | None"] = ContextVar("lastmile_unit_of_work", default=None)


class UnitOfWork:
    """The transaction of one request, which `outside_transaction` can end and begin anew."""

    def __init__(self) -> None:
        self.failed = False
        self._atomic: transaction.Atomic | None = None
        self._depth = 0
        self._undo: list[Callable[[], None]] = []

    def open(self) -> None:
        self._atomic = transaction.atomic()
        self._atomic.__enter__()
        self._depth = len(connection.savepoint_ids)

    def require_sound(self) -> None:
        """Raise if a failed statement was swallowed: the page would say done, and the database undo everything."""
        if not self.failed and connection.in_atomic_block and connection.needs_rollback:
            raise transaction.TransactionManagementError("A failed statement was swallowed outside an inner atomic().")

    def close(self) -> None:
        """Commit, or roll back after a failure."""
        if self._atomic is None:
            return
        if self.failed and connection.in_atomic_block:
            transaction.set_rollback(True)
        atomic, self._atomic = self._atomic, None
        undo, self._undo = self._undo, []
        is_lost = connection.needs_rollback if connection.in_atomic_block else True
        try:
            atomic.__exit__(None, None, None)
        except BaseException:
            is_lost = True
            raise
        finally:
            for callback in undo if is_lost else []:
                callback()

    def on_rollback(self, callback: Callable[[], None]) -> None:
        """Call it if the transaction that is open now is rolled back."""
        self._undo.append(callback)

    @contextmanager
    def paused(self) -> Iterator[None]:
        if len(connection.savepoint_ids) != self._depth:
            raise RuntimeError("An outside system is called inside an inner transaction.")
        self.close()
        try:
            yield
        finally:
            self.open()


@contextmanager
def outside_transaction() -> Iterator[None]:
    """Commit what the request has done so far, run the body without a transaction, then go on in a new one.

    Wrap every call of an outside system (a captcha verifier, a gateway, DNS) that a request waits for. Outside of one
    it does nothing, but raises RuntimeError if a transaction is open there.
    """
    unit = _unit.get()
    if unit is None:
        if connection.in_atomic_block and not getattr(connection, "is_under_test", False):
            raise RuntimeError("An outside system is called inside a transaction.")
        yield
        return
    with unit.paused():
        yield


def on_rollback(callback: Callable[[], None]) -> None:
    """Have something outside the database undone if the request's transaction is rolled back.

    It is the counterpart of transaction.on_commit. Outside a request nothing is undone, and a sweeper has to.
    """
    unit = _unit.get()
    if unit is not None:
        unit.on_rollback(callback)


@lru_cache(maxsize=1024)
def _needs_no_database(path: str, urlconf: str | None) -> bool:
    """Whether the view of a path is marked `no_database`. Django resolves the path once more, so ours is remembered.

    Raises Resolver404, which is not.
    """
    return getattr(resolve(path, urlconf).func, "no_database", False)


class TransactionMiddleware:
    """Opens the scope of the host (its ISP, or the platform) and one transaction, sessions included.

    A path that leads nowhere, and a view marked `no_database`, cost no connection.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponse:
        urlconf = request.urlconf
        try:
            no_database = _needs_no_database(request.path_info, urlconf)
        except Resolver404:
            return self._without_match(request, urlconf)
        if no_database:
            return self.get_response(request)
        isp = request.site.isp if request.site.is_portal else None
        with isp_scope(isp) if isp else public_scope():
            return self._in_transaction(request)

    def _without_match(self, request: Request, urlconf: str | None) -> HttpResponse:
        if request.method in {"GET", "HEAD"} and not request.path_info.endswith("/"):
            try:
                resolve(f"{request.path_info}/", urlconf)
            except Resolver404:
                return page_not_found(request)
            path = request.get_full_path(force_append_slash=True)
            return HttpResponsePermanentRedirect(escape_leading_slashes(path))
        return page_not_found(request)

    def _in_transaction(self, request: Request) -> HttpResponse:
        unit = UnitOfWork()
        token = _unit.set(unit)
        request.unit_of_work = unit
        try:
            try:
                unit.open()
            except (OperationalError, InterfaceError):
                logger.exception("The database cannot be reached.")
                return neutral_page(503)
            try:
                response = self.get_response(request)
                # A page that says that nothing was saved must be right.
                unit.failed = unit.failed or response.status_code >= 500
                unit.require_sound()
            except BaseException:
                unit.failed = True
                raise
            finally:
                unit.close()
            return response
        finally:
            _unit.reset(token)

    def process_exception(self, request: Request, exception: Exception) -> HttpResponse | None:
        if unit := getattr(request, "unit_of_work", None):
            unit.failed = True
        return without_tables(request, exception)
