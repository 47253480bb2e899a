"""A solved captcha opens one form of one ISP, once, for a while."""

import base64
import json
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import override_settings
from django.utils import timezone
from redis.exceptions import ConnectionError as NoRedis

from core import captcha
from core.captcha import AltchaField, CaptchaUnavailable, WrongSolution, new_challenge, spend
from core.forms import Form
from core.scope import isp_scope, public_scope
from tests.captcha import payload, solved


class Sample(Form):
    check = AltchaField(purpose="sample")


def test_a_solution_is_taken_once(in_isp):
    value = solved("sample")
    spend(value, purpose="sample")
    with pytest.raises(WrongSolution, match="used before"):
        spend(value, purpose="sample")


def test_the_same_form_may_send_its_solution_again(in_isp):
    value = solved("sample")
    spend(value, purpose="sample", holder="form-1")
    spend(value, purpose="sample", holder="form-1")
    with pytest.raises(WrongSolution):
        spend(value, purpose="sample", holder="form-2")


def test_a_solution_is_bound_to_its_form_and_isp(isp, other_isp):
    with isp_scope(isp):
        value = solved("sample")
        with pytest.raises(WrongSolution):
            spend(value, purpose="other")
    with isp_scope(other_isp), pytest.raises(WrongSolution):
        spend(value, purpose="sample")
    with public_scope(), pytest.raises(WrongSolution):
        spend(value, purpose="sample")
    with isp_scope(isp):
        spend(value, purpose="sample")


def test_a_solution_runs_out(in_isp):
    value = solved("sample")
    with time_machine.travel(timezone.now() + timedelta(minutes=21)), pytest.raises(WrongSolution):
        spend(value, purpose="sample")


def test_an_easier_challenge_is_not_ours(in_isp):
    challenge = new_challenge("sample")
    challenge["parameters"]["cost"] = 1
    challenge["parameters"]["keyPrefix"] = "00"
    with pytest.raises(WrongSolution):
        spend(payload(challenge), purpose="sample")


@pytest.mark.parametrize(
    "value",
    ["", "x", "é", "e30=", base64.b64encode(b'{"challenge":[],"solution":1}').decode(), "A" * 100_000],
)
def test_nonsense_is_refused(in_isp, value):
    with pytest.raises(WrongSolution):
        spend(value, purpose="sample")


def test_a_solution_without_work_is_refused(in_isp):
    challenge = new_challenge("sample")
    forged = {"challenge": challenge, "solution": {"counter": 1, "derivedKey": challenge["parameters"]["keyPrefix"]}}
    with pytest.raises(WrongSolution):
        spend(base64.b64encode(json.dumps(forged).encode()).decode(), purpose="sample")


def test_without_the_cache_nothing_passes(in_isp, monkeypatch):
    value = solved("sample")

    def down(*args, **kwargs):
        raise NoRedis

    monkeypatch.setattr(cache, "add", down)
    with pytest.raises(CaptchaUnavailable):
        spend(value, purpose="sample")
    form = Sample({"check": value})
    assert form.errors["check"] == ["The check does not work at the moment. Please try again in a minute."]


def test_the_field_says_what_to_do(in_isp):
    assert Sample({"check": solved("sample")}).is_valid()
    assert Sample({}).errors["check"] == ["Please tick this box."]
    assert "repeat" in Sample({"check": solved("other")}).errors["check"][0]


def test_the_widget_asks_no_third_party(in_isp):
    html = str(Sample())
    assert 'challenge="/captcha/sample/"' in html
    assert "<noscript>" in html
    assert "//" not in html.replace("https://www.w3.org", "").replace("http://www.w3.org", "")


@override_settings(CAPTCHA_COST=5000)
def test_the_work_is_bounded(in_isp):
    challenge = new_challenge("sample")
    assert challenge["parameters"]["cost"] == 5000
    assert captcha.MOST * 5000 <= 2_000_000


@pytest.mark.parametrize("host", ["wispmega.localhost", "portal.localhost", "localhost"])
def test_every_public_host_hands_out_challenges(at, isp, host):
    response = at(host).get("/captcha/sample/")
    assert "no-store" in response["Cache-Control"]
    value = payload(response.json())
    with isp_scope(isp) if host.startswith("wispmega") else public_scope():
        spend(value, purpose="sample")


def test_a_challenge_of_one_host_is_worth_nothing_at_another(at, isp, other_isp):
    value = payload(at("wispmega.localhost").get("/captcha/sample/").json())
    with isp_scope(other_isp), pytest.raises(WrongSolution):
        spend(value, purpose="sample")
