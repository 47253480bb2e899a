"""Finding what a command was given by name."""

from django.core.management.base import CommandError

from core.scope import public_scope
from tenants.models import ISP, StaffUser


def isp_named(slug: str) -> ISP:
    """The ISP with this slug. Raises CommandError, which ends the command with one line and exit code 2."""
    with public_scope():
        isp = ISP.objects.filter(slug=slug).first()
    if isp is None:
        raise CommandError(f"No ISP has the slug {slug!r}.", returncode=2)
    return isp


def operator_named(email: str) -> StaffUser | None:
    """The operator in whose name the command acts; None without one. Raises CommandError."""
    if not email:
        return None
    with public_scope():
        user = StaffUser.objects.filter(email__iexact=email, is_operator=True, is_active=True).first()
    if user is None:
        raise CommandError(f"No operator has the e-mail address {email!r}.", returncode=2)
    return user
