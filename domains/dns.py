"""What the DNS says about a claimed host. No answer is ever taken for the answer that there is nothing."""

import ipaddress
from dataclasses import dataclass

import dns.edns
import dns.exception
import dns.flags
import dns.nameserver
import dns.rdatatype
import dns.resolver
from django.conf import settings

from domains.hosts import registrable
from domains.models import Claim, Finding

State = Finding.State
TIMEOUT = 2.0  # seconds for one server
LIFETIME = 4.0  # seconds for one question
LONGEST_CHAIN = 8
# Cloudflare's published blocks: a name there is behind its proxy, and says nothing about what it leads to.
PROXIES = tuple(
    ipaddress.ip_network(block)
    for block in (
        "173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22", "141.101.64.0/18",
        "108.162.192.0/18", "190.93.240.0/20", "188.114.96.0/20", "197.234.240.0/22", "198.41.128.0/17",
        "162.158.0.0/15", "104.16.0.0/13", "104.24.0.0/14", "172.64.0.0/13", "131.0.72.0/22",
        "2400:cb00::/32", "2606:4700::/32", "2803:f800::/32", "2405:b500::/32", "2405:8100::/32",
        "2a06:98c0::/29", "2c0f:f248::/32",
    )
)  # fmt: skip
UNKNOWN = {"servfail", "timeout", "dnssec", "signature_expired"}  # that say nothing about what stands in the zone
# Why a resolver refuses an answer, as it says itself (Extended DNS Errors, RFC 8914).
SIGNATURE_EXPIRED = 7
BAD_SIGNATURES = {6, 8, 9, 10, 11, 12}  # bogus, not yet valid, keys or signatures or proofs missing
PAYLOAD = 1232  # bytes of an answer over UDP


@dataclass(frozen=True, slots=True)
class Answer:
    """What one question got: found, nothing, nxdomain, or why nothing can be said (UNKNOWN)."""

    reason: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check came to: a state of Finding, a code that says why, and what was seen."""

    state: str
    reason: str
    value: str = ""

    @property
    def is_lost(self) -> bool:
        """Whether the DNS did answer, and not as it must. An outage is none of that: it is a warning."""
        return self.state == State.BAD


def look_up(name: str, kind: str) -> Answer:
    """The records of one name and kind; all kinds but CNAME itself are looked for behind CNAMEs, too."""
    resolver = _resolver()
    try:
        answer = resolver.resolve(name, kind, search=False, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN:
        return Answer("nxdomain")
    except dns.exception.Timeout:
        return Answer("timeout")
    except dns.resolver.NoNameservers:
        return Answer(_why_refused(name, kind))
    except (dns.exception.DNSException, OSError):
        return Answer("servfail")
    if answer.rrset is None:
        return Answer("nothing")
    if kind == "TXT":
        return Answer("found", tuple(b"".join(item.strings).decode(errors="replace") for item in answer.rrset))
    return Answer("found", tuple(sorted(str(item).rstrip(".").lower() for item in answer.rrset)))


def _why_refused(name: str, kind: str) -> str:
    """What stands behind a SERVFAIL: a server that is broken, or signatures (DNSSEC) that do not hold.

    Most resolvers say so themselves. Of the others we ask once more with checking disabled: what is answered then was
    refused for its signatures.
    """
    codes = _extended_errors(name, kind)
    if SIGNATURE_EXPIRED in codes:
        return "signature_expired"
    if codes & BAD_SIGNATURES:
        return "dnssec"
    unchecked = _resolver()
    unchecked.set_flags(dns.flags.RD | dns.flags.CD)
    unchecked.use_edns(0, 0, PAYLOAD)
    try:
        unchecked.resolve(name, kind, search=False, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN:
        return "dnssec"
    except (dns.exception.DNSException, OSError):
        return "servfail"
    return "dnssec"


def _extended_errors(name: str, kind: str) -> set[int]:
    """The codes that come with a refusal, of whichever resolver that is asked."""
    resolver = _resolver()
    resolver.use_edns(0, 0, PAYLOAD)
    try:
        resolver.resolve(name, kind, search=False, raise_on_no_answer=False)
    except dns.resolver.NoNameservers as refused:
        answers = [error[4] for error in refused.kwargs.get("errors", []) if error[4] is not None]
        return {int(option.code) for answer in answers for option in answer.extended_errors()}
    except (dns.exception.DNSException, OSError):
        pass
    return set()


def examine(claim: Claim) -> dict[str, Verdict]:
    """The verdict on each check that the DNS can answer."""
    return {
        Finding.Check.POINTING: pointing(claim),
        Finding.Check.OWNERSHIP: ownership(claim),
        Finding.Check.CAA: caa(claim.host),
    }


def _no_answer(reason: str, name: str) -> Verdict:
    """The verdict where there is no record to judge. A zone without a beginning of authority is no zone any more."""
    if reason in UNKNOWN:
        return Verdict(State.WARNING, reason, name)
    zone = registrable(name)
    if reason == "nxdomain" and zone and look_up(zone, "SOA").reason == "nxdomain":
        return Verdict(State.BAD, "expired", zone)
    return Verdict(State.BAD, reason, name)


def pointing(claim: Claim) -> Verdict:
    """Whether the host leads to the ISP's own target, by CNAME, or by the edge's addresses."""
    return leads_here(claim.host, claim.isp.dns_target.host)


def leads_here(name: str, target: str) -> Verdict:
    """Whether a name leads to a target of ours by CNAME, or to the edge's addresses."""
    passed: list[str] = []
    while len(passed) < LONGEST_CHAIN:
        answer = look_up(name, "CNAME")
        if answer.reason == "nothing":
            break
        if answer.reason != "found":
            if passed and answer.reason == "nxdomain":
                # A record that leads to a name without any is there, and wrong.
                return Verdict(State.BAD, "wrong_target", name)
            return _no_answer(answer.reason, name)
        passed.append(name)
        name = answer.values[0]
        if name == target:
            return Verdict(State.GOOD, "found", name)
        if name in passed:
            return Verdict(State.BAD, "loop", name)
    else:
        return Verdict(State.BAD, "loop", name)
    return _by_address(name, passed)


