"""What people do with their own accounts."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from core import tokens
from core.models import AuditEntry
from tenants import tasks
from tenants.models import Membership, PlatformMail, StaffToken, StaffUser
from tenants.roles import Role
from tenants.services import accounts
from tests.factories.staff import PASSWORD, StaffUserFactory

NEW = "another-good-password"
pytestmark = pytest.mark.usefixtures("in_public")


def link_for(user: StaffUser, **fields: object) -> str:
    return tokens.issue(StaffToken, **{"purpose": "set-password", "life": timedelta(hours=1), "user": user, **fields})


def code_for(key: str) -> str:
    totp = TOTP(bytes.fromhex(key))
    totp.time = time.time()
    return f"{totp.token():06d}"


def test_a_password_link_is_kept_hashed_for_one_hour():
    user = StaffUserFactory(email="ana@example.com", language="es")
    accounts.send_password_link(email=" ANA@example.com ", base_url="http://app.localhost", isp_id=None)
    token, mail = StaffToken.objects.get(), PlatformMail.objects.get()
    secret = mail.text.partition("/set-password/")[2].split("/")[0]
    assert token.digest == tokens.digest(secret)
    assert secret not in str(StaffToken.objects.values_list().get())
    assert timedelta(minutes=59) < token.expires_at - timezone.now() <= timedelta(hours=1)
    assert accounts.owner_of_password_link(secret) == user


def test_no_secret_gets_into_the_audit_log():
    user = StaffUserFactory()
    accounts.send_password_link(email=user.email, base_url="http://app.localhost", isp_id=None)
    secret = PlatformMail.objects.get().text.partition("/set-password/")[2].split("/")[0]
    accounts.set_password_by_link(secret=secret, password=NEW)
    key = accounts.new_key()
    _, codes = accounts.switch_on_second_factor(user=user, key=key, code=code_for(key))
    said = str(list(AuditEntry.objects.values_list()))
    assert [entry.verb for entry in AuditEntry.objects.order_by("pk")] == [
        "tenants.password.link_sent",
        "tenants.password.set_by_link",
        "tenants.second_factor.switched_on",
    ]
    for value in (secret, NEW, key, codes[0]):
        assert value not in said


def test_setting_a_password_by_link_tells_the_owner():
    user = StaffUserFactory()
    accounts.set_password_by_link(secret=link_for(user), password=NEW)
    assert StaffUser.objects.get().check_password(NEW)
    assert "Your password was changed" in PlatformMail.objects.get(to=user.email).subject


@pytest.mark.parametrize("purpose", ["invitation", "enter"])
def test_only_links_for_it_set_a_password(purpose):
    user = StaffUserFactory()
    with pytest.raises(accounts.LinkGone):
        accounts.set_password_by_link(secret=link_for(user, purpose=purpose), password=NEW)
    assert StaffUser.objects.get().check_password(PASSWORD)


def test_an_invented_link_sets_nothing():
    with pytest.raises(accounts.LinkGone):
        accounts.set_password_by_link(secret="invented", password=NEW)


def test_changing_the_password_leaves_links_of_others_alone():
    user, other = StaffUserFactory(), StaffUserFactory()
    own, foreign = link_for(user), link_for(other)
    accounts.change_password(user=user, password=NEW)
    with pytest.raises(accounts.LinkGone):
        accounts.owner_of_password_link(own)
    assert accounts.owner_of_password_link(foreign) == other


def test_the_address_for_the_app_names_the_account_and_the_key():
    address = accounts.key_address(user=StaffUserFactory(email="ana@example.com"), key="00" * 20)
    assert address.startswith("otpauth://totp/Lastmile%3Aana%40example.com?secret=" + "A" * 32)
    assert accounts.typed_key("00" * 20) == " ".join(["AAAA"] * 8)


def test_switching_on_uses_its_code_up():
    user, key = StaffUserFactory(), accounts.new_key()
    code = code_for(key)
    accounts.switch_on_second_factor(user=user, key=key, code=code)
    with pytest.raises(accounts.WrongCode):
        accounts.check_code(user=user, code=code)


def test_switching_on_with_a_wrong_code_leaves_everything_as_it_was():
    user, key = StaffUserFactory(), accounts.new_key()
    _, codes = accounts.switch_on_second_factor(user=user, key=key, code=code_for(key))
    wrong = f"{(int(code_for('22' * 20)) + 1) % 10**6:06d}"
    with pytest.raises(accounts.WrongCode):
        accounts.switch_on_second_factor(user=user, key="22" * 20, code=wrong)
    assert TOTPDevice.objects.get().key == key
    assert accounts.check_code(user=user, code=codes[0])


def test_recovery_codes_are_kept_as_hashes_and_differ_per_person():
    one, two, key = StaffUserFactory(), StaffUserFactory(), accounts.new_key()
    _, codes = accounts.switch_on_second_factor(user=one, key=key, code=code_for(key))
    accounts.switch_on_second_factor(user=two, key=key, code=code_for(key))
    plain = {code.replace("-", "") for code in codes}
    assert len(plain) == 10
    assert not plain & set(StaticToken.objects.values_list("token", flat=True))
    with pytest.raises(accounts.WrongCode):
        accounts.check_code(user=two, code=codes[0])


@pytest.mark.parametrize("code", ["", " ", "١٢٣٤٥٦", "²²²²²²", "12345", "x" * 5000, "abcd-efgh"])
def test_odd_codes_are_simply_wrong(code):
    user, key = StaffUserFactory(), accounts.new_key()
    accounts.switch_on_second_factor(user=user, key=key, code=code_for(key))
    with pytest.raises(accounts.WrongCode):
        accounts.check_code(user=user, code=code)


def test_somebody_without_a_second_factor_has_no_right_code():
    with pytest.raises(accounts.WrongCode):
        accounts.check_code(user=StaffUserFactory(), code="123456")


def test_guessing_recovery_codes_waits_too():
    user, key = StaffUserFactory(), accounts.new_key()
    _, codes = accounts.switch_on_second_factor(user=user, key=key, code=code_for(key))
    with pytest.raises(accounts.WrongCode):
        accounts.check_code(user=user, code="aaaa-bbbb-cccc-dddd")
    with pytest.raises(accounts.WaitFirst) as waits:
        accounts.check_code(user=user, code=codes[0])
    assert waits.value.seconds == 1


ISPS_HOST = "https://sistema.wispmega.example"


def test_an_isps_own_domain_never_learns_a_link_that_opens_more_than_that_isp(isp, other_isp):
    here, both, elsewhere, boss, nowhere = (
        StaffUserFactory(),
        StaffUserFactory(),
        StaffUserFactory(),
        StaffUserFactory(is_operator=True),
        StaffUserFactory(),
    )
    for user, isps in [(here, [isp]), (both, [isp, other_isp]), (elsewhere, [other_isp]), (boss, [isp])]:
        for each in isps:
            Membership.objects.create(isp=each, user=user, role=Role.OWNER)
    for user in (here, both, elsewhere, boss, nowhere):
        accounts.send_password_link(email=user.email, base_url=ISPS_HOST, isp_id=isp.pk)
    own = {mail.to for mail in PlatformMail.objects.filter(text__contains=f"{ISPS_HOST}/set-password/")}
    ours = {mail.to for mail in PlatformMail.objects.filter(text__contains="http://app.localhost/set-password/")}
    assert own == {here.email}
    assert ours == {both.email, elsewhere.email, boss.email, nowhere.email}


def test_links_of_staff_are_forgotten_a_month_after_their_end():
    user = StaffUserFactory()
    old, lately, good = (link_for(user, life=timedelta(days=days)) for days in (-31, -29, 1))
    tasks.sweep_platform_sessions()
    kept = set(StaffToken.objects.values_list("digest", flat=True))
    assert kept == {tokens.digest(lately), tokens.digest(good)}
    assert tokens.digest(old) not in kept
