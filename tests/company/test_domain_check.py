"""Whether the protection from robots works on a claimed domain."""

import pytest
from django_recaptcha import client

from company import domain_check
from company.models import CaptchaKeys
from core.scope import isp_scope, public_scope
from domains.models import Claim

HOST = "clientes.wispmega.example"


@pytest.fixture
def claim(isp):
    with public_scope():
        return Claim.objects.create(isp=isp, host=HOST, surface="portal")


@pytest.fixture
def keys(isp):
    with isp_scope(isp):
        return CaptchaKeys.objects.create(domain=HOST, site_key="site", secret_key="hidden")


def told(claim):
    with public_scope():
        return {check: (each.state, each.reason) for check, each in domain_check.examine(claim).items()}


def test_without_keys_the_built_in_check_works_and_nobody_is_asked(claim, monkeypatch):
    monkeypatch.setattr(client, "submit", None)
    assert told(claim) == {"captcha": ("good", "built_in")}


def test_a_host_for_staff_has_none(claim):
    claim.surface = "dashboard"
    assert told(claim) == {}


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["invalid-input-response"], ("waiting", "keys")),
        (["invalid-input-secret"], ("bad", "bad_secret")),
        (["missing-input-secret"], ("bad", "bad_secret")),
    ],
)
def test_the_verifier_says_whether_it_knows_the_secret_key(claim, keys, monkeypatch, codes, expected):
    asked = []

    def submit(**question):
        asked.append(question["private_key"])
        return client.RecaptchaResponse(is_valid=False, error_codes=codes)

    monkeypatch.setattr(client, "submit", submit)
    assert told(claim) == {"captcha": expected}
    assert asked == ["hidden"]


def test_a_verifier_that_is_away_is_a_warning(claim, keys, monkeypatch):
    def submit(**question):
        raise OSError

    monkeypatch.setattr(client, "submit", submit)
    assert told(claim) == {"captcha": ("warning", "verifier_away")}


def test_another_isps_keys_are_not_used(claim, keys, other_isp, monkeypatch):
    monkeypatch.setattr(client, "submit", None)
    with public_scope():
        claim.isp = other_isp
    assert told(claim) == {"captcha": ("good", "built_in")}
