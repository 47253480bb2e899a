"""What the activity log says about each verb. It reads behind the name of who did it."""

from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import LedgerEntry
from company.models import CaptchaTest, ChatWidget, DocumentKind
from core.models import AuditEntry
from core.templatetags.ui import phone
from dashboard.bulk import ACTIONS
from dashboard.suspension_acts import SUSPENSION_ACTS
from domains import hsts
from preinstall.models import State
from subscribers.models import AutoLoginLink, Consent, PersonalRequest, Preview, Service, SubscriberDocument
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
    "domains.domain.hsts_changed": _("Changed for how long browsers insist on HTTPS"),
    "domains.domain.made_primary": _("Chose the domain that links carry"),
    "company.profile.changed": _("Changed the company profile"),
    "company.branding.changed": _("Changed logo or colour"),
    "company.logo.removed": _("Removed the logo"),
    "company.portal_settings.changed": _("Changed the portal's settings"),
    "company.document_rules.changed": _("Changed which documents are asked for"),
    "company.captcha_keys.added": _("Added reCAPTCHA keys"),
    "company.captcha_keys.replaced": _("Replaced reCAPTCHA keys"),
    "company.captcha_keys.deleted": _("Deleted reCAPTCHA keys"),
    "company.captcha_test.begun": _("Began to try reCAPTCHA keys"),
    "company.captcha_test.answered": _("reCAPTCHA keys were tried"),
    "company.chat.set": _("Set the chat up"),
    "company.chat.switched_on": _("Switched the chat on"),
    "company.chat.switched_off": _("Switched the chat off"),
    "company.chat.removed": _("Removed the chat"),
    "company.router_list.confirmed": _("Put the list of addresses on the router"),
    "company.invoice_group.added": _("Added an invoice group"),
    "company.invoice_group.changed": _("Changed an invoice group"),
    "company.invoice_group.logo_removed": _("Removed the logo of an invoice group"),
    "company.invoice_group.made_default": _("Chose the default invoice group"),
    "company.invoice_group.deleted": _("Deleted an invoice group"),
    "subscribers.tariff.added": _("Added a tariff"),
    "subscribers.tariff.changed": _("Changed a tariff"),
    "subscribers.tariff.retired": _("Took a tariff off sale"),
    "subscribers.tariff.resumed": _("Put a tariff back on sale"),
    "subscribers.tariff.deleted": _("Deleted a tariff"),
    "subscribers.zone.added": _("Added a zone"),
    "subscribers.zone.changed": _("Changed a zone"),
    "subscribers.zone.deleted": _("Deleted a zone"),
    "subscribers.router.added": _("Added a router"),
    "subscribers.router.changed": _("Changed a router"),
    "subscribers.router.retired": _("Took a router out of use"),
    "subscribers.router.resumed": _("Put a router back in use"),
    "subscribers.router.deleted": _("Deleted a router"),
    "subscribers.subscriber.created": _("Added a subscriber"),
    "subscribers.subscriber.changed": _("Changed a subscriber's card"),
    "subscribers.subscriber.deleted": _("Deleted a subscriber"),
    "subscribers.profile_rules.changed": _("Changed which data subscribers see and change"),
    "subscribers.profile_change.asked_for": _("Asked to have data changed"),
    "subscribers.profile_change.withdrawn": _("Took a change of data back"),
    "subscribers.profile_change.approved": _("Approved a change of data"),
    "subscribers.profile_change.refused": _("Refused a change of data"),
    "subscribers.note.added": _("Wrote a note"),
    "subscribers.note.pinned": _("Put a note on top"),
    "subscribers.note.unpinned": _("Took a note off the top"),
    "subscribers.note.removed": _("Removed a note"),
    "subscribers.document.added": _("Added a document"),
    "subscribers.document.changed": _("Changed a document's title or who sees it"),
    "subscribers.document.removed": _("Removed a document"),
    "subscribers.document.viewed": _("Looked at a document"),
    "subscribers.document.downloaded": _("Downloaded a document"),
    "subscribers.service.created": _("Added a service"),
    "subscribers.service.changed": _("Changed a service"),
    "subscribers.service.tariff_changed": _("Changed the tariff of a service"),
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
    "subscribers.view.saved": _("Saved a view of the subscribers"),
    "subscribers.view.changed": _("Changed a saved view"),
    "subscribers.view.deleted": _("Removed a saved view"),
    "subscribers.list.exported": _("Exported the list of subscribers"),
    "subscribers.bulk_run.started": _("Began to change many subscribers"),
    "subscribers.bulk_run.finished": _("Finished changing many subscribers"),
    "subscribers.bulk_run.stopped": _("Stopped changing many subscribers"),
    "subscribers.preview.started": _("Began to see the portal as a subscriber"),
    "subscribers.preview.stopped": _("Stopped seeing the portal as a subscriber"),
    "subscribers.preview.ended": _("A preview of the portal ended by itself"),
    "subscribers.announcement.made": _("Wrote in the portal"),
    "subscribers.announcement.changed": _("Changed what stands in the portal"),
    "subscribers.announcement.ended": _("Ended what stood in the portal"),
    "subscribers.sending.planned": _("Planned to write to many"),
    "subscribers.sending.withdrawn": _("Made a planned sending a draft again"),
    "subscribers.sending.started": _("Began to write to many"),
    "subscribers.sending.finished": _("Finished writing to many"),
    "subscribers.sending.paused": _("Writing to many was paused"),
    "subscribers.sending.resumed": _("Went on writing to many"),
    "subscribers.sending.stopped": _("Writing to many was stopped"),
    "messaging.mail.resent": _("Sent a message again"),
    "messaging.address.stopped": _("An address is written to no more"),
    "messaging.address.released": _("Had an address written to again"),
    "messaging.sender.chosen": _("Chose who mails come from"),
    "messaging.sender.given_up": _("Gave up the own sender of mails"),
    "messaging.sender.proved": _("The DNS says that the sender of mails is yours"),
    "messaging.sender.lost": _("The DNS does not say any more that the sender of mails is yours"),
    "messaging.text.changed": _("Changed the text of a message"),
    "messaging.text.put_back": _("Went back to the built-in text of a message"),
    "messaging.text.tried": _("Sent the text of a message as a test"),
    "messaging.rule.changed": _("Changed how an event is told"),
    "messaging.quiet_hours.changed": _("Changed the quiet hours"),
    "messaging.preferences.changed": _("Changed which messages a subscriber wants"),
    "messaging.preferences.opted_out": _("Said that a subscriber wants no more messages of a kind"),
    "messaging.settings.changed": _("Changed how messages are kept, or the limits of those to many"),
    "billing.entry.booked": _("Booked an amount to a subscriber"),
    "billing.invoice.issued": _("Issued an invoice"),
    "billing.invoice.credited": _("Issued a credit note"),
    "billing.invoice.written_off": _("Wrote off what was open of an invoice"),
    "billing.run.planned": _("Had a billing run worked out"),
    "billing.run.started": _("Began a billing run"),
    "billing.run.stopped": _("A billing run was stopped"),
    "billing.run.resumed": _("Went on with a billing run"),
    "billing.run.finished": _("A billing run was finished"),
    "billing.run.held": _("A billing run did not begin by itself"),
    "billing.run.discarded": _("Discarded what a billing run would do"),
    "billing.settings.changed": _("Changed how services are billed"),
    "billing.group.changed": _("Changed how an invoice group is billed"),
    "billing.discount.given": _("Gave a discount"),
    "billing.discount.ended": _("Ended a discount"),
    "billing.list.exported": _("Exported invoices"),
    "payments.payment.registered": _("Registered a payment"),
    "payments.payment.taken_back": _("Took a payment back"),
    "payments.list.exported": _("Exported the list of payments"),
    "payments.report.made": _("Reported a payment"),
    "payments.report.approved": _("Approved a payment report"),
    "payments.report.rejected": _("Rejected a payment report"),
    "payments.report.withdrawn": _("Withdrew a payment report"),
    "payments.settings.changed": _("Changed the rules for receipts and payment reports"),
    "payments.balance_page.changed": _("Changed the public balance page"),
    "payments.desk.closed": _("Closed a cash desk"),
    "messaging.browser.added": _("Switched notifications on in a browser"),
    "messaging.browser.removed": _("Removed a browser from notifications"),
    "subscribers.sms.sent": _("Sent an SMS from the portal"),
    "subscribers.sms_rules.changed": _("Changed the rules for SMS from the portal"),
    "subscribers.contact.added": _("Added a number to the own directory"),
    "subscribers.contact.changed": _("Changed a number of the own directory"),
    "subscribers.contact.deleted": _("Deleted a number of the own directory"),
    "messaging.channel.connected": _("Connected a channel for messages"),
    "messaging.channel.switched_on": _("Put a channel for messages in use"),
    "messaging.channel.switched_off": _("Took a channel for messages out of use"),
    "messaging.channel.changed": _("Changed price or speed of a channel for messages"),
    "messaging.channel.tested": _("Sent a test by a channel for messages"),
    "messaging.channel.disconnected": _("Disconnected a channel for messages"),
    "payments.gateway.connected": _("Connected a gateway"),
    "payments.gateway.resumed": _("Put a gateway back in use"),
    "payments.gateway.transfers_changed": _("Changed whether a gateway takes bank transfers"),
    "payments.gateway.stopped": _("Took a gateway out of use"),
    "payments.checkout.begun": _("Began to pay online"),
    "payments.checkout.disputed": _("An online payment is disputed"),
    "payments.refund.begun": _("Paid money back to a card"),
    "payments.refund.failed": _("The gateway did not pay the money back"),
    "payments.refund.seen": _("Money was paid back at the gateway"),
    "payments.saved_method.agreed": _("Let us charge a card"),
    "payments.saved_method.ended": _("Ended the agreement to charge a card"),
    "payments.saved_method.refused": _("The bank refused to charge a card"),
    "payments.stray.seen": _("A payment came in that fits nothing"),
    "payments.stray.assigned": _("Assigned a payment to a subscriber"),
    "payments.stray.dismissed": _("Put a payment aside that fits nothing"),
    "payments.stray.returned": _("Took a decision about a payment back: it fits nothing"),
    "imports.batch.opened": _("Brought a file with customers"),
    "imports.batch.started": _("Started an import"),
    "imports.batch.loaded": _("Imported customers"),
    "imports.batch.undo_started": _("Asked for an import to be undone"),
    "imports.batch.undone": _("Undid an import"),
    "imports.batch.discarded": _("Discarded a file with customers"),
    "imports.batch.forgotten": _("Removed the file of an old import"),
    "imports.batch.rejects_downloaded": _("Downloaded the refused rows of an import"),
    "imports.preset.saved": _("Saved how the columns of a file are read"),
    "imports.preset.removed": _("Removed a saved mapping"),
    "subscribers.consent_document.added": _("Added a consent"),
    "subscribers.consent_document.changed": _("Changed a consent"),
    "subscribers.consent_document.published": _("Published a version of a consent"),
    "subscribers.consent.given": _("Wrote a consent down"),
    "subscribers.consent.withdrawn": _("Wrote the withdrawal of a consent down"),
    "subscribers.personal_data.export_asked": _("Had everything held on a subscriber exported"),
    "subscribers.personal_data.exported": _("The export of a subscriber's data was ready"),
    "subscribers.personal_data.downloaded": _("Downloaded everything held on a subscriber"),
    "subscribers.personal_data.asked": _("Asked about the own data"),
    "subscribers.personal_data.answered": _("Answered what a subscriber asked about the own data"),
    "subscribers.subscriber.erased": _("Erased a subscriber's data"),
    "payments.statement.brought": _("Brought a statement of the bank"),
    "payments.statement.taken": _("A statement of the bank was taken in"),
    "payments.statement.refused": _("A statement of the bank was not taken"),
    "payments.statement.removed": _("Removed a statement of the bank with its lines"),
    "payments.statement.discarded": _("Discarded a statement of the bank"),
    "payments.statement.doubles_confirmed": _("Said that bank lines were there twice"),
    "payments.bank_account.added": _("Noted a bank account"),
    "payments.bank_account.changed": _("Noted another way to write a bank account"),
    "payments.bank_line.booked": _("Booked a bank line"),
    "payments.bank_line.linked": _("Said that a bank line is a payment that is booked"),
    "payments.bank_line.undone": _("Undid the booking of a bank line"),
    "payments.bank_line.set_aside": _("Said that a bank line is no customer's payment"),
    "payments.bank_line.reopened": _("Put a bank line back among those to do"),
    "payments.bank_line.called_double": _("Said that a bank line is there twice"),
    "payments.bank_line.called_different": _("Said that a bank line is a movement of its own"),
    "payments.bank_lines.certain_confirmed": _("Had all certain bank lines booked"),
    "payments.method.added": _("Added a payment method"),
    "payments.method.changed": _("Changed a payment method"),
    "payments.method.moved": _("Moved a payment method in the list"),
    "payments.method.resumed": _("Put a payment method back in use"),
    "payments.method.retired": _("Took a payment method out of use"),
    "preinstall.request.submitted": _("Received an install request"),
    "preinstall.request.state_changed": _("Changed the state of an install request"),
    "preinstall.request.commented": _("Commented on an install request"),
    "preinstall.request.activated": _("Made an installation of an install request"),
    "preinstall.installation.planned": _("Planned an installation"),
    "preinstall.installation.moved": _("Moved an installation"),
    "preinstall.installation.cancelled": _("Called an installation off"),
    "preinstall.installation.done": _("Finished an installation"),
    "preinstall.document.viewed": _("Looked at a prospect's document"),
    "preinstall.document.downloaded": _("Downloaded a prospect's document"),
    **SUSPENSION_ACTS,
}

