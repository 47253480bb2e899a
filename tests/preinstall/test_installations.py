"""Requests become installations, and installations become services."""

import base64
import re
from datetime import date, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.models import AuditEntry, StoredFile
from core.scope import isp_scope
from core.uploads import BadUpload
from messaging.models import Message
from preinstall.models import Installation, InstallRequest
from preinstall.services import installations as services
from subscribers.models import PortalUser, Router, Service, Subscriber
from tenants.directory import by_slug
from tenants.roles import Role
from tests.factories.preinstall import InstallationFactory, InstallRequestFactory, picture, upload
from tests.factories.staff import make_member, sign_in
from tests.factories.subscribers import ServiceFactory, SubscriberFactory, TariffFactory

DAY = date(2026, 3, 4)
BASE = "/wispmega/installations/"
SIGNED = "data:image/png;base64," + base64.b64encode(picture("PNG")).decode()


def text(response):
    return re.sub(r"\s+", " ", response.content.decode())


@pytest.fixture
def people(isp):
    return {role: make_member(isp, role) for role in (Role.OWNER, Role.SUPPORT, Role.TECHNICIAN, Role.BILLING)}


@pytest.fixture
def ref(isp):
    return by_slug("wispmega")


@pytest.fixture
def browser(at, people):
    """`browser(role)` is the signed-in browser of whom `people` has in that role."""

    def make(role):
        client = at("app.localhost")
        sign_in(client, people[role])
        return client

    return make


def visit(people, **changes):
    values = {"on": DAY, "technician": people[Role.TECHNICIAN], "begins": time(9), "ends": time(11)}
    return services.Visit(**{**values, **changes})


def activate(ref, people, request, **changes):
    person = {"first_name": "Rosa", "last_name": "Quintero", "email": "rosa@example.org", "mobile": "+525512345678"}
    values = {
        "subscriber": None,
        "person": person,
        "username": "rosa.q",
        "connection": services.Connection(tariff=TariffFactory(), address="Calle Cinco 12", ip_address="10.0.0.7"),
        "visit": visit(people),
    }
    return services.activate_request(isp=ref, request=request, by=people[Role.SUPPORT], **{**values, **changes})


def test_a_request_becomes_subscriber_login_service_and_visit_in_one_act(in_isp, ref, people):
    request = InstallRequestFactory(state="approved")
    made = activate(ref, people, request)
    request.refresh_from_db()
    person = Subscriber.objects.get()
    assert (request.state, request.subscriber) == ("activated", person)
    assert (made.service.subscriber, made.service.state, made.service.ip_address) == (person, "pending", "10.0.0.7")
    login = PortalUser.objects.get(username="rosa.q")
    assert (login.subscriber, login.has_usable_password()) == (person, False)
    assert (made.on, made.technician_name, made.is_planned) == (DAY, people[Role.TECHNICIAN].name, True)
    assert request.state_changes.last().by_name == people[Role.SUPPORT].name
    note = Message.objects.get(to="rosa@example.org")
    assert made.reference in note.text
    assert set(AuditEntry.objects.values_list("verb", flat=True)) >= {
        "preinstall.request.activated",
        "preinstall.installation.planned",
    }


@pytest.mark.parametrize("state", ["rejected", "activated"])
def test_what_was_rejected_or_activated_cannot_be_activated(in_isp, ref, people, state):
    with pytest.raises(services.CannotActivate):
        activate(ref, people, InstallRequestFactory(state=state))
    assert (Subscriber.objects.count(), Installation.objects.count()) == (0, 0)


def test_an_address_that_is_taken_leaves_nothing_behind(in_isp, ref, people):
    ServiceFactory(ip_address="10.0.0.7")
    request = InstallRequestFactory(state="approved")
    with pytest.raises(ValidationError), transaction.atomic():
        activate(ref, people, request)
    request.refresh_from_db()
    assert (request.state, Subscriber.objects.count(), PortalUser.objects.count()) == ("approved", 1, 0)


def test_somebody_who_is_a_customer_gets_one_more_service(in_isp, ref, people):
    ana = SubscriberFactory(first_name="Ana")
    made = activate(ref, people, InstallRequestFactory(), subscriber=ana, person=None, username="")
    assert (made.service.subscriber, Subscriber.objects.count()) == (ana, 1)


