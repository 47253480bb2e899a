"""Trying reCAPTCHA keys on a host, against a verifier that speaks HTTPS on loopback."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from company import captcha_tests, domain_check
from company.models import CaptchaKeys, CaptchaTest
from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from domains.models import Claim, DnsTarget, Domain, Finding
from tests.dashboard.settings_pages import staff_client, text_of
from tests.preinstall.test_captcha import HOST as VERIFIED
from tests.preinstall.test_captcha import SECRET, verifier  # noqa: F401 - a fixture

HOST = VERIFIED  # the host that the verifier names in its answers


@pytest.fixture
def keys(isp):
    with isp_scope(isp):
        return CaptchaKeys.objects.create(domain=HOST, site_key="site-key-1", secret_key=SECRET)


@pytest.fixture
def claim(isp):
    """A claim whose host is that of the verifier's answers, so that its checklist can be looked at."""
    now = timezone.now()
    with public_scope():
        DnsTarget.objects.create(isp=isp)
        return Claim.objects.create(isp=isp, host=HOST, surface="portal", live_at=now, ready_at=now)


@pytest.fixture
def link(isp, keys, at):
    """Staff ask for a try; gives the page and its address."""
    sent = staff_client(isp).post(f"/wispmega/settings/captcha/{HOST}/test/")
    address = sent.headers["Location"]
    assert address.startswith(f"http://{HOST}/captcha-test/")
    return "/captcha-test/" + address.rpartition("/captcha-test/")[2]


def answer(at, link, token, **more):
    return at(HOST).post(link, {"g-recaptcha-response": token, **more})


def line(claim):
    with public_scope():
        found = claim.findings.get(check_name="captcha")
        return found.state, found.reason, found.sentence


def test_the_page_shows_the_real_box_and_allows_only_google(at, link):
    page = at(HOST).get(link)
    assert 'data-sitekey="site-key-1"' in text_of(page)
    assert SECRET not in text_of(page)
    assert "https://www.google.com/recaptcha/" in page.headers["Content-Security-Policy"]
    assert "no-store" in page.headers["Cache-Control"]


def test_an_answer_for_this_host_is_kept_with_its_time_and_shown_in_the_checklist(isp, at, link, claim, verifier):  # noqa: F811
    with time_machine.travel("2026-03-04T18:05Z", tick=False):
        with isp_scope(isp):
            CaptchaTest.objects.update(expires_at=timezone.now() + timedelta(minutes=30))
        page = text_of(answer(at, link, "good"))
    assert "the keys fit" in page
    assert "12:05" in page  # in the ISP's own time
    state, reason, sentence = line(claim)
    assert (state, reason) == ("good", "tried")
    assert "the keys fit" in sentence
    assert [asked["secret"] for asked in verifier.asked] == [SECRET]
    # The daily check goes on asking for the secret key, and keeps what the browser showed.
    with public_scope():
        assert domain_check.examine(claim)["captcha"].reason == "tried"
    with isp_scope(isp):
        assert list(AuditEntry.objects.filter(verb__startswith="company.captcha_test").values_list("verb", flat=True))
    assert "the keys fit" in text_of(staff_client(isp).get("/wispmega/settings/captcha/"))


@pytest.mark.parametrize(
    ("token", "reason", "says"),
    [
        ("elsewhere", "elsewhere", "fibrandina.localhost"),
        ("nowhere", "elsewhere", "ticked on ? and not here"),
        ("wrong", "wrong_pair", "do not belong together"),
    ],
)
def test_an_answer_that_shows_that_the_keys_do_not_fit(at, link, claim, verifier, token, reason, says):  # noqa: F811
    page = answer(at, link, token)
    assert page.status_code == 422
    assert says in text_of(page)
    assert line(claim)[:2] == ("bad", reason)
    # The link goes on, so that the keys can be mended and tried again.
    assert "the keys fit" in text_of(answer(at, link, "good"))
    assert line(claim)[:2] == ("good", "tried")


@pytest.mark.parametrize("token", ["", "garbage", "broken", "slow", "truthy"])
def test_what_says_nothing_of_the_keys_is_not_kept(isp, at, link, claim, verifier, token):  # noqa: F811
    page = answer(at, link, token)
    assert page.status_code == 422
    assert 'role="alert"' in text_of(page)
    with public_scope():
        assert not claim.findings.exists()
    with isp_scope(isp):
        assert CaptchaTest.objects.get().outcome == ""


