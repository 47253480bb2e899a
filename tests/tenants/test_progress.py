"""The progress page, and the way from it into the dashboard."""

import re

import pytest

from core.scope import public_scope
from core.tokens import digest
from tenants import tasks
from tenants.models import SignUp, StaffToken, StaffUser
from tenants.provisioning import provision
from tests.factories.tenants import PASSWORD, SignUpFactory, StaffUserFactory

PLATFORM = "http://localhost"


@pytest.fixture
def browser(at):
    return at("localhost")


@pytest.fixture
def confirmed(browser, filled_in, mailed_link) -> SignUp:
    """A sign-up that this browser has begun and confirmed."""
    browser.post("/sign-up/", filled_in())
    browser.post(mailed_link())
    return row()


def row() -> SignUp:
    with public_scope():
        return SignUp.objects.select_related("isp", "new_user").latest("pk")


def set_up(sign_up: SignUp) -> None:
    with public_scope():
        provision(sign_up_id=sign_up.pk)


def look(client, sign_up: SignUp, **params: str) -> str:
    """What htmx gets."""
    response = client.get(f"/sign-up/{sign_up.uuid}/", params, headers={"HX-Request": "true"})
    return response.content.decode()


def enter_token(page: str) -> str:
    found = re.search(r'action="http://app\.localhost/enter/"><input type="hidden" name="token" value="([^"]+)"', page)
    return found.group(1) if found else ""


def test_before_the_address_is_confirmed(browser, at, filled_in):
    browser.post("/sign-up/", filled_in())
    page = browser.get(f"/sign-up/{row().uuid}/").content.decode()
    assert "ada@example.com" in page
    assert "Send it again" in page
    assert '<meta http-equiv="refresh"' in page
    # The address is shown to the browser that typed it, and to no other.
    assert "ada@example.com" not in at("localhost").get(f"/sign-up/{row().uuid}/").content.decode()


def test_while_it_is_set_up(browser, confirmed):
    page = browser.get(f"/sign-up/{confirmed.uuid}/").content.decode()
    assert "Your address is confirmed" in page
    assert "hx-get" in page


def test_the_page_looks_again_less_and_less_often_and_gets_only_what_changed(browser, confirmed):
    same = look(browser, confirmed, seen="waiting", looks="3")
    assert "hx-swap-oob" not in same
    assert "looks=4" in same
    assert "delay:2s" in same
    assert "delay:8s" in look(browser, confirmed, seen="waiting", looks="500")
    changed = look(browser, confirmed, seen="unconfirmed", looks="3")
    assert "hx-swap-oob" in changed
    assert "Your address is confirmed" in changed
    set_up(confirmed)
    done = look(browser, confirmed, seen="waiting", looks="4")
    assert "Everything is ready" in done
    assert "hx-get" not in done


def test_a_failed_attempt_that_will_be_repeated_is_told(browser, confirmed):
    with public_scope():
        SignUp.objects.update(error="RuntimeError", attempts=1)
    page = look(browser, confirmed, seen="waiting")
    assert "takes longer than usual" in page
    assert "RuntimeError" not in page


def test_a_failure_can_be_tried_again_by_who_confirmed(
    browser, at, confirmed, monkeypatch, django_capture_on_commit_callbacks
):
    sent = []
    monkeypatch.setattr(tasks.provision_isp, "delay", lambda **kwargs: sent.append(kwargs))
    with public_scope():
        SignUp.objects.update(state="failed", error="RuntimeError", attempts=5)
    url = f"/sign-up/{confirmed.uuid}/"
    assert "could not be set up" in browser.get(url).content.decode()
    stranger = at("localhost")
    assert "Try again" not in stranger.get(url).content.decode()
    stranger.post(f"{url}try-again/")
    assert row().state == SignUp.State.FAILED
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(f"{url}try-again/")
    assert (row().state, row().attempts, row().error) == (SignUp.State.WAITING, 0, "")
    assert sent == [{"sign_up_id": confirmed.pk}]


def test_after_the_slug_has_gone_another_one_is_asked_for(browser, isp, confirmed):
    with public_scope():
        SignUp.objects.update(slug="wispmega")
    set_up(confirmed)
    url = f"/sign-up/{confirmed.uuid}/"
    assert "has gone to another company" in browser.get(url).content.decode()
    refused = browser.post(f"{url}try-again/", {"slug": "vvispmega"})
    assert (refused.status_code, "taken already" in refused.content.decode()) == (422, True)
    browser.post(f"{url}try-again/", {"slug": "fibra-norte"})
    set_up(confirmed)
    assert (row().state, row().isp.slug) == (SignUp.State.DONE, "fibra-norte")


def test_an_unknown_sign_up_is_not_found(browser):
    page = browser.get("/sign-up/00000000-0000-4000-8000-000000000000/")
    assert page.status_code == 404
    assert "This page does not exist" in page.text


# Into the dashboard


