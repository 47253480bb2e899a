"""What each role of a login sees and does, and what its owner does with colleagues."""

from decimal import Decimal

import pytest

from billing.models import Account
from core.models import AuditEntry
from core.scope import isp_scope
from messaging.models import Message
from payments.models import PaymentMethod
from portal.access import subscriber_page
from subscribers.models import LoginRules, PortalUser
from subscribers.portal_roles import PORTAL_RIGHTS, PortalRight, PortalRole, has_portal_right
from subscribers.services import logins
from tests.factories.subscribers import PASSWORD, PortalUserFactory
from tests.portal.test_pages import text_of

HOST = "wispmega.localhost"


@pytest.fixture
def as_role(at, isp, maria):
    """`as_role(role)` is a browser in which a colleague of Maria's with that role has signed in."""
    with isp_scope(isp):
        PaymentMethod.objects.create(name="BBVA", instructions="CLABE 012")

    def enter(role):
        with isp_scope(isp):
            PortalUserFactory(subscriber=maria.subscriber, username=f"the.{role}", email=f"{role}@x.example", role=role)
        client = at(HOST)
        client.post("/sign-in/", {"login": f"the.{role}", "password": PASSWORD})
        return client

    return enter


def test_the_table_names_every_right_and_unknown_roles_carry_none():
    assert set(PORTAL_RIGHTS) == set(PortalRight)
    assert not any(has_portal_right("chief", right) for right in PortalRight)


def test_a_page_that_names_no_right_does_not_come_about():
    with pytest.raises(TypeError, match="Say which right"):
        subscriber_page(lambda request: None)


@pytest.mark.parametrize("role", PortalRole)
def test_who_sees_money(as_role, role):
    client = as_role(role)
    home, page = client.get("/").text, client.get("/payment-methods/")
    sees = role in {PortalRole.OWNER, PortalRole.PAYER, PortalRole.READ_ONLY}
    assert "Hogar 100" in home
    assert ("499" in home, "CLABE 012" in home, page.status_code == 200) == (sees,) * 3
    if not sees:
        assert "Your login does not open this page" in page.text
        assert "CLABE" not in page.text


@pytest.mark.parametrize("role", PortalRole)
def test_who_looks_after_logins(as_role, isp, maria, role):
    client = as_role(role)
    answer = client.get("/colleagues/")
    assert (answer.status_code == 200) == (role == PortalRole.OWNER)
    assert ("/colleagues/" in client.get("/account/").text) == (role == PortalRole.OWNER)
    client.post("/colleagues/", {"name": "Eva", "email": "eva@x.example", "role": "payer"})
    with isp_scope(isp):
        assert PortalUser.objects.filter(email="eva@x.example").exists() == (role == PortalRole.OWNER)


