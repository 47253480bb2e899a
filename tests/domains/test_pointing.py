"""Where a claimed name leads: each kind of record has its own line, and says what to do."""

import pytest

from tests.domains.test_claims import HOST, check, claim, page, reason, zone  # noqa: F401 - fixtures

OURS, OTHER, PROXY = "192.0.2.10", "198.51.100.7", "104.16.1.1"
RECORDS = {
    "no record": ([], "nxdomain", "no record with this name yet"),
    "a name without address": ([(HOST, "MX", "10 mail.example.")], "nothing", "has no address"),
    "our target": ([(HOST, "CNAME", "TARGET")], "found", "It leads to"),
    "our target behind another name": (
        [(HOST, "CNAME", "b.wispmega.example."), ("b.wispmega.example", "CNAME", "TARGET")],
        "found",
        "It leads to",
    ),
    "another target": (
        [(HOST, "CNAME", "shops.example."), ("shops.example", "A", OTHER)],
        "wrong_target",
        "somewhere else: shops.example",
    ),
    "a target that is not there": ([(HOST, "CNAME", "gone.example.")], "wrong_target", "somewhere else: gone.example"),
    "a target of another ISP": (
        [(HOST, "CNAME", "0123456789abcdef.cname.localhost.")],
        "wrong_target",
        "somewhere else: 0123456789abcdef.cname.localhost",
    ),
    "another address": ([(HOST, "A", OTHER)], "wrong_target", f"somewhere else: {OTHER}"),
    "our address": ([(HOST, "A", OURS)], "found", f"It leads to {OURS}"),
    "ours and another": ([(HOST, "A", OURS, OTHER)], "several", "Leave only ours"),
    "ours and another over IPv6": ([(HOST, "A", OURS), (HOST, "AAAA", "2001:db8::7")], "several", "2001:db8::7"),
    "Cloudflare's proxy": ([(HOST, "A", PROXY, "172.67.1.1")], "proxied", "DNS only"),
    "Cloudflare's proxy over IPv6 too": ([(HOST, "A", PROXY), (HOST, "AAAA", "2606:4700::1")], "proxied", "DNS only"),
    "a name at Cloudflare": ([(HOST, "CNAME", "cdn.example."), ("cdn.example", "A", PROXY)], "proxied", "DNS only"),
    "ours beside a proxy": ([(HOST, "A", OURS, PROXY)], "several", "Leave only ours"),
    "a circle of one": ([(HOST, "CNAME", f"{HOST}.")], "loop", "in a circle"),
    "a circle of two": (
        [(HOST, "CNAME", "b.wispmega.example."), ("b.wispmega.example", "CNAME", f"{HOST}.")],
        "loop",
        "in a circle",
    ),
    "a chain without end": (
        [
            (f"{'x' * n}.wispmega.example" if n else HOST, "CNAME", f"{'x' * (n + 1)}.wispmega.example.")
            for n in range(12)
        ],
        "loop",
        "in a circle",
    ),
}


@pytest.mark.parametrize("kind", RECORDS)
def test_each_kind_of_record_has_its_line(zone, claim, kind):  # noqa: F811
    records, expected, says = RECORDS[kind]
    zone.put("wispmega.example", "SOA", "ns.example. mail.example. 1 60 60 60 60")
    for name, rtype, *values in records:
        target = f"{claim.isp.dns_target.host}."
        zone.put(name, rtype, *(value.replace("TARGET", target) for value in values))
    check(claim)
    assert reason(claim, "pointing") == ("good" if expected == "found" else "bad", expected)
    assert says in claim.findings.get(check_name="pointing").sentence


@pytest.mark.parametrize(
    ("fault", "expected", "says"),
    [("failing", "servfail", "SERVFAIL"), ("mute", "timeout", "did not answer in time")],
)
def test_servers_that_do_not_answer_are_told_from_records_that_are_wrong(zone, claim, fault, expected, says):  # noqa: F811
    getattr(zone, fault).update({HOST, claim.proof_name})
    check(claim)
    for line in ("pointing", "ownership"):
        assert reason(claim, line) == ("warning", expected)
        assert says in claim.findings.get(check_name=line).sentence


def test_a_domain_that_ran_out_says_so_and_not_that_a_record_is_missing(zone, claim):  # noqa: F811
    check(claim)
    for line in ("pointing", "ownership"):
        assert reason(claim, line) == ("bad", "expired")
    assert "Renew it where you bought it" in claim.findings.get(check_name="pointing").sentence
