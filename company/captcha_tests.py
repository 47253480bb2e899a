"""Trying an ISP's reCAPTCHA keys on one of its hosts.

Google tells a server whether a secret key is known, but not whether the site key allows a host: that shows only in a
browser there. So staff open a page of that host with the real box, tick it, and the answer is judged as a form's is.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import models, transaction

from company.captcha import recaptcha_keys_for
from company.models import CaptchaKeys, CaptchaTest
from core import tokens
from core.audit import record
from core.scope import public_scope
from domains import claims, sentences
from domains.dns import Verdict
from domains.models import Finding
from tenants.directory import IspRef
from tenants.models import ISP, StaffUser

PURPOSE = "captcha-test"
LIFE = timedelta(minutes=30)
Outcome, State = CaptchaTest.Outcome, Finding.State


class NoKeys(Exception):
    """The host has no keys, so there is nothing to try: the built-in check works everywhere."""


@transaction.atomic
def begin(*, host: str, by: StaffUser) -> str:
    """Make the link to try the keys of a host there; its secret is returned. Raises NoKeys."""
    keys = recaptcha_keys_for(host)
    if keys is None:
        raise NoKeys
    CaptchaTest.objects.filter(host=host, outcome="").delete()
    record("company.captcha_test.begun", by=by, on=keys, domain=host)
    return tokens.issue(CaptchaTest, purpose=PURPOSE, life=LIFE, keys=keys, host=host, by_id=by.pk, by_name=by.name)


def find(*, secret: str, host: str) -> CaptchaTest | None:
    """The try that a link is for, at its host alone, while it lasts and has not worked."""
    test = tokens.find(CaptchaTest, secret, purpose=PURPOSE)
    return test if test is not None and test.host == host else None


@transaction.atomic
def note(*, isp: ISP | IspRef, test: CaptchaTest, outcome: str, seen_host: str = "", at: datetime) -> CaptchaTest:
    """Write down what came of a try, also in the checklist of the domain. One that works ends its link."""
    row = CaptchaTest.objects.select_for_update(of=("self",)).select_related("keys").get(pk=test.pk)
    row.outcome, row.seen_host, row.answered_at = outcome, seen_host[:253], at
    if outcome == Outcome.WORKS:
        row.used_at = at
    row.save(update_fields=["outcome", "seen_host", "answered_at", "used_at"])
    CaptchaTest.objects.filter(host=row.host).exclude(outcome="").exclude(pk=row.pk).delete()
    record("company.captcha_test.answered", by=None, on=row, domain=row.host, outcome=str(outcome))
    seen = verdict(row)
    with public_scope():
        claims.note_finding(isp=isp, host=row.host, check=Finding.Check.CAPTCHA, verdict=seen, at=at)
    return row


def last(keys: CaptchaKeys, host: str) -> CaptchaTest | None:
    """What came of the last try of these keys at a host. One query."""
    return keys.tests.filter(host=host).exclude(outcome="").first()


def with_last(rows: Iterable[CaptchaKeys]) -> list[CaptchaKeys]:
    """These keys, each with `tried`: what the last try at their own host came to, in words. Two queries."""
    found = list(rows)
    models.prefetch_related_objects(found, "tests")
    for keys in found:
        answered = (test for test in keys.tests.all() if test.outcome and test.host == keys.domain)
        keys.last_test = next(answered, None)  # type: ignore[attr-defined]
        keys.tried = sentence(keys.last_test) if keys.last_test else ""  # type: ignore[attr-defined]
    return found


def verdict(test: CaptchaTest) -> Verdict:
    """What a try says in the checklist of its domain."""
    if test.outcome == Outcome.WORKS and test.answered_at:
        return Verdict(State.GOOD, "tried", test.answered_at.isoformat())
    # Google may name no host at all.
    value = (test.seen_host or "?") if test.outcome == Outcome.ELSEWHERE else test.keys.domain
    return Verdict(State.BAD, test.outcome, value)


def sentence(test: CaptchaTest) -> str:
    """The same in words; empty before an answer."""
    if not test.outcome:
        return ""
    seen = verdict(test)
    return sentences.sentence(Finding.Check.CAPTCHA, seen.reason, seen.value)