class TestColleagues:
    def test_an_owner_invites_and_the_colleague_comes_in(self, at, isp, maria, browser, is_signed_in):
        answer = browser.post("/colleagues/", {"name": "Eva", "email": "eva.ruiz@x.example", "role": "payer"})
        assert answer["Location"] == "/colleagues/"
        with isp_scope(isp):
            mail, eva = Message.objects.get(), PortalUser.objects.get(email="eva.ruiz@x.example")
            assert (eva.username, eva.role, eva.subscriber_id) == ("eva.ruiz", "payer", maria.subscriber_id)
            assert AuditEntry.objects.filter(verb="subscribers.portal_user.created").get().actor_label == "maria"
        path = "/set-password/" + mail.text.partition("/set-password/")[2].split()[0]
        new = "tres tristes tigres"
        client = at(HOST)
        client.post(path, {"password": new, "again": new})
        client.post("/sign-in/", {"login": "eva.ruiz@x.example", "password": new})
        assert is_signed_in(client)

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"role": "owner"}, "Select a valid choice"),
            ({"role": "staff"}, "Select a valid choice"),
            ({"email": "MARIA@example.com"}, "There is a login with this address already."),
            ({"email": "nonsense"}, "Enter a valid email address."),
            ({"name": ""}, "This field is required."),
        ],
    )
    def test_what_is_wrong_is_said_and_opens_nothing(self, isp, browser, values, message):
        fields = {"name": "Eva", "email": "eva@x.example", "role": "payer", **values}
        answer = browser.post("/colleagues/", fields)
        assert answer.status_code == 422
        assert message in answer.text
        with isp_scope(isp):
            assert PortalUser.objects.count() == 1
            assert not Message.objects.exists()

    def test_there_is_a_most(self, isp, browser):
        with isp_scope(isp):
            LoginRules(pk=1, most_logins=1).save()
        answer = browser.post("/colleagues/", {"name": "Eva", "email": "eva@x.example", "role": "payer"})
        assert "as many logins as are possible" in answer.text

    def test_an_isp_can_keep_it_to_itself(self, isp, maria, browser):
        with isp_scope(isp):
            LoginRules(pk=1, owners_invite=False).save()
            clerk = PortalUserFactory(subscriber=maria.subscriber, username="clerk", role="member")
        assert browser.get("/colleagues/")["Location"] == "/account/"
        assert browser.post(f"/colleagues/{clerk.uuid}/switch/", {"is_open": "0"}).status_code == 404
        with isp_scope(isp), pytest.raises(logins.CannotGrant):
            logins.invite_colleague(by=maria, name="E", email="e@x.example", role="payer")

    def test_roles_change_and_logins_close_and_open(self, at, isp, maria, browser, is_signed_in):
        with isp_scope(isp):
            clerk = PortalUserFactory(subscriber=maria.subscriber, username="clerk", role="member")
        client = at(HOST)
        client.post("/sign-in/", {"login": "clerk", "password": PASSWORD})
        browser.post(f"/colleagues/{clerk.uuid}/role/", {"role": "payer"})
        assert client.get("/payment-methods/").status_code == 200
        browser.post(f"/colleagues/{clerk.uuid}/switch/", {"is_open": "0"})
        assert not is_signed_in(client)
        browser.post(f"/colleagues/{clerk.uuid}/switch/", {"is_open": "1"})
        assert is_signed_in(client)

    @pytest.mark.parametrize("whose", ["own", "another owner", "another subscriber"])
    def test_whose_logins_an_owner_leaves_alone(self, isp, maria, browser, whose):
        with isp_scope(isp):
            user = maria
            if whose == "another owner":
                user = PortalUserFactory(subscriber=maria.subscriber, username="second")
            elif whose == "another subscriber":
                user = PortalUserFactory(username="stranger", role="member")
        for act, fields in (("role", {"role": "payer"}), ("switch", {"is_open": "0"}), ("invite", {})):
            assert browser.post(f"/colleagues/{user.uuid}/{act}/", fields).status_code == 404
        with isp_scope(isp):
            now = PortalUser.objects.get(pk=user.pk)
            assert (now.role, now.is_active) == (user.role, True)
            with pytest.raises(logins.CannotGrant):
                logins.change_colleague(by=maria, user=user, role="payer")

    def test_an_invitation_does_not_spoil_the_address_of_somebody_else(self, at, isp, maria, is_signed_in):
        """Nobody can be kept from signing in with their address by an invitation to it."""
        with isp_scope(isp):
            stranger = PortalUserFactory(username="stranger")
            logins.invite_colleague(by=stranger, name="X", email="maria@example.com", role="payer")
        client = at(HOST)
        client.post("/sign-in/", {"login": "maria@example.com", "password": PASSWORD})
        assert is_signed_in(client)


@pytest.mark.parametrize(
    ("balance", "words"),
    [("120.50", "to pay MX$120.50"), ("-30", "in your favour MX$30.00"), ("0", "Nothing to pay")],
)
def test_the_balance_is_for_those_who_see_money(as_role, isp, maria, balance, words):
    with isp_scope(isp):
        Account.objects.create(subscriber=maria.subscriber, balance=Decimal(balance))
    assert words in text_of(as_role(PortalRole.PAYER).get("/"))
    assert "My balance" not in text_of(as_role(PortalRole.MEMBER).get("/"))
