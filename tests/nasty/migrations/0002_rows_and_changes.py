import importlib

from django.db import migrations, models

first = importlib.import_module("tests.nasty.migrations.0001_everything")


class Migration(migrations.Migration):
    dependencies = [("nasty", "0001_everything")]

    operations = [
        migrations.RunPython(first.seed, migrations.RunPython.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AddField("Thing", "colour", models.CharField(max_length=7, default="#ffffff")),
        migrations.AlterField("Thing", "size", models.IntegerField(db_default=4)),
        migrations.AlterField("Thing", "changes", models.BigIntegerField(default=0)),
        migrations.RenameField("Thing", "changes", "changed"),
        migrations.RenameField("Thing", "changed", "changes"),
        migrations.RemoveField("Part", "others"),
        migrations.RemoveConstraint("Thing", "nasty_positive"),
        migrations.AlterUniqueTogether("Part", {("thing", "data")}),
    ]
