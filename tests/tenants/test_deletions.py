"""After a deletion nothing is left, wherever it was interrupted, and nobody else lost anything."""

import json
import os
from contextlib import suppress

import pytest
from django.apps import apps
from django.contrib.auth import SESSION_KEY
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, transaction

from core.audit import record
from core.celery import app
from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from core.sessions import SessionStore
from tenants.models import ISP, DataExport, Deletion, FormerSlug, Membership, PlatformMail, StaffUser
from tenants.roles import Role
from tenants.services import deletions
from tenants.services.closings import close
from tests.factories.tenants import OperatorFactory
from tests.isolation.canaries import PATTERN

# A queue of this process alone: other runs of the suite share the broker, and their ISPs have the same numbers.
QUEUE = f"platform:queue:deletions-{os.getpid()}"


@pytest.fixture
def broker(monkeypatch):
    monkeypatch.setattr("core.queued.PREFIX", QUEUE)
    with app.connection_for_write() as link:
        client, key = link.default_channel.client, QUEUE
        yield client, key
        client.delete(key)


@pytest.fixture
def closed(full_isp, broker, settings):
    """The full ISP, closed, with what belongs to it everywhere else, too."""
    isp = full_isp.isp
    client, key = broker
    with public_scope(), transaction.atomic():
        other = ISP.objects.get(slug="fibrandina")
        operator = OperatorFactory(name="Olga Operator", email="olga@example.com")
        both = full_isp.staff[Role.SUPPORT]
        Membership.objects.create(isp=other, user=both, role=Role.OWNER)
        FormerSlug.objects.create(isp=isp, slug="altezza", slug_skeleton="altezza", until="2099-01-01T00:00Z")
        DataExport.objects.create(isp=isp)
        record("domains.domain.added", by=full_isp.staff[Role.OWNER], on=isp, host=full_isp.custom_host)
        record("tenants.staff_user.signed_in", by=full_isp.staff[Role.OWNER], on=full_isp.staff[Role.OWNER])
        for user, host in ((full_isp.staff[Role.OWNER], "app.localhost"), (both, full_isp.staff_host)):
            session = SessionStore(realm=f"dashboard:{host}")
            session[SESSION_KEY] = str(user.pk)
            session.save(must_create=True)
        kept = SessionStore(realm="dashboard:app.localhost")
        kept[SESSION_KEY] = str(both.pk)
        kept.save(must_create=True)
        for to in (full_isp.staff[Role.OWNER].email, both.email):
            PlatformMail.objects.create(to=to, subject="Invitation", text=f"work for {full_isp.isp.name}")
        PlatformMail.objects.create(to=both.email, subject="Password", text="changed")
        PlatformMail.objects.exclude(to__in=StaffUser.objects.values("email")).delete()
        close(isp=isp, reason="Sold", by=operator)
    for each in (isp, other):
        with isp_scope(each):
            cache.set("page", "canary")
    for pk in (isp.pk, other.pk):
        client.zadd(key, {json.dumps({"headers": {"isp_id": pk}, "body": ""}): pk})
    folder = settings.MEDIA_ROOT / "exports" / str(isp.uuid)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "x.zip").write_text("all")
    neighbour = settings.MEDIA_ROOT / str(other.uuid)
    neighbour.mkdir()
    (neighbour / "file").write_text("theirs")
    return full_isp


