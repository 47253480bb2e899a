"""Putting a domain in place, by verb and by command, and taking it away."""

import io

import pytest
from django.core.management import CommandError, ManagementUtility, call_command
from django.db import connections

from core.models import AuditEntry
from core.scope import public_scope
from domains.models import Domain, Surface
from domains.resolver import UnknownHost, forget_all, resolve
from domains.services import CannotAdd, NoSuchDomain, add_domain, remove_domain

pytestmark = pytest.mark.usefixtures("in_public")


def primary(isp, surface=Surface.PORTAL) -> str:
    return Domain.objects.get(isp=isp, surface=surface, is_primary=True).host


def test_a_domain_leads_to_its_isp_at_once(isp, django_capture_on_commit_callbacks):
    with pytest.raises(UnknownHost):
        resolve("clientes.wispmega.example")
    with django_capture_on_commit_callbacks(execute=True):
        domain = add_domain(isp=isp, host="Clientes.WispMega.Example.", surface=Surface.PORTAL)
    assert domain.host == "clientes.wispmega.example"
    site = resolve("clientes.wispmega.example")
    assert (site.isp.pk, site.surface) == (isp.pk, Surface.PORTAL)
    entry = AuditEntry.objects.get(verb="domains.domain.added")
    assert (entry.target_id, entry.details["host"]) == (str(isp.pk), "clientes.wispmega.example")


def test_names_in_other_scripts_are_kept_as_dns_has_them(isp):
    assert add_domain(isp=isp, host="clientes.señal.example", surface=Surface.PORTAL).host.startswith("clientes.xn--")


def test_in_the_demo_a_name_two_labels_below_localhost_is_a_custom_domain(isp, at):
    add_domain(isp=isp, host="clientes.wispmega.localhost", surface=Surface.PORTAL)
    add_domain(isp=isp, host="sistema.wispmega.localhost", surface=Surface.DASHBOARD)
    assert resolve("clientes.wispmega.localhost").isp.pk == isp.pk
    assert resolve("sistema.wispmega.localhost").surface == Surface.DASHBOARD


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("localhost", "two parts"),
        ("wispmega", "two parts"),
        ("app.localhost", "belongs to the platform"),
        ("portal.localhost", "belongs to the platform"),
        ("wispmega.localhost", "belongs to the platform"),
        ("free.localhost", "belongs to the platform"),
        ("www.localhost", "belongs to the platform"),
        ("www.wispmega.localhost", "belongs to the platform"),
        ("10.0.0.7", "IP address"),
        ("1.2.3", "IP address"),
        ("[::1]", "not a domain name"),
        ("under_score.example", "not a domain name"),
        ("-x.example", "not a domain name"),
        ("two words.example", "not a domain name"),
        ("clientes.example:99999", "port"),
        ("", "not a domain name"),
        ("x" * 64 + ".example", "not a domain name"),
    ],
)
def test_what_is_no_domain_of_ones_own_is_refused(isp, host, message):
    with pytest.raises(CannotAdd, match=message):
        add_domain(isp=isp, host=host, surface=Surface.PORTAL)
    assert not Domain.objects.exists()


@pytest.mark.parametrize("host", ["lastmile.example", "x.lastmile.example", "a.b.lastmile.example"])
def test_nothing_below_a_real_platform_domain_can_be_added(isp, settings, host):
    settings.PLATFORM_DOMAIN = "lastmile.example"
    with pytest.raises(CannotAdd, match="belongs to the platform"):
        add_domain(isp=isp, host=host, surface=Surface.PORTAL)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("fibra.example", "FIBRA.example"),
        ("fibra.example", "www.fibra.example"),
        ("www.fibra.example", "fibra.example"),
    ],
)
def test_a_name_that_is_in_use_is_refused_with_and_without_www(isp, other_isp, first, second):
    add_domain(isp=isp, host=first, surface=Surface.PORTAL)
    for anyone in (isp, other_isp):
        with pytest.raises(CannotAdd, match="in use already"):
            add_domain(isp=anyone, host=second, surface=Surface.DASHBOARD)
    assert Domain.objects.count() == 1


