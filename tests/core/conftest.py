"""Two schemas of raw tables with committed rows, for what a rolled-back test cannot show."""

import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from django.db import connection, connections, transaction
from django.db.models.signals import post_delete
from django_tenants.postgresql_backend.base import DatabaseWrapper as StockWrapper
from psycopg.pq import TransactionStatus

from core.db.base import DatabaseWrapper
from core.scope import OutsideTransaction, public_scope, required
from tenants.schemas import create_empty, drop_named

READ = "SELECT text FROM canary"


@dataclass(frozen=True)
class RawIsp:
    """What a scope needs to know of an ISP, without a row for it."""

    pk: int
    uuid: UUID
    schema_name: str


@dataclass(frozen=True)
class Canaries:
    """`a` and `b` have a table `canary` whose one row is their schema's name; that of `public` says `public`."""

    a: RawIsp
    b: RawIsp
    gone: RawIsp  # its schema does not exist; its role is still there

    @property
    def both(self) -> list[RawIsp]:
        return [self.a, self.b]


def raw_isp(pk: int) -> RawIsp:
    return RawIsp(pk, uuid4(), f"t_{secrets.token_hex(6)}")


def read() -> str:
    """The canary that the running code sees."""
    with connection.cursor() as cursor:
        cursor.execute(READ)
        return cursor.fetchone()[0]


@pytest.fixture(scope="module")
def canary_schemas(django_db_setup: None, django_db_blocker: object) -> Iterator[Canaries]:
    """Schemas that no ISP owns; gone with the module, since the janitor's tests would find them."""
    canaries = Canaries(raw_isp(1), raw_isp(2), raw_isp(3))
    with django_db_blocker.unblock():
        with public_scope(), transaction.atomic(), connection.cursor() as cursor:
            for isp in [*canaries.both, canaries.gone]:
                create_empty(isp.schema_name)
            cursor.execute(f"DROP SCHEMA {canaries.gone.schema_name}")
            for schema in [*(isp.schema_name for isp in canaries.both), "public"]:
                cursor.execute(f"CREATE TABLE {schema}.canary AS SELECT '{schema}'::text AS text")
        yield canaries
        with public_scope(), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DROP TABLE canary")
            for isp in [*canaries.both, canaries.gone]:
                drop_named(isp.schema_name)


@pytest.fixture
def canaries(canary_schemas: Canaries, committed: None) -> Canaries:
    return canary_schemas


def in_threads(count: int, run: object) -> list[object]:
    """Run `run(number)` in that many threads at once; what each returned, or the error that ended it."""
    results: list[object] = [None] * count
    barrier = threading.Barrier(count)

    def body(number: int) -> None:
        barrier.wait()
        try:
            results[number] = run(number)
        except Exception as error:
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=body, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class StockConnections(threading.local):
    """Stock django-tenants connections, one a thread, in the place of django.db.connections."""

    def __init__(self) -> None:
        self.wrapper = StockWrapper({**connections.settings["default"], "NAME": connection.settings_dict["NAME"]})

    def __getitem__(self, alias: str) -> StockWrapper:
        return self.wrapper

    @property
    def tenant(self) -> object:
        return self.wrapper.tenant

    def read(self) -> str:
        with self.wrapper.cursor() as cursor:
            cursor.execute(READ)
            return cursor.fetchone()[0]


@pytest.fixture
def stock(canaries: Canaries, monkeypatch: pytest.MonkeyPatch, settings: object) -> Iterator[StockConnections]:
    """django-tenants as it comes, for showing the fault that our backend does not have."""
    settings.TENANT_MODEL = "tenants.ISP"
    from django_tenants import models, utils  # noqa: TID251
    from django_tenants.signals import tenant_delete_callback

    # It listens to every deletion in this process from now on, and fails once the setting is gone.
    post_delete.disconnect(tenant_delete_callback)
    stock = StockConnections()
    monkeypatch.setattr(models, "connections", stock)
    monkeypatch.setattr(utils, "connections", stock)
    monkeypatch.setattr(utils, "connection", stock)
    yield stock
    stock.wrapper.close()


@pytest.fixture
def without_pinning(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The guard as many would write it: set the path when the scope changes, and trust that it stays."""

    def pin_scope(self: DatabaseWrapper, sql: object = "", *, folds: bool = False) -> None:
        scope = required()
        if self.get_autocommit() and not scope.is_public:
            raise OutsideTransaction
        if not self.get_autocommit() and self.connection.pgconn.transaction_status == TransactionStatus.IDLE:
            self._send("BEGIN")
        if self._remembered != scope.schema_name:
            self._send(f'SET search_path TO "{scope.schema_name}", public')
            self._remembered = scope.schema_name

    monkeypatch.setattr(DatabaseWrapper, "_remembered", None, raising=False)
    monkeypatch.setattr(DatabaseWrapper, "pin_scope", pin_scope)
    monkeypatch.setattr(
        DatabaseWrapper, "_savepoint_rollback", lambda self, sid: self._send(self.ops.savepoint_rollback_sql(sid))
    )
    yield
    connection.close()
    vars(connection).pop("_remembered", None)
