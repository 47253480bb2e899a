import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0001_initial'),
        ('subscribers', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Preset',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=80, unique=True, verbose_name='name')),
                ('titles', models.JSONField(default=dict)),
                ('answers', models.JSONField(default=dict)),
                ('by_name', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name': 'saved mapping',
                'verbose_name_plural': 'saved mappings',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('state', models.CharField(choices=[('reading', 'being read'), ('open', 'waiting for you'), ('checking', 'being checked'), ('checked', 'checked'), ('running', 'being imported'), ('done', 'imported'), ('undoing', 'being undone'), ('undone', 'undone'), ('failed', 'cannot be read')], default='reading', max_length=10, verbose_name='state')),
                ('file_name', models.CharField(max_length=120, verbose_name='file')),
                ('digest', models.CharField(db_index=True, max_length=64)),
                ('size', models.PositiveBigIntegerField()),
                ('sheets', models.JSONField(default=list)),
                ('sheet', models.CharField(blank=True, max_length=120, verbose_name='sheet')),
                ('shape', models.JSONField(default=dict)),
                ('header_row', models.PositiveIntegerField(default=1)),
                ('columns', models.JSONField(default=list)),
                ('system', models.CharField(blank=True, max_length=20)),
                ('mapping', models.JSONField(default=dict)),
                ('answers', models.JSONField(default=dict)),
                ('total', models.PositiveIntegerField(default=0)),
                ('position', models.PositiveIntegerField(default=0)),
                ('counts', models.JSONField(default=dict)),
                ('made', models.JSONField(default=dict)),
                ('trouble', models.JSONField(default=dict)),
                ('by_id', models.BigIntegerField(null=True)),
                ('by_name', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('checked_at', models.DateTimeField(null=True)),
                ('run_by_id', models.BigIntegerField(null=True)),
                ('run_by_name', models.CharField(blank=True, max_length=200)),
                ('run_at', models.DateTimeField(null=True)),
                ('done_at', models.DateTimeField(null=True)),
                ('undone_by_id', models.BigIntegerField(null=True)),
                ('undone_by_name', models.CharField(blank=True, max_length=200)),
                ('undone_at', models.DateTimeField(null=True)),
                ('file', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.storedfile')),
            ],
            options={
                'verbose_name': 'import',
                'verbose_name_plural': 'imports',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Row',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('cells', models.JSONField(default=list)),
                ('flaw', models.JSONField(default=list)),
                ('values', models.JSONField(default=dict)),
                ('problems', models.JSONField(default=list)),
                ('verdict', models.CharField(blank=True, choices=[('new', 'new customer'), ('update', 'update'), ('skip', 'left out'), ('bad', 'not taken')], max_length=6)),
                ('leader', models.PositiveIntegerField(null=True)),
                ('matched', models.BigIntegerField(null=True)),
                ('outcome', models.CharField(blank=True, choices=[('loaded', 'imported'), ('undone', 'undone'), ('kept', 'kept')], max_length=6)),
                ('made', models.JSONField(default=dict)),
                ('before', models.JSONField(default=dict)),
                ('kept', models.JSONField(default=list)),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='imports.batch')),
                ('subscriber', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='subscribers.subscriber')),
            ],
            options={
                'verbose_name': 'row of an import',
                'verbose_name_plural': 'rows of imports',
                'ordering': ['batch', 'number'],
                'indexes': [models.Index(fields=['batch', 'verdict', 'number'], name='import_row_verdict')],
                'constraints': [models.UniqueConstraint(fields=('batch', 'number'), name='one_row_of_a_number')],
            },
        ),
    ]
