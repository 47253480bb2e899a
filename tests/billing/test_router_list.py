"""The list for routers: always what is so now, addresses alone, for those who hold a good address."""

import json
import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from billing import router_list
from billing.models import ListToken
from billing.services import notices, suspensions
from core.scope import isp_scope, public_scope
from subscribers.models import Router
from tenants.roles import Role
from tests.billing.test_suspensions import Somebody, pay
from tests.dashboard.settings_pages import staff_client
from tests.factories.billing import AT, owe, rule
from tests.factories.subscribers import ServiceFactory

ME = Somebody()


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def rosa(isp):
    """Somebody with an address who is cut off, beside others who are not."""
    with isp_scope(isp):
        service = ServiceFactory(subscriber__first_name="Rosa", ip_address="10.0.0.20")
        owe(service.subscriber)
        suspensions.cut(by=None, subscriber_id=service.subscriber_id, rule=rule(), at=AT)
        ServiceFactory(ip_address="10.0.0.3")
        ServiceFactory(ip_address="10.0.0.9", state="suspended")
        ServiceFactory(ip_address=None, state="suspended")
        ServiceFactory(ip_address="10.0.0.10", state="ended")
    return service


def make(isp, router=None):
    with isp_scope(isp):
        return notices.make_list_address(by=ME, router=router)


def ask(at, secret, kind="txt", host="wispmega.localhost", **headers):
    return at(host).get(f"/lists/{secret}/suspended.{kind}", headers=headers)


def test_the_list_holds_addresses_of_what_is_off_in_order_and_nothing_else(at, isp, rosa):
    answer = ask(at, make(isp))
    assert answer["Content-Type"].startswith("text/plain")
    assert answer.content.decode() == "10.0.0.9\n10.0.0.20\n"
    body = json.loads(ask(at, make(isp), "json").content)
    assert (body["count"], body["addresses"]) == (2, ["10.0.0.9", "10.0.0.20"])


def test_ucrm_69_who_has_paid_is_off_the_list_at_once(at, isp, rosa):
    secret = make(isp)
    before = ask(at, secret)
    assert ask(at, secret, if_none_match=before["ETag"]).status_code == 304
    with isp_scope(isp):
        pay(rosa.subscriber, "500")
    after = ask(at, secret, if_none_match=before["ETag"])
    assert (after.status_code, after.content.decode()) == (200, "10.0.0.9\n")
    assert after["ETag"] != before["ETag"]


def test_ucrm_plugins_275_the_address_of_another_line_is_never_cut(at, isp, rosa):
    """Two routers use the same private address: one of its lines is off, the other one works."""
    with isp_scope(isp):
        north, south = Router.objects.create(name="North"), Router.objects.create(name="South")
        type(rosa).objects.filter(pk=rosa.pk).update(router=north)
        ServiceFactory(ip_address="10.0.0.20", router=south)
    assert ask(at, make(isp)).content.decode() == "10.0.0.9\n"
    assert ask(at, make(isp, north)).content.decode() == "10.0.0.20\n"
    assert ask(at, make(isp, south)).content.decode() == ""


def test_without_a_good_address_there_is_nothing(at, isp, rosa, monkeypatch):
    secret = make(isp)
    assert ask(at, secret, host="fibrandina.localhost").status_code == 404
    assert ask(at, f"{secret}x").status_code == 404
    assert ask(at, secret, "csv").status_code == 404
    with isp_scope(isp):
        assert secret not in str(list(ListToken.objects.values()))
        notices.revoke_list_address(by=ME, row=ListToken.objects.get())
    assert ask(at, secret).status_code == 404


def test_guessing_ends_also_for_the_right_secret(at, isp, monkeypatch):
    from django.core.cache import cache

    from portal import list_views

    with public_scope():
        cache.clear()
    monkeypatch.setattr(list_views, "WRONG", 2)
    secret = make(isp)
    assert [ask(at, each).status_code for each in (secret, "a", "b", secret)] == [200, 404, 404, 404]


def test_that_a_router_asks_is_noted_every_few_minutes(at, isp, rosa):
    secret = make(isp)
    ask(at, secret)
    with time_machine.travel(AT + timedelta(minutes=1), tick=False):
        ask(at, secret)
        with isp_scope(isp):
            assert ListToken.objects.get().asked_at == AT
    with time_machine.travel(AT + timedelta(minutes=6), tick=False):
        ask(at, secret)
        with isp_scope(isp):
            assert ListToken.objects.get().asked_at == timezone.now()


