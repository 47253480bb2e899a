"""Which operations the system check warns about."""

import pytest

from tenants.fleet.checks import check_migrations


def found(fleet, operations, **rest):
    fleet.release("0002_change", operations, **rest)
    return [message.id for message in check_migrations() if "0002_change" in message.msg]


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ('migrations.RemoveField("gadget", "name"),', ["W001"]),
        ('migrations.DeleteModel("Gadget"),', ["W001"]),
        ('migrations.RenameField("gadget", "name", "title"),', ["W002"]),
        ('migrations.RenameModel("Gadget", "Thing"),', ["W002"]),
        ('migrations.AlterModelTable("gadget", "things"),', ["W002"]),
        ('migrations.AddField("gadget", "a", models.IntegerField(default=0)),', ["W003"]),
        ('migrations.AddField("gadget", "a", models.IntegerField(null=True)),', []),
        ('migrations.AddField("gadget", "a", models.IntegerField(db_default=0)),', []),
        ('migrations.AddField("gadget", "a", models.IntegerField(null=True, db_index=True)),', ["W005"]),
        ('migrations.AlterField("gadget", "name", models.IntegerField()),', ["W004"]),
        ('migrations.AlterField("gadget", "name", models.CharField(max_length=20)),', ["W004"]),
        ('migrations.AlterField("gadget", "name", models.CharField(max_length=80)),', []),
        ('migrations.AlterField("gadget", "name", models.TextField()),', []),
        ('migrations.AlterField("gadget", "name", models.CharField(max_length=40, null=True)),', []),
        ('migrations.AlterField("gadget", "name", models.CharField(max_length=40, unique=True)),', ["W005"]),
        ('migrations.AddIndex("gadget", models.Index(fields=["name"], name="by_name")),', ["W005"]),
        ('migrations.AddConstraint("gadget", models.UniqueConstraint(fields=["name"], name="u")),', ["W005"]),
        ('migrations.AlterModelOptions("gadget", {"ordering": ["name"]}),', []),
        ('migrations.RunSQL("CREATE INDEX CONCURRENTLY x ON payments_gadget (name)"),', ["E001"]),
        (
            'migrations.SeparateDatabaseAndState(database_operations=[migrations.RemoveField("gadget", "name")]),',
            ["W001"],
        ),
    ],
)
def test_what_breaks_or_holds_up_old_code_is_told(fleet, operations, expected):
    assert found(fleet, operations) == [f"migrations.{number}" for number in expected]


def test_a_column_that_becomes_required_is_told(fleet):
    fleet.release("0002_loose", 'migrations.AddField("gadget", "a", models.IntegerField(null=True)),')
    fleet.release("0003_strict", 'migrations.AlterField("gadget", "a", models.IntegerField()),')
    assert [message.id for message in check_migrations() if "0003_strict" in message.msg] == ["migrations.W004"]


def test_a_table_made_by_the_same_migration_may_get_anything(fleet):
    table = 'migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True))]),'
    assert found(fleet, table + 'migrations.AddField("new", "a", models.IntegerField(default=0, db_index=True)),') == []


def test_a_migration_that_gives_its_reason_is_not_warned_about(fleet):
    reason = 'safe_because = "Nobody has read it since the release before."'
    assert found(fleet, 'migrations.RemoveField("gadget", "name"),', fields=reason) == []


def test_no_reason_excuses_what_cannot_run(fleet):
    operation = 'migrations.RunSQL("DROP INDEX CONCURRENTLY x"),'
    assert found(fleet, operation, fields='safe_because = "x"') == ["migrations.E001"]


def test_our_own_migrations_have_nothing_to_be_warned_about():
    assert [message.msg for message in check_migrations()] == []
