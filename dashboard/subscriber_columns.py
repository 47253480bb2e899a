"""The columns that the list of subscribers can have: one row each, for the page and for exports alike."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency
from django.db.models import Prefetch
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from core.templatetags.ui import phone, reader_locale, status_badge
from subscribers.models import Service, Subscriber, SubscriberQuerySet

OF_SERVICE = ("tariff", "router")
SHOWN_SERVICES = 3  # of one subscriber on the page; an export has them all


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom it is written: the ISP whose money it is, in the language that is active."""

    slug: str
    country: str
    currency: str


@dataclass(frozen=True, slots=True)
class Column:
    """`value` gives what an export holds: text, number or date. `cell` is what the page shows where that differs.

    `order` are the fields that it is sorted by, `needs` what must be loaded with the subscribers.
    """

    name: str
    title: Any
    value: Callable[[Subscriber], Any]
    cell: Callable[[Subscriber, Reader], Any] | None = None
    order: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    is_number: bool = False
    is_always_there: bool = False

    def show(self, subscriber: Subscriber, reader: Reader) -> Any:
        """The cell on the page; a template escapes what is no SafeString."""
        return self.cell(subscriber, reader) if self.cell else self.value(subscriber)


def _name(subscriber: Subscriber, reader: Reader) -> SafeString:
    # A company is looked for by its own name, which stands below that of the person.
    business = format_html('<div class="text-secondary small">{}</div>', subscriber.business_name)
    return format_html(
        '<div><a href="/{}/subscribers/{}/" data-row class="{}">{}</a>{}</div>',
        reader.slug,
        subscriber.number,
        "text-secondary fst-italic" if subscriber.is_erased else "",
        subscriber.listed_name,
        business if subscriber.business_name else "",
    )


def _services(subscriber: Subscriber, reader: Reader) -> str:
    return render_to_string("dashboard/subscribers/services_cell.html", {"services": subscriber.services.all()})


def _of_services(*words: Callable[[Service], Any]) -> Callable[[Subscriber], str]:
    """What all services have in a field, one after the other and each once."""

    def value(subscriber: Subscriber) -> str:
        texts = (" ".join(str(word(service)) for word in words) for service in subscriber.services.all())
        return ", ".join(dict.fromkeys(text for text in texts if text and text != "None"))

    return value


def _cells(value: Callable[[Subscriber], str]) -> Callable[[Subscriber, Reader], SafeString]:
    """The same as lines."""

    def cell(subscriber: Subscriber, reader: Reader) -> SafeString:
        lines = value(subscriber).split(", ") if value(subscriber) else []
        shown = format_html_join("", "<div>{}</div>", ((line,) for line in lines[:SHOWN_SERVICES]))
        more = format_html('<div class="text-secondary">+ {}</div>', len(lines) - SHOWN_SERVICES)
        return format_html("<div>{}{}</div>", shown, more if len(lines) > SHOWN_SERVICES else "")

    return cell


def _balance(subscriber: Subscriber) -> Any:
    account = getattr(subscriber, "account", None)
    return account.balance if account else Decimal(0)


def _money(subscriber: Subscriber, reader: Reader) -> str:
    amount = _balance(subscriber)
    text = format_currency(amount, reader.currency, locale=reader_locale(reader.country))
    return status_badge(text, "red") if amount > 0 else format_html('<span class="text-secondary">{}</span>', text)


def _address(subscriber: Subscriber) -> str:
    parts = (subscriber.address, subscriber.district, subscriber.town)
    return ", ".join(part for part in parts if part)


def _since(subscriber: Subscriber) -> Any:
    return timezone.localtime(subscriber.created_at).date()


def _text(value: Any) -> str:
    return str(value) if value else ""


_states = _of_services(lambda service: service.get_state_display())
_tariffs = _of_services(lambda service: service.tariff.name)
_ips = _of_services(lambda service: service.ip_address or "")
_routers = _of_services(lambda service: service.router.name if service.router else "")
_numbers = _of_services(lambda service: service.number)
_connections = _of_services(lambda service: service.address)

COLUMNS: dict[str, Column] = {
    column.name: column
    for column in [
        Column("name", _("Name"), lambda s: s.listed_name, _name, order=("sort_name", "pk"), is_always_there=True),
        Column(
            "number", _("Number"), lambda s: s.number, lambda s, r: str(s.number), order=("number",), is_number=True
        ),
        Column("mobile", _("Mobile"), lambda s: s.mobile, lambda s, r: phone(s.mobile)),
        Column("email", _("E-mail"), lambda s: s.email),
        Column("address", _("Address"), _address),
        Column("zone", _("Zone"), lambda s: _text(s.zone), needs=("zone",)),
        Column("services", _("Services"), _states, _services, needs=("services",)),
        Column("service_numbers", _("Service numbers"), _numbers, _cells(_numbers), needs=("services",)),
        Column("tariff", _("Tariff"), _tariffs, _cells(_tariffs), needs=("services",)),
        Column("connection", _("Connection address"), _connections, needs=("services",)),
        Column("ip", _("IP address"), _ips, _cells(_ips), needs=("services",)),
        Column("router", _("Router"), _routers, _cells(_routers), needs=("services",)),
        Column(
            "balance",
            _("Balance"),
            _balance,
            _money,
            order=("account__balance", "pk"),
            needs=("account",),
            is_number=True,
        ),
        Column("group", _("Invoice group"), lambda s: _text(s.group), needs=("group",)),
        Column("id_number", _("ID number"), lambda s: s.id_number),
        Column(
            "since",
            _("Customer since"),
            _since,
            lambda s, r: date_format(_since(s), "SHORT_DATE_FORMAT"),
            order=("created_at", "pk"),
        ),
    ]
}
DEFAULT = ["name", "number", "mobile", "zone", "services", "balance"]
DEFAULT_SORT = "name"


def chosen(names: Any) -> list[Column]:
    """The columns of these names, in the order of the table above; those of everybody who has chosen none.

    What is no list of known names, such as what an older release remembered, is left aside.
    """
    wanted = {name for name in names if isinstance(name, str) and name in COLUMNS} if isinstance(names, list) else set()
    wanted = wanted or set(DEFAULT)
    return [column for column in COLUMNS.values() if column.name in wanted or column.is_always_there]


def order_of(sort: str) -> tuple[str, ...]:
    """The fields for `name` or `-name`; the usual order for what cannot be sorted by."""
    column = COLUMNS.get(sort.removeprefix("-"))
    if column is None or not column.order:
        return COLUMNS[DEFAULT_SORT].order
    return tuple(f"-{field}" for field in column.order) if sort.startswith("-") else column.order


def loaded(rows: SubscriberQuerySet, columns: Iterable[Column], *, shared: bool = False) -> SubscriberQuerySet:
    """With what the columns show: the number of queries depends on the columns, never on the rows.

    `shared` is for very many rows: it takes a query more for each kind of thing, and makes each zone, tariff and router
    once instead of once for each row.
    """
    needs = {need for column in columns for need in column.needs}
    for single in sorted(needs - {"services"}):
        is_own = single == "account"
        rows = rows.prefetch_related(single) if shared and not is_own else rows.select_related(single)
    if "services" in needs:
        services = Service.objects.all()
        services = services.prefetch_related(*OF_SERVICE) if shared else services.select_related(*OF_SERVICE)
        rows = rows.prefetch_related(Prefetch("services", queryset=services))
    return rows
