"""Proof of work instead of a puzzle: ALTCHA, which needs no keys, no third party and works on every host.

A form holds an AltchaField. The browser fetches a challenge, spends about a second of computing, and sends the solution
along. A challenge is signed for one scope and one purpose, lives for twenty minutes and is spent once.
"""

import secrets
import time
from typing import Any

import altcha
from django import forms
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from redis.exceptions import RedisError

from core.access import public_page
from core.http import Request
from core.scope import required

ALGORITHM = "PBKDF2/SHA-256"
LIFE = 20 * 60  # seconds
# How many keys the browser has to derive: random, so that nothing is to be learned, and bounded, so that nobody waits.
FEWEST, MOST = 100, 300


class WrongSolution(ValueError):
    """The solution is missing, forged, for another form, too old or used up."""


class CaptchaUnavailable(Exception):
    """Whether a solution was used before cannot be found out now."""


def _secret(purpose: str) -> str:
    return salted_hmac(f"core.captcha:{required().label}", purpose, algorithm="sha256").hexdigest()


def new_challenge(purpose: str) -> dict[str, Any]:
    """A challenge for a form of the current scope, as the widget reads it."""
    return altcha.create_challenge(
        ALGORITHM,
        settings.CAPTCHA_COST,
        counter=FEWEST + secrets.randbelow(MOST - FEWEST),
        expires_at=int(time.time()) + LIFE,
        hmac_secret=_secret(purpose),
    ).to_dict()


def spend(payload: str, *, purpose: str, holder: str = "") -> None:
    """Accept a solution once. Raises WrongSolution and CaptchaUnavailable.

    A `holder`, such as the id of one form that is sent twice, may present its solution again. When the cache is down
    nothing is accepted: throttling lets everybody pass then, and not both doors may stand open at once.
    """
    if not payload or len(payload) > 5000:
        raise WrongSolution("There is no solution.")
    if not altcha.verify_solution(payload, _secret(purpose)).verified:
        raise WrongSolution("The solution is wrong, too old or from elsewhere.")
    key = f"captcha:{altcha.Payload.from_base64(payload).challenge.signature}"
    mark = holder or secrets.token_hex(8)
    try:
        if not cache.add(key, mark, timeout=LIFE + 60) and cache.get(key) != mark:
            raise WrongSolution("The solution was used before.")
    except RedisError as error:
        raise CaptchaUnavailable from error


@public_page
@never_cache
@require_GET
def challenge(request: Request, purpose: str) -> HttpResponse:
    """A new challenge for a form of this host."""
    return JsonResponse(new_challenge(purpose))


class AltchaWidget(forms.Widget):
    """The check box that computes. It brings its own scripts and style, all from this host."""

    template_name = "components/altcha.html"
    challenge_url = ""

    def use_required_attribute(self, initial: Any) -> bool:
        return False

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, None, attrs)
        strings = {
            "label": _("I am not a robot"),
            "verifying": _("Checking…"),
            "verified": _("Checked"),
            "error": _("The check failed. Please try again."),
            "expired": _("The check is too old. Please repeat it."),
            "verificationRequired": _("Please tick this box."),
            "waitAlert": _("Still checking. Please wait a moment."),
            "verify": _("Check"),
            "loading": _("Loading…"),
            "reload": _("Reload"),
            "required": _("Please tick this box."),
        }
        context["widget"]["challenge_url"] = self.challenge_url
        context["widget"]["language"] = (get_language() or "en").split("-")[0]
        context["widget"]["strings"] = {key: str(text) for key, text in strings.items()}
        return context


class AltchaField(forms.CharField):
    """A solved captcha. `purpose` is the name of the form, a slug; a solution for one form opens no other.

    The challenge comes from /captcha/<purpose>/ of the same host unless `challenge_url` says otherwise. `holder` is
    passed on to spend().
    """

    widget = AltchaWidget

    def __init__(self, *, purpose: str, challenge_url: str = "", holder: str = "", **kwargs: Any) -> None:
        super().__init__(**{"label": _("Protection against robots"), **kwargs})
        self.purpose, self.holder = purpose, holder
        self.widget.challenge_url = challenge_url or f"/captcha/{purpose}/"
        self.error_messages["required"] = _("Please tick this box.")

    def clean(self, value: Any) -> str:
        value = super().clean(value)
        try:
            spend(value, purpose=self.purpose, holder=self.holder)
        except WrongSolution as error:
            raise ValidationError(
                _("The check was not completed in time. Please repeat it."), code="captcha"
            ) from error
        except CaptchaUnavailable as error:
            raise ValidationError(
                _("The check does not work at the moment. Please try again in a minute."), code="captcha_unavailable"
            ) from error
        return ""
