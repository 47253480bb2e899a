"""Who operates the installation."""

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from core.audit import record
from tenants.models import StaffUser


class AccountExists(Exception):
    """The e-mail address has an account, whose password stays as it is."""


@transaction.atomic
def create_operator(*, email: str, name: str, password: str) -> StaffUser:
    """Make an account that may open the operators' console. Raises AccountExists, ValidationError (weak password)."""
    if StaffUser.objects.filter(email__iexact=email).exists():
        raise AccountExists
    user = StaffUser(email=email, name=name, is_operator=True)
    validate_password(password, user)
    user.set_password(password)
    user.save()
    record("tenants.operator.created", by=None, on=user)
    return user


@transaction.atomic
def appoint_operator(*, email: str) -> StaffUser:
    """Let an account that exists open the operators' console too. Raises StaffUser.DoesNotExist."""
    user = StaffUser.objects.select_for_update().get(email__iexact=email)
    user.is_operator = True
    user.save(update_fields=["is_operator"])
    record("tenants.operator.appointed", by=None, on=user)
    return user
