import datetime
import django.db.models.deletion
import django.db.models.expressions
import pgtrigger.compiler
import pgtrigger.migrations
from decimal import Decimal
from django.conf import settings
from accounts.migrating import Beginning
from django.db import migrations, models


class Migration(Beginning):

    replaces = [('risk', '0001_initial'), ('risk', '0002_limits_of_markets_leagues_and_books'), ('risk', '0003_halts_of_a_scope_breakers_and_personal_limits'), ('risk', '0004_exclusions_among_halts'), ('risk', '0001_squashed_0004_exclusions_among_halts'), ('risk', '0005_deposit_limits_and_breakers_due'), ('risk', '0006_levels_of_everybody'), ('risk', '0007_where_people_are')]

    initial = True

    dependencies = [
        ('accounts', '0001_squashed_0014_dead_letters'),
    ]

    operations = [
        migrations.CreateModel(
            name='BreakersDue',
            fields=[
                ('owner', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField(db_index=True, help_text='none: at the next round', null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Assessment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(help_text='what was to be staked on', max_length=160)),
                ('at', models.DateTimeField()),
                ('asked', models.DecimalField(decimal_places=2, max_digits=12)),
                ('allowed', models.DecimalField(decimal_places=2, max_digits=12)),
                ('waterfall', models.JSONField(help_text='steps: name, stake after it, reason')),
                ('breaches', models.JSONField(help_text='each: rule, detail, figure, bound')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assessments', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-at', '-pk'],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='assessment',
            trigger=pgtrigger.compiler.Trigger(name='assessments_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='7cbc43a1e9240561cac4a9d9b81a4e95fd65665a', operation='UPDATE OR DELETE', pgid='pgtrigger_assessments_are_append_only_9f262', table='risk_assessment', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='BreakerLevel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('breaker', models.CharField(choices=[('drawdown', 'Drawdown'), ('losing_streak', 'Losing streak'), ('daily_loss', 'Loss of a day'), ('weekly_loss', 'Loss of a week'), ('clv_decay', 'CLV decay'), ('stale_feed', 'Stale feed'), ('unhealthy_model', 'Unhealthy model'), ('venue_unknowns', 'Venue unknowns')], max_length=16)),
                ('warn', models.FloatField()),
                ('trip', models.FloatField()),
                ('lock_hours', models.PositiveIntegerField(help_text='0: until somebody lifts it')),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='breaker_levels', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('owner', 'breaker'), name='one_level_a_breaker', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('trip__gte', models.F('warn')), ('warn__gt', 0)), name='breaker_warns_before_it_trips')],
            },
        ),
        migrations.CreateModel(
            name='BreakerReading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('breaker', models.CharField(choices=[('drawdown', 'Drawdown'), ('losing_streak', 'Losing streak'), ('daily_loss', 'Loss of a day'), ('weekly_loss', 'Loss of a week'), ('clv_decay', 'CLV decay'), ('stale_feed', 'Stale feed'), ('unhealthy_model', 'Unhealthy model'), ('venue_unknowns', 'Venue unknowns')], max_length=16)),
                ('scope', models.CharField(choices=[('all', 'Every new stake'), ('strategy', 'New stakes by one strategy'), ('bookmaker', 'New stakes at one bookmaker'), ('league', 'New stakes in one league'), ('model', 'New stakes that rest on one predictor'), ('venue', 'New stakes at one venue')], default='all', max_length=9)),
                ('scope_key', models.CharField(blank=True, max_length=96)),
                ('at', models.DateTimeField()),
                ('level', models.CharField(choices=[('fine', 'Fine'), ('warn', 'Warning'), ('trip', 'Tripped')], max_length=4)),
                ('figure', models.FloatField()),
                ('warn', models.FloatField()),
                ('trip', models.FloatField()),
                ('words', models.TextField()),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-at', '-pk'],
                'indexes': [models.Index(fields=['owner', 'breaker', 'scope', 'scope_key', '-id'], name='latest_reading')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='breakerreading',
            trigger=pgtrigger.compiler.Trigger(name='readings_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='f5562ea6c635e5763617fe0df561414b1f1a4ff4', operation='UPDATE OR DELETE', pgid='pgtrigger_readings_are_append_only_c7c9f', table='risk_breakerreading', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='Exclusion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('time_out', 'Time-out'), ('self_exclusion', 'Self-exclusion')], max_length=14)),
                ('since', models.DateTimeField()),
                ('until', models.DateTimeField(help_text='none: for good', null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exclusions', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-since', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('kind', 'time_out'), ('until__gte', django.db.models.expressions.CombinedExpression(models.F('since'), '+', models.Value(datetime.timedelta(days=1)))), ('until__isnull', False), ('until__lte', django.db.models.expressions.CombinedExpression(models.F('since'), '+', models.Value(datetime.timedelta(days=42))))), models.Q(('kind', 'self_exclusion'), ('until__isnull', True)), models.Q(('kind', 'self_exclusion'), ('until__gte', django.db.models.expressions.CombinedExpression(models.F('since'), '+', models.Value(datetime.timedelta(days=183))))), _connector='OR'), name='exclusion_is_long_enough')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='exclusion',
            trigger=pgtrigger.compiler.Trigger(name='exclusions_end_by_themselves', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='d7b8c6923022187d4cb1c69b43ca3112b6580f7e', operation='UPDATE OR DELETE', pgid='pgtrigger_exclusions_end_by_themselves_69f8c', table='risk_exclusion', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='exclusion',
            trigger=pgtrigger.compiler.Trigger(name='exclusions_are_not_truncated', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot truncate risk_exclusion rows';", hash='671b0e2c9260e8d2ba69e3d3f664629ef03b9c39', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_exclusions_are_not_truncated_f64c6', table='risk_exclusion', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='exclusion',
            trigger=pgtrigger.compiler.Trigger(name='exclusions_begin_now', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.since < now() - interval '5 minutes' THEN RAISE EXCEPTION 'pgtrigger: an exclusion begins now'; END IF; RETURN NEW;", hash='671df500b1da5a3d7c8c40c93aec9ea234a3d297', operation='INSERT', pgid='pgtrigger_exclusions_begin_now_63df0', table='risk_exclusion', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='Halt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cause', models.CharField(choices=[('excluded', 'Keeping away'), ('kill_switch', 'Kill switch'), ('manual', 'Manual lock'), ('drawdown', 'Drawdown breaker'), ('losing_streak', 'Losing streak breaker'), ('daily_loss', 'Daily loss breaker'), ('weekly_loss', 'Weekly loss breaker'), ('clv_decay', 'CLV breaker'), ('stale_feed', 'Stale feed breaker'), ('unhealthy_model', 'Unhealthy model breaker'), ('venue_unknowns', 'Venue breaker')], max_length=16)),
                ('scope', models.CharField(choices=[('all', 'Every new stake'), ('strategy', 'New stakes by one strategy'), ('bookmaker', 'New stakes at one bookmaker'), ('league', 'New stakes in one league'), ('model', 'New stakes that rest on one predictor'), ('venue', 'New stakes at one venue')], default='all', max_length=9)),
                ('scope_key', models.CharField(blank=True, max_length=96)),
                ('since', models.DateTimeField()),
                ('until', models.DateTimeField(blank=True, help_text='ends by itself then', null=True)),
                ('reason', models.TextField()),
                ('lifted_at', models.DateTimeField(blank=True, null=True)),
                ('lift_reason', models.TextField(blank=True)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('lifted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='halts', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-since', '-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('lifted_at__isnull', True)), fields=('owner', 'cause', 'scope', 'scope_key'), name='one_halt_in_force_a_cause', nulls_distinct=False), models.CheckConstraint(condition=models.Q(models.Q(('scope', 'all'), ('scope_key', '')), models.Q(models.Q(('scope', 'all'), _negated=True), models.Q(('scope_key', ''), _negated=True)), _connector='OR'), name='halt_names_what_it_stops'), models.CheckConstraint(condition=models.Q(('until__isnull', True), ('until__gt', models.F('since')), _connector='OR'), name='halt_ends_after_it_begins')],
            },
        ),
        migrations.CreateModel(
            name='Limits',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kelly_fraction', models.DecimalField(decimal_places=4, default=Decimal('0.2500'), help_text='of full Kelly', max_digits=5)),
                ('max_bet_share', models.DecimalField(decimal_places=4, default=Decimal('0.0200'), help_text='one bet', max_digits=5)),
                ('max_market_share', models.DecimalField(decimal_places=4, default=Decimal('0.0300'), help_text='what all open bets on one market can lose', max_digits=5)),
                ('max_event_share', models.DecimalField(decimal_places=4, default=Decimal('0.0300'), help_text='what all open bets on one event can lose', max_digits=5)),
                ('max_league_share', models.DecimalField(decimal_places=4, default=Decimal('0.5000'), help_text='all open bets in one league', max_digits=5)),
                ('max_bookmaker_share', models.DecimalField(decimal_places=4, default=Decimal('0.5000'), help_text='all open bets at one bookmaker', max_digits=5)),
                ('max_day_share', models.DecimalField(decimal_places=4, default=Decimal('0.1000'), help_text='all stakes placed in one day', max_digits=5)),
                ('max_drawdown_share', models.DecimalField(decimal_places=4, default=Decimal('0.2500'), help_text='fall of equity from its peak that halts placement', max_digits=5)),
                ('max_open_bets', models.PositiveIntegerField(default=200)),
                ('min_edge', models.DecimalField(decimal_places=4, default=Decimal('0.0000'), help_text='least expected profit per unit staked, where one is known', max_digits=5)),
                ('min_stake', models.DecimalField(decimal_places=2, default=Decimal('1.00'), max_digits=9)),
                ('owner', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='limits', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'limits',
                'constraints': [models.CheckConstraint(condition=models.Q(('kelly_fraction__gt', 0), ('kelly_fraction__lte', 1)), name='kelly_fraction_is_a_share'), models.CheckConstraint(condition=models.Q(('max_bet_share__gt', 0), ('max_bet_share__lte', 1), ('max_market_share__gt', 0), ('max_market_share__lte', 1), ('max_event_share__gt', 0), ('max_event_share__lte', 1), ('max_league_share__gt', 0), ('max_league_share__lte', 1), ('max_bookmaker_share__gt', 0), ('max_bookmaker_share__lte', 1), ('max_day_share__gt', 0), ('max_day_share__lte', 1), ('max_drawdown_share__gt', 0), ('max_drawdown_share__lte', 1)), name='limits_are_shares'), models.CheckConstraint(condition=models.Q(('min_stake__gt', 0)), name='min_stake_positive'), models.CheckConstraint(condition=models.Q(('max_open_bets__gt', 0)), name='some_bet_may_be_open'), models.CheckConstraint(condition=models.Q(('min_edge__gte', 0), ('min_edge__lt', 1)), name='min_edge_is_a_share')],
            },
        ),
        migrations.CreateModel(
            name='PersonalAsked',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('deposit', 'Deposits'), ('stake', 'Stakes'), ('loss', 'Losses'), ('time', 'Time')], max_length=7)),
                ('period', models.CharField(choices=[('day', 'a day'), ('week', 'a week'), ('month', 'a month')], max_length=5)),
                ('amount', models.DecimalField(decimal_places=2, help_text='none: no limit', max_digits=12, null=True)),
                ('asked_at', models.DateTimeField()),
                ('ready_at', models.DateTimeField()),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='raises_asked', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['asked_at', 'pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('confirmed_at__isnull', True), ('withdrawn_at__isnull', True)), fields=('owner', 'kind', 'period'), name='one_raise_asked_at_a_time'), models.CheckConstraint(condition=models.Q(('ready_at__gte', django.db.models.expressions.CombinedExpression(models.F('asked_at'), '+', models.Value(datetime.timedelta(days=1))))), name='a_raise_waits_a_day')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='personalasked',
            trigger=pgtrigger.compiler.Trigger(name='what_was_asked_never_changes', sql=pgtrigger.compiler.UpsertTriggerSql(func='RAISE EXCEPTION \'pgtrigger: Cannot update of "owner_id", "kind", "period", "amount", "asked_at", "ready_at" or delete rows from % table\', TG_TABLE_NAME;', hash='f5e834d2b503451d1fc3b91b9da501c3afeaa909', operation='UPDATE OF "owner_id", "kind", "period", "amount", "asked_at", "ready_at" OR DELETE', pgid='pgtrigger_what_was_asked_never_changes_b3e6b', table='risk_personalasked', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='personalasked',
            trigger=pgtrigger.compiler.Trigger(name='a_raise_is_asked_now', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.asked_at < now() - interval '5 minutes' THEN RAISE EXCEPTION 'pgtrigger: a raise is asked for now'; END IF; RETURN NEW;", hash='3bbcb0793861c0145864ac5ad502f245151ceac6', operation='INSERT', pgid='pgtrigger_a_raise_is_asked_now_9406b', table='risk_personalasked', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='PersonalLimit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('deposit', 'Deposits'), ('stake', 'Stakes'), ('loss', 'Losses'), ('time', 'Time')], max_length=7)),
                ('period', models.CharField(choices=[('day', 'a day'), ('week', 'a week'), ('month', 'a month')], max_length=5)),
                ('amount', models.DecimalField(decimal_places=2, help_text='none: no limit', max_digits=12, null=True)),
                ('since', models.DateTimeField()),
                ('asked', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='risk.personalasked')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='personal_limits', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__isnull', True), ('amount__gte', 0), _connector='OR'), name='personal_limit_not_negative')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='personallimit',
            trigger=pgtrigger.compiler.Trigger(name='personal_limits_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='9b8c253558191d0f9f555ba2e2e292ab1c573a5e', operation='UPDATE OR DELETE', pgid='pgtrigger_personal_limits_are_append_only_7393d', table='risk_personallimit', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='personallimit',
            trigger=pgtrigger.compiler.Trigger(name='raising_a_limit_waits', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE held risk_personallimit%ROWTYPE;', func="\n                    SELECT * INTO held FROM risk_personallimit\n                    WHERE owner_id = NEW.owner_id AND kind = NEW.kind AND period = NEW.period\n                    ORDER BY id DESC LIMIT 1;\n                    IF held.amount IS NOT NULL\n                        AND (NEW.amount IS NULL OR NEW.amount > held.amount)\n                        AND NOT EXISTS (\n                            SELECT FROM risk_personalasked a WHERE a.id = NEW.asked_id\n                            AND a.owner_id = NEW.owner_id AND a.kind = NEW.kind\n                            AND a.period = NEW.period\n                            AND a.amount IS NOT DISTINCT FROM NEW.amount\n                            AND a.withdrawn_at IS NULL AND a.asked_at > held.since\n                            AND a.asked_at <= now() - interval '24 hours'\n                        )\n                    THEN\n                        RAISE EXCEPTION 'pgtrigger: raising a personal limit waits 24 hours';\n                    END IF;\n                    RETURN NEW;\n                ", hash='e984fd150a0a32093d3aa9b87f3407fd69420c74', operation='INSERT', pgid='pgtrigger_raising_a_limit_waits_f91b3', table='risk_personallimit', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='PlaceSaid',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.CharField(help_text="such as GB or US-NJ; 'other' is neither", max_length=6)),
                ('reached_age', models.PositiveSmallIntegerField(help_text='0: younger than any rule asks for')),
                ('at', models.DateTimeField()),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='places_said', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='placesaid',
            trigger=pgtrigger.compiler.Trigger(name='what_was_said_stays', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='9bc40cfd6f20722fe70af3fe1e4011eb16eda6c6', operation='UPDATE OR DELETE', pgid='pgtrigger_what_was_said_stays_1cfc2', table='risk_placesaid', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='Presence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
                ('told_at', models.DateTimeField()),
                ('check_minutes', models.PositiveIntegerField(default=60)),
                ('owner', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='presence', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('check_minutes__gte', 5), ('check_minutes__lte', 240)), name='reality_check_every_so_often')],
            },
        ),
        migrations.CreateModel(
            name='TimeSpent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('seconds', models.PositiveIntegerField(default=0)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='time_spent', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('owner', 'day'), name='one_time_spent_a_day')],
            },
        ),
    ]
