"""Two claims in the same moment where the plan has room for one, with real commits."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest
from django.db import connection

from core.models import AuditEntry
from core.scope import public_scope
from domains import claims
from domains.models import Claim, DnsTarget, Surface
from domains.services import PlanLimit
from tenants.models import ISP
from tenants.plans import LIMITS, Limits, Plan


@pytest.fixture
def crowded(committed, monkeypatch):
    """An ISP with room for one domain. Who has found room waits for the other one, if it can come at all."""
    both, check = Barrier(2, timeout=3), claims.check_limit

    def found_room(isp):
        check(isp)
        with suppress(BrokenBarrierError):
            both.wait()

    monkeypatch.setitem(LIMITS, Plan.PRO, Limits(domains=1))
    monkeypatch.setattr(claims, "check_limit", found_room)
    with public_scope():
        isp = ISP.objects.create(slug="crowded", slug_skeleton="crowded", name="Crowded")
        DnsTarget.objects.create(isp=isp)
        yield isp
        isp.delete()
        AuditEntry.objects.all().delete()


def race(isp):
    def try_it(host):
        try:
            with public_scope(), suppress(PlanLimit):
                claims.claim_domain(isp=isp, host=host, surface=Surface.PORTAL, by=None)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(try_it, ["one.crowded.example", "two.crowded.example"]))
    return Claim.objects.filter(isp=isp).count()


def test_two_claims_at_once_do_not_outwit_the_plan(crowded):
    assert race(crowded) == 1


def test_without_the_lock_of_the_isp_they_do(crowded, monkeypatch):
    """The control: what keeps the second one out is the lock, not luck."""
    monkeypatch.setattr(ISP.objects, "select_for_update", ISP.objects.all)
    assert race(crowded) == 2
