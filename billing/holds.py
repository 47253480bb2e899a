"""What holds a suspension for debt back: each app registers its reasons in a module `holds`.

    @hold("report", _("a payment report waits"))
    def waiting_reports(local: datetime) -> QuerySet:
        return PaymentReport.objects.pending()

The rows that come back need a column `subscriber`; `local` is the moment in the ISP's time zone. What `lifts` does not
only keep a service from being switched off, it switches one on again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db.models import Case, CharField, Exists, OuterRef, QuerySet, Value, When
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from billing.models import Grace, InstalmentPlan, Promise, Suspension, SuspensionException

Rows = Callable[[datetime], QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class Hold:
    """A reason to wait. `ends_as` is how a record of a suspension that it lifts says so; empty: it lifts none."""

    name: str
    text: Any
    rows: Rows
    ends_as: str = ""


_holds: dict[str, Hold] = {}


def hold(name: str, text: Any, *, ends_as: str = "") -> Callable[[Rows], Rows]:
    """Register the rows of those whose services stay on."""

    def register(rows: Rows) -> Rows:
        _holds[name] = Hold(name, text, rows, ends_as)
        return rows

    return register


def holds() -> dict[str, Hold]:
    """All reasons by name, in the order in which they are told."""
    _load()
    return _holds


def hold_text(name: str) -> Any:
    """A reason in words."""
    found = holds().get(name)
    return found.text if found else name


def held_by(local: datetime, subscriber: str) -> Case:
    """The name of the first reason for a row whose column `subscriber` is the subscriber, or an empty text."""
    cases = [
        When(Exists(each.rows(local).order_by().filter(subscriber=OuterRef(subscriber))), then=Value(each.name))
        for each in holds().values()
    ]
    return Case(*cases, default=Value(""), output_field=CharField())


def hold_of(subscriber_id: int, local: datetime, *, lifting: bool = False) -> Hold | None:
    """The first reason for one subscriber, among those that lift if `lifting`. At most one query each."""
    for each in holds().values():
        if (each.ends_as or not lifting) and each.rows(local).filter(subscriber=subscriber_id).exists():
            return each
    return None


@cache
def _load() -> None:
    autodiscover_modules("holds")


@hold("exception", _("an exception"), ends_as=Suspension.End.EXCEPTION)
def exceptions(local: datetime) -> QuerySet[Any]:
    return SuspensionException.objects.standing(on=local.date())


@hold("promise", _("a promise to pay"), ends_as=Suspension.End.PROMISE)
def promises(local: datetime) -> QuerySet[Any]:
    return Promise.objects.standing(on=local.date())


@hold("instalments", _("payment in instalments"), ends_as=Suspension.End.INSTALMENTS)
def instalments(local: datetime) -> QuerySet[Any]:
    return InstalmentPlan.objects.kept(on=local.date())


@hold("grace", _("time given to pay"), ends_as=Suspension.End.GRACE)
def graces(local: datetime) -> QuerySet[Any]:
    # One that is for a single service is asked about where services are: see services.suspensions.
    return Grace.objects.standing(on=local.date()).for_all()
