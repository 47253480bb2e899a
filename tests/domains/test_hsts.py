"""HTTPS only (HSTS): who may ask for it, what browsers are told, and on which hosts nothing is said."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from core.models import AuditEntry
from core.scope import public_scope
from domains import hsts, probe, resolver
from domains.models import Claim, Domain, Finding
from tenants.models import IspSuspension, StaffUser

HOST = "clientes.wispmega.example"
NAME = "Strict-Transport-Security"
DAY = 86_400


@pytest.fixture
def claim(isp):
    """A live domain with a certificate that browsers trust."""
    now = timezone.now()
    with public_scope():
        Domain.objects.create(isp=isp, host=HOST, surface="portal", verified_at=now)
        claim = Claim.objects.create(isp=isp, host=HOST, surface="portal", live_at=now, ready_at=now)
        Finding.objects.create(
            claim=claim, check_name="certificate", state="good", reason="valid", value=now.isoformat()
        )
        yield claim


def insist(claim, seconds):
    hsts.insist(claim=claim, seconds=seconds, by=None)
    resolver.forget_all()
    return Domain.objects.get(host=claim.host)


def said(at, host, *, secure=True, path="/sign-in/"):
    answer = at(host).get(path, secure=secure)
    answer.getvalue()  # which closes a file
    return answer.headers.get(NAME)


def test_a_host_that_never_asked_says_nothing(at, claim):
    for host in (HOST, f"www.{HOST}", "wispmega.localhost", "app.localhost", "localhost", "portal.localhost"):
        assert said(at, host) is None


def test_it_is_said_over_https_on_this_very_host_and_nowhere_else(at, claim, isp):
    Domain.objects.create(isp=isp, host="neu.example", surface="portal", verified_at=timezone.now(), is_primary=False)
    insist(claim, 300)
    assert said(at, HOST) == "max-age=300"
    assert said(at, HOST, path="/static/css/lastmile.css") == "max-age=300"
    assert said(at, HOST, path="/no/such/page/") == "max-age=300"
    assert said(at, HOST, secure=False) is None
    others = (f"www.{HOST}", "neu.example", "wispmega.localhost", "app.localhost", "localhost", "unknown.example")
    for host in (*others, "fibrandina.localhost", "portal.localhost"):
        assert said(at, host) is None


def test_a_domain_that_leads_to_the_main_one_says_what_it_was_asked_to(at, claim, isp):
    insist(claim, 300)
    Domain.objects.filter(host=HOST).update(is_primary=False)
    Domain.objects.create(isp=isp, host="neu.example", surface="portal", verified_at=timezone.now())
    resolver.forget_all()
    answer = at(HOST).get("/sign-in/", secure=True)
    assert answer.headers["Location"].endswith("//neu.example/sign-in/")
    assert answer.headers[NAME] == "max-age=300"


def test_a_forged_header_does_not_make_it_https(at, claim, settings):
    insist(claim, 300)
    assert said(at, HOST, secure=False) is None
    forged = at(HOST).get("/sign-in/", headers={"X-Forwarded-Proto": "https"})
    assert NAME not in forged.headers
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # as behind our own edge
    assert at(HOST).get("/sign-in/", headers={"X-Forwarded-Proto": "https"}).headers[NAME] == "max-age=300"


def test_it_never_speaks_for_names_below_nor_for_a_list_of_browsers(claim):
    for seconds in (0, *hsts.STEPS):
        assert hsts.header(seconds) == f"max-age={seconds}"
    assert hsts.header(None) == ""


def test_it_begins_small_and_grows_by_single_steps_that_have_held(claim):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for too_much in (DAY, 30 * DAY, 365 * DAY, 7, -1, 10**8):
            with pytest.raises(hsts.CannotInsist, match="one step at a time"):
                insist(claim, too_much)
        insist(claim, 300)
        with pytest.raises(hsts.CannotInsist, match="has held"):
            insist(claim, DAY)
        clock.shift(301)
        insist(claim, DAY)
        clock.shift(DAY - 1)
        with pytest.raises(hsts.CannotInsist, match="has held"):
            insist(claim, 30 * DAY)
        clock.shift(2)
        insist(claim, 30 * DAY)
        with pytest.raises(hsts.CannotInsist, match="has held"):
            insist(claim, 365 * DAY)
        clock.shift(DAY)
        assert insist(claim, 365 * DAY).hsts_seconds == 365 * DAY


def test_without_a_certificate_it_can_only_become_less(claim):
    claim.findings.update(state="warning", reason="expires_soon")
    with pytest.raises(hsts.CannotInsist, match="certificate"):
        insist(claim, 300)
    claim.findings.update(state="good", reason="valid")
    insist(claim, 300)
    claim.findings.all().delete()
    with time_machine.travel(timezone.now() + timedelta(days=3)), pytest.raises(hsts.CannotInsist, match="certificate"):
        insist(claim, DAY)
    assert insist(claim, 0).hsts_seconds == 0


def test_the_way_out_tells_browsers_to_forget(at, claim):
    Domain.objects.filter(host=HOST).update(hsts_seconds=365 * DAY, hsts_since=timezone.now())
    resolver.forget_all()
    assert said(at, HOST) == f"max-age={365 * DAY}"
    insist(claim, DAY)
    assert said(at, HOST) == f"max-age={DAY}"
    insist(claim, 0)
    assert said(at, HOST) == "max-age=0"


def test_what_changed_is_written_down_and_what_did_not_is_not(claim):
    insist(claim, 0)
    assert not AuditEntry.objects.filter(verb="domains.domain.hsts_changed").exists()
    assert Domain.objects.get(host=HOST).hsts_seconds is None
    insist(claim, 300)
    insist(claim, 300)
    insist(claim, 0)
    rows = AuditEntry.objects.filter(verb="domains.domain.hsts_changed").order_by("pk")
    assert [(row.details["before"], row.details["after"]) for row in rows] == [(None, 300), (300, 0)]


def test_a_domain_that_does_not_work_yet_cannot_insist(claim):
    Domain.objects.update(verified_at=None)
    with pytest.raises(hsts.CannotInsist, match="does not work yet"):
        insist(claim, 300)


def test_a_domain_that_comes_to_another_isp_says_nothing_of_what_was_before(at, claim, other_isp):
    insist(claim, 300)
    Domain.objects.filter(host=HOST).delete()
    Domain.objects.create(isp=other_isp, host=HOST, surface="portal", verified_at=timezone.now())
    resolver.forget_all()
    assert said(at, HOST) is None


def test_off_the_air_the_host_keeps_to_it(at, claim, isp):
    insist(claim, 300)
    by = StaffUser.objects.create(email="operator@example.org", is_operator=True)
    IspSuspension.objects.create(isp=isp, reason="unpaid", started_by=by)
    resolver.forget_all()
    answer = at(HOST).get(probe.PATH, secure=True)
    assert answer.status_code == 503
    assert answer.headers[NAME] == "max-age=300"
