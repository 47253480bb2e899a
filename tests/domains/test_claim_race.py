"""Fifty ISPs prove one name in the same moment, with real commits."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from core.models import AuditEntry
from core.scope import public_scope
from domains import claims, dns
from domains.models import Claim, DnsTarget, Domain, Finding
from tenants.models import ISP

HOST = "race.example"
CLAIMS = 50
WWW = f"www.{HOST}"


@pytest.fixture
def rivals(committed, monkeypatch, request):
    """Claims of as many ISPs. All have seen the name free before the first takes it."""
    ready, create = Barrier(CLAIMS, timeout=30), Domain.objects.create

    def together(**values):
        ready.wait()
        return create(**values)

    good = dns.Verdict(Finding.State.GOOD, "found")
    monkeypatch.setattr(dns, "examine", lambda claim: {"pointing": good, "ownership": good})
    monkeypatch.setattr(claims, "examiners", [])
    monkeypatch.setattr(Domain.objects, "create", together)
    with public_scope():
        isps = [ISP.objects.create(slug=f"race{n}", slug_skeleton=f"race{n}", name=f"Race {n}") for n in range(CLAIMS)]
        DnsTarget.objects.bulk_create([DnsTarget(isp=isp) for isp in isps])
        hosts = [HOST, getattr(request, "param", HOST)] * (CLAIMS // 2)
        rivals = [Claim(isp=isp, host=host, surface="portal") for isp, host in zip(isps, hosts, strict=True)]
        rivals = Claim.objects.bulk_create(rivals)
        yield rivals
        ISP.objects.filter(pk__in=[isp.pk for isp in isps]).delete()
        AuditEntry.objects.all().delete()


def race(rivals):
    def prove(claim):
        try:
            with public_scope():
                claims.check_claim(claim_uuid=claim.uuid, at=timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(CLAIMS) as threads:
        list(threads.map(prove, rivals))
    return Claim.objects.filter(host__endswith=HOST).exclude(live_at=None).count()


def test_a_race_of_fifty_claims_has_one_winner(rivals):
    assert race(rivals) == 1
    assert Domain.objects.filter(host=HOST).count() == 1
    taken = Finding.objects.filter(claim__host__endswith=HOST, check_name="ownership", reason="taken", state="bad")
    assert taken.count() == CLAIMS - 1


@pytest.mark.parametrize("rivals", [WWW], indirect=True)
def test_a_race_for_a_name_with_and_without_www_has_one_winner(rivals):
    assert race(rivals) == 1
    assert Domain.objects.count() == 1


@contextmanager
def without(*names):
    """The table without some of what makes its rows unique, as it was afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'domains_domain'")
        kept = [(name, text) for name, text in cursor.fetchall() if any(mark in text for mark in names)]
        assert len(kept) == len(names)
        for name, _ in kept:
            cursor.execute(f'ALTER TABLE domains_domain DROP CONSTRAINT IF EXISTS "{name}"')
            cursor.execute(f'DROP INDEX IF EXISTS "{name}"')
    try:
        yield
    finally:
        Domain.objects.all().delete()
        with connection.cursor() as cursor:
            for name, text in kept:
                cursor.execute(text)
                if text.endswith("btree (host)"):
                    cursor.execute(f'ALTER TABLE domains_domain ADD CONSTRAINT "{name}" UNIQUE USING INDEX "{name}"')


def test_without_the_unique_indexes_the_race_has_many_winners(rivals):
    """The control: what decides above is the table, not luck."""
    with without("btree (host)", "regexp_replace"):
        assert race(rivals) > 1


@pytest.mark.parametrize("rivals", [WWW], indirect=True)
def test_without_the_index_over_www_two_isps_win(rivals):
    with without("regexp_replace"):
        assert race(rivals) > 1
