"""The archive of an ISP: what is in it, what is not, and that only a whole one comes back."""

import csv
import hashlib
import io
import json
import re
import shutil
import zipfile
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command, load_command_class
from django.db import connection, transaction
from django.utils import timezone

from company.models import CaptchaKeys
from core.models import StoredFile
from core.scope import isp_scope, public_scope
from domains.models import Claim, Domain
from messaging.models import Message
from subscribers.models import PortalUser, Subscriber
from tenants import archives
from tenants.models import ISP, Licence, Membership, StaffUser
from tenants.plans import plan_of
from tenants.roles import Role
from tenants.services import exports, restores
from tenants.services.restores import CannotRestore, restore
from tests.isolation.canaries import PATTERN


@pytest.fixture
def archive(full_isp, tmp_path):
    """The export of the full ISP, as a zip file."""
    path = tmp_path / "altamira.zip"
    with isp_scope(full_isp.isp), transaction.atomic():
        Subscriber.objects.filter(pk=1).update(last_name="=HYPERLINK(1)", address="+52 1\n@x")
    exports.export(isp=full_isp.isp, to=path)
    return path


def read(path, name):
    with zipfile.ZipFile(path) as file:
        return file.read(name)


def everything():
    """What a refused restore must leave as it was: rows, schemas, files."""
    with public_scope(), connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 't\\_%' ORDER BY 1")
        schemas = cursor.fetchall()
        rows = [model.objects.count() for model in (ISP, Domain, Claim, Licence, Membership, StaffUser)]
    return schemas, rows, sorted(settings.MEDIA_ROOT.rglob("*"))


def test_the_manifest_names_each_entry_with_its_checksum(archive):
    manifest = json.loads(read(archive, "manifest.json"))
    with zipfile.ZipFile(archive) as file:
        there = {name: hashlib.sha256(file.read(name)).hexdigest() for name in file.namelist()}
    said = {entry["name"]: entry["sha256"] for entry in manifest["entries"]}
    assert said == {name: digest for name, digest in there.items() if name != "manifest.json"}
    assert {"schema.sql", "public.json", "tables/subscribers_subscriber.csv"} <= said.keys()
    assert any("apostrophe" in note for note in manifest["notes"])


def test_each_table_is_there_as_csv_with_all_rows(archive, full_isp):
    with isp_scope(full_isp.isp), transaction.atomic():
        tables = set(connection.introspection.table_names())
        counts = {model._meta.db_table: model.objects.count() for model in (Subscriber, StoredFile, PortalUser)}
    with zipfile.ZipFile(archive) as file:
        names = {name[7:-4] for name in file.namelist() if name.startswith("tables/")}
    assert names == tables
    for table, count in counts.items():
        assert len(list(csv.DictReader(io.StringIO(read(archive, f"tables/{table}.csv").decode())))) == count


def test_no_cell_is_a_formula(archive):
    rows = list(csv.DictReader(io.StringIO(read(archive, "tables/subscribers_subscriber.csv").decode())))
    row = next(row for row in rows if row["id"] == "1")
    assert (row["last_name"], row["address"]) == ("'=HYPERLINK(1)", "'+52 1\n@x")


def test_secrets_are_in_no_table_and_not_among_the_platforms_rows(archive):
    manifest = json.loads(read(archive, "manifest.json"))
    assert "password" in manifest["left_out"]["subscribers_portaluser"]
    with zipfile.ZipFile(archive) as file:
        texts = [file.read(name).decode() for name in file.namelist() if name.startswith(("tables/", "public"))]
    marks = {(model, row) for text in texts for _, model, row in PATTERN.findall(text)}
    assert any(row == "1" for _, row in marks)
    assert not {mark for mark in marks if mark[1] == "s"}
    assert not any("argon2" in text for text in texts)
    encrypted = manifest["left_out"][CaptchaKeys._meta.db_table]
    assert encrypted
    people = json.loads(read(archive, "public.json"))["memberships"]
    assert set(people[0]) == {"email", "name", "language", "role"}


def test_rows_are_of_one_moment_though_others_write_meanwhile(full_isp, tmp_path, monkeypatch):
    real = exports.dump_schema

    def dump_and_write(*args, **kwargs):
        yield from real(*args, **kwargs)
        import threading

        def write():
            with isp_scope(full_isp.isp), transaction.atomic():
                StoredFile.objects.create(path=f"{full_isp.isp.uuid}/{'f' * 32}", name="later", size=1)
            connection.close()

        other = threading.Thread(target=write)
        other.start()
        other.join()

    monkeypatch.setattr(exports, "dump_schema", dump_and_write)
    exports.export(isp=full_isp.isp, to=tmp_path / "one.zip")
    assert b"later" not in read(tmp_path / "one.zip", "tables/core_storedfile.csv")


