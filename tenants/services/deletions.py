"""Removing an ISP for good: schema, rows, files, cache, queued work. Whoever is interrupted goes on where it stopped.

A row `Deletion` is written before anything goes, and leaves last. The rows of the ISP and its schema go in one
transaction, so there is never half an ISP; files, cache and queue follow, each step safe to repeat.
"""

import logging
import shutil
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import models, transaction
from django.db.models import ProtectedError, Q
from django.utils import timezone

from core import queued
from core.audit import record
from core.models import AuditEntry
from core.sessions import REALM, SessionStore
from tenants import directory
from tenants.models import ISP, Closing, Deletion, PlatformMail, SignUp, StaffToken, StaffUser
from tenants.schemas import drop_schema

logger = logging.getLogger(__name__)


class NotClosed(Exception):
    """Only a closed ISP is deleted."""


class InGrace(Exception):
    """The time of grace has not ended."""


class _Nameless:
    """Who did it, without personal data."""

    audit_kind = "staff"
    audit_label = ""

    def __init__(self, pk: int) -> None:
        self.pk = pk


@transaction.atomic
def begin(*, isp: ISP, by_id: int | None = None, now: bool = False) -> Deletion:
    """Decide that a closed ISP goes. From here on there is no way back. Raises NotClosed, InGrace (unless `now`)."""
    ISP.objects.select_for_update().get(pk=isp.pk)
    closing = Closing.objects.running().filter(isp=isp).first()
    if closing is None:
        raise NotClosed
    if closing.ends_at > timezone.now() and not now:
        raise InGrace
    values = {"uuid": isp.uuid, "slug": isp.slug, "schema_name": isp.schema_name, "by_id": by_id}
    deletion, _ = Deletion.objects.get_or_create(isp_id=isp.pk, defaults=values)
    return deletion


def finish(*, deletion: Deletion) -> None:
    """Remove whatever is left. Call it outside a transaction; call it again after a crash."""
    _remove_rows(deletion.pk)
    for folder in (Path(settings.MEDIA_ROOT) / str(deletion.uuid), exports_of(deletion)):
        if folder.is_dir():
            shutil.rmtree(folder)
    _forget_cache(deletion)
    queued.forget(deletion.isp_id)
    with transaction.atomic():
        if Deletion.objects.filter(pk=deletion.pk).delete()[0]:
            by: Any = _Nameless(deletion.by_id) if deletion.by_id else None
            record("tenants.isp.deleted", by=by, on=ISP(pk=deletion.isp_id))
    directory.forget_all()


def sweep() -> None:
    """Go on with deletions that were interrupted, and begin those whose time of grace is over."""
    for closing in Closing.objects.over(at=timezone.now()).select_related("isp"):
        begin(isp=closing.isp)
    for deletion in Deletion.objects.all():
        try:
            finish(deletion=deletion)
        except Exception:
            # One that cannot be finished, for a folder without rights perhaps, does not hold up the others.
            logger.exception("ISP %s is not wholly deleted yet.", deletion.isp_id)


def exports_of(deletion: Deletion) -> Path:
    """Where the exports lie that the ISP's owner asked for."""
    return Path(settings.MEDIA_ROOT) / "exports" / str(deletion.uuid)


def _forget_cache(deletion: Deletion) -> None:
    client = cache._cache.get_client(None, write=True)  # type: ignore[attr-defined]
    keys = client.scan_iter(match=f"isp{deletion.uuid}:*", count=1000)
    while page := [key for _, key in zip(range(500), keys, strict=False)]:
        client.delete(*page)


# Rows, in one transaction


