import django.contrib.postgres.fields
import django.db.models.deletion
import odds.models.pricing
import pgtrigger.compiler
import pgtrigger.migrations
import psqlextra.backend.migrations.operations.add_default_partition
import psqlextra.backend.migrations.operations.create_partitioned_model
import psqlextra.manager.manager
import psqlextra.models.partitioned
import psqlextra.types
from accounts.migrating import Beginning
from django.db import migrations, models


class Migration(Beginning):

    replaces = [('odds', '0001_initial'), ('odds', '0002_price_changes'), ('odds', '0003_sightings'), ('odds', '0004_credits_drift_and_files'), ('odds', '0005_looks_tell_what_stood'), ('odds', '0006_pricing_rules_and_learned_weights'), ('odds', '0007_keys_held_by_the_statement'), ('odds', '0008_margins_by_the_worst_case'), ('odds', '0009_markets_held_by_the_statement'), ('odds', '0010_newest_look'), ('odds', '0011_more_ends_of_an_event')]

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Bookmaker',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(max_length=64, unique=True)),
                ('title', models.CharField(max_length=64)),
                ('is_exchange', models.BooleanField(default=False)),
                ('commission_share', models.DecimalField(decimal_places=4, default=0, help_text='of net winnings: 0.05 is 5 %', max_digits=5)),
                ('weight', models.FloatField(default=1.0, help_text='share of voice in the consensus; 0 keeps it out')),
                ('is_archive', models.BooleanField(default=False, help_text='A source of past closing prices at which nobody can bet.')),
            ],
            options={
                'ordering': ['title'],
                'constraints': [models.CheckConstraint(condition=models.Q(('commission_share__gte', 0), ('commission_share__lt', 1)), name='commission_is_a_share'), models.CheckConstraint(condition=models.Q(('weight__gte', 0)), name='bookmaker_weight_not_negative')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='bookmaker',
            trigger=pgtrigger.compiler.Trigger(name='bookmakers_are_kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='3a5b755628c1511cbb9548d8f2533d963d7cfd7e', operation='DELETE', pgid='pgtrigger_bookmakers_are_kept_a61c7', table='odds_bookmaker', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='CreditHold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=32)),
                ('planned', models.PositiveIntegerField()),
                ('held_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['provider'], name='credit_hold_provider')],
            },
        ),
        migrations.CreateModel(
            name='FeedRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=32)),
                ('kind', models.CharField(choices=[('odds', 'Odds'), ('scores', 'Scores'), ('events', 'Events'), ('sports', 'Sports'), ('event', 'Event odds'), ('history', 'Backfill'), ('file', 'File')], max_length=8)),
                ('subject', models.CharField(help_text='competition key or file name', max_length=255)),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('outcome', models.CharField(choices=[('running', 'Running'), ('succeeded', 'Succeeded'), ('failed', 'Failed')], default='running', max_length=10)),
                ('error', models.TextField(blank=True)),
                ('rows_read', models.PositiveIntegerField(default=0)),
                ('rows_new', models.PositiveIntegerField(default=0)),
                ('rows_repeated', models.PositiveIntegerField(default=0)),
                ('rows_quarantined', models.PositiveIntegerField(default=0)),
                ('credits_cost', models.IntegerField(blank=True, null=True)),
                ('credits_remaining', models.IntegerField(blank=True, null=True)),
                ('credits_used', models.IntegerField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-started_at', '-pk'],
                'indexes': [models.Index(fields=['provider', 'kind', '-started_at'], name='feed_run_latest')],
            },
        ),
        migrations.CreateModel(
            name='CreditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=32)),
                ('endpoint', models.CharField(max_length=16)),
                ('subject', models.CharField(blank=True, help_text='competition, event', max_length=128)),
                ('job', models.CharField(blank=True, help_text='what it was for', max_length=64)),
                ('asked_at', models.DateTimeField()),
                ('status', models.PositiveSmallIntegerField(help_text='null: no answer came', null=True)),
                ('error', models.CharField(blank=True, max_length=64)),
                ('planned', models.PositiveIntegerField()),
                ('expected', models.PositiveIntegerField(null=True)),
                ('charged', models.IntegerField(null=True)),
                ('remaining', models.IntegerField(null=True)),
                ('used', models.IntegerField(null=True)),
                ('feed_run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credit_entries', to='odds.feedrun')),
            ],
            options={
                'verbose_name_plural': 'credit entries',
                'ordering': ['-asked_at', '-pk'],
                'indexes': [models.Index(fields=['provider', '-asked_at', '-id'], name='credit_entry_latest')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='creditentry',
            trigger=pgtrigger.compiler.Trigger(name='credit_entries_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='25ea204df4999fb308bff6764873c68e40014a15', operation='UPDATE OR DELETE', pgid='pgtrigger_credit_entries_are_append_only_fa665', table='odds_creditentry', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='FileFeed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.SlugField(help_text="the source's name in our tables", max_length=32, unique=True)),
                ('address', models.CharField(help_text='https://... or file:... inside the folder that is allowed', max_length=500)),
                ('format', models.CharField(choices=[('football_data', 'football-data.co.uk'), ('csv', 'CSV with named columns')], max_length=16)),
                ('columns', models.JSONField(blank=True, default=dict, help_text='our column: theirs; see the guide on adding a feed')),
                ('every_minutes', models.PositiveIntegerField(default=60)),
                ('is_enabled', models.BooleanField(default=True)),
                ('names_teams', models.BooleanField(default=False, help_text='Whether a team nobody knows is a new team, not an error.')),
                ('etag', models.CharField(blank=True, max_length=255)),
                ('last_modified', models.CharField(blank=True, max_length=64)),
                ('digest', models.CharField(blank=True, help_text='SHA-256 of what came last', max_length=64)),
                ('asked_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.CheckConstraint(condition=models.Q(('every_minutes__gte', 1)), name='file_feed_rests')],
            },
        ),
        migrations.CreateModel(
            name='ProviderSport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=32)),
                ('key', models.CharField(max_length=64)),
                ('title', models.CharField(max_length=96)),
                ('group', models.CharField(blank=True, max_length=64)),
                ('is_active', models.BooleanField()),
                ('has_outrights', models.BooleanField(default=False)),
                ('seen_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['provider', 'key'],
                'constraints': [models.UniqueConstraint(fields=('provider', 'key'), name='provider_sport_once')],
            },
        ),
        migrations.CreateModel(
            name='QuarantinedRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(help_text='provider or file it came from', max_length=255)),
                ('row_number', models.PositiveIntegerField(null=True)),
                ('field', models.CharField(max_length=64)),
                ('reason', models.CharField(max_length=255)),
                ('raw', models.JSONField()),
                ('fingerprint', models.CharField(max_length=64)),
                ('seen_at', models.DateTimeField()),
                ('resolved_at', models.DateTimeField(blank=True, null=True)),
                ('feed_run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='quarantined_rows', to='odds.feedrun')),
            ],
            options={
                'ordering': ['-seen_at', '-pk'],
                'constraints': [models.UniqueConstraint(fields=('source', 'fingerprint'), name='quarantined_row_kept_once')],
            },
        ),
        migrations.CreateModel(
            name='SchemaDrift',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=32)),
                ('endpoint', models.CharField(max_length=16)),
                ('kind', models.CharField(choices=[('unknown_key', 'Unknown key'), ('missing_key', 'Missing key'), ('changed_type', 'Changed type'), ('unknown_market', 'Unknown market'), ('unkept_market', 'Market we cannot keep'), ('unknown_book', 'New bookmaker')], max_length=16)),
                ('path', models.CharField(help_text='where, or which market or bookmaker', max_length=128)),
                ('example', models.CharField(blank=True, max_length=255)),
                ('first_seen_at', models.DateTimeField()),
                ('last_seen_at', models.DateTimeField()),
                ('count', models.PositiveBigIntegerField(default=0)),
            ],
            options={
                'verbose_name_plural': 'schema drift',
                'ordering': ['-last_seen_at', '-pk'],
                'constraints': [models.UniqueConstraint(fields=('provider', 'endpoint', 'kind', 'path'), name='drift_noted_once')],
            },
        ),
        migrations.CreateModel(
            name='Sport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(max_length=64, unique=True)),
                ('title', models.CharField(max_length=64)),
            ],
            options={
                'ordering': ['title'],
            },
        ),
        migrations.CreateModel(
            name='Competition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(max_length=64, unique=True)),
                ('title', models.CharField(max_length=64)),
                ('time_zone', models.CharField(default='UTC', help_text="The zone whose calendar day names an event's day.", max_length=64)),
                ('is_simulated', models.BooleanField(default=False)),
                ('names_from', models.CharField(blank=True, help_text='The results source that names the teams; then odds sources only match names.', max_length=32)),
                ('sport', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='competitions', to='odds.sport')),
            ],
            options={
                'ordering': ['title'],
            },
        ),
        migrations.CreateModel(
            name='PricingRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('method', models.CharField(default='shin', help_text='how margins are removed: shin, power, ...; a blend such as 2*shin+power; or, outcome by outcome, the lowest probability of several: shin|power', max_length=120, validators=[odds.models.pricing.check_method])),
                ('reference_books', django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=64), blank=True, default=list, help_text='Bookmaker keys, first choice first, separated by commas: the first that prices a market gives its fair price alone. Empty, or where none does: all books by weight.', size=None)),
                ('reference_minutes', models.PositiveIntegerField(default=60, help_text='A reference last seen longer ago than this is passed over.')),
                ('reason', models.CharField(max_length=500)),
                ('in_force_from', models.DateTimeField()),
                ('sport', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pricing_rules', to='odds.sport')),
            ],
            options={
                'ordering': ['-in_force_from', '-pk'],
                'constraints': [models.UniqueConstraint(fields=('sport', 'in_force_from'), name='one_pricing_rule_at_a_time')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='pricingrule',
            trigger=pgtrigger.compiler.Trigger(name='pricing_rules_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='19e633a765f838f3b727564706ceb8763f608ab9', operation='UPDATE OR DELETE', pgid='pgtrigger_pricing_rules_are_append_only_f3a43', table='odds_pricingrule', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='Team',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=96)),
                ('code', models.CharField(blank=True, max_length=8)),
                ('competition', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='teams', to='odds.competition')),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(fields=('competition', 'name'), name='team_named_once')],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('season', models.CharField(help_text='2021-22, or 2022 where it fits one year', max_length=9)),
                ('stage', models.CharField(default='regular', help_text='regular, playoffs, ...', max_length=16)),
                ('day', models.DateField(help_text="Calendar day in the competition's time zone.")),
                ('starts_at', models.DateTimeField(help_text='Listed start; commence_time at The Odds API.')),
                ('start_is_exact', models.BooleanField(default=True, help_text='False where the source gives only the day.')),
                ('neutral_site', models.BooleanField(default=False)),
                ('status', models.CharField(choices=[('scheduled', 'Scheduled'), ('finished', 'Finished'), ('cancelled', 'Cancelled'), ('postponed', 'Postponed'), ('abandoned', 'Abandoned')], default='scheduled', max_length=12)),
                ('home_score', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('away_score', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('overtimes', models.PositiveSmallIntegerField(default=0)),
                ('result_seen_at', models.DateTimeField(blank=True, help_text='When the result was, or could first have been, known to us.', null=True)),
                ('competition', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='odds.competition')),
                ('away', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='away_events', to='odds.team')),
                ('home', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='home_events', to='odds.team')),
            ],
            options={
                'ordering': ['starts_at', 'pk'],
                'indexes': [models.Index(fields=['competition', 'starts_at'], name='event_by_start'), models.Index(fields=['starts_at'], name='event_start')],
                'constraints': [models.UniqueConstraint(fields=('competition', 'day', 'home', 'away'), name='event_once_a_day'), models.CheckConstraint(condition=models.Q(('home', models.F('away')), _negated=True), name='event_has_two_teams'), models.CheckConstraint(condition=models.Q(('status__in', ['scheduled', 'finished', 'cancelled', 'postponed', 'abandoned'])), name='event_status_known'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'finished'), _negated=True), models.Q(('away_score__isnull', False), ('home_score__isnull', False), ('result_seen_at__isnull', False)), _connector='OR'), name='finished_event_has_a_result')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='event',
            trigger=pgtrigger.compiler.Trigger(name='events_are_kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='24bfe1a9071ee69e0965e5d61514c110055a6b6e', operation='DELETE', pgid='pgtrigger_events_are_kept_33f2e', table='odds_event', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='EventReference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(help_text='the_odds_api, nba, football_data, nfl', max_length=32)),
                ('key', models.CharField(max_length=96)),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='references', to='odds.event')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('source', 'key'), name='reference_means_one_event')],
            },
        ),
        migrations.CreateModel(
            name='Market',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=48)),
                ('event', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='markets', to='odds.event')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('event', 'key'), name='market_once_an_event')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='market',
            trigger=pgtrigger.compiler.Trigger(name='markets_have_events', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT FROM added a WHERE NOT EXISTS (SELECT FROM odds_event t WHERE t.id = a.event_id)) THEN RAISE foreign_key_violation USING MESSAGE = 'event_id is in no row of odds_event'; END IF; RETURN NULL;", hash='151baa0a2d46be450bc70bf2a391ddabdf81e434', level='STATEMENT', operation='INSERT', pgid='pgtrigger_markets_have_events_4d13f', referencing='REFERENCING NEW TABLE AS added ', table='odds_market', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='market',
            trigger=pgtrigger.compiler.Trigger(name='markets_are_kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='ce4a5fedb5863596804cb475a97adb71fbfcad9c', operation='DELETE', pgid='pgtrigger_markets_are_kept_7579b', table='odds_market', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='market',
            trigger=pgtrigger.compiler.Trigger(name='markets_stay_where_they_are', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."event_id" IS DISTINCT FROM (NEW."event_id") OR OLD."id" IS DISTINCT FROM (NEW."id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='f7c130d88e7a422df3a2952510de10243008b2f3', operation='UPDATE', pgid='pgtrigger_markets_stay_where_they_are_841ff', table='odds_market', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='ReferenceLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('market_key', models.CharField(help_text='spreads (home points) or totals', max_length=32)),
                ('moment', models.CharField(choices=[('open', 'Open'), ('close', 'Close')], max_length=5)),
                ('source', models.CharField(max_length=32)),
                ('point', models.DecimalField(decimal_places=2, max_digits=6)),
                ('seen_at', models.DateTimeField()),
                ('event', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='reference_lines', to='odds.event')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('event', 'market_key', 'moment', 'source'), name='reference_line_once')],
            },
        ),
        migrations.CreateModel(
            name='Selection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('side', models.CharField(choices=[('home', 'Home'), ('away', 'Away'), ('draw', 'Draw'), ('over', 'Over'), ('under', 'Under')], max_length=8)),
                ('point', models.DecimalField(blank=True, decimal_places=2, max_digits=6, null=True)),
                ('market', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='selections', to='odds.market')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('market', 'side', 'point'), name='selection_once_a_market', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('side__in', ['home', 'away', 'draw', 'over', 'under'])), name='selection_side_known')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='selection',
            trigger=pgtrigger.compiler.Trigger(name='selections_have_markets', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT FROM added a WHERE NOT EXISTS (SELECT FROM odds_market t WHERE t.id = a.market_id)) THEN RAISE foreign_key_violation USING MESSAGE = 'market_id is in no row of odds_market'; END IF; RETURN NULL;", hash='75e72aadc271854e532b05b3a097feb7845a7864', level='STATEMENT', operation='INSERT', pgid='pgtrigger_selections_have_markets_ba28f', referencing='REFERENCING NEW TABLE AS added ', table='odds_selection', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='selection',
            trigger=pgtrigger.compiler.Trigger(name='selections_are_kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='89399ada2136bba331b5934604ccd7d43ad775f7', operation='DELETE', pgid='pgtrigger_selections_are_kept_c96ad', table='odds_selection', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='selection',
            trigger=pgtrigger.compiler.Trigger(name='selections_stay_where_they_are', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."market_id" IS DISTINCT FROM (NEW."market_id") OR OLD."id" IS DISTINCT FROM (NEW."id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='c7ebd2ed23bd0a9418417890c8bd414cc1c20f02', operation='UPDATE', pgid='pgtrigger_selections_stay_where_they_are_e9139', table='odds_selection', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='ClosingPrice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('fair_probability', models.FloatField()),
                ('method', models.CharField(max_length=120)),
                ('book_count', models.PositiveSmallIntegerField()),
                ('last_update', models.DateTimeField(help_text='the newest book time among the quotes used')),
                ('age', models.DurationField(help_text="event's start minus last_update")),
                ('captured_at', models.DateTimeField()),
                ('is_final', models.BooleanField(default=False)),
                ('selection', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='close', to='odds.selection')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('fair_probability__gt', 0), ('fair_probability__lt', 1)), name='closing_probability_is_one')],
            },
        ),
        migrations.CreateModel(
            name='Quote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('price', models.DecimalField(decimal_places=3, max_digits=9, null=True)),
                ('last_update', models.DateTimeField(help_text="the bookmaker's own time", null=True)),
                ('seen_at', models.DateTimeField()),
                ('bookmaker', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='quotes', to='odds.bookmaker')),
                ('selection', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='quotes', to='odds.selection')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('selection', 'bookmaker'), name='one_quote_a_book_and_selection'), models.CheckConstraint(condition=models.Q(('price__isnull', True), ('price__gt', 1), _connector='OR'), name='quote_price_above_one')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='quote',
            trigger=pgtrigger.compiler.Trigger(name='quotes_have_selections', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT FROM added a WHERE NOT EXISTS (SELECT FROM odds_selection t WHERE t.id = a.selection_id)) THEN RAISE foreign_key_violation USING MESSAGE = 'selection_id is in no row of odds_selection'; END IF; RETURN NULL;", hash='dbe79a63ac3c5f61e71c88433bcec0094c7ea42a', level='STATEMENT', operation='INSERT', pgid='pgtrigger_quotes_have_selections_1082c', referencing='REFERENCING NEW TABLE AS added ', table='odds_quote', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='quote',
            trigger=pgtrigger.compiler.Trigger(name='quotes_have_bookmakers', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT FROM added a WHERE NOT EXISTS (SELECT FROM odds_bookmaker t WHERE t.id = a.bookmaker_id)) THEN RAISE foreign_key_violation USING MESSAGE = 'bookmaker_id is in no row of odds_bookmaker'; END IF; RETURN NULL;", hash='99aafb9c7e0146d7fabb0895b759c05b8ffec3b6', level='STATEMENT', operation='INSERT', pgid='pgtrigger_quotes_have_bookmakers_e1a5a', referencing='REFERENCING NEW TABLE AS added ', table='odds_quote', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='quote',
            trigger=pgtrigger.compiler.Trigger(name='quotes_are_kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='500925a0a94a2b24400c979b7fe5dc0c0b33d5b8', operation='DELETE', pgid='pgtrigger_quotes_are_kept_8adbc', table='odds_quote', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='quote',
            trigger=pgtrigger.compiler.Trigger(name='quotes_stay_where_they_are', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."selection_id" IS DISTINCT FROM (NEW."selection_id") OR OLD."bookmaker_id" IS DISTINCT FROM (NEW."bookmaker_id") OR OLD."id" IS DISTINCT FROM (NEW."id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='03a70ac33d86e8e6de58c2617d030d4d2ed524ee', operation='UPDATE', pgid='pgtrigger_quotes_stay_where_they_are_e589a', table='odds_quote', when='BEFORE')),
        ),
        psqlextra.backend.migrations.operations.create_partitioned_model.PostgresCreatePartitionedModel(
            name='PriceChange',
            fields=[
                ('pk', models.CompositePrimaryKey('quote_id', 'seen_at', blank=True, editable=False, primary_key=True, serialize=False)),
                ('price', models.DecimalField(decimal_places=3, max_digits=9, null=True)),
                ('last_update', models.DateTimeField(null=True)),
                ('seen_at', models.DateTimeField()),
                ('quote', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='odds.quote')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('price__isnull', True), ('price__gt', 1), _connector='OR'), name='change_price_above_one')],
            },
            partitioning_options={
                'method': psqlextra.types.PostgresPartitioningMethod['RANGE'],
                'key': ['seen_at'],
            },
            bases=(psqlextra.models.partitioned.PostgresPartitionedModel,),
            managers=[
                ('objects', psqlextra.manager.manager.PostgresManager()),
            ],
        ),
        psqlextra.backend.migrations.operations.add_default_partition.PostgresAddDefaultPartition(
            model_name='PriceChange',
            name='default',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='pricechange',
            trigger=pgtrigger.compiler.Trigger(name='price_changes_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='bd42e85a7c98024f0a1d2289762d5d81da14ef9d', operation='UPDATE OR DELETE', pgid='pgtrigger_price_changes_are_append_only_5770e', table='odds_pricechange', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='pricechange',
            trigger=pgtrigger.compiler.Trigger(name='price_changes_have_quotes', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT FROM added a WHERE NOT EXISTS (SELECT FROM odds_quote t WHERE t.id = a.quote_id)) THEN RAISE foreign_key_violation USING MESSAGE = 'quote_id is in no row of odds_quote'; END IF; RETURN NULL;", hash='04f11d322baafa615b69763ec6abfa90a041b603', level='STATEMENT', operation='INSERT', pgid='pgtrigger_price_changes_have_quotes_b72cb', referencing='REFERENCING NEW TABLE AS added ', table='odds_pricechange', when='AFTER')),
        ),
        migrations.CreateModel(
            name='Sighting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('market_key', models.CharField(max_length=48)),
                ('seen_at', models.DateTimeField()),
                ('bookmaker_ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), help_text='bookmakers looked at; null means any', null=True, size=None)),
                ('fingerprint', models.BigIntegerField(help_text='of all that was listed')),
                ('event', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sightings', to='odds.event')),
            ],
            options={
                'indexes': [models.Index(fields=['seen_at'], name='sighting_newest')],
                'constraints': [models.UniqueConstraint(fields=('event', 'market_key', 'seen_at', 'fingerprint'), name='sighting_once')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='sighting',
            trigger=pgtrigger.compiler.Trigger(name='sightings_have_events', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT FROM added a WHERE NOT EXISTS (SELECT FROM odds_event t WHERE t.id = a.event_id)) THEN RAISE foreign_key_violation USING MESSAGE = 'event_id is in no row of odds_event'; END IF; RETURN NULL;", hash='6a2a6fe9cdfef78643df8611bc893c98ff773ca7', level='STATEMENT', operation='INSERT', pgid='pgtrigger_sightings_have_events_24c90', referencing='REFERENCING NEW TABLE AS added ', table='odds_sighting', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='sighting',
            trigger=pgtrigger.compiler.Trigger(name='sightings_stay_where_they_are', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."event_id" IS DISTINCT FROM (NEW."event_id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='e1dceec261b4e22688ae9bc63ff66bce2f3f48d6', operation='UPDATE', pgid='pgtrigger_sightings_stay_where_they_are_a1147', table='odds_sighting', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='TeamAlias',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('alias', models.CharField(help_text='lower case, single spaces', max_length=96)),
                ('competition', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='team_aliases', to='odds.competition')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='aliases', to='odds.team')),
            ],
            options={
                'verbose_name_plural': 'team aliases',
                'ordering': ['alias'],
                'constraints': [models.UniqueConstraint(fields=('competition', 'alias'), name='alias_means_one_team')],
            },
        ),
        migrations.CreateModel(
            name='TeamGame',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_home', models.BooleanField()),
                ('stats', models.JSONField(help_text='numbers by name: pts, fga, fta, oreb, tov, poss, ...')),
                ('seen_at', models.DateTimeField()),
                ('event', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='team_games', to='odds.event')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='games', to='odds.team')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('event', 'is_home'), name='one_box_score_a_side')],
            },
        ),
        migrations.CreateModel(
            name='WeightSet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('learned_at', models.DateTimeField()),
                ('target', models.CharField(choices=[('close', 'The close'), ('result', 'The result')], max_length=6)),
                ('hours_before', models.FloatField(help_text='how long before the start prices were judged')),
                ('events_learned', models.PositiveIntegerField()),
                ('events_tested', models.PositiveIntegerField()),
                ('score_before', models.FloatField(help_text='of the weights in force until then')),
                ('score_learned', models.FloatField()),
                ('gain_low', models.FloatField(help_text='95 % interval of the improvement, lower end')),
                ('gain_high', models.FloatField()),
                ('forced_because', models.CharField(blank=True, help_text='why it was stored though it was no better', max_length=500)),
                ('sport', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='weight_sets', to='odds.sport')),
            ],
            options={
                'ordering': ['-learned_at', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('target__in', ('close', 'result'))), name='weight_target_known'), models.CheckConstraint(condition=models.Q(('score_learned__lt', models.F('score_before')), models.Q(('forced_because', ''), _negated=True), _connector='OR'), name='weights_are_better_or_forced')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='weightset',
            trigger=pgtrigger.compiler.Trigger(name='weight_sets_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='261e3546c64ab65f27faea44d869113cd43ddf70', operation='UPDATE OR DELETE', pgid='pgtrigger_weight_sets_are_append_only_06e4d', table='odds_weightset', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='BookmakerWeight',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weight', models.FloatField()),
                ('events', models.PositiveIntegerField()),
                ('error', models.FloatField()),
                ('relative', models.FloatField()),
                ('margin', models.FloatField()),
                ('bookmaker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='learned_weights', to='odds.bookmaker')),
                ('weight_set', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='weights', to='odds.weightset')),
            ],
            options={
                'ordering': ['-weight', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('weight_set', 'bookmaker'), name='one_learned_weight_a_book'), models.CheckConstraint(condition=models.Q(('weight__gt', 0)), name='learned_weight_above_zero')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='bookmakerweight',
            trigger=pgtrigger.compiler.Trigger(name='learned_weights_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='359687f5f02dabd0fe9381d8c37ed9c6b59cf7eb', operation='UPDATE OR DELETE', pgid='pgtrigger_learned_weights_are_append_only_7a40a', table='odds_bookmakerweight', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='MarketLook',
            fields=[
                ('market', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='look', serialize=False, to='odds.market')),
                ('bookmaker_ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ('looked_at', django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(), size=None)),
                ('last_update', django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(null=True), size=None)),
            ],
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='marketlook',
            trigger=pgtrigger.compiler.Trigger(name='looks_have_markets', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT FROM added a WHERE NOT EXISTS (SELECT FROM odds_market t WHERE t.id = a.market_id)) THEN RAISE foreign_key_violation USING MESSAGE = 'market_id is in no row of odds_market'; END IF; RETURN NULL;", hash='63fdd8c75697ffe1c1be9678cac2e0342f68b81e', level='STATEMENT', operation='INSERT', pgid='pgtrigger_looks_have_markets_4ad01', referencing='REFERENCING NEW TABLE AS added ', table='odds_marketlook', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='marketlook',
            trigger=pgtrigger.compiler.Trigger(name='looks_stay_where_they_are', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."market_id" IS DISTINCT FROM (NEW."market_id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='7e2ab51862c97a678d3664ba1694283c2c2701fc', operation='UPDATE', pgid='pgtrigger_looks_stay_where_they_are_6d1cb', table='odds_marketlook', when='BEFORE')),
        ),
        migrations.RunSQL(
            sql='ALTER TABLE odds_quote SET (fillfactor = 80)',
            reverse_sql='',
        ),
        migrations.RunSQL(
            sql='ALTER TABLE odds_marketlook SET (fillfactor = 60)',
            reverse_sql='',
        ),
        migrations.RunSQL(
            sql='ALTER TABLE odds_event SET (fillfactor = 50)',
            reverse_sql='',
        ),
    ]
