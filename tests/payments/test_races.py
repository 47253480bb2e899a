"""The same form fifty times at once, and two clerks on one report. Commits for real."""

import threading
import time
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from billing.models import Account, LedgerEntry
from billing.services import ledger
from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from messaging.models import Message
from payments.models import Payment, PaymentMethod, PaymentReport
from payments.services import payments, reports
from subscribers.models import Counter, Subscriber
from tenants.models import ISP, StaffUser

AT_ONCE = 50


@pytest.fixture
def shop(committed):
    """An ISP with one customer, a method and a pending report, all of it committed."""
    with public_scope():
        isp = ISP.objects.get(slug="wispmega")
    with isp_scope(isp), transaction.atomic():
        person = Subscriber.objects.create(number=901, first_name="Race", email="race@example.com")
        method = PaymentMethod.objects.create(name="Race")
        made = reports.report_payment(
            by=None,
            subscriber=person,
            submission=uuid4(),
            method=method,
            amount=Decimal(70),
            currency="MXN",
            paid_on=date(2026, 3, 1),
            reference="R",
        )
    yield isp, person, method, made
    with isp_scope(isp), transaction.atomic():
        PaymentReport.objects.all().delete()
        Payment.objects.all().delete()
        LedgerEntry.objects.all().delete()
        Account.objects.all().delete()
        person.delete()
        method.delete()
        Message.objects.all().delete()
        Counter.objects.filter(name="payment").delete()
        AuditEntry.objects.all().delete()


def at_once(isp, work, times):
    """Do it in so many threads that begin together; what each came to, errors too."""
    together, results = threading.Barrier(times), []

    def one(number):
        try:
            with isp_scope(isp):
                together.wait(timeout=30)
                with transaction.atomic():
                    results.append(work(number))
        except Exception as failure:
            results.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(n,)) for n in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert len(results) == times
    return results


def booked(isp):
    with isp_scope(isp), transaction.atomic():
        return Payment.objects.count(), list(LedgerEntry.objects.values_list("amount", flat=True))


def register(person, method, key):
    return payments.register_payment(
        by=None,
        subscriber=person,
        amount=Decimal(70),
        currency="MXN",
        on=date(2026, 3, 1),
        source=Payment.Source.DESK,
        method=method,
        key=key,
    ).number


def test_fifty_identical_submissions_book_once(shop):
    isp, person, method, _made = shop
    numbers = at_once(isp, lambda n: register(person, method, "form:same"), AT_ONCE)
    assert len(set(numbers)) == 1
    assert booked(isp) == (1, [-70])


def test_without_the_lock_and_the_key_they_would_book_many_times(shop, monkeypatch):
    """The control: each form with a key of its own, as if the key were not looked at."""
    isp, person, method, _made = shop
    numbers = at_once(isp, lambda n: register(person, method, f"form:{n}"), 8)
    assert len(set(numbers)) == 8
    assert booked(isp) == (8, [-70] * 8)


def test_the_table_itself_refuses_a_key_twice(shop, monkeypatch):
    """The lock is not all: were it off, the unique key would still let one of them through."""
    isp, person, method, _made = shop
    monkeypatch.setattr(
        type(Subscriber.objects), "lock_to_add", lambda self, pk: self.model.objects.get(pk=pk), raising=False
    )
    results = at_once(isp, lambda n: register(person, method, "form:same"), 4)
    assert {type(result) for result in results} <= {int, IntegrityError}
    assert booked(isp) == (1, [-70])


def test_fifty_identical_reports_are_one(shop):
    isp, person, method, _made = shop
    submission = uuid4()

    def work(number):
        return reports.report_payment(
            by=None,
            subscriber=person,
            submission=submission,
            method=method,
            amount=Decimal(9),
            currency="MXN",
            paid_on=date(2026, 3, 1),
        ).pk

    assert len(set(at_once(isp, work, AT_ONCE))) == 1
    with isp_scope(isp), transaction.atomic():
        assert PaymentReport.objects.filter(amount=9).count() == 1