def test_the_button_signs_the_new_person_in_once(browser, at, confirmed):
    set_up(confirmed)
    token = enter_token(browser.get(f"/sign-up/{confirmed.uuid}/").content.decode())
    dashboard = at("app.localhost")

    response = dashboard.post("/enter/", {"token": token}, headers={"Origin": PLATFORM})
    assert response["Location"] == "/fibrasur/"
    assert dashboard.get("/fibrasur/").status_code == 200
    assert "Ada Flores" in dashboard.get("/fibrasur/").content.decode()

    again = at("app.localhost")
    assert again.post("/enter/", {"token": token}, headers={"Origin": PLATFORM})["Location"] == "/sign-in/"
    assert again.get("/fibrasur/").status_code == 302


@pytest.mark.parametrize(
    "origin", ["http://app.localhost", "https://localhost", "http://wispmega.localhost", "null", ""]
)
def test_the_token_counts_only_from_the_platforms_page(browser, at, confirmed, origin):
    set_up(confirmed)
    token = enter_token(browser.get(f"/sign-up/{confirmed.uuid}/").content.decode())
    dashboard = at("app.localhost")
    response = dashboard.post("/enter/", {"token": token}, headers={"Origin": origin} if origin else {})
    assert response["Location"] == "/sign-in/"
    assert dashboard.get("/fibrasur/").status_code == 302
    with public_scope():
        assert StaffToken.objects.get(digest=digest(token)).used_at is None


def test_the_token_lives_five_minutes(browser, at, filled_in, mailed_link, time_machine):
    time_machine.move_to("2030-01-01T00:00:00Z", tick=False)
    browser.post("/sign-up/", filled_in())
    browser.post(mailed_link())
    set_up(row())
    token = enter_token(browser.get(f"/sign-up/{row().uuid}/").content.decode())
    time_machine.move_to("2030-01-01T00:05:01Z", tick=False)
    response = at("app.localhost").post("/enter/", {"token": token}, headers={"Origin": PLATFORM})
    assert response["Location"] == "/sign-in/"


def test_no_token_for_a_browser_that_did_not_confirm(browser, at, confirmed):
    set_up(confirmed)
    page = at("localhost").get(f"/sign-up/{confirmed.uuid}/").content.decode()
    assert enter_token(page) == ""
    assert 'href="http://app.localhost/fibrasur/"' in page
    with public_scope():
        assert not StaffToken.objects.filter(purpose="enter").exists()


def test_opening_a_used_link_makes_nobody_the_one_who_confirmed(at, browser, filled_in, mailed_link):
    browser.post("/sign-up/", filled_in())
    link = mailed_link()
    browser.post(link)
    set_up(row())
    thief = at("localhost")
    thief.post(link, {"password": PASSWORD})
    assert enter_token(thief.get(f"/sign-up/{row().uuid}/").content.decode()) == ""


def test_a_known_person_signs_in_with_the_old_password(browser, filled_in, mailed_link):
    with public_scope():
        StaffUserFactory(email="ada@example.com")
    browser.post("/sign-up/", filled_in())
    browser.post(mailed_link())
    set_up(row())
    page = browser.get(f"/sign-up/{row().uuid}/").content.decode()
    assert "the password that you already have" in page
    assert enter_token(page) == ""


def test_no_token_once_the_person_has_signed_in_or_an_hour_later(browser, confirmed, time_machine):
    set_up(confirmed)
    url = f"/sign-up/{confirmed.uuid}/"
    assert enter_token(browser.get(url).content.decode())
    finished = row().finished_at
    with public_scope():
        StaffUser.objects.filter(email="ada@example.com").update(last_login=finished)
    assert enter_token(browser.get(url).content.decode()) == ""
    with public_scope():
        StaffUser.objects.filter(email="ada@example.com").update(last_login=None)
        SignUp.objects.update(finished_at="2020-01-01T00:00:00Z")
    assert enter_token(browser.get(url).content.decode()) == ""


def test_the_page_may_post_to_the_dashboard_and_says_where_from(browser, confirmed):
    response = browser.get(f"/sign-up/{confirmed.uuid}/")
    form_action = re.search(r"form-action ([^;]+)", response["Content-Security-Policy"]).group(1)
    assert form_action.split() == ["'self'", "http://app.localhost"]
    # With `same-origin`, our default, browsers send the Origin `null` to another host.
    assert response["Referrer-Policy"] == "strict-origin-when-cross-origin"


def test_a_look_by_htmx_makes_at_most_one_living_token(browser, confirmed):
    set_up(confirmed)
    for _ in range(3):
        look(browser, confirmed, seen="waiting")
    with public_scope():
        assert StaffToken.objects.filter(purpose="enter", used_at=None).count() == 1


def test_a_sign_up_of_somebody_else_shows_no_address(at):
    with public_scope():
        other = SignUpFactory(state="failed", error="slug_taken")
    assert other.email not in at("localhost").get(f"/sign-up/{other.uuid}/").content.decode()
