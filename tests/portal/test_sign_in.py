"""Signing in and out of an ISP's portal."""

from contextlib import contextmanager
from unittest import mock

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.sessions.models import Session

from core.scope import isp_scope
from core.sessions import REALM, SessionStore
from portal import entry
from subscribers import attempts
from subscribers.models import PortalUser
from tests.factories.subscribers import PASSWORD, PortalUserFactory, hashed

HOST = "wispmega.localhost"
COOKIE = "portal_session"


def sign_in(client, login="maria", password=PASSWORD, **data):
    return client.post("/sign-in/", {"login": login, "password": password, **data})


@pytest.mark.parametrize(
    "login",
    ["maria", "MARIA", " maria ", "maria@example.com", "Maria@Example.com", "maria@wispmega", "Maria@WispMega"],
)
def test_user_name_email_and_name_at_isp_open_the_home_page(at, maria, is_signed_in, login):
    client = at(HOST)
    assert sign_in(client, login)["Location"] == "/"
    assert is_signed_in(client)


@contextmanager
def counted_hashes():
    """How many password hashes are worked out, the one thing here that takes time."""
    done = []
    real = Argon2PasswordHasher.encode
    real_verify = Argon2PasswordHasher.verify

    def encode(self, *args, **kwargs):
        done.append("encode")
        return real(self, *args, **kwargs)

    def verify(self, *args, **kwargs):
        done.append("verify")
        return real_verify(self, *args, **kwargs)

    with (
        mock.patch.object(Argon2PasswordHasher, "encode", encode),
        mock.patch.object(Argon2PasswordHasher, "verify", verify),
    ):
        yield done


def visible(answer):
    """The page without what differs from one request to the next, and without what was typed."""
    text = answer.content.decode()
    for part in ('name="csrfmiddlewaretoken" value="', 'nonce="', 'name="login" value="'):
        head, *rest = text.split(part)
        text = head + "".join(piece.partition('"')[2] for piece in rest)
    return text


@pytest.fixture
def refused(at, isp, maria):
    """The ways to be wrong."""
    with isp_scope(isp):
        PortalUserFactory(username="closed", email="closed@example.com", is_active=False)
        PortalUserFactory(username="without", password="!unusable")
        PortalUserFactory(username="twin1", email="twin@example.com")
        PortalUserFactory(username="twin2", email="twin@example.com")
    return {
        "wrong password": ("maria", "wrong"),
        "wrong password by e-mail": ("maria@example.com", "wrong"),
        "unknown user": ("nobody", PASSWORD),
        "unknown e-mail": ("nobody@example.com", PASSWORD),
        "closed login": ("closed", PASSWORD),
        "closed login, wrong password": ("closed", "wrong"),
        "login without a password": ("without", PASSWORD),
        "address of two logins": ("twin@example.com", PASSWORD),
        "the right name at another ISP": ("maria@fibrandina", PASSWORD),
        "the right name at no ISP": ("maria@nothing", PASSWORD),
    }


def test_every_wrong_sign_in_shows_the_same_page_after_the_same_work(at, refused):
    seen = {}
    for what, (login, password) in refused.items():
        client = at(HOST)
        with counted_hashes() as hashes:
            answer = sign_in(client, login, password)
        assert COOKIE not in client.cookies, what
        seen[what] = (answer.status_code, len(hashes), visible(answer))
    first = seen["wrong password"]
    assert first[:2] == (422, 1)
    assert "That did not work" in first[2]
    assert {what: page == first for what, page in seen.items()} == dict.fromkeys(seen, True)


def test_a_password_that_was_typed_is_not_sent_back_and_the_name_is(at, maria):
    page = sign_in(at(HOST), "maria", "very secret").content.decode()
    assert 'value="maria"' in page
    assert "very secret" not in page


def test_empty_fields_are_named(at, maria):
    page = sign_in(at(HOST), "", "")
    assert page.status_code == 422
    assert page.content.decode().count("This field is required.") == 2


