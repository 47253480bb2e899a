"""Another slug: who may have it, and where the old one leads."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from company.models import Identifier, PortalSettings
from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from domains import resolver
from domains.models import Domain
from tenants import directory
from tenants.models import FormerSlug, IspSuspension
from tenants.provisioning import is_taken
from tenants.roles import Role
from tenants.services.renames import CannotRename, rename
from tests.factories.staff import make_member, sign_in
from tests.factories.tenants import PASSWORD, OperatorFactory

OLD, NEW = "wispmega", "altamira"


@pytest.fixture
def renamed(isp):
    with public_scope():
        isp = rename(isp=isp, slug=NEW, by=None)
    resolver.forget_all()
    return isp


@pytest.fixture
def hidden(renamed):
    """The ISP's links carry its UUID."""
    with isp_scope(renamed):
        PortalSettings.objects.update_or_create(pk=1, defaults={"identifier": Identifier.UUID})
    return renamed


def days_pass(days):
    with public_scope():
        for row in FormerSlug.objects.all():
            row.until -= timedelta(days=days)
            row.save()
    resolver.forget_all()


@pytest.mark.parametrize(
    ("slug", "why"),
    [
        ("fibrandina", "taken"),
        ("fibrandlna", "looks too much"),
        ("admin", "kept for the platform"),
        ("A b", "lower-case"),
        ("../etc", "lower-case"),
        (OLD, "already"),
    ],
)
def test_slugs_that_cannot_be_had(isp, other_isp, slug, why):
    with public_scope():
        with pytest.raises(CannotRename, match=why):
            rename(isp=isp, slug=slug, by=None)
        isp.refresh_from_db()
        assert (isp.slug, FormerSlug.objects.count()) == (OLD, 0)


def test_an_old_slug_is_kept_from_others_while_it_redirects(renamed, other_isp):
    with public_scope():
        assert is_taken(OLD)
        for slug in (OLD, "wlspmega"):
            with pytest.raises(CannotRename, match="taken"):
                rename(isp=other_isp, slug=slug, by=None)
    days_pass(91)
    with public_scope():
        assert not is_taken(OLD)
        rename(isp=other_isp, slug=OLD, by=None)
        assert directory.by_slug(OLD).pk == other_isp.pk
        assert directory.by_former_slug(OLD) is None


def test_its_own_old_slug_can_be_taken_back(renamed):
    with public_scope():
        rename(isp=renamed, slug=OLD, by=None)
        assert [row.slug for row in FormerSlug.objects.all()] == [NEW]


@pytest.mark.parametrize(("method", "status"), [("get", 301), ("head", 301), ("post", 308), ("put", 308)])
def test_the_old_host_redirects_with_path_and_query(at, renamed, method, status):
    response = getattr(at(f"{OLD}.localhost"), method)("/sign-in/?user=a%20b&x=1")
    assert (response.status_code, response["Location"]) == (
        status,
        f"http://{NEW}.localhost/sign-in/?user=a%20b&x=1",
    )


def test_after_90_days_the_old_host_is_unknown(at, renamed):
    days_pass(91)
    response = at(f"{OLD}.localhost").get("/sign-in/")
    assert response.status_code == 404
    assert NEW not in str(response.headers)


@pytest.mark.parametrize("host", ["portal.localhost", f"{NEW}.localhost"])
def test_old_install_links_redirect(at, renamed, host):
    response = at(host).get(f"/install/{OLD}/?from=qr")
    assert (response.status_code, response["Location"]) == (301, f"/install/{NEW}/?from=qr")
    response = at(host).post(f"/install/{OLD}/documents/")
    assert (response.status_code, response["Location"]) == (308, f"/install/{NEW}/documents/")


@pytest.mark.parametrize("host", ["portal.localhost", f"{NEW}.localhost"])
def test_a_hidden_form_is_not_found_by_an_old_slug(at, hidden, host):
    response = at(host).get(f"/install/{OLD}/")
    assert response.status_code == 404
    assert NEW not in response.text + str(response.headers)
    assert str(hidden.uuid) not in response.text + str(response.headers)


def test_on_another_isps_host_an_old_slug_says_nothing(at, renamed):
    response = at("fibrandina.localhost").get(f"/install/{OLD}/")
    assert response.status_code == 404
    assert NEW not in response.text + str(response.headers)


def test_a_suspended_isp_answers_neutrally_under_its_old_slug(at, renamed):
    with public_scope():
        IspSuspension.objects.create(isp=renamed, reason="unpaid", started_by=OperatorFactory(email="olga@example.com"))
    resolver.forget_all()
    for host, path in ((f"{OLD}.localhost", "/"), ("portal.localhost", f"/install/{OLD}/")):
        response = at(host).get(path)
        assert response.status_code == 503
        assert NEW not in response.text + str(response.headers)


def test_staff_come_from_the_old_path_to_the_new_one_and_others_do_not(at, isp, other_isp, renamed):
    browser = at("app.localhost")
    sign_in(browser, make_member(isp, Role.SUPPORT))
    response = browser.get(f"/{OLD}/subscribers/?q=1")
    assert (response.status_code, response["Location"]) == (301, f"/{NEW}/subscribers/?q=1")
    assert browser.post(f"/{OLD}/subscribers/new/").status_code == 308
    stranger = at("app.localhost")
    sign_in(stranger, make_member(other_isp, Role.OWNER))
    response = stranger.get(f"/{OLD}/subscribers/")
    assert response.status_code == 404
    assert NEW not in response.text


def test_the_staff_domain_follows_too(at, isp, renamed):
    with public_scope():
        Domain.objects.create(isp=isp, host="sistema.example", surface="dashboard", verified_at=timezone.now())
    resolver.forget_all()
    browser = at("sistema.example")
    sign_in(browser, make_member(isp, Role.OWNER))
    assert browser.get(f"/{OLD}/")["Location"] == f"/{NEW}/"


def test_the_console_renames_and_says_what_is_wrong(at, isp, other_isp):
    with public_scope():
        operator = OperatorFactory()
    console = at("localhost")
    console.post("/sign-in/", {"email": operator.email, "password": PASSWORD})
    page = console.post(f"/console/isps/{isp.uuid}/rename/", {"slug": "fibrandina"})
    assert (page.status_code, "taken" in page.text, 'value="fibrandina"' in page.text) == (422, True, True)
    page = console.post(f"/console/isps/{isp.uuid}/rename/", {"slug": NEW}, follow=True)
    assert f"<code>{OLD}</code> until" in page.text
    with public_scope():
        entry = AuditEntry.objects.get(verb="tenants.isp.renamed")
    assert (entry.actor_id, entry.details) == (operator.pk, {"before": OLD, "slug": NEW})


def test_the_command(isp, other_isp, capsys):
    call_command("rename_isp", OLD, NEW)
    assert f"slug {NEW} now" in capsys.readouterr().out
    for arguments, said in ((["nobody", "neu"], "No ISP has the slug 'nobody'."), ([NEW, "fibrandina"], "taken")):
        with pytest.raises(CommandError, match=said) as raised:
            call_command("rename_isp", *arguments)
        assert raised.value.returncode == 2