# Details worth reading, in the order in which they are shown.
_SHOWN = (
    *("number", "who", "name", "username", "title", "email", "domain", "host"),
    *("how", "kind", "paper", "amount", "vendor", "fields", "role", "portal_role", "scope", "after", "outcome", "text"),
    *("as", "action", "total", "changed", "format", "rows", "filters"),
)
_WORDS: dict[str, dict[str, Any]] = {
    "role": dict(Role.choices),
    "portal_role": dict(PortalRole.choices),
    "scope": dict(AutoLoginLink.Scope.choices),
    "kind": dict(DocumentKind.choices) | dict(LedgerEntry.Kind.choices) | dict(PersonalRequest.Kind.choices),
    "outcome": dict(CaptchaTest.Outcome.choices),
    "paper": dict(SubscriberDocument.Kind.choices),
    "how": dict(Consent.How.choices),
    "vendor": dict(ChatWidget.Vendor.choices),
    "action": {name: action.title for name, action in ACTIONS.items()},
    "after": dict(State.choices)
    | dict(Plan.choices)
    | dict(Service.State.choices)
    | {0: _("not any more")}
    | hsts.STEPS,
}


def choices() -> list[tuple[str, Any]]:
    """All known acts, for a search."""
    return sorted(ACTS.items(), key=lambda row: str(row[1]).lower())


