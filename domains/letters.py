"""The records of a claim in words, for whoever runs the DNS: as text to paste, and as a mail to send."""

from urllib.parse import quote

from django.utils.translation import gettext as _

from domains.links import dashboard_url
from domains.models import Claim


def page_of(claim: Claim) -> str:
    """The address of the page that shows the records and how far they are; it needs no login."""
    return dashboard_url(f"/dns/{claim.page_key}/")


def text(claim: Claim) -> str:
    """The records and where to look, in the reader's language."""
    first = _("%(company)s asks you to create these DNS records for %(host)s:") % {
        "company": claim.isp.name,
        "host": claim.shown_host,
    }
    parts = [first]
    for number, record in enumerate(claim.records, 1):
        parts.append(
            _("%(number)s. Type %(kind)s\n   Name: %(name)s\n   Value: %(value)s")
            % {"number": number, "kind": record.kind, "name": record.name, "value": record.value}
        )
    parts.append(
        _("Leave all of them there for good. How far it is, and notes for providers: %(page)s")
        % {"page": page_of(claim)}
    )
    return "\n\n".join(parts)


def mailto(claim: Claim) -> str:
    """The same as an address that opens a mail with no recipient yet."""
    subject = _("DNS records for %(host)s") % {"host": claim.shown_host}
    body = text(claim).replace("\n", "\r\n")
    return f"mailto:?subject={quote(subject)}&body={quote(body)}"