def test_a_service_has_one_planned_visit(in_isp, ref, people):
    service = ServiceFactory(state="pending")
    services.plan_installation(isp=ref, service=service, by=people[Role.OWNER], visit=visit(people))
    with pytest.raises(services.NotPlanned):
        services.plan_installation(isp=ref, service=service, by=people[Role.OWNER], visit=visit(people))
    # Not the check alone: without it the table refuses.
    with pytest.raises(IntegrityError), transaction.atomic():
        InstallationFactory(service=service, number=99)


def test_moving_tells_the_subscriber_of_another_time_and_of_nothing_else(in_isp, ref, people):
    found = InstallationFactory(on=DAY, begins=time(9), service__subscriber__email="ana@example.org")
    move = {"isp": ref, "installation": found, "by": people[Role.SUPPORT]}
    services.move_installation(**move, visit=visit(people, ends=None))
    assert not Message.objects.exists()
    services.move_installation(**move, visit=visit(people, on=DAY + timedelta(days=1)))
    assert "new date" in Message.objects.get().subject
    assert [change.on.day for change in found.changes.all()] == [4, 5]


def test_calling_it_off_leaves_the_service_for_another_visit_or_ends_it(in_isp, ref, people):
    kept, ended = InstallationFactory(), InstallationFactory()
    call = {"isp": ref, "by": people[Role.SUPPORT], "reason": "nobody at home"}
    services.cancel_installation(**call, installation=kept)
    services.cancel_installation(**call, installation=ended, ends_service=True)
    assert [row.state for row in Service.objects.order_by("pk")] == ["pending", "ended"]
    with pytest.raises(services.NotPlanned):
        services.cancel_installation(**call, installation=kept)
    services.plan_installation(isp=ref, service=kept.service, by=people[Role.OWNER], visit=visit(people))


def test_finishing_twice_is_done_once(in_isp, people):
    found = InstallationFactory(technician=people[Role.TECHNICIAN])
    done = {"installation": found, "by": people[Role.TECHNICIAN], "signed_by": "Ana", "signature": picture("PNG")}
    at = timezone.now()
    services.finish_installation(**done, photos=[upload(), upload()], at=at)
    services.finish_installation(**done, photos=[upload()])
    found.refresh_from_db()
    assert (found.state, found.done_at, found.photos.count(), found.signed_by) == ("done", at, 2, "Ana")
    assert StoredFile.objects.count() == 3
    found.service.refresh_from_db()
    assert (found.service.state, found.service.started_on) == ("active", timezone.localdate(at))
    assert found.service.changes.last().reason == found.reference


def test_a_cancelled_visit_is_not_done(in_isp, people):
    found = InstallationFactory(state="cancelled")
    with pytest.raises(services.NotPlanned):
        services.finish_installation(installation=found, by=people[Role.OWNER], photos=[upload()])
    with pytest.raises(BadUpload):
        services.finish_installation(
            installation=InstallationFactory(), by=people[Role.OWNER], photos=[upload(b"no picture")]
        )


# The pages


def fill(people, **changes):
    return {
        "first_name": "Rosa",
        "last_name": "Quintero",
        "mobile": "55 1234 5678",
        "email": "rosa@example.org",
        "address": "Calle Cinco 12",
        "on": (timezone.localdate() + timedelta(days=2)).isoformat(),
        "begins": "09:00",
        "ends": "11:00",
        "technician": people[Role.TECHNICIAN].pk,
        "cost": "500",
        **changes,
    }


