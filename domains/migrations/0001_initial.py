import django.db.models.deletion
import domains.models
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('tenants', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Claim',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('host', models.CharField(max_length=253, verbose_name='domain')),
                ('surface', models.CharField(choices=[('portal', 'portal'), ('dashboard', 'dashboard')], max_length=15)),
                ('token', models.CharField(default=domains.models._token, editable=False, max_length=43)),
                ('page_key', models.CharField(default=domains.models._token, editable=False, max_length=43, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('next_check_at', models.DateTimeField(db_index=True, null=True)),
                ('checks', models.PositiveIntegerField(default=0)),
                ('live_at', models.DateTimeField(null=True)),
                ('ready_at', models.DateTimeField(null=True)),
                ('lost_since', models.DateTimeField(null=True)),
                ('disabled_at', models.DateTimeField(null=True)),
                ('told', models.JSONField(default=dict)),
                ('isp', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='claims', to='tenants.isp')),
            ],
            options={
                'ordering': ['host'],
                'constraints': [models.UniqueConstraint(fields=('isp', 'host'), name='one_claim_per_isp_and_host')],
            },
        ),
        migrations.CreateModel(
            name='DnsTarget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.CharField(default=domains.models._label, max_length=16, unique=True)),
                ('isp', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='dns_target', to='tenants.isp')),
            ],
        ),
        migrations.CreateModel(
            name='Domain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('host', models.CharField(max_length=253, unique=True, verbose_name='domain')),
                ('surface', models.CharField(choices=[('portal', 'portal'), ('dashboard', 'dashboard')], max_length=15)),
                ('is_primary', models.BooleanField(default=True)),
                ('verified_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('hsts_seconds', models.PositiveIntegerField(null=True)),
                ('hsts_since', models.DateTimeField(null=True)),
                ('www_seen_at', models.DateTimeField(null=True)),
                ('www_wanted_at', models.DateTimeField(null=True)),
                ('www_looked_at', models.DateTimeField(null=True)),
                ('isp', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='domains', to='tenants.isp')),
            ],
            options={
                'ordering': ['host'],
                'indexes': [models.Index(condition=models.Q(('www_wanted_at', None), _negated=True), fields=['www_wanted_at'], name='www_wanted')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_primary', True)), fields=('isp', 'surface'), name='one_primary_domain_per_surface'), models.UniqueConstraint(domains.models.WithoutWww('host'), name='one_domain_with_and_without_www')],
            },
        ),
        migrations.CreateModel(
            name='Finding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('check_name', models.CharField(choices=[('pointing', 'The name leads to us'), ('ownership', 'The name is yours'), ('caa', 'Certificates are allowed'), ('certificate', 'The certificate is there'), ('reachable', 'The page opens'), ('captcha', 'Protection from robots works')], db_column='check', max_length=11)),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('good', 'good'), ('warning', 'look at this'), ('bad', 'missing or wrong')], default='waiting', max_length=7)),
                ('reason', models.CharField(max_length=30)),
                ('value', models.CharField(max_length=300)),
                ('since', models.DateTimeField(null=True)),
                ('checked_at', models.DateTimeField(null=True)),
                ('claim', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='findings', to='domains.claim')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('claim', 'check_name'), name='one_finding_per_claim_and_check')],
            },
        ),
    ]