def title(entry: AuditEntry) -> str:
    """What was done, in words; an act without words of its own is read from its verb."""
    known = ACTS.get(entry.verb)
    return str(known) if known else entry.verb.partition(".")[2].replace(".", " ").replace("_", " ").capitalize()


def details(entry: AuditEntry, *, with_changes: bool = True) -> str:
    """To whom or to what it was done, in words; with what each changed field was and is."""
    parts = [_in_words(entry, key) for key in _SHOWN if entry.details.get(key) not in (None, "", [], {})]
    if with_changes:
        short = [[Truncator(text).chars(80) for text in change] for change in changes(entry)]
        parts += [f"{name}: {before} → {after}" for name, before, after in short]
    if entry.verb == "subscribers.preview.ended":
        parts.append(str(dict(Preview.End.choices).get(entry.details.get("end", ""), "")))
    if reason := entry.details.get("reason"):
        parts.append(str(reason))
    return " · ".join(parts)


def changes(entry: AuditEntry) -> list[tuple[str, str, str]]:
    """The fields that an act changed, each with what it was and is, in words."""
    # Wishes of subscribers, and rules for them, are about the fields of the card.
    model = _CARD if entry.verb.startswith("subscribers.profile_") else entry.target_type
    return [
        (field_name(model, name), *(value_in_words(model, name, each) for each in pair))
        for name, pair in entry.details.get("changes", {}).items()
    ]


