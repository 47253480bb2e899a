"""From a confirmed sign-up to an ISP, in one transaction: all of it is there afterwards, or nothing."""

import logging
import traceback

from django.db import IntegrityError, transaction
from django.utils import timezone

from core.audit import record
from core.scope import public_scope
from tenants import slugs
from tenants.models import ISP, FormerSlug, Membership, SignUp, StaffUser
from tenants.roles import Role
from tenants.schemas import create_schema
from tenants.services import due_work

logger = logging.getLogger(__name__)
ATTEMPTS = 5


class SlugTaken(Exception):
    """Another ISP has got this slug, or one that looks like it, in the meantime."""


def provision(*, sign_up_id: int) -> ISP | None:
    """Make the ISP of a sign-up: row, schema with tables, owner. None where there is nothing to do or it failed.

    Safe to call again and by several workers at once. Each attempt is counted before it begins, so that one which takes
    the worker down is counted too; after the last one, or when the slug is gone, the sign-up is marked as failed.
    """
    if not _count_attempt(sign_up_id):
        return None
    try:
        return _make(sign_up_id)
    except Exception as error:
        _note_failure(sign_up_id, error)
        return None


def is_taken(slug: str) -> bool:
    """Whether an ISP has this slug or one that is easily taken for it, or had it until lately."""
    with public_scope():
        return ISP.objects.looking_like(slug).exists() or FormerSlug.objects.live().looking_like(slug).exists()


def _waiting(sign_up_id: int) -> SignUp | None:
    """The sign-up, locked; None if it is not waiting or another worker is at it."""
    return SignUp.objects.waiting().select_for_update(skip_locked=True, of=("self",)).filter(pk=sign_up_id).first()


def _count_attempt(sign_up_id: int) -> bool:
    with transaction.atomic():
        sign_up = _waiting(sign_up_id)
        if sign_up is None:
            return False
        if sign_up.attempts >= ATTEMPTS:
            # The last attempt ended with its worker, before it could say why.
            sign_up.state, sign_up.error = SignUp.State.FAILED, sign_up.error or "WorkerLost"
            sign_up.finished_at = timezone.now()
            sign_up.save(update_fields=["state", "error", "finished_at"])
            return False
        sign_up.attempts += 1
        sign_up.save(update_fields=["attempts"])
        return True


@transaction.atomic
def _make(sign_up_id: int) -> ISP | None:
    sign_up = _waiting(sign_up_id)
    if sign_up is None:
        return None
    if is_taken(sign_up.slug):
        raise SlugTaken
    isp = ISP.objects.create(
        slug=sign_up.slug,
        slug_skeleton=slugs.skeleton(sign_up.slug),
        name=sign_up.company,
        country=sign_up.country,
        language=sign_up.language,
        currency=sign_up.currency,
        timezone=sign_up.timezone,
    )
    create_schema(isp)
    due_work.plan(isp_ids=[isp.pk])
    owner = _owner(sign_up)
    Membership.objects.create(isp=isp, user=owner, role=Role.OWNER)
    record("tenants.isp.created", by=owner, on=isp, slug=isp.slug, country=isp.country)
    sign_up.isp, sign_up.state, sign_up.error = isp, SignUp.State.DONE, ""
    sign_up.password, sign_up.finished_at = "", timezone.now()
    sign_up.save(update_fields=["isp", "new_user", "state", "error", "password", "finished_at"])
    return isp


def _owner(sign_up: SignUp) -> StaffUser:
    """Who has this e-mail address already, with the password of old, or a new person with the password just chosen."""
    known = StaffUser.objects.filter(email__iexact=sign_up.email).first()
    if known:
        return known
    sign_up.new_user = StaffUser.objects.create(
        email=sign_up.email, name=sign_up.name, language=sign_up.language, password=sign_up.password
    )
    return sign_up.new_user


@transaction.atomic
def _note_failure(sign_up_id: int, error: Exception) -> None:
    sign_up = SignUp.objects.waiting().select_for_update(of=("self",)).filter(pk=sign_up_id).first()
    if sign_up is None:
        return
    taken = isinstance(error, SlugTaken) or (isinstance(error, IntegrityError) and is_taken(sign_up.slug))
    # Texts of exceptions can quote data, so only the class is kept, and the place goes to the log.
    sign_up.error = SignUp.SLUG_TAKEN if taken else type(error).__name__[:300]
    if taken or sign_up.attempts >= ATTEMPTS:
        sign_up.state, sign_up.finished_at = SignUp.State.FAILED, timezone.now()
    sign_up.save(update_fields=["error", "state", "finished_at"])
    if not taken:
        place = "".join(traceback.format_tb(error.__traceback__)[-4:])
        logger.error("Sign-up %s, attempt %s: %s\n%s", sign_up.uuid, sign_up.attempts, sign_up.error, place)
