"""The texts that a carrier has approved: fetched, kept, and what follows when one of them is approved no more."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction

from core import throttle
from core.celery import enqueue_on_commit
from core.requests import outside_transaction
from core.scope import required
from messaging.approved_texts import Shelf
from messaging.channels.base import ApprovalNews, ChannelProblem
from messaging.channels.discretion import Discretion
from messaging.channels.reasons import Reason
from messaging.models import ChannelAccount, Medium, OwnText
from messaging.services.mails import tell_of_failure
from messaging.tasks import fetch_approved
from messaging.texts import Words

FETCHES, HOUR = 20, 3600  # that a carrier can cause


class CannotFetch(Exception):
    """The carrier does not give its texts. The words are for staff."""


def fetch_templates(*, account: ChannelAccount, at: datetime) -> int:
    """Ask the carrier for the texts that it has approved, and keep them; gives how many.

    Calls the carrier, so no inner transaction may be open. Raises CannotFetch.
    """
    with outside_transaction():
        channel = account.open()
        try:
            found = [asdict(each) for each in channel.templates()]
        except ChannelProblem as problem:
            raise CannotFetch(str(Discretion(channel).problem(problem))) from problem
        finally:
            channel.close()
    with transaction.atomic():
        ChannelAccount.objects.filter(pk=account.pk).update(approved=found, approved_at=at)
        look_at_texts()
    return len(found)


def refresh(*, account_id: int, at: datetime) -> None:
    """Fetch them again, where an account is in use and its carrier approves any; one that is away is asked later.

    Calls the carrier, so no inner transaction may be open.
    """
    with transaction.atomic():
        account = ChannelAccount.objects.filter(pk=account_id, is_on=True, problem="").first()
    if account is not None and account.kind is not None and account.kind.has_templates:
        with suppress(CannotFetch):
            fetch_templates(account=account, at=at)


@transaction.atomic
def take_news(account: ChannelAccount, news: Sequence[ApprovalNews]) -> None:
    """Write down what a carrier says of texts. What it says of others, or of their words, is fetched."""
    row = ChannelAccount.objects.select_for_update().filter(pk=account.pk).first()
    if row is None or not news:
        return
    known: dict[tuple[str, str], Any] = {(each["name"], each["language"]): each for each in row.approved}
    for each in news:
        if each.state and (found := known.get((each.name, each.language))):
            found["state"] = each.state
    row.save(update_fields=["approved"])
    look_at_texts()
    if any(not each.state or (each.name, each.language) not in known for each in news):
        have_fetched(row)


def have_fetched(account: ChannelAccount) -> None:
    """Have them fetched after the transaction, though not without end."""
    if throttle.allow(f"approved-texts:{account.pk}", limit=FETCHES, seconds=HOUR):
        enqueue_on_commit(fetch_approved, isp_id=required().isp_id, account_id=account.pk)


def look_at_texts() -> None:
    """Tell staff of their texts that cannot be sent any more, and say of those that can again that all is well."""
    shelf = Shelf()
    for row in OwnText.objects.in_use().filter(medium=Medium.WHATSAPP).exclude(approved=""):
        if shelf.trouble_with(row.approved, row.holes):
            tell_of_failure(Words("", "", failed=row, problem=Reason("approved_text").kept))
        elif row.problem:
            OwnText.objects.filter(pk=row.pk).update(problem="", problem_at=None)