_CARD = "subscribers.subscriber"


def _in_words(entry: AuditEntry, key: str) -> str:
    value = entry.details[key]
    if key == "number" and entry.verb.startswith("preinstall."):
        return f"{'I' if entry.verb.startswith('preinstall.installation.') else 'R'}-{value:06d}"
    if key == "filters":
        return ", ".join(f"{name}: {what}" for name, what in value.items())
    if key == "as":
        return gettext("in the name of %(name)s, in a preview of the portal") % {"name": value}
    if key == "fields":
        model = _CARD if entry.verb.startswith("subscribers.profile_") else entry.target_type
        return ", ".join(field_name(model, name) for name in value)
    before = entry.details.get("before") if key in {"role", "after"} else None
    words = _WORDS.get(key, {})
    shown = Truncator(str(words.get(value, value))).chars(120)
    return f"{words.get(before, before)} → {shown}" if before else shown


def _field(model: str, name: str) -> models.Field | None:
    try:
        return apps.get_model(model)._meta.get_field(name)  # type: ignore[return-value]
    except (LookupError, ValueError, FieldDoesNotExist):
        return None


def field_name(model: str, name: str) -> str:
    """The field as its form calls it; a name that is no field any more stays as it was written."""
    field = _field(model, name)
    return str(field.verbose_name) if field else name


def value_in_words(model: str, name: str, value: Any) -> str:
    """A value of a field, as the log keeps it, for people."""
    field = _field(model, name)
    if value == "":
        return "–"
    if name in {"mobile", "second_mobile"}:
        return phone(value)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, models.DateField) and (day := parse_date(str(value)[:10])):
        return date_format(day, "SHORT_DATE_FORMAT")
    return str(value)
