"""What people do with their own staff accounts. All of it happens in the platform's scope."""

import hmac
import math
import secrets
import time
from base64 import b32encode
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.utils import timezone
from django_otp.models import Device
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from core import tokens
from core.audit import Actor, record
from core.celery import enqueue_on_commit
from core.links import dashboard_url
from tenants import tasks
from tenants.models import StaffToken, StaffUser
from tenants.services.mail import send_platform_mail

SET_PASSWORD = "set-password"  # noqa: S105 - a purpose
LINK_LIFE = timedelta(hours=1)
LINKS_KEPT = timedelta(days=30)  # after their end: so long an invitation that ran out can be seen and sent again
RECOVERY_CODES = 10


class LinkGone(Exception):
    """The link was used, has run out, or never was one of ours."""


class WrongCode(Exception):
    """The code is not the one that is asked for now."""


class WaitFirst(Exception):
    """Too many wrong codes: `seconds` have to pass before the next one is looked at."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def ask_for_password_link(*, email: str, base_url: str, isp_id: int | None) -> None:
    """Have a link to set a new password sent, if there is such a person.

    Everything that differs between an account and none happens in a task, so that the page takes the same time for
    both. `base_url` is the host that was asked, `isp_id` whose host it is, None for our own.
    """
    enqueue_on_commit(tasks.send_password_link, email=email, base_url=base_url, isp_id=isp_id)


@transaction.atomic
def send_password_link(*, email: str, base_url: str, isp_id: int | None) -> None:
    """Mail an active person a link that is good for an hour and for one use.

    An ISP can lead its own domain to a machine of its own and read the link there. So the link carries that domain only
    for those who work for this ISP and for nobody else, and our own host for all others.
    """
    user = StaffUser.objects.filter(email__iexact=email.strip(), is_active=True).first()
    if user is None:
        return
    if isp_id is not None and not _works_only_for(user, isp_id):
        base_url = dashboard_url("")
    secret = tokens.issue(StaffToken, purpose=SET_PASSWORD, life=LINK_LIFE, user=user)
    send_platform_mail(
        template="accounts/set_password",
        language=user.language,
        to=user.email,
        name=user.name,
        url=f"{base_url}/set-password/{secret}/",
    )
    record("tenants.password.link_sent", by=None, on=user)


def _works_only_for(user: StaffUser, isp_id: int) -> bool:
    return not user.is_operator and list(user.memberships.values_list("isp_id", flat=True)) == [isp_id]


def forget_old_links(*, at: datetime) -> int:
    """Remove the links of staff that ran out a month ago, used or not. Returns how many there were."""
    return StaffToken.objects.filter(expires_at__lt=at - LINKS_KEPT).delete()[0]


def owner_of_password_link(secret: str) -> StaffUser:
    """Whose password a link may set. Raises LinkGone."""
    token = tokens.find(StaffToken, secret, purpose=SET_PASSWORD)
    if token is None or token.user is None or not token.user.is_active:
        raise LinkGone
    return token.user


def set_password_by_link(*, secret: str, password: str) -> StaffUser:
    """Set a password and use the link up, with all other links of its owner. Ends every session. Raises LinkGone."""
    token = tokens.find(StaffToken, secret, purpose=SET_PASSWORD, lock=True)
    if token is None or token.user is None or not token.user.is_active:
        raise LinkGone
    user = StaffUser.objects.select_for_update(no_key=True).get(pk=token.user.pk)
    _set_password(user, password)
    # Whoever made the account wait for its second factor knew a password that is no longer good.
    for model in (TOTPDevice, StaticDevice):
        model.objects.filter(user=user).update(throttling_failure_count=0, throttling_failure_timestamp=None)
    record("tenants.password.set_by_link", by=user, on=user)
    return user


def change_password(*, user: StaffUser, password: str) -> None:
    """Set a new password. All sessions end except one that the caller renews with update_session_auth_hash()."""
    _set_password(user, password)
    record("tenants.password.changed", by=user, on=user)


def _set_password(user: StaffUser, password: str) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])
    StaffToken.objects.filter(user=user, purpose=SET_PASSWORD, used_at=None).update(used_at=timezone.now())
    _tell(user, "accounts/password_changed")


def change_profile(*, user: StaffUser, name: str, language: str) -> None:
    """Set the name that others see and the language of pages and mails."""
    user.name, user.language = name, language
    user.save(update_fields=["name", "language"])
    record("tenants.profile.changed", by=user, on=user)


def note_sign_in(*, user: StaffUser) -> None:
    """Write down that somebody has signed in."""
    record("tenants.staff_user.signed_in", by=user, on=user)


def note_sign_out(*, user: StaffUser) -> None:
    """Write down that somebody has signed out. What was handed on from their sessions, such as previews, ends."""
    StaffUser.objects.filter(pk=user.pk).update(signed_out_at=timezone.now())
    record("tenants.staff_user.signed_out", by=user, on=user)


# Second factor


def new_key() -> str:
    """A secret key for an authenticator app: 20 random bytes in hex."""
    return secrets.token_hex(20)


def key_address(*, user: StaffUser, key: str) -> str:
    """The otpauth:// address that an authenticator app reads from a QR code."""
    return TOTPDevice(user=user, key=key).config_url


