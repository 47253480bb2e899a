"""Whether the protection from robots works on a domain: part of the checks of `domains.claims`."""

import http.client
import logging
from urllib.error import HTTPError

from django.db import transaction
from django_recaptcha import client

from company import captcha_tests
from company.captcha import recaptcha_keys_for
from core.scope import isp_scope
from domains.dns import Verdict
from domains.models import Claim, Finding, Surface

logger = logging.getLogger(__name__)
State = Finding.State
NO_ANSWER_OF_ANYBODY = "self-test"


def examine(claim: Claim) -> dict[str, Verdict]:
    """The verdict on a portal's captcha. The verifier is asked outside of any transaction.

    Google tells a wrong secret key from a wrong answer, so a made-up answer shows whether the secret key is known. That
    the site key allows the domain shows only in a browser (company.captcha_tests): what the last try there came to
    holds for as long as the keys do.
    """
    if claim.surface != Surface.PORTAL:
        return {}
    with isp_scope(claim.isp), transaction.atomic():
        keys = recaptcha_keys_for(claim.host)
        tried = captcha_tests.last(keys, claim.host) if keys else None
    if keys is None:
        return {Finding.Check.CAPTCHA: Verdict(State.GOOD, "built_in")}
    asked = _ask(keys.secret_key, keys.domain)
    is_known = asked.reason == "keys"
    return {Finding.Check.CAPTCHA: captcha_tests.verdict(tried) if is_known and tried else asked}


def _ask(secret_key: str, domain: str) -> Verdict:
    try:
        answer = client.submit(recaptcha_response=NO_ANSWER_OF_ANYBODY, private_key=secret_key, remoteip="")
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, HTTPError):
            error.close()
        logger.warning("The reCAPTCHA verifier gave no answer to a self-test: %s", type(error).__name__)
        return Verdict(State.WARNING, "verifier_away")
    if set(answer.error_codes) & {"invalid-input-secret", "missing-input-secret"}:
        return Verdict(State.BAD, "bad_secret", domain)
    return Verdict(State.WAITING, "keys", domain)
