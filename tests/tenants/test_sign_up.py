"""The sign-up form, its live checks, and the mailed link."""

import pytest

from core.models import AuditEntry
from core.scope import public_scope
from tenants import tasks
from tenants.models import PlatformMail, SignUp, StaffUser
from tests.factories.tenants import PASSWORD, SignUpFactory, StaffUserFactory


@pytest.fixture
def browser(at):
    return at("localhost")


@pytest.fixture
def sent(monkeypatch) -> list[dict]:
    """What was enqueued for provisioning."""
    calls: list[dict] = []
    monkeypatch.setattr(tasks.provision_isp, "delay", lambda **kwargs: calls.append(kwargs))
    monkeypatch.setattr(tasks.deliver_platform_mail, "delay", lambda **kwargs: None)
    return calls


def rows() -> list[SignUp]:
    with public_scope():
        return list(SignUp.objects.all())


def mails() -> list[PlatformMail]:
    with public_scope():
        return list(PlatformMail.objects.all())


def test_the_landing_page_leads_to_sign_up_and_to_the_dashboard(browser):
    page = browser.get("/").content.decode()
    assert 'href="/sign-up/"' in page
    assert 'href="http://app.localhost/"' in page


def test_the_form_starts_with_what_the_browser_says(at):
    page = at("localhost", HTTP_ACCEPT_LANGUAGE="es-CO,es;q=0.9").get("/sign-up/").content.decode()
    assert '<option value="CO" selected>' in page
    assert '<option value="COP" selected>' in page
    assert '<option value="America/Bogota" selected>' in page
    assert '<option value="es" selected>' in page


def test_signing_up_keeps_the_row_and_mails_a_link(browser, filled_in, mailed_link):
    response = browser.post("/sign-up/", filled_in())
    [row] = rows()
    assert response["Location"] == f"/sign-up/{row.uuid}/"
    assert (row.company, row.slug, row.state) == ("Fibra Sur", "fibrasur", SignUp.State.UNCONFIRMED)
    assert row.password != PASSWORD
    assert PASSWORD not in row.password
    [mail] = mails()
    assert mail.to == "ada@example.com"
    assert mailed_link().startswith("/sign-up/confirm/")
    with public_scope():
        assert AuditEntry.objects.get(verb="tenants.sign_up.received").target_id == str(row.pk)


def test_nothing_typed_freely_goes_to_an_address_that_is_not_proved(browser, filled_in):
    browser.post("/sign-up/", filled_in(company="Win at spam.example", name="Click spam.example"))
    [mail] = mails()
    assert "spam.example" not in mail.subject + mail.text


def test_the_same_form_sent_twice_makes_one_sign_up_and_one_mail(browser, filled_in):
    form = filled_in()
    first, second = browser.post("/sign-up/", form), browser.post("/sign-up/", form)
    assert first["Location"] == second["Location"]
    assert (len(rows()), len(mails())) == (1, 1)


def test_the_form_sent_again_with_another_address_is_another_sign_up(browser, filled_in):
    form = filled_in()
    browser.post("/sign-up/", form)
    browser.post("/sign-up/", filled_in(form_key=form["form_key"], email="right@example.com"))
    assert [row.email for row in rows()] == ["right@example.com", "ada@example.com"]


