"""What staff decide of a bank line: whose payment it is, that it is none, that it is there twice; and undoing that."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from billing.models import Invoice, LedgerEntry
from core.audit import Actor, record
from payments.models import BankLine, Match, Payment
from payments.services.payments import register_payment, take_back_payment
from payments.services.reports import settle_by_payment
from payments.services.scores import POINTS
from subscribers.models import Subscriber

State = BankLine.State
REASONS = frozenset(POINTS)  # codes that a choice may carry


class CannotDecide(Exception):
    """The line is in another state by now, as when a colleague was quicker. Carries it as it is."""

    def __init__(self, line: BankLine) -> None:
        super().__init__(str(line))
        self.line = line


class OtherCurrency(Exception):
    """The line is in another currency than the ISP's bills, so it pays none of them."""


class WrongSum(ValueError):
    """The parts do not make up what is left of the line."""


@dataclass(frozen=True, slots=True)
class Part:
    """What of a line is one subscriber's. Invoices are paid first; what is left pays other debts, or is credit."""

    subscriber: Subscriber
    amount: Decimal
    invoices: Sequence[Invoice] = field(default_factory=tuple)


def _locked(line: BankLine, *states: str) -> BankLine:
    row = BankLine.objects.select_for_update(of=("self",)).select_related("account").get(pk=line.pk)
    if row.state not in states:
        raise CannotDecide(row)
    return row


def _decided(line: BankLine, by: Actor | None) -> list[str]:
    line.decided_by_id = by.pk if by else None
    line.decided_by_name = by.audit_label[:200] if by else ""
    line.decided_at = timezone.now() if by else None
    return ["decided_by_id", "decided_by_name", "decided_at"]


@transaction.atomic
def book_line(
    *,
    line: BankLine,
    parts: Sequence[Part],
    by: Actor,
    currency: str,
    today: date,
    reasons: Sequence[str] = (),
    states: Sequence[str] = (State.OPEN,),
) -> list[Match]:
    """Make payments of a line: for one subscriber, or split among several. The parts make up all that is left of it.

    Raises CannotDecide where somebody else was quicker, OtherCurrency, WrongSum.
    """
    line = _locked(line, *states)
    if line.currency != currency:
        raise OtherCurrency(line.currency)
    if not parts or any(part.amount <= 0 for part in parts) or sum(part.amount for part in parts) != line.left:
        raise WrongSum
    number = line.matches.aggregate(last=Max("part"))["last"] or 0
    made = []
    for part in parts:
        number += 1
        made.append(_pay(line, part, number, by=by, today=today, reasons=reasons))
    line.booked += sum(part.amount for part in parts)
    line.state = State.BOOKED
    line.save(update_fields=["booked", "state", *_decided(line, by)])
    record(
        "payments.bank_line.booked",
        by=by,
        on=line,
        amount=str(line.amount),
        subscribers=[part.subscriber.number for part in parts],
    )
    return made


def _pay(line: BankLine, part: Part, number: int, *, by: Actor, today: date, reasons: Sequence[str]) -> Match:
    payment = register_payment(
        by=by,
        subscriber=part.subscriber,
        amount=part.amount,
        currency=line.currency,
        on=min(line.booked_on, today),
        source=Payment.Source.BANK,
        method=line.account.method,
        reference=line.reference,
        comment=line.text[:200],
        invoices=part.invoices,
        key=f"bank:{line.uuid}:{number}",
    )
    settle_by_payment(by=by, payment=payment)
    return Match.objects.create(
        line=line,
        part=number,
        subscriber=part.subscriber,
        payment=payment,
        amount=part.amount,
        reasons=list(reasons),
        by_id=by.pk,
        by_name=by.audit_label[:200],
    )


@transaction.atomic
def link_payment(*, line: BankLine, payment: Payment, by: Actor) -> Match:
    """Say that a line is the money of a payment that is booked already; nothing is booked again.

    Raises CannotDecide, also where another line is that payment's, and WrongSum.
    """
    line = _locked(line, State.OPEN)
    Subscriber.objects.lock_to_add(payment.subscriber_id)
    payment = Payment.objects.select_related("subscriber").get(pk=payment.pk)
    if payment.kept != line.left or payment.currency != line.currency:
        raise WrongSum
    if Match.objects.standing().filter(payment=payment).exists():
        raise CannotDecide(line)
    number = line.matches.aggregate(last=Max("part"))["last"] or 0
    match = Match.objects.create(
        line=line,
        part=number + 1,
        subscriber=payment.subscriber,
        payment=payment,
        is_linked=True,
        amount=payment.kept,
        by_id=by.pk,
        by_name=by.audit_label[:200],
    )
    line.booked += match.amount
    line.state = State.BOOKED
    line.save(update_fields=["booked", "state", *_decided(line, by)])
    record(
        "payments.bank_line.linked",
        by=by,
        on=line,
        amount=str(match.amount),
        subscriber=payment.subscriber.number,
        payment=payment.number,
    )
    return match


