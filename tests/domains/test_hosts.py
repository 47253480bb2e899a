"""Host names as typed and as sent."""

import pytest

from domains.hosts import BadHost, is_address, normalise, shown


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("wispmega.localhost", "wispmega.localhost"),
        ("WispMega.LOCALHOST", "wispmega.localhost"),
        ("  wispmega.localhost\n", "wispmega.localhost"),
        ("wispmega.localhost:8000", "wispmega.localhost"),
        ("wispmega.localhost:", "wispmega.localhost"),
        ("wispmega.localhost.", "wispmega.localhost"),
        ("WISPMEGA.localhost.:443", "wispmega.localhost"),
        ("señal.mx", "xn--seal-hqa.mx"),
        ("SEÑAL.MX", "xn--seal-hqa.mx"),
        ("xn--seal-hqa.mx", "xn--seal-hqa.mx"),
        ("sen\u0303al.mx", "xn--seal-hqa.mx"),
        ("clientes。wispmega。net", "clientes.wispmega.net"),
        ("faß.de", "xn--fa-hia.de"),
    ],
)
def test_one_form_for_all_ways_to_write_a_host(text, host):
    assert normalise(text) == host


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a..b",
        ".a.b",
        "a.b..",
        "-a.b",
        "a-.b",
        "a_b.c",
        "a b.c",
        "a.b,c.d",
        "a.b/c",
        "a.b:0",
        "a.b:65536",
        "a.b:" + "9" * 5000,
        "a.b:80:80",
        "a.b:８０",
        "user@a.b",
        "a\x00.b",
        "a\x85.b",
        "a.b\u2028c",
        "[::1]",
        "::1",
        "*.a.b",
        "a" * 64 + ".b",
        ".".join(["a" * 60] * 5),
        "ñ" * 5000,
        "\u200d.mx",
        "xn--.mx\xff",
    ],
)
def test_what_is_no_host_name_is_refused(text):
    with pytest.raises(BadHost):
        normalise(text)


def test_names_are_shown_as_people_write_them():
    assert shown("xn--seal-hqa.mx") == "señal.mx"
    assert shown("xn--zzzzzz--.mx") == "xn--zzzzzz--.mx"
    assert shown("wispmega.net") == "wispmega.net"


def test_addresses_are_told_from_names():
    assert is_address("127.0.0.1")
    assert is_address("[::1]")
    assert not is_address("127.0.0.1.example")