def traces(side, settings):
    """Where the ISP still shows: public tables, schemas, files, Redis."""
    isp = side.isp
    marks = [str(isp.uuid), isp.uuid.hex, isp.schema_name, "altamira", "altezza", side.custom_host, side.staff_host]
    found = []
    with public_scope(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM public."{table}" t')
            for (row,) in cursor.fetchall():
                hit = any(mark.lower() in row.lower() for mark in marks) or PATTERN.search(row)
                # Who also works elsewhere keeps the account.
                if hit and side.staff[Role.SUPPORT].email not in row:
                    found.append((table, row[:200]))
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname = %s", [isp.schema_name])
        found += cursor.fetchall()
    found += [path for path in settings.MEDIA_ROOT.rglob("*") if str(isp.uuid) in str(path)]
    client = cache._cache.get_client(None, write=True)
    found += list(client.scan_iter(match=f"*{isp.uuid}*"))
    with app.connection_for_write() as link:
        queues = link.default_channel.client
        found += list(queues.scan_iter(match=f"*{isp.uuid}*"))
        for key in queues.scan_iter(match=QUEUE):
            found += [item for item, _ in queues.zscan_iter(key) if json.loads(item)["headers"]["isp_id"] == isp.pk]
    return found


def others_kept(side, settings):
    """Nothing of the other ISP, of its people, or of operators has gone."""
    with public_scope(), transaction.atomic():
        other = ISP.objects.get(slug="fibrandina")
        both = StaffUser.objects.get(pk=side.staff[Role.SUPPORT].pk)
        assert [row.isp_id for row in both.memberships.all()] == [other.pk]
        assert StaffUser.objects.filter(email="olga@example.com").exists()
        assert [mail.subject for mail in PlatformMail.objects.filter(to=both.email)] == ["Password"]
        sessions = apps.get_model("sessions", "Session").objects.all()
        assert [SessionStore().decode(row.session_data)[SESSION_KEY] for row in sessions] == [str(both.pk)]
    with isp_scope(other):
        assert cache.get("page") == "canary"
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM subscribers_subscriber")
    assert (settings.MEDIA_ROOT / str(other.uuid) / "file").read_text() == "theirs"
    with app.connection_for_write() as link:
        items = [item for item, _ in link.default_channel.client.zscan_iter(QUEUE)]
    assert [json.loads(item)["headers"]["isp_id"] for item in items] == [other.pk]
    return True


def test_the_scan_sees_what_is_there(closed, settings):
    """Without this, 'nothing is left' could mean that nothing was looked at."""
    kinds = {type(each).__name__ for each in traces(closed, settings)}
    tables = {each[0] for each in traces(closed, settings) if isinstance(each, tuple)}
    assert {"tenants_isp", "domains_domain", "tenants_staffuser", "core_auditentry"} <= tables
    assert {"PosixPath", "bytes", "tuple"} <= kinds


def test_nothing_is_left_and_others_keep_theirs(closed, settings, capsys):
    call_command("delete_isp", "altamira", "--yes-really", "altamira", "--now", "--by", "olga@example.com")
    assert "altamira is deleted" in capsys.readouterr().out
    assert traces(closed, settings) == []
    assert others_kept(closed, settings)
    with public_scope():
        entry = AuditEntry.objects.get(verb="tenants.isp.deleted")
        operator = StaffUser.objects.get(email="olga@example.com")
        assert (entry.actor_id, entry.actor_label, entry.target_id) == (operator.pk, "", str(closed.isp.pk))
        about = AuditEntry.objects.filter(target_type="tenants.isp", target_id=str(closed.isp.pk))
        assert {"tenants.isp.closed", "domains.domain.added"} <= set(about.values_list("verb", flat=True))
        assert set(about.values_list("actor_label", flat=True)) == {""}


STEPS = ["_forget_mails", "_end_sessions", "_clear_audit", "drop_schema", "_forget_loose_rows", "_forget_cache"]


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", [*STEPS, "rmtree", "queue", "after the queue"])
def test_killed_anywhere_it_goes_on_by_itself(closed, settings, monkeypatch, step):
    def kill(*args, **kwargs):
        raise Killed

    target = {"rmtree": "shutil.rmtree", "queue": "queued.forget", "after the queue": "record"}.get(step, step)
    with public_scope():
        deletion = deletions.begin(isp=closed.isp, now=True)
        with monkeypatch.context() as patch:
            patch.setattr(f"tenants.services.deletions.{target}", kill)
            with suppress(Killed):
                deletions.finish(deletion=deletion)
        assert Deletion.objects.count() == 1, "the row says that something remains"
        deletions.sweep()
        assert not Deletion.objects.exists()
        assert AuditEntry.objects.filter(verb="tenants.isp.deleted").count() == 1
    assert traces(closed, settings) == []
    assert others_kept(closed, settings)


def test_the_sweeper_takes_those_whose_grace_is_over_and_no_others(closed, settings):
    with public_scope():
        deletions.sweep()
        assert ISP.objects.filter(slug="altamira").exists()
        closed.isp.closings.update(ends_at="2020-01-01T00:00Z")
        deletions.sweep()
        assert set(ISP.objects.values_list("slug", flat=True)) == {"wispmega", "fibrandina"}
    assert traces(closed, settings) == []


def test_one_that_cannot_be_finished_does_not_hold_up_the_others(closed, settings, monkeypatch, caplog):
    with public_scope():
        deletions.begin(isp=closed.isp, now=True)
        Deletion.objects.create(isp_id=1_000_000, uuid="0" * 32, slug="broken", schema_name="t_000000000000")
        real = deletions.queued.forget

        def fail(isp_id):
            if isp_id == 1_000_000:
                raise OSError("no rights")
            return real(isp_id)

        Deletion.objects.filter(slug="broken").update(rows_removed_at="2026-01-01T00:00Z", begun_at="2020-01-01T00:00Z")
        monkeypatch.setattr("tenants.services.deletions.queued.forget", fail)
        deletions.sweep()
        assert [row.slug for row in Deletion.objects.all()] == ["broken"]
    assert "1000000 is not wholly deleted" in caplog.text
    assert traces(closed, settings) == []
