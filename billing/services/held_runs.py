"""Runs that begin by themselves and stop at a bound: those who may let them go on are told, once."""

from typing import Any

from billing import clock
from billing.models import BillingRun, SuspensionRun
from company.models import Profile
from core.scope import public_scope
from domains.links import staff_url
from messaging.services import send_mail
from tenants.roles import Right
from tenants.services.memberships import who_may

FAULTS = {"failed", "missing", "not_kept"}  # at which a run stops, and which are no limits of the ISP's


def tell_suspension(*, run: SuspensionRun, planned: int) -> None:
    """A suspension of so many subscribers waits for somebody to look at it."""
    _tell("billing/kept_back", path=f"suspension/{run.uuid}/", rule=run.title, planned=planned)


def tell_billing(*, run: BillingRun) -> None:
    """A billing run of the schedule did not begin, or has stopped on its way."""
    is_fault = run.report.get("stopped", {}).get("kind") in FAULTS
    about = {"on": run.on, "count": run.expected_count, "amount": run.expected_amount, "made": run.count}
    _tell(
        "billing/run_held",
        path=f"billing/runs/{run.uuid}/",
        was_begun=run.was_begun,
        is_fault=is_fault,
        group=run.group,
        **about,
    )


def _tell(template: str, *, path: str, **context: Any) -> None:
    """Write to everybody who may run the billing, in their language; if there is nobody, to the company."""
    isp = clock.current_isp()
    with public_scope():
        people = {user.email: user.language for user in who_may(isp=isp, right=Right.BILLING_RUNS)}
    people = people or {Profile.load().email: isp.language}
    for address, language in people.items():
        if address:
            send_mail(template=template, language=language, to=address, isp=isp, link=staff_url(isp, path), **context)
