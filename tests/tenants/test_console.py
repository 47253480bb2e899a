"""The operators' console: who gets in, what it shows, and suspending an ISP."""

import pytest
from django.utils import timezone

from core.celery import RefusedTask
from core.models import AuditEntry
from core.scope import public_scope
from domains import resolver
from domains.models import Surface
from domains.services import add_domain
from tenants.directory import open_isp
from tenants.models import ISP, IspSuspension, SignUp
from tenants.roles import Role
from tenants.services.isps import AlreadySuspended, NotSuspended, resume, suspend
from tests.factories.tenants import PASSWORD, MembershipFactory, OperatorFactory, SignUpFactory, StaffUserFactory


@pytest.fixture
def operator(db):
    with public_scope():
        return OperatorFactory(name="Olga Operator")


@pytest.fixture
def console(at, operator):
    """A browser with an operator signed in on the platform's host."""
    browser = at("localhost")
    browser.post("/sign-in/", {"email": operator.email, "password": PASSWORD})
    return browser


def paths(isp) -> list[tuple[str, str]]:
    base = f"/console/isps/{isp.uuid}/"
    return [("get", "/console/"), ("get", base), ("post", f"{base}suspend/"), ("post", f"{base}resume/")]


def test_visitors_are_sent_to_sign_in_and_back(at, isp):
    for method, path in paths(isp):
        response = getattr(at("localhost"), method)(path)
        assert response["Location"].startswith("/sign-in/?next=%2Fconsole%2F")


def test_staff_who_are_no_operators_are_refused(at, isp):
    with public_scope():
        owner = MembershipFactory(isp=isp, role=Role.OWNER).user
    browser = at("localhost")
    _give_session(browser, owner)
    for method, path in paths(isp):
        response = getattr(browser, method)(path, {"reason": "x"})
        assert (response.status_code, b"Fibrandina" in response.content) == (403, False)
    with public_scope():
        assert not IspSuspension.objects.exists()


def _give_session(browser, user) -> None:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from core.sessions import SessionStore, cookie_name

    with public_scope():
        session = SessionStore(realm=f"platform:{browser.host}")
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "tenants.authentication.StaffBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
    browser.cookies[cookie_name("platform")] = session.session_key


def test_operators_see_all_isps(console, isp, other_isp):
    page = console.get("/console/").content.decode()
    assert "WispMega" in page
    assert "Fibrandina" in page


def test_the_console_is_not_on_other_hosts(at, operator, isp):
    for host in ("app.localhost", "wispmega.localhost", "portal.localhost"):
        browser = at(host)
        browser.post("/sign-in/", {"email": operator.email, "password": PASSWORD})
        page = browser.get("/console/", follow=True).content.decode()
        assert "Fibrandina" not in page


def test_an_operator_sees_no_isp_on_the_dashboard_without_a_membership(at, operator, isp):
    browser = at("app.localhost")
    browser.post("/sign-in/", {"email": operator.email, "password": PASSWORD})
    page = browser.get("/", follow=True).content.decode()
    assert "WispMega" not in page
    assert browser.get("/wispmega/").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"search": "wisp"}, {"WispMega"}),
        ({"search": "FIBRANDINA"}, {"Fibrandina"}),
        ({"search": "clientes.fib"}, {"Fibrandina"}),
        ({"country": "CO"}, {"Fibrandina"}),
        ({"state": "suspended"}, {"WispMega"}),
        ({"state": "open"}, {"Fibrandina"}),
        ({"state": "open", "country": "MX"}, set()),
        ({}, {"WispMega", "Fibrandina"}),
    ],
)
def test_search_and_filters(console, operator, isp, other_isp, query, found):
    with public_scope():
        suspend(isp=isp, reason="Unpaid", by=operator)
        add_domain(isp=other_isp, host="clientes.fibrandina.example", surface=Surface.PORTAL)
    page = console.get("/console/", query).content.decode()
    assert {name for name in ("WispMega", "Fibrandina") if f">{name}</a>" in page} == found
    assert ("No ISP matches" in page) == (not found)


def test_the_list_costs_the_same_for_one_isp_and_for_thirty(console, isp, count_queries):
    def cost() -> int:
        with count_queries() as counter:
            assert console.get("/console/").status_code == 200
        return len(counter)

    console.get("/console/")
    with public_scope():
        only = cost()
        made = [
            ISP(name=f"ISP {n:02}", slug=f"isp-{n}", slug_skeleton=f"s{n}", country="MX", language="es", currency="MXN")
            for n in range(30)
        ]
        for one in ISP.objects.bulk_create(made):
            MembershipFactory(isp=one)
    assert cost() == only
    page = console.get("/console/", {"page": 2}).content.decode()
    assert "2 / 2" in page
    assert ">WispMega</a>" in page


