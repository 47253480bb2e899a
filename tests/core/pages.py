"""Views for the tests of requests and sessions, as a urlconf for any surface."""

import contextlib

from django.db import IntegrityError, connection, transaction
from django.http import Http404, HttpResponse
from django.urls import path

from core.access import public_page
from core.errors import neutral_page
from core.requests import on_rollback, outside_transaction
from core.urls.nowhere import handler400, handler403, handler404, handler500
from subscribers.models import Zone

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

DONE: list[str] = []


@public_page
def write(request, then):
    """Write a zone, then end in some way."""
    Zone.objects.create(name="written")
    on_rollback(lambda: DONE.append("undone"))
    transaction.on_commit(lambda: DONE.append("committed"))
    if then == "missing":
        raise Http404
    if then == "error":
        raise ZeroDivisionError
    if then == "broken":
        with contextlib.suppress(IntegrityError):
            Zone.objects.create(name="written")
    if then == "away":
        return neutral_page(503)
    return HttpResponse(then, status=422 if then == "again" else 200)


@public_page
def outside(request, then):
    """Write, leave the transaction, write again."""
    Zone.objects.create(name="before")
    if then == "nested":
        with transaction.atomic(), outside_transaction():
            pass
    with outside_transaction():
        DONE.append(f"in a transaction: {connection.in_atomic_block}")
        if then == "query":
            Zone.objects.count()
        if then == "error":
            raise ZeroDivisionError
    Zone.objects.create(name="after")
    if then == "late":
        raise ZeroDivisionError
    return HttpResponse("done")


@public_page
def idle(request):
    """Needs no database."""
    return HttpResponse(f"idle {bool(getattr(request.user, 'pk', None))} {bool(request.portal_user)}")


idle.no_database = True


@public_page
def remember(request):
    """Put something into the session."""
    request.session["word"] = request.GET["word"]
    return HttpResponse("kept")


@public_page
def recall(request):
    """What the session holds."""
    return HttpResponse(request.session.get("word", "nothing"))


@public_page
def forget(request):
    """End the session."""
    request.session.flush()
    return HttpResponse("gone")


@public_page
def end_elsewhere(request):
    """Write a zone while somebody else ends the session."""
    Zone.objects.create(name="written")
    request.session["word"] = "new"
    request.session.delete(request.session.session_key)
    return HttpResponse("done")


def undeclared(request):
    """A view whose author forgot to say who may open it."""
    return HttpResponse("open to all")


urlpatterns = [
    path("write/<str:then>/", write),
    path("outside/<str:then>/", outside),
    path("idle/", idle),
    path("remember/", remember),
    path("recall/", recall),
    path("forget/", forget),
    path("end-elsewhere/", end_elsewhere),
    path("undeclared/", undeclared),
]
