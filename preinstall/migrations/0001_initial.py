import django.core.validators
import django.db.models.deletion
import uuid
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0001_initial'),
        ('subscribers', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Installation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('number', models.PositiveIntegerField(unique=True, verbose_name='number')),
                ('state', models.CharField(choices=[('planned', 'planned'), ('done', 'done'), ('cancelled', 'cancelled')], default='planned', max_length=10, verbose_name='state')),
                ('on', models.DateField(db_index=True, verbose_name='day')),
                ('begins', models.TimeField(blank=True, null=True, verbose_name='from')),
                ('ends', models.TimeField(blank=True, null=True, verbose_name='until')),
                ('cost', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=12, validators=[django.core.validators.MinValueValidator(Decimal('0'))], verbose_name='cost of the installation')),
                ('technician_id', models.BigIntegerField(null=True)),
                ('technician_name', models.CharField(blank=True, max_length=200, verbose_name='technician')),
                ('notes', models.TextField(blank=True, max_length=1000, verbose_name='notes for the technician')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('done_at', models.DateTimeField(null=True)),
                ('report', models.TextField(blank=True, max_length=1000, verbose_name='what was done')),
                ('signed_by', models.CharField(blank=True, max_length=120, verbose_name='name of who signs')),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='installations', to='subscribers.service')),
                ('signature', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.storedfile')),
            ],
            options={
                'verbose_name': 'installation',
                'verbose_name_plural': 'installations',
                'ordering': ['-on', '-pk'],
                'indexes': [models.Index(fields=['technician_id', 'on'], name='installation_of_technician')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'planned')), fields=('service',), name='one_planned_installation_of_a_service')],
            },
        ),
        migrations.CreateModel(
            name='InstallationChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('planned', 'planned'), ('done', 'done'), ('cancelled', 'cancelled')], max_length=10)),
                ('on', models.DateField()),
                ('begins', models.TimeField(null=True)),
                ('technician_name', models.CharField(blank=True, max_length=200)),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                ('by_id', models.BigIntegerField(null=True)),
                ('by_name', models.CharField(blank=True, max_length=200)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('installation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='preinstall.installation')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='InstallationPhoto',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('file', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.storedfile')),
                ('installation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='photos', to='preinstall.installation')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='InstallRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('submission', models.UUIDField(unique=True)),
                ('number', models.PositiveIntegerField(unique=True, verbose_name='number')),
                ('state', models.CharField(choices=[('new', 'new'), ('in_review', 'in review'), ('approved', 'approved'), ('rejected', 'rejected'), ('activated', 'activated')], db_index=True, default='new', max_length=10, verbose_name='state')),
                ('first_name', models.CharField(max_length=80, verbose_name='first names')),
                ('last_name', models.CharField(max_length=80, verbose_name='surnames')),
                ('id_number', models.CharField(blank=True, max_length=40, verbose_name='official ID number')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail')),
                ('address', models.CharField(max_length=200, verbose_name='address')),
                ('district', models.CharField(blank=True, max_length=80, verbose_name='district')),
                ('city', models.CharField(blank=True, max_length=80, verbose_name='city')),
                ('postcode', models.CharField(blank=True, max_length=12, verbose_name='postcode')),
                ('mobile', models.CharField(max_length=20, verbose_name='mobile')),
                ('second_mobile', models.CharField(blank=True, max_length=20, verbose_name='second mobile')),
                ('comments', models.TextField(blank=True, max_length=2000, verbose_name='comments')),
                ('language', models.CharField(max_length=5)),
                ('was_known', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(auto_now_add=True, db_index=True, verbose_name='received')),
                ('subscriber', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='install_requests', to='subscribers.subscriber')),
            ],
            options={
                'verbose_name': 'install request',
                'verbose_name_plural': 'install requests',
                'ordering': ['-number'],
            },
        ),
        migrations.AddField(
            model_name='installation',
            name='request',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='installations', to='preinstall.installrequest'),
        ),
        migrations.CreateModel(
            name='RequestComment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField(max_length=2000, verbose_name='comment')),
                ('by_id', models.BigIntegerField(null=True)),
                ('by_name', models.CharField(max_length=200)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='staff_comments', to='preinstall.installrequest')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='RequestCounter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('last', models.PositiveIntegerField(default=0)),
            ],
            options={
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='preinstall_requestcounter_one_row')],
            },
        ),
        migrations.CreateModel(
            name='RequestDocument',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('kind', models.CharField(choices=[('id_front', 'Official ID, front'), ('id_back', 'Official ID, back'), ('proof_of_address', 'Proof of address'), ('coupon', 'Coupon or discount')], max_length=20)),
                ('file', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.storedfile')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='documents', to='preinstall.installrequest')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('request', 'kind'), name='one_document_of_a_kind')],
            },
        ),
        migrations.CreateModel(
            name='StateChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('new', 'new'), ('in_review', 'in review'), ('approved', 'approved'), ('rejected', 'rejected'), ('activated', 'activated')], max_length=10)),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                ('by_id', models.BigIntegerField(null=True)),
                ('by_name', models.CharField(blank=True, max_length=200)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='state_changes', to='preinstall.installrequest')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='DraftUpload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('submission', models.UUIDField()),
                ('kind', models.CharField(choices=[('id_front', 'Official ID, front'), ('id_back', 'Official ID, back'), ('proof_of_address', 'Proof of address'), ('coupon', 'Coupon or discount')], max_length=20)),
                ('created_at', models.DateTimeField(auto_now_add=True, db_index=True)),
                ('file', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.storedfile')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('submission', 'kind'), name='one_draft_of_a_kind')],
            },
        ),
    ]
