"""The checklist of a claim: one line for each thing that has to be right, looked at yet or not."""

from hashlib import sha256

from django.conf import settings

from domains.models import Claim, Finding, Surface

Check = Finding.Check


def lines(claim: Claim) -> list[Finding]:
    """The findings of a claim in the order in which things come true; one query."""
    found = {finding.check_name: finding for finding in claim.findings.all()}
    expected = [Check.POINTING, Check.OWNERSHIP, Check.CAA, Check.CERTIFICATE, Check.REACHABLE, Check.CAPTCHA]
    if not settings.SECURE:
        expected.remove(Check.CERTIFICATE)
    if claim.surface != Surface.PORTAL:
        expected.remove(Check.CAPTCHA)
    return [
        found.get(check) or Finding(claim=claim, check_name=check, state=Finding.State.WAITING, reason="not_yet")
        for check in expected
    ]


def digest(claim: Claim, lines: list[Finding]) -> str:
    """Short, and another one whenever the list reads differently."""
    state = [(line.check_name, line.state, line.reason, line.value) for line in lines]
    return sha256(repr((state, claim.is_live, claim.is_ready, claim.is_lost, claim.is_disabled)).encode()).hexdigest()[
        :16
    ]