def test_who_sees_no_box_says_so(at, link, claim):
    page = answer(at, link, "", no_box="1")
    assert "does not allow this domain" in text_of(page)
    assert line(claim)[:2] == ("bad", "no_box")


def test_a_link_works_at_its_own_host_for_half_an_hour_and_until_it_has_worked(isp, at, link, verifier):  # noqa: F811
    with public_scope():
        Domain.objects.create(isp=isp, host="neu.example", surface="portal", verified_at=timezone.now())
    assert at("neu.example").get(link).status_code == 404
    assert at("fibrandina.localhost").get(link).status_code == 404
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        assert at(HOST).get(link).status_code == 404
    assert "data-sitekey" in text_of(at(HOST).get(link))
    answer(at, link, "good")
    assert at(HOST).get(link).status_code == 404
    assert len(verifier.asked) == 1


def test_a_new_link_ends_the_one_before(isp, at, link):
    staff_client(isp).post(f"/wispmega/settings/captcha/{HOST}/test/")
    assert at(HOST).get(link).status_code == 404
    with isp_scope(isp):
        assert CaptchaTest.objects.count() == 1


def test_other_keys_have_not_been_tried(isp, at, link, claim, verifier):  # noqa: F811
    answer(at, link, "good")
    staff_client(isp).post(
        f"/wispmega/settings/captcha/{HOST}/",
        {"domain": HOST, "site_key": "6LcSITE-" + "a" * 32, "secret_key": "6LcSECRET-" + "b" * 30},
    )
    with isp_scope(isp):
        assert not CaptchaTest.objects.exists()
    with public_scope():
        assert Claim.objects.get().next_check_at <= timezone.now()
        assert domain_check.examine(claim)["captcha"].reason == "keys"
    assert "Not tried yet" in text_of(staff_client(isp).get("/wispmega/settings/captcha/"))


def test_a_secret_key_that_google_forgot_counts_more_than_an_old_try(isp, at, link, claim, verifier, monkeypatch):  # noqa: F811
    answer(at, link, "good")
    monkeypatch.setattr(domain_check, "_ask", lambda *args: domain_check.Verdict("bad", "bad_secret", HOST))
    with public_scope():
        assert domain_check.examine(claim)["captcha"].reason == "bad_secret"


def test_without_keys_there_is_nothing_to_try(isp, at):
    sent = staff_client(isp).post(f"/wispmega/settings/captcha/{HOST}/test/", follow=True)
    assert "built-in check works there" in text_of(sent)
    with isp_scope(isp):
        assert not CaptchaTest.objects.exists()


def test_keys_that_went_away_meanwhile(isp, at, link, keys):
    with isp_scope(isp):
        CaptchaKeys.objects.update(domain="elsewhere.example")  # of another host by now
    for page in (at(HOST).get(link), answer(at, link, "good")):
        assert "there is nothing to try" in text_of(page)
        assert "sitekey" not in text_of(page)
    with isp_scope(isp):
        CaptchaKeys.objects.all().delete()
    assert at(HOST).get(link).status_code == 404


@pytest.mark.parametrize("host", ["fibrandina.localhost", "nowhere.example"])
def test_hosts_of_others_are_not_tried(isp, other_isp, keys, host):
    assert staff_client(isp).post(f"/wispmega/settings/captcha/{host}/test/").status_code == 404
    with isp_scope(isp):
        assert not CaptchaTest.objects.exists()


def test_the_page_with_the_button_may_lead_to_the_host(isp, keys, claim):
    with public_scope():
        Finding.objects.create(
            claim=claim, check_name="captcha", state="waiting", reason="keys", value=HOST, checked_at=timezone.now()
        )
    client = staff_client(isp)
    for path in ("/wispmega/settings/captcha/", f"/wispmega/settings/domains/{claim.uuid}/"):
        page = client.get(path)
        form = next(part for part in page.headers["Content-Security-Policy"].split(";") if "form-action" in part)
        assert f"http://{HOST}" in form.split()
        assert f'action="/wispmega/settings/captcha/{HOST}/test/"' in text_of(page)


def test_another_isps_try_is_not_there(isp, other_isp, at, link):
    secret = link.strip("/").rpartition("/")[2]
    with isp_scope(isp):
        assert captcha_tests.find(secret=secret, host=HOST) is not None
    with isp_scope(other_isp):
        assert captcha_tests.find(secret=secret, host=HOST) is None
