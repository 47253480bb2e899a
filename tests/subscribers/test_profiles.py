"""Subscribers change their own data, as far as the ISP lets them."""

import re

import pytest
from django.db import IntegrityError, transaction

from core.models import AuditEntry
from core.scope import isp_scope
from messaging.models import Message
from subscribers.models import FieldAccess, ProfileChange, ProfileRule, Subscriber, profile_access
from subscribers.services import profiles
from tenants.directory import by_slug
from tenants.roles import Role
from tests.factories.staff import make_member, sign_in
from tests.factories.subscribers import PASSWORD, PortalUserFactory, SubscriberFactory


def text(response):
    return re.sub(r"\s+", " ", response.content.decode())


@pytest.fixture
def ana(in_isp):
    person = SubscriberFactory(number=7, first_name="Ana", address="Calle 1", mobile="+525511112222", tax_id="")
    return PortalUserFactory(subscriber=person, username="ana", email="ana@example.org", language="en")


@pytest.fixture
def clerk(isp):
    return make_member(isp, Role.SUPPORT)


def test_an_open_field_changes_at_once_and_another_one_waits(ana):
    changed, asked = profiles.change_own_data(by=ana, values={"mobile": "+525599990000", "address": "Calle 2"})
    assert (changed, asked) == (["mobile"], ["address"])
    person = Subscriber.objects.get()
    assert (person.mobile, person.address) == ("+525599990000", "Calle 1")
    change = ProfileChange.objects.get()
    assert (change.wanted, change.state, change.username) == ({"address": ["Calle 1", "Calle 2"]}, "pending", "ana")
    verbs = list(AuditEntry.objects.order_by("pk").values_list("verb", "actor_label"))
    assert verbs == [
        ("subscribers.subscriber.changed", "ana"),
        ("subscribers.profile_change.asked_for", "ana"),
    ]


@pytest.mark.parametrize("field", ["id_number", "address", "zone_id", "number", "version", "no_such_field"])
def test_a_field_that_is_not_open_is_refused_and_nothing_else_is_changed(ana, field):
    ProfileRule.objects.create(field="address", access=FieldAccess.SHOWN)
    with pytest.raises(profiles.NotOpen):
        profiles.change_own_data(by=ana, values={"mobile": "+525599990000", field: "x"})
    assert Subscriber.objects.get().mobile == "+525511112222"


def test_another_wish_joins_the_one_that_waits_and_the_old_value_ends_it(ana):
    profiles.change_own_data(by=ana, values={"address": "Calle 2"})
    profiles.change_own_data(by=ana, values={"city": "Toluca", "address": "Calle 3"})
    assert ProfileChange.objects.get().wanted == {"address": ["Calle 1", "Calle 3"], "city": ["Puebla", "Toluca"]}
    assert profiles.change_own_data(by=ana, values={"city": "Toluca", "address": "Calle 3"}) == ([], [])
    profiles.change_own_data(by=ana, values={"city": "Puebla", "address": "Calle 1"})
    assert ProfileChange.objects.get().state == "withdrawn"


def test_two_cannot_wait_whatever_the_code_does(ana):
    profiles.change_own_data(by=ana, values={"address": "Calle 2"})
    with pytest.raises(IntegrityError), transaction.atomic():
        ProfileChange.objects.create(subscriber=ana.subscriber, username="x")


def test_approval_puts_it_into_the_card_and_tells_old_and_new_address(ana, clerk):
    old = ana.subscriber.email
    profiles.change_own_data(by=ana, values={"email": "new@example.org", "address": "Calle 2"})
    change = profiles.approve_change(isp=by_slug("wispmega"), change=ProfileChange.objects.get(), by=clerk)
    person = Subscriber.objects.get()
    assert (person.email, person.address, change.by_name) == ("new@example.org", "Calle 2", clerk.name)
    assert set(Message.objects.values_list("to", flat=True)) == {"ana@example.org", old, "new@example.org"}
    entry = AuditEntry.objects.get(verb="subscribers.subscriber.changed")
    assert entry.details["changes"]["address"] == ["Calle 1", "Calle 2"]
    for decide in (profiles.approve_change, profiles.refuse_change):
        with pytest.raises(profiles.NotPending):
            decide(
                isp=by_slug("wispmega"), change=change, by=clerk, **({"reason": "x"} if "refuse" in str(decide) else {})
            )


def test_refusal_leaves_the_card_and_tells_why(ana, clerk):
    profiles.change_own_data(by=ana, values={"address": "Calle 2"})
    change = ProfileChange.objects.get()
    profiles.refuse_change(isp=by_slug("wispmega"), change=change, by=clerk, reason="Please send a bill")
    assert Subscriber.objects.get().address == "Calle 1"
    assert "Please send a bill" in Message.objects.filter(to="ana@example.org").get().text


def test_rules_keep_the_id_number_closed(in_isp, clerk):
    with pytest.raises(profiles.NotOpen):
        profiles.change_rules(by=clerk, access={"mobile": "hidden", "id_number": "editable"})
    assert not ProfileRule.objects.exists()
    assert profiles.change_rules(by=clerk, access={"mobile": "hidden", "city": "approval"}) == ["mobile"]
    assert profile_access()["mobile"] == FieldAccess.HIDDEN


