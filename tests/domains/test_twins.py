"""`www.` before a domain: no certificate for a name that the DNS does not know, and one soon after it does."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.scope import public_scope
from domains import permission, tasks, twins
from domains.models import Domain
from domains.permission import may_have_certificate
from tests.dashboard.settings_pages import staff_client
from tests.domains.test_claims import HOST, check, claim, page, zone  # noqa: F401 - fixtures

WWW = f"www.{HOST}"


@pytest.fixture
def live(zone, claim):  # noqa: F811
    """A claim whose domain works."""
    permission.forget_all()
    zone.prove(claim)
    check(claim)
    assert claim.is_ready
    yield claim
    permission.forget_all()


def asked(name=WWW) -> bool:
    """What the edge is told now, with nothing kept from before."""
    permission.forget_all()
    return may_have_certificate(name)


def sweep(*, after=timedelta()) -> list[str]:
    """Do what the sweep of the wanted names would, and say which names it took."""
    at = timezone.now() + after
    hosts = twins.take_wanted(at=at, most=tasks.WANTED)
    for host in hosts:
        twins.look(host=host, at=at)
    return hosts


def test_visits_to_a_name_that_is_not_there_order_nothing(live):
    for _ in range(5):
        assert not asked()
        sweep()
    assert asked(HOST)


def test_without_the_mark_made_up_visits_would_order(live, monkeypatch):
    """The control: what was asked before, whether the domain itself is live."""
    monkeypatch.setattr(permission, "_is_live", lambda host: Domain.objects.filter(host=host[4:]).exists())
    assert asked()


def test_a_name_that_leads_here_is_allowed_soon_after_somebody_asked(live, zone):  # noqa: F811
    zone.put(WWW, "CNAME", f"{HOST}.")
    assert not asked()
    assert sweep() == [HOST]
    assert asked()
    # Then nobody needs to look any more but the checks of the claim.
    assert sweep() == []


def test_the_checks_of_the_claim_find_it_before_anybody_asks(live, zone):  # noqa: F811
    zone.put(WWW, "CNAME", f"{live.isp.dns_target.host}.")
    check(live)
    assert asked()


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([("A", "192.0.2.10")], True),
        ([("A", "198.51.100.7")], False),
        ([("CNAME", "0123456789abcdef.cname.localhost.")], False),
        ([("A", "104.16.1.1")], False),  # behind Cloudflare's proxy no certificate of ours is seen
    ],
)
def test_it_must_lead_here_and_nowhere_else(live, zone, records, expected):  # noqa: F811
    for kind, value in records:
        zone.put(WWW, kind, value)
    check(live)
    assert asked() is expected


def test_a_record_that_is_gone_ends_it_and_an_outage_does_not(live, zone):  # noqa: F811
    zone.put(WWW, "CNAME", f"{HOST}.")
    check(live)
    zone.failing.add(WWW)
    check(live)
    assert asked()
    zone.failing.clear()
    zone.drop(WWW, "CNAME")
    check(live)
    assert not asked()


def test_it_is_looked_at_once_in_some_minutes_however_many_ask(live):
    assert not asked()
    first = Domain.objects.get(host=HOST).www_wanted_at
    assert not asked()
    assert Domain.objects.get(host=HOST).www_wanted_at == first
    assert sweep() == [HOST]
    assert not asked()
    assert sweep() == []
    domain = Domain.objects.get(host=HOST)
    twins.want(domain=domain, at=timezone.now() + twins.PAUSE + timedelta(seconds=1))
    assert sweep(after=twins.PAUSE) == [HOST]


def test_a_round_takes_a_bounded_number(isp):
    with public_scope():
        now = timezone.now()
        for n in range(5):
            Domain.objects.create(
                isp=isp, host=f"d{n}.example", surface="portal", is_primary=False, verified_at=now, www_wanted_at=now
            )
        assert len(twins.take_wanted(at=now, most=3)) == 3
        assert len(twins.take_wanted(at=now, most=3)) == 2


def test_a_domain_that_begins_with_www_has_no_twin(isp, zone):  # noqa: F811
    with public_scope():
        Domain.objects.create(isp=isp, host="www.direct.example", surface="portal", verified_at=timezone.now())
        zone.put("www.www.direct.example", "A", "192.0.2.10")
        twins.look(host="www.direct.example", at=timezone.now())
        assert Domain.objects.get(host="www.direct.example").www_seen_at is None
        assert asked("www.direct.example")
        assert not asked("www.www.direct.example")
        assert not asked("direct.example")


def test_the_page_says_how_it_is_switched_on_and_that_it_is(live, isp, zone):  # noqa: F811
    address = f"/wispmega/settings/domains/{live.uuid}/"
    text = staff_client(isp).get(address).content.decode()
    assert WWW in text
    assert "create one record more" in text
    zone.put(WWW, "CNAME", f"{HOST}.")
    with public_scope():
        check(live)
    text = staff_client(isp).get(address).content.decode()
    assert "leads here" in text
    assert "create one record more" not in text
