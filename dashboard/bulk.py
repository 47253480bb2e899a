"""What can be done with many subscribers at once: one row here for each action. See dashboard.services.bulk_runs.

An action that others add (such as sending links) is one more `Action` in ACTIONS: nothing else has to know of it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.forms import Form
from django.utils.translation import gettext_lazy as _

from core.audit import Actor
from dashboard.subscriber_forms import GroupForm, LinksForm, NothingForm, ReasonForm, TariffForm, ZoneForm
from subscribers.models import PortalUser, Service, SubscriberQuerySet
from subscribers.portal_roles import PortalRole
from subscribers.services import mass_links, placement
from tenants.roles import Right

GONE, FAILED = "gone", "failed"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody is left out. `who` picks them out of some subscribers, given what the form says."""

    name: str
    text: Any
    who: Callable[[SubscriberQuerySet, dict[str, Any]], SubscriberQuerySet]


@dataclass(frozen=True, slots=True)
class Action:
    """`verb(by=…, ids=…, **what the form says)` does it for some subscribers and gives the keys of those it changed.

    It runs in a transaction with its part of the run, so it must be undone by a rollback. The first reason that fits
    somebody is the one that is told. `warning` is what the page that asks for confirmation says besides.
    """

    name: str
    title: Any
    icon: str
    right: Right
    form: type[Form]
    verb: Callable[..., Collection[int]]
    reasons: tuple[Reason, ...] = ()
    warning: Any = ""
    is_danger: bool = False

    def reason_text(self, name: str) -> Any:
        """A reason in words."""
        known = {reason.name: reason.text for reason in self.reasons}
        known |= {FAILED: _("something went wrong; try again")}
        return known.get(name, _("changed by somebody else meanwhile"))


def _services(**where: Any) -> Exists:
    return Exists(Service.objects.order_by().filter(subscriber=OuterRef("pk"), **where))


def _lasting(rows: SubscriberQuerySet) -> Exists:
    return Exists(Service.objects.lasting().order_by().filter(subscriber=OuterRef("pk")))


def _main_logins(**where: Any) -> Exists:
    logins = PortalUser.objects.order_by().filter(role=PortalRole.OWNER, is_active=True)
    return Exists(logins.filter(subscriber=OuterRef("pk"), **where))


ERASED = Reason("erased", _("of an erased customer"), lambda rows, said: rows.exclude(erased_at=None))
NO_LOGIN = Reason("no_login", _("no open login"), lambda rows, said: rows.exclude(_main_logins()))
NO_EMAIL = Reason(
    "no_email",
    _("no e-mail address"),
    lambda rows, said: rows.filter(_main_logins()).exclude(_main_logins(email__contains="@")),
)


def _has_tariff(rows: SubscriberQuerySet, said: dict[str, Any]) -> SubscriberQuerySet:
    lasting = Service.objects.lasting().order_by().filter(subscriber=OuterRef("pk"))
    return rows.filter(_lasting(rows), ~Exists(lasting.exclude(tariff=said["tariff"])))


ACTIONS: dict[str, Action] = {
    action.name: action
    for action in [
        Action(
            "set-zone",
            _("Set the zone"),
            "map-pin",
            Right.WORK_SUBSCRIBERS,
            ZoneForm,
            placement.move_to_zone,
            (ERASED, Reason("same", _("already in this zone"), lambda rows, said: rows.filter(zone=said["zone"]))),
        ),
        Action(
            "set-tariff",
            _("Set the tariff"),
            "gauge",
            Right.WORK_SUBSCRIBERS,
            TariffForm,
            placement.change_tariff,
            (
                Reason(
                    "no_service", _("no service that has not ended"), lambda rows, said: rows.exclude(_lasting(rows))
                ),
                Reason("same", _("this tariff already"), _has_tariff),
            ),
            warning=_("All their services that have not ended get it. Prices agreed for their old tariff go."),
        ),
        Action(
            "set-group",
            _("Set the invoice group"),
            "file-invoice",
            Right.WORK_SUBSCRIBERS,
            GroupForm,
            placement.move_to_group,
            (ERASED, Reason("same", _("already in this group"), lambda rows, said: rows.filter(group=said["group"]))),
        ),
        Action(
            "suspend",
            _("Suspend"),
            "player-pause",
            Right.WORK_SUBSCRIBERS,
            ReasonForm,
            placement.suspend_services,
            (
                Reason(
                    "none_active",
                    _("no active service"),
                    lambda rows, said: rows.exclude(_services(state=Service.State.ACTIVE)),
                ),
            ),
            warning=_("All their active services are suspended."),
            is_danger=True,
        ),
        Action(
            "resume",
            _("Resume"),
            "player-play",
            Right.WORK_SUBSCRIBERS,
            ReasonForm,
            placement.resume_services,
            (
                Reason(
                    "none_suspended",
                    _("no suspended service"),
                    lambda rows, said: rows.exclude(_services(state=Service.State.SUSPENDED)),
                ),
            ),
            warning=_("All their suspended services are put back in use."),
        ),
        Action(
            "send-set-password-links",
            _("Send links to set a password"),
            "key",
            Right.WORK_LOGINS,
            NothingForm,
            mass_links.send_set_password_links,
            (NO_LOGIN, NO_EMAIL),
            warning=_(
                "Each main login gets an e-mail. Passwords that are set go on working until a new one is chosen."
            ),
        ),
        Action(
            "send-autologin-links",
            _("Send auto-login links"),
            "link",
            Right.WORK_LOGINS,
            LinksForm,
            mass_links.send_autologin_links,
            (NO_LOGIN, NO_EMAIL),
            warning=_("Each main login gets an e-mail with a link that needs no password."),
        ),
    ]
}


def actions_for(rights: Collection[str]) -> list[Action]:
    """What somebody with these rights may do with many at once."""
    if Right.BULK_SUBSCRIBERS.value not in rights:
        return []
    return [action for action in ACTIONS.values() if action.right.value in rights]


def forecast(action: Action, rows: SubscriberQuerySet, said: dict[str, Any]) -> list[tuple[Reason, int]]:
    """How many are left out for which reason; a query for each."""
    counted = []
    for reason in action.reasons:
        counted.append((reason, reason.who(rows, said).order_by().count()))
    return [(reason, number) for reason, number in counted if number]


def perform(action: Action, *, by: Actor, rows: SubscriberQuerySet, said: dict[str, Any]) -> tuple[int, dict[int, str]]:
    """Do it for some subscribers: how many were changed, and the reason of each one who was left out."""
    left_out: dict[int, str] = {}
    for reason in action.reasons:
        for key in reason.who(rows, said).order_by().values_list("pk", flat=True):
            left_out.setdefault(key, reason.name)
    ids = [key for key in rows.order_by("pk").values_list("pk", flat=True) if key not in left_out]
    changed = set(action.verb(by=by, ids=ids, **said)) if ids else set()
    left_out |= {key: GONE for key in ids if key not in changed}
    return len(changed), left_out
