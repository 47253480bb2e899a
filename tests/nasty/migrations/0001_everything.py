from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Lower

FUNCTIONS = """
CREATE TYPE mood AS ENUM ('calm', 'it''s; cross');
CREATE DOMAIN shade AS text CHECK (VALUE LIKE '#%');
CREATE SEQUENCE ticket_numbers START 1000 INCREMENT 5;
CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    -- A semicolon; a quote ' and 100 % of a sign.
    NEW.changes := coalesce(OLD.changes, 0) + 1;
    INSERT INTO nasty_log (what) VALUES ('changed ' || NEW.name);
    RETURN NEW;
END
$body$;
CREATE FUNCTION next_ticket() RETURNS bigint LANGUAGE sql AS 'SELECT nextval(''ticket_numbers'')';
"""
AFTERWARDS = """
CREATE TABLE nasty_log (id integer GENERATED ALWAYS AS IDENTITY (START 7), what text NOT NULL, mood mood DEFAULT 'calm');
CREATE TRIGGER counted BEFORE UPDATE ON nasty_thing FOR EACH ROW EXECUTE FUNCTION count_up();
CREATE VIEW nasty_names AS SELECT lower(name) AS name FROM nasty_thing;
CREATE MATERIALIZED VIEW nasty_sizes AS SELECT count(*) AS things FROM nasty_thing;
CREATE TABLE nasty_slice (at date NOT NULL, number bigint DEFAULT next_ticket(), colour shade) PARTITION BY RANGE (at);
CREATE TABLE nasty_slice_old PARTITION OF nasty_slice FOR VALUES FROM ('2000-01-01') TO ('2030-01-01');
ALTER TABLE nasty_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY calm_only ON nasty_log USING (mood = 'calm');
CREATE RULE no_wipe AS ON DELETE TO nasty_slice DO INSTEAD NOTHING;
CREATE STATISTICS nasty_together ON name, size FROM nasty_thing;
COMMENT ON TABLE nasty_log IS 'What happened; 100 %';
INSERT INTO nasty_log (what) VALUES ('seeded; with '' and %') -- no semicolon at the end"""


def seed(apps, schema_editor):
    thing, part = apps.get_model("nasty", "Thing"), apps.get_model("nasty", "Part")
    things = thing.objects.bulk_create([thing(name=f"Thing {n} 100 % 'x'; --", size=n + 1) for n in range(40)])
    part.objects.create(thing=things[3], blob=b"\x00\xff'", data={"a": ["'", "%s", "ñ"]})
    thing.objects.filter(name__startswith="Thing 1").update(size=F("size") * 2)
    with schema_editor.connection.cursor() as cursor:
        cursor.executemany("INSERT INTO nasty_log (what) VALUES (%s)", [("a%",), ("b'",)])
        cursor.execute("SELECT setval('ticket_numbers', 2000)")
        cursor.execute("INSERT INTO nasty_slice (at) VALUES ('2026-01-01'), (%s)", ["2027-01-01"])


class Migration(migrations.Migration):
    operations = [
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Thing",
            fields=[
                ("id", models.BigAutoField(primary_key=True)),
                ("name", models.CharField(max_length=60, db_index=True, db_collation="C")),
                ("size", models.IntegerField(db_default=3)),
                ("double", models.GeneratedField(expression=F("size") * 2, output_field=models.IntegerField(), db_persist=True)),
                ("changes", models.IntegerField(default=0)),
                ("during", DateTimeRangeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["size"], name="nasty_big", condition=Q(size__gt=10)),
                    models.Index(Lower("name").desc(), name="nasty_lower"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=["name"], name="nasty_name_later", deferrable=models.Deferrable.DEFERRED),
                    models.UniqueConstraint(Lower("name"), name="nasty_any_case"),
                    models.CheckConstraint(condition=Q(size__gt=0), name="nasty_positive"),
                    ExclusionConstraint(name="nasty_no_overlap", expressions=[("during", RangeOperators.OVERLAPS)]),
                ],
            },
        ),
        migrations.CreateModel(
            name="Part",
            fields=[
                ("id", models.BigAutoField(primary_key=True)),
                ("thing", models.ForeignKey("nasty.Thing", models.CASCADE)),
                ("others", models.ManyToManyField("nasty.Thing", related_name="+")),
                ("blob", models.BinaryField()),
                ("data", models.JSONField(default=dict)),
            ],
        ),
        migrations.RunSQL(AFTERWARDS, migrations.RunSQL.noop),
    ]
