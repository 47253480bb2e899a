"""Saved views of the list of subscribers."""

import pytest

from core.scope import isp_scope
from subscribers.models import SavedView
from tenants.roles import Role
from tests.dashboard.test_subscribers import LIST, numbers_in, staff_client, text_of, verbs
from tests.factories.subscribers import ServiceFactory, SubscriberFactory

VIEWS = f"{LIST}views/"


@pytest.fixture
def clerk(isp):
    return staff_client(isp, Role.SUPPORT)


@pytest.fixture
def people(isp):
    with isp_scope(isp):
        ServiceFactory(subscriber=SubscriberFactory(number=11), state="suspended")
        ServiceFactory(subscriber=SubscriberFactory(number=12))


def save(client, name="To look at", query="state=suspended&sort=-number", **more):
    return client.post(f"{VIEWS}save/", {"name": name, "query": query, **more})


def the_view(isp, **where):
    with isp_scope(isp):
        return SavedView.objects.get(**where)


def test_a_search_is_kept_with_its_columns_and_order_and_opened_again(isp, clerk, people):
    clerk.post(f"{LIST}columns/", {"column": ["ip"]})
    answer = save(clerk)
    view = the_view(isp)
    assert (view.filters, view.columns, view.sort) == ({"state": "suspended"}, ["name", "ip"], "-number")
    assert answer["Location"] == f"{LIST}?state=suspended&sort=-number&view={view.uuid}"
    clerk.post(f"{LIST}columns/", {"column": ["email"]})
    page = clerk.get(answer["Location"])
    assert numbers_in(page) == [11]
    assert "IP address" in page.text.partition("<thead>")[2].partition("</thead>")[0]
    assert "To look at" in text_of(clerk.get(LIST))
    assert verbs(isp) == ["subscribers.view.saved"]


@pytest.mark.parametrize("name", ["", " ", "x" * 61])
def test_without_a_name_nothing_is_kept(isp, clerk, people, name):
    answer = save(clerk, name=name)
    assert "Give the view a name" in text_of(clerk.get(answer["Location"]))
    with isp_scope(isp):
        assert not SavedView.objects.exists()


def test_a_name_is_there_once_for_each_person(isp, clerk, people):
    save(clerk)
    answer = save(clerk, name="TO LOOK AT")
    assert "You have a view of this name already." in text_of(clerk.get(answer["Location"]))
    save(staff_client(isp, Role.SUPPORT))
    with isp_scope(isp):
        assert SavedView.objects.count() == 2


def test_colleagues_see_what_is_shared_and_nothing_else(isp, clerk, people):
    save(clerk, name="Mine alone")
    save(clerk, name="For all", is_shared="on")
    colleague = staff_client(isp, Role.READ_ONLY)
    text = text_of(colleague.get(LIST))
    assert "For all" in text
    assert "Mine alone" not in text
    private = the_view(isp, name="Mine alone")
    # Its address shows the list, but neither its name nor its columns.
    assert "Mine alone" not in colleague.get(f"{LIST}?view={private.uuid}").text
    for path in (f"{VIEWS}{private.uuid}/", f"{VIEWS}{private.uuid}/delete/"):
        assert colleague.post(path, {"name": "Taken over"}).status_code == 404
    assert colleague.post(f"{VIEWS}default/", {"view": private.uuid}).status_code == 404
    with isp_scope(isp):
        assert SavedView.objects.filter(name="Mine alone").exists()


def test_sharing_needs_a_right(isp, people):
    technician = staff_client(isp, Role.TECHNICIAN)
    save(technician, name="Sneaky", is_shared="on")
    assert not the_view(isp).is_shared
    technician.post(f"{VIEWS}{the_view(isp).uuid}/", {"name": "Sneaky", "is_shared": "on"})
    assert not the_view(isp).is_shared


def test_renaming_sharing_and_updating(isp, clerk, people):
    save(clerk)
    view = the_view(isp)
    clerk.post(f"{VIEWS}{view.uuid}/", {"name": "Renamed", "is_shared": "on"})
    view = the_view(isp)
    assert (view.name, view.is_shared, view.filters) == ("Renamed", True, {"state": "suspended"})
    clerk.post(f"{VIEWS}{view.uuid}/", {"query": f"state=active&view={view.uuid}"})
    view = the_view(isp)
    assert (view.name, view.filters, view.sort) == ("Renamed", {"state": "active"}, "name")
    assert verbs(isp) == ["subscribers.view.saved", "subscribers.view.changed", "subscribers.view.changed"]


