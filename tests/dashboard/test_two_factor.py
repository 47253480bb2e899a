"""The second factor: setting it up, signing in with it, and that nothing leads around it."""

import re
import time
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from core import tokens
from core.models import AuditEntry
from core.scope import public_scope
from tenants.models import PlatformMail, StaffToken
from tenants.services import accounts
from tests.dashboard.conftest import HOST
from tests.factories.staff import PASSWORD, make_member, sign_in

NEW = "another-good-password"


def code_for(key: str, steps: int = 0) -> str:
    """What an authenticator app shows now, or some steps of 30 seconds later."""
    totp = TOTP(bytes.fromhex(key))
    totp.time = time.time() + 30 * steps
    return f"{totp.token():06d}"


@pytest.fixture
def protected(isp):
    """An owner with a second factor; `.key` is in the app, `.codes` on paper."""
    user = make_member(isp, "owner", name="Paula Protected", email="paula@wispmega.example")
    user.key = accounts.new_key()
    with public_scope():
        _, user.codes = accounts.switch_on_second_factor(user=user, key=user.key, code=code_for(user.key, -1))
    return user


@pytest.fixture
def halfway(protected, at):
    """A browser after the right password."""
    client = at(HOST)
    assert sign_in(client, protected).headers["Location"] == "/sign-in/code/?next=%2F"
    return client


def is_out(client) -> bool:
    return client.get("/profile/").headers.get("Location", "").startswith("/sign-in/")


def test_setting_up(owner, signed_in):
    client = signed_in(owner)
    page = client.get("/profile/second-factor/")
    assert "<svg" in page.text
    typed = re.search(r"<code[^>]*>([A-Z2-7 ]+)</code>", page.text).group(1)
    from base64 import b32decode

    key = b32decode(typed.replace(" ", "")).hex()
    done = client.post("/profile/second-factor/", {"current": PASSWORD, "code": code_for(key)})
    codes = re.findall(r"(?:[a-z2-7]{4}-){3}[a-z2-7]{4}", done.text)
    assert len(set(codes)) == 10
    assert done.headers["Cache-Control"] == "no-store"
    # The session that set it up goes on, and the codes are not shown again.
    again = client.get("/profile/second-factor/")
    assert "You have 10 recovery codes left" in again.text
    assert codes[0] not in again.text
    assert typed not in again.text
    with public_scope():
        assert PlatformMail.objects.get().to == owner.email
        assert not StaticToken.objects.filter(token__in=[code.replace("-", "") for code in codes]).exists()


@pytest.mark.parametrize(
    ("current", "code", "field"),
    [
        (PASSWORD, "000000", "code"),
        (PASSWORD, "", "code"),
        (PASSWORD, "letters", "code"),
        (PASSWORD, "²²²²²²", "code"),
        ("wrong", "right", "current"),
    ],
)
def test_a_wrong_code_or_password_sets_nothing_up(current, code, field, owner, signed_in, monkeypatch):
    key = "00" * 20
    monkeypatch.setattr(accounts, "new_key", lambda: key)
    client = signed_in(owner)
    client.get("/profile/second-factor/")
    code = code_for(key) if code == "right" else code
    page = client.post("/profile/second-factor/", {"current": current, "code": code})
    assert page.status_code == 422
    assert f'id="id_{field}_error"' in page.text
    assert "<svg" in page.text
    with public_scope():
        assert TOTPDevice.objects.count() == 0


def test_setting_up_ends_the_other_sessions(owner, signed_in, monkeypatch):
    monkeypatch.setattr(accounts, "new_key", lambda: "11" * 20)
    here, elsewhere = signed_in(owner), signed_in(owner)
    here.get("/profile/second-factor/")
    here.post("/profile/second-factor/", {"current": PASSWORD, "code": code_for("11" * 20)})
    assert not is_out(here)
    assert is_out(elsewhere)


def test_password_and_code_sign_in(protected, halfway):
    done = halfway.post("/sign-in/code/", {"code": code_for(protected.key), "next": "/wispmega/"})
    assert done.headers["Location"] == "/wispmega/"
    assert "Paula Protected" in halfway.get("/wispmega/").text


@pytest.mark.parametrize(
    "path", ["/", "/profile/", "/profile/password/", "/profile/second-factor/", "/wispmega/", "/wispmega/staff/"]
)
def test_the_password_alone_opens_nothing(path, halfway):
    assert halfway.get(path).headers["Location"].startswith("/sign-in/")


