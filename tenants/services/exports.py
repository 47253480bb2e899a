"""Everything of one ISP in one archive: for its owner, and for restoring it beside the others."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from core.audit import Actor, record
from core.celery import enqueue_on_commit
from core.crypto import SecretField
from core.lease import Busy, lease
from core.scope import isp_scope, public_scope
from tenants import archives, tasks
from tenants.archives import CHUNK, FORMAT, MANIFEST, VERSION, Writer
from tenants.dumps import NoDump, dump_schema, server_version
from tenants.models import ISP, DataExport, StaffUser
from tenants.releases import tenant_labels

UNDER_WAY = [DataExport.State.WAITING, DataExport.State.RUNNING]
KEPT_FOR = timedelta(days=7)
GIVEN_UP = timedelta(days=1)  # after which nobody begins again with an export that its workers did not survive
# Columns that hold a secret, by name, where the kind of the field does not say it.
SECRET_COLUMN = re.compile(r"(?:.*_)?(?:password|digest|secret|token|session_key|session_data)(?:_.*)?")
FILE_NAME = re.compile(r"[0-9a-f]{32}")
ISP_FIELDS = ("uuid", "slug", "schema_name", "name", "country", "language", "currency", "timezone", "created_at")
LICENCE_FIELDS = ("plan", "since", "ended_at", "grace_until")
DOMAIN_FIELDS = ("created_at", "hsts_seconds", "hsts_since")
CLAIM_FIELDS = (
    "host", "surface", "token", "created_at", "live_at", "ready_at", "lost_since", "disabled_at", "told",
)  # fmt: skip
NOTES = [
    "schema.sql is what restore_isp reads; the files in tables/ are the same rows for people and spreadsheets.",
    "Text in tables/ that begins with = + - @, a tab or a line break has an apostrophe before it.",
    "That keeps spreadsheets from taking it for a formula.",
    "Secrets (encrypted keys, password hashes, digests of links, sessions) are not in tables/; see left_out.",
    "In schema.sql the keys are encrypted for this ISP and this installation.",
    "public.json holds people without their passwords.",
]


class CannotExport(Exception):
    """The export could not be made. The text says why."""


def export(*, isp: ISP, to: Path, by: Actor | None = None) -> dict[str, Any]:
    """Write all of an ISP to a new zip file (`….zip`) or folder; returns the manifest. Raises CannotExport.

    Rows are those of one moment, also when the ISP is in use. Memory does not grow with the ISP. Call it outside a
    transaction: it opens its own, which pg_dump's connection has to see.
    """
    try:
        with archives.writing(to) as writer:
            manifest = _write(isp, writer)
    except FileExistsError as error:
        raise CannotExport(f"{to} exists already.") from error
    except (NoDump, OSError) as error:
        raise CannotExport(str(error)) from error
    with public_scope(), transaction.atomic():
        record("tenants.isp.exported", by=by, on=isp, entries=len(manifest["entries"]))
    return manifest


def _write(isp: ISP, writer: Writer) -> dict[str, Any]:
    with public_scope(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        isp = ISP.objects.get(pk=isp.pk)
        writer.add_json("public.json", _public_rows(isp))
        with writer.entry("schema.sql") as entry:
            for piece in dump_schema(isp.schema_name, snapshot=snapshot):
                entry.write(piece)
        with isp_scope(isp):
            left_out = {table: secret for table, secret in _tables(writer) if secret}
            cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
            migrations = [list(row) for row in cursor.fetchall() if row[0] in tenant_labels()]
            missing = _files(isp.uuid, writer)
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "made_at": timezone.now().isoformat(),
        "isp": {"uuid": str(isp.uuid), "slug": isp.slug, "name": isp.name, "schema_name": isp.schema_name},
        "server_version": server_version(),
        "migrations": migrations,
        "left_out": left_out,
        "missing_files": missing,
        "notes": NOTES,
        "entries": list(writer.entries),
    }
    writer.add_json(MANIFEST, manifest)
    return manifest


def _public_rows(isp: Any) -> dict[str, Any]:
    people = isp.memberships.order_by("pk").values("user__email", "user__name", "user__language", "role")
    domains = isp.domains.order_by("pk").values("host", "surface", "is_primary", "verified_at", *DOMAIN_FIELDS)
    target = isp.dns_target.label if hasattr(isp, "dns_target") else ""
    return {
        "isp": {name: getattr(isp, name) for name in ISP_FIELDS},
        "licences": list(isp.licences.order_by("pk").values(*LICENCE_FIELDS)),
        "domains": list(domains),
        # Tokens of claims stand in the DNS for everybody; with them the ISP's records still prove what they did.
        "dns_target": target,
        "claims": list(isp.claims.order_by("pk").values(*CLAIM_FIELDS)),
        "memberships": [{name.removeprefix("user__"): value for name, value in row.items()} for row in people],
    }


def _secret_columns() -> set[tuple[str, str]]:
    """(table, column) of the fields that are stored encrypted."""
    return {
        (model._meta.db_table, str(field.column))
        for label in tenant_labels()
        for model in apps.get_app_config(label).get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, SecretField)
    }


def _tables(writer: Writer) -> Iterator[tuple[str, list[str]]]:
    """Write each table of the current scope as CSV; gives its name and the columns that were left out."""
    encrypted, quote = _secret_columns(), connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum),"
            " array_agg(t.typcategory = 'S' ORDER BY a.attnum)"
            " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
            " JOIN pg_type t ON t.oid = a.atttypid"
            " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')"
            " GROUP BY c.relname ORDER BY c.relname"
        )
        for table, columns, are_text in cursor.fetchall():
            secret = [c for c in columns if (table, c) in encrypted or SECRET_COLUMN.fullmatch(c)]
            shown = [
                _safe(quote(column)) if is_text else quote(column)
                for column, is_text in zip(columns, are_text, strict=True)
                if column not in secret
            ]
            source = f"SELECT {', '.join(shown)} FROM {quote(table)} ORDER BY 1"  # noqa: S608 - names of the catalogue
            with (
                writer.entry(f"tables/{table}.csv") as entry,
                cursor.copy(f"COPY ({source}) TO STDOUT WITH (FORMAT csv, HEADER)") as rows,
            ):
                for piece in rows:
                    entry.write(piece)
            yield table, secret


def _safe(column: str) -> str:
    """A text column as a spreadsheet may have it: nothing in it is a formula."""
    return f"CASE WHEN {column} ~ E'^[-=+@\\t\\r\\n]' THEN '''' || {column} ELSE {column} END AS {column}"


def _files(uuid: UUID, writer: Writer) -> list[str]:
    """Write the files of the current scope; gives those that a row names and that are not there."""
    folder = Path(settings.MEDIA_ROOT) / str(uuid)
    missing = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT path FROM core_storedfile ORDER BY path")
        wanted = [path.rpartition("/")[2] for (path,) in cursor.fetchall()]
    for name in wanted:
        path = folder / name
        if not FILE_NAME.fullmatch(name) or path.is_symlink() or not path.is_file():
            missing.append(name)
            continue
        with path.open("rb") as source, writer.entry(f"files/{name}") as entry:
            while piece := source.read(CHUNK):
                entry.write(piece)
    return missing


# Exports that an owner asks for


def ask_for_export(*, isp: Any, by: StaffUser) -> DataExport:
    """Have a full export made in the background, unless one is under way; returns it."""
    with public_scope():
        row = ISP.objects.select_for_update().get(pk=isp.pk)
        order = DataExport.objects.filter(isp=row, state__in=UNDER_WAY).first()
        if order is None:
            order = DataExport.objects.create(isp=row, asked_by=by)
            record("tenants.export.asked_for", by=by, on=row)
            enqueue_on_commit(tasks.make_export, export_id=order.pk)
    return order


def export_path(order: DataExport) -> Path:
    """Where the archive of an export lies."""
    return Path(settings.MEDIA_ROOT) / "exports" / str(order.isp.uuid) / f"{order.uuid}.zip"


def note_download(*, order: DataExport, by: StaffUser) -> None:
    """Write down who took an archive along."""
    with public_scope():
        record("tenants.export.downloaded", by=by, on=order.isp)


def make_export(*, export_id: int) -> None:
    """Make an export that was asked for.

    It may take longer than the time after which its task is given to another worker. That one finds it leased and
    leaves it; if the first one has died, it begins anew.
    """
    try:
        with lease("export", export_id):
            _make(export_id)
    except Busy:
        return


def _make(export_id: int) -> None:
    with transaction.atomic():
        orders = DataExport.objects.select_for_update(of=("self",)).select_related("isp", "asked_by")
        order = orders.filter(pk=export_id, state__in=UNDER_WAY).first()
        if order is None:
            return
        order.state, order.started_at = DataExport.State.RUNNING, timezone.now()
        order.save(update_fields=["state", "started_at"])
    path = export_path(order)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    try:
        export(isp=order.isp, to=path, by=order.asked_by)
    except Exception:
        _finish(order, DataExport.State.FAILED)
        raise
    _finish(order, DataExport.State.DONE, size=path.stat().st_size)


@transaction.atomic
def _finish(order: DataExport, state: str, size: int = 0) -> None:
    DataExport.objects.filter(pk=order.pk).update(state=state, finished_at=timezone.now(), size=size)


def sweep_exports() -> None:
    """Forget old exports, and have those made that a lost worker left behind."""
    now = timezone.now()
    for old in DataExport.objects.select_related("isp").filter(finished_at__lt=now - KEPT_FOR):
        export_path(old).unlink(missing_ok=True)
        old.delete()
    under_way = DataExport.objects.filter(state__in=UNDER_WAY)
    under_way.filter(asked_at__lt=now - GIVEN_UP).update(state=DataExport.State.FAILED, finished_at=now)
    # Those that are being made are leased, and their second task ends at once.
    for pk in under_way.order_by("asked_at").values_list("pk", flat=True)[:100]:
        tasks.make_export.delay(export_id=pk)
