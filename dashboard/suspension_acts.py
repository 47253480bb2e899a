"""What the activity log says about suspension for debt, its rules and notices."""

from typing import Any

from django.utils.translation import gettext_lazy as _

SUSPENSION_ACTS: dict[str, Any] = {
    "billing.suspension.begun": _("Switched a service off for debt"),
    "billing.suspension.ended": _("Switched a service on again"),
    "billing.suspension_run.planned": _("Listed who would be switched off for debt"),
    "billing.suspension_run.kept_back": _("Kept a suspension run back that was too large"),
    "billing.suspension_run.confirmed": _("Confirmed a suspension run"),
    "billing.suspension_run.discarded": _("Discarded a suspension run"),
    "billing.suspension_rule.added": _("Added a suspension rule"),
    "billing.suspension_rule.changed": _("Changed a suspension rule"),
    "billing.suspension_rule.deleted": _("Removed a suspension rule"),
    "billing.suspension_settings.changed": _("Changed the bounds of suspensions"),
    "billing.suspension_exception.added": _("Excepted a customer from suspension"),
    "billing.suspension_exception.ended": _("Ended an exception from suspension"),
    "billing.promise.made": _("Promised to pay"),
    "billing.promise.withdrawn": _("Ended a promise to pay"),
    "billing.instalments.asked": _("Planned instalments"),
    "billing.instalments.agreed": _("Agreed on instalments"),
    "billing.instalments.ended": _("Refused or ended instalments"),
    "billing.instalments.broken": _("An instalment was missing"),
    "billing.grace.granted": _("Gave time for a reported payment"),
    "billing.grace.ended": _("Took back the time for a reported payment"),
    "billing.holiday.added": _("Kept a day free of suspensions"),
    "billing.holiday.removed": _("A day is not free of suspensions any more"),
    "billing.reminder.added": _("Added a reminder"),
    "billing.reminder.switched_on": _("Switched a reminder on"),
    "billing.reminder.switched_off": _("Switched a reminder off"),
    "billing.list_token.made": _("Made an address of the list for routers"),
    "billing.list_token.revoked": _("Ended an address of the list for routers"),
    "billing.notice.changed": _("Changed a notice page"),
    "billing.notice_source.added": _("Trusted an address of a router"),
    "billing.notice_source.removed": _("Trusts an address of a router no more"),
}
