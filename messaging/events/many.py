"""What staff write to many at once. It is no event: its words are written each time."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from messaging.events.base import NAME as PERSON
from messaging.events.base import Event, Kind, given, shared_sample
from messaging.reader import Reader, Variable

NAME = "messaging/many"
AUTOLOGIN = "autologin_url"
PAY = "pay_url"

VARIABLES = (
    PERSON,
    Variable("number", _("the customer's number"), given("number")),
    Variable("balance", _("what the customer owes"), lambda context, reader: reader.money(context["balance"])),
    Variable(
        PAY,
        _("the page with what the customer owes and how to pay; it lets nobody in"),
        given(PAY),
        is_link=True,
    ),
    Variable(
        AUTOLOGIN,
        _("a link with which the customer sees and pays bills without a password"),
        given(AUTOLOGIN),
        is_link=True,
        has_secret=True,
    ),
)


def _sample(reader: Reader) -> dict[str, object]:
    home = f"https://{reader.isp.slug}.example"
    more = {"number": 1042, "balance": Decimal("349.50"), PAY: f"{home}/notice/s/…/", AUTOLOGIN: f"{home}/go/…/"}
    return shared_sample(reader) | more


# What stands in the form at first where it is about invoices.
REMINDER_TITLE = _("Your bill of {{ company }}")
REMINDER = _("{{ company }}: {{ name }}, you owe {{ balance }}. See it and pay: {{ pay_url }}")

INFORMATION = Event(NAME, _("information about the service"), Kind.SERVICE, VARIABLES, _sample, short="-")
NEWS = Event(NAME, _("news and offers"), Kind.NEWS, VARIABLES, _sample, short="-")
BY_KIND = {str(Kind.SERVICE): INFORMATION, str(Kind.NEWS): NEWS}