def typed_key(key: str) -> str:
    """A key as a person types it into an app, in groups of four."""
    text = b32encode(bytes.fromhex(key)).decode()
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def switch_on_second_factor(*, user: StaffUser, key: str, code: str) -> tuple[TOTPDevice, list[str]]:
    """Ask for a code at every sign-in from now on; returns the device and the recovery codes. Raises WrongCode.

    Other sessions of the account end with it, since none of them has been verified.
    """
    StaffUser.objects.select_for_update(no_key=True).get(pk=user.pk)
    totp = TOTP(bytes.fromhex(key), drift=0)
    totp.time = time.time()
    if not _is_number(code) or not totp.verify(int(code), tolerance=1):
        raise WrongCode
    TOTPDevice.objects.filter(user=user).delete()
    device = TOTPDevice.objects.create(user=user, key=key, name="app", confirmed=True, last_t=totp.t())
    codes = _new_recovery_codes(user)
    record("tenants.second_factor.switched_on", by=user, on=user)
    _tell(user, "accounts/second_factor_on")
    return device, codes


def switch_off_second_factor(*, user: StaffUser, by: Actor | None) -> None:
    """Ask for the password only from now on. The owner of the account is told, whoever did it."""
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
    record("tenants.second_factor.switched_off", by=by, on=user)
    _tell(user, "accounts/second_factor_off")


def renew_recovery_codes(*, user: StaffUser) -> list[str]:
    """Make new recovery codes; the old ones are worth nothing any more."""
    codes = _new_recovery_codes(user)
    record("tenants.recovery_codes.renewed", by=user, on=user)
    return codes


def recovery_codes_left(user: StaffUser) -> int:
    """How many recovery codes somebody has not used yet."""
    return StaticToken.objects.filter(device__user=user).count()


def check_code(*, user: StaffUser, code: str) -> Device:
    """The device that a code of the app, or an unused recovery code, belongs to; the code is used up.

    Raises WrongCode, and WaitFirst while the device waits after wrong codes: 1, 2, 4 … seconds.
    """
    code = code.replace(" ", "").replace("-", "").lower()
    is_recovery = not (_is_number(code) and len(code) == 6)
    model, entered = (StaticDevice, _stored(user, code)) if is_recovery else (TOTPDevice, code)
    device = model.objects.select_for_update(no_key=True).filter(user=user, confirmed=True).first()
    if device is None:
        raise WrongCode
    is_allowed, details = device.verify_is_allowed()
    if not is_allowed:
        until = details["locked_until"] if details else timezone.now()
        raise WaitFirst(max(1, math.ceil((until - timezone.now()).total_seconds())))
    if not device.verify_token(entered):
        raise WrongCode
    if is_recovery:
        record("tenants.recovery_code.used", by=user, on=user)
    return device


def _new_recovery_codes(user: StaffUser) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery", confirmed=True)
    codes = [b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=_stored(user, code)) for code in codes)
    return ["-".join(code[i : i + 4] for i in range(0, len(code), 4)) for code in codes]


def _is_number(code: str) -> bool:
    return code.isascii() and code.isdecimal()


def _stored(user: StaffUser, code: str) -> str:
    """What is kept of a recovery code: 64 bits of a hash that is bound to its owner."""
    return hmac.new(f"recovery:{user.uuid}".encode(), code.encode(), sha256).hexdigest()[:16]


def _tell(user: StaffUser, template: str) -> None:
    """Let the owner of an account know of a change that a thief would make."""
    send_platform_mail(template=template, language=user.language, to=user.email, name=user.name)
