"""What the guard costs: nothing. Counted on the wire, as the server's ReadyForQuery messages."""

import socket
import threading
from pathlib import Path

import pytest
from django.db import connection, connections
from django.db.transaction import atomic

from core.scope import isp_scope, public_scope
from tests.core.conftest import READ


class Wire:
    """A relay between client and server that counts round trips: each ends with the server's `Z`."""

    def __init__(self, host: str, port: str) -> None:
        self.target = (host, port or "5432")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = str(self.listener.getsockname()[1])
        self.round_trips = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = self._connect()
            threading.Thread(target=self._relay, args=(client, server), daemon=True).start()
            threading.Thread(target=self._relay_counting, args=(server, client), daemon=True).start()

    def _connect(self) -> socket.socket:
        host, port = self.target
        if not host.startswith("/"):
            return socket.create_connection((host or "localhost", int(port)))
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(Path(host) / f".s.PGSQL.{port}"))
        return server

    def _relay(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        finally:
            source.close()
            target.close()

    def _relay_counting(self, source: socket.socket, target: socket.socket) -> None:
        kept = b""
        try:
            while data := source.recv(65536):
                kept += data
                while len(kept) >= 5 and len(kept) > (length := int.from_bytes(kept[1:5])):
                    self.round_trips += kept[:1] == b"Z"
                    kept = kept[length + 1 :]
                target.sendall(data)
        except OSError:
            pass


@pytest.fixture
def wire(canaries, monkeypatch):
    """All new connections go over a counted wire; the alias `plain` is Django's own backend."""
    real = connections.settings["default"]
    wire = Wire(real["HOST"], real["PORT"])
    monkeypatch.setitem(real, "HOST", "127.0.0.1")
    monkeypatch.setitem(real, "PORT", wire.port)
    monkeypatch.setitem(real, "OPTIONS", {"sslmode": "disable", "gssencmode": "disable"})
    connection.close()
    connections.settings["plain"] = {**real, "ENGINE": "django.db.backends.postgresql"}
    yield wire
    connection.close()
    connections["plain"].close()
    del connections["plain"], connections.settings["plain"]
    wire.listener.close()


def select(using: str) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(READ)
        cursor.fetchall()


def nothing(using: str) -> None:
    with atomic(using):
        pass


def one(using: str) -> None:
    with atomic(using):
        select(using)


def three(using: str) -> None:
    with atomic(using):
        for _ in range(3):
            select(using)


def savepoint(using: str) -> None:
    with atomic(using):
        select(using)
        with atomic(using):
            select(using)


def rolled_back(using: str) -> None:
    try:
        with atomic(using):
            select(using)
            raise KeyError
    except KeyError:
        pass


def round_trips(wire: Wire, work, using: str) -> int:
    select_connection = connections[using]
    select_connection.ensure_connection()
    before = wire.round_trips
    work(using)
    return wire.round_trips - before


@pytest.mark.parametrize(("work", "expected"), [(nothing, 0), (one, 2), (three, 4), (savepoint, 5), (rolled_back, 2)])
def test_a_transaction_in_an_isps_scope_costs_a_round_trip_less_than_plain_django(canaries, wire, work, expected):
    plain = round_trips(wire, work, "plain")
    with isp_scope(canaries.a):
        ours = round_trips(wire, work, "default")
    # Django sends BEGIN by itself; ours, and the search path, travel with the first statement.
    assert (ours, plain) == (expected, expected + (work is not nothing))


def test_only_a_change_of_scope_inside_a_transaction_costs_a_round_trip(canaries, wire):
    def switching(using: str) -> None:
        with atomic():
            select(using)
            with public_scope():
                select(using)
                select(using)
            select(using)

    with isp_scope(canaries.a):
        assert round_trips(wire, switching, "default") == 7  # four reads, two changes, commit
    with public_scope():
        assert round_trips(wire, select, "default") == 1


def test_a_request_finds_out_that_its_connection_lives_without_asking(canaries, wire):
    with isp_scope(canaries.a):
        one("default")
        connection.close_if_unusable_or_obsolete()
        assert round_trips(wire, one, "default") == 2
