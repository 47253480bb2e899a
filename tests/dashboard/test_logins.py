"""Staff and the portal logins of a subscriber."""

import re
from datetime import date, timedelta

import pytest
from django.utils import timezone

from core.models import AuditEntry
from core.scope import isp_scope
from dashboard.views.logins import cards_of
from messaging.models import Message
from subscribers.models import AutoLoginLink, LoginRules, PortalUser, SignInBlock
from tenants.roles import Role
from tests.dashboard.test_subscribers import staff_client, text_of
from tests.factories.subscribers import PASSWORD, PortalUserFactory, SubscriberFactory

HOST = "wispmega.localhost"


@pytest.fixture
def ana(isp):
    with isp_scope(isp):
        return PortalUserFactory(username="ana", email="ana@x.example", subscriber__number=11)


@pytest.fixture
def clerk(isp):
    return staff_client(isp, Role.SUPPORT)


@pytest.fixture
def page(ana):
    return f"/wispmega/subscribers/11/logins/{ana.uuid}/"


def rows(isp, model, **where):
    with isp_scope(isp):
        return list(model.objects.filter(**where))


class TestAdding:
    def test_the_first_one_is_named_by_the_rule_and_gets_its_link(self, isp, clerk):
        with isp_scope(isp):
            LoginRules(pk=1, naming="name").save()
            SubscriberFactory(number=12, first_name="José Ángel", last_name="Núñez Gil", email="jose@x.example")
        form = clerk.get("/wispmega/subscribers/12/logins/add/").content.decode()
        assert 'value="jose.nunez"' in form
        assert 'value="jose@x.example"' in form
        fields = {"username": "jose.nunez", "email": "jose@x.example", "role": "owner", "then": "send"}
        clerk.post("/wispmega/subscribers/12/logins/add/", fields)
        [user], [mail] = rows(isp, PortalUser, subscriber__number=12), rows(isp, Message)
        assert (user.username, user.role, user.has_usable_password()) == ("jose.nunez", "owner", False)
        assert (mail.to, mail.has_secret) == ("jose@x.example", True)

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"username": "ANA"}, "This user name is taken."),
            ({"username": "a b"}, "Use 3 to 60 letters"),
            ({"email": "x"}, "Enter a valid email address."),
            ({"role": "chief"}, "Select a valid choice"),
            ({"valid_from": "2026-05-02", "valid_until": "2026-05-01"}, "The end lies before the beginning."),
            ({"valid_from": "yesterday"}, "Enter a valid date."),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(self, isp, ana, clerk, values, message):
        fields = {"username": "eva", "email": "eva@x.example", "role": "payer", "person": "Eva Ruiz", **values}
        answer = clerk.post("/wispmega/subscribers/11/logins/add/", fields)
        assert answer.status_code == 422
        assert message in text_of(answer)
        assert 'value="Eva Ruiz"' in answer.content.decode()
        assert len(rows(isp, PortalUser)) == 1