def test_the_office_activates_a_request_from_one_page(browser, isp, people):
    with isp_scope(isp):
        InstallRequestFactory(number=1, first_name="Rosa", comments="dog")
        tariff, router = TariffFactory(), Router.objects.create(name="Norte")
    client = browser(Role.SUPPORT)
    assert "/wispmega/requests/1/activate/" in text(client.get("/wispmega/requests/1/"))
    page = text(client.get("/wispmega/requests/1/activate/"))
    assert 'value="Rosa"' in page
    values = fill(people, tariff=tariff.pk, router=router.pk, ip_address="10.1.1.1", username="rosa.q")
    page = text(client.post("/wispmega/requests/1/activate/", values, follow=True))
    assert "The installation I-000001 was planned." in page
    assert "10.1.1.1" in page
    with isp_scope(isp):
        assert Installation.objects.get().cost == Decimal("500.00")
        assert PortalUser.objects.get().subscriber.mobile == "+525512345678"
    again = client.post("/wispmega/requests/1/activate/", values, follow=True)
    assert "is one already" in text(again)
    with isp_scope(isp):
        assert Subscriber.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"on": "2020-01-01"}, "This day is over"),
        ({"on": ""}, "This field is required"),
        ({"begins": "11:00", "ends": "10:00"}, "not after the beginning"),
        ({"begins": "", "ends": "10:00"}, "Say from when"),
        ({"technician": ""}, "This field is required"),
        ({"technician": "999999"}, "Select a valid choice"),
        ({"cost": "-1"}, "greater than or equal to 0"),
        ({"ip_address": "300.1.1.1"}, "valid IPv4"),
        ({"ip_address": "10.9.9.9"}, "Service 77 of María Taken on this router has this address"),
        ({"username": "TAKEN"}, "This user name is taken"),
        ({"mobile": "12"}, "area code"),
        ({"tariff": ""}, "This field is required"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(browser, isp, people, changes, message):
    with isp_scope(isp):
        InstallRequestFactory(number=1)
        taken = ServiceFactory(number=77, ip_address="10.9.9.9", subscriber__last_name="Taken")
        PortalUser.objects.create(subscriber=taken.subscriber, username="taken")
        tariff = TariffFactory()
    values = fill(people, tariff=tariff.pk, notes="the blue gate") | changes
    answer = browser(Role.SUPPORT).post("/wispmega/requests/1/activate/", values)
    assert (answer.status_code, message in text(answer), "the blue gate" in text(answer)) == (422, True, True)
    with isp_scope(isp):
        assert InstallRequest.objects.get().state == "new"


def test_a_technician_who_is_elsewhere_is_pointed_out_and_can_be_sent_all_the_same(browser, isp, people):
    on = timezone.localdate() + timedelta(days=2)
    with isp_scope(isp):
        there = InstallationFactory(on=on, begins=time(10), ends=time(12), technician=people[Role.TECHNICIAN])
        service = ServiceFactory(state="pending", number=4711)
    client = browser(Role.OWNER)
    values = fill(people)
    answer = client.post(f"{BASE}plan/4711/", values)
    assert there.reference in text(answer)
    for free in ({"begins": "12:00", "ends": "13:00"}, {"technician": people[Role.OWNER].pk}, {"anyway": "on"}):
        with isp_scope(isp), transaction.atomic():
            made = text(client.post(f"{BASE}plan/4711/", values | free, follow=True))
            assert "The installation was planned." in made
            service.installations.all().delete()


def test_a_technician_sees_the_day_and_finishes_with_picture_and_signature(browser, isp, people):
    with isp_scope(isp):
        # The ISP's today, which begins hours after ours.
        today = timezone.localdate(timezone=ZoneInfo(isp.timezone))
        mine = InstallationFactory(on=today, technician=people[Role.TECHNICIAN], begins=time(9), notes="the blue gate")
        InstallationFactory(on=today, technician=people[Role.OWNER], service__subscriber__last_name="Elsewhere")
        InstallationFactory(
            technician=people[Role.TECHNICIAN],
            on=today - timedelta(days=3),
            service__subscriber__last_name="Forgotten",
        )
    client = browser(Role.TECHNICIAN)
    page = text(client.get(f"{BASE}day/"))
    assert "the blue gate" in page
    assert "Elsewhere" not in page
    assert "Still open from before" in page
    path = f"{BASE}{mine.number}/finish/"
    assert "data-signature" in text(client.get(path))
    unsigned = client.post(path, {"photos": [upload()], "signed_by": "Ana"})
    assert (unsigned.status_code, "Have the customer sign" in text(unsigned)) == (422, True)
    blind = client.post(path, {"signature": SIGNED, "signed_by": "Ana"})
    assert "Please add a picture" in text(blind)
    broken = client.post(path, {"photos": [upload(), upload(b"GIF89a")], "signature": SIGNED, "signed_by": "Ana"})
    assert "of another kind" in text(broken)
    with isp_scope(isp):
        assert (StoredFile.objects.count(), Installation.objects.get(pk=mine.pk).state) == (0, "planned")
    done = client.post(path, {"photos": [upload()], "signature": SIGNED, "signed_by": "Ana <b>"}, follow=True)
    assert "is done." in text(done)
    assert "signed by Ana &lt;b&gt;" in text(done)
    photo = re.search(rf"{BASE}{mine.number}/photos/[0-9a-f-]+/", text(done)).group()
    assert client.get(photo).getvalue()[:2] == b"\xff\xd8"
    assert client.get(f"{BASE}{mine.number}/signature/").getvalue()[:4] == b"\x89PNG"
    assert "is done." in text(client.post(path, {"photos": [upload()], "signed_by": "x"}, follow=True))


def test_a_technician_finishes_nobody_else_s_and_the_office_all(browser, isp, people):
    with isp_scope(isp):
        other = InstallationFactory(technician=people[Role.OWNER])
    path, sent = f"{BASE}{other.number}/finish/", {"photos": [upload()], "on_paper": "on", "signed_by": "Ana"}
    refused = browser(Role.TECHNICIAN).post(path, sent)
    assert (refused.status_code, "You may not open this page" in text(refused)) == (403, True)
    assert "is done." in text(browser(Role.SUPPORT).post(path, {**sent, "photos": [upload()]}, follow=True))


def test_pictures_are_for_those_who_may_see_documents_and_whoever_took_them(browser, isp, people):
    with isp_scope(isp):
        row = InstallationFactory(technician=people[Role.OWNER])
        services.finish_installation(
            installation=row, by=people[Role.OWNER], photos=[upload()], signature=picture("PNG"), signed_by="Ana"
        )
        photo = row.photos.get()
    for part in (f"photos/{photo.uuid}/", "signature/"):
        answers = {role: browser(role).get(f"{BASE}{row.number}/{part}") for role in people}
        shown = {role for role, answer in answers.items() if b"".join(answer)[:2] in (b"\xff\xd8", b"\x89P")}
        assert shown == {Role.OWNER, Role.SUPPORT}
    assert "does not open the pictures" in text(browser(Role.BILLING).get(f"{BASE}{row.number}/"))


def test_the_week_shows_who_is_where(browser, isp, people):
    with isp_scope(isp):
        InstallationFactory(on=DAY, begins=time(9), technician=people[Role.TECHNICIAN])
        InstallationFactory(on=DAY, technician_id=999_999, technician_name="Who has left")
        InstallationFactory(on=DAY, state="cancelled", service__subscriber__last_name="Called-off")
        InstallationFactory(on=DAY + timedelta(days=7), service__subscriber__last_name="Next-week")
    client = browser(Role.BILLING)
    page = text(client.get(f"{BASE}calendar/?on=2026-03-06"))
    assert all(name in page for name in (people[Role.TECHNICIAN].name, "Who has left", people[Role.SUPPORT].name))
    assert "Called-off" not in page
    assert "Next-week" not in page
    assert people[Role.BILLING].name not in page.partition("<main")[2]
    assert "?on=2026-03-09" in page
    for nonsense in ("x", "2026-02-31", "9999-12-31", "0001-01-01"):
        assert "Week before" in text(client.get(f"{BASE}calendar/?on={nonsense}"))


def test_lists_ask_as_much_for_thirty_as_for_one(browser, isp, people, count_queries):
    client = browser(Role.TECHNICIAN)
    pages = [BASE, f"{BASE}calendar/", f"{BASE}day/"]
    asked = []
    for wanted in (1, 30):
        with isp_scope(isp):
            while Installation.objects.count() < wanted:
                InstallationFactory(technician=people[Role.TECHNICIAN], service__tariff__name=f"T{wanted}")
        for page in pages:
            client.get(page)
            with count_queries() as queries:
                client.get(page)
            asked.append(len(queries))
    assert asked[:3] == asked[3:]


def test_the_list_filters(browser, isp, people):
    with isp_scope(isp):
        InstallationFactory(number=41, service__subscriber__last_name="Alba", technician=people[Role.OWNER])
        InstallationFactory(number=42, service__subscriber__last_name="Brava", state="done", on=DAY)
    client = browser(Role.OWNER)
    for query, name in {
        "q=i-000041": "Alba",
        "state=done": "Brava",
        f"technician={people[Role.OWNER].pk}": "Alba",
        "until=2026-03-04": "Brava",
    }.items():
        page = text(client.get(f"{BASE}?{query}"))
        assert ("Alba" in page, "Brava" in page) == (name == "Alba", name == "Brava")
    assert "No installation fits" in text(client.get(f"{BASE}?q=zzz"))
