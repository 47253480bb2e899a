"""`manage.py migrate`: the platform's schema first, then the schemas of all ISPs."""

from collections import defaultdict
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import ProgrammingError, connection, router, transaction
from django.db.migrations.executor import MigrationExecutor

from core.scope import public_scope
from tenants import schema_roles
from tenants.fleet.capture import NeedsNoTransaction, RehearsalFailed
from tenants.fleet.plan import BehindIsp, PartlySquashed, Route, applied_in, behind
from tenants.fleet.progress import Progress
from tenants.fleet.report import SCHEMA_MISSING, check_schemas, isps, reason
from tenants.fleet.run import AlreadyRunning, only_one, run_fleet
from tenants.template import build_template

# Options of Django's command that mean one app or the platform's schema alone.
_PUBLIC_ONLY = ("app_label", "fake", "fake_initial", "prune")


class Command(MigrateCommand):
    help = (
        "Migrates the platform's schema, then the schemas of all ISPs. It may be stopped at any point and run again. "
        "With an app, --fake, --fake-initial or --prune it is Django's own command for the platform's schema alone."
    )

    # What a migration depends on. Whether pages, addresses and middleware are right is for `manage.py check` to tell.
    requires_system_checks = (Tags.database, Tags.models, Tags.compatibility, Tags.security, "migrations")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--isp", metavar="SLUG", help="of the ISPs, only this one")
        parser.add_argument(
            "--canary", type=int, default=0, metavar="N", help="first N ISPs one by one; stop if one fails"
        )
        parser.add_argument(
            "--no-template", action="store_true", help="leave the template for new ISPs to the next refill of the pool"
        )
        parser.add_argument("--parallel", type=int, default=3, metavar="N", help="connections at work, 3 by default")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["canary"] < 0 or options["parallel"] < 1:
            raise CommandError("--canary takes 0 or more, --parallel 1 or more.", returncode=2)
        slug = options["isp"]
        with public_scope():
            if any(options[name] for name in _PUBLIC_ONLY):
                super().handle(*args, **options)
                return
            if slug and not self._knows(slug):
                raise CommandError(f"No ISP has the slug {slug}.", returncode=2)
            if options["plan"] or options["check_unapplied"]:
                self._tell(*args, **options)
                return
        try:
            with only_one():
                self._migrate(*args, **options)
        except AlreadyRunning:
            raise CommandError("Another migrate is running; this one has done nothing.", returncode=3) from None

    def _migrate(self, *args: Any, **options: Any) -> None:
        with public_scope():
            # Django's own command builds all models several times before it finds that there is nothing to do.
            if options["run_syncdb"] or not self._note_foreign():
                super().handle(*args, **options)
            elif options["verbosity"]:
                self.stdout.write("The platform's schema is up to date.")
        schema_roles.mend()
        # A pool that is smaller than the crew would have its members wait for one another.
        pool = settings.DATABASE_POOL
        parallel = min(options["parallel"], max(1, pool - 1)) if pool else options["parallel"]
        tell = Progress(self.stdout) if options["verbosity"] else (lambda report, total: None)
        try:
            report = run_fleet(slug=options["isp"], canary=options["canary"], parallel=parallel, tell=tell)
        except NeedsNoTransaction as error:
            raise CommandError(
                f"{error} cannot run inside a transaction; no ISP was touched. See docs/operations.md."
            ) from error
        except RehearsalFailed as error:
            told = f"{error} fails in an empty schema ({reason(error.__cause__ or error)}); no ISP was touched."
            raise CommandError(told) from error
        check_schemas()
        has_template = report.stopped_by or options.get("no_template") or self._prepare_template()
        for line in report.lines() if options["verbosity"] or not report.is_good else []:
            (self.stdout if report.is_good else self.stderr).write(line)
        if not (report.is_good and has_template):
            raise SystemExit(1)

    def _prepare_template(self) -> bool:
        """Have the template of the release ready, so that neither the pool nor the first new ISP waits for it.

        It runs all migrations from nothing, of which the rehearsal may have run the new ones only. False if they fail.
        """
        try:
            with public_scope():
                template = build_template()
        except Exception as error:
            self.stderr.write(f"The template for new ISPs could not be made, so there may be none: {reason(error)}")
            return False
        if template.why_not:
            self.stderr.write(f"The release has no template for new ISPs: {template.why_not}")
        return True

    def _public_plan(self) -> list[Any]:
        return _plan_of(MigrationExecutor(connection))

    def _note_foreign(self) -> bool:
        """Note those that are the ISPs' alone and do nothing in the platform's schema. False if others are there."""
        executor = MigrationExecutor(connection)
        plan = _plan_of(executor)
        if any(router.allow_migrate(connection.alias, migration.app_label) for migration, _ in plan):
            return False
        for migration, _ in plan:
            executor.record_migration(migration)  # type: ignore[call-arg]
        return True

    def _knows(self, slug: str) -> bool:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM tenants_isp WHERE slug = %s", [slug])
                return cursor.fetchone() is not None
        except ProgrammingError:
            return False  # the database is still empty

    def _tell(self, *args: Any, **options: Any) -> None:
        """What there is to do. Ends with 1 if asked to check and there is something."""
        public = self._public_plan()
        if options["plan"]:
            super().handle(*args, **{**options, "check_unapplied": False})
        elif public:
            self.stdout.write(f"The platform's schema lacks migrations: {len(public)}.")
        try:
            with transaction.atomic():
                late = behind(options["isp"])
        except ProgrammingError:
            late = []  # what tells the ISPs' releases is among what the platform's schema lacks
        if options["plan"]:
            self._plan(late)
        else:
            for isp in late:
                state = SCHEMA_MISSING if isp.is_missing else f"at release {isp.release or '(none)'}"
                self.stdout.write(f"{isp.slug}: {state}")
        if options["check_unapplied"] and (public or late):
            raise SystemExit(1)

    def _plan(self, late: list[BehindIsp]) -> None:
        """ISPs that lack the same migrations, together."""
        route, groups = Route(), defaultdict[tuple[str, ...], list[str]](list)
        for isp in late:
            if isp.is_missing:
                groups[(SCHEMA_MISSING,)].append(isp.slug)
                continue
            try:
                with transaction.atomic():
                    lacking = route.lacking(applied_in(isp))
            except PartlySquashed as error:
                groups[(str(error),)].append(isp.slug)
            else:
                groups[tuple(".".join(key) for key in lacking)].append(isp.slug)
        if not groups:
            self.stdout.write("All ISPs are up to date.")
        for what, slugs in groups.items():
            self.stdout.write(f"{isps(len(slugs))} ({', '.join(slugs[:5])}{', …' if len(slugs) > 5 else ''}):")
            for line in what or ("nothing but a note of the release",):
                self.stdout.write(f"    {line}")


def _plan_of(executor: MigrationExecutor) -> list[Any]:
    """What the platform's schema lacks, in order."""
    return executor.migration_plan(executor.loader.graph.leaf_nodes())
