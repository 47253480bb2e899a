import django.contrib.postgres.indexes
from django.db import migrations

import core.search


class Migration(migrations.Migration):
    safe_because = "an ISP's log has some million rows at most, and only its own acts wait while they are read, for seconds"

    dependencies = [
        ("core", "0001_initial"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="auditentry",
            index=django.contrib.postgres.indexes.GinIndex(core.search.ActorWords(), name="audit_actor_words"),
        ),
    ]