def test_a_known_address_gets_the_same_answer(at, filled_in):
    with public_scope():
        StaffUserFactory(email="ada@example.com")
    known = at("localhost").post("/sign-up/", filled_in())
    unknown = at("localhost").post("/sign-up/", filled_in(email="eva@example.com"))
    pages = [
        at("localhost").get(answer["Location"]).content.decode().replace(answer["Location"], "").split("csrf")[0]
        for answer in (known, unknown)
    ]
    assert (known.status_code, len(mails())) == (unknown.status_code, 2)
    assert pages[0].partition("<body")[2] == pages[1].partition("<body")[2]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("slug", "wispmega", "taken already"),
        ("slug", "vvispmega", "taken already"),
        ("slug", "admin", "kept for the platform"),
        ("slug", "adm1n", "kept for the platform"),
        ("slug", "a", "3 to 40"),
        ("slug", "two--hyphens", "3 to 40"),
        ("country", "XX", "not one of the available choices"),
        ("currency", "ABC", "not one of the available choices"),
        ("timezone", "Mars/Base", "not one of the available choices"),
        ("language", "xx", "not one of the available choices"),
        ("email", "nobody", "valid email address"),
        ("password", "short", "too short"),
        ("password", "ada@example.com", "too similar"),
        ("captcha", "", "Please tick this box"),
        ("company", "", "required"),
        ("form_key", "no-uuid", "marked below"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_the_rest_is_kept(browser, isp, filled_in, field, value, message):
    response = browser.post("/sign-up/", filled_in(**{"name": "Kept Name", field: value}))
    page = response.content.decode()
    assert response.status_code == 422
    if field != "form_key":
        block = page.partition(f'id="id_{field}_field"')[2].partition('class="mb-3 field"')[0]
        assert message in block
    assert 'value="Kept Name"' in page
    assert PASSWORD not in page
    assert rows() == []


def test_many_sign_ups_for_one_address_are_stopped(at, filled_in):
    answers = [at("localhost").post("/sign-up/", filled_in(slug=f"fibra-{'abcdef'[n]}sur")) for n in range(6)]
    assert [answer.status_code for answer in answers] == [302] * 5 + [429]
    assert "try again in an hour" in answers[-1].content.decode()
    assert len(rows()) == 5


# Live checks


def test_a_slug_is_checked_while_it_is_typed(browser, isp):
    assert "is free" in browser.get("/sign-up/address/", {"slug": "fibrasur"}).content.decode()
    assert "taken already" in browser.get("/sign-up/address/", {"slug": "wispmega"}).content.decode()
    assert "taken already" in browser.get("/sign-up/address/", {"slug": "wlspmega"}).content.decode()
    assert "kept for the platform" in browser.get("/sign-up/address/", {"slug": "www"}).content.decode()
    assert browser.get("/sign-up/address/", {"slug": ""}).content.decode().strip() == ""


def test_the_companys_name_suggests_a_free_slug(browser, isp):
    page = browser.get("/sign-up/address/", {"company": "Fibra Sur S.A.", "slug": "", "suggested": ""}).content.decode()
    assert 'value="fibra-sur-s-a"' in page
    page = browser.get("/sign-up/address/", {"company": "WispMega", "slug": "", "country": "MX"}).content.decode()
    assert 'value="wispmega-mx"' in page


def test_a_slug_chosen_by_hand_stays_and_a_suggested_one_follows_the_name(browser):
    by_hand = {"company": "Fibra Sur", "slug": "mine", "suggested": "fibra"}
    assert browser.get("/sign-up/address/", by_hand).content == b""
    suggested = {"company": "Fibra Sur", "slug": "fibra", "suggested": "fibra"}
    assert b'value="fibra-sur"' in browser.get("/sign-up/address/", suggested).content


def test_currency_and_time_zone_follow_the_country(browser):
    page = browser.get("/sign-up/place/", {"country": "CL"}).content.decode()
    assert '<option value="CLP" selected>' in page
    assert '<option value="America/Santiago" selected>' in page


# The mailed link


def test_opening_the_link_spends_nothing(browser, filled_in, mailed_link, at):
    browser.post("/sign-up/", filled_in())
    for _ in range(3):
        page = at("localhost").get(mailed_link()).content.decode()
    assert "Confirm and set up" in page
    assert rows()[0].state == SignUp.State.UNCONFIRMED


def test_the_button_confirms_and_has_the_isp_set_up(
    browser, filled_in, mailed_link, sent, django_capture_on_commit_callbacks
):
    browser.post("/sign-up/", filled_in())
    with django_capture_on_commit_callbacks(execute=True):
        response = browser.post(mailed_link())
    [row] = rows()
    assert (row.state, response["Location"]) == (SignUp.State.WAITING, f"/sign-up/{row.uuid}/")
    assert row.confirmed_at
    assert sent == [{"sign_up_id": row.pk}]


def test_the_link_used_twice_sets_up_once(browser, filled_in, mailed_link, sent, django_capture_on_commit_callbacks):
    browser.post("/sign-up/", filled_in())
    with django_capture_on_commit_callbacks(execute=True):
        answers = [browser.post(mailed_link()), browser.post(mailed_link()), browser.get(mailed_link())]
    assert len({answer["Location"] for answer in answers}) == 1
    assert len(sent) == 1
    with public_scope():
        assert AuditEntry.objects.filter(verb="tenants.sign_up.confirmed").count() == 1


def test_another_browser_has_to_know_the_password(browser, at, filled_in, mailed_link):
    browser.post("/sign-up/", filled_in())
    stranger = at("localhost")
    assert 'name="password"' in stranger.get(mailed_link()).content.decode()
    for wrong in ({}, {"password": "not the one"}):
        response = stranger.post(mailed_link(), wrong)
        assert response.status_code == 422
    assert "not the password" in response.content.decode()
    assert rows()[0].state == SignUp.State.UNCONFIRMED
    assert stranger.post(mailed_link(), {"password": PASSWORD}).status_code == 302
    assert rows()[0].state == SignUp.State.WAITING


def test_guessing_that_password_ends(browser, at, filled_in, mailed_link):
    browser.post("/sign-up/", filled_in())
    stranger = at("localhost")
    for _ in range(10):
        stranger.post(mailed_link(), {"password": "not the one"})
    stranger.post(mailed_link(), {"password": PASSWORD})
    assert rows()[0].state == SignUp.State.UNCONFIRMED


def test_a_link_that_is_too_old_or_invented_confirms_nothing(browser, filled_in, mailed_link, time_machine):
    invented = browser.post("/sign-up/confirm/invented/")
    time_machine.move_to("2030-01-01T00:00:00Z", tick=False)
    browser.post("/sign-up/", filled_in())
    time_machine.move_to("2030-01-04T00:00:01Z", tick=False)
    late = browser.post(mailed_link())
    for response in (invented, late):
        assert (response.status_code, "no longer good" in response.content.decode()) == (404, True)
    assert rows()[0].state == SignUp.State.UNCONFIRMED


def test_the_link_is_mailed_again_and_the_older_one_is_dead(browser, filled_in, mailed_link):
    browser.post("/sign-up/", filled_in())
    first = mailed_link()
    browser.post(f"/sign-up/{rows()[0].uuid}/mail-again/")
    assert len(mails()) == 2
    assert "no longer good" in browser.get(first).content.decode()
    assert "Confirm and set up" in browser.get(mailed_link()).content.decode()


def test_strangers_cannot_have_mail_sent_again(at):
    with public_scope():
        row = SignUpFactory()
    at("localhost").post(f"/sign-up/{row.uuid}/mail-again/")
    assert mails() == []


def test_no_account_exists_before_the_address_is_confirmed(browser, filled_in):
    browser.post("/sign-up/", filled_in())
    with public_scope():
        assert not StaffUser.objects.filter(email="ada@example.com").exists()


def test_an_address_longer_than_the_column_gets_a_message(browser, filled_in):
    response = browser.post("/sign-up/", filled_in(email=f"{'a' * 250}@example.com"))
    assert (response.status_code, rows()) == (422, [])
    assert "at most 254 characters" in response.content.decode()
