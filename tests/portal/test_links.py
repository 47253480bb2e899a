"""Auto-login links: what opens one, what it opens, and how it ends."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from core.models import AuditEntry
from core.scope import isp_scope
from payments.models import PaymentMethod
from subscribers.models import AutoLoginLink, PortalUser
from subscribers.services import autologin, logins
from tests.factories.subscribers import PASSWORD, PortalUserFactory
from tests.portal.test_passwords import NEW, ref

HOST = "wispmega.localhost"
PAY, EVERYTHING = AutoLoginLink.Scope


@pytest.fixture
def make(isp, maria):
    """`make(scope)` is the path of a new link of Maria's."""

    def make(scope, life=timedelta(days=3), user=maria):
        with isp_scope(isp):
            url = autologin.autologin_url(isp=ref(isp), user=user, scope=scope, life=life, by=maria)
        return "/go/" + url.partition("/go/")[2]

    return make


@pytest.fixture
def come(at, make):
    """`come(scope)` is a browser that came by a link."""

    def come(scope):
        client = at(HOST)
        assert client.post(make(scope))["Location"] == "/"
        return client

    return come


def test_a_scanner_that_only_looks_gets_no_session_and_spends_nothing(at, isp, make, is_signed_in):
    path = make(EVERYTHING)
    scanner = at(HOST)
    for ask in (scanner.get, scanner.head, scanner.get, scanner.options):
        ask(path)
    assert "portal_session" not in scanner.cookies
    assert not is_signed_in(scanner)
    with isp_scope(isp):
        assert list(AutoLoginLink.objects.values_list("uses", "last_used_at")) == [(0, None)]
    person = at(HOST)
    assert "<form" in person.get(path).text
    person.post(path)
    assert is_signed_in(person)
    with isp_scope(isp):
        link = AutoLoginLink.objects.get()
        assert (link.uses, link.last_used_at is not None) == (1, True)
        verbs = list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))
        assert verbs == ["subscribers.auto_login.created", "subscribers.auto_login.used"]


def test_the_page_needs_a_form_of_its_own_host(at, make):
    assert at(HOST, enforce_csrf_checks=True).post(make(EVERYTHING)).status_code == 403


def test_a_link_for_paying_opens_what_is_declared_for_it_and_nothing_else(isp, come):
    with isp_scope(isp):
        PaymentMethod.objects.create(name="BBVA", instructions="CLABE 012")
    client = come(PAY)
    home = client.get("/").text
    assert "CLABE 012" in home
    for hidden in ("Calle 5 de Mayo", "Hogar 100", "maria@example.com"):
        assert hidden not in home
    assert "CLABE 012" in client.get("/payment-methods/").text
    for page in ("/account/", "/colleagues/", "/account/confirm/", "/account/new-password/"):
        answer = client.get(page)
        assert answer.status_code == 403
        assert "opens only what you need to pay" in answer.text
    for page in ("/account/", "/account/language/", "/colleagues/"):
        assert client.post(page, {"current": PASSWORD, "new": NEW, "again": NEW}).status_code == 403
    with isp_scope(isp):
        user = PortalUser.objects.get(username="maria")
        assert user.check_password(PASSWORD)
        assert user.language == ""


class TestEverything:
    """It opens all pages, and changes nothing of the login unless the password is given."""

    def test_the_password_form_asks_for_the_current_one_itself(self, isp, come, is_signed_in):
        client = come(EVERYTHING)
        wrong = client.post("/account/", {"current": "wrong", "new": NEW, "again": NEW})
        assert "This is not your current password." in wrong.text
        assert client.post("/account/", {"current": PASSWORD, "new": NEW, "again": NEW})["Location"] == "/account/"
        # A new password ends links that open everything, and with them this session.
        assert not is_signed_in(client)

    def test_logins_and_links_wait_for_the_password(self, isp, maria, come):
        client = come(EVERYTHING)
        with isp_scope(isp):
            link = AutoLoginLink.objects.get()
            colleague = PortalUserFactory(subscriber=maria.subscriber, username="clerk", role="member")
        paths = [f"/account/links/{link.uuid}/revoke/", "/colleagues/", f"/colleagues/{colleague.uuid}/switch/"]
        for path in paths:
            assert client.post(path, {"is_open": "0"})["Location"].startswith("/account/confirm/?next=")
        with isp_scope(isp):
            assert AutoLoginLink.objects.get().revoked_at is None
            assert PortalUser.objects.get(username="clerk").is_active
        assert "not your current password" in client.post("/account/confirm/", {"current": "wrong"}).text
        given = client.post("/account/confirm/", {"current": PASSWORD, "next": "/colleagues/"})
        assert given["Location"] == "/colleagues/"
        client.post(paths[2], {"is_open": "0"})
        with isp_scope(isp):
            assert not PortalUser.objects.get(username="clerk").is_active
        with time_machine.travel(timezone.now() + timedelta(minutes=16)):
            assert client.post(paths[2], {"is_open": "1"})["Location"].startswith("/account/confirm/")

    def test_guesses_at_the_password_run_out(self, come):
        client = come(EVERYTHING)
        for _ in range(8):
            client.post("/account/confirm/", {"current": "wrong"})
        assert "Too many attempts" in client.post("/account/confirm/", {"current": PASSWORD}).text

    def test_a_one_time_password_is_no_proof_here(self, isp, maria, come):
        from subscribers.services import passwords

        with isp_scope(isp):
            said, _ = passwords.dictate_password(by=maria, user=maria, at=timezone.now())
        client = come(EVERYTHING)
        heard = said.replace("-", "")
        assert "not your current password" in client.post("/account/confirm/", {"current": heard}).text