# The pages


@pytest.fixture
def portal(at, isp, ana):
    client = at("wispmega.localhost")
    client.post("/sign-in/", {"login": "ana", "password": PASSWORD})
    return client


@pytest.fixture
def office(at, clerk):
    client = at("app.localhost")
    sign_in(client, clerk)
    return client


FILLED = {"first_name": "Ana", "last_name": "X", "mobile": "55 1111 2222", "address": "Calle 1", "city": "Puebla"}


def test_from_the_portal_to_the_office_and_back(portal, office, isp, ana):
    page = text(
        portal.post("/account/data/", {**FILLED, "address": "Calle <b>9</b>", "email": "a@b.example"}, follow=True)
    )
    assert "We look at your change" in page
    assert "Calle &lt;b&gt;9" in page
    assert 'value="Calle &lt;b&gt;9' in text(portal.get("/account/data/"))
    assert "1 subscriber asks" in text(office.get("/wispmega/"))
    assert "Calle &lt;b&gt;9" in text(office.get("/wispmega/subscribers/7/"))
    queue = text(office.get("/wispmega/subscribers/changes/"))
    path = re.search(r"/wispmega/subscribers/changes/[0-9a-f-]+/", queue).group()
    empty = office.post(f"{path}refuse/", {"reason": ""})
    assert (empty.status_code, "This field is required" in text(empty)) == (422, True)
    assert "The change was made" in text(office.post(f"{path}approve/", follow=True))
    assert "Somebody was quicker" in text(office.post(f"{path}refuse/", {"reason": "late"}, follow=True))
    assert "Calle &lt;b&gt;9" in text(portal.get("/account/"))
    with isp_scope(isp):
        assert Subscriber.objects.get().address == "Calle <b>9</b>"


def test_a_refusal_shows_in_the_portal(portal, office):
    portal.post("/account/data/", {**FILLED, "address": "Calle 9"})
    path = re.search(
        r"/wispmega/subscribers/changes/[0-9a-f-]+/", text(office.get("/wispmega/subscribers/changes/"))
    ).group()
    office.post(f"{path}refuse/", {"reason": "Send us a bill first"})
    assert "Send us a bill first" in text(portal.get("/account/"))


def test_taking_it_back(portal, isp):
    portal.post("/account/data/", {**FILLED, "address": "Calle 9"})
    assert "was taken back" in text(portal.post("/account/data/withdraw/", follow=True))
    assert "no change that waits" in text(portal.post("/account/data/withdraw/", follow=True))


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"mobile": "12"}, "area code"), ({"email": "nobody"}, "valid email"), ({"first_name": ""}, "required")],
)
def test_bad_input_is_said_at_its_field_and_loses_nothing(portal, isp, changes, message):
    answer = portal.post("/account/data/", {**FILLED, "address": "Calle 9", **changes})
    assert (answer.status_code, message in text(answer), 'value="Calle 9"' in text(answer)) == (422, True, True)
    with isp_scope(isp):
        assert not ProfileChange.objects.exists()


def test_hidden_is_hidden_and_closed_fields_cannot_be_sent(portal, isp, ana):
    with isp_scope(isp):
        for field in profile_access():
            ProfileRule.objects.create(field=field, access=FieldAccess.HIDDEN)
        ProfileRule.objects.filter(field="city").update(access=FieldAccess.EDITABLE)
    page = text(portal.get("/account/"))
    assert "Calle 1" not in page
    assert "55 1111 2222" not in page
    portal.post("/account/data/", {**FILLED, "city": "Toluca", "address": "Calle 9", "id_number": "X"})
    with isp_scope(isp):
        person = Subscriber.objects.get()
        assert (person.city, person.address) == ("Toluca", "Calle 1")
        assert not ProfileChange.objects.exists()


def test_staff_say_what_is_open(at, isp, ana):
    owner = at("app.localhost")
    sign_in(owner, make_member(isp))
    values = {name: how.value for name, how in profile_access().items()}
    page = owner.post("/wispmega/settings/own-data/", {**values, "mobile": "hidden"}, follow=True)
    assert "Saved." in text(page)
    closed = owner.post("/wispmega/settings/own-data/", {**values, "id_number": "editable"})
    assert (closed.status_code, "Select a valid choice" in text(closed)) == (422, True)
    with isp_scope(isp):
        assert profile_access()["mobile"] == "hidden"


def test_the_queue_asks_as_much_for_twenty_as_for_one(office, isp, count_queries):
    asked = []
    for wanted in (1, 20):
        with isp_scope(isp):
            while ProfileChange.objects.count() < wanted:
                ProfileChange.objects.create(subscriber=SubscriberFactory(), wanted={"city": ["A", "B"]})
        office.get("/wispmega/subscribers/changes/")
        with count_queries() as queries:
            office.get("/wispmega/subscribers/changes/")
        asked.append(len(queries))
    assert asked[0] == asked[1]
