"""What the activity log says about each verb. It reads behind the name of who did it."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.models import AuditEntry
from tenants.roles import Role

ACTS: dict[str, Any] = {
    "tenants.invitation.sent": _("Invited somebody"),
    "tenants.invitation.withdrawn": _("Withdrew an invitation"),
    "tenants.invitation.accepted": _("Accepted the invitation"),
    "tenants.membership.role_changed": _("Changed somebody's role"),
    "tenants.membership.removed": _("Removed a member of the staff"),
    "tenants.membership.left": _("Left the company"),
    "tenants.isp.suspended": _("Took the company off the air"),
    "tenants.isp.resumed": _("Put the company back on the air"),
    "company.profile.changed": _("Changed the company profile"),
    "company.branding.changed": _("Changed logo or colour"),
    "company.logo.removed": _("Removed the logo"),
    "company.portal_settings.changed": _("Changed the portal's settings"),
    "company.document_rules.changed": _("Changed which documents are asked for"),
    "company.captcha_keys.added": _("Added reCAPTCHA keys"),
    "company.captcha_keys.replaced": _("Replaced reCAPTCHA keys"),
    "company.captcha_keys.deleted": _("Deleted reCAPTCHA keys"),
    "company.chat.set": _("Set the chat up"),
    "company.chat.switched_on": _("Switched the chat on"),
    "company.chat.switched_off": _("Switched the chat off"),
    "company.chat.removed": _("Removed the chat"),
    "subscribers.subscriber.created": _("Added a subscriber"),
    "subscribers.service.created": _("Added a service"),
    "subscribers.portal_user.created": _("Opened a portal login"),
    "subscribers.portal_user.password_set": _("Set a portal password"),
    "subscribers.portal_user.language_set": _("Chose a language for the portal"),
    "payments.method.added": _("Added a payment method"),
    "payments.method.changed": _("Changed a payment method"),
    "payments.method.moved": _("Moved a payment method in the list"),
    "payments.method.resumed": _("Put a payment method back in use"),
    "payments.method.retired": _("Took a payment method out of use"),
    "preinstall.request.submitted": _("Received an install request"),
    "preinstall.request.state_changed": _("Changed the state of an install request"),
    "preinstall.request.commented": _("Commented on an install request"),
    "preinstall.document.viewed": _("Looked at a prospect's document"),
    "preinstall.document.downloaded": _("Downloaded a prospect's document"),
}

# Details worth reading, in the order in which they are shown.
_SHOWN = ("number", "who", "name", "title", "email", "domain", "kind", "before", "role", "state", "reason")


def choices() -> list[tuple[str, Any]]:
    """All known acts, for a search."""
    return sorted(ACTS.items(), key=lambda row: str(row[1]).lower())


def title(entry: AuditEntry) -> str:
    """What was done, in words; an act without words of its own is read from its verb."""
    known = ACTS.get(entry.verb)
    return str(known) if known else entry.verb.partition(".")[2].replace(".", " ").replace("_", " ").capitalize()


def details(entry: AuditEntry) -> str:
    """To whom or to what it was done."""
    roles = dict(Role.choices)
    values = [entry.details[key] for key in _SHOWN if entry.details.get(key) not in (None, "")]
    return " · ".join(str(roles.get(value, value)) if isinstance(value, str) else str(value) for value in values)
