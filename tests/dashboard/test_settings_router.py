"""The list for routers in the settings: shown, downloaded, confirmed, and what a change of domains does to it."""

import pytest
from django.utils import timezone

from company.models import RouterList
from core.scope import isp_scope, public_scope
from domains.models import Domain
from tenants.roles import Role
from tests.dashboard.settings_pages import audit_rows, staff_client, text_of

PAGE = "/wispmega/settings/router/"
HOST = "clientes.wispmega.example"


@pytest.fixture
def admin_page(isp):
    return staff_client(isp)


def put_domain(isp, host=HOST):
    with public_scope():
        return Domain.objects.create(isp=isp, host=host, surface="portal", verified_at=timezone.now())


def confirm(client):
    version = client.get(PAGE).context["version"]
    return client.post(f"{PAGE}done/", {"version": version}, follow=True)


def taken(isp):
    with isp_scope(isp):
        return RouterList.load()


def test_the_page_shows_the_list_twice_to_copy(isp, admin_page):
    put_domain(isp)
    page = text_of(admin_page.get(PAGE))
    assert f"address=&quot;{HOST}&quot;" in page.partition('id="router-commands"')[2].partition("</textarea>")[0]
    plain = page.partition('id="router-plain"')[2].partition(">")[2].partition("</textarea>")[0]
    assert plain.split() == [HOST, f"www.{HOST}", "wispmega.localhost", "portal.localhost"]
    assert page.count("data-copy=") == 2
    assert 'id="changes"' not in page


def test_both_files_are_what_the_page_shows(isp, admin_page):
    shown = admin_page.get(PAGE).context
    for path, name in (("commands", "lastmile-wispmega.rsc"), ("addresses", "lastmile-wispmega.txt")):
        answer = admin_page.get(f"{PAGE}{path}/")
        assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
        assert answer.content.decode() == shown["commands" if path == "commands" else "plain"]


def test_a_change_of_domains_says_what_to_replace_until_it_is_done(isp, other_isp, admin_page):
    old = put_domain(isp)
    assert "This page tells you" in text_of(confirm(admin_page))
    assert taken(isp).addresses[0] == HOST
    assert not taken(other_isp).taken_at
    assert "Replace the list" not in text_of(admin_page.get("/wispmega/"))
    with public_scope():
        old.delete()
    put_domain(isp, "new.wispmega.example")
    page = text_of(admin_page.get(PAGE))
    added = page.partition('id="added"')[2].partition("</ul>")[0]
    removed = page.partition('id="removed"')[2].partition("</ul>")[0]
    assert '<code class="text-break">new.wispmega.example</code>' in added
    assert f">{HOST}</code>" in removed
    assert "wispmega.localhost" not in added + removed
    assert "Replace the list of addresses on your router" in text_of(admin_page.get("/wispmega/"))
    assert 'id="changes"' not in text_of(confirm(admin_page))
    assert "Replace the list" not in text_of(admin_page.get("/wispmega/"))
    assert [verb for verb, _ in audit_rows(isp)] == ["company.router_list.confirmed"] * 2


def test_a_list_that_changed_after_it_was_shown_is_not_taken_for_done(isp, admin_page):
    version = admin_page.get(PAGE).context["version"]
    put_domain(isp)
    page = text_of(admin_page.post(f"{PAGE}done/", {"version": version}, follow=True))
    assert "changed in the meantime" in page
    assert taken(isp).taken_at is None
    assert audit_rows(isp) == []


@pytest.mark.parametrize("role", [Role.BILLING, Role.TECHNICIAN, Role.READ_ONLY])
def test_other_roles_neither_see_nor_confirm_it(isp, role):
    version = staff_client(isp).get(PAGE).context["version"]
    client = staff_client(isp, role)
    assert "lastmile-portal" not in text_of(client.get(PAGE)) + text_of(client.get(f"{PAGE}commands/"))
    client.post(f"{PAGE}done/", {"version": version})
    assert taken(isp).taken_at is None
