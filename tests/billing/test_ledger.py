"""The ledger and the balance that is its sum."""

from datetime import date
from decimal import Decimal

import pytest
from django.db.models import Sum

from billing.models import Account, LedgerEntry
from billing.services.ledger import book
from core.acting import InAnothersName, acting
from core.models import AuditEntry
from tests.factories.staff import StaffUserFactory
from tests.factories.subscribers import PortalUserFactory, SubscriberFactory

KIND = LedgerEntry.Kind


def test_the_balance_is_the_sum_of_the_entries(in_isp):
    ana, eva = SubscriberFactory(), SubscriberFactory()
    clerk = PortalUserFactory(username="clerk")
    amounts = [Decimal("350.00"), Decimal("-120.50"), Decimal("0.01")]
    for amount in amounts:
        book(by=clerk, subscriber=ana, kind=KIND.CARRIED_OVER, amount=amount, on=date(2026, 1, 31), text="from before")
    book(by=None, subscriber=eva, kind=KIND.CORRECTION, amount=Decimal("-5"), on=date(2026, 2, 1))
    for person, owed in ((ana, "229.51"), (eva, "-5.00")):
        assert Account.objects.get(subscriber=person).balance == Decimal(owed)
        assert LedgerEntry.objects.filter(subscriber=person).aggregate(s=Sum("amount"))["s"] == Decimal(owed)
    assert [account.subscriber for account in Account.objects.owing()] == [ana]
    entry = AuditEntry.objects.filter(verb="billing.entry.booked").last()
    assert (entry.actor_label, entry.details["amount"]) == ("clerk", "350.00")


def test_an_entry_of_nothing_is_refused(in_isp):
    with pytest.raises(ValueError, match="nothing"):
        book(by=None, subscriber=SubscriberFactory(), kind=KIND.CORRECTION, amount=Decimal("0.00"), on=date(2026, 1, 1))
    assert not Account.objects.exists()


def test_nobody_books_in_anothers_name(in_isp):
    """The control: the same in one's own name goes through."""
    ana = SubscriberFactory()
    entry = {"subscriber": ana, "kind": KIND.CORRECTION, "amount": Decimal("1.00"), "on": date(2026, 1, 1)}
    with acting(StaffUserFactory(), "ana"), pytest.raises(InAnothersName):
        book(by=None, **entry)
    assert not LedgerEntry.objects.exists()
    book(by=None, **entry)
    assert LedgerEntry.objects.count() == 1
