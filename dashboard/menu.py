"""The main menu of the dashboard: one row a page, shown to those whose role carries its right."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tenants.roles import Right


@dataclass(frozen=True, slots=True)
class Entry:
    path: str  # behind the slug
    title: Any
    icon: str
    right: Right
    unless: Right | None = None  # who has this one gets there by another entry


ENTRIES = [
    Entry("", _("Home"), "home", Right.SEE_HOME),
    Entry("requests/", _("Install requests"), "clipboard-list", Right.SEE_REQUESTS),
    Entry("installations/", _("Installations"), "tool", Right.SEE_INSTALLATIONS),
    Entry("subscribers/", _("Subscribers"), "users", Right.SEE_SUBSCRIBERS),
    Entry("billing/", _("Billing"), "file-invoice", Right.SEE_MONEY),
    Entry("payments/", _("Payments"), "cash", Right.SEE_MONEY),
    Entry("money/", _("Money"), "chart-bar", Right.SEE_MONEY),
    Entry("cash/", _("Cash desk"), "cash-register", Right.SEE_MONEY),
    Entry("suspension/", _("Suspension"), "plug-connected-x", Right.BILLING_RUNS),
    Entry("messages/", _("Messages"), "mail", Right.SEE_MESSAGES),
    Entry("messages/portal/", _("In the portal"), "speakerphone", Right.SEE_ANNOUNCEMENTS, Right.SEE_MESSAGES),
    Entry("import/", _("Import"), "file-import", Right.IMPORT),
    Entry("catalogue/", _("Tariffs and network"), "topology-star-3", Right.SEE_SUBSCRIBERS),
    Entry("settings/", _("Settings"), "settings", Right.PAYMENT_SETTINGS),
    Entry("staff/", _("Staff"), "users-group", Right.STAFF),
    Entry("audit/", _("Activity log"), "history", Right.SEE_AUDIT),
    Entry("export/", _("Export all data"), "download", Right.EXPORT),
]


def menu_for(request: HttpRequest, rights: set[str]) -> list[dict[str, Any]]:
    """The entries for these rights, with their addresses and the current one marked."""
    base = f"/{request.isp.slug}/"
    rest = request.path.removeprefix(base)
    return [
        {
            "url": base + entry.path,
            "title": entry.title,
            "icon": entry.icon,
            "is_current": rest.startswith(entry.path) if entry.path else not rest,
        }
        for entry in ENTRIES
        if entry.right.value in rights and not (entry.unless and entry.unless.value in rights)
    ]
