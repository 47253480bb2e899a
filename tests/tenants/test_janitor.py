"""What nobody owns goes, after a while; what is still being made, or owned, stays."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from core.scope import public_scope
from tenants.janitor import sweep
from tenants.models import ISP, OrphanSchema, SchemaTemplate, SpareSchema, new_schema_name
from tenants.pool import refill
from tenants.releases import current_release
from tenants.schemas import create_empty, drop_named, drop_schema
from tenants.template import build_template
from tests.conftest import make_isp

NOW = timezone.now()
DAY = timedelta(hours=24)


def exists(name: str) -> bool:
    with public_scope(), connection.cursor() as cursor:
        cursor.execute("SELECT to_regnamespace(%s) IS NOT NULL", [name])
        return cursor.fetchone()[0]


def orphan() -> str:
    name = new_schema_name()
    create_empty(name)
    return name


def test_where_all_is_in_order_nothing_is_found(in_public, isp):
    refill(size=1)
    found = sweep(at=NOW)
    assert (found.removed, found.stale, found.waiting) == ([], [], [])
    assert exists(isp.schema_name)
    assert exists(SpareSchema.objects.get().schema_name)


def test_a_schema_without_an_owner_is_told_first_and_removed_a_day_later(in_public, caplog):
    name = orphan()
    assert sweep(at=NOW).waiting == [name]
    assert sweep(at=NOW + DAY - timedelta(minutes=1)).waiting == [name]
    assert exists(name)
    assert f"The schema {name} belongs to nobody" in caplog.text
    assert sweep(at=NOW + DAY).removed == [name]
    assert not exists(name)
    assert not OrphanSchema.objects.exists()
    assert f"Removed the schema {name}" in caplog.text


def test_a_schema_that_found_an_owner_in_the_meantime_stays(in_public, isp):
    name = orphan()
    sweep(at=NOW)
    drop_schema(isp)
    ISP.objects.filter(pk=isp.pk).update(schema_name=name)
    assert sweep(at=NOW + DAY).removed == []
    assert exists(name)
    # Should it lose the owner again, its time begins anew.
    ISP.objects.filter(pk=isp.pk).update(schema_name=new_schema_name())
    assert sweep(at=NOW + DAY).waiting == [name]


def test_other_schemas_of_the_database_are_none_of_its_business(in_public):
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA t_reports")
    assert sweep(at=NOW).waiting == []
    sweep(at=NOW + DAY)
    assert exists("t_reports")


def spare_of(release: str) -> str:
    name = orphan()
    SpareSchema.objects.create(schema_name=name, release=release)
    return name


def test_spares_of_older_releases_go_and_those_of_a_newer_one_stay(in_public):
    mine = build_template()
    for release, offset in (("older", -1), ("newer", 1)):
        template = SchemaTemplate.objects.create(release=release, schema_name=new_schema_name())
        SchemaTemplate.objects.filter(pk=template.pk).update(created_at=mine.created_at + timedelta(days=offset))
    older, unknown, newer, current = map(spare_of, ("older", "unknown", "newer", current_release()))

    assert sorted(sweep(at=NOW).stale) == sorted([older, unknown])

    assert [exists(name) for name in (older, unknown, newer, current)] == [False, False, True, True]
    assert set(SpareSchema.objects.values_list("schema_name", flat=True)) == {newer, current}


def test_before_this_release_has_a_template_no_spare_is_judged(in_public):
    SchemaTemplate.objects.all().delete()
    name = spare_of("other")
    assert sweep(at=NOW).stale == []
    assert exists(name)


def test_the_row_of_a_spare_that_is_gone_is_removed(in_public, caplog):
    name = spare_of(current_release())
    drop_named(name)
    sweep(at=NOW)
    assert not SpareSchema.objects.exists()
    assert f"The spare schema {name} was gone" in caplog.text


def test_an_isp_whose_schema_is_missing_is_kept(in_public, isp):
    drop_schema(isp)
    found = sweep(at=NOW)
    assert (found.removed, found.stale, found.waiting) == ([], [], [])
    assert ISP.objects.filter(pk=isp.pk).exists()


@pytest.fixture
def half_made(committed):
    """Another process is in the middle of making an ISP and a spare; ends at the end of the block."""
    made, done, names = threading.Event(), threading.Event(), []

    def work():
        try:
            with public_scope(), transaction.atomic():
                names.append(make_isp("halfmade").schema_name)
                names.append(spare_of(current_release()))
                made.set()
                done.wait(timeout=60)
                transaction.set_rollback(True)
        finally:
            made.set()
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    made.wait(timeout=60)
    yield names
    done.set()
    thread.join(timeout=60)


def test_what_a_transaction_is_still_making_is_left_alone(half_made):
    assert len(half_made) == 2
    try:
        found = [sweep(at=NOW), sweep(at=NOW + DAY)]
        assert [(one.removed, one.stale, one.waiting) for one in found] == [([], [], [])] * 2
    finally:
        with public_scope():
            OrphanSchema.objects.all().delete()


def test_a_schema_committed_before_its_row_would_be_taken_for_an_orphan(committed):
    """The control: what protects a schema in the making is the one transaction."""
    with public_scope():
        name = orphan()
    try:
        assert sweep(at=NOW).waiting == [name]
        assert sweep(at=NOW + DAY).removed == [name]
    finally:
        drop_named(name)
        with public_scope():
            OrphanSchema.objects.all().delete()
