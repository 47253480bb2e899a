"""One look at the list of subscribers: what is searched for, in which order, with which columns, and one page of it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.functional import cached_property

from dashboard.subscriber_columns import COLUMNS, DEFAULT_SORT, Column, chosen, loaded, order_of
from dashboard.subscriber_filter import SubscriberListFilter
from subscribers.models import ListSettings, SavedView, Subscriber, SubscriberQuerySet, keys_for

PER_PAGE = 25
COUNTED = 2_000  # subscribers whom a text fits; beyond that they are not counted: it takes longer than to find a page
WALKED = 250  # rows before a page, up to which it is found by looking at one row after the other


@dataclass
class Look:
    """What an address, or a saved view, asks for, by somebody who remembers columns of their own."""

    data: QueryDict
    found: SubscriberListFilter
    settings: ListSettings
    views: list[SavedView]

    @cached_property
    def view(self) -> SavedView | None:
        """The saved view that the address names, if this person may see it."""
        return next((view for view in self.views if str(view.uuid) == self.data.get("view", "")), None)

    @property
    def sort(self) -> str:
        asked = self.data.get("sort", "")
        column = COLUMNS.get(asked.removeprefix("-"))
        return asked if column and column.order else DEFAULT_SORT

    @property
    def columns(self) -> list[Column]:
        return chosen(self.view.columns if self.view else self.settings.columns)

    @property
    def is_valid(self) -> bool:
        return self.found.form.is_valid()

    @property
    def opens_with(self) -> SavedView | None:
        """The view that the list begins with for this person, unless its owner has stopped sharing it."""
        return next((view for view in self.views if view.pk == self.settings.default_view_id), None)

    def rows(self) -> SubscriberQuerySet:
        """All hits, in order."""
        return self.found.qs.order_by(*order_of(self.sort))

    def query(self, **more: Any) -> str:
        """The address of this look without its page, or of one that differs in something."""
        query = QueryDict(mutable=True)
        query.update(self.found.in_use())
        if self.sort != DEFAULT_SORT:
            query["sort"] = self.sort
        if self.view:
            query["view"] = str(self.view.uuid)
        for key, value in more.items():
            query[key] = value
        return query.urlencode() or "all=1"

    @property
    def differs_from_view(self) -> bool:
        """Whether somebody has gone on searching from the saved view."""
        view = self.view
        return view is not None and (self.found.in_use(), self.sort) != (view.filters, view.sort or DEFAULT_SORT)

    def headings(self) -> list[dict[str, Any]]:
        """Of each column its title, and where it can be sorted by, the address for that and the order now."""
        return [
            {
                "column": column,
                "query": self.query(sort=f"-{column.name}" if self.sort == column.name else column.name),
                "order": {column.name: "ascending", f"-{column.name}": "descending"}.get(self.sort, ""),
            }
            for column in self.columns
        ]


def look_at(data: QueryDict, *, staff_id: int) -> Look:
    """What an address asks for. Two queries: the person's settings, and the views that they may see."""
    settings = ListSettings.objects.filter(by_id=staff_id).first()
    views = list(SavedView.objects.visible_to(staff_id))
    found = SubscriberListFilter(data, queryset=Subscriber.objects.all())
    return Look(data, found, settings or ListSettings(by_id=staff_id), views)


def address_of(view: SavedView) -> str:
    """The query of the address that opens a saved view."""
    query = QueryDict(mutable=True)
    if isinstance(view.filters, dict):
        query.update({key: str(value) for key, value in view.filters.items()})
    if view.sort:
        query["sort"] = view.sort
    query["view"] = str(view.uuid)
    return query.urlencode()


@dataclass(frozen=True)
class Page:
    """Some rows of a look, from `first` to `last`, counted from 1. `total` is None where very many fit."""

    rows: list[Subscriber]
    number: int
    total: int | None

    @property
    def first(self) -> int:
        return (self.number - 1) * PER_PAGE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def pages(self) -> int | None:
        return None if self.total is None else max(1, -(-self.total // PER_PAGE))

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        is_last = len(self.rows) < PER_PAGE if self.pages is None else self.number >= self.pages
        return None if is_last else self.number + 1


def page_of(look: Look, asked: str) -> Page:
    """The page of this number; the first or last one for a number that there is not.

    The keys of the page are found first, in the order of an index; what it shows is loaded for those alone.
    """
    start = (int(asked) - 1) * PER_PAGE if asked.isdecimal() and 0 < len(asked) < 8 else 0
    rows, total = _rows_and_total(look, max(0, start))
    if total is not None:
        start = min(start, max(0, total - 1) // PER_PAGE * PER_PAGE)
    start = max(0, start)
    keys = _keys(rows.order_by(*order_of(look.sort)), look.sort, start)
    if total is None and start == 0 and len(keys) < PER_PAGE:
        total = len(keys)
    by_key = {row.pk: row for row in loaded(Subscriber.objects.filter(pk__in=keys), look.columns)} if keys else {}
    return Page([by_key[key] for key in keys if key in by_key], start // PER_PAGE + 1, total)


def _rows_and_total(look: Look, start: int) -> tuple[SubscriberQuerySet, int | None]:
    """The hits in the way in which a page that begins there is found soonest, and how many there are.

    A text that fits few is looked up first. One that fits very many, such as the beginning of everybody's user name, is
    compared row by row on the first pages, and its hits are not counted.
    """
    everybody, text = Subscriber.objects.all(), look.found.data.get("q", "").strip()
    if not look.is_valid or not text:
        return look.found.qs, look.found.qs.count()
    keys = keys_for(text, at_most=COUNTED)
    if keys is not None:
        rows = look.found.filtered(everybody, lambda rows, _text: rows.filter(pk__in=keys))
        return rows, rows.count()
    if start > WALKED:
        return look.found.qs, look.found.qs.count()
    rows = look.found.filtered(everybody, SubscriberQuerySet.each_with)
    return rows, None


def _keys(rows: SubscriberQuerySet, sort: str, start: int) -> list[int]:
    if sort.removeprefix("-") != "balance":
        return list(rows.values_list("pk", flat=True)[start : start + PER_PAGE])
    # Balances have an index of their own, which serves those who have an account; all others come behind, by name.
    with_account = rows.filter(account__balance__isnull=False)
    keys = list(with_account.values_list("pk", flat=True)[start : start + PER_PAGE])
    if len(keys) < PER_PAGE:
        others = rows.filter(account=None).order_by(*order_of(DEFAULT_SORT))
        begin = max(0, start - with_account.order_by().count())
        keys += others.values_list("pk", flat=True)[begin : begin + PER_PAGE - len(keys)]
    return keys


def view_of(look: Look, uuid: UUID | str) -> SavedView | None:
    """A view that this person may see."""
    try:
        return next((view for view in look.views if view.uuid == UUID(str(uuid))), None)
    except (ValueError, ValidationError):
        return None
