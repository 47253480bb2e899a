"""Bringing one ISP back from its archive, beside all others: whole, or not at all."""

import os
import shutil
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from core.audit import Actor, record
from core.crypto import SecretField, decrypt
from core.models import OutgoingMail, Token
from core.scope import isp_scope, owner_scope, public_scope
from tenants import archives, directory, dumps, slugs
from tenants.archives import CHUNK, BadArchive, Reader
from tenants.models import ISP, Deletion, FormerSlug, Membership, StaffUser
from tenants.releases import current_release, tenant_labels
from tenants.roles import Role
from tenants.schemas import create_empty, create_schema, migrate_schema

# What of the old time must not work again: links that were used since, sessions that were ended since.
NEVER_BACK = (Token,)
SESSIONS = "django_session"
MIGRATIONS = "django_migrations"


class CannotRestore(Exception):
    """The archive is not taken. The text says why; nothing has changed."""


@dataclass
class Restored:
    """The ISP that came back, and what did not come back with it."""

    isp: ISP
    rows: int = 0
    files: int = 0
    dropped_secrets: dict[str, int] = field(default_factory=dict)  # by `app.model.field`
    stopped_mails: int = 0
    missing_files: int = 0  # that were missing already when the export was made
    new_people: list[str] = field(default_factory=list)  # e-mail addresses, without a password yet


def restore(*, path: Path, slug: str = "", by: Actor | None = None) -> Restored:
    """Bring an ISP back from an archive made by exports.export(). Raises CannotRestore.

    With `slug` it comes as a copy: under that slug, with the same plan, a UUID of its own and no domains. Everything is
    checked first; then rows come in one transaction, and files go away again if it fails. Nothing of other ISPs is
    touched, and no SQL of the archive is run: tables are made by our migrations and filled with its rows.
    """
    try:
        with archives.opened(path) as archive:
            return _restore(archive, slug, by)
    except BadArchive as error:
        raise CannotRestore(str(error)) from error


def _restore(archive: Reader, slug: str, by: Actor | None) -> Restored:
    wanted = archive.json("public.json") if "public.json" in archive.names else None
    if wanted is None or "schema.sql" not in archive.names:
        raise BadArchive("The archive lacks public.json or schema.sql.")
    free = shutil.disk_usage(_existing(Path(settings.MEDIA_ROOT))).free
    if archive.total > free:
        raise CannotRestore("There is not enough room on the disk for this archive.")
    folder: Path | None = None
    try:
        with public_scope(), transaction.atomic():
            isp = _new_isp(wanted, is_copy=bool(slug), slug=slug)
            result = Restored(isp)
            folder = _new_folder(isp)
            _fill(archive, result)
            result.files = _place_files(archive, folder)
            result.missing_files = len(archive.manifest["missing_files"])
            _make_people(wanted, result)
            _make_licences(wanted, isp)
            if not slug:
                _make_domains(wanted, isp)
                _make_claims(wanted, isp)
            record(
                "tenants.isp.restored", by=by, on=isp, copy=bool(slug), rows=result.rows, files=result.files,
                dropped_secrets=result.dropped_secrets,
            )  # fmt: skip
            transaction.on_commit(directory.forget_all)
        return result
    except BaseException as error:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, KeyError | TypeError | ValueError | AttributeError):
            raise BadArchive("The archive does not hold what an export holds.") from error
        if isinstance(error, DatabaseError):
            raise CannotRestore(f"The rows of the archive do not fit: {str(error).splitlines()[0]}") from error
        raise


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _new_isp(wanted: dict[str, Any], *, is_copy: bool, slug: str) -> ISP:
    """The row of the ISP, if nobody has its names. Raises CannotRestore."""
    old = wanted["isp"]
    slug = slug or old["slug"]
    try:
        slugs.check(slug)
    except ValidationError as error:
        raise CannotRestore(" ".join(error.messages)) from error
    if ISP.objects.looking_like(slug).exists() or FormerSlug.objects.live().looking_like(slug).exists():
        raise CannotRestore(f"The slug {slug!r} is taken, or looks too much like another one; name a new one.")
    uuid = uuid4() if is_copy else UUID(old["uuid"])
    if ISP.objects.filter(uuid=uuid).exists() or Deletion.objects.filter(uuid=uuid).exists():
        raise CannotRestore("This ISP is here already; with a new slug it can come as a copy.")
    values = {name: old[name] for name in ("name", "country", "language", "currency", "timezone")}
    isp = ISP(uuid=uuid, slug=slug, slug_skeleton=slugs.skeleton(slug), **values)
    try:
        isp.full_clean(exclude=["release"])
    except ValidationError as error:
        raise BadArchive("The archive describes no ISP: " + " ".join(error.messages)) from error
    isp.save()
    return isp


