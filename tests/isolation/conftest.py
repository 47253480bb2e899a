"""The two ISPs, filled once per module in a transaction that is rolled back."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, transaction

from core.scope import public_scope
from domains import resolver
from tenants.models import ISP
from tests.isolation.judge import Judge
from tests.isolation.visitors import Visitor, visitors
from tests.isolation.world import World, build


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    files = tmp_path_factory.mktemp("files")
    with django_db_blocker.unblock():
        with public_scope():
            block = transaction.atomic()
            block.__enter__()
        try:
            with public_scope():
                a, b = (ISP.objects.with_state().get(slug=slug) for slug in ("wispmega", "fibrandina"))
            resolver.forget_all()
            yield build(a, b, files)
        finally:
            with public_scope():
                transaction.set_rollback(True)
                block.__exit__(None, None, None)
            resolver.forget_all()


@pytest.fixture(scope="module")
def everybody(world: World) -> dict[str, Visitor]:
    return visitors(world)


@pytest.fixture
def judge(world: World) -> Judge:
    return Judge(world)


@pytest.fixture(autouse=True)
def _private_files(request: pytest.FixtureRequest, settings: object) -> None:
    """The files of the two ISPs, instead of an empty folder."""
    if "world" in request.fixturenames:
        settings.MEDIA_ROOT = Path(request.getfixturevalue("world").files)


@pytest.fixture(autouse=True)
def _one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """All is in one transaction here, also what tasks do that call outside systems."""
    monkeypatch.setattr(connection, "is_under_test", True, raising=False)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of refusals are expected here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
