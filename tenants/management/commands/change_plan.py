"""`manage.py change_plan SLUG PLAN`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from core.scope import public_scope
from tenants.management.lookup import isp_named, operator_named
from tenants.plans import Plan
from tenants.services.licences import SamePlan, change_plan


class Command(BaseCommand):
    help = "Gives an ISP another licence plan. Domains beyond it keep working for PLAN_GRACE_DAYS."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("plan", metavar="PLAN", choices=Plan.values, help=", ".join(Plan.values))
        parser.add_argument("--by", default="", metavar="E-MAIL", help="the operator who does it, for the records")

    def handle(self, *args: Any, slug: str, plan: str, by: str, **options: Any) -> None:
        isp, operator = isp_named(slug), operator_named(by)
        try:
            with public_scope(), transaction.atomic():
                licence = change_plan(isp=isp, plan=Plan(plan), by=operator)
        except SamePlan as error:
            raise CommandError(f"{isp.name} has the plan {plan!r} already.", returncode=2) from error
        self.stdout.write(f"{isp.name} has the plan {licence.plan} now.")
