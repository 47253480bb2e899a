"""Fixtures for all tests: two ISPs whose primary keys are the same, and clients that speak to hosts.

A test runs inside one transaction that is rolled back, whatever scopes it enters. What needs real commits uses the
fixture `committed` and cleans up after itself.
"""

import gc
import os
import shutil
from collections.abc import Iterator

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client

from core.scope import isp_scope, public_scope
from domains import resolver
from tenants import schema_roles, slugs
from tenants.models import ISP
from tenants.schemas import create_schema, drop_schema
from tenants.template import build_template
from tests import prepared

# Passwords are hashed in earnest, with the real library, but quickly.
Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 64, 1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests that take longer than a minute")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without `--slow` those marked so are left out; and what takes long begins first.

    At the end many short tests are left then, so that the processes end together.
    """
    if not config.getoption("--slow"):
        slow = [item for item in items if item.get_closest_marker("slow")]
        if slow:
            config.hook.pytest_deselected(items=slow)
            items[:] = [item for item in items if item not in slow]
    items.sort(key=lambda item: not (item.get_closest_marker("slow") or item.get_closest_marker("long")))


def pytest_collection_finish() -> None:
    """What is loaded by now stays until the end, so the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Journeys share one running demo, so they stay in one process; all else goes to whoever is free.

    The mark `xdist_group` does not do it: xdist 3.8 writes the group where pytest 9.2 no longer looks.
    """
    from xdist.scheduler import LoadScopeScheduling

    class JourneysTogether(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return "journeys" if nodeid.startswith("tests/journeys/") else nodeid

        def _assign_work_unit(self, node: object) -> None:
            # What is done is forgotten: xdist would count it all again after each test.
            work = self.assigned_work.get(node, {})
            for name in [name for name, unit in work.items() if all(unit.values())]:
                del work[name]
            super()._assign_work_unit(node)

    return JourneysTogether(config, log) if config.getoption("dist") == "loadgroup" else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        program = mark.args[0]
        if shutil.which(program) is None:
            if os.environ.get("REQUIRE_ALL") == "1":
                pytest.fail(f"{program} is not installed and REQUIRE_ALL=1.")
            pytest.skip(f"{program} is not installed.")


def make_isp(slug: str, **fields: object) -> ISP:
    """An ISP with its schema, in the current transaction."""
    values = {
        "name": slug.title(),
        "country": "MX",
        "language": "en",
        "currency": "MXN",
        "timezone": "America/Mexico_City",
        **fields,
    }
    with public_scope():
        isp = ISP.objects.create(slug=slug, slug_skeleton=slugs.skeleton(slug), **values)
        create_schema(isp)
    return isp


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup_in_public: None) -> None:
    """The test database, with the two ISPs that every test can use."""


@pytest.fixture(scope="session")
def django_db_setup_in_public(django_db_modify_db_settings: None, django_db_blocker: object) -> Iterator[None]:
    from django.test.utils import setup_databases, teardown_databases

    with django_db_blocker.unblock(), public_scope():
        connection.settings_dict["TEST"]["TEMPLATE"] = prepared.database()
        databases = setup_databases(verbosity=0, interactive=False, serialized_aliases=[])
        schema_roles.mend()  # runs that were killed have left roles, which belong to the server
        build_template()
        with transaction.atomic():
            make_isp("wispmega", name="WispMega")
            make_isp("fibrandina", name="Fibrandina", country="CO", currency="COP", timezone="America/Bogota")
    yield
    with django_db_blocker.unblock(), public_scope():
        for isp in ISP.objects.all():
            drop_schema(isp)
        teardown_databases(databases, verbosity=0)


@pytest.fixture
def isp(db: None) -> ISP:
    """WispMega, in whose name most tests act."""
    with public_scope():
        return ISP.objects.get(slug="wispmega")


@pytest.fixture
def other_isp(db: None) -> ISP:
    """Fibrandina, whose data nobody of WispMega may see."""
    with public_scope():
        return ISP.objects.get(slug="fibrandina")


@pytest.fixture
def in_isp(isp: ISP) -> Iterator[ISP]:
    """The test runs in WispMega's scope."""
    with isp_scope(isp):
        yield isp


@pytest.fixture
def in_public(db: None) -> Iterator[None]:
    """The test runs in the platform's scope."""
    with public_scope():
        yield


@pytest.fixture(autouse=True)
def _fresh_caches() -> Iterator[None]:
    """No test sees what another one left in a cache."""
    resolver.forget_all()
    yield
    resolver.forget_all()
    with public_scope():
        cache.clear()


@pytest.fixture(autouse=True)
def _private_files(settings: object, tmp_path: object) -> None:
    """Uploads of a test go to its own folder."""
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: object) -> Iterator[None]:
    """The test commits for real. It must remove what it makes; a transaction left open fails it."""
    with django_db_blocker.unblock():
        connection.close()
        yield
        left_open = connection.in_atomic_block
        connection.close()
    assert not left_open


class HostClient(Client):
    """A browser at one host, such as `wispmega.localhost`."""

    def __init__(self, host: str, **kwargs: object) -> None:
        super().__init__(HTTP_HOST=host, **kwargs)
        self.host = host


@pytest.fixture
def at(db: None) -> type[HostClient]:
    """`at("app.localhost")` is a client of that host."""
    return HostClient


@pytest.fixture
def count_queries() -> type:
    from django.test.utils import CaptureQueriesContext

    class Counter(CaptureQueriesContext):
        def __init__(self) -> None:
            super().__init__(connection)

    return Counter