def clerks(made, names=("approve", "reject")):
    people = [StaffUser(pk=n + 1, name=f"Clerk {n}", email=f"clerk{n}@example.com") for n in range(2)]

    def work(number):
        if names[number] == "approve":
            reports.approve_report(by=people[number], report=made)
        else:
            reports.reject_report(by=people[number], report=made, reason="no")
        return names[number]

    return work


def outcome(isp, made):
    with isp_scope(isp), transaction.atomic():
        made.refresh_from_db()
        decided = AuditEntry.objects.filter(verb__in=["payments.report.approved", "payments.report.rejected"])
        return made.state, decided.count(), Payment.objects.count(), Message.objects.count()


@pytest.mark.parametrize("names", [("approve", "reject"), ("approve", "approve"), ("reject", "reject")])
def test_two_clerks_on_one_report_have_one_effect(shop, names):
    isp, _person, _method, made = shop
    results = at_once(isp, clerks(made, names), 2)
    winner = next(result for result in results if isinstance(result, str))
    assert sum(isinstance(result, reports.NotPending) for result in results) == 1
    paid = int(winner == "approve")
    assert outcome(isp, made) == (f"{winner}d" if paid else "rejected", 1, paid, 1)


def test_without_looking_at_the_state_both_would_decide(shop, monkeypatch):
    """The control: a report that is taken as it was when the page was opened."""
    isp, _person, _method, made = shop
    monkeypatch.setattr(
        reports,
        "_locked",
        lambda report: PaymentReport.objects.select_related("subscriber", "method", "portal_user").get(pk=report.pk),
    )
    monkeypatch.setattr(PaymentReport, "is_pending", True)
    results = at_once(isp, clerks(made, ("reject", "reject")), 2)
    assert results == ["reject", "reject"]
    assert outcome(isp, made) == ("rejected", 2, 0, 2)


def approve_against_take_back(made):
    """Two clerks approve; two others take the payment back as soon as they see it."""
    people = [StaffUser(pk=n + 1, name=f"Clerk {n}", email=f"clerk{n}@example.com") for n in range(4)]

    def work(number):
        if number < 2:
            reports.approve_report(by=people[number], report=made)
            return "approved"
        end = time.monotonic() + 30
        while not (payment := Payment.objects.first()):
            assert time.monotonic() < end
        kind = LedgerEntry.Kind.REFUND
        payments.take_back_payment(
            by=people[number], payment=payment, kind=kind, on=date(2026, 3, 2), reason="x", amount=Decimal(70)
        )
        return "taken back"

    return work


def test_approvals_against_refunds_of_the_same_payment_have_one_effect_each(shop):
    isp, person, _method, made = shop
    results = at_once(isp, approve_against_take_back(made), 4)
    assert sorted(result for result in results if isinstance(result, str)) == ["approved", "taken back"]
    assert {type(result) for result in results} == {str, reports.NotPending, ledger.TooMuch}
    assert booked(isp)[0] == 1
    assert sorted(booked(isp)[1]) == [-70, 70]
    with isp_scope(isp), transaction.atomic():
        assert (Account.objects.get(subscriber=person).balance, Payment.objects.get().kept) == (0, 0)
        made.refresh_from_db()
        assert made.state == "approved"


def test_without_state_and_key_an_approval_would_book_what_was_paid_back(shop, monkeypatch):
    """The control: the second approval books a payment of its own, which nobody takes back."""
    isp, person, _method, made = shop
    monkeypatch.setattr(
        reports,
        "_locked",
        lambda report: PaymentReport.objects.select_related("subscriber", "method", "portal_user").get(pk=report.pk),
    )
    monkeypatch.setattr(PaymentReport, "is_pending", True)
    usual = reports.register_payment
    monkeypatch.setattr(reports, "register_payment", lambda **values: usual(**values | {"key": ""}))
    at_once(isp, approve_against_take_back(made), 4)
    assert booked(isp)[0] == 2
    with isp_scope(isp), transaction.atomic():
        assert Account.objects.get(subscriber=person).balance == -70
