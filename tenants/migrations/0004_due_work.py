import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("tenants", "0003_failed_migrations"),
    ]

    operations = [
        migrations.CreateModel(
            name="DueWork",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40)),
                ("due_at", models.DateTimeField(db_index=True)),
                (
                    "isp",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="due_work", to="tenants.isp"
                    ),
                ),
            ],
            options={
                "ordering": ["due_at"],
                "constraints": [models.UniqueConstraint(fields=("isp", "kind"), name="one_due_date_per_kind")],
            },
        ),
    ]
