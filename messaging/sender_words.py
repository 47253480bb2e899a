"""What each finding about a sender domain means, in words for people who may never have edited a zone."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

TITLES = {
    "dkim": _("DKIM: your mails are signed"),
    "spf": _("SPF: our server may send for you"),
    "dmarc": _("DMARC: what becomes of false mails"),
}
SENTENCES: dict[tuple[str, str], Any] = {
    ("", "not_yet"): _("Not looked at yet."),
    ("", "servfail"): _(
        "Your DNS server answered with an error (SERVFAIL). Often it is repaired within hours; we keep asking."
    ),
    ("", "timeout"): _("Your DNS server did not answer in time. We keep asking."),
    ("", "dnssec"): _("The DNSSEC signatures of the zone are wrong, so name servers refuse all of its answers."),
    ("", "signature_expired"): _(
        "The DNSSEC signature of the zone has run out, so name servers refuse all of its answers."
    ),
    ("dkim", "found"): _("The key is there, and your mails are signed with it."),
    ("dkim", "nothing"): _("The record is not there yet. Until it is, your mails come from our own address."),
    ("dkim", "other_key"): _("There is a record with another key. Copy the value once more, in full."),
    ("dkim", "revoked"): _("The record is there, but its key is empty. Copy the value once more, in full."),
    ("dkim", "broken"): _("The record cannot be read as a key: %(value)s"),
    ("spf", "found"): _("The record names our server."),
    ("spf", "nothing"): _("There is no SPF record. Create the one below."),
    ("spf", "without_us"): _(
        "There is a record, but it does not name our server: %(value)s. Put %(spf)s into it, before its end."
    ),
    ("spf", "several"): _("There are several SPF records, and then none counts. Leave one, with %(spf)s in it."),
    ("spf", "too_many"): _(
        "It names our server, but asks for more than ten look-ups (%(value)s), and then many servers ignore it."
    ),
    ("spf", "everybody"): _("It lets everybody send in your name (+all). End it with ~all instead."),
    ("dmarc", "found"): _("Mails that are not yours are held back or refused: %(value)s"),
    ("dmarc", "watching"): _(
        "It is there and only watches (p=none). Once your mails arrive well, quarantine protects your"
        " customers from false ones."
    ),
    ("dmarc", "nothing"): _("There is no DMARC record. Large mail providers want one; the one below does no harm."),
    ("dmarc", "several"): _("There are several DMARC records, and then none counts. Leave one."),
    ("dmarc", "broken"): _("The record cannot be read: %(value)s"),
}


def sentence(check: str, reason: str, value: str) -> str:
    """A finding in the reader's language."""
    text = SENTENCES.get((check, reason)) or SENTENCES.get(("", reason)) or _("This could not be found out.")
    return str(text) % {"value": value[:200], "spf": settings.MAIL_SPF}
