"""Guesses: who has to wait, who does not, and who can end it."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from core.models import AuditEntry
from core.scope import isp_scope
from portal.entry import DEVICE_COOKIE
from subscribers import attempts, devices
from subscribers.models import LoginRules, SignInBlock
from subscribers.services import logins, passwords
from tests.captcha import solved
from tests.factories.subscribers import PASSWORD, PortalUserFactory

HOST = "wispmega.localhost"
NETWORK = attempts.USUAL.network


def try_in(client, login="maria", password=PASSWORD, **extra):
    return client.post("/sign-in/", {"login": login, "password": password, **extra})


def guess(at, times, login="maria", network="192.0.2.1"):
    for _ in range(times):
        answer = try_in(at(HOST, REMOTE_ADDR=network), login, "wrong")
    return answer


def blocks(isp, user):
    with isp_scope(isp):
        return attempts.blocks(user, at=timezone.now())


def test_the_wait_lasts_fifteen_minutes_from_the_last_failure_and_then_ends(at, isp, maria, is_signed_in):
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        guess(at, NETWORK - 1)
    with time_machine.travel(start + timedelta(minutes=10), tick=False):
        guess(at, 1)
        [block] = blocks(isp, maria)
        assert (block.since, block.until) == (timezone.now(), timezone.now() + timedelta(minutes=15))
        assert try_in(at(HOST, REMOTE_ADDR="192.0.2.1")).status_code == 422
    with time_machine.travel(start + timedelta(minutes=26), tick=False):
        assert blocks(isp, maria) == []
    with isp_scope(isp):
        assert AuditEntry.objects.get(verb="subscribers.portal_user.blocked").details == {"username": "maria"}


def test_e_mail_user_name_and_number_are_one_login_with_one_count(at, maria, is_signed_in):
    for login in ("maria", "maria@example.com", "1042", "MARIA") * 2:
        guess(at, 1, login=login)
    late = at(HOST, REMOTE_ADDR="192.0.2.1")
    try_in(late)
    assert not is_signed_in(late)


class TestKnownDevice:
    @pytest.fixture
    def home(self, at, maria):
        """The device on which Maria has signed in, now signed out."""
        client = at(HOST, REMOTE_ADDR="192.0.2.1")
        assert try_in(client)["Location"] == "/"
        cookie = client.cookies[DEVICE_COOKIE]
        assert (cookie["domain"], cookie["httponly"], cookie["samesite"], cookie["path"]) == ("", True, "Lax", "/")
        client.post("/sign-out/")
        return client

    def test_it_signs_in_while_its_network_waits(self, at, isp, home, maria, is_signed_in):
        guess(at, NETWORK)
        assert len(blocks(isp, maria)) == 1
        other = at(HOST, REMOTE_ADDR="192.0.2.1")
        try_in(other)
        assert not is_signed_in(other)
        try_in(home)
        assert is_signed_in(home)

    def test_it_is_counted_by_itself_and_has_to_wait_too(self, at, home, is_signed_in):
        for _ in range(NETWORK):
            try_in(home, password="wrong")
        try_in(home)
        assert not is_signed_in(home)
        elsewhere = at(HOST, REMOTE_ADDR="192.0.2.1")
        try_in(elsewhere)
        assert is_signed_in(elsewhere)

    def test_it_is_the_device_of_nobody_else(self, at, isp, home, is_signed_in):
        with isp_scope(isp):
            PortalUserFactory(username="other", subscriber__number=77)
        guess(at, NETWORK, login="other")
        try_in(home, "other")
        assert not is_signed_in(home, "77")

    @pytest.mark.parametrize("cookie", ["", "x", "a.b:c:d"])
    def test_a_cookie_that_we_did_not_sign_is_none(self, in_isp, maria, cookie):
        assert devices.name_of(cookie, maria) == ""

    def test_it_is_forgotten_after_a_year(self, in_isp, maria):
        cookie = devices.mark(maria)
        assert devices.name_of(cookie, maria)
        with time_machine.travel(timezone.now() + timedelta(days=366)):
            assert devices.name_of(cookie, maria) == ""


class TestManyNetworks:
    """One login, tried from everywhere."""

    def spread(self, at, times, login="maria"):
        for n in range(times):
            answer = try_in(at(HOST, REMOTE_ADDR=f"198.51.100.{n + 1}"), login, "wrong")
        return answer

    def test_each_further_attempt_costs_a_captcha_and_the_owner_gets_in_with_one(self, at, isp, maria, is_signed_in):
        before = self.spread(at, attempts.USUAL.total - 1)
        assert "altcha-widget" not in before.text
        assert "altcha-widget" in self.spread(at, 1).text
        fresh = at(HOST, REMOTE_ADDR="203.0.113.5")
        refused = try_in(fresh)
        assert not is_signed_in(fresh)
        assert "altcha-widget" in refused.text
        with isp_scope(isp):
            solution = solved("sign-in")
        assert try_in(fresh, captcha=solution).status_code == 302
        assert is_signed_in(fresh)

    def test_without_the_total_nothing_is_asked(self, at, maria, is_signed_in, monkeypatch):
        """The control."""
        monkeypatch.setattr(attempts.Door, "wants_captcha", False)
        self.spread(at, attempts.USUAL.total)
        fresh = at(HOST, REMOTE_ADDR="203.0.113.5")
        try_in(fresh)
        assert is_signed_in(fresh)

    def test_a_known_device_is_asked_for_none(self, at, maria, is_signed_in):
        home = at(HOST)
        try_in(home)
        home.post("/sign-out/")
        self.spread(at, attempts.USUAL.total)
        try_in(home)
        assert is_signed_in(home)

    def test_a_name_that_nobody_has_is_treated_alike(self, at, maria):
        def shape(login):
            pages = [self.spread(at, attempts.USUAL.total, login), guess(at, NETWORK, login)]
            return [
                (page.status_code, "altcha-widget" in page.text, len(re.sub(login, "", page.text))) for page in pages
            ]

        assert [row[:2] for row in shape("maria")] == [row[:2] for row in shape("nobody")]


def test_while_initial_passwords_are_in_use_everybody_has_fewer_attempts(at, isp, maria, is_signed_in):
    with isp_scope(isp):
        LoginRules(pk=1, initial="id_number").save()
    guess(at, attempts.WITH_INITIAL.network)
    late = at(HOST, REMOTE_ADDR="192.0.2.1")
    try_in(late)
    assert not is_signed_in(late)


def test_a_new_password_by_link_ends_the_wait(at, isp, maria, is_signed_in):
    guess(at, NETWORK)
    with isp_scope(isp):
        logins.set_password(by=None, user=maria, password="tres tristes tigres")
        assert not SignInBlock.objects.exists()
    client = at(HOST, REMOTE_ADDR="192.0.2.1")
    try_in(client, password="tres tristes tigres")
    assert is_signed_in(client)


def test_staff_lift_it_and_it_is_written_down(at, isp, maria, is_signed_in):
    for network in ("192.0.2.1", "192.0.2.2"):
        guess(at, NETWORK, network=network)
    with isp_scope(isp):
        attempts.lift(by=maria, user=maria)
        assert AuditEntry.objects.get(verb="subscribers.portal_user.block_lifted").details["networks"] == 2
        assert "192.0.2" not in str(list(AuditEntry.objects.values())) + str(list(SignInBlock.objects.values()))
    client = at(HOST, REMOTE_ADDR="192.0.2.1")
    try_in(client)
    assert is_signed_in(client)


def test_guesses_at_an_initial_password_end_it(in_isp):
    LoginRules(pk=1, initial="id_number").save()
    user = PortalUserFactory(password="!", one_time="initial", one_time_until=timezone.now() + timedelta(days=1))
    for _ in range(attempts.INITIAL_GUESSES):
        user.refresh_from_db()
        assert user.one_time == "initial"
        passwords.note_wrong_initial(user=user)
    user.refresh_from_db()
    assert (user.one_time, user.one_time_until) == ("", None)
