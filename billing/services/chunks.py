"""Writing what a chunk of a billing run bills and gives back. Who cannot be billed is left out, with the reason."""

import logging
from dataclasses import dataclass
from decimal import Decimal

from django.db import IntegrityError, connection, transaction

from billing.models import BillingRun, LeftOut
from billing.services import writing
from billing.services.planning import Bill, Rules
from core.celery import DATABASE_AWAY

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Starter:
    """Whoever began a run, as its chunks remember them."""

    pk: int | None
    audit_label: str
    audit_kind: str


def starter_of(run: BillingRun) -> Starter | None:
    """Whoever began a run; None: the schedule did."""
    return Starter(run.by_id, run.by_name, run.by_kind) if run.by_kind not in ("", "system") else None


def write(run: BillingRun, bills: list[Bill], rules: Rules) -> dict[int, str]:
    """Write the invoices together; where that fails, one by one, so that one bad row holds up no other."""
    by = starter_of(run)
    try:
        amount = _written(run, bills, rules, by)
    except IntegrityError:
        logger.warning("A chunk of the billing run %s was refused; each invoice is tried by itself.", run.uuid)
    else:
        run.amount, run.count = run.amount + amount, run.count + len(bills)
        return {}
    left_out: dict[int, str] = {}
    for bill in bills:
        try:
            run.amount += _written(run, [bill], rules, by)
            run.count += 1
        except IntegrityError as error:
            is_billed = "service_billed_once_for_a_day" in str(error) or "evened_out_once" in str(error)
            left_out[bill.subscriber.pk] = LeftOut.ALREADY_BILLED if is_billed else LeftOut.FAILED
            if not is_billed:
                logger.exception("An invoice of the billing run %s could not be written.", run.uuid)
    return left_out


@transaction.atomic
def _written(run: BillingRun, bills: list[Bill], rules: Rules, by: Starter | None) -> Decimal:
    """Write invoices, all or none; what they sum to. What is checked at the commit only is checked here already, so
    that it is known whose invoice it is."""
    amount = writing.write(bills=bills, run=run, rules=rules, by=by)
    connection.check_constraints()
    return amount


def give_back(run: BillingRun, bills: list[Bill], rules: Rules) -> dict[int, str]:
    left_out: dict[int, str] = {}
    for bill in bills:
        try:
            with transaction.atomic():
                given = writing.give_back(bill=bill, run=run, rules=rules, by=starter_of(run))
                connection.check_constraints()
        except DATABASE_AWAY:
            raise
        except Exception:
            logger.exception("A credit note of the billing run %s could not be written.", run.uuid)
            left_out[bill.subscriber.pk] = LeftOut.FAILED
            continue
        if given is None:
            left_out[bill.subscriber.pk] = LeftOut.NOTHING_TO_CREDIT
        else:
            run.credit_notes += 1
    return left_out