def test_attempts_on_one_login_run_out_and_others_go_on(at, isp, maria, is_signed_in):
    with isp_scope(isp):
        PortalUserFactory(username="other", subscriber__number=77)
    for _ in range(attempts.USUAL.network):
        wrong = sign_in(at(HOST), "maria", "wrong")
    client = at(HOST)
    locked = sign_in(client)
    assert not is_signed_in(client)
    assert visible(locked) == visible(wrong)
    assert sign_in(client, "other").status_code == 302
    # From another network the same login is still open: a stranger cannot lock it everywhere.
    elsewhere = at(HOST, REMOTE_ADDR="198.51.100.7")
    sign_in(elsewhere)
    assert is_signed_in(elsewhere)


def test_name_at_isp_and_plain_name_share_their_attempts(at, maria, is_signed_in):
    for login in ["maria", "maria@wispmega", "MARIA", " maria"] * (attempts.USUAL.network // 4):
        sign_in(at(HOST), login, "wrong")
    late = at(HOST)
    sign_in(late)
    assert not is_signed_in(late)


def test_attempts_of_one_network_run_out(at, maria, monkeypatch, is_signed_in):
    monkeypatch.setattr(entry, "PER_NETWORK", 3)
    for n in range(3):
        sign_in(at(HOST), f"nobody{n}", "wrong")
    here, elsewhere = at(HOST), at(HOST, REMOTE_ADDR="198.51.100.7")
    sign_in(here)
    sign_in(elsewhere)
    assert not is_signed_in(here)
    assert is_signed_in(elsewhere)


def test_a_success_begins_the_count_anew(at, maria, is_signed_in):
    for _ in range(attempts.USUAL.network - 1):
        sign_in(at(HOST), "maria", "wrong")
    sign_in(at(HOST))
    sign_in(at(HOST), "maria", "wrong")
    client = at(HOST)
    sign_in(client)
    assert is_signed_in(client)


@pytest.mark.parametrize("asked", ["/account/", "/payment-methods/", "/contact/?from=mail"])
def test_the_page_that_was_asked_for_comes_after_signing_in(at, maria, asked):
    client = at(HOST)
    page = client.get(asked, follow=True)
    assert asked.replace("&", "&amp;") in page.content.decode()
    assert sign_in(client, next=asked)["Location"] == asked


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:1", ""])
def test_no_other_site_comes_after_signing_in(at, maria, target):
    assert sign_in(at(HOST), next=target)["Location"] == "/"


def test_signing_in_changes_the_key_of_the_session(at, isp, maria, is_signed_in):
    """Somebody who planted a session key in the browser beforehand does not share the session afterwards."""
    client = at(HOST)
    with isp_scope(isp):
        planted = SessionStore(realm=f"portal:{HOST}")
        planted["x"] = 1
        planted.create()
    client.cookies[COOKIE] = planted.session_key
    sign_in(client)
    assert client.cookies[COOKIE].value != planted.session_key
    assert is_signed_in(client)
    attacker = at(HOST)
    attacker.cookies[COOKIE] = planted.session_key
    assert not is_signed_in(attacker)
    with isp_scope(isp):
        assert not Session.objects.filter(session_key=planted.session_key).exists()


def test_an_unknown_session_key_is_not_taken_over(at, maria):
    client = at(HOST)
    client.cookies[COOKIE] = "a" * 32
    sign_in(client)
    assert client.cookies[COOKIE].value != "a" * 32


def test_signing_in_as_somebody_else_leaves_nothing_of_the_first(at, isp, browser, is_signed_in):
    with isp_scope(isp):
        PortalUserFactory(username="other", subscriber__number=77)
    key = browser.cookies[COOKIE].value
    sign_in(browser, "other")
    assert is_signed_in(browser, "77")
    with isp_scope(isp):
        assert not Session.objects.filter(session_key=key).exists()


def test_signing_out_ends_the_session_for_whoever_has_its_key(at, browser, is_signed_in):
    copy = at(HOST)
    copy.cookies[COOKIE] = browser.cookies[COOKIE].value
    assert is_signed_in(copy)
    assert browser.get("/sign-out/").status_code == 405
    assert is_signed_in(browser)
    answer = browser.post("/sign-out/", follow=True)
    assert "You have signed out." in answer.content.decode()
    assert not is_signed_in(browser)
    assert not is_signed_in(copy)


def test_a_form_of_another_site_signs_nobody_in_or_out(at, maria):
    client = at(HOST, enforce_csrf_checks=True)
    answer = sign_in(client)
    assert answer.status_code == 403
    assert COOKIE not in client.cookies


def test_a_closed_login_is_out_at_once(isp, maria, browser, is_signed_in):
    assert is_signed_in(browser)
    with isp_scope(isp):
        PortalUser.objects.filter(pk=maria.pk).update(is_active=False)
    assert not is_signed_in(browser)


def test_who_is_signed_in_does_not_see_the_sign_in_page(browser):
    assert browser.get("/sign-in/?next=/account/")["Location"] == "/account/"


class TestOtherIsp:
    """Maria of WispMega and a user of Fibrandina with the same primary key, user name and password."""

    OTHER = "fibrandina.localhost"

    @pytest.fixture
    def twin(self, other_isp, maria):
        with isp_scope(other_isp):
            return PortalUserFactory(
                pk=maria.pk, username="maria", email=maria.email, password=maria.password, subscriber__number=1042
            )

    def test_a_session_opens_nothing_at_another_isp(self, at, twin, maria, browser, is_signed_in):
        assert twin.pk == maria.pk
        assert is_signed_in(browser)
        stranger = at(self.OTHER)
        stranger.cookies[COOKIE] = browser.cookies[COOKIE].value
        assert not is_signed_in(stranger)

    def test_nor_does_a_session_row_that_got_into_the_other_schema(self, at, other_isp, twin, browser, is_signed_in):
        self.copy(browser, other_isp)
        stranger = at(self.OTHER)
        stranger.cookies[COOKIE] = browser.cookies[COOKIE].value
        assert not is_signed_in(stranger)

    def test_what_keeps_it_shut_is_schema_and_realm(self, at, other_isp, twin, browser, is_signed_in):
        """The control: with the row in the other schema and its realm rewritten, key, user and hash all match."""
        self.copy(browser, other_isp, realm=f"portal:{self.OTHER}")
        stranger = at(self.OTHER)
        stranger.cookies[COOKIE] = browser.cookies[COOKIE].value
        assert is_signed_in(stranger)

    def test_another_isp_has_attempts_of_its_own(self, at, twin, maria, is_signed_in):
        for _ in range(attempts.USUAL.network):
            sign_in(at(HOST), "maria", "wrong")
        here, there = at(HOST), at(self.OTHER)
        sign_in(here)
        sign_in(there)
        assert not is_signed_in(here)
        assert is_signed_in(there)

    def test_each_isp_checks_its_own_password(self, at, other_isp, twin, is_signed_in):
        with isp_scope(other_isp):
            PortalUser.objects.filter(pk=twin.pk).update(password=hashed("another password"))
        wrong, right = at(self.OTHER), at(self.OTHER)
        sign_in(wrong)
        sign_in(right, password="another password")
        assert not is_signed_in(wrong)
        assert is_signed_in(right)

    def copy(self, browser, other_isp, realm=None):
        key = browser.cookies[COOKIE].value
        with isp_scope(self.isp_of(browser)):
            row = Session.objects.get(session_key=key)
            data = row.get_decoded()
        with isp_scope(other_isp):
            data[REALM] = realm or data[REALM]
            Session.objects.create(
                session_key=key, session_data=SessionStore().encode(data), expire_date=row.expire_date
            )

    def isp_of(self, browser):
        from domains.resolver import resolve

        return resolve(browser.host).isp


def test_signing_out_without_a_session_makes_none(at, isp):
    answer = at("wispmega.localhost").post("/sign-out/")
    assert answer.headers["Location"] == "/sign-in/"
    with isp_scope(isp):
        assert not Session.objects.exists()
