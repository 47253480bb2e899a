from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("domains", "0002_claims"),
    ]

    operations = [
        migrations.AddField(
            model_name="domain",
            name="hsts_seconds",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="domain",
            name="hsts_since",
            field=models.DateTimeField(null=True),
        ),
    ]
