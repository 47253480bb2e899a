"""What each finding about a domain means, in words for people who run a network but may never have edited a zone."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from domains.hosts import shown

_SERVER = _("Your DNS server answered with an error (SERVFAIL). Often it is repaired within hours; we keep asking.")
_SLOW = _("Your DNS server did not answer in time. We keep asking.")
_SIGNATURE = _(
    "The DNSSEC signature of %(value)s has run out, so name servers refuse all of its answers. Have the zone signed"
    " anew where your DNS is run, or remove the DS record where you bought the domain."
)
_DNSSEC = _(
    "The DNSSEC signatures of %(value)s are wrong, so name servers refuse all of its answers. Often the DS record is"
    " that of earlier name servers: remove or renew it where you bought the domain."
)
_EXPIRED = _("%(value)s is not registered, or its registration has run out. Renew it where you bought it.")

# By check and reason; a reason without a check holds for all of them. `%(value)s` is what was seen.
SENTENCES: dict[tuple[str, str], Any] = {
    ("", "not_yet"): _("Not looked at yet."),
    ("", "servfail"): _SERVER,
    ("", "timeout"): _SLOW,
    ("", "signature_expired"): _SIGNATURE,
    ("", "dnssec"): _DNSSEC,
    ("", "expired"): _EXPIRED,
    ("pointing", "found"): _("It leads to %(value)s."),
    ("pointing", "nxdomain"): _("There is no record with this name yet: %(value)s."),
    ("pointing", "nothing"): _("%(value)s is there, but has no address."),
    ("pointing", "loop"): _("The CNAME records lead in a circle, over %(value)s."),
    ("pointing", "wrong_target"): _("It leads somewhere else: %(value)s. Put in the value from above."),
    ("pointing", "several"): _("There are several answers, and not all of them are ours: %(value)s. Leave only ours."),
    ("pointing", "proxied"): _(
        "A proxy stands in between (%(value)s). In Cloudflare switch the cloud to grey, “DNS only”, for this record."
    ),
    ("ownership", "found"): _("The TXT record is there."),
    ("ownership", "nxdomain"): _("The TXT record is not there yet."),
    ("ownership", "nothing"): _("The TXT record is not there yet."),
    ("ownership", "wrong_value"): _("There is a TXT record with another text: %(value)s"),
    ("ownership", "taken"): _("Another company has proved that this name is its own."),
    ("ownership", "plan"): _("The proof is there, but your plan includes no further domain."),
    ("caa", "free"): _("No CAA record stands against it."),
    ("caa", "found"): _("The CAA record allows our certificate authority, %(value)s."),
    ("caa", "forbidden"): _('A CAA record forbids it: %(value)s. Add 0 issue "%(authority)s".'),
    ("caa", "servfail"): _("The DNS does not say whether certificates are allowed, and then none is given. Repair it."),
    ("caa", "method"): _("A CAA record allows no check over HTTP or TLS: %(value)s. Remove its validationmethods."),
    ("certificate", "valid"): _("Valid until %(value)s; it is renewed by itself."),
    ("certificate", "expires_soon"): _("Valid until %(value)s, and not renewed yet. Look at the lines above."),
    ("certificate", "expired"): _("The certificate has run out. Look at the lines above."),
    ("certificate", "untrusted"): _("Browsers do not trust the certificate: %(value)s."),
    ("certificate", "not_issued"): _("It is being ordered. That takes about a minute."),
    ("certificate", "edge_away"): _("Our own server did not answer. We look again."),
    ("reachable", "found"): _("The page answers."),
    ("reachable", "no_certificate"): _("Waits for the certificate."),
    ("reachable", "edge_away"): _("Our own server did not answer. We look again."),
    ("reachable", "off_air"): _("The page says that it is out of service at the moment."),
    ("reachable", "other_page"): _("Another page answers (%(value)s)."),
    ("captcha", "built_in"): _("The built-in check is used. It works on every domain and needs no keys."),
    ("captcha", "keys"): _(
        "Google knows the secret key for %(value)s. Whether the site key fits this domain shows only in a browser:"
        " try it."
    ),
    ("captcha", "tried"): _("Tried on this domain on %(value)s: the keys fit."),
    ("captcha", "elsewhere"): _(
        "Google says that the box was ticked on %(value)s and not here. Forms cannot be sent! Add this domain to your"
        " site in Google's console, or use keys of its own."
    ),
    ("captcha", "wrong_pair"): _(
        "The site key and the secret key for %(value)s do not belong together. Forms cannot be sent! Copy both anew."
    ),
    ("captcha", "no_box"): _(
        "The box showed an error here. Most often the site key for %(value)s does not allow this domain: add it to your"
        " site in Google's console."
    ),
    ("captcha", "bad_secret"): _("Google does not know the secret key for %(value)s. Forms cannot be sent there!"),
    ("captcha", "verifier_away"): _("Google did not answer. We ask again."),
}
_DATES = {"valid": "DATE_FORMAT", "expires_soon": "DATE_FORMAT", "tried": "DATETIME_FORMAT"}
_HOSTS = {"keys", "bad_secret", "wrong_pair", "no_box", "elsewhere"}


def sentence(check: str, reason: str, value: str) -> str:
    """The finding in the reader's language; dates in the reader's format and time zone."""
    text = SENTENCES.get((check, reason)) or SENTENCES.get(("", reason))
    if text is None:
        return now("This could not be found out.")
    if reason in _DATES:
        value = date_format(timezone.localtime(datetime.fromisoformat(value)), _DATES[reason])
    elif reason in _HOSTS:
        value = shown(value)
    return str(text) % {"value": value, "authority": settings.CERTIFICATE_AUTHORITY_DOMAIN}