def test_failed_sign_ups_are_listed_with_the_class_of_their_reason(console, isp):
    with public_scope():
        SignUpFactory(company="Taken Net", state="failed", error="slug_taken", finished_at=timezone.now())
        SignUpFactory(company="Broken Net", state="failed", error="OperationalError", finished_at=timezone.now())
        SignUpFactory(company="Waiting Net", confirmed=True)
    page = console.get("/console/").content.decode().partition("could not be finished")[2]
    assert "Taken Net" in page
    assert "The address was taken." in page
    assert "OperationalError" in page.partition("Broken Net")[2]
    assert "Waiting Net" not in page


def test_the_page_of_an_isp_shows_hosts_people_sign_up_and_acts(console, operator, isp):
    with public_scope():
        add_domain(isp=isp, host="clientes.wispmega.example", surface=Surface.PORTAL)
        MembershipFactory.create_batch(3, isp=isp)
        sign_up = SignUpFactory(state="done", isp=isp, finished_at=timezone.now())
        SignUp.objects.filter(pk=sign_up.pk).update(created_at="2030-05-06T07:08:00Z")
    page = console.get(f"/console/isps/{isp.uuid}/").content.decode()
    assert "clientes.wispmega.example" in page
    assert '<dd class="col-7">3</dd>' in page
    assert "2030-05-06 07:08" in page
    assert "domains.domain.added" in page


def test_suspending_closes_the_portal_and_tells_staff_why(console, at, isp, operator):
    with public_scope():
        member = MembershipFactory(isp=isp, role=Role.SUPPORT).user
    response = console.post(f"/console/isps/{isp.uuid}/suspend/", {"reason": "Fee of May is open"}, follow=True)
    assert "Fee of May is open" in response.content.decode()
    assert "Olga Operator" in response.content.decode()
    resolver.forget_all()

    portal = at("wispmega.localhost").get("/")
    assert (portal.status_code, b"WispMega" in portal.content) == (503, False)
    staff = at("app.localhost")
    staff.post("/sign-in/", {"email": member.email, "password": PASSWORD})
    page = staff.get("/wispmega/")
    assert (page.status_code, "Fee of May is open" in page.content.decode()) == (503, True)
    with public_scope(), pytest.raises(RefusedTask):
        open_isp(isp.pk)
    with public_scope():
        entry = AuditEntry.objects.get(verb="tenants.isp.suspended")
    assert (entry.actor_id, entry.details) == (operator.pk, {"reason": "Fee of May is open"})

    console.post(f"/console/isps/{isp.uuid}/resume/")
    resolver.forget_all()
    assert staff.get("/wispmega/").status_code == 200
    with public_scope():
        assert AuditEntry.objects.filter(verb="tenants.isp.resumed", actor_id=operator.pk).exists()
        assert open_isp(isp.pk).slug == "wispmega"


def test_the_other_isp_stays_open(console, isp, other_isp):
    console.post(f"/console/isps/{isp.uuid}/suspend/", {"reason": "Unpaid"})
    with public_scope():
        assert open_isp(other_isp.pk).slug == "fibrandina"


def test_without_a_reason_nothing_is_suspended(console, isp):
    response = console.post(f"/console/isps/{isp.uuid}/suspend/", {"reason": ""})
    assert (response.status_code, "This field is required" in response.content.decode()) == (422, True)
    with public_scope():
        assert not IspSuspension.objects.exists()


def test_twice_is_said_and_changes_nothing(console, operator, isp):
    with public_scope():
        suspend(isp=isp, reason="First", by=operator)
        with pytest.raises(AlreadySuspended):
            suspend(isp=isp, reason="Second", by=operator)
    page = console.post(f"/console/isps/{isp.uuid}/suspend/", {"reason": "Third"}, follow=True).content.decode()
    assert "was suspended already" in page
    with public_scope():
        assert [row.reason for row in IspSuspension.objects.all()] == ["First"]
        resume(isp=isp, by=operator)
        with pytest.raises(NotSuspended):
            resume(isp=isp, by=operator)
    page = console.post(f"/console/isps/{isp.uuid}/resume/", follow=True).content.decode()
    assert "is active already" in page


def test_staff_see_no_way_into_the_console(at):
    with public_scope():
        person = StaffUserFactory()
    browser = at("localhost")
    _give_session(browser, person)
    assert "/console/" not in browser.get("/").content.decode()


def test_no_cache_keeps_what_operators_see(console, isp):
    for method, path in paths(isp):
        assert getattr(console, method)(path).headers["Cache-Control"] == "no-store", path
