"""The signed link to a subscriber's own notice page: good at one ISP, for one subscriber, for a while.

It opens nothing: the page names the first name, the invoice and the amount, and takes a promise to pay.
"""

from datetime import timedelta

from django.core import signing

from core.scope import required
from subscribers.models import Subscriber

LIFE = timedelta(days=30)


def notice_path(subscriber: Subscriber) -> str:
    """The address of the page on the ISP's portal."""
    return f"/notice/s/{_signer().sign(str(subscriber.number))}/"


def read_notice_link(text: str) -> Subscriber | None:
    """The subscriber of a link, or None for one that ran out, that we did not make, or that is another ISP's."""
    try:
        number = _signer().unsign(text, max_age=LIFE)
    except signing.BadSignature:
        return None
    return Subscriber.objects.not_erased().filter(number=int(number)).first()


def _signer() -> signing.TimestampSigner:
    # With "." between the parts, since ":" is escaped in some mail programs.
    return signing.TimestampSigner(salt=f"billing.notice:{required().label}", sep=".")
