"""Signing in and out, forgotten passwords, the profile."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from core import tokens
from core.models import AuditEntry
from core.scope import public_scope
from tenants import authentication, tasks
from tenants.models import PlatformMail, StaffToken, StaffUser
from tenants.roles import Role
from tests.dashboard.conftest import HOST
from tests.factories.staff import PASSWORD, StaffUserFactory, sign_in

NEW = "another-good-password"


def form_error(page) -> str:
    """What the page says above the form."""
    return page.text.partition('role="alert"')[2].partition("</div></div>")[0]


def test_the_right_password_opens_the_dashboard(owner, at):
    client = at(HOST)
    assert sign_in(client, owner).headers["Location"] == "/"
    assert "Olga Owner" in client.get("/wispmega/").text
    with public_scope():
        assert AuditEntry.objects.get(verb="tenants.staff_user.signed_in").actor_id == owner.pk


def test_the_e_mail_address_may_be_typed_in_any_case(owner, at):
    client = at(HOST)
    client.post("/sign-in/", {"email": "OLGA@WispMega.example ", "password": PASSWORD})
    assert "Olga Owner" in client.get("/profile/").text


def test_miss_wrong_password_and_inactive_look_the_same(owner, at):
    inactive = StaffUserFactory(is_active=False)
    pages = [
        at(HOST).post("/sign-in/", {"email": email, "password": password})
        for email, password in [("no@one.example", PASSWORD), (owner.email, "wrong"), (inactive.email, PASSWORD)]
    ]
    assert {page.status_code for page in pages} == {422}
    said = {form_error(page) for page in pages}
    assert len(said) == 1
    assert "The e-mail address or the password is not right." in said.pop()


@pytest.mark.parametrize("case", ["miss", "wrong", "inactive", "no password set"])
def test_every_failure_costs_one_hash(case, owner, at, monkeypatch):
    hashes = []
    from django.contrib.auth.hashers import Argon2PasswordHasher

    for name in ("encode", "verify"):
        real = getattr(Argon2PasswordHasher, name)

        def counted(self, *args, real=real, name=name, **kwargs):
            if not hashes or hashes[-1] != "inside":
                hashes.append(name)
            return real(self, *args, **kwargs)

        monkeypatch.setattr(Argon2PasswordHasher, name, counted)
    inactive, unset = StaffUserFactory(is_active=False), StaffUserFactory(password="!unusable")
    email = {"miss": "no@one.example", "wrong": owner.email, "inactive": inactive.email, "no password set": unset.email}
    at(HOST).post("/sign-in/", {"email": email[case], "password": "some wrong password"})
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"email": "", "password": "x"}, "email"),
        ({"email": "not an address", "password": "x"}, "email"),
        ({"email": "a@b.example", "password": ""}, "password"),
        ({"email": "a@b.example", "password": "x" * 5000}, "password"),
        ({"email": "a\x00@b.example", "password": "x"}, "email"),
    ],
)
def test_bad_input_is_said_beside_its_field(data, field, at):
    page = at(HOST).post("/sign-in/", data)
    assert page.status_code == 422
    assert f'id="id_{field}_error"' in page.text


def test_the_typed_password_is_not_sent_back(owner, at):
    page = at(HOST).post("/sign-in/", {"email": owner.email, "password": "my-mistyped-secret"})
    assert "my-mistyped-secret" not in page.text
    assert owner.email in page.text


def test_guessing_is_stopped_for_the_guesser_and_not_for_the_owner(owner, at):
    guesser, home = at(HOST, REMOTE_ADDR="198.51.100.7"), at(HOST, REMOTE_ADDR="203.0.113.9")
    for _ in range(10):
        assert guesser.post("/sign-in/", {"email": owner.email, "password": "wrong"}).status_code == 422
    stopped = sign_in(guesser, owner)
    assert stopped.status_code == 429
    assert "Too many attempts" in form_error(stopped)
    assert sign_in(home, owner).status_code == 302


def test_an_unknown_account_is_stopped_just_the_same(at):
    client = at(HOST)
    statuses = [client.post("/sign-in/", {"email": "no@one.example", "password": "x"}).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]


def test_one_network_cannot_try_many_accounts(owner, at, monkeypatch):
    monkeypatch.setattr(authentication.StaffBackend, "authenticate", lambda *args, **kwargs: None)
    client = at(HOST, REMOTE_ADDR="2001:db8:1:2::1")
    for n in range(100):
        client.post("/sign-in/", {"email": f"p{n}@x.example", "password": "x"})
    # Another address of the same customer is the same network.
    neighbour = at(HOST, REMOTE_ADDR="2001:db8:1:2::99")
    refused = neighbour.post("/sign-in/", {"email": "p@x.example", "password": "x"})
    assert refused.status_code == 429
    assert "Too many attempts" in refused.text
    other = at(HOST, REMOTE_ADDR="2001:db8:1:3::1")
    assert other.post("/sign-in/", {"email": "p@x.example", "password": "x"}).status_code == 422


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "evil.example"]
)
def test_signing_in_leads_to_no_other_site(target, owner, at):
    response = at(HOST).post("/sign-in/", {"email": owner.email, "password": PASSWORD, "next": target})
    assert response.headers["Location"] == "/"


def test_signing_in_leads_back_to_the_page_asked_for(owner, at):
    client = at(HOST)
    asked = client.get("/wispmega/audit/?who=x")
    assert asked.headers["Location"] == "/sign-in/?next=%2Fwispmega%2Faudit%2F%3Fwho%3Dx"
    page = client.get(asked.headers["Location"])
    assert 'value="/wispmega/audit/?who=x"' in page.text
    data = {"email": owner.email, "password": PASSWORD, "next": "/wispmega/audit/?who=x"}
    assert client.post("/sign-in/", data).headers["Location"] == "/wispmega/audit/?who=x"


def test_signing_in_begins_a_new_session(owner, at):
    client = at(HOST)
    sign_in(client, owner)
    first = client.cookies["dashboard_session"].value
    client.post("/sign-out/")
    sign_in(client, owner)
    assert client.cookies["dashboard_session"].value != first


def test_signing_out_ends_the_session_and_takes_a_post(owner, signed_in, at):
    client = signed_in(owner)
    cookie = client.cookies["dashboard_session"].value
    assert client.get("/sign-out/").status_code == 405
    assert "Olga Owner" in client.get("/profile/").text
    client.post("/sign-out/")
    thief = at(HOST)
    thief.cookies["dashboard_session"] = cookie
    assert thief.get("/profile/").headers["Location"].startswith("/sign-in/")


def test_forms_need_their_csrf_token(owner, at):
    client = at(HOST, enforce_csrf_checks=True)
    assert sign_in(client, owner).status_code == 403
    assert client.get("/profile/").headers["Location"].startswith("/sign-in/")


def test_a_session_of_the_shared_host_opens_nothing_on_a_staff_domain(owner, signed_in, at, staff_domain):
    client = at(staff_domain)
    client.cookies["dashboard_session"] = signed_in(owner).cookies["dashboard_session"].value
    assert client.get("/wispmega/").headers["Location"].startswith("/sign-in/")


def test_a_deactivated_account_is_out_at_once(owner, signed_in):
    client = signed_in(owner)
    with public_scope():
        StaffUser.objects.filter(pk=owner.pk).update(is_active=False)
    assert client.get("/wispmega/").headers["Location"].startswith("/sign-in/")


def test_pages_of_staff_are_not_kept_by_the_browser(owner, signed_in):
    client = signed_in(owner)
    assert client.get("/wispmega/").headers["Cache-Control"] == "no-store"
    assert client.get("/profile/").headers["Cache-Control"] == "no-store"


# Forgotten passwords


def password_link(user, **fields) -> str:
    with public_scope():
        values = {"purpose": "set-password", "life": timedelta(hours=1), "user": user, **fields}
        return f"/set-password/{tokens.issue(StaffToken, **values)}/"


def test_a_hit_and_a_miss_get_the_same_answer_and_do_the_same_work(
    owner, at, count_queries, django_capture_on_commit_callbacks, monkeypatch
):
    sent = []
    monkeypatch.setattr(tasks.send_password_link, "delay", lambda **kwargs: sent.append(kwargs))
    answers, queries = [], []
    for email in (owner.email, "no@one.example"):
        client = at(HOST)
        with count_queries() as counted, django_capture_on_commit_callbacks(execute=True):
            answers.append(client.post("/forgot/", {"email": email}))
        queries.append(len(counted))
    assert {answer.headers["Location"] for answer in answers} == {"/forgot/sent/"}
    assert queries[0] == queries[1]
    assert sent == [
        {"email": e, "base_url": "http://app.localhost", "isp_id": None} for e in (owner.email, "no@one.example")
    ]
    assert "If there is an account" in at(HOST).get("/forgot/sent/").text


def test_the_mail_leads_to_a_new_password(owner, at, in_public):
    tasks.send_password_link(email=owner.email.upper(), base_url="http://app.localhost", isp_id=None)
    mail = PlatformMail.objects.get()
    assert mail.to == owner.email
    path = mail.text.partition("http://app.localhost")[2].split()[0]
    client = at(HOST)
    page = client.get(path)
    assert owner.email in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert client.post(path, {"password": NEW, "again": NEW}).headers["Location"] == "/sign-in/"
    # The link alone has signed nobody in.
    assert client.get("/profile/").headers["Location"].startswith("/sign-in/")
    assert sign_in(client, owner).status_code == 422
    assert sign_in(client, owner, NEW).status_code == 302


def test_no_mail_goes_to_unknown_or_inactive_people(in_public):
    inactive = StaffUserFactory(is_active=False)
    for email in ("no@one.example", inactive.email):
        tasks.send_password_link(email=email, base_url="http://app.localhost", isp_id=None)
    assert PlatformMail.objects.count() == 0
    assert StaffToken.objects.count() == 0


def test_nobody_is_flooded_with_mails(owner, at, django_capture_on_commit_callbacks, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.send_password_link, "delay", lambda **kwargs: sent.append(kwargs))
    with django_capture_on_commit_callbacks(execute=True):
        answers = [at(HOST).post("/forgot/", {"email": owner.email}) for _ in range(8)]
    assert len(sent) == 5
    assert {answer.headers["Location"] for answer in answers} == {"/forgot/sent/"}


def test_one_network_cannot_ask_for_everybody(at):
    statuses = [at(HOST).post("/forgot/", {"email": f"p{n}@x.example"}).status_code for n in range(31)]
    assert statuses == [302] * 30 + [429]


def test_forgot_wants_an_address(at):
    page = at(HOST).post("/forgot/", {"email": "nobody"})
    assert page.status_code == 422
    assert 'id="id_email_error"' in page.text


@pytest.mark.parametrize(
    ("password", "again", "field"),
    [
        ("short", "short", "password"),
        ("password123", "password123", "password"),
        ("4857392857392", "4857392857392", "password"),
        ("olga@wispmega.example", "olga@wispmega.example", "password"),
        (NEW, "something-else-here", "again"),
        ("", "", "password"),
    ],
)
def test_a_bad_new_password_is_refused_and_the_link_still_works(password, again, field, owner, at):
    link, client = password_link(owner), at(HOST)
    page = client.post(link, {"password": password, "again": again})
    assert page.status_code == 422
    assert f'id="id_{field}_error"' in page.text
    assert client.post(link, {"password": NEW, "again": NEW}).headers["Location"] == "/sign-in/"


def test_a_link_works_once_and_takes_its_sisters_with_it(owner, at):
    link, sister, client = password_link(owner), password_link(owner), at(HOST)
    client.post(link, {"password": NEW, "again": NEW})
    for gone in (link, sister):
        page = client.post(gone, {"password": "yet-another-password", "again": "yet-another-password"})
        assert "does not work any more" in page.text
    assert sign_in(at(HOST), owner, NEW).status_code == 302


def test_opening_a_link_does_not_use_it_up(owner, at):
    link = password_link(owner)
    for _ in range(3):
        assert owner.email in at(HOST).get(link).text


def test_a_link_lives_an_hour(owner, at):
    link = password_link(owner)
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        page = at(HOST).get(link)
    assert "does not work any more" in page.text
    assert owner.email not in page.text


def test_the_link_of_somebody_who_was_deactivated_is_gone(owner, at):
    link = password_link(owner)
    with public_scope():
        StaffUser.objects.filter(pk=owner.pk).update(is_active=False)
    assert "does not work any more" in at(HOST).post(link, {"password": NEW, "again": NEW}).text


@pytest.mark.parametrize("purpose", ["invitation", "enter", "confirm"])
def test_a_link_of_another_purpose_sets_no_password(purpose, owner, isp, at):
    link = password_link(owner, purpose=purpose, isp=isp, role=Role.OWNER, email=owner.email)
    assert "does not work any more" in at(HOST).post(link, {"password": NEW, "again": NEW}).text
    with public_scope():
        assert StaffUser.objects.get(pk=owner.pk).check_password(PASSWORD)


def test_a_password_link_is_no_invitation(owner, at):
    link = password_link(owner).replace("set-password", "invitation")
    assert "does not work any more" in at(HOST).get(link).text


def test_a_new_password_by_link_ends_all_sessions(owner, signed_in, at):
    client = signed_in(owner)
    assert "Olga Owner" in client.get("/profile/").text
    at(HOST).post(password_link(owner), {"password": NEW, "again": NEW})
    assert client.get("/profile/").headers["Location"].startswith("/sign-in/")


# The profile


def test_changing_the_password_ends_the_other_sessions_only(owner, signed_in):
    here, elsewhere = signed_in(owner), signed_in(owner)
    answer = here.post("/profile/password/", {"current": PASSWORD, "password": NEW, "again": NEW})
    assert answer.headers["Location"] == "/profile/"
    assert "All your other sessions have ended" in here.get("/profile/").text
    assert elsewhere.get("/profile/").headers["Location"].startswith("/sign-in/")
    with public_scope():
        assert PlatformMail.objects.get().to == owner.email


def test_changing_the_password_makes_mailed_links_worthless(owner, signed_in, at):
    link = password_link(owner)
    signed_in(owner).post("/profile/password/", {"current": PASSWORD, "password": NEW, "again": NEW})
    assert "does not work any more" in at(HOST).get(link).text


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"current": "wrong", "password": NEW, "again": NEW}, "current"),
        ({"current": "", "password": NEW, "again": NEW}, "current"),
        ({"current": PASSWORD, "password": "short", "again": "short"}, "password"),
        ({"current": PASSWORD, "password": NEW, "again": "other-than-that"}, "again"),
    ],
)
def test_a_wrong_change_of_password_changes_nothing(data, field, owner, signed_in):
    page = signed_in(owner).post("/profile/password/", data)
    assert page.status_code == 422
    assert f'id="id_{field}_error"' in page.text
    with public_scope():
        assert StaffUser.objects.get(pk=owner.pk).check_password(PASSWORD)


def test_the_own_password_cannot_be_guessed_from_an_open_session(owner, signed_in):
    client = signed_in(owner)
    for _ in range(10):
        client.post("/profile/password/", {"current": "wrong", "password": NEW, "again": NEW})
    page = client.post("/profile/password/", {"current": PASSWORD, "password": NEW, "again": NEW})
    assert "Too many attempts" in page.text
    with public_scope():
        assert StaffUser.objects.get(pk=owner.pk).check_password(PASSWORD)


def test_the_profile_language_is_the_language_of_the_pages(owner, signed_in):
    client = signed_in(owner)
    client.cookies["language"] = "en"
    client.post("/profile/", {"name": "Olga Nueva", "language": "es"})
    page = client.get("/profile/")
    assert '<html lang="es">' in page.text
    assert "Olga Nueva" in page.text


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"name": "", "language": "es"}, "name"),
        ({"name": "x" * 121, "language": "es"}, "name"),
        ({"name": "Olga", "language": "xx"}, "language"),
    ],
)
def test_a_bad_profile_is_not_saved(data, field, owner, signed_in):
    page = signed_in(owner).post("/profile/", data)
    assert page.status_code == 422
    assert f'id="id_{field}_error"' in page.text
    with public_scope():
        assert StaffUser.objects.get(pk=owner.pk).name == "Olga Owner"


def test_nobody_without_a_session_sees_a_page_of_a_person(at):
    for path in ("/", "/profile/", "/profile/password/", "/profile/second-factor/", "/profile/second-factor/off/"):
        assert at(HOST).get(path).headers["Location"].startswith("/sign-in/"), path


def test_the_task_is_told_whose_domain_was_asked(
    owner, isp, at, staff_domain, django_capture_on_commit_callbacks, monkeypatch
):
    sent = []
    monkeypatch.setattr(tasks.send_password_link, "delay", lambda **kwargs: sent.append(kwargs))
    with django_capture_on_commit_callbacks(execute=True):
        at(staff_domain).post("/forgot/", {"email": owner.email})
    assert sent == [{"email": owner.email, "base_url": f"http://{staff_domain}", "isp_id": isp.pk}]
