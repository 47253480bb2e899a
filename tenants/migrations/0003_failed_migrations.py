import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0002_releases_spares_and_templates'),
    ]

    operations = [
        migrations.CreateModel(
            name='FailedMigration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('migration', models.CharField(blank=True, max_length=200)),
                ('error', models.CharField(max_length=300)),
                ('at', models.DateTimeField()),
                ('isp', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='failed_migration', to='tenants.isp')),
            ],
            options={
                'ordering': ['at'],
            },
        ),
    ]
