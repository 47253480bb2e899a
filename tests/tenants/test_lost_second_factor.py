"""An operator lets somebody in again who has lost phone and recovery codes."""

import io

import pytest
from django.core.management import CommandError, call_command
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from core.models import AuditEntry
from core.scope import public_scope
from tenants.models import PlatformMail
from tests.factories.tenants import PASSWORD, MembershipFactory, OperatorFactory


@pytest.fixture
def locked_out(isp):
    """Somebody who works for WispMega, whose account asks for a code."""
    with public_scope():
        user = MembershipFactory(isp=isp).user
        TOTPDevice.objects.create(user=user, key="00" * 20, confirmed=True)
        StaticDevice.objects.create(user=user, confirmed=True)
    return user


def switch_off(*arguments: str) -> str:
    out = io.StringIO()
    call_command("switch_off_second_factor", *arguments, stdout=out)
    return out.getvalue()


def test_the_password_alone_signs_in_afterwards_and_it_is_written_down_and_told(at, locked_out):
    with public_scope():
        operator = OperatorFactory()
    browser = at("app.localhost")
    signing_in = {"email": locked_out.email, "password": PASSWORD}
    assert "/sign-in/code/" in browser.post("/sign-in/", signing_in)["Location"]
    assert browser.get("/wispmega/").status_code == 302

    told = switch_off(locked_out.email.upper(), "--by", operator.email)
    assert told == f"{locked_out.email} signs in with the password alone now.\n"
    browser.post("/sign-in/", signing_in)
    assert browser.get("/wispmega/").status_code == 200
    with public_scope():
        entry = AuditEntry.objects.get(verb="tenants.second_factor.switched_off")
        assert (entry.actor_id, entry.target_id) == (operator.pk, str(locked_out.pk))
        assert "switched off" in PlatformMail.objects.get(to=locked_out.email).subject
        assert not StaticDevice.objects.filter(user=locked_out).exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody@example.com"], "Nobody has the e-mail address 'nobody@example.com'."),
        (["plain@example.com"], "plain@example.com has no second factor."),
        (["plain@example.com", "--by", "plain@example.com"], "No operator has"),
    ],
)
def test_it_refuses_in_one_line(isp, arguments, message):
    with public_scope():
        MembershipFactory(isp=isp, user__email="plain@example.com")
    with pytest.raises(CommandError, match=message) as failure:
        switch_off(*arguments)
    assert failure.value.returncode == 2
    with public_scope():
        assert not AuditEntry.objects.filter(verb="tenants.second_factor.switched_off").exists()