def test_the_list_takes_as_many_queries_for_many_as_for_few(at, isp, rosa, count_queries):
    secret = make(isp)
    ask(at, secret)
    with count_queries() as few:
        ask(at, secret)
    with isp_scope(isp):
        for n in range(10):
            ServiceFactory(ip_address=f"10.0.1.{n}", state="suspended")
    with count_queries() as many:
        assert ask(at, secret).content.count(b"\n") == 12
    assert len(many) == len(few)


class RouterOs:
    """As much of RouterOS as our commands use: an address list, with rows of ours and of others."""

    def __init__(self, rows):
        self.rows = rows  # (address, comment)

    def run(self, script):
        for block in re.findall(r"^\{\n(.*?)^\}$", script, re.S | re.M):
            addresses = re.findall(r'^:set \(\$wanted->"([^"]+)"\) 1$', block, re.M)
            self.rows = [row for row in self.rows if row[1] != router_list.COMMENT or row[0] in addresses]
            there = {row[0] for row in self.rows}
            self.rows += [(each, router_list.COMMENT) for each in addresses if each not in there]


def test_the_commands_make_the_list_the_same_and_can_be_repeated():
    router = RouterOs([("10.0.0.1", "my own"), ("10.0.0.2", router_list.COMMENT)])
    script = router_list.commands(["10.0.0.3", "10.0.0.1"])
    for _ in range(2):
        router.run(script)
        assert router.rows == [("10.0.0.1", "my own"), ("10.0.0.3", router_list.COMMENT)]
    # Whoever is there stays: nothing is emptied first and filled again.
    assert "remove [find" not in script
    assert max(map(len, script.splitlines())) < 200
    router.run(router_list.commands([]))
    assert router.rows == [("10.0.0.1", "my own")]


def test_ipv6_goes_to_its_own_list():
    script = router_list.commands(["10.0.0.3", "2001:db8::7"])
    assert '/ipv6 firewall address-list add list="lastmile-suspended"' in script
    assert ':set ($wanted->"2001:db8::7/128") 1' in script
    assert "/ipv6" not in router_list.commands(["10.0.0.3"])


def test_splynx_what_is_cut_off_is_refused_and_not_dropped_and_the_portal_stays_open():
    script = router_list.set_up(
        list_url="https://a.example/lists/x/suspended.rsc", notice_url="http://a.example/notice/"
    )
    assert "action=drop" not in script
    assert "reject-with=tcp-reset" in script
    assert "reject-with=icmp-admin-prohibited" in script
    assert script.count('dst-address-list="!lastmile-portal"') == 3
    assert "dst-port=53 action=accept" in script
    # The router's proxy is none for the Internet.
    assert 'chain=input protocol=tcp dst-port=8081 src-address-list="!lastmile-suspended" action=reject' in script
    # RouterOS 7 first, which knows nothing of `redirect-to`; 6 otherwise.
    seven, six = (
        'action=redirect action-data=\\"a.example/notice/\\"',
        'action=deny redirect-to=\\"a.example/notice/\\"',
    )
    assert script.index(seven) < script.index("on-error={") < script.index(six)


def test_no_variable_is_called_as_a_property_of_a_row():
    """In `find where address=$address` RouterOS takes both for the property, and finds every row."""
    script = router_list.commands(["10.0.0.3", "2001:db8::7"])
    names = set(re.findall(r":local (\w+)|:foreach (\w+),?(\w*)", script))
    used = {name for names in names for name in names if name}
    assert used == {"wanted", "row", "lmOne", "lmYes"}
    assert not used & {"address", "list", "comment", "dynamic", "disabled", "timeout"}


def test_connections_of_who_is_new_on_the_list_end():
    """Those that are fast-tracked pass by the rules of the firewall until they end."""
    ends = '/ip firewall connection remove [/ip firewall connection find where src-address~("^" . $lmOne . ":")]'
    script = router_list.commands(["10.0.0.3", "2001:db8::7"])
    assert script.count(ends) == 1
    assert script.index("address-list add") < script.index(ends)


def test_staff_see_a_new_address_once_and_can_end_it(isp, rosa):
    client = staff_client(isp, Role.ADMIN)
    page = client.post("/wispmega/settings/cut-off-list/", {"router": ""}).content.decode()
    [secret] = set(re.findall(r"/lists/([\w-]{43})/suspended\.txt", page))
    again = client.get("/wispmega/settings/cut-off-list/").content.decode()
    assert secret not in again
    assert "2 addresses are on the list of all routers now." in again
    with isp_scope(isp):
        row = ListToken.objects.get()
        assert notices.find_list(secret, at=AT) == row
    client.post(f"/wispmega/settings/cut-off-list/{row.uuid}/revoke/")
    with isp_scope(isp):
        assert notices.find_list(secret, at=AT) is None
