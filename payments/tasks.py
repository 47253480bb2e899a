"""Sweeps of what nobody came back for."""

from datetime import timedelta

from core.celery import IspTask, app
from core.periodic import for_each_isp
from payments.services import lookup, reports


@for_each_isp("payment-drafts", every=timedelta(hours=1))
@app.task(base=IspTask)
def sweep_payment_drafts(*, isp_id: int) -> None:
    """Remove an ISP's vouchers of forms that nobody sent, and balance links that are over."""
    reports.sweep_drafts()
    lookup.sweep_links()
