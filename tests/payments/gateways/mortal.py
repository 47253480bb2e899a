"""A process that does what it is told in children of its own, each of which may be killed at a place that is named.

Lines of JSON come in: `do` (a name of JOBS), `isp`, and `die`, such as `before payments.services.truth:settle`. See
tests.forked.
"""

import os
import signal
from datetime import timedelta
from decimal import Decimal
from pydoc import locate
from typing import Any

import django

django.setup()

from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from core.scope import isp_scope, public_scope  # noqa: E402
from payments.models import Checkout, GatewayAccount, Payment  # noqa: E402
from payments.services import autopay, checkouts, refunds, truth  # noqa: E402
from subscribers.models import Subscriber  # noqa: E402
from tenants.directory import IspRef, open_isp  # noqa: E402
from tests.forked import serve  # noqa: E402

DAY = timezone.localdate()


class Clerk:
    """Whoever pays back."""

    pk, audit_label, audit_kind = 7, "Clara", "staff"


def begin(isp: IspRef) -> None:
    """A payer presses the button."""
    with transaction.atomic():
        person, account = Subscriber.objects.get(number=901), GatewayAccount.objects.get()
    checkouts.begin_checkout(
        by=None,
        isp=isp,
        subscriber=person,
        account=account,
        amount=Decimal(800),
        at=timezone.now(),
        host="wispmega.localhost",
    )


def charge(isp: IspRef) -> None:
    """The hour of the saved cards."""
    autopay.charge_due(isp=isp, on=DAY, at=timezone.now())


def refund(isp: IspRef) -> None:
    """A clerk sends the form for a refund, always the same one."""
    with transaction.atomic():
        payment = Payment.objects.get()
    refunds.refund_payment(
        by=Clerk(),  # type: ignore[arg-type]
        payment=payment,
        amount=Decimal(300),
        reason="x",
        on=DAY,
        at=timezone.now(),
        key="form",
    )


def settle(isp: IspRef) -> None:
    """The periodic look, half an hour later."""
    at = timezone.now() + timedelta(minutes=30)
    with transaction.atomic():
        rows = list(Checkout.objects.filter(check_at__isnull=False).select_related("account"))
    for row in rows:
        truth.reconcile(checkout=row, at=at, isp=isp)
    refunds.sweep(on=DAY, at=at)


JOBS = {"begin": begin, "charge": charge, "refund": refund, "settle": settle}


def mark(die: str) -> None:
    """Have the process end by SIGKILL before or after a function is called."""
    when, _, path = die.partition(" ")
    module, _, name = path.partition(":")
    place: Any = locate(module)
    usual = getattr(place, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        usual(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(place, name, call)


def work(job: dict[str, Any]) -> None:
    if job["die"]:
        mark(job["die"])
    with public_scope():
        isp = open_isp(job["isp"])
    with isp_scope(isp):
        JOBS[job["do"]](isp)


if __name__ == "__main__":
    serve(work)
