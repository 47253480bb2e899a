import core.crypto
import django.core.validators
import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='CaptchaKeys',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('domain', models.CharField(max_length=253, unique=True, verbose_name='domain')),
                ('site_key', models.CharField(max_length=100, verbose_name='site key')),
                ('secret_key', core.crypto.SecretField(verbose_name='secret key')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name': 'reCAPTCHA keys',
                'verbose_name_plural': 'reCAPTCHA keys',
                'ordering': ['domain'],
            },
        ),
        migrations.CreateModel(
            name='DocumentRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('id_front', 'Official ID, front'), ('id_back', 'Official ID, back'), ('proof_of_address', 'Proof of address'), ('coupon', 'Coupon or discount')], max_length=20, unique=True)),
                ('demand', models.CharField(choices=[('required', 'required'), ('optional', 'optional'), ('hidden', 'not asked for')], max_length=10)),
            ],
            options={
                'ordering': ['kind'],
            },
        ),
        migrations.CreateModel(
            name='CaptchaTest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('purpose', models.CharField(max_length=30)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(null=True)),
                ('host', models.CharField(max_length=253)),
                ('by_id', models.BigIntegerField(null=True)),
                ('by_name', models.CharField(blank=True, max_length=120)),
                ('outcome', models.CharField(blank=True, choices=[('works', 'works'), ('elsewhere', 'another page'), ('wrong_pair', 'keys of two sites'), ('bad_secret', 'unknown secret key'), ('no_box', 'no box')], max_length=10)),
                ('seen_host', models.CharField(blank=True, max_length=253)),
                ('answered_at', models.DateTimeField(null=True)),
                ('keys', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tests', to='company.captchakeys')),
            ],
            options={
                'verbose_name': 'try of reCAPTCHA keys',
                'ordering': ['-answered_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='ChatWidget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('vendor', models.CharField(blank=True, choices=[('', 'no chat'), ('smartsupp', 'Smartsupp'), ('tidio', 'Tidio'), ('tawk', 'Tawk.to'), ('crisp', 'Crisp'), ('chatwoot', 'Chatwoot'), ('other', 'another vendor')], default='', max_length=20)),
                ('account', models.CharField(blank=True, max_length=120)),
                ('host', models.CharField(blank=True, max_length=253)),
                ('script', models.TextField(blank=True, max_length=5000)),
                ('is_on', models.BooleanField(default=True, verbose_name='show the chat in the portal')),
            ],
            options={
                'verbose_name': 'chat widget',
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='company_chatwidget_one_row')],
            },
        ),
        migrations.CreateModel(
            name='PortalSettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('identifier', models.CharField(choices=[('slug', 'short name (easy to read)'), ('uuid', 'random code (hard to guess)')], default='slug', max_length=4, verbose_name='links carry')),
                ('accepts_requests', models.BooleanField(default=True, verbose_name='accept install requests')),
                ('shows_services', models.BooleanField(default=True, verbose_name='show services')),
                ('shows_payment_methods', models.BooleanField(default=True, verbose_name='show payment methods')),
                ('shows_contact', models.BooleanField(default=True, verbose_name='show contact')),
            ],
            options={
                'verbose_name': 'portal settings',
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='company_portalsettings_one_row')],
            },
        ),
        migrations.CreateModel(
            name='Profile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('display_name', models.CharField(blank=True, max_length=120, verbose_name='name shown to customers')),
                ('legal_name', models.CharField(blank=True, max_length=160, verbose_name='legal name')),
                ('tax_id', models.CharField(blank=True, max_length=40, verbose_name='tax ID')),
                ('email', models.EmailField(blank=True, help_text='New install requests are sent here too.', max_length=254, verbose_name='e-mail')),
                ('phone', models.CharField(blank=True, max_length=40, verbose_name='phone')),
                ('whatsapp', models.CharField(blank=True, max_length=40, verbose_name='WhatsApp')),
                ('website', models.URLField(blank=True, verbose_name='website')),
                ('address', models.TextField(blank=True, max_length=300, verbose_name='address')),
                ('opening_hours', models.CharField(blank=True, max_length=160, verbose_name='opening hours')),
            ],
            options={
                'verbose_name': 'company profile',
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='company_profile_one_row')],
            },
        ),
        migrations.CreateModel(
            name='RouterList',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('addresses', models.JSONField(default=list)),
                ('taken_at', models.DateTimeField(null=True)),
                ('taken_by', models.CharField(blank=True, max_length=120)),
            ],
            options={
                'verbose_name': 'list for routers',
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='company_routerlist_one_row')],
            },
        ),
        migrations.CreateModel(
            name='Branding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('colour', models.CharField(default='#066fd1', max_length=7, validators=[django.core.validators.RegexValidator('^#[0-9a-fA-F]{6}$')], verbose_name='brand colour')),
                ('welcome', models.CharField(blank=True, max_length=200, verbose_name='greeting on the sign-in page')),
                ('logo', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.storedfile')),
            ],
            options={
                'verbose_name': 'branding',
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='company_branding_one_row')],
            },
        ),
        migrations.CreateModel(
            name='InvoiceGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=80, unique=True, verbose_name='invoice group')),
                ('is_default', models.BooleanField(default=False, verbose_name='default group')),
                ('legal_name', models.CharField(blank=True, max_length=160, verbose_name='legal name')),
                ('tax_id', models.CharField(blank=True, max_length=40, verbose_name='tax ID')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail')),
                ('phone', models.CharField(blank=True, max_length=40, verbose_name='phone')),
                ('website', models.URLField(blank=True, verbose_name='website')),
                ('address', models.TextField(blank=True, max_length=300, verbose_name='address')),
                ('number_prefix', models.CharField(blank=True, max_length=12, verbose_name='invoice numbers begin with')),
                ('footer', models.TextField(blank=True, max_length=500, verbose_name='text at the foot of documents')),
                ('logo', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.storedfile')),
            ],
            options={
                'verbose_name': 'invoice group',
                'verbose_name_plural': 'invoice groups',
                'ordering': ['-is_default', 'name'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('is_default',), name='one_default_invoice_group')],
            },
        ),
    ]
