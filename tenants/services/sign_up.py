"""How a company becomes an ISP: it signs up, confirms its e-mail address, is set up, and opens its dashboard."""

import secrets
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils import timezone as clock

from core import tokens
from core.audit import record
from core.celery import enqueue_on_commit
from core.links import platform_url
from tenants import slugs, tasks
from tenants.models import SignUp, StaffToken
from tenants.provisioning import is_taken
from tenants.services.mail import send_platform_mail

ENTER = "enter"
ENTER_LIFE = timedelta(minutes=5)
ENTER_OFFERED = timedelta(hours=1)  # after the ISP was made
CONFIRM_LIFE = timedelta(days=3)


class LinkGone(Exception):
    """The link was used, has run out, or never was one of ours."""


class AlreadyConfirmed(Exception):
    """The link has done its work before."""

    def __init__(self, sign_up: SignUp) -> None:
        super().__init__(sign_up.pk)
        self.sign_up = sign_up


class WrongPassword(Exception):
    """Not the password that was chosen with the sign-up."""


def sign_up(
    *,
    form_key: UUID,
    company: str,
    slug: str,
    country: str,
    language: str,
    currency: str,
    timezone: str,
    name: str,
    email: str,
    password: str,
) -> SignUp:
    """Keep what a company has filled in and mail a link to confirm the e-mail address.

    The same form sent twice makes one sign-up and one mail. Nothing here depends on whether the address is known.
    """
    secret = secrets.token_urlsafe(32)
    row, is_new = SignUp.objects.get_or_create(
        form_key=form_key,
        email=email,
        slug=slug,
        defaults={
            "company": company,
            "country": country,
            "language": language,
            "currency": currency,
            "timezone": timezone,
            "name": name,
            "password": make_password(password),
            "token_digest": tokens.digest(secret),
        },
    )
    if is_new:
        record("tenants.sign_up.received", by=None, on=row, slug=slug, country=country)
        _mail_link(row, secret)
    return row


def mail_link_again(*, sign_up: SignUp) -> None:
    """Mail a new link to confirm; the one sent before is dead. Does nothing once the address is confirmed."""
    row = SignUp.objects.select_for_update(of=("self",)).get(pk=sign_up.pk)
    if row.state != SignUp.State.UNCONFIRMED:
        return
    secret = secrets.token_urlsafe(32)
    row.token_digest = tokens.digest(secret)
    row.save(update_fields=["token_digest"])
    record("tenants.sign_up.mailed_again", by=None, on=row)
    _mail_link(row, secret)


def _mail_link(row: SignUp, secret: str) -> None:
    # The address is not proved to be its owner's: nothing that was typed freely goes into this mail.
    send_platform_mail(
        template="tenants/confirm_sign_up",
        language=row.language,
        to=row.email,
        slug=row.slug,
        url=platform_url(f"/sign-up/confirm/{secret}/"),
        days=CONFIRM_LIFE.days,
    )


def find_by_link(secret: str, *, lock: bool = False) -> SignUp:
    """The sign-up that a mailed link confirms. Raises LinkGone, and AlreadyConfirmed."""
    rows = SignUp.objects.select_for_update(of=("self",)) if lock else SignUp.objects.all()
    row = rows.filter(token_digest=tokens.digest(secret)).first()
    if row is None:
        raise LinkGone
    if row.state != SignUp.State.UNCONFIRMED:
        raise AlreadyConfirmed(row)
    if row.created_at < clock.now() - CONFIRM_LIFE:
        raise LinkGone
    return row


def confirm(*, secret: str, password: str | None) -> SignUp:
    """Mark the e-mail address as confirmed and have the ISP set up. Raises LinkGone, AlreadyConfirmed, WrongPassword.

    `password` is None in the browser that signed up. Any other one has to know the password: the account must not go to
    somebody's address with a password that somebody else chose.
    """
    row = find_by_link(secret, lock=True)
    if password is not None and not check_password(password, row.password):
        raise WrongPassword
    row.state, row.confirmed_at = SignUp.State.WAITING, clock.now()
    row.save(update_fields=["state", "confirmed_at"])
    record("tenants.sign_up.confirmed", by=None, on=row)
    enqueue_on_commit(tasks.provision_isp, sign_up_id=row.pk)
    return row


def try_again(*, sign_up: SignUp, slug: str = "") -> SignUp:
    """Set up a failed sign-up anew, under another slug if the old one is gone. Does nothing in any other state."""
    row = SignUp.objects.select_for_update(of=("self",)).get(pk=sign_up.pk)
    if row.state != SignUp.State.FAILED:
        return row
    row.state, row.attempts, row.error, row.slug = SignUp.State.WAITING, 0, "", slug or row.slug
    row.save(update_fields=["state", "attempts", "error", "slug"])
    record("tenants.sign_up.tried_again", by=None, on=row, slug=row.slug)
    enqueue_on_commit(tasks.provision_isp, sign_up_id=row.pk)
    return row


def suggest_slug(*, company: str, country: str = "") -> str:
    """A free slug made from the company's name, else with its country or a number behind; empty if there is none."""
    base = slugs.suggest(company)
    tails = ["", f"-{country.lower()}" if country else "-net", *[f"-{n}" for n in range(2, 6)]]
    for slug in [f"{base[: 40 - len(tail)].rstrip('-')}{tail}" for tail in tails] if base else []:
        if slugs.is_allowed(slug) and not is_taken(slug):
            return slug
    return ""


def enter_secret(*, sign_up: SignUp) -> str:
    """The secret that opens the dashboard once for a person who came with the sign-up; empty for all others.

    Show it only to the browser that confirmed. It is offered until the person has signed in, for an hour at most.
    """
    user = sign_up.new_user
    if user is None or sign_up.finished_at is None or user.last_login is not None or not user.is_active:
        return ""
    if sign_up.finished_at < clock.now() - ENTER_OFFERED:
        return ""
    StaffToken.objects.filter(user=user, purpose=ENTER, used_at=None).delete()
    return tokens.issue(StaffToken, purpose=ENTER, life=ENTER_LIFE, user=user, isp=sign_up.isp)


@transaction.atomic
def enter(*, secret: str) -> StaffToken:
    """Use the secret of enter_secret up; the token says who enters which ISP. Raises LinkGone."""
    token = tokens.find(StaffToken, secret, purpose=ENTER, lock=True)
    if token is None or token.user is None or token.isp is None or not token.user.is_active:
        raise LinkGone
    tokens.spend(token)
    record("tenants.enter_token.spent", by=token.user, on=token.isp)
    return token
