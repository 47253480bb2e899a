"""Own domains in the settings: adding one, its checklist, its records, giving it up."""

import html
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
from django.utils import timezone

from core.models import AuditEntry
from core.scope import public_scope
from domains.models import Claim, DnsTarget, Domain, Finding
from tests.dashboard.settings_pages import staff_client, text_of

PAGE = "/wispmega/settings/domains/"
HOST = "clientes.wispmega.example"


@pytest.fixture
def page(isp):
    return staff_client(isp)


@pytest.fixture
def claim(isp):
    with public_scope():
        DnsTarget.objects.create(isp=isp)
        return Claim.objects.create(isp=isp, host=HOST, surface="portal", next_check_at=timezone.now())


def at_claim(claim, verb=""):
    return f"{PAGE}{claim.uuid}/{verb}"


def only(model=Claim):
    with public_scope():
        return model.objects.get()


def test_a_domain_typed_in_leads_to_the_records_to_create(isp, page):
    sent = page.post(PAGE, {"host": "https://Clientes.WispMega.example/x", "surface": "portal"})
    with public_scope():
        claim = Claim.objects.select_related("isp__dns_target").get()
        records = claim.records
    assert sent.headers["Location"] == at_claim(claim)
    text = text_of(page.get(at_claim(claim)))
    for record in records:
        assert f'value="{record.value}"' in text
        assert f'value="{record.relative_name}"' in text
    assert text.count("Not looked at yet.") == 5
    with public_scope():
        assert AuditEntry.objects.filter(verb="domains.claim.made").exists()


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("com.mx", "belongs to nobody"),
        ("*.wispmega.example", "wildcard"),
        ("192.0.2.1", "IP address"),
        ("", "required"),
    ],
)
def test_what_cannot_be_a_domain_is_said_at_the_field_and_stays_there(page, typed, says):
    sent = page.post(PAGE, {"host": typed, "surface": "portal"})
    assert sent.status_code == 422
    assert says in text_of(sent)
    assert f'value="{typed}"' in text_of(sent) or not typed
    with public_scope():
        assert not Claim.objects.exists()


def test_the_list_comes_only_when_it_reads_differently(page, claim):
    text = text_of(page.get(at_claim(claim)))
    seen = text.partition("checklist/?seen=")[2].partition('"')[0]
    assert page.get(at_claim(claim, f"checklist/?seen={seen}")).status_code == 204
    now = timezone.now()
    with public_scope():
        Finding.objects.create(
            claim=claim,
            check_name="pointing",
            state="bad",
            reason="proxied",
            value="104.16.1.1",
            since=now,
            checked_at=now,
        )
    part = text_of(page.get(at_claim(claim, f"checklist/?seen={seen}")))
    assert "A proxy stands in between (104.16.1.1)" in part
    assert "<html" not in part


def test_looking_again_is_soon_and_not_for_ever(page, claim):
    with public_scope():
        Claim.objects.update(next_check_at=None, checks=9)
    page.post(at_claim(claim, "check/"))
    assert only().checks == 0
    assert only().next_check_at <= timezone.now()
    for _ in range(10):
        page.post(at_claim(claim, "check/"))
    with public_scope():
        Claim.objects.update(next_check_at=None)
    page.post(at_claim(claim, "check/"))
    assert only().next_check_at is None


def test_a_ready_domain_becomes_the_main_one(isp, page, claim):
    now = timezone.now()
    with public_scope():
        Domain.objects.create(isp=isp, host="old.example", surface="portal", verified_at=now)
        Domain.objects.create(isp=isp, host=HOST, surface="portal", verified_at=now, is_primary=False)
    page.post(at_claim(claim, "primary/"))
    with public_scope():
        assert Domain.objects.get(is_primary=True).host == "old.example"
        Claim.objects.update(live_at=now, ready_at=now)
    page.post(at_claim(claim, "primary/"))
    with public_scope():
        assert Domain.objects.get(is_primary=True).host == HOST


def test_a_domain_is_given_up_only_when_it_is_meant(page, claim):
    page.post(at_claim(claim, "release/"))
    assert only() == claim
    page.post(at_claim(claim, "release/"), {"is_meant": "1"})
    with public_scope():
        assert not Claim.objects.exists()
        assert AuditEntry.objects.filter(verb="domains.claim.released").exists()


def test_another_isps_staff_reach_no_claim(other_isp, claim):
    stranger = staff_client(other_isp)
    for verb in ["", "checklist/"]:
        assert HOST not in text_of(stranger.get(f"/fibrandina/settings/domains/{claim.uuid}/{verb}"))
    for verb in ["check/", "primary/", "release/", "https/"]:
        stranger.post(f"/fibrandina/settings/domains/{claim.uuid}/{verb}", {"is_meant": "1", "seconds": "300"})
    assert (only().pk, only().next_check_at) == (claim.pk, claim.next_check_at)