def _make_licences(wanted: dict[str, Any], isp: Any) -> None:
    """Its plans, as they were; archives from before there were any hold none. What follows is seen to within a minute.

    What is past stays past: who gave a plan is not kept, since people of another installation are others.
    """
    for row in wanted.get("licences", []):
        ended = _instant(row["ended_at"])
        licence = isp.licences.model(
            isp=isp,
            plan=row["plan"],
            since=_instant(row["since"]),
            ended_at=ended,
            grace_until=_instant(row["grace_until"]),
            next_look_at=None if ended else timezone.now(),
        )
        _checked(licence)
        licence.save()


def _make_domains(wanted: dict[str, Any], isp: Any) -> None:
    """Its domains, as they were. Raises CannotRestore if one leads elsewhere by now."""
    for row in wanted["domains"]:
        if isp.domains.model.objects.filter(host=row["host"]).exists():
            raise CannotRestore(f"The domain {row['host']} is in use; with a new slug the ISP can come as a copy.")
        domain = isp.domains.model(
            isp=isp,
            host=row["host"],
            surface=row["surface"],
            is_primary=row["is_primary"],
            verified_at=_instant(row["verified_at"]),
            hsts_seconds=row.get("hsts_seconds"),
            hsts_since=_instant(row.get("hsts_since")),
        )
        _save(domain, row)


def _make_claims(wanted: dict[str, Any], isp: Any) -> None:
    """What it was proving, with the records that its DNS holds for it; each is looked at anew."""
    if label := wanted.get("dns_target"):
        model = isp._meta.get_field("dns_target").related_model
        is_free = not model.objects.filter(label=label).exists()
        target = model(isp=isp, label=label) if is_free else model(isp=isp)
        _checked(target)
        target.save()
    for row in wanted.get("claims", []):
        times = {name: _instant(row[name]) for name in ("live_at", "ready_at", "lost_since", "disabled_at")}
        told = {str(news): str(when) for news, when in row["told"].items()}
        names = {name: row[name] for name in ("host", "surface", "token")}
        claim = isp.claims.model(isp=isp, told=told, **names, **times)
        claim.next_check_at = None if claim.is_off_by_plan else timezone.now()
        _save(claim, row)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _checked(row: models.Model) -> None:
    """Raise BadArchive for what our own forms would not have taken."""
    empty = {field.name for field in row._meta.concrete_fields if getattr(row, field.attname) in (None, {})}
    try:
        row.clean_fields(exclude=empty)
    except ValidationError as error:
        raise BadArchive("The archive does not hold what an export holds: " + " ".join(error.messages)) from error


def _save(row: Any, wanted: dict[str, Any]) -> None:
    """Write the row, also with the time at which it was made, by which the oldest of several is known."""
    _checked(row)
    row.save()
    if made := _instant(wanted.get("created_at")):
        type(row).objects.filter(pk=row.pk).update(created_at=made)


def _make_people(wanted: dict[str, Any], result: Restored) -> None:
    """Memberships. People who are not here get an account whose password they set by mail."""
    for row in wanted["memberships"]:
        user = StaffUser.objects.filter(email__iexact=row["email"]).first()
        if user is None:
            user = StaffUser(email=row["email"], name=row["name"], language=row["language"])
            user.set_unusable_password()
            user.full_clean()
            user.save()
            result.new_people.append(user.email)
        Membership.objects.create(isp=result.isp, user=user, role=Role(row["role"]).value)


# Rows


def _fill(archive: Reader, result: Restored) -> None:
    """Schema, tables and rows. The tables are made at the release of the archive and then brought to today's."""
    isp, manifest = result.isp, archive.manifest
    applied = {(app, name) for app, name in manifest["migrations"]}
    graph = MigrationLoader(None).graph
    ours = {node for node in graph.nodes if node[0] in tenant_labels()}
    if applied - ours:
        raise CannotRestore("The archive was made by a newer release than this one.")
    if applied == ours:
        create_schema(isp)
    else:
        _create_older(isp, applied, graph)
    with owner_scope(isp):
        tables = _empty_tables()
        with archive.open("schema.sql") as file:
            for part in dumps.contents(file, manifest["isp"]["schema_name"]):
                _take(part, tables, result)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    if applied != ours:
        migrate_schema(isp)
        isp.release = current_release()
        isp.save(update_fields=["release"])
    with isp_scope(isp):
        _make_it_ones_own(result)


