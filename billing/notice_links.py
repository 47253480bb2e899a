"""The link to a subscriber's own notice page: good at one ISP, for one subscriber, for a while.

It opens nothing: the page names the first name, the invoice and the amount, and takes a promise to pay. What stands in
the address is sealed, so it does not tell the subscriber's number either.
"""

from datetime import timedelta

from django.utils import timezone

from core import crypto
from subscribers.models import Subscriber

LIFE = timedelta(days=30)
PURPOSE = "billing.notice"  # with the ISP it makes the key: what another one sealed cannot be read here


def notice_path(subscriber: Subscriber) -> str:
    """The address of the page on the ISP's portal."""
    sealed = crypto.encrypt(f"{subscriber.number} {int(timezone.now().timestamp())}", purpose=PURPOSE)
    return f"/notice/s/{sealed.rstrip('=')}/"


def read_notice_link(text: str) -> Subscriber | None:
    """The subscriber of a link, or None for one that ran out, that we did not make, or that is another ISP's."""
    padded = text + "=" * (-len(text) % 4)
    try:
        number, made = crypto.decrypt(padded, purpose=PURPOSE).split()
    except (ValueError, TypeError):
        return None
    if timezone.now().timestamp() > int(made) + LIFE.total_seconds():
        return None
    return Subscriber.objects.not_erased().filter(number=int(number)).first()
