"""Passwords, links that sign in, and people's own data."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging.events.base import NAME, Event, Kind, given, shared_sample
from messaging.reader import Context, Reader, Variable

USERNAME = Variable("username", gettext_lazy("the user name of the login"), given("username"))


def _secret_link(meaning: Any) -> Variable:
    return Variable("link", meaning, given("url"), is_link=True, has_secret=True)


def _validity(context: Context, reader: Reader) -> str:
    days, hours = int(context.get("days") or 0), int(context.get("hours") or 0)
    if days:
        text = ngettext(
            "It works for one day. Do not pass it on.", "It works for %(days)s days. Do not pass it on.", days
        )
    else:
        text = ngettext(
            "It works for one hour. Do not pass it on.", "It works for %(hours)s hours. Do not pass it on.", hours
        )
    return text % {"days": days, "hours": hours}


def _purpose(context: Context, reader: Reader) -> str:
    if context.get("pays_only"):
        return _("this personal link shows what and how you pay, without a password:")
    return _("this personal link opens your account without a password:")


def _days(context: Context, reader: Reader) -> str:
    return str(context.get("days") or "")


def _login(reader: Reader) -> dict[str, Any]:
    url = f"https://{reader.isp.slug}.example/set-password/k3Jd…/"
    return shared_sample(reader) | {"username": "rosa.perez", "subscriber": "Rosa Pérez", "url": url, "days": 7}


def _entering(reader: Reader) -> dict[str, Any]:
    return _login(reader) | {
        "url": f"https://{reader.isp.slug}.example/go/k3Jd…/",
        "pays_only": False,
        "hours": 168,
    }


def _wish(context: Context, reader: Reader) -> str:
    if context.get("kind") == "export":
        return _("you asked us for a copy of all data that we hold on you.")
    return _("you asked us to erase all data that we hold on you.")


def _outcome(context: Context, reader: Reader) -> str:
    return _("It is done.") if context.get("is_granted") else _("We have not done it.")


def _fields(context: Context, reader: Reader) -> str:
    return "\n".join(f"- {field}" for field in context.get("fields", []))


def _change(reader: Reader) -> dict[str, Any]:
    return shared_sample(reader) | {"fields": [_("Mobile"), _("Address")], "reason": _("The address is incomplete.")}


def _request(reader: Reader) -> dict[str, Any]:
    answer = _("The file waits for you in the portal.")
    return shared_sample(reader) | {"kind": "export", "is_granted": True, "answer": answer}


EVENTS = [
    Event(
        "portal/set_password",
        gettext_lazy("choosing a password"),
        Kind.ACCOUNT,
        (
            NAME,
            USERNAME,
            _secret_link(gettext_lazy("the link at which a password is chosen")),
            Variable("days", gettext_lazy("for how many days the link works"), _days),
        ),
        _login,
        short=gettext_lazy("{{ company }}: choose your password for {{ username }}: {{ link }}"),
        has_secret=True,
        is_urgent=True,
        waits=False,
        action=gettext_lazy("Choose a password"),
    ),
    Event(
        "portal/forgotten",
        gettext_lazy("forgotten password"),
        Kind.ACCOUNT,
        (NAME, USERNAME, _secret_link(gettext_lazy("the link at which a password is chosen, for two hours"))),
        _login,
        short=gettext_lazy("{{ company }}: a new password for {{ username }}, within two hours: {{ link }}"),
        has_secret=True,
        is_urgent=True,
        waits=False,
        action=gettext_lazy("Set a new password"),
    ),
    Event(
        "portal/invitation",
        gettext_lazy("invitation to the portal"),
        Kind.ACCOUNT,
        (
            NAME,
            USERNAME,
            Variable("subscriber", gettext_lazy("the customer who has opened the login"), given("subscriber")),
            _secret_link(gettext_lazy("the link at which a password is chosen")),
            Variable("days", gettext_lazy("for how many days the link works"), _days),
        ),
        _login,
        has_secret=True,
        is_urgent=True,
        waits=False,
        action=gettext_lazy("Choose a password"),
    ),
    Event(
        "portal/auto_login",
        gettext_lazy("link that signs in"),
        Kind.ACCOUNT,
        (
            NAME,
            USERNAME,
            _secret_link(gettext_lazy("the link that signs in")),
            Variable("purpose", gettext_lazy("what the link opens, as a sentence"), _purpose),
            Variable("validity", gettext_lazy("for how long the link works, as a sentence"), _validity),
        ),
        _entering,
        short=gettext_lazy("{{ company }}: your personal link, do not pass it on: {{ link }}"),
        has_secret=True,
        is_urgent=True,
        waits=False,
        action=gettext_lazy("Open my account"),
    ),
    Event(
        "subscribers/personal_request",
        gettext_lazy("answer about personal data"),
        Kind.ACCOUNT,
        (
            NAME,
            Variable("wish", gettext_lazy("what was asked for, as a sentence"), _wish),
            Variable("outcome", gettext_lazy("whether it was done, as a sentence"), _outcome),
            Variable("answer", gettext_lazy("what staff wrote"), given("answer"), may_miss=True),
        ),
        _request,
    ),
    Event(
        "subscribers/profile_approved",
        gettext_lazy("change of own data approved"),
        Kind.ACCOUNT,
        (NAME, Variable("changes", gettext_lazy("what was changed, a line each"), _fields)),
        _change,
    ),
    Event(
        "subscribers/profile_refused",
        gettext_lazy("change of own data refused"),
        Kind.ACCOUNT,
        (
            NAME,
            Variable("changes", gettext_lazy("what was asked for, a line each"), _fields),
            Variable("reason", gettext_lazy("why not, as staff wrote it"), given("reason")),
        ),
        _change,
    ),
    Event(
        "subscribers/erased",
        gettext_lazy("data erased"),
        Kind.ACCOUNT,
        (NAME, Variable("number", gettext_lazy("the customer number"), given("number"))),
        lambda reader: shared_sample(reader) | {"number": 1042},
    ),
]
