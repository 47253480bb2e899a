"""What the activity log says about each verb. It reads behind the name of who did it."""

from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import gettext_lazy as _

from company.models import ChatWidget, DocumentKind
from core.models import AuditEntry
from preinstall.models import State
from subscribers.models import AutoLoginLink, Service
from subscribers.portal_roles import PortalRole
from tenants.plans import Plan
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
    "tenants.isp.plan_changed": _("Changed the company's plan"),
    "domains.domain.switched_off": _("Switched a domain off that the plan does not include"),
    "domains.claim.made": _("Added a domain"),
    "domains.claim.released": _("Gave a domain up"),
    "domains.claim.lost": _("A domain's DNS records were missing"),
    "domains.claim.found_again": _("A domain's DNS records came back"),
    "domains.claim.disabled": _("A domain was switched off, its DNS records missing"),
    "domains.domain.added": _("A domain began to lead here"),
    "domains.domain.removed": _("A domain was removed"),
    "domains.domain.made_primary": _("Chose the domain that links carry"),
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
    "company.router_list.confirmed": _("Put the list of addresses on the router"),
    "subscribers.subscriber.created": _("Added a subscriber"),
    "subscribers.service.created": _("Added a service"),
    "subscribers.service.state_changed": _("Changed the state of a service"),
    "subscribers.portal_user.created": _("Opened a portal login"),
    "subscribers.portal_user.password_set": _("Set a portal password"),
    "subscribers.portal_user.changed": _("Changed a portal login"),
    "subscribers.portal_user.closed": _("Closed a portal login"),
    "subscribers.portal_user.opened": _("Opened a closed portal login again"),
    "subscribers.portal_user.deleted": _("Deleted a portal login"),
    "subscribers.portal_user.link_sent": _("Sent a link to set a portal password"),
    "subscribers.portal_user.link_asked_for": _("A link to set a portal password was asked for"),
    "subscribers.portal_user.password_set_by_link": _("Set a portal password with a mailed link"),
    "subscribers.portal_user.password_dictated": _("Made a one-time portal password"),
    "subscribers.portal_user.one_time_used": _("Signed in to the portal with a one-time password"),
    "subscribers.portal_user.initial_ended": _("An initial portal password ended after too many guesses"),
    "subscribers.portal_user.blocked": _("Sign-in was blocked after too many attempts"),
    "subscribers.portal_user.block_lifted": _("Lifted the block of a portal login"),
    "subscribers.auto_login.created": _("Made an auto-login link"),
    "subscribers.auto_login.used": _("Signed in with an auto-login link"),
    "subscribers.auto_login.revoked": _("Ended an auto-login link"),
    "subscribers.login_rules.changed": _("Changed the rules for portal logins"),
    "subscribers.login_run.begun": _("Began to start the portal for everybody"),
    "subscribers.login_run.stopped": _("Stopped the start of the portal for everybody"),
    "subscribers.login_run.finished": _("Finished starting the portal for everybody"),
    "subscribers.portal_user.language_set": _("Chose a language for the portal"),
    "billing.entry.booked": _("Booked an amount to a subscriber"),
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
_SHOWN = (
    *("number", "who", "name", "username", "title", "email", "domain", "host"),
    *("kind", "vendor", "fields", "role", "portal_role", "scope", "after"),
)
_WORDS: dict[str, dict[str, Any]] = {
    "role": dict(Role.choices),
    "portal_role": dict(PortalRole.choices),
    "scope": dict(AutoLoginLink.Scope.choices),
    "kind": dict(DocumentKind.choices),
    "vendor": dict(ChatWidget.Vendor.choices),
    "after": dict(State.choices) | dict(Plan.choices) | dict(Service.State.choices),
}


def choices() -> list[tuple[str, Any]]:
    """All known acts, for a search."""
    return sorted(ACTS.items(), key=lambda row: str(row[1]).lower())


def title(entry: AuditEntry) -> str:
    """What was done, in words; an act without words of its own is read from its verb."""
    known = ACTS.get(entry.verb)
    return str(known) if known else entry.verb.partition(".")[2].replace(".", " ").replace("_", " ").capitalize()


def details(entry: AuditEntry) -> str:
    """To whom or to what it was done, in words."""
    parts = [_in_words(entry, key) for key in _SHOWN if entry.details.get(key) not in (None, "", [])]
    if reason := entry.details.get("reason"):
        parts.append(str(reason))
    return " · ".join(parts)


def _in_words(entry: AuditEntry, key: str) -> str:
    value = entry.details[key]
    if key == "number" and entry.verb.startswith("preinstall."):
        return f"R-{value:06d}"
    if key == "fields":
        return ", ".join(_field_name(entry.target_type, name) for name in value)
    before = entry.details.get("before") if key in {"role", "after"} else None
    words = _WORDS.get(key, {})
    shown = str(words.get(value, value))
    return f"{words.get(before, before)} → {shown}" if before else shown


def _field_name(model: str, name: str) -> str:
    """The field as its form calls it; a name that is no field any more stays as it was written."""
    try:
        return str(apps.get_model(model)._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    except (LookupError, ValueError, FieldDoesNotExist):
        return name
