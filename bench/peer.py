"""What a measured process does: `python -m bench.peer` reads lines of work and answers each with what it returned."""

import io
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.db import connection, transaction


def host(number: int) -> str:
    return f"isp-{number}.localhost"


def is_lastmile() -> bool:
    return settings.DATABASES["default"]["ENGINE"] == "core.db"


class Web:
    """The WSGI application as a web server calls it, without one."""

    def __init__(self) -> None:
        from django.core.wsgi import get_wsgi_application

        if is_lastmile():
            from domains.resolver import Site

            Site.urlconf = "bench.pages"  # type: ignore[assignment,method-assign]
        self.application = get_wsgi_application()

    def get(self, host: str, path: str) -> bytes:
        """The body of a page. Raises AssertionError for any other answer than 200."""
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": host,
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": host,
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr,
            "wsgi.version": (1, 0),
            "wsgi.multithread": False,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        told: list[str] = []
        response = self.application(environ, lambda status, headers, exc_info=None: told.append(status))
        body = b"".join(response)
        response.close()  # type: ignore[attr-defined]
        if not told[0].startswith("200"):
            raise AssertionError(f"{host}{path}: {told[0]}")
        return body


_web: list[Web] = []


def web() -> Web:
    if not _web:
        _web.append(Web())
    return _web[0]


def add_tenants(first: int, count: int) -> list[float]:
    """Add tenants with one zone each, the usual way of this peer; seconds for each, without the zone."""
    make = _make_isp if is_lastmile() else _make_tenant
    return [make(number) for number in range(first, first + count)]


def _make_isp(number: int) -> float:
    from core.scope import isp_scope, public_scope
    from subscribers.models import Zone
    from tenants import slugs
    from tenants.models import ISP
    from tenants.schemas import create_schema

    slug = f"isp-{number}"
    began = time.perf_counter()
    with public_scope(), transaction.atomic():
        isp = ISP.objects.create(
            slug=slug,
            slug_skeleton=slugs.skeleton(slug),
            name=slug,
            country="MX",
            language="en",
            currency="MXN",
            timezone="America/Mexico_City",
        )
        create_schema(isp)
    took = time.perf_counter() - began
    with isp_scope(isp), transaction.atomic():
        Zone.objects.create(name=slug)
    return took


def _make_tenant(number: int) -> float:
    from django_tenants.utils import schema_context  # noqa: TID251 - this peer is stock django-tenants

    from bench.stock.models import Host, Tenant
    from subscribers.models import Zone

    began = time.perf_counter()
    tenant = Tenant(schema_name=f"tenant_{number}", name=f"Tenant {number}")
    tenant.save(verbosity=0)
    Host.objects.create(domain=host(number), tenant=tenant, is_primary=True)
    took = time.perf_counter() - began
    with schema_context(tenant.schema_name):
        Zone.objects.create(name=f"isp-{number}")
    return took


def add_zone() -> None:
    """The one zone of the peer that has no tenants."""
    from subscribers.models import Zone

    Zone.objects.create(name="isp-0")


def requests(count: int, queries: int, tenants: int) -> float:
    """Seconds for one request, the median of some, spread over the tenants."""
    site, path = web(), f"/read/{queries}/"
    hosts = [host(number) for number in range(tenants)]
    times = []
    for number in range(count):
        began = time.perf_counter()
        site.get(hosts[number % tenants], path)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def private_memory(pid: int) -> float:
    """MB that a process has to itself."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def walk(count: int, tenants: int) -> dict[str, Any]:
    """Requests over all tables of all tenants: the most memory that a backend had, and how many there were."""
    site, pick = web(), random.Random(1)  # noqa: S311
    most, pids = 0.0, set()
    began = time.perf_counter()
    for number in range(count):
        site.get(host(pick.randrange(tenants)), f"/walk/{pick.randrange(1000)}/")
        if connection.connection is not None:
            pids.add(pid := connection.connection.info.backend_pid)
            if number % 20 == 0:
                most = max(most, private_memory(pid))
    return {"most": most, "backends": len(pids), "seconds": (time.perf_counter() - began) / count}


def build_template() -> None:
    """Record the statements that make a schema of this release, as `migrate` has it done."""
    from core.scope import public_scope
    from tenants import template

    with public_scope():
        template.build_template()


def ddl() -> list[str]:
    """The name of the template's schema, and the text that makes it."""
    from core.scope import public_scope
    from tenants.models import SchemaTemplate
    from tenants.releases import current_release

    with public_scope():
        row = SchemaTemplate.objects.get(release=current_release())
    return [row.schema_name, row.ddl]


def fill_pool(size: int) -> int:
    """Make spare schemas; how many."""
    from core.scope import public_scope
    from tenants.pool import refill

    with public_scope():
        return refill(size=size)


def release() -> str:
    """The release of the code that runs."""
    from tenants.releases import current_release

    return current_release()


def schema_names() -> list[str]:
    """The schemas of all ISPs."""
    from core.scope import public_scope
    from tenants.models import ISP

    with public_scope():
        return list(ISP.objects.order_by("pk").values_list("schema_name", flat=True))


def tasks(count: int) -> float:
    """Seconds for one task of this peer's kind."""
    from bench import tasks

    return tasks.timed(count, 1 if is_lastmile() else None)


def hire(slug: str) -> None:
    """Somebody who works for the ISP, and asks for the pages below."""
    from bench import staff

    staff.hire(slug)


def staff_page(path: str, times: int) -> dict[str, Any]:
    """How long a page of the dashboard takes, and its statements."""
    from bench import staff

    return staff.page(path, times)


def staff_download(path: str) -> dict[str, float]:
    """How long a file of the dashboard takes."""
    from bench import staff

    return staff.download(path)


def staff_examples(slug: str) -> dict[str, str]:
    """What there is to search for."""
    from bench import staff

    return staff.examples(slug)


WORK: dict[str, Callable[..., Any]] = {
    work.__name__: work
    for work in (
        add_tenants,
        add_zone,
        requests,
        walk,
        build_template,
        ddl,
        fill_pool,
        release,
        schema_names,
        tasks,
        hire,
        staff_page,
        staff_download,
        staff_examples,
    )
}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    django.setup()
    for line in sys.stdin:
        work, arguments = json.loads(line)
        print(json.dumps(WORK[work](**arguments)), file=answers, flush=True)


if __name__ == "__main__":
    main()
