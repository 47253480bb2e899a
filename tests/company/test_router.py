"""The list of addresses that suspended subscribers must reach: what is on it, and how a router is told."""

import re

import pytest
from django.utils import timezone

from company import router
from company.models import CaptchaKeys, ChatWidget, RouterList
from core.scope import public_scope
from domains.models import Domain
from tenants.models import FormerSlug

HOST = "xn--seal-hqa.mx"
ADD = re.compile(r'^(/ip|/ipv6) firewall address-list add list="lastmile-portal" address="([^"]+)" comment="', re.M)


@pytest.fixture
def domain(in_isp):
    with public_scope():
        return Domain.objects.create(isp=in_isp, host=HOST, surface="portal", verified_at=timezone.now())


def addresses(isp):
    return router.addresses_of(router.wanted(isp))


def added(text, family):
    return [address for where, address in ADD.findall(text) if where == family]


def test_every_isp_has_its_host_and_the_shared_one(in_isp):
    assert addresses(in_isp) == ["wispmega.localhost", "portal.localhost"]


def test_a_live_portal_domain_comes_with_its_twin_and_nobody_elses(in_isp, other_isp, domain):
    with public_scope():
        now = timezone.now()
        Domain.objects.create(isp=in_isp, host="sistema.wispmega.example", surface="dashboard", verified_at=now)
        Domain.objects.create(isp=in_isp, host="waiting.example", surface="portal", is_primary=False)
        Domain.objects.create(isp=other_isp, host="clientes.fibrandina.example", surface="portal", verified_at=now)
    assert addresses(in_isp) == [HOST, f"www.{HOST}", "wispmega.localhost", "portal.localhost"]


def test_a_former_address_stays_on_the_list_while_it_leads_here(in_isp):
    with public_scope():
        FormerSlug.objects.create(isp=in_isp, slug="oldmega", slug_skeleton="x", until="2099-01-01T00:00Z")
        FormerSlug.objects.create(isp=in_isp, slug="oldest", slug_skeleton="y", until="2020-01-01T00:00Z")
    assert "oldmega.localhost" in addresses(in_isp)
    assert "oldest.localhost" not in addresses(in_isp)


def test_recaptcha_is_on_the_list_only_with_keys(in_isp):
    assert "www.google.com" not in addresses(in_isp)
    CaptchaKeys.objects.create(domain="wispmega.localhost", site_key="x", secret_key="y")
    assert {"www.google.com", "www.gstatic.com"} <= set(addresses(in_isp))


@pytest.mark.parametrize(
    ("values", "whole", "patterns"),
    [
        ({"vendor": "crisp"}, ["client.crisp.chat"], ["*.crisp.chat", "*.relay.crisp.chat"]),
        ({"vendor": "chatwoot", "host": "chat.wispmega.example:8443"}, ["chat.wispmega.example"], []),
        ({"vendor": "crisp", "is_on": False}, [], []),
    ],
)
def test_the_chat_is_on_the_list_while_it_is_shown(in_isp, values, whole, patterns):
    ChatWidget(pk=1, **values).save()
    assert addresses(in_isp)[2:] == whole + patterns
    text = router.commands(in_isp, addresses(in_isp))
    assert added(text, "/ip")[2:] == whole
    assert all(f"whole names only: {pattern}\n" in text for pattern in patterns)


def test_the_commands_remove_ours_first_and_stand_above_the_cut_off(in_isp, domain, settings):
    settings.EDGE_ADDRESSES = ["192.0.2.10"]
    text = router.commands(in_isp, addresses(in_isp))
    lines = text.splitlines()
    assert lines[1].startswith('/ip firewall address-list remove [find where list="lastmile-portal" comment=')
    assert added(text, "/ip") == [HOST, f"www.{HOST}", "wispmega.localhost", "portal.localhost", "192.0.2.10"]
    for table, chain in (("filter", "forward"), ("nat", "dstnat")):
        place = f"/ip firewall {table}"
        removed = next(n for n, line in enumerate(lines) if line.startswith(f"{place} remove [find where comment="))
        rule = lines[removed + 1]
        assert f"[{place} find where chain={chain} dynamic=no]" in rule
        assert f'{place} add chain={chain} action=accept dst-address-list="lastmile-portal"' in rule
        assert "place-before=[:pick $rules 0]" in rule
        assert [rule.count(mark) for mark in "{["] == [rule.count(mark) for mark in "}]"]
    assert "/ipv6" not in text


def test_nothing_but_our_own_rows_is_ever_removed(in_isp, settings):
    settings.EDGE_ADDRESSES = ["192.0.2.10", "2001:db8::10"]
    removals = [line for line in router.commands(in_isp, addresses(in_isp)).splitlines() if " remove " in line]
    assert len(removals) == 5
    assert all('comment="lastmile: ' in line for line in removals)


def test_each_family_gets_its_own_addresses_and_all_names(in_isp, settings):
    settings.EDGE_ADDRESSES = ["192.0.2.10", "2001:db8::10"]
    text = router.commands(in_isp, addresses(in_isp))
    names = ["wispmega.localhost", "portal.localhost"]
    assert added(text, "/ip") == [*names, "192.0.2.10"]
    assert added(text, "/ipv6") == [*names, "2001:db8::10"]
    assert text.index("/ipv6") > text.rindex("/ip firewall")


def test_what_could_end_a_quotation_is_escaped(in_isp):
    text = router.commands(in_isp, ['a"; /system reset-configuration; "$x\\'])
    assert 'address="a\\"; /system reset-configuration; \\"\\$x\\\\"' in text


def test_the_version_tells_lists_apart_and_not_their_order():
    assert router.version_of(["a", "b"]) == router.version_of(["b", "a"])
    assert router.version_of(["a", "b"]) != router.version_of(["a"])


def test_the_difference_is_what_to_add_and_what_to_remove():
    taken = RouterList(addresses=["old", "kept"], taken_at=timezone.now())
    changes = router.difference(taken, ["kept", "new"])
    assert (changes.added, changes.removed) == (["new"], ["old"])
    assert not router.difference(taken, ["kept", "old"])
    assert not router.difference(RouterList(), ["new"])
