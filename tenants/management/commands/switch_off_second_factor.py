"""`manage.py switch_off_second_factor E-MAIL`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from core.scope import public_scope
from tenants.authentication import has_second_factor
from tenants.management.lookup import operator_named
from tenants.models import StaffUser
from tenants.services.accounts import switch_off_second_factor


class Command(BaseCommand):
    help = "Lets somebody who has lost phone and recovery codes sign in with the password alone. They are told by mail."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="E-MAIL", help="whose second factor is lost")
        parser.add_argument("--by", default="", metavar="E-MAIL", help="the operator who does it, for the records")

    def handle(self, *args: Any, email: str, by: str, **options: Any) -> None:
        operator = operator_named(by)
        with public_scope(), transaction.atomic():
            user = StaffUser.objects.filter(email__iexact=email.strip()).first()
            if user is None:
                raise CommandError(f"Nobody has the e-mail address {email!r}.", returncode=2)
            if not has_second_factor(user):
                raise CommandError(f"{user.email} has no second factor.", returncode=2)
            switch_off_second_factor(user=user, by=operator)
        self.stdout.write(f"{user.email} signs in with the password alone now.")
