"""Suspension for debt in the demo: a rule, some who are cut off, a promise, instalments, an exception, reminders."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import timezone

from billing.models import (
    Holiday,
    InstalmentPlan,
    LedgerEntry,
    NoticeText,
    Promise,
    ReminderRule,
    Suspension,
    SuspensionException,
    SuspensionRule,
    SuspensionSettings,
)
from billing.services import invoices, reliefs, suspensions
from demo.companies import Company
from subscribers.models import PortalUser, Service, Subscriber
from tenants.models import StaffUser

CUT, OWING = 5, 4  # how many are cut off, and how many more could be
SHOWN = 1  # of the logins that the demo prints, the one that is cut off
WORDS = {
    "es": {
        "line": "Servicio de Internet",
        "clinic": "Centro de salud: nunca suspender.",
        "holiday": "Aniversario de la empresa",
        "title": "Mejoramos la red esta noche",
        "text": "De **1:00 a 3:00** puede fallar su conexión. No necesita hacer nada.\n\n- Gracias por su paciencia",
        "note": "Por teléfono, el día de pago",
    },
    "en": {
        "line": "Internet service",
        "clinic": "A clinic: never switch it off.",
        "holiday": "The company's birthday",
        "title": "We improve the network tonight",
        "text": "From **1 to 3 a.m.** your connection may fail. You need do nothing.\n\n- Thank you for your patience",
        "note": "On the phone, on payday",
    },
}


def seed_suspensions(company: Company, clerk: StaffUser) -> None:
    """What stands on the pages of suspension. Run in the ISP's scope, after its invoices."""
    words = WORDS.get(company.language, WORDS["en"])
    now = timezone.now()
    today = now.astimezone(ZoneInfo(company.timezone)).date()
    rule = SuspensionRule.objects.create(is_on=True, days=5, weekdays=[1, 2, 3, 4, 5], begins=time(9), ends=time(18))
    SuspensionSettings(pk=1, promises=True, promise_days=5, instalments=True).save()
    ReminderRule.objects.bulk_create(ReminderRule(days=days) for days in (-3, 1, 7))
    Holiday.objects.create(on=today + timedelta(days=40), name=words["holiday"])
    NoticeText.objects.create(kind="maintenance", title=words["title"], text=words["text"])
    people = _in_debt(company, words["line"], today)
    at = _last_opening(now, company)
    for person in people[:CUT]:
        suspensions.cut(by=clerk, subscriber_id=person.pk, rule=rule, at=at)
    promising, paying, clinic = people[1], people[2], people[CUT]
    reliefs.make_promise(by=clerk, subscriber=promising, until=today + timedelta(days=4), at=now, is_staff=True)
    said = {"parts": 3, "first_on": today + timedelta(days=5), "every": 14, "note": words["note"], "at": now}
    reliefs.ask_for_instalments(by=clerk, subscriber=paying, is_staff=True, **said)
    reliefs.ask_for_instalments(by=clerk, subscriber=people[3], **said)
    reliefs.add_exception(by=clerk, subscriber=clinic, reason=words["clinic"], until=None, at=now)


def kept_in_debt() -> list[int]:
    """The keys of those who are in debt for the pages of suspension: nobody pays for them."""
    told = (Suspension, Promise, InstalmentPlan, SuspensionException)
    return [key for model in told for key in model.objects.values_list("subscriber", flat=True)]


def _last_opening(now: datetime, company: Company) -> datetime:
    """Half past ten of the day before yesterday."""
    day = now.astimezone(ZoneInfo(company.timezone)).date() - timedelta(days=2)
    return datetime.combine(day, time(10, 30), tzinfo=ZoneInfo(company.timezone))


def _in_debt(company: Company, line: str, today: date) -> list[Subscriber]:
    """Customers with a service that works and an invoice that should have been paid long ago, one login of the demo
    first."""
    active = Service.objects.filter(state=Service.State.ACTIVE, subscriber__erased_at=None)
    printed = PortalUser.objects.filter(one_time="", valid_until=None, role="owner", blocks=None).order_by("pk")
    shown = list(printed.values_list("subscriber", flat=True)[SHOWN : SHOWN + 1])
    owing = LedgerEntry.objects.overdue(on=today - timedelta(days=9)).values_list("subscriber", flat=True)
    keys = list(active.filter(subscriber__in=list(owing)).order_by("pk").values_list("subscriber", flat=True))
    others = list(active.order_by("pk").values_list("subscriber", flat=True)[60 : 60 + CUT + OWING])
    chosen = list(dict.fromkeys([*shown, *keys, *others]))[: CUT + OWING]
    Service.objects.filter(subscriber__in=shown, state=Service.State.SUSPENDED).update(state=Service.State.ACTIVE)
    found = Subscriber.objects.in_bulk(chosen)
    for pk in chosen:
        if pk not in keys:
            _bill(company, found[pk], line, today - timedelta(days=24))
    return [found[pk] for pk in chosen]


def _bill(company: Company, person: Subscriber, line: str, on: date) -> None:
    service = person.services.select_related("tariff").first()
    price = service.full_price if service else Decimal(100)
    invoices.issue_invoice(
        by=None,
        subscriber=person,
        lines=[invoices.Line(text=line, unit_price=price)],
        on=on,
        due_on=on + timedelta(days=10),
        currency=company.currency,
    )
