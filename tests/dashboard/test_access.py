"""Who may open the pages of an ISP: its own staff, with the right role, on the right host."""

import pytest
from django.http import HttpResponse
from django.urls import include, path
from django.utils import timezone

from core.access import declared
from core.scope import current, public_scope
from dashboard.access import staff_page
from domains.models import Domain
from domains.resolver import Site
from tenants.models import ISP, IspSuspension
from tenants.roles import RIGHTS, Right, Role, has_right
from tests.factories.staff import PASSWORD, make_member

opened: list[str] = []


def undeclared(request, slug):
    opened.append("undeclared")
    return HttpResponse("the secret page")


@staff_page(Right.SEE_HOME)
def for_all_staff(request):
    opened.append("declared")
    return HttpResponse(f"{request.isp.slug} {request.membership.role} {current().schema_name}")


urlpatterns = [
    path("<slug:slug>/undeclared/", undeclared),
    path("<slug:slug>/declared/", for_all_staff),
    path("", include("dashboard.urls")),
]


@pytest.fixture
def with_extra_pages(monkeypatch):
    monkeypatch.setattr(Site, "urlconf", property(lambda self: "tests.dashboard.test_access"))
    opened.clear()


def test_a_page_that_declares_no_role_opens_for_nobody(isp, owner, signed_in, with_extra_pages, caplog):
    page = signed_in(owner).get("/wispmega/undeclared/")
    assert page.status_code == 403
    assert "the secret page" not in page.text
    assert opened == []
    assert "declares no access" in caplog.text


def test_without_the_guard_it_would_open(isp, owner, signed_in, with_extra_pages, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "AccessMiddleware" not in name]
    assert "the secret page" in signed_in(owner).get("/wispmega/undeclared/").text


def test_a_declared_page_runs_in_the_scope_of_the_isp_in_the_path(isp, owner, signed_in, with_extra_pages):
    assert signed_in(owner).get("/wispmega/declared/").text == f"wispmega owner {isp.schema_name}"


def test_every_view_of_the_dashboard_declares_its_access():
    from dashboard.urls import urlpatterns as patterns

    def views(patterns):
        for pattern in patterns:
            yield from views(pattern.url_patterns) if hasattr(pattern, "url_patterns") else [pattern.callback]

    found = list(views(patterns))
    assert len(found) > 20
    assert [view.__name__ for view in found if declared(view) is None] == []


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("page", "right"),
    [("", Right.SEE_HOME), ("staff/", Right.STAFF), ("staff/roles/", Right.STAFF), ("audit/", Right.SEE_AUDIT)],
)
def test_each_role_opens_what_the_table_of_rights_says(role, page, right, isp, signed_in):
    answer = signed_in(make_member(isp, role)).get(f"/wispmega/{page}")
    assert ("page-title" in answer.text) == has_right(role, right)
    assert answer.status_code == (200 if has_right(role, right) else 403)


def test_an_unknown_role_has_no_right():
    assert not any(has_right("emperor", right) for right in RIGHTS)


PAGES = ["", "staff/", "staff/roles/", "audit/"]


@pytest.mark.parametrize("page", PAGES)
def test_staff_of_another_isp_cannot_tell_it_from_none(page, owner, stranger, signed_in):
    client = signed_in(stranger)
    real, invented = client.get(f"/wispmega/{page}"), client.get(f"/nosuchisp/{page}")
    assert real.status_code == invented.status_code == 404
    assert real.text == invented.text
    assert dict(real.headers) == dict(invented.headers)


def test_strangers_and_invented_isps_cost_the_same_queries(owner, stranger, signed_in, count_queries):
    client = signed_in(stranger)
    counts = []
    for slug in ("wispmega", "nosuchisp"):
        with count_queries() as counted:
            client.get(f"/{slug}/")
        counts.append(len(counted))
    assert counts[0] == counts[1]


def test_visitors_cannot_tell_it_from_none_either(at, isp):
    for slug in ("wispmega", "nosuchisp"):
        assert at("app.localhost").get(f"/{slug}/").headers["Location"] == f"/sign-in/?next=%2F{slug}%2F"


def test_a_staff_domain_shows_its_own_isp_only(isp, other_isp, signed_in, staff_domain):
    both = make_member(isp, Role.OWNER)
    with public_scope():
        both.memberships.create(isp=other_isp, role=Role.OWNER)
    client = signed_in(both, staff_domain)
    assert "WispMega" in client.get("/wispmega/").text
    for page in PAGES:
        refused = client.get(f"/fibrandina/{page}")
        assert refused.status_code == 404
        assert "Fibrandina" not in refused.text
    assert "Fibrandina" not in client.get("/wispmega/").text
    # The same person reaches both on the shared host.
    assert "Fibrandina" in signed_in(both).get("/fibrandina/").text


def test_the_right_is_looked_up_at_every_request(isp, owner, admin, signed_in):
    client = signed_in(admin)
    assert client.get("/wispmega/audit/").status_code == 200
    with public_scope():
        admin.memberships.update(role=Role.SUPPORT)
    assert "You may not open this page" in client.get("/wispmega/audit/").text


def test_a_suspended_isp_tells_its_own_staff_so_and_nobody_else(isp, owner, stranger, signed_in):
    with public_scope():
        IspSuspension.objects.create(isp=ISP.objects.get(pk=isp.pk), reason="unpaid", started_by=owner)
    page = signed_in(owner).get("/wispmega/")
    assert page.status_code == 503
    assert "WispMega is not available at the moment" in page.text
    assert "unpaid" in page.text
    assert "What to set up next" not in page.text
    elsewhere = signed_in(stranger).get("/wispmega/")
    assert elsewhere.status_code == 404
    assert "WispMega" not in elsewhere.text


@pytest.fixture
def staff_domain_off_the_air(isp, owner):
    with public_scope():
        Domain.objects.create(isp=isp, host="sistema.wispmega.example", surface="dashboard", verified_at=timezone.now())
        IspSuspension.objects.create(isp=ISP.objects.get(pk=isp.pk), reason="unpaid", started_by=owner)
    return "sistema.wispmega.example"


def test_on_their_own_domain_too_staff_learn_why_the_isp_is_off_the_air(
    isp, owner, stranger, staff_domain_off_the_air, at, signed_in
):
    host = staff_domain_off_the_air
    page = signed_in(owner, host).get("/wispmega/")
    assert page.status_code == 503
    assert "unpaid" in page.text
    assert "What to set up next" not in page.text
    for place in ("/wispmega/settings/domains/", "/wispmega/subscribers/", "/wispmega/audit/"):
        assert "unpaid" in signed_in(owner, host).get(place).text
    # Who is not signed in, or is somebody else's staff, reads nothing of it.
    assert at(host).get("/wispmega/").headers["Location"].startswith("/sign-in/")
    for client in (at(host), signed_in(stranger, host)):
        for place in ("/", "/sign-in/", "/wispmega/", "/forgot/"):
            assert "unpaid" not in client.get(place, follow=True).text
    sent = at(host).post("/sign-in/", {"email": owner.email, "password": PASSWORD, "next": "/wispmega/"}, follow=True)
    assert "unpaid" in sent.text
    # The sign by which checks know a working domain stays away.
    assert at(host).get("/.well-known/lastmile/").status_code == 503


def test_a_form_that_was_sent_after_the_session_ended_leads_to_the_start(at, isp):
    answer = at("app.localhost").post("/wispmega/staff/invite/", {"email": "x@example.com"})
    assert answer.headers["Location"] == "/sign-in/"
