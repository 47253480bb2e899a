"""Making operators, and their way in and out."""

import io

import pytest
from django.core.management import CommandError, call_command
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from core.models import AuditEntry
from core.scope import public_scope
from tenants.models import StaffUser
from tests.factories.tenants import PASSWORD, MembershipFactory, OperatorFactory, StaffUserFactory

KEY = "31" * 20


@pytest.fixture
def operator(db):
    with public_scope():
        return OperatorFactory(email="olga@example.com")


def enter(client, **fields: str):
    return client.post("/sign-in/", {"email": "olga@example.com", "password": PASSWORD, **fields})


def is_in(client) -> bool:
    return client.get("/console/").status_code == 200


def test_an_operator_signs_in_and_out(at, operator):
    browser = at("localhost")
    assert enter(browser)["Location"] == "/console/"
    assert is_in(browser)
    assert browser.post("/sign-out/")["Location"] == "/"
    assert not is_in(browser)


def test_after_signing_in_the_page_that_was_asked_for_opens(at, operator, isp):
    wanted = f"/console/isps/{isp.uuid}/"
    assert enter(at("localhost"), next=wanted)["Location"] == wanted


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_no_other_host_is_the_next_page(at, operator, target):
    assert enter(at("localhost"), next=target)["Location"] == "/console/"


def test_a_miss_says_the_same_whoever_it_is(at, operator, isp):
    with public_scope():
        MembershipFactory(isp=isp, user=StaffUserFactory(email="staff@example.com"))
        OperatorFactory(email="gone@example.com", is_active=False)
    pages = set()
    for fields in (
        {"password": "wrong"},
        {"email": "nobody@example.com"},
        {"email": "staff@example.com"},
        {"email": "gone@example.com"},
    ):
        browser = at("localhost")
        response = enter(browser, **fields)
        assert response.status_code == 422
        assert not is_in(browser)
        page = response.content.decode().partition("<form")[2].partition("</form>")[0]
        pages.add(page.partition('role="alert"')[2].partition("id_email_field")[0])
    assert len(pages) == 1
    assert "E-mail address or password is not right" in pages.pop()


def test_an_unknown_address_costs_a_hash_too(at, operator, monkeypatch):
    from tenants import authentication

    hashed = []
    monkeypatch.setattr(authentication, "make_password", lambda password: hashed.append(password))
    enter(at("localhost"), email="nobody@example.com")
    assert hashed == [PASSWORD]


def test_guessing_ends_for_the_account_and_not_for_others(at, operator):
    with public_scope():
        OperatorFactory(email="otto@example.com")
    for _ in range(10):
        enter(at("localhost"), password="wrong")
    locked = enter(at("localhost"))
    assert (locked.status_code, "Too many attempts" in locked.content.decode()) == (429, True)
    assert enter(at("localhost"), email="otto@example.com")["Location"] == "/console/"
    # Whoever comes from elsewhere is not locked out by it.
    assert (
        at("localhost", REMOTE_ADDR="10.1.2.3").post("/sign-in/", {"email": "olga@example.com", "password": PASSWORD})[
            "Location"
        ]
        == "/console/"
    )


def test_the_second_factor_is_asked_for(at, operator):
    with public_scope():
        TOTPDevice.objects.create(user=operator, key=KEY, confirmed=True)
    browser = at("localhost")
    assert enter(browser, next="/console/?country=MX")["Location"] == "/sign-in/code/"
    assert not is_in(browser)
    wrong = browser.post("/sign-in/code/", {"code": "000000"})
    assert (wrong.status_code, "code is not right" in wrong.content.decode()) == (422, True)
    assert not is_in(browser)
    with public_scope():
        TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    code = f"{totp(bytes.fromhex(KEY)):06}"
    assert browser.post("/sign-in/code/", {"code": code})["Location"] == "/console/?country=MX"
    assert is_in(browser)


def test_no_code_page_without_a_password(at, operator):
    assert at("localhost").get("/sign-in/code/")["Location"] == "/sign-in/"


def run(stdin: str, monkeypatch, **options: object) -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
    out = io.StringIO()
    call_command("create_operator", stdout=out, **options)
    return out.getvalue()


def test_the_command_makes_an_operator_from_standard_input(db, at, monkeypatch):
    told = run(f"{PASSWORD}\n", monkeypatch, email="olga@example.com", name="Olga")
    assert told == "olga@example.com is an operator.\n"
    browser = at("localhost")
    enter(browser)
    assert is_in(browser)
    with public_scope():
        assert AuditEntry.objects.filter(verb="tenants.operator.created").count() == 1


def test_the_command_takes_no_password_as_an_argument(db):
    with pytest.raises((CommandError, TypeError)):
        call_command("create_operator", "--email=olga@example.com", "--password=secret")


@pytest.mark.parametrize(
    ("email", "password", "message"),
    [
        ("olga@example.com", "short", "too short"),
        ("no address", PASSWORD, "valid email"),
        ("x@example.com", "", "short"),
    ],
)
def test_the_command_refuses_in_one_line(db, monkeypatch, email, password, message):
    with pytest.raises(CommandError, match=message) as failure:
        run(f"{password}\n", monkeypatch, email=email, name="Olga")
    assert failure.value.returncode == 2
    with public_scope():
        assert not StaffUser.objects.filter(is_operator=True).exists()


def test_a_known_account_becomes_an_operator_only_on_request_and_keeps_its_password(db, at, monkeypatch):
    with public_scope():
        StaffUserFactory(email="Olga@example.com")
    with pytest.raises(CommandError, match="--existing"):
        run("another password\n", monkeypatch, email="olga@example.com", name="Olga")
    run("", monkeypatch, email="olga@example.com", existing=True)
    browser = at("localhost")
    enter(browser)
    assert is_in(browser)
    with pytest.raises(CommandError, match="Nobody has"):
        run("", monkeypatch, email="nobody@example.com", existing=True)
