"""What each role may do, in one readable table."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Administrator")
    BILLING = "billing", _("Billing")
    SUPPORT = "support", _("Support")
    TECHNICIAN = "technician", _("Technician")
    READ_ONLY = "read_only", _("Read only")


class Right(models.TextChoices):
    SEE_HOME = "see_home", _("Open the dashboard")
    SEE_SUBSCRIBERS = "see_subscribers", _("See subscribers")
    IMPORT = "import", _("Import customers from a file")
    WORK_SUBSCRIBERS = "work_subscribers", _("Add and change subscribers and services")
    WORK_LOGINS = "work_logins", _("Manage portal logins, passwords and links")
    PREVIEW = "preview", _("See the portal as a subscriber does")
    ACT_IN_PREVIEW = "act_in_preview", _("Change things there in the subscriber's name")
    EXPORT_SUBSCRIBERS = "export_subscribers", _("Export the list of subscribers")
    BULK_SUBSCRIBERS = "bulk_subscribers", _("Change many subscribers at once")
    SHARE_VIEWS = "share_views", _("Share saved views with colleagues")
    SEE_REQUESTS = "see_requests", _("See install requests")
    WORK_REQUESTS = "work_requests", _("Work on install requests")
    SEE_DOCUMENTS = "see_documents", _("See identity documents")
    WORK_DOCUMENTS = "work_documents", _("Keep subscribers' documents")
    SEE_MONEY = "see_money", _("See invoices, payments and what is owed")
    WORK_MONEY = "work_money", _("Issue invoices and register payments")
    BILLING_RUNS = "billing_runs", _("Run the billing and suspend for debt")
    SEE_MESSAGES = "see_messages", _("Read what was written to customers")
    WORK_MESSAGES = "work_messages", _("Write to many, and send messages again")
    SEE_ANNOUNCEMENTS = "see_announcements", _("See what is said in the portal to all, such as outages")
    ANNOUNCE = "announce", _("Write messages in the portal, announce outages and maintenance")
    PERSONAL_DATA = "personal_data", _("Export and erase what is held on one person")
    SEE_INSTALLATIONS = "see_installations", _("See installations")
    PLAN_INSTALLATIONS = "plan_installations", _("Plan installations")
    DO_INSTALLATIONS = "do_installations", _("Carry out one's own installations")
    CATALOGUE = "catalogue", _("Change tariffs, zones, routers and invoice groups")
    SETTINGS = "settings", _("Change the company settings")
    PAYMENT_SETTINGS = "payment_settings", _("Change payment methods")
    STAFF = "staff", _("Invite staff and set roles")
    SEE_AUDIT = "see_audit", _("Read the audit log")
    EXPORT = "export", _("Export all data")


_ALL = frozenset(Role)
_OFFICE = frozenset({Role.OWNER, Role.ADMIN, Role.BILLING, Role.SUPPORT})

RIGHTS: dict[Right, frozenset[Role]] = {
    Right.SEE_HOME: _ALL,
    Right.SEE_SUBSCRIBERS: _ALL,
    Right.WORK_SUBSCRIBERS: _OFFICE,
    Right.IMPORT: frozenset({Role.OWNER, Role.ADMIN}),
    Right.PREVIEW: _OFFICE,
    Right.ACT_IN_PREVIEW: _OFFICE - {Role.BILLING},
    Right.WORK_LOGINS: _OFFICE,
    # Whoever leaves with a file has everybody's address and phone.
    Right.EXPORT_SUBSCRIBERS: frozenset({Role.OWNER, Role.ADMIN, Role.BILLING}),
    Right.BULK_SUBSCRIBERS: frozenset({Role.OWNER, Role.ADMIN, Role.BILLING}),
    Right.SHARE_VIEWS: _OFFICE,
    Right.SEE_REQUESTS: _ALL,
    Right.WORK_REQUESTS: _OFFICE - {Role.BILLING} | {Role.TECHNICIAN},
    Right.SEE_DOCUMENTS: _OFFICE - {Role.BILLING},
    Right.WORK_DOCUMENTS: _OFFICE - {Role.BILLING},
    Right.SEE_MONEY: _ALL - {Role.TECHNICIAN},
    Right.WORK_MONEY: frozenset({Role.OWNER, Role.ADMIN, Role.BILLING}),
    Right.BILLING_RUNS: frozenset({Role.OWNER, Role.ADMIN, Role.BILLING}),
    Right.SEE_MESSAGES: _ALL - {Role.TECHNICIAN},
    Right.WORK_MESSAGES: _OFFICE,
    Right.SEE_ANNOUNCEMENTS: _ALL,
    Right.ANNOUNCE: _OFFICE | {Role.TECHNICIAN},
    Right.PERSONAL_DATA: frozenset({Role.OWNER, Role.ADMIN}),
    Right.SEE_INSTALLATIONS: _ALL,
    Right.PLAN_INSTALLATIONS: _OFFICE - {Role.BILLING},
    Right.DO_INSTALLATIONS: _OFFICE - {Role.BILLING} | {Role.TECHNICIAN},
    Right.CATALOGUE: frozenset({Role.OWNER, Role.ADMIN}),
    Right.SETTINGS: frozenset({Role.OWNER, Role.ADMIN}),
    Right.PAYMENT_SETTINGS: frozenset({Role.OWNER, Role.ADMIN, Role.BILLING}),
    Right.STAFF: frozenset({Role.OWNER, Role.ADMIN}),
    Right.SEE_AUDIT: frozenset({Role.OWNER, Role.ADMIN}),
    Right.EXPORT: frozenset({Role.OWNER}),
}


def has_right(role: str, right: Right) -> bool:
    """Whether a role carries a right. Unknown roles carry none."""
    return role in RIGHTS[right]
