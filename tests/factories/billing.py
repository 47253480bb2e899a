"""Debts and the rules that follow from them. Call them in an ISP's scope."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from billing.models import SuspensionRule
from billing.services import invoices

# A Tuesday, noon in Mexico City.
AT = datetime(2026, 3, 17, 18, 0, tzinfo=UTC)
TODAY = date(2026, 3, 17)


def owe(subscriber, amount="500", *, late=10, on=None):
    """An invoice of a subscriber that was due so many days before TODAY."""
    due_on = TODAY - timedelta(days=late)
    lines = [invoices.Line(text="Internet", unit_price=Decimal(amount))]
    return invoices.issue_invoice(
        by=None, subscriber=subscriber, lines=lines, on=on or due_on - timedelta(days=10), due_on=due_on, currency="MXN"
    )


def rule(**values):
    """A rule that is on: five days after the due date, Monday to Thursday from nine to five."""
    said = {"is_on": True, "days": 5, "weekdays": [1, 2, 3, 4], "begins": time(9), "ends": time(17), **values}
    return SuspensionRule.objects.create(**said)