def _by_address(name: str, passed: list[str]) -> Verdict:
    both = [look_up(name, "A"), look_up(name, "AAAA")]
    for answer in both:
        if answer.reason in UNKNOWN:
            return Verdict(State.WARNING, answer.reason, name)
    addresses = [value for answer in both for value in answer.values]
    if not addresses:
        return Verdict(State.BAD, "nothing", name)
    text = ", ".join(addresses)
    if all(any(ipaddress.ip_address(value) in block for block in PROXIES) for value in addresses):
        return Verdict(State.BAD, "proxied", text)
    ours = [value in settings.EDGE_ADDRESSES for value in addresses]
    if all(ours):
        return Verdict(State.GOOD, "found", text)
    if any(ours):
        return Verdict(State.BAD, "several", text)
    return Verdict(State.BAD, "wrong_target", name if passed else text)


def ownership(claim: Claim) -> Verdict:
    """Whether the claim's token stands in the TXT records beside the host."""
    answer = look_up(claim.proof_name, "TXT")
    if answer.reason != "found":
        return _no_answer(answer.reason, claim.proof_name)
    if claim.proof in answer.values:
        return Verdict(State.GOOD, "found")
    return Verdict(State.BAD, "wrong_value", ", ".join(answer.values))


def caa(host: str) -> Verdict:
    """Whether our certificate authority may issue for a host: the first name upwards with CAA records decides.

    RFC 8659, section 3. An answer that fails forbids it, since authorities then refuse.
    """
    labels = host.split(".")
    for start in range(len(labels)):
        answer = look_up(".".join(labels[start:]), "CAA")
        if answer.reason in UNKNOWN:
            return Verdict(State.WARNING, "servfail" if answer.reason == "timeout" else answer.reason, host)
        if answer.reason == "found":
            # These decide, also where none of them speaks of issuing: nothing further up does.
            issuers = [parts for value in answer.values if (parts := _issuer(value))]
            return _allowed(issuers) if issuers else Verdict(State.GOOD, "free")
    return Verdict(State.GOOD, "free")


def _issuer(value: str) -> list[str]:
    """Authority and parameters of a CAA record that speaks of issuing; nothing for one that does not."""
    flags_and_tag, _, rest = value.partition(" issue ")
    return [part.strip() for part in rest.strip('" ').split(";")] if flags_and_tag.isdecimal() else []


def _allowed(issuers: list[list[str]]) -> Verdict:
    ours = [rest for authority, *rest in issuers if authority == settings.CERTIFICATE_AUTHORITY_DOMAIN]
    if not ours:
        return Verdict(State.BAD, "forbidden", ", ".join(authority or ";" for authority, *_ in issuers))
    for parameters in ours:
        methods = [text.partition("=")[2] for text in parameters if text.startswith("validationmethods=")]
        if not methods or set(methods[0].split(",")) & {"http-01", "tls-alpn-01"}:
            return Verdict(State.GOOD, "found", settings.CERTIFICATE_AUTHORITY_DOMAIN)
    return Verdict(State.BAD, "method", methods[0])


def _resolver() -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(configure=not settings.DNS_RESOLVERS)
    if settings.DNS_RESOLVERS:
        places = [place.rpartition(":") for place in settings.DNS_RESOLVERS]
        resolver.nameservers = [dns.nameserver.Do53Nameserver(host.strip("[]"), int(port)) for host, _, port in places]
    resolver.timeout, resolver.lifetime = TIMEOUT, LIFETIME
    return resolver
