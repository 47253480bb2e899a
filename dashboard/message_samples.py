"""What a message about an event would say to a customer that there is: their latest payment, visit, debts."""

from typing import Any

from django.utils import timezone

from billing.models import Account, LedgerEntry, Suspension
from billing.notice_links import notice_path
from billing.services.debt_mails import title_of
from company.models import InvoiceGroup
from domains.links import portal_url
from messaging.events.base import Event
from messaging.reader import Reader
from payments.models import Payment, PaymentReport
from payments.services.receipts import shares_of
from preinstall.models import Installation
from subscribers.models import PortalUser, Subscriber

AT_MOST = 50  # debts


def find_customer(text: str) -> tuple[Subscriber | None, list[Subscriber]]:
    """Whom a search means, if that is clear, and else the first of those it may mean."""
    rows = Subscriber.objects.not_erased().select_related("group")
    if text.isascii() and text.isdigit() and len(text) < 9 and (exact := rows.filter(number=int(text)).first()):
        return exact, []
    found = list(rows.search(text)[:8]) if text else []
    return (found[0], []) if len(found) == 1 else (None, found)


def context_for(event: Event, subscriber: Subscriber | None, reader: Reader) -> dict[str, Any]:
    """A context as the event's caller would give it; what the customer has nothing of is made up."""
    context = event.sample(reader)
    if subscriber is None:
        return context
    group = InvoiceGroup.objects.of(subscriber.group_id)
    context |= {"name": subscriber.first_name or subscriber.full_name, "number": subscriber.number}
    context |= {"company": (group.name if group else "") or reader.company, "subscriber": subscriber.full_name}
    area = event.name.partition("/")[0]
    more = {"billing": _owed, "payments": _paid, "preinstall": _visited, "portal": _login}.get(area)
    return context | (more(event, subscriber, reader) if more else {})


def _owed(event: Event, subscriber: Subscriber, reader: Reader) -> dict[str, Any]:
    entries = list(
        LedgerEntry.objects.filter(subscriber=subscriber, open__gt=0)
        .select_related("invoice")
        .order_by("due_on", "pk")[:AT_MOST]
    )
    found: dict[str, Any] = {"link": portal_url(reader.isp, notice_path(subscriber))}
    if entries:
        found["debts"] = [{"title": title_of(each), "due_on": each.due_on, "amount": each.open} for each in entries]
        found["total"] = sum(each.open for each in entries)
        if entries[0].due_on:
            found["days"] = (entries[0].due_on - timezone.localdate()).days
    if event.name == "billing/cut":
        last = Suspension.objects.filter(subscriber=subscriber).order_by("-pk").first()
        found |= {"suspension": last} if last else {}
    return found


def _paid(event: Event, subscriber: Subscriber, reader: Reader) -> dict[str, Any]:
    found: dict[str, Any] = {"name": subscriber.full_name}
    if event.name == "payments/receipt":
        rows = Payment.objects.filter(subscriber=subscriber).select_related("method", "entry").order_by("-pk")
        if payment := rows.first():
            account = Account.objects.filter(subscriber=subscriber).first() or Account()
            found |= {"payment": payment, "shares": shares_of(payment), "account": account}
            found["total"] = payment.amount + payment.fee
    if event.name == "payments/report_rejected":
        reports = PaymentReport.objects.filter(subscriber=subscriber).select_related("method").order_by("-pk")
        if report := reports.first():
            found["report"] = report
    return found


def _visited(event: Event, subscriber: Subscriber, reader: Reader) -> dict[str, Any]:
    visits = Installation.objects.filter(service__subscriber=subscriber).select_related("service__subscriber")
    last = visits.order_by("-on", "-pk").first()
    return {"name": subscriber.full_name} | ({"installation": last} if last else {})


def _login(event: Event, subscriber: Subscriber, reader: Reader) -> dict[str, Any]:
    login = PortalUser.objects.filter(subscriber=subscriber, is_active=True).order_by("pk").first()
    return {"username": login.username, "name": login.person or subscriber.first_name} if login else {}
