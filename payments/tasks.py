"""What is done about payments behind the pages: events, looks, charges of saved cards, and what is left over."""

import zoneinfo
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from core.celery import IspTask, app, enqueue_on_commit
from core.periodic import for_each_isp
from core.scope import public_scope
from payments.gateways.base import GatewayAway
from payments.models import Checkout, GatewayAccount
from payments.services import lookup, reports
from tenants import directory

LOOKS = 200  # of one run


def _isp(isp_id: int) -> directory.IspRef:
    with public_scope():
        return directory.open_isp(isp_id)


def _today(isp: directory.IspRef, at: datetime) -> date:
    return timezone.localdate(at, timezone=zoneinfo.ZoneInfo(isp.timezone))


@app.task(base=IspTask, atomic=False)
def process_event(*, isp_id: int, event_id: int = 0) -> None:
    """Do what an event of a gateway is about. What is not done now the sweep finds."""
    from payments.services import doorbells

    try:
        doorbells.process_event(event_id=event_id, isp=_isp(isp_id), at=timezone.now())
    except GatewayAway:
        return


def queue_event(*, isp_id: int, event_id: int) -> None:
    """Process an event once this transaction is durable."""
    enqueue_on_commit(process_event, isp_id=isp_id, event_id=event_id)


@for_each_isp("gateway-looks", every=timedelta(minutes=5))
@app.task(base=IspTask, atomic=False)
def sweep_gateways(*, isp_id: int) -> None:
    """Read what is under way from the gateways, so that a bell that was never heard costs nothing."""
    from payments.services import doorbells, refunds, truth

    isp, at = _isp(isp_id), timezone.now()
    with transaction.atomic():
        if not GatewayAccount.objects.exists():
            return
        due = list(Checkout.objects.due(at=at).select_related("account")[:LOOKS])
    doorbells.sweep(isp=isp, at=at)
    for checkout in due:
        truth.reconcile(checkout=checkout, at=at, isp=isp)
    refunds.sweep(on=_today(isp, at), at=at)


@for_each_isp("saved-cards", every=timedelta(hours=1))
@app.task(base=IspTask, atomic=False)
def charge_saved_cards(*, isp_id: int) -> None:
    """Charge the saved cards of those who owe something that is due, and have ended ones forgotten."""
    from payments.services import autopay

    isp, at = _isp(isp_id), timezone.now()
    autopay.charge_due(isp=isp, on=_today(isp, at), at=at)
    autopay.forget_ended(at=at)


@for_each_isp("gateway-keys", every=timedelta(days=1))
@app.task(base=IspTask, atomic=False)
def check_gateway_keys(*, isp_id: int) -> None:
    """See whether the keys still work."""
    from payments.services import gateway_accounts

    with transaction.atomic():
        accounts = list(GatewayAccount.objects.filter(is_active=True))
    for account in accounts:
        if account.kind:
            gateway_accounts.check_gateway(account=account, at=timezone.now())


@for_each_isp("payment-drafts", every=timedelta(hours=1))
@app.task(base=IspTask)
def sweep_payment_drafts(*, isp_id: int) -> None:
    """Remove an ISP's vouchers of forms that nobody sent, and balance links that are over."""
    reports.sweep_drafts()
    lookup.sweep_links()


@app.task(base=IspTask, atomic=False)
def work_on_statement(*, isp_id: int, statement_id: int) -> None:
    """Read a statement, take it in, compare it."""
    from payments.services import statement_work

    statement_work.work_on(statement_id=statement_id, isp_id=isp_id)


@app.task(base=IspTask, atomic=False)
def book_wanted_lines(*, isp_id: int) -> None:
    """Book the bank lines that somebody has said yes to."""
    from payments.services import certain

    certain.work_off(isp_id=isp_id)


@for_each_isp("inbox", every=timedelta(minutes=10))
@app.task(base=IspTask, atomic=False)
def sweep_inbox(*, isp_id: int) -> None:
    """Go on with statements and bookings whose worker is gone, and compare open lines with what is owed by now."""
    from payments.services import certain

    certain.sweep(isp_id=isp_id)
