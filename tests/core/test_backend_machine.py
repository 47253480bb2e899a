"""Hypothesis walks scopes, transactions, savepoints and reconnects; a model made of dictionaries says what to see."""

import copy

import pytest
from django.db import DataError, connection, transaction
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from psycopg.pq import TransactionStatus

from core.db.base import DatabaseWrapper
from core.scope import NoScope, OutsideTransaction, ScopeConflict, current, isp_scope, public_scope

PUBLIC = "public"


class Walk(RuleBasedStateMachine):
    """`scopes` and `blocks` are what is open; `rows` what each schema holds; `saved` the rows at each block's begin."""

    canaries = None

    def __init__(self) -> None:
        super().__init__()
        self.isps = dict(zip("ab", self.canaries.both, strict=True))
        self.scopes: list = []
        self.blocks: list = []
        self.saved: list = []
        self.rows: dict[str, list[str]] = {
            PUBLIC: [PUBLIC],
            "a": [self.isps["a"].schema_name],
            "b": [self.isps["b"].schema_name],
        }
        self.cursor = connection.cursor()
        self.count = 0

    @property
    def scope(self) -> str | None:
        return self.scopes[-1][0] if self.scopes else None

    @property
    def refusal(self) -> type[Exception] | None:
        """The error that a statement must meet now."""
        if self.scope is None:
            return NoScope
        return OutsideTransaction if self.scope != PUBLIC and not self.blocks else None

    @rule(name=st.sampled_from(["a", "b", PUBLIC]))
    def enter(self, name: str) -> None:
        manager = public_scope() if name == PUBLIC else isp_scope(self.isps[name])
        if {"a": "b", "b": "a"}.get(name) in [scope for scope, _ in self.scopes]:
            with pytest.raises(ScopeConflict):
                manager.__enter__()
            return
        manager.__enter__()
        self.scopes.append((name, manager))

    @precondition(lambda self: self.scopes)
    @rule()
    def leave(self) -> None:
        self.scopes.pop()[1].__exit__(None, None, None)

    # A savepoint is a statement, which needs a scope.
    @precondition(lambda self: self.scope or not self.blocks)
    @rule()
    def begin(self) -> None:
        block = transaction.atomic()
        block.__enter__()
        self.blocks.append(block)
        self.saved.append(copy.deepcopy(self.rows))

    @precondition(lambda self: self.blocks and (self.scope or len(self.blocks) == 1))
    @rule(fails=st.booleans())
    def end(self, fails: bool) -> None:
        error = KeyError() if fails else None
        self.blocks.pop().__exit__(type(error) if error else None, error, None)
        before = self.saved.pop()
        if fails:
            self.rows = before

    @rule(kept=st.booleans())
    def write(self, kept: bool) -> None:
        self.count += 1
        self._send(kept, f"INSERT INTO notes VALUES ('{self.count}')")
        if self.refusal is None:
            self.rows[self.scope].append(str(self.count))

    @rule(kept=st.booleans())
    def read(self, kept: bool) -> None:
        cursor = self._send(kept, "SELECT text FROM notes")
        if cursor:
            assert sorted(row[0] for row in cursor.fetchall()) == sorted(self.rows[self.scope])

    @precondition(lambda self: self.refusal is None)
    @rule()
    def fail(self) -> None:
        with pytest.raises(DataError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    @precondition(lambda self: not self.blocks)
    @rule(broken=st.booleans())
    def reconnect(self, broken: bool) -> None:
        if broken:
            connection.connection.pgconn.finish()
        connection.close()
        self.cursor = connection.cursor()

    @invariant()
    def says_where_it_is(self) -> None:
        scope = current()
        expected = self.isps[self.scope].schema_name if self.scope in self.isps else self.scope
        assert (scope.schema_name if scope else None) == expected

    def _send(self, kept: bool, sql: str):
        cursor = self.cursor if kept else connection.cursor()
        if self.refusal:
            with pytest.raises(self.refusal):
                cursor.execute(sql)
            return None
        cursor.execute(sql)
        return cursor

    def teardown(self) -> None:
        while self.scopes:
            self.leave()
        with public_scope():
            while self.blocks:
                self.end(fails=True)
        connection.close()
        begin_anew(self.canaries)


def begin_anew(canaries) -> None:
    """One row in each table, its schema's name: so that reading the wrong one always shows."""
    with public_scope(), transaction.atomic(), connection.cursor() as cursor:
        for schema in [PUBLIC, *(isp.schema_name for isp in canaries.both)]:
            cursor.execute(f"DELETE FROM {schema}.notes")
            cursor.execute(f"INSERT INTO {schema}.notes VALUES ('{schema}')")


@pytest.fixture
def notes(canaries):
    schemas = [PUBLIC, *(isp.schema_name for isp in canaries.both)]
    with public_scope(), transaction.atomic(), connection.cursor() as cursor:
        for schema in schemas:
            cursor.execute(f"CREATE TABLE {schema}.notes (text text)")
    begin_anew(canaries)
    Walk.canaries = canaries
    yield
    with public_scope(), transaction.atomic(), connection.cursor() as cursor:
        for schema in schemas:
            cursor.execute(f"DROP TABLE {schema}.notes")


def walk(examples: int, **kwargs: object) -> None:
    run_state_machine_as_test(
        Walk, settings=settings(max_examples=examples, stateful_step_count=40, deadline=None, database=None, **kwargs)
    )


def test_any_walk_shows_each_scope_its_own_rows(notes):
    walk(60)


def test_control_the_walk_finds_a_path_that_is_only_remembered(notes, without_pinning):
    with pytest.raises((AssertionError, BaseExceptionGroup)):
        walk(60, phases=[Phase.generate], report_multiple_bugs=False, derandomize=True)


def test_control_the_walk_finds_a_short_cut_that_does_not_look_at_the_scope(notes, monkeypatch):
    def is_pinned(self, sql):
        return current() is not None and self.connection.pgconn.transaction_status == TransactionStatus.INTRANS

    monkeypatch.setattr(DatabaseWrapper, "is_pinned", is_pinned)
    with pytest.raises((AssertionError, BaseExceptionGroup)):
        walk(60, phases=[Phase.generate], report_multiple_bugs=False, derandomize=True)
