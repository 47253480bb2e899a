"""Which captcha the public form shows: Google's where the ISP has keys for the host, else our own."""

import http.client
import logging
from typing import Any
from urllib.error import HTTPError

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django_recaptcha import client
from django_recaptcha.fields import ReCaptchaField
from django_recaptcha.widgets import ReCaptchaV2Checkbox

from company.captcha import recaptcha_keys_for
from company.models import CaptchaKeys
from core.captcha import AltchaField
from core.forms import Form
from core.throttle import network

logger = logging.getLogger(__name__)
PURPOSE = "install"


class RecaptchaWidget(ReCaptchaV2Checkbox):
    """The check box of reCAPTCHA v2 without inline script, in the language of the page."""

    template_name = "preinstall/recaptcha.html"

    def build_attrs(self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None) -> dict[str, Any]:
        attrs = super().build_attrs(base_attrs, extra_attrs)
        # The package names a callback that its own inline script defines.
        attrs.pop("data-callback", None)
        attrs["class"] = "g-recaptcha"
        return attrs


class RecaptchaField(ReCaptchaField):
    """reCAPTCHA v2 with one ISP's keys at one host.

    It mends four things in the package's field: the visitor's address is given and not guessed from a header that
    anybody can send, a verifier that is down or talks nonsense is a message and not a crash, an answer for another
    host is refused, and no callback of an inline script is named.
    """

    widget = RecaptchaWidget

    def __init__(self, *, keys: CaptchaKeys, host: str, address: str) -> None:
        super().__init__(
            public_key=keys.site_key,
            private_key=keys.secret_key,
            label=_("Protection against robots"),
            widget=RecaptchaWidget(api_params={"hl": get_language() or "en"}),
        )
        self.host, self.address = host, address
        self.error_messages["required"] = _("Please tick this box.")
        self.error_messages["captcha_invalid"] = _("The check failed. Please tick the box again.")
        self.error_messages["captcha_error"] = _("The check does not work at the moment. Please try again in a minute.")

    def get_remote_ip(self) -> str:
        return self.address

    def validate(self, value: Any) -> None:
        """Ask the verifier. Call it outside a transaction.

        An error's params say for whoever tries the keys what the visitor is not told: the verifier's `codes`, or the
        host where the box was ticked (`told`, code captcha_elsewhere).
        """
        forms.CharField.validate(self, value)
        answer = self._ask(value)
        if answer.is_valid is not True:
            logger.info("reCAPTCHA said no: %s", answer.error_codes)
            params = {"codes": list(answer.error_codes)}
            raise ValidationError(self.error_messages["captcha_invalid"], code="captcha_invalid", params=params)
        told = answer.extra_data.get("hostname")
        if not isinstance(told, str) or told.lower() != self.host:
            logger.warning("reCAPTCHA was solved on another host than %s.", self.host)
            params = {"told": told if isinstance(told, str) else ""}
            raise ValidationError(self.error_messages["captcha_invalid"], code="captcha_elsewhere", params=params)

    def _ask(self, value: str) -> client.RecaptchaResponse:
        try:
            return client.submit(recaptcha_response=value, private_key=self.private_key, remoteip=self.get_remote_ip())
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, HTTPError):
                error.close()
            logger.warning("The reCAPTCHA verifier gave no answer: %s", type(error).__name__)
            raise ValidationError(self.error_messages["captcha_error"], code="captcha_error") from error


class CaptchaForm(Form):
    """The captcha alone, so that it is spent only once everything else is right.

    `page` is the public page that shows it, whose challenges come from `/<page>/<ISP>/captcha/`.
    """

    def __init__(
        self, *args: Any, request: HttpRequest, submission: str = "", page: str = PURPOSE, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.keys = recaptcha_keys_for(request.site.host)
        if self.keys:
            field = RecaptchaField(keys=self.keys, host=request.site.host, address=network(request).partition("/")[0])
        else:
            url = f"/{page}/{request.isp_link}/captcha/"
            field = AltchaField(purpose=page, challenge_url=url, holder=submission)
        self.fields["captcha"] = field

    @property
    def asks_outside(self) -> bool:
        """Whether is_valid() calls an outside system."""
        return self.keys is not None

    def allow_in(self, response: HttpResponse) -> HttpResponse:
        """Let the page load what its captcha needs, and only then."""
        if self.keys:
            google = f"https://{settings.RECAPTCHA_DOMAIN}/recaptcha/"
            response._csp_update = {  # read by the middleware of django-csp
                "script-src": [google, "https://www.gstatic.com/recaptcha/"],
                "frame-src": [google, "https://recaptcha.google.com/recaptcha/"],
                "connect-src": ["'self'", google],
            }
        return response
