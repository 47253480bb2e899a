"""Install requests and visits of technicians."""

from datetime import time, timedelta
from typing import Any

from django.utils.translation import gettext_lazy

from messaging.events.base import NAME, Event, Kind, Readers, given, shared_sample, thing, today
from messaging.reader import Context, Reader, Variable


def _hours(context: Context, reader: Reader) -> str:
    visit = context["installation"]
    if not visit.begins:
        return ""
    return reader.time(visit.begins) + (f"–{reader.time(visit.ends)}" if visit.ends else "")


def _address(context: Context, reader: Reader) -> str:
    service = context["installation"].service
    return service.address or service.subscriber.address


def _visit(reader: Reader) -> dict[str, Any]:
    service = thing(address="Av. Hidalgo 214, Centro", subscriber=thing(address=""))
    installation = thing(
        on=today() + timedelta(days=3), begins=time(9), ends=time(11), reference="I-00317", service=service
    )
    return shared_sample(reader) | {"installation": installation}


def _asked(name: str) -> Any:
    return lambda context, reader: str(getattr(context["request"], name) or "")


def _request(reader: Reader) -> dict[str, Any]:
    request = thing(
        reference="S-00124",
        full_name="Rosa Pérez",
        mobile="+525555012345",
        second_mobile="",
        email="rosa@mail.example",
        full_address="Av. Hidalgo 214, Centro",
        comments="",
    )
    url = "https://app.example/requests/124/"
    return shared_sample(reader) | {"request": request, "reference": request.reference, "url": url}


VISIT = (
    NAME,
    Variable("day", gettext_lazy("the day of the visit"), lambda c, r: r.day(c["installation"].on)),
    Variable(
        "long_day", gettext_lazy("the same with the day of the week"), lambda c, r: r.long_day(c["installation"].on)
    ),
    Variable("hours", gettext_lazy("from when until when, if that is known"), _hours, may_miss=True),
    Variable("address", gettext_lazy("where"), _address),
    Variable(
        "reference", gettext_lazy("the number of the installation"), lambda c, r: str(c["installation"].reference)
    ),
)

EVENTS = [
    Event(
        "preinstall/new_request",
        gettext_lazy("new install request, to you"),
        Kind.OFFICE,
        (
            Variable("reference", gettext_lazy("the number of the request"), _asked("reference")),
            Variable("person", gettext_lazy("who asks"), _asked("full_name")),
            Variable("mobile", gettext_lazy("their mobile"), lambda c, r: r.phone(c["request"].mobile)),
            Variable("email", gettext_lazy("their e-mail address"), _asked("email"), may_miss=True),
            Variable("address", gettext_lazy("where they live"), _asked("full_address")),
            Variable("comments", gettext_lazy("what they wrote"), _asked("comments"), may_miss=True),
            Variable("link", gettext_lazy("the request, for staff"), given("url"), is_link=True),
        ),
        _request,
        readers=Readers.STAFF,
        action=gettext_lazy("Open the request"),
    ),
    Event(
        "preinstall/received",
        gettext_lazy("install request received"),
        Kind.VISITS,
        (NAME, Variable("reference", gettext_lazy("the number of the request"), given("reference"))),
        _request,
        readers=Readers.PROSPECT,
        short=gettext_lazy("{{ company }}: we have received your install request {{ reference }}. We will call you."),
    ),
    Event(
        "preinstall/installation_planned",
        gettext_lazy("visit planned"),
        Kind.VISITS,
        VISIT,
        _visit,
        short=gettext_lazy(
            "{{ company }}: we come to install on {{ long_day }}{% if hours %}, {{ hours }}{% endif %}."
        ),
    ),
    Event(
        "preinstall/installation_moved",
        gettext_lazy("visit moved"),
        Kind.VISITS,
        VISIT,
        _visit,
        short=gettext_lazy(
            "{{ company }}: your installation has a new date, {{ long_day }}{% if hours %}, {{ hours }}{% endif %}."
        ),
    ),
    Event(
        "preinstall/installation_cancelled",
        gettext_lazy("visit cancelled"),
        Kind.VISITS,
        VISIT,
        _visit,
        short=gettext_lazy("{{ company }}: the installation on {{ day }} was called off."),
    ),
]
