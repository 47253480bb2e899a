"""Where a guess comes from."""

import pytest
from django.test import RequestFactory

from core.throttle import network


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "local"),
        ("unix:", "unix:"),
    ],
)
def test_one_customer_is_one_network(address, expected):
    assert network(RequestFactory().get("/", REMOTE_ADDR=address)) == expected


def test_nobody_can_make_up_where_they_come_from(settings):
    settings.BEHIND_PROXY = False
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR="198.51.100.1")
    assert network(request) == "203.0.113.9"


def test_behind_our_proxy_the_last_address_counts(settings):
    settings.BEHIND_PROXY = True
    request = RequestFactory().get("/", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.1, 203.0.113.9")
    assert network(request) == "203.0.113.9"
    assert network(RequestFactory().get("/", REMOTE_ADDR="203.0.113.7")) == "203.0.113.7"
