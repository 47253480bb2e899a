"""Pages of the dashboard as one clerk asks for them, through the whole stack of middleware but without a web server."""

import os
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.test import Client

HOST = "app.localhost"
EMAIL = "clerk@example.com"


def hire(slug: str) -> None:
    """Let somebody work for the ISP as its owner, with three saved views."""
    from core.scope import isp_scope, public_scope
    from subscribers.models import SavedView
    from tenants.models import ISP, Membership, StaffUser
    from tenants.roles import Role

    with public_scope(), transaction.atomic():
        isp = ISP.objects.get(slug=slug)
        user = StaffUser.objects.create(email=EMAIL, name="Clerk", password="!")  # noqa: S106 - opens nothing
        Membership.objects.create(isp=isp, user=user, role=Role.OWNER)
    with isp_scope(isp), transaction.atomic():
        for name in ("Overdue", "Suspended", "North"):
            SavedView.objects.create(name=name, by_id=user.pk, by_name=user.name)


def _client() -> Client:
    """Somebody who is signed in."""
    from core.scope import public_scope
    from core.sessions import SessionStore, cookie_name
    from tenants.models import StaffUser

    with public_scope(), transaction.atomic():
        user = StaffUser.objects.get(email=EMAIL)
        session = SessionStore(realm=f"dashboard:{HOST}")
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save(must_create=True)
    client = Client(HTTP_HOST=HOST)
    client.cookies[cookie_name("dashboard")] = session.session_key
    return client


_clients: list[Client] = []


def client() -> Client:
    if not _clients:
        get_wsgi_application()
        _clients.append(_client())
    return _clients[0]


def page(path: str, times: int) -> dict[str, Any]:
    """Milliseconds of each answer, the mean processor time and the statements of one; the first is not counted.

    Raises AssertionError for any other answer than 200.
    """
    browser, statements = client(), []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        statements.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        answer = browser.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"  # noqa: S101
    took, worked = [], _processor_time()
    for _ in range(times):
        began = time.perf_counter()
        browser.get(path)
        took.append((time.perf_counter() - began) * 1e3)
    return {"ms": took, "queries": len(statements), "cpu": (_processor_time() - worked) / times}


def _processor_time() -> float:
    """Milliseconds that this process and its backend have worked: what a page takes where nothing else wants a core."""
    info = getattr(connection.connection, "info", None)
    path = Path(f"/proc/{info.backend_pid if info else 0}/stat")
    ticks = sum(int(part) for part in path.read_text().rpartition(")")[2].split()[11:13]) if path.exists() else 0
    return (time.process_time() + ticks / os.sysconf("SC_CLK_TCK")) * 1e3


def download(path: str) -> dict[str, float]:
    """Of a file: seconds, those of processor time, bytes, and the most memory, in MB, beyond what there was before."""
    browser = client()
    browser.get(path).close()
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the highest memory counts from here
    began, worked = time.perf_counter(), _processor_time()
    answer = browser.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"  # noqa: S101
    first, size = 0.0, 0
    for piece in answer.streaming_content:  # type: ignore[attr-defined]
        first = first or time.perf_counter() - began
        size += len(piece)
    return {
        "seconds": time.perf_counter() - began,
        "cpu": (_processor_time() - worked) / 1e3,
        "first": first,
        "bytes": size,
        "peak": max(_memory("VmHWM") - before, 0.001),
    }


def _memory(key: str) -> float:
    """MB of this process, as the kernel counts them."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1e3


def examples(slug: str) -> dict[str, str]:
    """What a clerk would type, from the middle of the base."""
    from company.models import InvoiceGroup
    from core.scope import isp_scope, public_scope
    from subscribers.models import Router, Service, Subscriber, Tariff, Zone
    from tenants.models import ISP

    with public_scope(), transaction.atomic():
        isp = ISP.objects.get(slug=slug)
    with isp_scope(isp), transaction.atomic():
        count = Subscriber.objects.count()
        person = Subscriber.objects.filter(services__isnull=False, number__gt=count // 2).order_by("number").first()
        service = Service.objects.order_by("number")[count // 2 : count // 2 + 1].get()
        assert person  # noqa: S101
        return {
            "number": str(person.number),
            "name": f"{person.first_name.split()[0]} {person.last_name.split()[0]}",
            "phone": person.mobile[-8:],
            "username": f"cliente{service.subscriber.number}",
            "id_number": person.id_number,
            "service": str(service.number),
            "address": service.address,
            "zone": str(Zone.objects.all()[0].uuid),
            "tariff": str(Tariff.objects.all()[0].uuid),
            "router": str(Router.objects.all()[0].uuid),
            "group": str(InvoiceGroup.objects.all()[0].uuid),
        }