def test_a_failed_export_leaves_no_file(full_isp, tmp_path, monkeypatch):
    monkeypatch.setattr(exports, "_tables", lambda writer: iter(lambda: 1 / 0, None))
    with pytest.raises(ZeroDivisionError):
        exports.export(isp=full_isp.isp, to=tmp_path / "one.zip")
    assert not list(tmp_path.glob("one*"))


@pytest.mark.parametrize("form", ["zip", "folder"])
def test_a_copy_comes_beside_the_living_one(full_isp, archive, tmp_path, form, capsys):
    path = archive
    if form == "folder":
        path = tmp_path / "folder"
        call_command("export_isp", "altamira", "--to", str(path))
    before = everything()[1]
    call_command("restore_isp", str(path), "--slug", "bellavista")
    assert "To be entered again" in capsys.readouterr().out
    with public_scope():
        copy = ISP.objects.get(slug="bellavista")
        assert copy.uuid != full_isp.isp.uuid
        assert copy.schema_name != full_isp.isp.schema_name
        assert not Domain.objects.filter(isp=copy).exists()
        assert copy.memberships.count() == full_isp.isp.memberships.count()
        assert StaffUser.objects.count() == before[5]
    with isp_scope(copy), transaction.atomic():
        assert Subscriber.objects.get(pk=1).last_name == "=HYPERLINK(1)"
        assert not CaptchaKeys.objects.exclude(secret_key="").exists()
        assert set(Message.objects.values_list("state", flat=True)) <= {"failed", "sent"}
        stored = StoredFile.objects.get(pk=2)
        assert stored.path.startswith(f"{copy.uuid}/")
        from core.uploads import open_file

        with open_file(stored) as file:
            assert hashlib.sha256(file.read()).hexdigest() == stored.sha256
        assert Subscriber.objects.create(**_new_subscriber()).pk > 2
    with isp_scope(full_isp.isp), transaction.atomic():
        assert CaptchaKeys.objects.exclude(secret_key="").exists()


def _new_subscriber():
    row = Subscriber.objects.filter(pk=1).values().get()
    unique = {field.name for field in Subscriber._meta.concrete_fields if field.unique or field.primary_key}
    values = {name: value for name, value in row.items() if name not in unique}
    return {**values, **({"number": 999} if "number" in unique else {})}


def test_a_lost_isp_comes_back_as_it_was(full_isp, archive, settings):
    from tests.tenants.conftest import remove_all_but_the_two

    old = full_isp.isp
    remove_all_but_the_two()
    shutil.rmtree(settings.MEDIA_ROOT / str(old.uuid))
    result = restore(path=archive)
    assert (result.isp.uuid, result.isp.slug) == (old.uuid, "altamira")
    assert result.dropped_secrets == {}, "secrets of the same ISP and installation open again"
    with public_scope():
        hosts = set(result.isp.domains.values_list("host", flat=True))
        assert hosts == {full_isp.custom_host, full_isp.staff_host}
        assert not StaffUser.objects.get(email__startswith="owner-").has_usable_password()
    with isp_scope(result.isp), transaction.atomic():
        assert CaptchaKeys.objects.exclude(secret_key="").exists()
        assert PortalUser.objects.count() == 2


@pytest.fixture
def with_plans(full_isp):
    """The full ISP came down from the biggest plan, and one of its domains was switched off for it."""
    now = timezone.now()
    with public_scope(), transaction.atomic():
        isp = full_isp.isp
        Licence.objects.filter(isp=isp).update(plan="pro", ended_at=now, since=now - timedelta(days=90))
        Licence.objects.create(isp=isp, plan="start", since=now, grace_until=now + timedelta(days=30))
        Domain.objects.filter(isp=isp, surface="portal").update(hsts_seconds=300, hsts_since=now)
        asleep = {"disabled_at": now, "told": {"plan_ended": now.isoformat()}}
        Claim.objects.create(isp=isp, host="asleep.example", surface="portal", **asleep)
    return full_isp


def kept(isp):
    """What the platform keeps of an ISP's plans and domains, apart from when it is looked at next."""
    with public_scope():
        return (
            list(isp.licences.order_by("since").values("plan", "since", "ended_at", "grace_until")),
            list(isp.domains.order_by("host").values("host", "is_primary", "hsts_seconds", "created_at")),
            list(isp.claims.order_by("host").values("host", "token", "created_at", "disabled_at", "told")),
            isp.dns_target.label,
        )


