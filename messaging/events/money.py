"""Bills, reminders, suspension for debt, payments and cards."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging.events.base import NAME, Event, Kind, Readers, given, shared_sample, thing, today
from messaging.reader import Context, Reader, Variable


def _debt_lines(context: Context, reader: Reader) -> str:
    lines = []
    for debt in context.get("debts", []):
        line = f"- {debt['title']}: {reader.money(debt['amount'])}"
        if debt.get("due_on"):
            line += ", " + _("due %(day)s") % {"day": reader.day(debt["due_on"])}
        lines.append(line)
    return "\n".join(lines)


def _first_due(context: Context, reader: Reader) -> str:
    return reader.day(next((debt.get("due_on") for debt in context.get("debts", [])), None))


def _invoices(context: Context, reader: Reader) -> str:
    return ", ".join(str(debt["title"]) for debt in context.get("debts", []))


def _total(context: Context, reader: Reader) -> str:
    return reader.money(context["total"])


def _headline(context: Context, reader: Reader) -> str:
    """What the built-in reminder has for a subject."""
    days, company = int(context["days"]), str(context.get("company") or reader.company)
    if days > 0:
        text = ngettext(
            "Your bill from %(company)s is due in %(days)s day",
            "Your bill from %(company)s is due in %(days)s days",
            days,
        )
    elif days == 0:
        text = _("Your bill from %(company)s is due today")
    else:
        text = _("Your bill from %(company)s is overdue")
    return text % {"company": company, "days": days}


def _situation(context: Context, reader: Reader) -> str:
    days = int(context["days"])
    if days > 0:
        return _("soon this is due:")
    return _("today this is due:") if days == 0 else _("we have not seen a payment for this yet:")


def _when_positive(name: str, sign: int) -> Any:
    return lambda context, reader: str(max(int(context.get(name) or 0) * sign, 0) or "")


DEBTS = (
    Variable("debts", gettext_lazy("what is open, a line each"), _debt_lines),
    Variable("total", gettext_lazy("what is open, together"), _total),
    Variable("invoices", gettext_lazy("the numbers of the invoices"), _invoices),
    Variable("due_on", gettext_lazy("when the oldest of them is due"), _first_due),
)
PAGE = Variable(
    "link", gettext_lazy("the page with what is owed and how to pay; it lets nobody in"), given("link"), is_link=True
)


def _owing(reader: Reader) -> dict[str, Any]:
    debt = {"title": "A-2041", "due_on": today() + timedelta(days=5), "amount": Decimal("349.50")}
    return shared_sample(reader) | {
        "debts": [debt],
        "total": debt["amount"],
        "days": 5,
        "late": -5,
        "cut_on": today() + timedelta(days=12),
        "link": f"https://{reader.isp.slug}.example/notice/s/…/",
        "suspension": thing(rule_text=_("What is not paid 7 days after its due date switches the service off.")),
        "why": "",
    }


def _held(context: Context, reader: Reader) -> str:
    if context.get("is_fault"):
        return _(
            "The billing run has stopped because something could not be written. The fault is ours; what was billed "
            "before stands."
        )
    if not context.get("was_begun"):
        return _(
            "Today's billing run did not begin: what it would bill is far from the last time or passes one of your "
            "limits. No invoice has been made."
        )
    made = int(context.get("made") or 0)
    text = ngettext(
        "The billing run has stopped at one of your limits, after %(n)s invoice.",
        "The billing run has stopped at one of your limits, after %(n)s invoices.",
        made,
    )
    return text % {"n": made}


def _run(reader: Reader) -> dict[str, Any]:
    return shared_sample(reader) | {
        "was_begun": False,
        "on": today(),
        "group": "",
        "count": 412,
        "amount": Decimal("143788.00"),
        "link": "https://app.example/billing/runs/…/",
    }


def _share_lines(context: Context, reader: Reader) -> str:
    lines = []
    for share in context.get("shares", []):
        line = f"- {share.title}: {reader.money(share.amount)}"
        if share.left:
            line += f" ({_('still open')}: {reader.money(share.left)})"
        lines.append(line)
    return "\n".join(lines)


def _left(context: Context, reader: Reader) -> str:
    account = context["account"]
    if account.balance > 0:
        return _("You still owe:") + " " + reader.money(account.balance)
    if account.in_favour:
        return _("In your favour:") + " " + reader.money(account.in_favour)
    return _("Nothing is left to pay.")


def _payment(name: str) -> Any:
    return lambda context, reader: str(getattr(context["payment"], name) or "")


def _method(context: Context, reader: Reader) -> str:
    paid = context.get("payment") or context.get("report")
    return paid.method.shown_name if paid and paid.method else ""


def _fee(context: Context, reader: Reader) -> str:
    return reader.money(context["payment"].fee) if context["payment"].fee else ""


def _paid(reader: Reader) -> dict[str, Any]:
    method = thing(shown_name=_("Bank transfer"))
    amount = Decimal("349.50")
    return shared_sample(reader) | {
        "payment": thing(number="R-00817", on=today(), amount=amount, fee=0, method=method, reference="7734215"),
        "shares": [thing(title=_("Invoice %(number)s") % {"number": "A-2041"}, amount=amount, left=0)],
        "account": thing(balance=0, in_favour=0),
        "total": amount,
    }


def _rejected(reader: Reader) -> dict[str, Any]:
    method = thing(shown_name=_("Bank transfer"))
    return shared_sample(reader) | {
        "report": thing(paid_on=today(), amount=Decimal("349.50"), method=method, reference="7734215"),
        "reason": _("The picture cannot be read."),
        "url": f"https://{reader.isp.slug}.example/payments/",
    }


def _next_step(context: Context, reader: Reader) -> str:
    if context.get("is_over"):
        return _("It was the third time, so we will not try this card again. You can pay, and keep another card, here:")
    return _("We will try again in a few days. You can also pay here, or keep another card:")


def _card(reader: Reader) -> dict[str, Any]:
    return shared_sample(reader) | {
        "card": "Visa •••• 4242",
        "terms": _("You may end this at any time in the portal."),
        "url": f"https://{reader.isp.slug}.example/pay/card/",
        "is_over": False,
        "reason": _("You have asked us to."),
    }


def _unpaid(reader: Reader) -> dict[str, Any]:
    return _card(reader) | {"url": f"https://{reader.isp.slug}.example/pay/"}


CARD = Variable("card", gettext_lazy("the card, with its last four digits"), given("card"))
LINK = Variable("link", gettext_lazy("the page of the portal where this is"), given("url"), is_link=True)

EVENTS = [
    Event(
        "billing/reminder",
        gettext_lazy("reminder of a bill"),
        Kind.BILLS,
        (
            NAME,
            *DEBTS,
            Variable("headline", gettext_lazy("that the bill is due or overdue, as a sentence"), _headline),
            Variable("situation", gettext_lazy("whether it is due soon, today or overdue, as words"), _situation),
            Variable("days_left", gettext_lazy("days until it is due; empty afterwards"), _when_positive("days", 1)),
            Variable("days_late", gettext_lazy("days since it was due; empty before"), _when_positive("days", -1)),
            PAGE,
        ),
        _owing,
        short=gettext_lazy("{{ company }}: {{ total }} due on {{ due_on }}. How to pay: {{ link }}"),
        action=gettext_lazy("How to pay"),
    ),
    Event(
        "billing/warning",
        gettext_lazy("warning before a suspension"),
        Kind.BILLS,
        (
            NAME,
            *DEBTS,
            Variable("cut_on", gettext_lazy("the day from which the service is off"), lambda c, r: r.day(c["cut_on"])),
            PAGE,
        ),
        _owing,
        short=gettext_lazy("{{ company }}: {{ total }} open. Service off from {{ cut_on }} on. How to pay: {{ link }}"),
        action=gettext_lazy("How to pay"),
    ),
    Event(
        "billing/cut",
        gettext_lazy("service switched off"),
        Kind.SERVICE,
        (
            NAME,
            *DEBTS,
            Variable("rule", gettext_lazy("the rule, in words"), lambda c, r: str(c["suspension"].rule_text)),
            PAGE,
        ),
        _owing,
        short=gettext_lazy("{{ company }}: service switched off for {{ total }}. On again once paid: {{ link }}"),
        waits=False,
        action=gettext_lazy("How to pay"),
    ),
    Event(
        "billing/return",
        gettext_lazy("service on again"),
        Kind.SERVICE,
        (NAME, PAGE),
        _owing,
        short=gettext_lazy("{{ company }}: your service is on again. Thank you."),
        waits=False,
    ),
    Event(
        "billing/kept_back",
        gettext_lazy("suspension run waits, to you"),
        Kind.OFFICE,
        (
            Variable("rule", gettext_lazy("the rule"), given("rule")),
            Variable("planned", gettext_lazy("how many services it would switch off"), given("planned")),
            Variable("link", gettext_lazy("the list, for staff"), given("link"), is_link=True),
        ),
        lambda reader: (
            shared_sample(reader)
            | {"rule": _("All others"), "planned": 87, "link": "https://app.example/suspension/…/"}
        ),
        readers=Readers.STAFF,
        action=gettext_lazy("Open the list"),
    ),
    Event(
        "billing/run_held",
        gettext_lazy("billing run waits, to you"),
        Kind.OFFICE,
        (
            Variable("situation", gettext_lazy("that it did not begin or has stopped, as a sentence"), _held),
            Variable("invoiced_on", gettext_lazy("the date of the invoices"), lambda c, r: r.day(c["on"])),
            Variable("group", gettext_lazy("the invoice group, if it is for one"), given("group"), may_miss=True),
            Variable("count", gettext_lazy("how many invoices are forecast"), given("count")),
            Variable("amount", gettext_lazy("what they come to"), lambda c, r: r.money(c["amount"])),
            Variable("link", gettext_lazy("the run, for staff"), given("link"), is_link=True),
        ),
        _run,
        readers=Readers.STAFF,
        action=gettext_lazy("Open the run"),
    ),
    Event(
        "payments/receipt",
        gettext_lazy("receipt of a payment"),
        Kind.PAYMENTS,
        (
            NAME,
            Variable("number", gettext_lazy("the number of the receipt"), _payment("number")),
            Variable("amount", gettext_lazy("what was paid"), lambda c, r: r.money(c["payment"].amount)),
            Variable("fee", gettext_lazy("the fee, if there is one"), _fee, may_miss=True),
            Variable("total", gettext_lazy("what was paid with the fee"), _total),
            Variable("paid_on", gettext_lazy("the day of the payment"), lambda c, r: r.day(c["payment"].on)),
            Variable("method", gettext_lazy("how it was paid"), _method, may_miss=True),
            Variable("reference", gettext_lazy("the reference of the payment"), _payment("reference"), may_miss=True),
            Variable("used_for", gettext_lazy("what it was used for, a line each"), _share_lines, may_miss=True),
            Variable("left", gettext_lazy("what is left to pay, as a sentence"), _left),
        ),
        _paid,
        short=gettext_lazy("{{ company }}: we have received {{ amount }}. Receipt {{ number }}. {{ left }}"),
    ),
    Event(
        "payments/report_rejected",
        gettext_lazy("reported payment not found"),
        Kind.PAYMENTS,
        (
            NAME,
            Variable("amount", gettext_lazy("what was reported"), lambda c, r: r.money(c["report"].amount)),
            Variable("paid_on", gettext_lazy("the day that was reported"), lambda c, r: r.day(c["report"].paid_on)),
            Variable("method", gettext_lazy("how it was paid"), _method, may_miss=True),
            Variable(
                "reference", gettext_lazy("the reference"), lambda c, r: str(c["report"].reference), may_miss=True
            ),
            Variable("reason", gettext_lazy("why not, as staff wrote it"), given("reason")),
            replace(LINK, may_miss=True),
        ),
        _rejected,
        short=gettext_lazy("{{ company }}: we could not find your payment of {{ amount }}: {{ reason }}"),
        action=gettext_lazy("Open in the portal"),
    ),
    Event(
        "payments/card_agreed",
        gettext_lazy("card that pays by itself"),
        Kind.PAYMENTS,
        (NAME, CARD, Variable("terms", gettext_lazy("what was agreed to"), given("terms")), LINK),
        _card,
        action=gettext_lazy("Open in the portal"),
    ),
    Event(
        "payments/card_ended",
        gettext_lazy("card is not charged any more"),
        Kind.PAYMENTS,
        (NAME, CARD, Variable("reason", gettext_lazy("why, as staff wrote it"), given("reason")), LINK),
        _unpaid,
        action=gettext_lazy("Open in the portal"),
    ),
    Event(
        "payments/card_refused",
        gettext_lazy("card was refused"),
        Kind.PAYMENTS,
        (NAME, CARD, Variable("next_step", gettext_lazy("what happens next, as a sentence"), _next_step), LINK),
        _unpaid,
        short=gettext_lazy("{{ company }}: your card {{ card }} was refused. Pay here: {{ link }}"),
        action=gettext_lazy("Open in the portal"),
    ),
]
