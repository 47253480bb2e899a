"""What a change says of before and after, and where a row is used."""

from datetime import date
from decimal import Decimal

import pytest

from core.changes import plain, set_fields
from core.usage import InUse, refuse_if_used, where_used
from tests.factories.subscribers import (
    NoteFactory,
    RouterFactory,
    ServiceFactory,
    SubscriberFactory,
    TariffFactory,
    ZoneFactory,
)


def test_only_what_differs_is_written_and_told(in_isp, count_queries):
    zone = ZoneFactory(name="Norte")
    ana = SubscriberFactory(first_name="Ana", city="Puebla", zone=None)
    assert set_fields(ana, {"first_name": "Eva", "city": "Puebla", "zone": zone}, version=7) == {
        "first_name": ["Ana", "Eva"],
        "zone": ["", "Norte"],
    }
    ana.refresh_from_db()
    assert (ana.first_name, ana.zone, ana.version) == ("Eva", zone, 7)
    with count_queries() as queries:
        assert set_fields(ana, {"first_name": "Eva"}, version=8) == {}
    assert len(queries) == 0
    assert ana.version == 7


def test_values_are_kept_so_that_json_holds_them():
    values = [None, True, 3, Decimal("1.50"), date(2026, 3, 1), "text"]
    assert [plain(value) for value in values] == ["", True, 3, "1.50", "2026-03-01", "text"]


def test_every_relation_that_names_a_row_is_found(in_isp):
    zone = ZoneFactory(name="Norte")
    assert where_used(zone) == []
    refuse_if_used(zone)
    SubscriberFactory.create_batch(2, zone=zone)
    RouterFactory(zone=zone)
    with pytest.raises(InUse) as refused:
        refuse_if_used(zone)
    assert sorted((use.label, use.count) for use in refused.value.uses) == [
        ("subscribers.router", 1),
        ("subscribers.subscriber", 2),
    ]
    assert "2 subscribers" in str(refused.value)
    assert "1 router" in str(refused.value)


def test_relations_that_go_along_do_not_count(in_isp):
    ana = SubscriberFactory()
    NoteFactory(subscriber=ana)
    assert [use.label for use in where_used(ana)] == ["subscribers.note"]
    assert where_used(ana, besides=frozenset({"notes"})) == []
    ServiceFactory(subscriber=ana, tariff=TariffFactory())
    assert [use.label for use in where_used(ana, besides=frozenset({"notes"}))] == ["subscribers.service"]
