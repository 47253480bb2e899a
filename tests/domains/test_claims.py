"""Claims of domains: what may be claimed, what the DNS says about it, and what follows."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.models import AuditEntry
from core.scope import public_scope
from domains import claims, dns, resolver
from domains.models import Claim, Domain, Finding, Surface
from domains.services import CannotAdd, remove_domain
from tenants.models import IspSuspension, Membership, PlatformMail, StaffUser
from tenants.roles import Role
from tenants.tasks import deliver_platform_mail
from tests.domains.zone import serve

HOST = "clientes.wispmega.example"


GOOD = dns.Verdict("good", "found")


@pytest.fixture
def page():
    """What a visit of the claimed host comes to; a test changes it."""
    return {"reachable": GOOD}


@pytest.fixture
def zone(settings, monkeypatch, page):
    monkeypatch.setattr(dns, "TIMEOUT", 0.2)
    monkeypatch.setattr(dns, "LIFETIME", 0.3)
    with serve() as zone, public_scope():
        settings.DNS_RESOLVERS = [f"127.0.0.1:{zone.port}"]
        settings.EDGE_ADDRESSES = ["192.0.2.10"]
        monkeypatch.setattr(claims, "examiners", [lambda claim: dict(page)])
        yield zone


@pytest.fixture
def claim(zone, isp):
    return claims.claim_domain(isp=isp, host=HOST, surface=Surface.PORTAL, by=None)


def check(claim, *, days=0):
    claims.check_claim(claim_uuid=claim.uuid, at=timezone.now() + timedelta(days=days))
    claim.refresh_from_db()


def reason(claim, name):
    finding = claim.findings.get(check_name=name)
    return finding.state, finding.reason


@pytest.mark.parametrize(
    "typed",
    [
        "https://Clientes.WispMega.example/portal?x=1",
        f" {HOST}. ",
        f"{HOST}:8443",
        HOST.upper(),
    ],
)
def test_a_domain_is_understood_however_it_is_typed(zone, isp, typed):
    assert claims.claim_domain(isp=isp, host=typed, surface=Surface.PORTAL, by=None).host == HOST


def test_an_international_name_is_kept_in_ascii_and_shown_as_written(zone, isp):
    claim = claims.claim_domain(isp=isp, host="https://señal.mx/", surface=Surface.PORTAL, by=None)
    assert (claim.host, claim.shown_host) == ("xn--seal-hqa.mx", "señal.mx")


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "a" * 300 + ".mx",
        "x" * 301,
        "😀.mx",
        "192.0.2.1",
        "https://[2001:db8::1]/",
        "http://[",
        "*.wispmega.example",
        "com.mx",
        "mx",
        "portal.localhost",
        "lastmile-login.example",
    ],
)
def test_what_is_no_domain_of_an_isps_own_is_refused_with_a_sentence(zone, isp, typed):
    with pytest.raises(CannotAdd) as refused:
        claims.claim_domain(isp=isp, host=typed, surface=Surface.PORTAL, by=None)
    assert str(refused.value).endswith(".")
    assert not Claim.objects.exists()


def test_two_isps_may_claim_one_name_but_none_twice(claim, isp, other_isp):
    assert claims.claim_domain(isp=other_isp, host=HOST, surface=Surface.PORTAL, by=None).token != claim.token
    with pytest.raises(CannotAdd):
        claims.claim_domain(isp=isp, host=HOST, surface=Surface.PORTAL, by=None)


def test_a_name_and_its_www_are_one_claim(claim, isp):
    with pytest.raises(CannotAdd, match="on your list"):
        claims.claim_domain(isp=isp, host=f"www.{HOST}", surface=Surface.PORTAL, by=None)
    assert Claim.objects.count() == 1


def test_a_captcha_that_does_not_work_keeps_no_domain_waiting(zone, claim, page):
    page["captcha"] = dns.Verdict("warning", "verifier_away")
    zone.prove(claim)
    check(claim)
    assert claim.is_ready
    assert reason(claim, "captcha") == ("warning", "verifier_away")


def test_a_domain_that_comes_back_is_told_of_anew(zone, claim):
    zone.prove(claim)
    check(claim)
    zone.drop(claim.proof_name, "TXT")
    for days in (1, 1.5, 8.1):
        check(claim, days=days)
    assert set(claim.told) == {"live", "lost", "disabled"}
    zone.prove(claim)
    check(claim, days=9)
    assert (claim.is_live, set(claim.told)) == (True, {"live"})


def test_an_isp_that_is_deleted_takes_its_claims_along(zone, claim, isp):
    check(claim)
    isp.delete()
    assert not Claim.objects.exists()
    assert not Finding.objects.exists()


def test_a_proved_claim_goes_live(zone, claim, isp):
    zone.prove(claim)
    check(claim)
    assert claim.is_live
    assert Domain.objects.live().get(host=HOST).isp == isp
    assert AuditEntry.objects.filter(verb="domains.domain.added").exists()


@pytest.mark.parametrize("missing", ["CNAME", "TXT"])
def test_half_a_proof_is_none(zone, claim, missing):
    zone.prove(claim)
    name = next(record.name for record in claim.records if record.kind == missing)
    zone.drop(name, missing)
    check(claim)
    assert not claim.is_live
    assert not Domain.objects.filter(host=HOST).exists()


def test_another_claims_token_proves_nothing(zone, claim):
    zone.prove(claim)
    zone.put(claim.proof_name, "TXT", '"lastmile-domain=other"')
    check(claim)
    assert reason(claim, "ownership") == ("bad", "wrong_value")
    assert not claim.is_live


def test_a_name_that_is_not_there(zone, claim):
    zone.put("wispmega.example", "SOA", "ns.example. mail.example. 1 60 60 60 60")
    check(claim)
    assert reason(claim, "pointing") == ("bad", "nxdomain")


def test_a_zone_that_is_gone(zone, claim):
    check(claim)
    assert reason(claim, "pointing") == ("bad", "expired")
    assert "wispmega.example is not registered" in claim.findings.get(check_name="pointing").sentence


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        (HOST, [], ("good", "free")),
        (HOST, ['0 issue "letsencrypt.org"'], ("good", "found")),
        ("wispmega.example", ['0 issue "letsencrypt.org"', '0 issue "other.example"'], ("good", "found")),
        ("wispmega.example", ['0 issue "other.example"'], ("bad", "forbidden")),
        ("wispmega.example", ['0 issue ";"'], ("bad", "forbidden")),
        ("wispmega.example", ['0 issue "letsencrypt.org; validationmethods=dns-01"'], ("bad", "method")),
        ("wispmega.example", ['0 issue "letsencrypt.org; validationmethods=http-01"'], ("good", "found")),
        ("wispmega.example", ['0 issuewild ";"'], ("good", "free")),
    ],
)
def test_caa_records_allow_or_forbid_our_authority(zone, claim, name, values, expected):
    zone.put(name, "CAA", *values)
    check(claim)
    assert reason(claim, "caa") == expected


def test_the_nearest_caa_records_decide_also_where_they_say_nothing_of_issuing(zone, claim):
    zone.put(HOST, "CAA", '0 iodef "mailto:noc@wispmega.example"')
    zone.put("wispmega.example", "CAA", '0 issue "other.example"')
    check(claim)
    assert reason(claim, "caa") == ("good", "free")


def test_a_caa_question_that_fails_is_a_warning(zone, claim):
    zone.failing.add("wispmega.example")
    check(claim)
    assert reason(claim, "caa") == ("warning", "servfail")


def test_a_domain_itself_gets_addresses_and_no_cname(zone, isp):
    claim = claims.claim_domain(isp=isp, host="wispmega.com.mx", surface=Surface.PORTAL, by=None)
    assert [(row.kind, row.relative_name, row.value) for row in claim.records] == [
        ("A", "@", "192.0.2.10"),
        ("TXT", "_lastmile", claim.proof),
    ]
    zone.prove(claim)
    check(claim)
    assert claim.is_live


def test_a_live_domain_is_ready_and_main_only_once_its_page_opens(zone, claim, isp, page):
    page["certificate"] = dns.Verdict("waiting", "not_issued")
    zone.prove(claim)
    check(claim)
    assert (claim.is_live, claim.is_ready) == (True, False)
    assert not Domain.objects.get(host=HOST).is_primary
    with pytest.raises(CannotAdd):
        claims.make_primary(domain=Domain.objects.get(host=HOST), by=None)
    page["certificate"] = dns.Verdict("good", "valid", "2027-01-01T00:00:00+00:00")
    check(claim)
    assert claim.is_ready
    assert Domain.objects.get(host=HOST).is_primary


def test_another_domain_becomes_main_and_the_first_leads_there(zone, claim, isp):
    second = claims.claim_domain(isp=isp, host="neu.example", surface=Surface.PORTAL, by=None)
    for each in (claim, second):
        zone.prove(each)
        check(each)
    assert not Domain.objects.get(host="neu.example").is_primary
    assert resolver.resolve("neu.example").redirect_to == HOST
    claims.make_primary(domain=Domain.objects.get(host="neu.example"), by=None)
    resolver.forget_all()
    site = resolver.resolve(HOST)
    assert (site.redirect_to, site.is_redirect_for_good) == ("neu.example", False)
    assert resolver.resolve("neu.example").redirect_to == ""


def test_the_operators_removal_ends_the_claim(zone, claim):
    zone.prove(claim)
    check(claim)
    remove_domain(host=HOST)
    assert not Claim.objects.exists()


def test_a_name_proved_by_another_says_so_and_since_when(zone, claim, other_isp):
    other = claims.claim_domain(isp=other_isp, host=f"www.{HOST}", surface=Surface.PORTAL, by=None)
    for each in (claim, other):
        zone.prove(each)
    check(claim)
    check(other)
    since = other.findings.get(check_name="ownership").since
    check(other, days=1)
    assert reason(other, "ownership") == ("bad", "taken")
    assert other.findings.get(check_name="ownership").since == since


def test_a_suspended_isps_claims_rest(claim, isp):
    by = StaffUser.objects.create(email="operator@example.org", is_operator=True)
    IspSuspension.objects.create(isp=isp, reason="unpaid", started_by=by)
    assert claims.take_due(at=timezone.now(), most=10) == []


def test_what_nobody_works_on_is_left_after_a_month_until_somebody_asks(zone, claim):
    check(claim, days=31)
    assert claim.next_check_at is None
    claims.check_soon(claim=claim, at=timezone.now())
    assert claims.take_due(at=timezone.now(), most=10) == [claim.uuid]


def test_a_server_that_fails(zone, claim):
    zone.failing.add(HOST)
    check(claim)
    assert reason(claim, "pointing") == ("warning", "servfail")


def test_a_server_that_does_not_answer_in_time(zone, claim):
    zone.mute.add(HOST)
    check(claim)
    assert reason(claim, "pointing") == ("warning", "timeout")


@pytest.mark.parametrize(
    ("code", "expected"),
    [(7, "signature_expired"), (6, "dnssec"), (9, "dnssec"), (10, "dnssec"), (None, "dnssec"), (23, "dnssec")],
)
def test_signatures_that_do_not_hold_have_a_line_of_their_own(zone, claim, code, expected):
    zone.prove(claim)
    zone.bogus = dict.fromkeys((HOST, claim.proof_name), code)
    check(claim)
    assert {reason(claim, name) for name in ("pointing", "ownership", "caa")} == {("warning", expected)}
    sentence = claim.findings.get(check_name="pointing").sentence
    assert "DNSSEC" in sentence
    assert HOST in sentence
    assert ("has run out" in sentence) == (expected == "signature_expired")
    assert not claim.is_live


@pytest.mark.parametrize("code", [7, None])
def test_signatures_of_a_name_that_is_not_there(zone, claim, code):
    zone.bogus = {HOST: code}
    check(claim)
    assert reason(claim, "pointing") == ("warning", "signature_expired" if code else "dnssec")


def test_a_server_that_fails_for_everybody_is_no_matter_of_signatures(zone, claim):
    zone.failing.add(HOST)
    zone.bogus = {HOST: 7}  # failing comes first: it gives no reason and no answer without checks
    check(claim)
    assert reason(claim, "pointing") == ("warning", "servfail")


def test_signatures_that_run_out_end_nothing(zone, claim):
    zone.prove(claim)
    check(claim)
    zone.bogus = dict.fromkeys((HOST, claim.proof_name), 7)
    check(claim, days=1)
    check(claim, days=60)
    assert claim.is_live
    assert claim.lost_since is None
    assert Domain.objects.live().filter(host=HOST).exists()


def test_a_loop_of_names(zone, claim):
    zone.put(HOST, "CNAME", "b.wispmega.example.")
    zone.put("b.wispmega.example", "CNAME", f"{HOST}.")
    check(claim)
    assert reason(claim, "pointing") == ("bad", "loop")


def test_the_wrong_target(zone, claim):
    zone.put(HOST, "CNAME", "elsewhere.example.")
    check(claim)
    assert reason(claim, "pointing") == ("bad", "wrong_target")


def test_several_answers(zone, claim):
    zone.put(HOST, "A", "192.0.2.10", "198.51.100.7")
    check(claim)
    assert reason(claim, "pointing") == ("bad", "several")


def test_a_proxied_address(zone, claim):
    zone.put(HOST, "A", "104.16.1.1")
    check(claim)
    assert reason(claim, "pointing") == ("bad", "proxied")


def test_the_edges_address_at_an_apex(zone, claim):
    zone.put(HOST, "A", "192.0.2.10")
    check(claim)
    assert reason(claim, "pointing") == ("good", "found")


def test_an_outage_disables_nobody(zone, claim):
    zone.prove(claim)
    check(claim)
    zone.failing |= {HOST, claim.proof_name}
    check(claim, days=1)
    check(claim, days=60)
    assert claim.is_live
    assert claim.lost_since is None
    zone.failing, zone.mute = set(), {HOST, claim.proof_name}
    check(claim, days=61)
    check(claim, days=120)
    assert claim.is_live
    assert Domain.objects.live().filter(host=HOST).exists()


def test_a_lost_proof_warns_and_after_the_grace_disables(zone, claim):
    zone.prove(claim)
    check(claim)
    zone.drop(claim.proof_name, "TXT")
    check(claim, days=1)
    assert claim.is_lost
    check(claim, days=7)
    assert claim.is_live
    assert Domain.objects.live().filter(host=HOST).exists()
    check(claim, days=8.1)
    assert claim.is_disabled
    assert not Domain.objects.live().filter(host=HOST).exists()


def test_a_proof_that_comes_back_ends_the_grace(zone, claim):
    zone.prove(claim)
    check(claim)
    zone.drop(claim.proof_name, "TXT")
    check(claim, days=1)
    zone.prove(claim)
    check(claim, days=2)
    assert claim.is_live
    assert not claim.is_lost


def test_a_lost_or_released_domain_goes_to_whoever_proves_it(zone, claim, other_isp):
    zone.prove(claim)
    check(claim)
    claims.release_claim(claim=claim, by=None)
    assert not Domain.objects.filter(host=HOST).exists()
    other = claims.claim_domain(isp=other_isp, host=HOST, surface=Surface.PORTAL, by=None)
    zone.prove(other)
    check(other)
    assert Domain.objects.live().get(host=HOST).isp == other_isp


def test_the_checks_come_in_seconds_then_minutes_then_days(zone, claim):
    pauses = []
    for _ in range(12):
        at = timezone.now()
        claims.check_claim(claim_uuid=claim.uuid, at=at)
        claim.refresh_from_db()
        pauses.append((claim.next_check_at - at).total_seconds())
    assert pauses[:3] == [10, 20, 40]
    assert pauses[-1] == 1800
    check(claim, days=4)
    assert claim.next_check_at - timezone.now() > timedelta(days=4, hours=5)
    zone.prove(claim)
    at = timezone.now()
    claims.check_claim(claim_uuid=claim.uuid, at=at)
    claim.refresh_from_db()
    assert claim.next_check_at - at == timedelta(days=1)


def test_due_claims_are_taken_once(claim):
    now = timezone.now()
    assert claims.take_due(at=now, most=10) == [claim.uuid]
    assert claims.take_due(at=now, most=10) == []


def test_news_leave_at_once_and_do_not_wait_for_the_sweep(
    zone, claim, isp, monkeypatch, django_capture_on_commit_callbacks
):
    sent = []
    monkeypatch.setattr(deliver_platform_mail, "delay", lambda *, mail_id: sent.append(mail_id))
    owner = StaffUser.objects.create(email="owner@wispmega.example", name="Olga")
    Membership.objects.create(isp=isp, user=owner, role=Role.OWNER)
    zone.prove(claim)
    with django_capture_on_commit_callbacks(execute=True):
        check(claim)
    assert sent == list(PlatformMail.objects.values_list("pk", flat=True)) != []


def test_owners_are_told_what_happens_to_a_domain(zone, claim, isp):
    owner = StaffUser.objects.create(email="owner@wispmega.example", name="Olga")
    Membership.objects.create(isp=isp, user=owner, role=Role.OWNER)
    clerk = StaffUser.objects.create(email="clerk@wispmega.example", name="Carlos")
    Membership.objects.create(isp=isp, user=clerk, role=Role.SUPPORT)

    def subjects():
        assert set(PlatformMail.objects.values_list("to", flat=True)) <= {owner.email}
        return list(PlatformMail.objects.order_by("pk").values_list("subject", flat=True))

    check(claim)
    assert subjects() == []
    check(claim, days=3)
    check(claim, days=4)
    [stuck] = PlatformMail.objects.all()
    assert claim.proof in stuck.text
    zone.prove(claim)
    check(claim, days=5)
    zone.drop(claim.proof_name, "TXT")
    check(claim, days=6)
    check(claim, days=6.5)
    check(claim, days=7)
    check(claim, days=14)
    assert subjects() == [
        f"{HOST} is not ready yet",
        f"{HOST} works",
        f"{HOST} is about to stop working",
        f"{HOST} no longer works",
    ]


def told(*arguments):
    out = StringIO()
    call_command("claim_domain", *arguments, stdout=out)
    return out.getvalue()


def test_on_the_terminal_a_claim_tells_its_records_and_how_far_it_is(zone, isp):
    first = told(HOST, "--isp", isp.slug)
    claim = isp.claims.get()
    assert all(record.value in first for record in claim.records)
    assert "not live yet" in first
    assert "pointing: bad, expired" in told(HOST, "--isp", isp.slug, "--check")
    zone.prove(claim)
    last = told(HOST, "--isp", isp.slug, "--check")
    assert (f"{HOST}: live" in last, "ownership: good, found" in last) == (True, True)
    assert isp.claims.count() == 1


@pytest.mark.parametrize(("slug", "host", "says"), [("nobody", HOST, "slug"), (None, "*.wispmega.example", "wildcard")])
def test_on_the_terminal_what_cannot_be_claimed_is_one_line(zone, isp, slug, host, says):
    with pytest.raises(CommandError, match=says) as caught:
        told(host, "--isp", slug or isp.slug)
    assert caught.value.returncode == 2