@transaction.atomic
def undo_match(*, match: Match, by: Actor, today: date, reason: str) -> Match:
    """Take a payment back that was made of a line; its money waits in the inbox again. Raises CannotDecide.

    A payment that was there before the line stays.
    """
    line = _locked(match.line, State.BOOKED, State.OPEN)
    match = Match.objects.select_for_update(of=("self",)).select_related("payment", "subscriber").get(pk=match.pk)
    if match.is_undone:
        raise CannotDecide(line)
    if not match.is_linked and not match.payment.is_taken_back:
        take_back_payment(by=by, payment=match.payment, kind=LedgerEntry.Kind.TAKEN_BACK, on=today, reason=reason)
    match.undone_at, match.undone_by_id, match.undone_by_name = timezone.now(), by.pk, by.audit_label[:200]
    match.undone_why = reason[:200]
    match.save(update_fields=["undone_at", "undone_by_id", "undone_by_name", "undone_why"])
    line.booked -= match.amount
    line.state = State.OPEN
    line.save(update_fields=["booked", "state", *_decided(line, None)])
    record(
        "payments.bank_line.undone",
        by=by,
        on=line,
        amount=str(match.amount),
        subscribers=[match.subscriber.number],
        reason=reason,
    )
    return match


@transaction.atomic
def set_aside(*, line: BankLine, by: Actor, note: str = "") -> BankLine:
    """Say that a line is no customer's payment. Raises CannotDecide, also where a part of it is booked."""
    line = _locked(line, State.OPEN)
    if line.booked:
        raise CannotDecide(line)
    line.state, line.note = State.OTHER, note[:200]
    line.save(update_fields=["state", "note", *_decided(line, by)])
    record("payments.bank_line.set_aside", by=by, on=line, amount=str(line.amount), note=line.note)
    return line


@transaction.atomic
def reopen(*, line: BankLine, by: Actor) -> BankLine:
    """Take back that a line is no customer's payment, or that it is there twice. Raises CannotDecide."""
    line = _locked(line, State.OTHER, State.DOUBLE)
    line.state = State.OPEN if line.amount > 0 else State.OUT
    line.save(update_fields=["state", *_decided(line, None)])
    record("payments.bank_line.reopened", by=by, on=line, amount=str(line.amount))
    return line


@transaction.atomic
def call_double(*, line: BankLine, by: Actor) -> BankLine:
    """Say that a line is the same movement as the one it was held against, in other words. Raises CannotDecide."""
    line = _locked(line, State.OPEN)
    if line.double_of_id is None or line.booked:
        raise CannotDecide(line)
    line.state = State.DOUBLE
    line.save(update_fields=["state", *_decided(line, by)])
    record("payments.bank_line.called_double", by=by, on=line, amount=str(line.amount))
    return line


@transaction.atomic
def call_different(*, line: BankLine, by: Actor) -> BankLine:
    """Say that a line is another movement than the one it looks like. Raises CannotDecide."""
    line = _locked(line, State.OPEN)
    if line.double_of_id is None:
        raise CannotDecide(line)
    line.double_of = None
    line.save(update_fields=["double_of"])
    record("payments.bank_line.called_different", by=by, on=line, amount=str(line.amount))
    return line


@transaction.atomic
def call_all_doubles(*, statement_id: int, by: Actor) -> int:
    """Say of all of a statement's lines that look like others that they are the same; says how many there were."""
    rows = BankLine.objects.to_do().filter(statement=statement_id, booked=0).exclude(double_of=None)
    lines = list(rows.select_for_update(of=("self",)).order_by("pk"))
    for line in lines:
        line.state = State.DOUBLE
        fields = _decided(line, by)
    if lines:
        BankLine.objects.bulk_update(lines, ["state", *fields], batch_size=500)
        record("payments.statement.doubles_confirmed", by=by, on=lines[0].statement, count=len(lines))
    return len(lines)
