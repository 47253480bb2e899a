"""The portal that all ISPs share."""

import pytest

from core.scope import public_scope
from domains import resolver
from tenants.models import IspSuspension, StaffUser

HOST = "portal.localhost"


def go(client, login):
    return client.post("/", {"login": login})


def test_the_page_explains_and_asks_for_no_password(at):
    page = at(HOST).get("/").content.decode()
    assert "Your user name, an @ and the short name of your provider." in page
    assert "Every provider has a link of its own." in page
    assert 'type="password"' not in page
    assert "WispMega" not in page
    assert "Fibrandina" not in page


@pytest.mark.parametrize(
    ("login", "target"),
    [
        ("maria@wispmega", "http://wispmega.localhost/sign-in/?user=maria"),
        (" Maria@WispMega ", "http://wispmega.localhost/sign-in/?user=Maria"),
        ("maria@nobody", "http://nobody.localhost/sign-in/?user=maria"),
        ("a&b=c#d@wispmega", "http://wispmega.localhost/sign-in/?user=a%26b%3Dc%23d"),
    ],
)
def test_name_at_isp_is_forwarded_to_that_host(at, login, target):
    answer = go(at(HOST), login)
    assert (answer.status_code, answer["Location"]) == (303, target)


def test_nothing_tells_whether_isp_or_user_exist(at, isp, other_isp, count_queries):
    with public_scope():
        operator = StaffUser.objects.create(email="op@example.com", name="Op")
        IspSuspension.objects.create(isp=other_isp, reason="x", started_by=operator)
    resolver.forget_all()
    client = at(HOST)
    client.get("/")
    seen = set()
    for slug in ("wispmega", "fibrandina", "nobody"):
        with count_queries() as queries:
            answer = go(client, f"maria@{slug}")
        headers = tuple(sorted((k, v.replace(slug, "…")) for k, v in answer.headers.items()))
        seen.add((answer.status_code, answer.content, headers, len(queries)))
    assert len(seen) == 1
    assert at("fibrandina.localhost").get("/sign-in/?user=maria").status_code == 503
    assert "maria" not in at("nobody.localhost").get("/sign-in/?user=maria").content.decode()


@pytest.mark.parametrize(
    "login",
    [
        "",
        "maria",
        "maria@",
        "@wispmega",
        "maria@example.com",
        "maria@app",
        "maria@portal",
        "maria@-x-",
        "maria@evil.example/",
        "maria@a b",
        "maria@ünï",
        "a" * 130 + "@wispmega",
    ],
)
def test_what_cannot_be_a_login_is_shown_again_with_a_message(at, login):
    answer = go(at(HOST), login)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "is-invalid" in page
    assert 'id="id_login_error"' in page


def test_the_policy_lets_the_form_lead_to_our_hosts_and_no_others(at):
    policy = at(HOST).get("/")["Content-Security-Policy"]
    form = next(part for part in policy.split(";") if part.strip().startswith("form-action"))
    assert form.split() == ["form-action", "'self'", "http://*.localhost"]


def test_the_name_stands_in_the_form_of_the_isp(at, isp):
    page = at("wispmega.localhost").get('/sign-in/?user=maria"><script>').content.decode()
    assert 'value="maria&quot;&gt;&lt;script&gt;"' in page


@pytest.mark.parametrize("path", ["/sign-in/", "/account/", "/contact/", "/payment-methods/", "/sign-out/", "/x/"])
def test_other_pages_are_not_here(at, path):
    answer = at(HOST).get(path)
    assert answer.status_code == 404
    assert "This page does not exist" in answer.content.decode()


def test_the_language_can_be_chosen(at):
    client = at(HOST)
    assert client.post("/language/", {"language": "es", "next": "/"})["Location"] == "/"
    assert client.get("/")["Content-Language"] == "es"