class TestEnd:
    def works(self, at, path):
        return "<form method" in at(HOST).get(path).text and at(HOST).post(path).status_code == 302

    def test_revoking_ends_link_and_sessions(self, isp, maria, at, make, is_signed_in):
        path, client = make(EVERYTHING), at(HOST)
        client.post(path)
        assert is_signed_in(client)
        with isp_scope(isp):
            for _ in range(2):
                autologin.revoke_link(by=maria, link=AutoLoginLink.objects.get())
            assert AuditEntry.objects.filter(verb="subscribers.auto_login.revoked").count() == 1
        assert not is_signed_in(client)
        assert "does not work any more" in at(HOST).post(path).text

    def test_its_owner_sees_and_revokes_it_and_nobody_else_s(self, isp, maria, make, browser):
        make(PAY)
        with isp_scope(isp):
            other = PortalUserFactory(subscriber=maria.subscriber, username="other")
        make(PAY, user=other)
        page = browser.get("/account/").text
        with isp_scope(isp):
            theirs, own = AutoLoginLink.objects.get(portal_user=other), AutoLoginLink.objects.get(portal_user=maria)
        assert str(own.uuid) in page
        assert str(theirs.uuid) not in page
        assert browser.post(f"/account/links/{theirs.uuid}/revoke/").status_code == 404
        assert browser.post(f"/account/links/{own.uuid}/revoke/")["Location"] == "/account/"
        with isp_scope(isp):
            rows = dict(AutoLoginLink.objects.values_list("portal_user__username", "revoked_at"))
        assert rows["other"] is None
        assert rows["maria"] is not None

    def test_time_ends_link_and_sessions(self, at, make, is_signed_in):
        path, client = make(EVERYTHING, life=timedelta(hours=1)), at(HOST)
        client.post(path)
        with time_machine.travel(timezone.now() + timedelta(minutes=59)):
            assert is_signed_in(client)
        with time_machine.travel(timezone.now() + timedelta(minutes=61)):
            assert not is_signed_in(client)
            assert "does not work any more" in at(HOST).get(path).text

    def test_a_closed_login_has_no_links(self, isp, maria, at, make):
        path = make(EVERYTHING)
        assert self.works(at, path)
        with isp_scope(isp):
            logins.close_login(by=maria, user=maria)
        assert not self.works(at, path)
        with isp_scope(isp):
            logins.open_login(by=maria, user=maria)
        assert not self.works(at, path)

    def test_a_new_password_ends_those_that_open_everything_only(self, isp, maria, at, make):
        pay, everything = make(PAY), make(EVERYTHING)
        with isp_scope(isp):
            logins.set_password(by=maria, user=maria, password=NEW)
        assert self.works(at, pay)
        assert not self.works(at, everything)


def test_who_has_signed_in_with_the_password_keeps_that_session(make, browser, isp):
    assert browser.post(make(PAY))["Location"] == "/"
    assert "Calle 5 de Mayo" in browser.get("/account/").text
    with isp_scope(isp):
        assert AutoLoginLink.objects.get().uses == 0


def test_signing_in_with_the_password_opens_the_rest(come, is_signed_in):
    client = come(PAY)
    assert "Password" in client.get("/sign-in/").text
    client.post("/sign-in/", {"login": "maria", "password": PASSWORD})
    assert "Calle 5 de Mayo" in client.get("/account/").text


def test_somebody_else_s_link_ends_the_session_of_the_first(isp, browser, make, is_signed_in):
    with isp_scope(isp):
        other = PortalUserFactory(username="other", subscriber__number=77)
    path = make(EVERYTHING, user=other)
    assert "In this browser maria is signed in." in browser.get(path).text
    browser.post(path)
    assert is_signed_in(browser, "77")


@pytest.mark.parametrize("life", [timedelta(minutes=59), timedelta(days=184), timedelta(0)])
def test_lives_beyond_the_bounds_are_refused(in_isp, maria, life):
    with pytest.raises(ValueError, match="an hour to 183 days"):
        autologin.autologin_url(isp=ref(in_isp), user=maria, scope=PAY, life=life)


def test_the_secret_is_in_no_table(isp, make):
    secret = make(PAY).strip("/").rpartition("/")[2]
    with isp_scope(isp):
        assert len(secret) == 43
        assert secret not in str([list(model.objects.values()) for model in (AutoLoginLink, AuditEntry)])
