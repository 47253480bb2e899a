"""Spares: claimed once, whole, of this release only."""

import threading

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet

from core.scope import public_scope
from tenants import pool
from tenants.fingerprint import fingerprint
from tenants.models import ISP, SchemaTemplate, SpareSchema, new_schema_name
from tenants.pool import claim_spare, refill
from tenants.provisioning import provision
from tenants.releases import current_release
from tenants.schemas import create_empty, drop_named
from tenants.template import replay_template
from tests.conftest import make_isp
from tests.factories.tenants import SignUpFactory

THREADS = 50
SPARES = 20


def spare(*, release: str | None = None) -> str:
    name = new_schema_name()
    create_empty(name)
    SpareSchema.objects.create(schema_name=name, release=release or current_release())
    return name


def test_the_pool_is_filled_with_whole_schemas_and_not_beyond(in_public):
    assert refill(size=2) == 2
    assert refill(size=2) == 0
    fresh = new_schema_name()
    replay_template(fresh)
    whole = fingerprint(fresh)
    for one in SpareSchema.objects.all():
        assert one.release == current_release()
        assert fingerprint(one.schema_name) == whole


def test_the_setting_says_how_many(in_public, settings):
    settings.SPARE_SCHEMAS = 0
    assert refill() == 0
    settings.SPARE_SCHEMAS = 1
    assert refill() == 1


def test_a_new_isp_takes_a_spare(in_public, count_queries):
    refill(size=1)
    name = SpareSchema.objects.get().schema_name
    with count_queries() as queries:
        isp = make_isp("instant")
    assert not any("CREATE TABLE" in query["sql"] for query in queries)
    assert ISP.objects.get(pk=isp.pk).schema_name == isp.schema_name == name
    assert ISP.objects.get(pk=isp.pk).release == current_release()
    assert not SpareSchema.objects.exists()
    assert claim_spare() is None


def test_a_sign_up_takes_a_spare(in_public):
    refill(size=1)
    name = SpareSchema.objects.get().schema_name
    assert provision(sign_up_id=SignUpFactory(confirmed=True).pk).schema_name == name


def test_a_claim_that_is_undone_leaves_the_spare_in_the_pool(in_public):
    refill(size=1)
    name = SpareSchema.objects.get().schema_name
    with transaction.atomic():
        assert make_isp("undone").schema_name == name
        transaction.set_rollback(True)
    assert claim_spare() == name


def test_without_a_spare_the_template_is_replayed(in_public):
    isp = make_isp("replayed")
    fresh = new_schema_name()
    replay_template(fresh)
    assert fingerprint(isp.schema_name) == fingerprint(fresh)
    assert isp.release == current_release()


def test_a_spare_of_another_release_is_never_handed_out(in_public, monkeypatch):
    old = spare(release="0" * 12)
    assert claim_spare() is None
    assert make_isp("fresh").schema_name != old
    assert refill(size=1) == 1
    monkeypatch.setattr(pool, "current_release", lambda: "0" * 12)
    assert claim_spare() == old  # it was the release alone that kept it back


def test_a_spare_whose_schema_is_gone_is_passed_over(in_public):
    gone, good = spare(), spare()
    drop_named(gone)
    assert claim_spare() == good
    assert claim_spare() is None


@pytest.fixture
def twenty(committed):
    with public_scope(), transaction.atomic():
        names = {spare() for _ in range(SPARES)}
    yield names
    with public_scope(), transaction.atomic():
        SpareSchema.objects.all().delete()
        for name in names:
            drop_named(name)


def at_once(work, threads: int) -> list:
    """What `work` returns in that many threads that start together."""
    together, results, failures = threading.Barrier(threads), [], []

    def run():
        try:
            together.wait(timeout=60)
            results.append(work())
        except Exception as failure:
            failures.append(failure)
        finally:
            connection.close()

    running = [threading.Thread(target=run) for _ in range(threads)]
    for one in running:
        one.start()
    for one in running:
        one.join(timeout=120)
    assert failures == []
    return results


def claim() -> str | None:
    with public_scope(), transaction.atomic():
        return claim_spare()


def test_fifty_at_once_get_each_of_twenty_spares_once(twenty):
    claimed = [name for name in at_once(claim, THREADS) if name]
    assert sorted(claimed) == sorted(twenty)


def test_without_the_lock_a_spare_would_be_handed_out_twice(twenty, monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **options: self)
    claimed = [name for name in at_once(claim, THREADS) if name]
    assert len(claimed) > len(set(claimed))


def test_two_that_refill_at_once_make_no_more_than_asked(committed):
    try:
        made = at_once(lambda: refill(size=3), 4)
        refill(size=3)  # those who found another one at work left it to that one
        with public_scope():
            names = list(SpareSchema.objects.values_list("schema_name", flat=True))
        assert len(names) == 3
        assert sum(made) <= 3
    finally:
        with public_scope(), transaction.atomic():
            for one in SpareSchema.objects.all():
                drop_named(one.schema_name)
            SpareSchema.objects.all().delete()


def test_the_template_is_built_when_the_pool_needs_it(in_public):
    SchemaTemplate.objects.all().delete()
    assert refill(size=1) == 1
    assert SchemaTemplate.objects.get().release == current_release()