@transaction.atomic
def _remove_rows(deletion_id: int) -> None:
    deletion = Deletion.objects.select_for_update().filter(pk=deletion_id, rows_removed_at=None).first()
    if deletion is None:
        return
    isp: Any = ISP.objects.select_for_update().get(pk=deletion.isp_id)
    leaving = _people_who_leave(isp)
    _forget_mails(isp, leaving)
    _end_sessions(
        {str(user.pk) for user in leaving}, {str(host) for host in isp.domains.values_list("host", flat=True)}
    )
    _clear_audit(isp, leaving)
    SignUp.objects.filter(isp=isp).delete()
    drop_schema(isp)
    isp.delete()
    for user in leaving:
        _remove_person(user)
    _forget_loose_rows(deletion.isp_id)
    deletion.rows_removed_at = timezone.now()
    deletion.save(update_fields=["rows_removed_at"])


def _people_who_leave(isp: ISP) -> list[StaffUser]:
    """Those who worked for this ISP alone.

    Their accounts have no use any more, so name, address and password are not kept. Operators and those who work for
    another ISP, too, stay.
    """
    staff = StaffUser.objects.filter(memberships__isp=isp, is_operator=False)
    return list(staff.exclude(pk__in=StaffUser.objects.filter(memberships__in=_elsewhere(isp)).values("pk")))


def _elsewhere(isp: ISP) -> models.QuerySet[Any]:
    return apps.get_model("tenants", "Membership").objects.exclude(isp=isp)


def _remove_person(user: StaffUser) -> None:
    # An invitation to another ISP that somebody sent while still working there stays good.
    StaffToken.objects.filter(created_by=user).update(created_by=None)
    try:
        with transaction.atomic():
            user.delete()
    except ProtectedError:
        # Once an operator, who stands as the author of something that was done to another ISP.
        user.is_active = False
        user.set_unusable_password()
        user.save(update_fields=["is_active", "password"])


def _forget_mails(isp: Any, leaving: list[StaffUser]) -> None:
    """Mails of the platform to those who leave, to those invited, and whatever names the ISP."""
    addresses = {user.email for user in leaving}
    addresses |= set(StaffToken.objects.filter(isp=isp).exclude(email="").values_list("email", flat=True))
    addresses |= set(SignUp.objects.filter(isp=isp).values_list("email", flat=True))
    staying = set(StaffUser.objects.filter(email__in=addresses).values_list("email", flat=True))
    staying -= {user.email for user in leaving}
    about = Q(subject__contains=isp.name) | Q(text__contains=isp.name) | Q(from_name=isp.name)
    members = set(isp.memberships.values_list("user__email", flat=True))
    PlatformMail.objects.filter(Q(to__in=addresses - staying) | (Q(to__in=members | staying) & about)).delete()


def _end_sessions(people: set[str], hosts: set[str]) -> None:
    """End the staff sessions of people, and those that began at one of the hosts."""
    store = SessionStore()
    for session in Session.objects.iterator(chunk_size=500):
        data = store.decode(session.session_data)
        if data.get(SESSION_KEY) in people or str(data.get(REALM, "")).partition(":")[2] in hosts:
            session.delete()


def _clear_audit(isp: ISP, leaving: list[StaffUser]) -> None:
    """What was done stays written down, with the number of who did it; names and texts go."""
    ids = [user.pk for user in leaving]
    sign_ups = SignUp.objects.filter(isp=isp).values_list("pk", flat=True)
    about = Q(target_type="tenants.isp", target_id=str(isp.pk))
    about |= Q(target_type="tenants.signup", target_id__in=[str(pk) for pk in sign_ups])
    about |= Q(target_type="tenants.staffuser", target_id__in=[str(pk) for pk in ids])
    about |= Q(actor_kind="staff", actor_id__in=ids)
    AuditEntry.objects.filter(about).update(actor_label="", details={})


def _forget_loose_rows(isp_id: int) -> None:
    """Rows that name the ISP by its number without a foreign key."""
    for model in apps.get_models():
        names = {field.name for field in model._meta.concrete_fields if not field.is_relation}
        if model._meta.app_label in {"tenants", "domains", "core"} and "isp_id" in names and model is not Deletion:
            model._default_manager.filter(isp_id=isp_id).delete()