def test_the_password_alone_accepts_no_invitation(protected, halfway, other_isp):
    with public_scope():
        owner = {"purpose": "invitation", "email": protected.email, "isp": other_isp, "role": "owner"}
        secret = tokens.issue(StaffToken, life=timedelta(days=1), **owner)
    assert halfway.post(f"/invitation/{secret}/").status_code == 403
    with public_scope():
        assert protected.memberships.count() == 1


def test_a_session_of_a_protected_account_without_a_code_is_nobodys(protected, at):
    """Even if somebody got a session that says who they are, it counts for nothing without the second factor."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from core.sessions import SessionStore

    client = at(HOST)
    with public_scope():
        session = SessionStore(realm=f"dashboard:{HOST}")
        session[SESSION_KEY] = str(protected.pk)
        session[BACKEND_SESSION_KEY] = "tenants.authentication.StaffBackend"
        session[HASH_SESSION_KEY] = protected.get_session_auth_hash()
        session.save()
    client.cookies["dashboard_session"] = session.session_key
    assert is_out(client)
    with public_scope():
        # Negative control: without the second factor the very same session is good.
        accounts.switch_off_second_factor(user=protected, by=protected)
    assert not is_out(client)


def test_the_device_of_somebody_else_verifies_nobody(protected, owner, at):
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django_otp import DEVICE_ID_SESSION_KEY

    from core.sessions import SessionStore

    with public_scope():
        foreign = TOTPDevice.objects.create(user=owner, name="app", confirmed=True)
        own = TOTPDevice.objects.get(user=protected)
        clients = []
        for device in (foreign, own):
            session = SessionStore(realm=f"dashboard:{HOST}")
            session[SESSION_KEY] = str(protected.pk)
            session[BACKEND_SESSION_KEY] = "tenants.authentication.StaffBackend"
            session[HASH_SESSION_KEY] = protected.get_session_auth_hash()
            session[DEVICE_ID_SESSION_KEY] = device.persistent_id
            session.save()
            clients.append(at(HOST))
            clients[-1].cookies["dashboard_session"] = session.session_key
    assert is_out(clients[0])
    assert not is_out(clients[1])


def test_a_code_works_once(protected, halfway, at):
    code = code_for(protected.key)
    halfway.post("/sign-in/code/", {"code": code})
    second = at(HOST)
    sign_in(second, protected)
    page = second.post("/sign-in/code/", {"code": code})
    assert page.status_code == 422
    assert is_out(second)


def test_a_recovery_code_signs_in_once(protected, halfway, at):
    assert halfway.post("/sign-in/code/", {"code": protected.codes[0].upper()}).status_code == 302
    assert "You have 9 recovery codes left" in halfway.get("/profile/second-factor/").text
    second = at(HOST)
    sign_in(second, protected)
    assert second.post("/sign-in/code/", {"code": protected.codes[0]}).status_code == 422
    assert is_out(second)
    with public_scope():
        assert AuditEntry.objects.filter(verb="tenants.recovery_code.used", actor_id=protected.pk).count() == 1


def test_a_recovery_code_of_somebody_else_is_worthless(protected, owner, at):
    with public_scope():
        key = accounts.new_key()
        _, codes = accounts.switch_on_second_factor(user=owner, key=key, code=code_for(key))
    client = at(HOST)
    sign_in(client, protected)
    assert client.post("/sign-in/code/", {"code": codes[0]}).status_code == 422
    assert is_out(client)


def test_wrong_codes_make_one_wait_longer_and_longer(protected, halfway):
    assert halfway.post("/sign-in/code/", {"code": "000000"}).status_code == 422
    page = halfway.post("/sign-in/code/", {"code": code_for(protected.key)})
    assert page.status_code == 429
    assert "Wait 1 second before" in page.text
    with time_machine.travel(timezone.now() + timedelta(seconds=2), tick=False):
        assert halfway.post("/sign-in/code/", {"code": "000001"}).status_code == 422
        page = halfway.post("/sign-in/code/", {"code": code_for(protected.key)})
        assert "Wait 2 seconds before" in page.text
    with time_machine.travel(timezone.now() + timedelta(seconds=6), tick=False):
        assert halfway.post("/sign-in/code/", {"code": code_for(protected.key)}).status_code == 302


def test_waiting_is_over_once_a_mailed_link_has_set_a_new_password(protected, halfway, at):
    """So a thief of the password can keep its owner out no longer than it takes to read a mail."""
    with public_scope():
        TOTPDevice.objects.filter(user=protected).update(
            throttling_failure_count=12, throttling_failure_timestamp=timezone.now()
        )
    assert halfway.post("/sign-in/code/", {"code": code_for(protected.key)}).status_code == 429
    with public_scope():
        secret = tokens.issue(StaffToken, purpose="set-password", life=timedelta(hours=1), user=protected)
    client = at(HOST)
    client.post(f"/set-password/{secret}/", {"password": NEW, "again": NEW})
    assert is_out(client)
    # The new password does not go around the second factor.
    assert sign_in(client, protected, NEW).headers["Location"].startswith("/sign-in/code/")
    assert is_out(client)
    assert client.post("/sign-in/code/", {"code": code_for(protected.key)}).status_code == 302


def test_after_five_wrong_codes_the_password_is_asked_for_again(protected, halfway):
    for n in range(5):
        with time_machine.travel(timezone.now() + timedelta(seconds=60 * n), tick=False):
            assert halfway.post("/sign-in/code/", {"code": "000000"}).status_code == 422
    with time_machine.travel(timezone.now() + timedelta(seconds=400), tick=False):
        answer = halfway.post("/sign-in/code/", {"code": code_for(protected.key)})
        assert answer.headers["Location"].startswith("/sign-in/?")
        assert is_out(halfway)


def test_the_code_has_to_come_within_ten_minutes(protected, halfway):
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        answer = halfway.post("/sign-in/code/", {"code": code_for(protected.key)})
        assert answer.headers["Location"].startswith("/sign-in/?")
        assert is_out(halfway)


def test_a_password_that_changed_in_between_starts_over(protected, halfway):
    with public_scope():
        protected.set_password(NEW)
        protected.save(update_fields=["password"])
    assert halfway.post("/sign-in/code/", {"code": code_for(protected.key)}).status_code == 302
    assert is_out(halfway)


def test_the_code_page_is_not_for_passers_by(at):
    client = at(HOST)
    assert client.get("/sign-in/code/").headers["Location"].startswith("/sign-in/?")
    assert client.post("/sign-in/code/", {"code": "123456"}).headers["Location"].startswith("/sign-in/?")


def full(protected, at):
    client = at(HOST)
    sign_in(client, protected)
    client.post("/sign-in/code/", {"code": protected.codes[9]})
    return client


@pytest.mark.parametrize(
    ("current", "code", "field"), [("wrong", "right", "current"), (PASSWORD, "000000", "code"), (PASSWORD, "", "code")]
)
@pytest.mark.parametrize("path", ["/profile/second-factor/off/", "/profile/second-factor/codes/"])
def test_switching_off_and_new_codes_take_password_and_code(path, current, code, field, protected, at):
    client = full(protected, at)
    code = code_for(protected.key) if code == "right" else code
    page = client.post(path, {"current": current, "code": code})
    assert page.status_code == 422
    assert f'id="id_{field}_error"' in page.text
    with public_scope():
        assert TOTPDevice.objects.filter(user=protected).exists()
        assert accounts.recovery_codes_left(protected) == 9


def test_switching_off(protected, at):
    client = full(protected, at)
    done = client.post("/profile/second-factor/off/", {"current": PASSWORD, "code": code_for(protected.key)})
    assert done.headers["Location"] == "/profile/"
    assert not is_out(client)
    assert sign_in(at(HOST), protected).headers["Location"] == "/"
    with public_scope():
        assert StaticToken.objects.count() == 0
        assert PlatformMail.objects.filter(to=protected.email).count() == 2


def test_new_recovery_codes_replace_the_old_ones(protected, at):
    client = full(protected, at)
    page = client.post("/profile/second-factor/codes/", {"current": PASSWORD, "code": code_for(protected.key)})
    fresh = re.findall(r"(?:[a-z2-7]{4}-){3}[a-z2-7]{4}", page.text)
    assert len(set(fresh)) == 10
    second = at(HOST)
    sign_in(second, protected)
    assert second.post("/sign-in/code/", {"code": protected.codes[1]}).status_code == 422
    with time_machine.travel(timezone.now() + timedelta(seconds=5), tick=False):
        assert second.post("/sign-in/code/", {"code": fresh[0]}).status_code == 302


def test_changing_the_password_keeps_the_verified_session(protected, at):
    client = full(protected, at)
    client.post("/profile/password/", {"current": PASSWORD, "password": NEW, "again": NEW})
    assert not is_out(client)