def _create_older(isp: ISP, applied: set[tuple[str, str]], graph: Any) -> None:
    create_empty(isp.schema_name)
    targets = [node for node in applied if not any(child.key in applied for child in graph.node_map[node].children)]
    with owner_scope(isp):
        MigrationExecutor(connection).migrate(sorted(targets))


def _empty_tables() -> set[str]:
    """The tables of the current scope, without the rows that migrations put in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        tables = {name for (name,) in cursor.fetchall()} - {MIGRATIONS}
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(f"TRUNCATE {', '.join(connection.ops.quote_name(name) for name in sorted(tables))}")
    return tables


def _take(part: dumps.TableRows | dumps.SequenceValue, tables: set[str], result: Restored) -> None:
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        if isinstance(part, dumps.SequenceValue):
            cursor.execute("SELECT setval(%s::regclass, %s, %s)", [quote(part.sequence), part.value, part.is_called])
        elif part.table in {SESSIONS, MIGRATIONS, *(model._meta.db_table for model in _models(*NEVER_BACK))}:
            part.skip()
        elif part.table not in tables:
            raise BadArchive(f"The archive has a table that no ISP has: {part.table!r}.")
        else:
            columns = ", ".join(quote(name) for name in part.columns)
            with cursor.copy(f"COPY {quote(part.table)} ({columns}) FROM STDIN") as rows:
                for line in part:
                    rows.write(line)
            result.rows += max(cursor.rowcount, 0)


def _models(*kinds: type[models.Model]) -> list[type[models.Model]]:
    """The models of an ISP that are of one of these kinds."""
    found = [model for label in sorted(tenant_labels()) for model in apps.get_app_config(label).get_models()]
    return [model for model in found if issubclass(model, kinds)]


def _make_it_ones_own(result: Restored) -> None:
    """Paths of files, secrets and mails as they must be in the scope that the rows are in now."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_storedfile SET path = %s || substr(path, 37)", [str(result.isp.uuid)])
    for model in _models(OutgoingMail):
        waiting = [OutgoingMail.State.WAITING, OutgoingMail.State.SENDING]
        rows = model._default_manager.filter(state__in=waiting)
        result.stopped_mails += rows.update(state=OutgoingMail.State.FAILED, error="Restored from an export.")
    for model in _models(models.Model):
        for each in model._meta.concrete_fields:
            if isinstance(each, SecretField):
                _drop_unreadable(model, each, result)


def _drop_unreadable(model: type[models.Model], secret: SecretField, result: Restored) -> None:
    """Empty the secrets that were encrypted for another ISP or by another installation."""
    name, quote = f"{model._meta.label_lower}.{secret.name}", connection.ops.quote_name
    table, column, key = (quote(str(text)) for text in (model._meta.db_table, secret.column, model._meta.pk.column))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {key}, {column} FROM {table} WHERE {column} <> ''")  # noqa: S608 - names of a model
        unreadable = [pk for pk, value in cursor.fetchall() if not _opens(value, name)]
        if unreadable:
            empty = None if secret.null else ""
            cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {key} = ANY(%s)", [empty, unreadable])  # noqa: S608
            result.dropped_secrets[name] = len(unreadable)


def _opens(value: str, purpose: str) -> bool:
    try:
        decrypt(value, purpose=purpose)
    except ValueError:
        return False
    return True


# Files


def _new_folder(isp: ISP) -> Path:
    """The ISP's folder, made now. Raises CannotRestore if one is there."""
    folder = Path(settings.MEDIA_ROOT) / str(isp.uuid)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError as error:
        raise CannotRestore("There are files of this ISP already; with a new slug it can come as a copy.") from error
    return folder


def _place_files(archive: Reader, folder: Path) -> int:
    names = [name for name in archive.names if name.startswith("files/")]
    for name in names:
        target = os.open(folder / name.removeprefix("files/"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with archive.open(name) as source, os.fdopen(target, "wb") as file:
            shutil.copyfileobj(source, file, CHUNK)
    return len(names)
