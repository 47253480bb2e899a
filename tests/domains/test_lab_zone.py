"""The lab's DNS: what its file says is what the checks of domains see, at once."""

import pytest

from domains.dns import Answer, look_up
from lab.processes import free_port
from lab.zone import BadRecord, Record, ZoneFile, record, served

FIRST = [
    Record("wispmega.test", "SOA", "ns.lastmile.test. hostmaster.lastmile.test. 1 3600 600 604800 60"),
    Record("lastmile.test", "A", "127.0.0.1"),
    Record("*.lastmile.test", "A", "127.0.0.1"),
]


@pytest.fixture
def zone(tmp_path, settings):
    made, port = ZoneFile(tmp_path / "zone.txt"), free_port()
    with made.changed() as rows:
        rows += FIRST
    settings.DNS_RESOLVERS = [f"127.0.0.1:{port}"]
    with served(made, port):
        yield made


def test_a_record_is_there_once_it_is_added_and_gone_once_it_is_removed(zone):
    assert look_up("clientes.wispmega.test", "CNAME") == Answer("nxdomain")
    zone.add(record("Clientes.WispMega.test.", "cname", "a1.cname.lastmile.test"))
    assert look_up("clientes.wispmega.test", "CNAME") == Answer("found", ("a1.cname.lastmile.test",))
    assert zone.remove("clientes.wispmega.test") == 1
    assert look_up("clientes.wispmega.test", "CNAME") == Answer("nxdomain")


def test_an_alias_is_followed_to_its_address_through_a_wildcard(zone):
    zone.add(record("clientes.wispmega.test", "CNAME", "a1.cname.lastmile.test"))
    assert look_up("clientes.wispmega.test", "A") == Answer("found", ("127.0.0.1",))
    assert look_up("clientes.wispmega.test", "AAAA") == Answer("nothing")


def test_aliases_in_a_circle_end(zone):
    zone.add(record("a.wispmega.test", "CNAME", "b.wispmega.test"))
    zone.add(record("b.wispmega.test", "CNAME", "a.wispmega.test"))
    assert look_up("a.wispmega.test", "A").reason in {"nothing", "servfail"}


def test_a_name_that_is_only_on_the_way_is_there_without_records(zone):
    zone.add(record("_lastmile.clientes.wispmega.test", "TXT", "lastmile-domain=abc def"))
    assert look_up("clientes.wispmega.test", "TXT") == Answer("nothing")
    assert look_up("_lastmile.clientes.wispmega.test", "TXT") == Answer("found", ("lastmile-domain=abc def",))


def test_a_name_that_fails_is_an_outage_until_it_is_mended(zone):
    zone.add(record("wispmega.test", "SERVFAIL"))
    assert look_up("wispmega.test", "SOA") == Answer("servfail")
    zone.remove("wispmega.test", "SERVFAIL")
    assert look_up("wispmega.test", "SOA").reason == "found"


def test_one_value_of_several_is_removed(zone):
    for value in ("192.0.2.1", "192.0.2.2"):
        zone.add(record("wispmega.test", "A", value))
    assert zone.remove("wispmega.test", "A", "192.0.2.1") == 1
    assert look_up("wispmega.test", "A") == Answer("found", ("192.0.2.2",))


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("wispmega.test", "A", "192.0.2"),
        ("wispmega.test", "A", ""),
        ("wispmega.test", "AAAA", "192.0.2.1"),
        ("wispmega.test", "CNAME", "a b"),
        ("wispmega.test", "SPF", "x"),
        ("wisp mega.test", "A", "192.0.2.1"),
        ("a..test", "A", "192.0.2.1"),
        ("x" * 64 + ".test", "A", "192.0.2.1"),
        ("wispmega.test", "MX", "mail"),
        ("wispmega.test\nx.test", "A", "192.0.2.1"),
        ("wispmega.test", "TXT", 'x"\ny.test A 192.0.2.1'),
        ("wispmega.test", "TXT", '"x"\ny.test A 192.0.2.1'),
    ],
)
def test_what_is_no_record_is_refused(name, kind, value):
    with pytest.raises(BadRecord):
        record(name, kind, value)


def test_an_alias_stands_alone(zone):
    with pytest.raises(BadRecord, match="stands alone"):
        zone.add(record("lastmile.test", "CNAME", "other.test"))
    assert sorted(zone.records()) == sorted(FIRST)


def test_a_name_in_another_script_is_one_in_the_dns(zone):
    zone.add(record("Ñandú.test", "A", "192.0.2.1"))
    assert look_up("xn--and-6ma2c.test", "A") == Answer("found", ("192.0.2.1",))
