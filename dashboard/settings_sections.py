"""The pages of the settings of an ISP, in groups: here they are listed, and nowhere else.

The list of settings, the menu beside each page and the rights of both come from it.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tenants.roles import Right


@dataclass(frozen=True, slots=True)
class Section:
    """One page of the settings, found at its name. `words` are others under which people look for it."""

    name: str
    title: Promise
    about: Promise
    icon: str
    right: Right = Right.SETTINGS
    words: Promise | str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Pages that belong together."""

    name: str
    title: Promise
    sections: tuple[Section, ...]


MONEY = Right.PAYMENT_SETTINGS
GROUPS = [
    Group(
        "company",
        _("Company and brand"),
        (
            Section("profile", _("Company profile"), _("Name, tax ID, phone, address and opening hours."), "building"),
            Section("branding", _("Branding"), _("Logo, colour and greeting, in the portal and in mails."), "palette"),
        ),
    ),
    Group(
        "portal",
        _("Portal and domains"),
        (
            Section(
                "portal",
                _("Portal and links"),
                _("What the portal shows, and the links and QR codes of your install form."),
                "world",
            ),
            Section(
                "domains",
                _("Your own domains"),
                _("The portal and the dashboard under your own name."),
                "world-www",
                words=_("DNS certificate HTTPS"),
            ),
            Section("chat", _("Chat"), _("Your chat from another provider, inside the portal."), "message-circle"),
            Section(
                "captcha",
                _("Protection from robots"),
                _("The check that keeps machines away from your public forms."),
                "shield-check",
                words=_("captcha reCAPTCHA security"),
            ),
        ),
    ),
    Group(
        "customers",
        _("Customers and their data"),
        (
            Section(
                "logins",
                _("Portal logins"),
                _("How user names and first passwords are made, and logins for those without one."),
                "key",
            ),
            Section(
                "own-data",
                _("What subscribers change"),
                _("Which of their own data customers change themselves, and what you approve first."),
                "user-edit",
            ),
            Section(
                "consents",
                _("Consents"),
                _("Privacy notice, contract and other texts that customers agree to, by version."),
                "checklist",
                words=_("privacy terms"),
            ),
            Section(
                "documents",
                _("Documents"),
                _("Which papers an install request asks for."),
                "file-description",
                words=_("ID proof of address"),
            ),
        ),
    ),
    Group(
        "money",
        _("Billing and payments"),
        (
            Section(
                "billing",
                _("Billing"),
                _("Invoice numbers, days of billing and of payment, taxes, and the groups that differ."),
                "file-invoice",
                MONEY,
            ),
            Section(
                "payments",
                _("Payment methods"),
                _("Bank accounts, shops and cash: where customers may pay, and what they are told of it."),
                "credit-card",
                MONEY,
            ),
            Section(
                "online-payments",
                _("Online payments"),
                _("Cards and transfers through your own account with a payment company."),
                "credit-card-pay",
                MONEY,
            ),
            Section(
                "payment-rules",
                _("Receipts and reports"),
                _("Receipts, payments that customers report, and what happens when one arrives."),
                "receipt",
                MONEY,
            ),
            Section(
                "balance",
                _("Balance page"),
                _("A public page where people look up what they owe, without a password."),
                "zoom-money",
                MONEY,
            ),
        ),
    ),
    Group(
        "suspension",
        _("Suspension and network"),
        (
            Section(
                "suspension",
                _("Suspension and reminders"),
                _("Who is reminded when, and who is switched off at which hours."),
                "plug-connected-x",
                MONEY,
            ),
            Section(
                "notices",
                _("Notice pages"),
                _("What somebody who is switched off sees in place of the Internet."),
                "message-exclamation",
            ),
            Section(
                "cut-off-list",
                _("Cut-off list for routers"),
                _("The addresses of those who are switched off, for your routers to fetch."),
                "list-details",
            ),
            Section(
                "router",
                _("Router"),
                _("What your routers must let through, so that the portal opens without paid service."),
                "router",
                words=_("MikroTik walled garden"),
            ),
        ),
    ),
    Group(
        "messages",
        _("Messages"),
        (
            Section(
                "channels",
                _("Channels"),
                _("Your own mail server, SMS, WhatsApp and notifications: who carries your messages."),
                "send",
                words="SMTP Twilio SMPP push",
            ),
            Section(
                "sender",
                _("Sender of mails"),
                _("The address that your mails come from, and whether other servers believe it."),
                "at",
                words="SPF DKIM DMARC",
            ),
            Section(
                "texts",
                _("Texts of messages"),
                _("What each message says, in Spanish and English, for each medium."),
                "mail-cog",
                words=_("templates variables"),
            ),
            Section(
                "rules",
                _("Rules of messages"),
                _("Which message goes by which medium, and the hours at which you write to nobody."),
                "route",
                words=_("quiet hours"),
            ),
            Section(
                "portal-sms",
                _("SMS from the portal"),
                _("Whether customers write SMS themselves, and how many."),
                "message-2",
            ),
            Section(
                "messages",
                _("Budget and keeping"),
                _("How long messages are kept, what you spend on them, and how many a customer gets a day."),
                "archive",
            ),
        ),
    ),
]


def allowed_groups(rights: set[str]) -> list[Group]:
    """The groups with the pages that these rights open; none without any."""
    groups = [
        Group(group.name, group.title, tuple(each for each in group.sections if each.right.value in rights))
        for group in GROUPS
    ]
    return [group for group in groups if group.sections]