def test_a_name_that_is_taken_is_said_beside_the_field(isp, clerk, people):
    save(clerk, name="One")
    save(clerk, name="Two")
    answer = clerk.post(f"{VIEWS}{the_view(isp, name='Two').uuid}/", {"name": "one"})
    assert answer.status_code == 422
    assert "You have a view of this name already." in text_of(answer)
    assert the_view(isp, name="Two").name == "Two"


def test_the_list_opens_with_the_default_view(isp, clerk, people):
    save(clerk)
    view = the_view(isp)
    clerk.post(f"{VIEWS}default/", {"view": view.uuid})
    assert clerk.get(LIST)["Location"] == f"{LIST}?state=suspended&sort=-number&view={view.uuid}"
    assert numbers_in(clerk.get(f"{LIST}?all=1")) == [11, 12]
    clerk.post(f"{VIEWS}default/", {"view": ""})
    assert numbers_in(clerk.get(LIST)) == [11, 12]


def test_a_default_view_that_is_gone_or_no_longer_shared_is_forgotten(isp, clerk, people):
    colleague = staff_client(isp, Role.SUPPORT)
    save(colleague, is_shared="on")
    view = the_view(isp)
    clerk.post(f"{VIEWS}default/", {"view": view.uuid})
    assert "view=" in clerk.get(LIST)["Location"]
    with isp_scope(isp):
        SavedView.objects.update(is_shared=False)
    assert numbers_in(clerk.get(LIST)) == [11, 12]
    colleague.post(f"{VIEWS}{view.uuid}/delete/")
    assert numbers_in(clerk.get(LIST)) == [11, 12]


def test_a_shared_view_whose_owner_has_left_can_be_removed_but_not_changed(isp, clerk, people):
    save(staff_client(isp, Role.SUPPORT), is_shared="on")
    view = the_view(isp)
    assert clerk.post(f"{VIEWS}{view.uuid}/", {"name": "Mine now"}).status_code == 404
    technician = staff_client(isp, Role.TECHNICIAN)
    assert technician.post(f"{VIEWS}{view.uuid}/delete/").status_code == 404
    clerk.post(f"{VIEWS}{view.uuid}/delete/")
    with isp_scope(isp):
        assert not SavedView.objects.exists()


def test_a_filter_that_is_gone_is_said_and_shows_nobody(isp, clerk, people):
    save(clerk, query="zone=6d9ad4f3-2d2c-4b5e-8a76-000000000000")
    with isp_scope(isp):
        assert not SavedView.objects.exists()
        view = SavedView.objects.create(name="Old", by_id=1, by_name="x", is_shared=True, filters={"zone": "gone"})
    answer = clerk.get(f"{LIST}?zone=gone&view={view.uuid}")
    assert answer.status_code == 422
    assert numbers_in(answer) == []


def test_views_of_the_other_isp_do_not_exist_here(isp, other_isp, clerk, people):
    with isp_scope(other_isp):
        view = SavedView.objects.create(name="Secret of theirs", by_id=1, by_name="x", is_shared=True)
    assert "Secret of theirs" not in clerk.get(f"{LIST}?view={view.uuid}").text
    for path in (f"{VIEWS}{view.uuid}/", f"{VIEWS}{view.uuid}/delete/"):
        assert clerk.post(path, {"name": "x"}).status_code == 404
    with isp_scope(other_isp):
        assert SavedView.objects.get().name == "Secret of theirs"


def test_the_pages_cost_the_same_with_one_view_and_with_twenty(isp, clerk, people, count_queries):
    save(clerk, name="One")
    for path in (VIEWS, f"{LIST}?all=1"):
        clerk.get(path)
        with count_queries() as few:
            clerk.get(path)
        with isp_scope(isp):
            for n in range(20):
                SavedView.objects.create(name=f"{path}{n}", by_id=5, by_name="x", is_shared=True)
        with count_queries() as many:
            assert f"{path}19" in clerk.get(path).text
        assert len(many) == len(few)
