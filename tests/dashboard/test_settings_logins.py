"""The rules for logins, and the start of the portal for everybody."""

import pytest

from core.models import AuditEntry
from core.scope import isp_scope
from subscribers.models import LoginRules, LoginRun, PortalUser
from tenants.roles import Role
from tests.dashboard.test_subscribers import staff_client, text_of
from tests.factories.subscribers import PortalUserFactory, ServiceFactory, SubscriberFactory

PAGE = "/wispmega/settings/logins/"
RULES = {
    "naming": "number",
    "pattern": "{number}",
    "number_signs_in": "on",
    "min_length": "10",
    "link_days": "7",
    "one_time_days": "3",
    "initial": "",
    "initial_days": "14",
    "owners_invite": "on",
    "most_logins": "10",
}
RUN = {"makes_logins": "on", "sends": "set_password", "scope": "pay", "life_hours": "72", "is_meant": "on"}


@pytest.fixture
def admin(isp):
    return staff_client(isp, Role.ADMIN)


@pytest.fixture
def people(isp):
    with isp_scope(isp):
        for number in (41, 42, 43):
            ServiceFactory(subscriber=SubscriberFactory(number=number, first_name="Ana", last_name="Ruiz"))
        SubscriberFactory(number=44)  # no service, so no customer
        PortalUserFactory(username="old.name", subscriber__number=45)


class TestRules:
    def test_they_are_saved_written_down_and_rename_nobody(self, isp, admin, people):
        answer = admin.post(PAGE, {**RULES, "naming": "name", "min_length": "14"})
        assert answer["Location"] == PAGE
        with isp_scope(isp):
            rules = LoginRules.load()
            assert (rules.naming, rules.min_length) == ("name", 14)
            assert PortalUser.objects.get().username == "old.name"
            changes = AuditEntry.objects.get().details["changes"]
        assert sorted(changes) == ["min_length", "naming"]
        assert changes["min_length"][1] == 14

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"naming": "custom", "pattern": "cliente"}, "Use at least one of"),
            ({"naming": "custom", "pattern": "{password}"}, "Use at least one of"),
            ({"naming": "custom", "pattern": "{number.__class__}"}, "Use at least one of"),
            ({"naming": "custom", "pattern": "{number!r:>9}"}, "Use at least one of"),
            ({"naming": "custom", "pattern": "{number"}, "Use at least one of"),
            ({"naming": "custom", "pattern": "a b {number}"}, "Use at least one of"),
            ({"min_length": "7"}, "greater than or equal to 8"),
            ({"link_days": "31"}, "less than or equal to 30"),
            ({"initial": "birthday"}, "Select a valid choice"),
        ],
    )
    def test_what_is_wrong_is_said_and_changes_nothing(self, isp, admin, values, message):
        answer = admin.post(PAGE, {**RULES, **values})
        assert answer.status_code == 422
        assert message in text_of(answer)
        with isp_scope(isp):
            assert not LoginRules.objects.exists()

    def test_the_preview_shows_what_would_be_and_saves_nothing(self, isp, admin, people):
        fields = {**RULES, "naming": "custom", "pattern": "{last}-{number}", "initial": "phone"}
        text = text_of(admin.post(f"{PAGE}preview/", fields))
        assert "ruiz-43" in text
        assert "••••" in text
        assert "Correct the fields" in text_of(admin.post(f"{PAGE}preview/", {**fields, "pattern": "{x}"}))
        with isp_scope(isp):
            assert not LoginRules.objects.exists()

    def test_the_page_shows_what_each_role_may_do(self, admin):
        text = text_of(admin.get(PAGE))
        assert "Looks only" in text
        assert "Invite colleagues" in text

    def test_it_is_for_those_who_change_settings(self, isp):
        for path in (PAGE, f"{PAGE}start/"):
            assert staff_client(isp, Role.BILLING).post(path, RULES).status_code == 403
        with isp_scope(isp):
            assert not LoginRules.objects.exists()


class TestStart:
    def test_it_counts_begins_shows_how_far_it_is_and_stops(self, isp, admin, people):
        text = text_of(admin.get(f"{PAGE}start/"))
        assert "Customers 3" in text
        assert "Without a login 3" in text
        where = admin.post(f"{PAGE}start/", RUN)["Location"]
        assert "0 of 3 customers" in text_of(admin.get(where))
        part = admin.get(where, headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in part
        assert "hx-get" in part
        again = admin.post(f"{PAGE}start/", RUN, follow=True)
        assert "Another start is on its way" in text_of(again)
        admin.post(f"{where}stop/")
        with isp_scope(isp):
            assert list(LoginRun.objects.values_list("state", flat=True)) == ["stopped"]
        assert "hx-get" not in admin.get(where, headers={"HX-Request": "true"}).content.decode()

    def test_it_has_to_be_meant(self, isp, admin, people):
        answer = admin.post(f"{PAGE}start/", {**RUN, "is_meant": ""})
        assert "Tick this box to begin." in text_of(answer)
        with isp_scope(isp):
            assert not LoginRun.objects.exists()