def test_who_runs_the_dns_sees_the_records_without_a_login(at, claim):
    text = text_of(at("app.localhost").get(f"/dns/{claim.page_key}/"))
    assert claim.proof in text
    assert "settings" not in text
    assert claim.proof not in text_of(at("app.localhost").get(f"/dns/{claim.uuid}/"))


def test_whoever_runs_the_dns_reads_times_with_their_zone_and_can_send_or_print_it_all(at, claim, isp):
    with public_scope():
        Finding.objects.create(
            claim=claim,
            check_name="caa",
            state="good",
            reason="free",
            since=datetime(2026, 3, 4, 18, 5, tzinfo=UTC),
            checked_at=datetime(2026, 3, 4, 18, 5, tzinfo=UTC),
        )
        records = claim.records
    page = at("app.localhost").get(f"/dns/{claim.page_key}/", headers={"Accept-Language": "es"})
    text = text_of(page)
    assert "12:05" in text
    assert "America/Mexico_City (UTC -0600)" in text
    whole = html.unescape(text.partition('id="text"')[2].partition(">")[2].partition("</textarea>")[0])
    mail = unquote(html.unescape(text.partition('href="mailto:')[2].partition('"')[0])).replace("\r\n", "\n")
    for record in records:
        for value in (record.kind, record.name, record.value):
            assert value in whole
            assert value in mail
        assert f"<dd>{record.value}</dd>" in text  # whole on paper
    for said in (whole, mail):
        assert f"http://app.localhost/dns/{claim.page_key}/" in said
        assert "WispMega" in said
        assert "registros" in said
    assert "subject=" in mail
    assert "noindex" in text


def test_the_page_of_a_domain_offers_to_mail_the_records(page, claim):
    text = text_of(page.get(at_claim(claim)))
    mail = unquote(html.unescape(text.partition('href="mailto:')[2].partition('"')[0]))
    assert claim.proof in mail
    assert claim.page_key in mail


@pytest.fixture
def live(isp, claim):
    """The claim's domain works; its certificate comes later."""
    now = timezone.now()
    with public_scope():
        Claim.objects.update(live_at=now, ready_at=now)
        return Domain.objects.create(isp=isp, host=HOST, surface="portal", verified_at=now)


@pytest.fixture
def certificate(claim):
    with public_scope():
        until = timezone.now().isoformat()
        Finding.objects.create(claim=claim, check_name="certificate", state="good", reason="valid", value=until)


def test_https_only_is_explained_and_offered_once_the_certificate_is_seen(page, claim, live, isp, request):
    text = text_of(page.get(at_claim(claim)))
    assert "HTTPS only (HSTS)" in text
    assert "how to get out of it" in text
    assert "once we see a certificate" in text
    assert 'name="seconds"' not in text
    page.post(at_claim(claim, "https/"), {"seconds": "300"})
    with public_scope():
        assert Domain.objects.get().hsts_seconds is None
    request.getfixturevalue("certificate")
    text = text_of(page.get(at_claim(claim)))
    assert 'value="300" selected' in text
    assert 'value="86400"' not in text
    said = text_of(page.post(at_claim(claim, "https/"), {"seconds": "300"}, follow=True))
    with public_scope():
        assert Domain.objects.get().hsts_seconds == 300
    assert "on for 5 minutes" in said
    assert "The next step can be taken from" in said
    assert "for 5 minutes after their last visit" in said  # where the domain is given up
    assert "5 minutes" in text_of(page.get("/wispmega/audit/")).partition("<tbody>")[2]


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ("", "one of the steps"),
        ("x", "one of the steps"),
        ("31536000", "one step"),
        ("-5", "one step"),
        ("7", "one step"),
    ],
)
def test_a_step_that_is_none_changes_nothing(page, claim, live, certificate, sent, says):
    assert says in text_of(page.post(at_claim(claim, "https/"), {"seconds": sent}, follow=True))
    with public_scope():
        assert Domain.objects.get().hsts_seconds is None


def test_https_only_is_left_again(page, claim, live, certificate):
    with public_scope():
        Domain.objects.update(hsts_seconds=365 * 86400, hsts_since=timezone.now())
    text = text_of(page.get(at_claim(claim)))
    assert [f'value="{step}"' in text for step in (0, 300, 86400, 2592000)] == [True] * 4
    said = text_of(page.post(at_claim(claim, "https/"), {"seconds": "0"}, follow=True))
    assert "being forgotten" in said
    with public_scope():
        assert Domain.objects.get().hsts_seconds == 0
