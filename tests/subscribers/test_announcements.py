"""Words of the ISP in the portal: who sees what, when."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.models import AuditEntry
from subscribers.announcement_forms import AnnouncementForm
from subscribers.models import Announcement
from subscribers.services import announcements as services
from tests.factories.staff import StaffUserFactory
from tests.factories.subscribers import InvoiceGroupFactory, PortalUserFactory, SubscriberFactory, ZoneFactory

NOW = timezone.now()
AUDIENCE = Announcement.Audience


def said(title="Work on the mast", **fields) -> Announcement:
    return Announcement.objects.create(**{"title": title, "begins_at": NOW - timedelta(hours=1), **fields})


def seen_by(person) -> set[str]:
    return {row.title for row in Announcement.objects.to(person).running(at=NOW)}


def test_each_sees_what_is_meant_for_them(in_isp):
    north, south = ZoneFactory(name="Norte"), ZoneFactory(name="Sur")
    homes = InvoiceGroupFactory(name="Hogares", is_default=True)
    firms = InvoiceGroupFactory(name="Empresas")
    ana, eva = SubscriberFactory(zone=north), SubscriberFactory(zone=south, group=firms)
    said("all")
    said("north", audience=AUDIENCE.ZONE, zone=north)
    said("homes", audience=AUDIENCE.GROUP, group=homes)
    said("firms", audience=AUDIENCE.GROUP, group=firms)
    said("ana", audience=AUDIENCE.SUBSCRIBER, subscriber=ana)
    assert seen_by(ana) == {"all", "north", "homes", "ana"}
    assert seen_by(eva) == {"all", "firms"}
    # Who has no zone is in none.
    assert seen_by(SubscriberFactory(zone=None)) == {"all", "homes"}


def test_it_is_seen_from_its_beginning_to_its_end(in_isp):
    ana = SubscriberFactory()
    said("over", ends_at=NOW - timedelta(minutes=1))
    said("planned", begins_at=NOW + timedelta(minutes=1))
    said("runs", ends_at=NOW + timedelta(minutes=1))
    assert seen_by(ana) == {"runs"}


def test_strangers_read_what_is_for_all_or_a_zone_and_nothing_else(in_isp):
    zone, ana = ZoneFactory(name="Norte"), SubscriberFactory()
    said("all", at_sign_in=True)
    said("zone", audience=AUDIENCE.ZONE, zone=zone, at_sign_in=True)
    said("inside")
    said("ana", audience=AUDIENCE.SUBSCRIBER, subscriber=ana, at_sign_in=True)
    assert {row.title for row in Announcement.objects.for_anybody()} == {"all", "zone"}


@pytest.mark.parametrize("fields", [{"audience": "zone"}, {"audience": "subscriber"}, {"audience": "group"}])
def test_an_audience_without_its_row_is_refused_by_the_database(in_isp, fields):
    with pytest.raises(IntegrityError, match="announcement_has_its_audience"), transaction.atomic():
        said(**fields)
    assert not Announcement.objects.exists()


def test_it_is_written_changed_and_ended_with_a_trace(in_isp):
    clerk, ana = StaffUserFactory(), SubscriberFactory()
    row = services.announce(by=clerk, values={"title": "Hello", "begins_at": NOW}, subscriber=ana)
    assert row.subscriber == ana
    services.change_announcement(by=clerk, announcement=row, values={"title": "Good morning"})
    services.end_announcement(by=clerk, announcement=row, at=NOW + timedelta(hours=1))
    services.end_announcement(by=clerk, announcement=row, at=NOW + timedelta(hours=2))
    row.refresh_from_db()
    assert (row.title, row.ends_at) == ("Good morning", NOW + timedelta(hours=1))
    verbs = AuditEntry.objects.filter(verb__startswith="subscribers.announcement.").order_by("pk")
    assert [entry.verb.rpartition(".")[2] for entry in verbs] == ["made", "changed", "ended"]
    planned = services.announce(by=clerk, values={"title": "Later", "begins_at": NOW + timedelta(days=1)})
    services.end_announcement(by=clerk, announcement=planned, at=NOW)
    assert not Announcement.objects.filter(pk=planned.pk).exists()


def test_put_away_twice_is_put_away_once(in_isp):
    user, row = PortalUserFactory(), said()
    for _ in range(2):
        services.put_away(user=user, announcement=row)
    assert row.reads.count() == 1
    assert Announcement.objects.with_read_by(user).get().is_read


def form(**fields) -> AnnouncementForm:
    values = {"kind": "outage", "title": "No signal", "audience": "everybody", "begins_at": "2026-05-01T10:00"}
    return AnnouncementForm(values | fields)


def test_a_form_says_what_is_wrong_where(in_isp):
    zone = ZoneFactory(name="Norte")
    assert form().is_valid()
    assert set(form(audience="zone").errors) == {"zone"}
    assert set(form(audience="group").errors) == {"group"}
    assert set(form(ends_at="2026-05-01T09:00").errors) == {"ends_at"}
    assert set(form(begins_at="1899-01-01T00:00").errors) == {"begins_at"}
    assert set(form(ends_at="2999-01-01T00:00").errors) == {"ends_at"}
    assert set(form(audience="subscriber").errors) == {"audience"}
    # What belongs to another audience is left out.
    good = form(zone=str(zone.pk))
    assert good.is_valid()
    assert good.cleaned_data["zone"] is None


def test_the_hours_are_those_of_the_company(in_isp):
    with timezone.override("America/Mexico_City"):
        good = form()
        assert good.is_valid()
    assert good.cleaned_data["begins_at"] == datetime.fromisoformat("2026-05-01T16:00+00:00")
