"""Mails about debts: reminders, the warning before a suspension, and what happened to the service.

What is sent by rule goes out once for an invoice and rule, which a unique row keeps, never a look at the clock. Whoever
has paid meanwhile is left out under the lock that a payment takes, too.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import zip_longest
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from billing import clock
from billing.holds import held_by
from billing.models import LedgerEntry, ReminderRule, SentNotice, Suspension, SuspensionRule
from billing.notice_links import notice_path
from billing.reach import reach
from company.models import InvoiceGroup, Profile
from domains.links import portal_url
from messaging.services import notify
from subscribers.models import PortalUser, Service, Subscriber
from subscribers.services.recipients import recipient_of

PART = 100  # subscribers in one transaction
LATE = 3  # days after its day on which a mail still goes out, as after a failure
HOURS = (8, 20)  # of the ISP's day in which mails go out
Entries = Sequence[LedgerEntry]


def is_hour_for_mails(at: datetime) -> bool:
    """Whether mails by rule go out at a moment: not at night."""
    return HOURS[0] <= clock.local(at).hour < HOURS[1]


def send_reminders(*, at: datetime) -> bool:
    """Send the next part of what is due today by the rules that are on. Whether there may be more."""
    today = clock.today(at)
    reminders = list(ReminderRule.objects.filter(is_on=True).order_by("days"))
    for reminder, following in zip_longest(reminders, reminders[1:]):
        day = today - timedelta(days=reminder.days)
        # A rule that was just made says nothing about what lies behind it, and none what the next one will say.
        late = min(LATE, following.days - reminder.days - 1) if following else LATE
        waiting = _waiting(day, late).exclude(
            Exists(SentNotice.objects.filter(entry=OuterRef("pk"), reminder=reminder))
        )
        if _send_part(waiting, template="billing/reminder", at=at, reminder=reminder):
            return True
    return False


def send_warnings(*, at: datetime) -> bool:
    """Warn the next part of those whom a rule will cut in so many days. Whether there may be more."""
    today = clock.today(at)
    for rule in SuspensionRule.objects.filter(is_on=True, warn_days__gt=0).select_related("group"):
        day = today - timedelta(days=max(rule.days - rule.warn_days, 0))
        active = Service.objects.filter(subscriber=OuterRef("subscriber"), state=Service.State.ACTIVE)
        # Whoever is held back is warned once that has ended.
        waiting = _waiting(day).annotate(hold=held_by(clock.local(at), "subscriber")).filter(hold="")
        waiting = waiting.filter(reach(rule), Exists(active), subscriber__account__balance__gte=rule.least_debt)
        waiting = waiting.exclude(Exists(SentNotice.objects.filter(entry=OuterRef("pk"), warning=rule)))
        if _send_part(waiting, template="billing/warning", at=at, warning=rule):
            return True
    return False


def _waiting(day: date, late: int = LATE) -> QuerySet[LedgerEntry]:
    """Debts that are due on a day, or were due some days before, of people who can be written to."""
    return LedgerEntry.objects.filter(
        open__gt=0, due_on__range=(day - timedelta(days=late), day), subscriber__erased_at=None
    ).exclude(subscriber__email="", subscriber__billing_email="", subscriber__mobile="")


def _send_part(waiting: QuerySet[LedgerEntry], *, template: str, at: datetime, **rule: Any) -> bool:
    """Write the mails of a part, one for each subscriber. Whether there was anybody."""
    with transaction.atomic():
        keys = list(waiting.order_by().values_list("subscriber", flat=True).distinct()[:PART])
        # The same lock as a payment's: what is read behind it is what is owed, and stays so until the mail is written.
        people = {
            each.pk: each
            for each in Subscriber.objects.select_for_update(of=("self",))
            .select_related("zone")
            .filter(pk__in=keys)
            .order_by("pk")
        }
        entries = defaultdict(list)
        for entry in waiting.filter(subscriber__in=people).select_related("invoice").order_by("due_on", "pk"):
            entries[entry.subscriber_id].append(entry)
        for pk, theirs in entries.items():
            if _note(theirs, **rule):
                _tell(people[pk], template=template, entries=theirs, at=at, **rule)
        return bool(entries)


def _note(entries: Entries, **rule: Any) -> bool:
    """Write down that these are told. False if another transaction was quicker with all of them."""
    before = SentNotice.objects.filter(entry__in=entries, **rule).count()
    SentNotice.objects.bulk_create(
        [SentNotice(subscriber_id=entry.subscriber_id, entry=entry, **rule) for entry in entries],
        ignore_conflicts=True,
    )
    return SentNotice.objects.filter(entry__in=entries, **rule).count() > before


def _tell(subscriber: Subscriber, *, template: str, entries: Entries, at: datetime, **rule: Any) -> None:
    today, warning = clock.today(at), rule.get("warning")
    days = (entries[0].due_on - today).days if entries[0].due_on else 0
    cut_on = None
    if warning and entries[0].due_on:
        cut_on = max(entries[0].due_on + timedelta(days=warning.days), today + timedelta(days=1))
    _send(
        subscriber,
        template=template,
        debts=[{"title": title_of(entry), "due_on": entry.due_on, "amount": entry.open} for entry in entries],
        total=sum(entry.open for entry in entries),
        days=days,
        late=-days,
        cut_on=cut_on,
    )


def title_of(entry: LedgerEntry) -> str:
    """A debt as messages name it: by the number of its invoice, else by its kind. Loads the invoice."""
    invoice = getattr(entry, "invoice", None)
    return invoice.number if invoice else entry.get_kind_display()


def tell_cut(*, subscriber: Subscriber, suspension: Suspension) -> None:
    """Tell somebody that the service was switched off, what for, and how it comes back."""
    _send(subscriber, template="billing/cut", debts=suspension.causes, total=suspension.owed, suspension=suspension)


def tell_return(*, subscriber: Subscriber, suspension: Suspension) -> None:
    """Tell somebody that the service is on again."""
    _send(subscriber, template="billing/return", suspension=suspension, why=suspension.ended_why)


def _send(subscriber: Subscriber, *, template: str, **context: Any) -> None:
    """Tell a subscriber in the language of their login. Who cannot be reached is not."""
    isp, group, profile = clock.current_isp(), InvoiceGroup.objects.of(subscriber.group_id), Profile.load()
    login = PortalUser.objects.filter(subscriber=subscriber, is_active=True).exclude(language="").first()
    company = (group.name if group else "") or profile.display_name or isp.name
    to = subscriber.billing_email or subscriber.email
    notify(
        event=template,
        recipient=recipient_of(subscriber, isp=isp, email=to, language=login.language if login else ""),
        isp=isp,
        name=subscriber.first_name or subscriber.full_name,
        company=company,
        profile=profile,
        link=portal_url(isp, notice_path(subscriber)),
        from_name=company,
        reply_to=(group.email if group else "") or profile.email,
        **context,
    )