def test_the_first_domain_is_primary_and_another_one_on_request(isp, other_isp):
    add_domain(isp=isp, host="one.example", surface=Surface.PORTAL)
    add_domain(isp=isp, host="two.example", surface=Surface.PORTAL)
    add_domain(isp=isp, host="staff.example", surface=Surface.DASHBOARD)
    add_domain(isp=other_isp, host="other.example", surface=Surface.PORTAL)
    assert primary(isp) == "one.example"
    add_domain(isp=isp, host="three.example", surface=Surface.PORTAL, is_primary=True)
    assert primary(isp) == "three.example"
    assert primary(isp, Surface.DASHBOARD) == "staff.example"
    assert primary(other_isp) == "other.example"


def test_a_refused_domain_leaves_the_primary_one_as_it_is(isp):
    add_domain(isp=isp, host="one.example", surface=Surface.PORTAL)
    with pytest.raises(CannotAdd):
        add_domain(isp=isp, host="www.one.example", surface=Surface.PORTAL, is_primary=True)
    assert primary(isp) == "one.example"


def test_removing_ends_the_host_and_the_next_one_becomes_primary(isp, django_capture_on_commit_callbacks):
    add_domain(isp=isp, host="one.example", surface=Surface.PORTAL)
    add_domain(isp=isp, host="two.example", surface=Surface.PORTAL)
    forget_all()
    assert resolve("one.example").isp.pk == isp.pk
    with django_capture_on_commit_callbacks(execute=True):
        assert remove_domain(host="ONE.example") == isp
    with pytest.raises(UnknownHost):
        resolve("one.example")
    assert primary(isp) == "two.example"
    assert AuditEntry.objects.get(verb="domains.domain.removed").details["host"] == "one.example"
    for gone in ("one.example", "no domain"):
        with pytest.raises(NoSuchDomain):
            remove_domain(host=gone)


def test_the_commands(isp):
    out = io.StringIO()
    call_command("add_domain", "clientes.example", "--isp", "wispmega", "--surface", "portal", stdout=out)
    call_command("add_domain", "b.example", "--isp", "wispmega", "--surface", "portal", "--primary", stdout=out)
    assert out.getvalue() == (
        "clientes.example leads to the portal of wispmega (primary).\n"
        "b.example leads to the portal of wispmega (primary).\n"
    )
    assert primary(isp) == "b.example"
    call_command("remove_domain", "b.example", stdout=out)
    assert primary(isp) == "clientes.example"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["add_domain", "x.example", "--isp", "nobody", "--surface", "portal"], "No ISP has the slug 'nobody'."),
        (["add_domain", "app.localhost", "--isp", "wispmega", "--surface", "portal"], "belongs to the platform."),
        (["add_domain", "x.example", "--isp", "wispmega", "--surface", "platform"], "invalid choice: 'platform'"),
        (["remove_domain", "x.example"], "No ISP has the domain 'x.example'."),
    ],
)
def test_a_command_that_cannot_says_so_in_one_line_and_ends_with_two(isp, arguments, line, capsys, monkeypatch):
    # A command closes the connections at its end; the test still needs its own.
    monkeypatch.setattr(connections, "close_all", lambda: None)
    with pytest.raises(SystemExit) as end:
        ManagementUtility(["manage.py", *arguments]).execute()
    assert end.value.code == 2
    assert line in capsys.readouterr().err.strip().splitlines()[-1]
    with public_scope():
        assert not Domain.objects.exists()


def test_a_command_error_carries_no_traceback(isp):
    with pytest.raises(CommandError) as failure:
        call_command("add_domain", "x.example", "--isp", "nobody", "--surface", "portal")
    assert "\n" not in str(failure.value)