class TestOneLogin:
    def test_it_is_changed_and_what_changed_is_written_down(self, isp, ana, clerk, page):
        fields = {"username": "ana", "email": "new@x.example", "role": "payer", "valid_until": "2027-01-31"}
        assert clerk.post(page, fields)["Location"] == page
        [user] = rows(isp, PortalUser)
        assert (user.email, user.role, user.valid_until) == ("new@x.example", "payer", date(2027, 1, 31))
        [entry] = rows(isp, AuditEntry, verb="subscribers.portal_user.changed")
        assert entry.details["changes"] == {
            "email": ["ana@x.example", "new@x.example"],
            "role": ["owner", "payer"],
            "valid_until": ["", "2027-01-31"],
        }
        assert "Saved." in text_of(clerk.get(page))

    def test_closing_opening_and_deleting(self, at, isp, ana, clerk, page):
        portal = at(HOST)
        portal.post("/sign-in/", {"login": "ana", "password": PASSWORD})
        clerk.post(f"{page}switch/", {"is_open": "0"})
        assert portal.get("/")["Location"] == "/sign-in/"
        clerk.post(f"{page}switch/", {"is_open": "1"})
        assert portal.get("/").status_code == 200
        clerk.post(f"{page}delete/")
        assert len(rows(isp, PortalUser)) == 1
        assert clerk.post(f"{page}delete/", {"is_meant": "1"})["Location"] == "/wispmega/subscribers/11/logins/"
        assert rows(isp, PortalUser) == []
        assert portal.get("/")["Location"] == "/sign-in/"
        verbs = [row.verb.rpartition(".")[2] for row in reversed(rows(isp, AuditEntry))]
        assert verbs == ["closed", "opened", "deleted"]

    def test_a_link_is_sent_and_nothing_of_it_is_shown(self, isp, ana, clerk, page):
        clerk.post(f"{page}send-link/")
        shown = clerk.get(page).content.decode()
        [mail] = rows(isp, Message)
        secret = mail.text.partition("/set-password/")[2].split("/")[0]
        assert "on its way to ana@x.example" in shown
        assert len(secret) == 43
        assert secret not in shown + str([row.details for row in rows(isp, AuditEntry)])

    def test_without_an_address_it_is_said_beforehand(self, isp, ana, clerk, page):
        with isp_scope(isp):
            PortalUser.objects.update(email="")
        assert "This login has no e-mail address." in text_of(clerk.get(page))
        clerk.post(f"{page}send-link/")
        assert "This login has no e-mail address." in text_of(clerk.get(page))
        assert rows(isp, Message) == []

    def test_without_a_mail_server_too(self, isp, ana, clerk, page, settings):
        settings.EMAIL_HOST = ""
        assert "the installation knows no mail server" in text_of(clerk.get(page))

    def test_a_dictated_password_is_shown_once_and_works(self, at, isp, ana, clerk, page):
        shown = clerk.post(f"{page}one-time-password/").content.decode()
        said = re.search(r'id="one-time" value="([a-z0-9-]+)"', shown)[1]
        assert said not in clerk.get(page).content.decode()
        assert "one-time password" in text_of(clerk.get(page))
        assert said not in str([row.details for row in rows(isp, AuditEntry)])
        portal = at(HOST)
        assert portal.post("/sign-in/", {"login": "ana", "password": said})["Location"] == "/account/new-password/"

    def test_a_block_shows_and_is_lifted(self, isp, ana, clerk, page):
        with isp_scope(isp):
            for network in ("one", "two"):
                until = timezone.now() + timedelta(minutes=5)
                SignInBlock.objects.create(portal_user=ana, network=network, since=timezone.now(), until=until)
        assert "from 2 networks" in text_of(clerk.get(page))
        assert "blocked" in text_of(clerk.get("/wispmega/subscribers/11/logins/"))
        clerk.post(f"{page}lift/")
        assert "Sign-in is blocked" not in text_of(clerk.get(page))
        assert rows(isp, SignInBlock) == []

    def test_an_auto_login_link_is_shown_once_with_its_code_and_ends(self, at, isp, ana, clerk, page):
        shown = clerk.post(f"{page}links/", {"scope": "everything", "hours": "1"}).content.decode()
        url = re.search(r'id="link" value="http://wispmega.localhost[:0-9]*(/go/[^"]+)"', shown)[1]
        assert "<svg" in shown
        assert url not in clerk.get(page).content.decode()
        [link] = rows(isp, AutoLoginLink)
        assert timedelta(minutes=59) < link.expires_at - timezone.now() <= timedelta(hours=1)
        portal = at(HOST)
        portal.post(url)
        assert portal.get("/").status_code == 200
        assert "once" in text_of(clerk.get(page))
        clerk.post(f"{page}links/{link.uuid}/revoke/")
        assert portal.get("/")["Location"] == "/sign-in/"
        assert "ended" in text_of(clerk.get(page))

    @pytest.mark.parametrize("fields", [{}, {"scope": "all", "hours": "1"}, {"scope": "pay", "hours": "9999"}])
    def test_links_of_another_kind_are_not_made(self, isp, ana, clerk, page, fields):
        assert clerk.post(f"{page}links/", fields).status_code == 422
        assert rows(isp, AutoLoginLink) == []

    @pytest.mark.parametrize("act", ["", "switch/", "delete/", "send-link/", "one-time-password/", "lift/", "links/"])
    def test_it_is_found_at_its_own_subscriber_only(self, isp, ana, clerk, act):
        with isp_scope(isp):
            SubscriberFactory(number=12)
        assert clerk.post(f"/wispmega/subscribers/12/logins/{ana.uuid}/{act}", {"is_meant": "1"}).status_code == 404
        [user] = rows(isp, PortalUser)
        assert (user.password, user.is_active) == (ana.password, True)

    @pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.READ_ONLY])
    def test_who_may_only_look_gets_no_way_in(self, isp, ana, page, role):
        client = staff_client(isp, role)
        card = client.get("/wispmega/subscribers/11/logins/").content.decode()
        assert "ana@x.example" in card
        assert str(ana.uuid) not in card
        for act in ("", "one-time-password/", "links/", "send-link/"):
            assert client.post(page + act, {"scope": "pay", "hours": "1"}).status_code == 403
        assert rows(isp, AutoLoginLink) + rows(isp, Message) == []
        assert rows(isp, PortalUser)[0].password == ana.password


def test_the_card_asks_three_times_for_one_login_and_for_thirty(in_isp, count_queries):
    one = PortalUserFactory().subscriber
    many = SubscriberFactory()
    PortalUserFactory.create_batch(30, subscriber=many)
    for subscriber, size in ((one, 1), (many, 30)):
        with count_queries() as queries:
            assert len(cards_of(subscriber)) == size
        assert len(queries) == 3
