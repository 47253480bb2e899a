"""The scope itself, without a database."""

import asyncio
import contextvars
import gc
import threading
from types import SimpleNamespace
from uuid import uuid4

import pytest

from core import scope
from core.scope import NoScope, ScopeConflict, ScopeError, current, isp_scope, public_scope, required, same_scope


def isp(pk: int) -> SimpleNamespace:
    return SimpleNamespace(pk=pk, uuid=uuid4(), schema_name=f"t_{pk:012x}")


A, B = isp(1), isp(2)


def where() -> str | None:
    now = current()
    return now.schema_name if now else None


def test_there_is_no_scope_to_begin_with():
    assert current() is None
    with pytest.raises(NoScope):
        required()


def test_scopes_nest_and_come_back_after_an_exception():
    with public_scope():
        with pytest.raises(ZeroDivisionError), isp_scope(A):  # noqa: PT012
            assert where() == A.schema_name
            with public_scope():
                assert where() == "public"
                _ = 1 / 0
        assert where() == "public"
    assert where() is None


@pytest.mark.parametrize(
    "name", ["public", "pg_catalog", "t_0123456789AB", "t_0123456789ab\n", 't_0123456789ab"; DROP', "../../etc", ""]
)
def test_only_names_that_the_server_makes_are_entered(name):
    with pytest.raises(ScopeError), isp_scope(SimpleNamespace(pk=1, uuid=uuid4(), schema_name=name)):
        pass
    assert current() is None


def test_one_isp_never_leads_to_another_also_by_way_of_public():
    with isp_scope(A):
        with isp_scope(A), pytest.raises(ScopeConflict), isp_scope(B):
            pass
        with public_scope():
            with pytest.raises(ScopeConflict), isp_scope(B):
                pass
            with pytest.raises(ScopeConflict), same_scope(scope.Scope(B.schema_name, B.pk, B.uuid)):
                pass
            assert where() == "public"
    with isp_scope(B):
        assert where() == B.schema_name


def test_a_remembered_scope_of_an_isp_refuses_another_one_too():
    with same_scope(scope.Scope(A.schema_name, A.pk, A.uuid)), pytest.raises(ScopeConflict), isp_scope(B):
        pass


def test_another_isp_under_a_taken_schema_name_is_refused():
    twin = SimpleNamespace(pk=9, uuid=uuid4(), schema_name=A.schema_name)
    with isp_scope(A), pytest.raises(ScopeConflict), isp_scope(twin):
        pass


def test_a_decorator_enters_a_scope_of_its_own_at_every_call():
    @isp_scope(A)
    def depth(more: int) -> list[str | None]:
        return [where(), *(depth(more - 1) if more else [])]

    assert depth(2) == [A.schema_name] * 3
    assert where() is None
    with isp_scope(B), pytest.raises(ScopeConflict):
        depth(0)


def test_a_new_thread_has_no_scope():
    seen = []
    with isp_scope(A):
        thread = threading.Thread(target=lambda: seen.append(current()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_asyncio_tasks_keep_their_own_scope():
    async def walk(one: SimpleNamespace) -> set[str | None]:
        seen = set()
        with isp_scope(one):
            for _ in range(20):
                await asyncio.sleep(0)
                seen.add(where())
                seen.add(await asyncio.to_thread(where))
        return seen

    async def both() -> list[set[str | None]]:
        return await asyncio.gather(walk(A), walk(B), walk(A))

    assert asyncio.run(both()) == [{A.schema_name}, {B.schema_name}, {A.schema_name}]
    assert where() is None


def test_leaving_in_the_wrong_order_closes_the_door_loudly():
    outer, inner = isp_scope(A), public_scope()
    outer.__enter__()
    inner.__enter__()
    with pytest.raises(ScopeError):
        outer.__exit__(None, None, None)
    assert current() is None
    inner.__exit__(None, None, None)
    assert current() is None, "the ISP's scope came back after it was left"


def test_a_generator_left_behind_does_not_end_the_scope_of_others():
    def rows():
        with isp_scope(A):
            yield 1

    left = rows()
    contextvars.Context().run(next, left)
    with isp_scope(B):
        del left
        gc.collect()
        assert where() == B.schema_name


def test_labels_differ_between_scopes():
    labels = []
    for one in [A, B]:
        with isp_scope(one):
            labels.append(required().label)
    with public_scope():
        labels.append(required().label)
    assert len(set(labels)) == 3
