"""Notice pages, the addresses that are believed about who is behind them, and the addresses of the list for routers."""

import ipaddress
import secrets
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from billing.models import ListToken, NoticeSource, NoticeText
from core import tokens
from core.audit import Actor, record
from core.changes import Changes, set_fields
from subscribers.models import Router

NOTED = timedelta(minutes=5)  # between two notes that a router asked
MOST_TOKENS = 20


class AlreadyThere(Exception):
    """This network is trusted already."""


class TooMany(Exception):
    """There are as many addresses of the list as there can be."""


@transaction.atomic
def change_text(*, by: Actor, kind: str, title: str, text: str) -> Changes:
    """Set what a notice page says in place of our words; empty texts bring those back."""
    row, _is_new = NoticeText.objects.get_or_create(kind=kind)
    row = NoticeText.objects.select_for_update().get(pk=row.pk)
    if changes := set_fields(row, {"title": title, "text": text}):
        record("billing.notice.changed", by=by, on=row, title=str(row))
    return changes


@transaction.atomic
def trust(*, by: Actor, network: str, router: Router | None) -> NoticeSource:
    """Believe what comes from a network about who is behind it. Raises AlreadyThere, and ValueError for no network."""
    network = str(ipaddress.ip_network(network, strict=False))
    try:
        with transaction.atomic():
            row = NoticeSource.objects.create(network=network, router=router)
    except IntegrityError as error:
        raise AlreadyThere from error
    record("billing.notice_source.added", by=by, on=row, name=network)
    return row


@transaction.atomic
def trust_no_more(*, by: Actor, row: NoticeSource) -> None:
    record("billing.notice_source.removed", by=by, on=row, name=row.network)
    row.delete()


@transaction.atomic
def make_list_address(*, by: Actor, router: Router | None) -> str:
    """Make the secret of an address of the list, for one router or for all. It is not kept. Raises TooMany.

    The address that there was for the same router goes on working until somebody ends it, so that the new one can be
    put in place without a gap.
    """
    if ListToken.objects.good().count() >= MOST_TOKENS:
        raise TooMany
    secret = secrets.token_urlsafe(32)
    row = ListToken.objects.create(
        digest=tokens.digest(secret), router=router, by_id=by.pk, by_name=by.audit_label[:200]
    )
    record("billing.list_token.made", by=by, on=row, name=str(router or ""))
    return secret


@transaction.atomic
def revoke_list_address(*, by: Actor, row: ListToken) -> None:
    """End an address of the list."""
    if ListToken.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=timezone.now()):
        record("billing.list_token.revoked", by=by, on=row, name=str(row.router or ""))


def find_list(secret: str, *, at: datetime) -> ListToken | None:
    """What a secret opens, if it does; that it was asked is noted every few minutes."""
    row = ListToken.objects.good().select_related("router").filter(digest=tokens.digest(secret)).first()
    if row is not None:
        stale = Q(asked_at=None) | Q(asked_at__lt=at - NOTED)
        ListToken.objects.filter(stale, pk=row.pk).update(asked_at=at)
    return row
