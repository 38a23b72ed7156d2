import accounts.models.people
import django.contrib.auth.validators
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from accounts.migrating import Beginning
from django.db import migrations, models


class Migration(Beginning):

    replaces = [('accounts', '0001_initial'), ('accounts', '0002_my_books_and_saved_filters'), ('accounts', '0001_squashed_0002_my_books_and_saved_filters'), ('accounts', '0003_audit_chain'), ('accounts', '0004_keys_with_scopes_and_kept_answers'), ('accounts', '0005_sessions_ended'), ('accounts', '0006_alerts'), ('accounts', '0007_roles'), ('accounts', '0008_invitations_and_leaving'), ('accounts', '0009_tokens_of_clients'), ('accounts', '0010_audit_sealed_by_transaction'), ('accounts', '0011_sources_of_signals'), ('accounts', '0012_messages_of_an_hour'), ('accounts', '0013_job_runs_once_a_slot'), ('accounts', '0014_dead_letters')]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='JobRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('job', models.CharField(max_length=64)),
                ('slot', models.DateTimeField(help_text='of the schedule that sent it; empty: somebody asked for it', null=True)),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('succeeded', models.BooleanField(null=True)),
                ('detail', models.JSONField(default=dict)),
                ('error', models.TextField(blank=True)),
            ],
            options={
                'ordering': ['-started_at', '-pk'],
                'indexes': [models.Index(fields=['job', '-started_at'], name='job_run_latest')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('slot__isnull', False)), fields=('job', 'slot'), name='job_run_once_a_slot'), models.CheckConstraint(condition=models.Q(('finished_at__isnull', True), ('finished_at__gte', models.F('started_at')), _connector='OR'), name='job_run_finishes_after_it_starts')],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('role', models.CharField(choices=[('viewer', 'Viewer: reads, and can place nothing'), ('bettor', 'Bettor: bets and moves money of their own'), ('operator', 'Operator: runs models, venues, results and the admin'), ('admin', 'Admin: an operator who also says who may come in')], default='bettor', max_length=8)),
                ('price_format', models.CharField(choices=[('decimal', 'Decimal (2.50)'), ('american', 'American (+150)'), ('fractional', 'Fractional (3/2)')], default='decimal', max_length=12)),
                ('time_zone', models.CharField(default='UTC', max_length=64)),
                ('theme', models.CharField(choices=[('system', 'As the device'), ('light', 'Light'), ('dark', 'Dark')], default='system', max_length=8)),
                ('my_books', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, default=list, help_text='keys of the bookmakers shown first on the odds screen', size=None)),
                ('sessions_ended', models.PositiveIntegerField(default=0, editable=False, help_text='how often every session of theirs was ended at once')),
                ('closing_at', models.DateTimeField(blank=True, editable=False, help_text='when the account is closed for good', null=True)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(('price_format__in', ['decimal', 'american', 'fractional'])), name='user_price_format_known'), models.CheckConstraint(condition=models.Q(('theme__in', ['system', 'light', 'dark'])), name='user_theme_known'), models.CheckConstraint(condition=models.Q(models.Q(('is_staff', False), ('is_superuser', False), ('role__in', ('viewer', 'bettor'))), models.Q(('is_staff', True), ('is_superuser', False), ('role', 'operator')), models.Q(('is_staff', True), ('is_superuser', True), ('role', 'admin')), _connector='OR'), name='user_rights_are_of_role')],
            },
            managers=[
                ('objects', accounts.models.people.People()),
            ],
        ),
        migrations.CreateModel(
            name='ClientLogin',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client', models.CharField(blank=True, help_text='what it says it is', max_length=128)),
                ('password_mark', models.CharField(help_text='tells whether the password is still the one it came with', max_length=128)),
                ('made_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(help_text='when it was last refreshed')),
                ('expires_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('ended_why', models.CharField(blank=True, max_length=64)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='client_logins', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-used_at', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('ended_at__isnull', True), models.Q(('ended_why', ''), _negated=True), _connector='OR'), name='client_login_ends_for_a_reason')],
            },
        ),
        migrations.CreateModel(
            name='DeadLetter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('task', models.CharField(max_length=128)),
                ('arguments', models.JSONField(default=dict, help_text='secrets are hidden')),
                ('is_whole', models.BooleanField(default=True, help_text='the arguments are all there, so it can be sent once more')),
                ('fingerprint', models.CharField(help_text='of the task and its arguments', max_length=64)),
                ('task_id', models.CharField(help_text='of the message that failed last', max_length=64)),
                ('slot', models.CharField(blank=True, help_text='of the schedule that sent it; empty: none did', max_length=40)),
                ('queue', models.CharField(max_length=32)),
                ('error', models.TextField()),
                ('traceback', models.TextField(blank=True)),
                ('trace_id', models.CharField(blank=True, max_length=32)),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
                ('times', models.PositiveIntegerField(default=1)),
                ('last_failure', models.CharField(help_text='so that one failure told twice is counted once', max_length=36)),
                ('status', models.CharField(choices=[('waiting', 'Waits for somebody'), ('retried', 'Sent once more'), ('dismissed', 'Dismissed'), ('overtaken', 'A later round did it')], default='waiting', max_length=9)),
                ('closed_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('closed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-last_at', '-pk'],
                'indexes': [models.Index(fields=['-closed_at'], name='dead_letter_closed'), models.Index(condition=models.Q(('status', 'waiting')), fields=['task'], name='dead_letter_waiting')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status', 'waiting')), fields=('fingerprint',), name='dead_letter_waits_once'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('status', 'waiting')), models.Q(('closed_at__isnull', False), ('status__in', ['retried', 'dismissed', 'overtaken'])), _connector='OR'), name='dead_letter_waits_or_is_closed'), models.CheckConstraint(condition=models.Q(('last_at__gte', models.F('first_at'))), name='dead_letter_fails_first_then_last')],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_hash', models.CharField(editable=False, max_length=64, unique=True)),
                ('email', models.EmailField(blank=True, help_text="whose account it is for; empty: anybody's", max_length=254)),
                ('role', models.CharField(choices=[('viewer', 'Viewer: reads, and can place nothing'), ('bettor', 'Bettor: bets and moves money of their own'), ('operator', 'Operator: runs models, venues, results and the admin'), ('admin', 'Admin: an operator who also says who may come in')], default='bettor', max_length=8)),
                ('made_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(null=True)),
                ('used_at', models.DateTimeField(null=True)),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to=settings.AUTH_USER_MODEL)),
                ('used_by', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='came_by', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-made_at', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('role__in', ['viewer', 'bettor', 'operator', 'admin'])), name='invited_role_known'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('made_at'))), name='invitation_ends_after_it_is_made'), models.CheckConstraint(condition=models.Q(models.Q(('used_at__isnull', True), ('used_by__isnull', True)), models.Q(('used_at__isnull', False), ('used_by__isnull', False)), _connector='OR'), name='invitation_used_by_somebody')],
            },
        ),
        migrations.CreateModel(
            name='KeptAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(help_text='the header Idempotency-Key', max_length=72)),
                ('fingerprint', models.CharField(help_text='SHA-256 of what was asked', max_length=64)),
                ('status', models.PositiveSmallIntegerField(default=0, help_text='0: being carried out')),
                ('body', models.TextField(blank=True, default='')),
                ('at', models.DateTimeField()),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='kept_answers', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['at'], name='kept_answer_oldest')],
                'constraints': [models.UniqueConstraint(fields=('owner', 'key'), name='answer_kept_once')],
            },
        ),
        migrations.CreateModel(
            name='RefreshToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(help_text='SHA-256; the text is not kept', max_length=64, unique=True)),
                ('made_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('login', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='accounts.clientlogin')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='SavedFilter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('page', models.CharField(help_text="the name of the page's address, e.g. 'odds'", max_length=16)),
                ('name', models.CharField(max_length=40)),
                ('query', models.CharField(max_length=512)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saved_filters', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(fields=('owner', 'page', 'name'), name='saved_filter_named_once')],
            },
        ),
        migrations.CreateModel(
            name='SignalSource',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(max_length=16, unique=True)),
                ('name', models.CharField(max_length=50)),
                ('secret', models.TextField(help_text='locked by FAIRLINE_SECRETS_KEYS; empty once revoked')),
                ('made_at', models.DateTimeField()),
                ('rotated_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='signal_sources', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-made_at', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('revoked_at__isnull', True), ('secret', ''), _connector='OR'), name='a_revoked_source_has_no_secret')],
            },
        ),
        migrations.CreateModel(
            name='AlertChannel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40)),
                ('kind', models.CharField(choices=[('mail', 'Mail'), ('telegram', 'Telegram'), ('slack', 'Slack'), ('discord', 'Discord'), ('webhook', 'Webhook')], max_length=8)),
                ('address', models.CharField(blank=True, help_text='of a webhook, or a Telegram chat; else in the secret', max_length=500)),
                ('secret', models.TextField(blank=True, help_text='sealed: token, address with token, or key')),
                ('created_at', models.DateTimeField()),
                ('removed_at', models.DateTimeField(null=True)),
                ('failures', models.PositiveIntegerField(default=0, help_text='in a row')),
                ('rests_until', models.DateTimeField(help_text='after a failure nothing is sent', null=True)),
                ('last_error', models.CharField(blank=True, max_length=200)),
                ('last_sent_at', models.DateTimeField(null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='alert_channels', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['name', 'pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('removed_at__isnull', True)), fields=('owner', 'name'), name='alert_channel_named_once'), models.CheckConstraint(condition=models.Q(('kind__in', ['mail', 'telegram', 'slack', 'discord', 'webhook'])), name='alert_channel_kind_known')],
            },
        ),
        migrations.CreateModel(
            name='AlertHours',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quiet_from', models.TimeField(blank=True, null=True)),
                ('quiet_to', models.TimeField(blank=True, null=True)),
                ('muted_until', models.DateTimeField(blank=True, null=True)),
                ('owner', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='alert_hours', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'alert hours',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('quiet_from__isnull', True), ('quiet_to__isnull', True)), models.Q(('quiet_from__isnull', False), ('quiet_to__isnull', False), models.Q(('quiet_from', models.F('quiet_to')), _negated=True)), _connector='OR'), name='quiet_hours_begin_and_end')],
            },
        ),
        migrations.CreateModel(
            name='AlertRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40)),
                ('kind', models.CharField(choices=[('edge', 'Edge found'), ('movement', 'Line moved, steam'), ('arbitrage', 'Arbitrage'), ('breaker', 'Breaker, halt'), ('feed', 'Feed in trouble'), ('model', 'Model drifted or paused'), ('settlement', 'Bet settled'), ('correction', 'Settlement corrected'), ('limits', 'Limit used up')], max_length=10)),
                ('competition', models.CharField(blank=True, max_length=64)),
                ('strategy', models.CharField(blank=True, max_length=64)),
                ('bookmaker', models.CharField(blank=True, max_length=64)),
                ('least_edge', models.FloatField(blank=True, help_text='0.03 is 3 %', null=True)),
                ('once_minutes', models.PositiveIntegerField(default=60, help_text='the same thing is told once in so many minutes')),
                ('digest', models.CharField(blank=True, choices=[('', 'At once'), ('hourly', 'Together, every hour'), ('daily', 'Together, at 8:00')], default='', max_length=6)),
                ('template', models.CharField(blank=True, max_length=500)),
                ('is_on', models.BooleanField(default=True)),
                ('muted_until', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('removed_at', models.DateTimeField(null=True)),
                ('channels', models.ManyToManyField(blank=True, related_name='rules', to='accounts.alertchannel')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='alert_rules', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['name', 'pk'],
                'indexes': [models.Index(condition=models.Q(('is_on', True), ('removed_at__isnull', True)), fields=['kind'], name='alert_rule_asked')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('removed_at__isnull', True)), fields=('owner', 'name'), name='alert_rule_named_once'), models.CheckConstraint(condition=models.Q(('kind__in', ['edge', 'movement', 'arbitrage', 'breaker', 'feed', 'model', 'settlement', 'correction', 'limits'])), name='alert_rule_kind_known')],
            },
        ),
        migrations.CreateModel(
            name='AlertTrigger',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('edge', 'Edge found'), ('movement', 'Line moved, steam'), ('arbitrage', 'Arbitrage'), ('breaker', 'Breaker, halt'), ('feed', 'Feed in trouble'), ('model', 'Model drifted or paused'), ('settlement', 'Bet settled'), ('correction', 'Settlement corrected'), ('limits', 'Limit used up')], max_length=10)),
                ('key', models.CharField(help_text='what it is about, for telling it once', max_length=128)),
                ('at', models.DateTimeField()),
                ('title', models.CharField(max_length=160)),
                ('text', models.TextField(blank=True)),
                ('path', models.CharField(max_length=200)),
                ('competition', models.CharField(blank=True, max_length=64)),
                ('strategy', models.CharField(blank=True, max_length=64)),
                ('bookmaker', models.CharField(blank=True, max_length=64)),
                ('edge', models.FloatField(null=True)),
                ('written_at', models.DateTimeField()),
                ('handled_at', models.DateTimeField(null=True)),
                ('error', models.CharField(blank=True, help_text='why it was parked', max_length=200)),
                ('owner', models.ForeignKey(help_text="empty: everybody's", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alert_triggers', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [models.Index(condition=models.Q(('handled_at__isnull', True)), fields=['id'], name='alert_trigger_waiting'), models.Index(fields=['written_at'], name='alert_trigger_age')],
            },
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('edge', 'Edge found'), ('movement', 'Line moved, steam'), ('arbitrage', 'Arbitrage'), ('breaker', 'Breaker, halt'), ('feed', 'Feed in trouble'), ('model', 'Model drifted or paused'), ('settlement', 'Bet settled'), ('correction', 'Settlement corrected'), ('limits', 'Limit used up')], max_length=10)),
                ('key', models.CharField(max_length=128)),
                ('made_at', models.DateTimeField()),
                ('read_at', models.DateTimeField(null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notifications', to=settings.AUTH_USER_MODEL)),
                ('rule', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notifications', to='accounts.alertrule')),
                ('trigger', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notifications', to='accounts.alerttrigger')),
            ],
            options={
                'ordering': ['-pk'],
                'indexes': [models.Index(fields=['owner', '-id'], name='notification_list'), models.Index(fields=['owner', 'kind', 'key', '-made_at'], name='notification_told')],
                'constraints': [models.UniqueConstraint(fields=('owner', 'trigger'), name='told_once_a_person')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, help_text='the same at every try', unique=True)),
                ('is_digest', models.BooleanField(default=False)),
                ('status', models.CharField(choices=[('waiting', 'Waiting'), ('sent', 'Sent'), ('dead', 'Given up'), ('dropped', 'Not sent')], default='waiting', max_length=7)),
                ('made_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('leased_until', models.DateTimeField(help_text='a worker has it until then', null=True)),
                ('tries', models.PositiveIntegerField(default=0)),
                ('sent_at', models.DateTimeField(null=True)),
                ('error', models.CharField(blank=True, max_length=200)),
                ('channel', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='accounts.alertchannel')),
                ('rule', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='accounts.alertrule')),
                ('notifications', models.ManyToManyField(related_name='deliveries', to='accounts.notification')),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'ordering': ['-pk'],
                'indexes': [models.Index(condition=models.Q(('status', 'waiting')), fields=['due_at', 'id'], name='delivery_due'), models.Index(fields=['channel', '-id'], name='delivery_of_a_channel'), models.Index(fields=['-made_at'], name='delivery_latest')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_digest', True)), fields=('channel', 'rule', 'due_at'), name='one_digest_a_time'), models.CheckConstraint(condition=models.Q(('status__in', ['waiting', 'sent', 'dead', 'dropped'])), name='delivery_status_known')],
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.CharField(editable=False, max_length=150, primary_key=True, serialize=False, unique=True)),
                ('prefix', models.CharField(editable=False, max_length=8, unique=True)),
                ('hashed_key', models.CharField(editable=False, max_length=150)),
                ('created', models.DateTimeField(auto_now_add=True, db_index=True)),
                ('name', models.CharField(default=None, help_text='A free-form name for the API key. Need not be unique. 50 characters max.', max_length=50)),
                ('revoked', models.BooleanField(blank=True, default=False, help_text='If the API key is revoked, clients cannot use it anymore. (This cannot be undone.)')),
                ('expiry_date', models.DateTimeField(blank=True, help_text='Once API key expires, clients cannot use it anymore.', null=True, verbose_name='Expires')),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=16), help_text='what it may do; accounts/scopes.py names all', size=None)),
                ('addresses', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=43), blank=True, default=list, help_text='networks it may be used from, such as 192.0.2.0/24; empty: anywhere', size=None)),
                ('last_used_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='api_keys', to=settings.AUTH_USER_MODEL)),
                ('replaced_by', models.OneToOneField(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaces', to='accounts.apikey')),
            ],
            options={
                'verbose_name': 'API key',
                'verbose_name_plural': 'API keys',
                'ordering': ('-created',),
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(('scopes__len__gt', 0)), name='api_key_has_a_scope')],
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(help_text="in the world's time, which a simulation may run ahead")),
                ('written_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text="by the database's own clock")),
                ('action', models.CharField(help_text="verb phrase, e.g. 'promoted version'", max_length=64)),
                ('subject', models.CharField(help_text="what it was done to, e.g. 'nba-h2h v3'", max_length=128)),
                ('detail', models.JSONField(default=dict)),
                ('before', models.JSONField(help_text='what changed, as it was', null=True)),
                ('after', models.JSONField(help_text='what changed, as it is now', null=True)),
                ('address', models.CharField(blank=True, help_text='the IP address asked from', max_length=45)),
                ('via', models.CharField(blank=True, help_text='session and its print, key, job or command', max_length=96)),
                ('request_id', models.CharField(blank=True, max_length=64)),
                ('written_in', models.BigIntegerField(help_text="the database's transaction, whose entries are sealed together", null=True)),
                ('number', models.PositiveBigIntegerField(help_text='in the chain, from 1, without a gap', null=True, unique=True)),
                ('hash', models.CharField(blank=True, help_text='SHA-256 over the hash before and this entry', max_length=64)),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='audit_entries', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'audit entries',
                'ordering': ['-at', '-pk'],
                'indexes': [models.Index(fields=['-at', '-id'], name='audit_latest'), models.Index(fields=['actor', '-at'], name='audit_of_a_person'), models.Index(fields=['action', '-at'], name='audit_of_an_action'), models.Index(condition=models.Q(('number__isnull', True)), fields=['written_in'], name='audit_to_seal')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='auditentry',
            trigger=pgtrigger.compiler.Trigger(name='audit_is_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                    IF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1 AND OLD.number IS NULL\n                       AND to_jsonb(NEW) - 'number' - 'hash' = to_jsonb(OLD) - 'number' - 'hash'\n                    THEN\n                        RETURN NEW;\n                    END IF;\n                    RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table',\n                        TG_TABLE_NAME;\n                ", hash='2875bb05c08f789262d957cba86ee92f1237f1d4', operation='UPDATE OR DELETE', pgid='pgtrigger_audit_is_append_only_a92c0', table='accounts_auditentry', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='auditentry',
            trigger=pgtrigger.compiler.Trigger(name='auditentrys_are_not_truncated', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot truncate accounts_auditentry rows';", hash='9e2dc0df5014e275c82f887ad5ba0f9d080c9cdd', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_auditentrys_are_not_truncated_5bcf5', table='accounts_auditentry', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='auditentry',
            trigger=pgtrigger.compiler.Trigger(name='audit_begins_unsealed', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                    NEW.written_at := clock_timestamp();\n                    NEW.written_in := pg_current_xact_id()::text::bigint;\n                    NEW.number := NULL;\n                    NEW.hash := '';\n                    RETURN NEW;\n                ", hash='9e67b5a2f358f614ea97d710ad3a5945c0106e8b', operation='INSERT', pgid='pgtrigger_audit_begins_unsealed_ea495', table='accounts_auditentry', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='auditentry',
            trigger=pgtrigger.compiler.Trigger(name='audit_is_sealed', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', declare='DECLARE head record; entry record;', func='\n                    SELECT number INTO entry FROM accounts_auditentry WHERE id = NEW.id;\n                    IF entry.number IS NOT NULL THEN\n                        RETURN NULL;\n                    END IF;\n                    INSERT INTO accounts_audithead (id, number, hash) VALUES (1, 0, \'\')\n                    ON CONFLICT (id) DO NOTHING;\n                    SELECT number, hash INTO head FROM accounts_audithead\n                    WHERE id = 1 FOR UPDATE;\n                    FOR entry IN\n                        SELECT * FROM accounts_auditentry\n                        WHERE written_in = NEW.written_in AND number IS NULL ORDER BY id\n                    LOOP\n                        head.number := head.number + 1;\n                        head.hash := encode(sha256(convert_to(head.hash || jsonb_build_array(head.number, entry.id, to_char(entry.at AT TIME ZONE \'UTC\', \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\'), to_char(entry.written_at AT TIME ZONE \'UTC\', \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\'), entry.actor_id, entry.action, entry.subject, entry.detail, entry.before, entry.after, entry.address, entry.via, entry.request_id)::text, \'UTF8\')), \'hex\');\n                        UPDATE accounts_auditentry SET number = head.number, hash = head.hash\n                        WHERE id = entry.id;\n                    END LOOP;\n                    UPDATE accounts_audithead SET number = head.number, hash = head.hash\n                    WHERE id = 1;\n                    RETURN NULL;\n                ', hash='8492c138e548f2ca16b696c8037f6d3c2630a34f', operation='INSERT', pgid='pgtrigger_audit_is_sealed_b4641', table='accounts_auditentry', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        migrations.CreateModel(
            name='AuditHead',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('number', models.PositiveBigIntegerField()),
                ('hash', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'verbose_name': 'head of the audit chain',
                'verbose_name_plural': 'head of the audit chain',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='one_head_of_the_audit_chain')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='audithead',
            trigger=pgtrigger.compiler.Trigger(name='the_head_follows_entries_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                    IF TG_OP = 'DELETE' OR pg_trigger_depth() < 2 THEN\n                        RAISE EXCEPTION 'pgtrigger: The head follows the audit entries only';\n                    END IF;\n                    RETURN NEW;\n                ", hash='c280cef7b205b817e824479e6fbb9874caecdf01', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_the_head_follows_entries_only_4a367', table='accounts_audithead', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='audithead',
            trigger=pgtrigger.compiler.Trigger(name='auditheads_are_not_truncated', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot truncate accounts_audithead rows';", hash='40a8e59c0815f862e06ec233e3fe299780f987d3', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_auditheads_are_not_truncated_ef444', table='accounts_audithead', when='BEFORE')),
        ),
    ]