def test_a_lost_isp_comes_back_with_its_plans_and_with_what_its_domains_proved(with_plans, tmp_path, settings):
    from tests.tenants.conftest import remove_all_but_the_two

    old, path = with_plans.isp, tmp_path / "plans.zip"
    exports.export(isp=old, to=path)
    before = kept(old)
    remove_all_but_the_two()
    shutil.rmtree(settings.MEDIA_ROOT / str(old.uuid))
    isp = restore(path=path).isp
    assert kept(isp) == before
    assert [row["plan"] for row in before[0]] == ["pro", "start"]
    with public_scope():
        assert plan_of(isp) == "start"
        # What follows from the plan is done within a minute, and what was switched off waits for room.
        assert [row.plan for row in Licence.objects.due(at=timezone.now()).filter(isp=isp)] == ["start"]
        due = Claim.objects.due(at=timezone.now()).filter(isp=isp)
        assert "asleep.example" not in {claim.host for claim in due}
        assert len(due) == len(before[2]) - 1


def test_a_copy_has_the_plan_and_no_domains(with_plans, tmp_path):
    exports.export(isp=with_plans.isp, to=tmp_path / "plans.zip")
    copy = restore(path=tmp_path / "plans.zip", slug="bellavista").isp
    with public_scope():
        assert plan_of(copy) == "start"
        assert not copy.domains.exists()
        assert not copy.claims.exists()


def test_an_export_from_before_there_were_plans_comes_back(full_isp, archive):
    def older(entries):
        rows = json.loads(entries["public.json"])
        for name in ("licences", "claims", "dns_target"):
            del rows[name]
        rows["domains"] = [
            {name: row[name] for name in ("host", "surface", "is_primary", "verified_at")} for row in rows["domains"]
        ]
        signed(entries, "public.json", json.dumps(rows).encode())

    rewritten(archive, older)
    isp = restore(path=archive, slug="bellavista").isp
    with public_scope():
        assert not isp.licences.exists()
        assert plan_of(isp) == settings.DEFAULT_PLAN


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"plan": "gold"}], "does not hold"),
        ([{"plan": "pro"}, {"plan": "start"}], "fit"),
        ([{"plan": "pro", "since": "yesterday"}], "does not hold"),
        ([{}], "does not hold"),
        ("pro", "does not hold"),
    ],
)
def test_plans_that_are_none_are_refused(full_isp, archive, rows, said):
    def change(entries):
        public = json.loads(entries["public.json"])
        whole = {"since": "2026-01-01T00:00:00+00:00", "ended_at": None, "grace_until": None}
        public["licences"] = [whole | row for row in rows] if isinstance(rows, list) else rows
        signed(entries, "public.json", json.dumps(public).encode())

    rewritten(archive, change)
    before = everything()
    with pytest.raises(CannotRestore, match=said):
        restore(path=archive, slug="bellavista")
    assert everything() == before


@pytest.mark.parametrize(
    ("slug", "said"),
    [("", "taken"), ("wispmega", "taken"), ("wlspmega", "taken"), ("admin", "kept for"), ("../x", "lower-case")],
)
def test_names_that_are_taken_are_refused(full_isp, archive, slug, said):
    before = everything()
    with pytest.raises(CannotRestore, match=said):
        restore(path=archive, slug=slug)
    assert everything() == before


def test_a_taken_uuid_and_a_taken_domain_are_refused(full_isp, archive):
    with public_scope():
        ISP.objects.filter(pk=full_isp.isp.pk).update(slug="neuerort", slug_skeleton="neuerort")
    before = everything()
    with pytest.raises(CannotRestore, match="here already"):
        restore(path=archive)
    assert everything() == before


def test_a_failure_in_the_middle_leaves_nothing(full_isp, archive, monkeypatch):
    before = everything()

    def fail(*args):
        raise OSError("disk")

    monkeypatch.setattr(restores, "_make_people", fail)
    with pytest.raises(OSError, match="disk"):
        restore(path=archive, slug="bellavista")
    assert everything() == before


def rewritten(path, change):
    """The archive with its entries changed by `change(entries)`; the manifest stays."""
    with zipfile.ZipFile(path) as file:
        entries = {name: file.read(name) for name in file.namelist()}
    change(entries)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries.items():
            file.writestr(name, data)


