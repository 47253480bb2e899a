"""The short name of an ISP in addresses: what is allowed, what is kept for us, what looks too much alike."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

SLUG = re.compile(r"[a-z][a-z0-9-]{1,38}[a-z0-9]")

# Names that are hosts or first path segments of ours, or that a customer would take for us.
RESERVED = frozenset(
    """
    about account accounts admin administrator api app apps assets audit auth autodiscover balance billing blog captcha
    cdn chat cname console dashboard demo dev dns docs domains download enter files forgot ftp git health help host imap
    install invitation isp isps language lastmile legal login logout mail media metrics mx news notice noreply ns ns1
    ns2 operator owner partners password payment payments pay ping platform pop portal postmaster preview privacy
    profile public register reset root saldo security server set-password settings shop sign-in sign-out sign-up signin
    signup smtp solicitar-instalacion ssl staff staging static stats status store support system target terms test tls
    track two-factor upload uploads vpn webhook webhooks webmail webmaster wildcard www
    """.split()
)

# Letters that are read as one another in the usual typefaces.
_LOOKALIKES = [("rn", "m"), ("vv", "w"), ("cl", "d"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"), ("-", "")]


def skeleton(slug: str) -> str:
    """The same text for all slugs that a hurried reader would take for one another."""
    for look, alike in _LOOKALIKES:
        slug = slug.replace(look, alike)
    return slug


_RESERVED_SKELETONS = frozenset(skeleton(word) for word in RESERVED)


def suggest(company: str) -> str:
    """A slug made from a company's name; empty if nothing usable is left."""
    plain = unicodedata.normalize("NFKD", company).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].rstrip("-")
    return slug if SLUG.fullmatch(slug) else ""


def check(slug: str) -> None:
    """Raise ValidationError unless the slug has the right form and is not kept for the platform."""
    if not SLUG.fullmatch(slug) or "--" in slug:
        raise ValidationError(
            _("Use 3 to 40 lower-case letters, digits and single hyphens, beginning with a letter."), code="form"
        )
    if skeleton(slug) in _RESERVED_SKELETONS:
        raise ValidationError(_("This name is kept for the platform. Please choose another."), code="reserved")


def is_allowed(slug: str) -> bool:
    """Whether check() has nothing against the slug."""
    try:
        check(slug)
    except ValidationError:
        return False
    return True
