"""What each role of a portal user may do in the portal, in one readable table."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PortalRole(models.TextChoices):
    OWNER = "owner", _("Account owner")
    PAYER = "payer", _("Payer")
    MEMBER = "member", _("Member (own tickets only)")
    COMPANY = "company", _("Company (all tickets)")
    READ_ONLY = "read_only", _("Looks only")


class PortalRight(models.TextChoices):
    OPEN = "open", _("Open the portal, choose the language")
    SEE_SERVICES = "see_services", _("See services")
    SEE_MONEY = "see_money", _("See prices, balance, invoices and how to pay")
    PAY = "pay", _("Pay and report payments")
    SEE_TICKETS = "see_tickets", _("See own tickets")
    SEE_ALL_TICKETS = "see_all_tickets", _("See the tickets of all colleagues")
    WRITE_TICKETS = "write_tickets", _("Open tickets and answer in own ones")
    CHANGE_PROFILE = "change_profile", _("Change name, address and contact data")
    GIVE_CONSENTS = "give_consents", _("Give and withdraw consents, ask for a copy or the erasure of the data")
    OWN_LOGIN = "own_login", _("Change the own password, end own links")
    SEND_SMS = "send_sms", _("Send SMS, where the company allows it")
    MANAGE_LOGINS = "manage_logins", _("Invite colleagues, change their role, close their logins")


_ALL = frozenset(PortalRole)
_WORKING = _ALL - {PortalRole.READ_ONLY}

# Whoever has a login keeps its password in order, also who may change nothing else.
PORTAL_RIGHTS: dict[PortalRight, frozenset[PortalRole]] = {
    PortalRight.OPEN: _ALL,
    PortalRight.SEE_SERVICES: _ALL,
    PortalRight.SEE_MONEY: frozenset({PortalRole.OWNER, PortalRole.PAYER, PortalRole.READ_ONLY}),
    PortalRight.PAY: frozenset({PortalRole.OWNER, PortalRole.PAYER}),
    PortalRight.SEE_TICKETS: _ALL,
    PortalRight.SEE_ALL_TICKETS: frozenset({PortalRole.OWNER, PortalRole.COMPANY, PortalRole.READ_ONLY}),
    PortalRight.WRITE_TICKETS: _WORKING,
    PortalRight.CHANGE_PROFILE: frozenset({PortalRole.OWNER}),
    PortalRight.GIVE_CONSENTS: frozenset({PortalRole.OWNER, PortalRole.COMPANY, PortalRole.PAYER}),
    PortalRight.OWN_LOGIN: _ALL,
    PortalRight.SEND_SMS: frozenset({PortalRole.OWNER, PortalRole.COMPANY}),
    PortalRight.MANAGE_LOGINS: frozenset({PortalRole.OWNER}),
}

# What the holder of an auto-login link changes only after giving the current password.
GUARDED = frozenset(
    {
        PortalRight.CHANGE_PROFILE,
        PortalRight.GIVE_CONSENTS,
        PortalRight.OWN_LOGIN,
        PortalRight.SEND_SMS,
        PortalRight.MANAGE_LOGINS,
    }
)

# Roles that an owner may give to colleagues: another owner is made by staff alone.
GRANTABLE = [role for role in PortalRole if role != PortalRole.OWNER]


def has_portal_right(role: str, right: PortalRight) -> bool:
    """Whether a role carries a right. Unknown roles carry none."""
    return role in PORTAL_RIGHTS[right]


def portal_rights_of(role: str) -> frozenset[str]:
    """The rights of a role, for templates."""
    return frozenset(right.value for right, roles in PORTAL_RIGHTS.items() if role in roles)
