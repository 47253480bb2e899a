"""`manage.py create_operator --email … --name …`: an account for the operators' console."""

import getpass
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from core.scope import public_scope
from tenants.models import StaffUser
from tenants.services.operators import AccountExists, appoint_operator, create_operator


class Command(BaseCommand):
    help = (
        "Makes an account that may open the operators' console. The password is asked for, or read as one line from "
        "standard input; it is never an argument. An account that exists becomes an operator with --existing."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", default="")
        parser.add_argument("--existing", action="store_true", help="appoint an account that exists already")

    def handle(self, *args: Any, email: str, name: str, existing: bool, **options: Any) -> None:
        try:
            validate_email(email)
            with public_scope():
                if existing:
                    user = appoint_operator(email=email)
                else:
                    user = create_operator(email=email, name=name or email, password=self._password())
        except ValidationError as error:
            raise CommandError(" ".join(error.messages), returncode=2) from error
        except AccountExists as error:
            raise CommandError(f"{email} has an account already; add --existing.", returncode=2) from error
        except StaffUser.DoesNotExist as error:
            raise CommandError(f"Nobody has the e-mail address {email}.", returncode=2) from error
        self.stdout.write(f"{user.email} is an operator.")

    def _password(self) -> str:
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\n")
        password = getpass.getpass("Password: ")
        if password != getpass.getpass("Once more: "):
            raise CommandError("The two passwords differ.", returncode=2)
        return password
