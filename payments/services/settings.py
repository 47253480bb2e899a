"""How an ISP takes payments, and what its balance page shows."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from core.audit import Actor, record
from core.changes import Changes, set_fields
from payments.models import BalanceSettings, PaymentSettings


@transaction.atomic
def change_payment_settings(*, values: Mapping[str, Any], by: Actor) -> Changes:
    """Set receipts, reports and the grace for reports; what changed is returned, and audited."""
    row = PaymentSettings.locked()
    if changes := set_fields(row, values):
        record("payments.settings.changed", by=by, on=row, changes=changes)
    return changes


@transaction.atomic
def change_balance_settings(*, values: Mapping[str, Any], by: Actor) -> Changes:
    """Set what the public balance page asks for and says; what changed is returned, and audited."""
    row = BalanceSettings.locked()
    if changes := set_fields(row, values):
        record("payments.balance_page.changed", by=by, on=row, changes=changes)
    return changes