def signed(entries, name, data):
    """Change an entry and the manifest with it, as somebody would who knows how."""
    entries[name] = data
    manifest = json.loads(entries["manifest.json"])
    others = [entry for entry in manifest["entries"] if entry["name"] != name]
    entry = {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    entries["manifest.json"] = json.dumps({**manifest, "entries": [*others, entry]}).encode()


def _truncate_dump(entries):
    dump = entries["schema.sql"]
    signed(entries, "schema.sql", dump[: dump.index(b"COPY") + 400])


DAMAGE = {
    "an entry was changed": (lambda e: e.update({"public.json": e["public.json"] + b" "}), "damaged"),
    "an entry is gone": (lambda e: e.pop("schema.sql"), "differ"),
    "an entry was added": (lambda e: e.update({"files/" + "0" * 32: b"x"}), "differ"),
    "no manifest": (lambda e: e.pop("manifest.json"), "no manifest"),
    "a manifest of something else": (lambda e: e.update({"manifest.json": b"[1]"}), "not one of ours"),
    "a broken manifest": (lambda e: e.update({"manifest.json": b"{"}), "cannot be read"),
    "a way out of the folder": (lambda e: e.update({"../../etc/passwd": b"x"}), "no export has"),
    "a way out under a known folder": (lambda e: signed(e, "files/../../x", b"x"), "no export has"),
    "an absolute path": (lambda e: signed(e, "/etc/passwd", b"x"), "no export has"),
    "a zip bomb": (lambda e: signed(e, "tables/a.csv", b"\0" * 30_000_000), "beyond all measure"),
    "rows of another schema": (
        lambda e: signed(e, "schema.sql", re.sub(rb"COPY t_[0-9a-f]{12}", b"COPY t_000000000000", e["schema.sql"])),
        "not of this ISP",
    ),
    "rows in another form": (
        lambda e: signed(e, "schema.sql", e["schema.sql"].replace(b") FROM stdin;", b") FROM STDIN;", 1)),
        "cannot be read here",
    ),
    "an unknown table": (
        lambda e: signed(e, "schema.sql", e["schema.sql"].replace(b".company_profile (", b".pg_authid (")),
        "no ISP has",
    ),
    "a dump that ends early": (_truncate_dump, "ends|fit"),
    "no ISP": (lambda e: signed(e, "public.json", b'{"isp": {}}'), "does not hold"),
    "rows that break a rule": (
        lambda e: signed(
            e, "schema.sql", e["schema.sql"].replace(b"subscribers_portaluser (id", b"core_storedfile (id")
        ),
        "fit",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_archives_are_refused_and_change_nothing(full_isp, archive, damage):
    change, said = DAMAGE[damage]
    rewritten(archive, change)
    before = everything()
    with pytest.raises(CannotRestore, match=said) as raised:
        restore(path=archive, slug="bellavista")
    assert "\n" not in str(raised.value)
    assert everything() == before


def test_a_truncated_file_and_none_are_refused(full_isp, archive, tmp_path):
    data = archive.read_bytes()
    archive.write_bytes(data[: len(data) // 2])
    (tmp_path / "text.zip").write_text("hello")
    before = everything()
    for path, said in ((archive, "no whole zip"), (tmp_path / "text.zip", "no whole zip"), (tmp_path / "x", "no file")):
        with pytest.raises(CommandError, match=said) as raised:
            call_command("restore_isp", str(path))
        assert raised.value.returncode == 2
    assert everything() == before


def test_a_folder_with_a_link_is_refused(full_isp, tmp_path):
    exports.export(isp=full_isp.isp, to=tmp_path / "folder")
    (tmp_path / "folder" / "tables" / "x.csv").symlink_to("/etc/passwd")
    with pytest.raises(CannotRestore, match="link"):
        restore(path=tmp_path / "folder", slug="bellavista")


def test_statements_of_an_archive_are_never_run(full_isp, archive):
    rewritten(archive, lambda e: signed(e, "schema.sql", b"DROP SCHEMA public CASCADE;\n" + e["schema.sql"]))
    restore(path=archive, slug="bellavista")
    with public_scope():
        assert ISP.objects.filter(slug="wispmega").exists()


def test_an_export_of_an_older_release_is_brought_to_todays(full_isp, archive, monkeypatch):
    """Here the older release lacks the latest migration of an app that nothing else stands on."""
    from tenants.releases import current_release

    manifest = json.loads(read(archive, "manifest.json"))
    assert ["messaging", "0001_initial"] in manifest["migrations"]

    def forget_messaging(entries):
        changed = json.loads(entries["manifest.json"])
        changed["migrations"] = [row for row in changed["migrations"] if row[0] != "messaging"]
        dump = entries["schema.sql"]
        dump = re.sub(rb"^COPY \S+\.messaging_\w+ \(.*?\n\\\.\n", b"", dump, flags=re.DOTALL | re.MULTILINE)
        lines = dump.splitlines(True)
        dump = b"".join(line for line in lines if b"setval" not in line or b"messaging" not in line)
        entries["manifest.json"] = json.dumps(changed).encode()
        signed(entries, "schema.sql", dump)

    rewritten(archive, forget_messaging)
    result = restore(path=archive, slug="bellavista")
    assert result.isp.release == current_release()
    with isp_scope(result.isp), transaction.atomic():
        assert not Message.objects.exists()
        assert Subscriber.objects.count() == 2


def test_an_export_of_a_newer_release_is_refused(full_isp, archive):
    def newer(entries):
        changed = json.loads(entries["manifest.json"])
        changed["migrations"].append(["company", "9999_from_the_future"])
        entries["manifest.json"] = json.dumps(changed).encode()

    rewritten(archive, newer)
    before = everything()
    with pytest.raises(CannotRestore, match="newer release"):
        restore(path=archive, slug="bellavista")
    assert everything() == before


def test_memory_stays_flat(full_isp, tmp_path, monkeypatch):
    """The largest piece that is held at a time does not depend on how much there is."""
    with isp_scope(full_isp.isp), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_storedfile (uuid, path, name, content_type, size, sha256, created_at)"
            " SELECT gen_random_uuid(), n::text, repeat('x', 100), '', 0, '', now() FROM generate_series(1, 50000) n"
        )
    pieces = []
    real = archives.Entry.write
    monkeypatch.setattr(archives.Entry, "write", lambda entry, data: (pieces.append(len(data)), real(entry, data))[1])
    exports.export(isp=full_isp.isp, to=tmp_path / "big.zip")
    assert sum(pieces) > 8_000_000
    assert max(pieces) <= max(archives.CHUNK, 4_000_000)


def test_the_dump_is_made_by_the_direct_address(full_isp, tmp_path, settings):
    settings.DIRECT_DATABASE = {"HOST": str(tmp_path / "nowhere")}
    with pytest.raises(exports.CannotExport, match="nowhere"):
        exports.export(isp=full_isp.isp, to=tmp_path / "one.zip")
    assert not list(tmp_path.glob("one*"))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("export_isp", ["nobody", "--to", "x.zip"]),
        ("restore_isp", ["/nowhere.zip"]),
        ("rename_isp", ["nobody", "neuer"]),
        ("close_isp", ["nobody", "--cancel"]),
        ("delete_isp", ["nobody", "--yes-really", "nobody"]),
    ],
)
def test_on_the_terminal_a_wrong_name_is_one_line_and_exit_code_2(committed, capsys, name, arguments):
    command = load_command_class("tenants", name)
    with pytest.raises(SystemExit) as ended:
        command.run_from_argv(["manage.py", name, *arguments])
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert "nobody" in said.err or "nowhere" in said.err


@pytest.fixture
def no_broker(monkeypatch):
    """The task is called by the test itself."""
    monkeypatch.setattr("tenants.tasks.make_export.delay", lambda **kwargs: None)


def test_an_owner_gets_the_export_that_was_asked_for(full_isp, settings, no_broker):
    with public_scope():
        with transaction.atomic():
            order = exports.ask_for_export(isp=full_isp.isp, by=full_isp.staff[Role.OWNER])
        exports.make_export(export_id=order.pk)
        order.refresh_from_db()
        path = exports.export_path(order)
        assert (order.state, order.size) == ("done", path.stat().st_size)
        exports.make_export(export_id=order.pk)
        with archives.opened(path) as archive:
            assert archive.manifest["isp"]["slug"] == "altamira"
        order.__class__.objects.update(finished_at="2020-01-01T00:00Z")
        exports.sweep_exports()
        assert not order.__class__.objects.filter(pk=order.pk).exists()
    assert not path.exists()


def test_a_failed_export_is_said_and_another_can_be_asked_for(full_isp, settings, no_broker):
    settings.DIRECT_DATABASE = {"HOST": "/nowhere"}
    owner = full_isp.staff[Role.OWNER]
    with public_scope():
        with transaction.atomic():
            order = exports.ask_for_export(isp=full_isp.isp, by=owner)
        with pytest.raises(exports.CannotExport):
            exports.make_export(export_id=order.pk)
        order.refresh_from_db()
        assert order.state == "failed"
        with transaction.atomic():
            assert exports.ask_for_export(isp=full_isp.isp, by=owner).pk != order.pk
