import django.db.models.deletion
import django.db.models.expressions
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from accounts.migrating import Beginning
from django.db import migrations, models


class Migration(Beginning):

    replaces = [('models_registry', '0001_initial'), ('models_registry', '0002_scores_refusals_drift'), ('models_registry', '0003_life_cycle'), ('models_registry', '0004_proofs'), ('models_registry', '0005_recipe_of_a_training'), ('models_registry', '0001_squashed_0005_recipe_of_a_training'), ('models_registry', '0006_why_a_season_was_opened_again')]

    initial = True

    dependencies = [
        ('accounts', '0001_squashed_0014_dead_letters'),
        ('odds', '0001_squashed_0011_more_ends_of_an_event'),
    ]

    operations = [
        migrations.CreateModel(
            name='Predictor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(help_text='basketball_nba-h2h', max_length=64, unique=True)),
                ('market_key', models.CharField(default='h2h', max_length=32)),
                ('competition', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='predictors', to='odds.competition')),
            ],
            options={
                'ordering': ['key'],
            },
        ),
        migrations.CreateModel(
            name='ModelVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('algorithm', models.CharField(max_length=32)),
                ('created_at', models.DateTimeField()),
                ('trained_from', models.DateField()),
                ('trained_until', models.DateTimeField(help_text='nothing known later was used')),
                ('game_count', models.PositiveIntegerField()),
                ('data_hash', models.CharField(help_text='SHA-256 of the training matrix', max_length=64)),
                ('signature', models.JSONField(help_text='ordered feature names and types, checked at predict')),
                ('parameters', models.JSONField()),
                ('metrics', models.JSONField(help_text='by model, elo and close, on the same games: log_loss, brier, accuracy, ...')),
                ('artifact', models.CharField(help_text='path below the artefact folder', max_length=255)),
                ('checksum', models.CharField(help_text='SHA-256 of the artefact', max_length=64)),
                ('code_version', models.CharField(max_length=64)),
                ('notes', models.TextField(blank=True)),
                ('predictor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='models_registry.predictor')),
            ],
            options={
                'ordering': ['predictor', '-number'],
                'constraints': [models.UniqueConstraint(fields=('predictor', 'number'), name='version_number_once')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='modelversion',
            trigger=pgtrigger.compiler.Trigger(name='versions_are_immutable', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='0b9ea4036190ed2ac05fa2a90172b9829bc84c56', operation='UPDATE OR DELETE', pgid='pgtrigger_versions_are_immutable_46e01', table='models_registry_modelversion', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='Pause',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('paused', 'Paused'), ('released', 'Released by a person'), ('recovered', 'Recovered')], max_length=9)),
                ('at', models.DateTimeField()),
                ('reason', models.TextField()),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pauses', to='models_registry.modelversion')),
            ],
            options={
                'ordering': ['-at', '-pk'],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='pause',
            trigger=pgtrigger.compiler.Trigger(name='pauses_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='32996a5324a2cced377b418974dbed4b7e6fc339', operation='UPDATE OR DELETE', pgid='pgtrigger_pauses_are_append_only_90bcb', table='models_registry_pause', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='Prediction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('as_of', models.DateTimeField()),
                ('made_at', models.DateTimeField()),
                ('home_probability', models.FloatField()),
                ('draw_probability', models.FloatField(blank=True, help_text='empty where a draw is impossible', null=True)),
                ('distribution', models.JSONField(blank=True, default=dict, help_text='family and parameters of the score (domain/scores.py); empty in older rows')),
                ('features', models.JSONField()),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='predictions', to='odds.event')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='predictions', to='models_registry.modelversion')),
            ],
            options={
                'ordering': ['-as_of', '-pk'],
                'constraints': [models.UniqueConstraint(fields=('event', 'version', 'as_of'), name='one_prediction_a_moment'), models.CheckConstraint(condition=models.Q(('home_probability__gt', 0), ('home_probability__lt', 1)), name='prediction_is_a_probability'), models.CheckConstraint(condition=models.Q(('draw_probability', None), models.Q(('draw_probability__gt', 0), ('draw_probability__lt', django.db.models.expressions.CombinedExpression(models.Value(1), '-', models.F('home_probability')))), _connector='OR'), name='draw_leaves_room_for_away')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='prediction',
            trigger=pgtrigger.compiler.Trigger(name='predictions_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='cf3baf400f12e049f8f64d663c04bd4699f67059', operation='UPDATE OR DELETE', pgid='pgtrigger_predictions_are_append_only_f8e4c', table='models_registry_prediction', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='Opening',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('season', models.CharField(max_length=16)),
                ('recipe', models.CharField(max_length=64)),
                ('parameters', models.JSONField()),
                ('fingerprint', models.CharField(help_text='SHA-256 of recipe, parameters, code', max_length=64)),
                ('at', models.DateTimeField()),
                ('events', models.PositiveIntegerField()),
                ('figures', models.JSONField()),
                ('data_hash', models.CharField(max_length=64)),
                ('code_version', models.CharField(max_length=64)),
                ('number', models.PositiveIntegerField(help_text='1: the first model to see this season')),
                ('trials', models.PositiveIntegerField(help_text='settings tried by searches before')),
                ('reason', models.TextField(blank=True, help_text='why a strategy that had seen the season saw it again')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(help_text='the version whose record showed it; empty: evaluated on its own', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='openings', to='models_registry.modelversion')),
                ('predictor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='openings', to='models_registry.predictor')),
            ],
            options={
                'ordering': ['-at', '-pk'],
                'constraints': [models.UniqueConstraint(fields=('predictor', 'season', 'fingerprint'), name='one_opening_a_model'), models.UniqueConstraint(fields=('predictor', 'season', 'number'), name='openings_are_counted')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='opening',
            trigger=pgtrigger.compiler.Trigger(name='openings_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='85fd07bdb65d6f0e144d76812e8097e219899569', operation='UPDATE OR DELETE', pgid='pgtrigger_openings_are_append_only_f9669', table='models_registry_opening', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='DriftReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(help_text='UTC')),
                ('made_at', models.DateTimeField()),
                ('level', models.CharField(choices=[('fine', 'Fine'), ('warn', 'Warning'), ('pause', 'Pause')], max_length=5)),
                ('readings', models.JSONField(help_text='each: name, figure, warn and pause bounds, level, words')),
                ('plots', models.JSONField(help_text='calibration, rolling log loss beside the market, PSI')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='drift_reports', to='models_registry.modelversion')),
                ('predictor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='drift_reports', to='models_registry.predictor')),
            ],
            options={
                'ordering': ['-day', '-pk'],
                'constraints': [models.UniqueConstraint(fields=('predictor', 'day'), name='one_drift_report_a_day')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='driftreport',
            trigger=pgtrigger.compiler.Trigger(name='drift_reports_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='72405e57c798b0a70cd27c9559a5c365edd47708', operation='UPDATE OR DELETE', pgid='pgtrigger_drift_reports_are_append_only_9b440', table='models_registry_driftreport', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='Promotion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('promoted', 'Promoted'), ('rolled_back', 'Rolled back')], max_length=12)),
                ('at', models.DateTimeField()),
                ('reason', models.TextField()),
                ('gates', models.JSONField(help_text='each gate: name, passed, figure, bound')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('predictor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='promotions', to='models_registry.predictor')),
                ('replaced', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replacements', to='models_registry.modelversion')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='promotions', to='models_registry.modelversion')),
            ],
            options={
                'ordering': ['-at', '-pk'],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='promotion',
            trigger=pgtrigger.compiler.Trigger(name='promotions_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='4cadfcd7d7909d5f2546f1103e565aad95f49475', operation='UPDATE OR DELETE', pgid='pgtrigger_promotions_are_append_only_b689b', table='models_registry_promotion', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='Refusal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('as_of', models.DateTimeField()),
                ('made_at', models.DateTimeField()),
                ('cause', models.CharField(choices=[('expired', 'Expired'), ('outside', 'Outside what it was trained on'), ('broken', 'Artefact broken')], max_length=8)),
                ('detail', models.TextField()),
                ('distance', models.FloatField(blank=True, help_text='from what it was trained on', null=True)),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refusals', to='odds.event')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refusals', to='models_registry.modelversion')),
            ],
            options={
                'ordering': ['-as_of', '-pk'],
                'constraints': [models.UniqueConstraint(fields=('event', 'version', 'as_of'), name='one_refusal_a_moment')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='refusal',
            trigger=pgtrigger.compiler.Trigger(name='refusals_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='642fc9f4cb4f0c86a2e1512e2f65597bb673d604', operation='UPDATE OR DELETE', pgid='pgtrigger_refusals_are_append_only_85e86', table='models_registry_refusal', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='Remark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('tag', 'Tagged'), ('untag', 'Tag taken off'), ('note', 'Note')], max_length=5)),
                ('text', models.TextField()),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='remarks', to='models_registry.modelversion')),
            ],
            options={
                'ordering': ['-at', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='remark_says_something')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='remark',
            trigger=pgtrigger.compiler.Trigger(name='remarks_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='a8f951ff347cbbe16e649da9b3f5899f3021c29b', operation='UPDATE OR DELETE', pgid='pgtrigger_remarks_are_append_only_b4435', table='models_registry_remark', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='Search',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('recipe', models.CharField(max_length=64)),
                ('asked_at', models.DateTimeField()),
                ('until', models.DateTimeField(help_text='nothing known later is used')),
                ('seed', models.PositiveIntegerField(default=0)),
                ('trials_wanted', models.PositiveSmallIntegerField()),
                ('workers', models.PositiveSmallIntegerField(help_text='how many trials at once')),
                ('folds', models.JSONField(help_text='the seasons scored, in order')),
                ('held_out', models.JSONField(help_text='the seasons it never looks at')),
                ('data_hash', models.CharField(max_length=64)),
                ('code_version', models.CharField(max_length=64)),
                ('status', models.CharField(choices=[('running', 'Running'), ('done', 'Done'), ('stopped', 'Stopped'), ('failed', 'Failed')], default='running', max_length=8)),
                ('stop_asked_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('error', models.TextField(blank=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('predictor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='searches', to='models_registry.predictor')),
            ],
            options={
                'verbose_name_plural': 'searches',
                'ordering': ['-asked_at', '-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status', 'running')), fields=('predictor',), name='one_search_at_a_time')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='search',
            trigger=pgtrigger.compiler.Trigger(name='searches_are_kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='ae4df7ff8f3311ffb83b1552a470bf8bc87d01bb', operation='DELETE', pgid='pgtrigger_searches_are_kept_81464', table='models_registry_search', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='StageChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('before', models.CharField(choices=[('candidate', 'Candidate'), ('staging', 'Staging'), ('production', 'Production'), ('archived', 'Archived')], max_length=10)),
                ('stage', models.CharField(choices=[('candidate', 'Candidate'), ('staging', 'Staging'), ('production', 'Production'), ('archived', 'Archived')], max_length=10)),
                ('at', models.DateTimeField()),
                ('reason', models.TextField()),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stage_changes', to='models_registry.modelversion')),
            ],
            options={
                'ordering': ['-at', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('before', models.F('stage')), _negated=True), name='stage_change_changes_the_stage')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='stagechange',
            trigger=pgtrigger.compiler.Trigger(name='stage_changes_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='63e941a33c9e159c84a1696d14a97f5b88472a00', operation='UPDATE OR DELETE', pgid='pgtrigger_stage_changes_are_append_only_65089', table='models_registry_stagechange', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='Trial',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('parameters', models.JSONField()),
                ('status', models.CharField(choices=[('running', 'Running'), ('complete', 'Complete'), ('pruned', 'Given up early'), ('failed', 'Failed')], default='running', max_length=8)),
                ('attempt', models.PositiveSmallIntegerField(default=0, help_text='how many workers began it')),
                ('asked_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('log_loss', models.FloatField(blank=True, help_text='over all folds it finished', null=True)),
                ('error', models.TextField(blank=True)),
                ('search', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='trials', to='models_registry.search')),
            ],
            options={
                'ordering': ['search', 'number'],
                'constraints': [models.UniqueConstraint(fields=('search', 'number'), name='trial_number_once')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='trial',
            trigger=pgtrigger.compiler.Trigger(name='trials_are_kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='5ba038e6744058df3ee6a63863a9e9c3c8d04309', operation='DELETE', pgid='pgtrigger_trials_are_kept_628cb', table='models_registry_trial', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='trial',
            trigger=pgtrigger.compiler.Trigger(name='trials_that_ended_are_final', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."status" IN (\'complete\', \'pruned\', \'failed\'))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='b91b313e354ef176f4a4877fa73024c514ff78a6', operation='UPDATE', pgid='pgtrigger_trials_that_ended_are_final_9980d', table='models_registry_trial', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='TrainingRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asked_at', models.DateTimeField()),
                ('cause', models.CharField(choices=[('asked', 'Asked for'), ('scheduled', 'Scheduled'), ('drift', 'Drift')], default='asked', max_length=9)),
                ('until', models.DateTimeField(help_text='nothing known later is used')),
                ('notes', models.TextField(blank=True)),
                ('recipe', models.CharField(blank=True, help_text="what it is made by; empty: the trial's, or the usual", max_length=24)),
                ('status', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('succeeded', 'Succeeded'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=10)),
                ('attempt', models.PositiveSmallIntegerField(default=0, help_text='how many workers have begun it')),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('heartbeat_at', models.DateTimeField(blank=True, help_text='its last step', null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('step', models.CharField(blank=True, max_length=96)),
                ('folds_done', models.PositiveSmallIntegerField(default=0)),
                ('folds', models.PositiveSmallIntegerField(default=0, help_text='0: not known yet')),
                ('cancel_asked_at', models.DateTimeField(blank=True, null=True)),
                ('error', models.TextField(blank=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('predictor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='models_registry.predictor')),
                ('version', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='models_registry.modelversion')),
                ('trial', models.ForeignKey(blank=True, help_text="whose parameters it trains with; empty: the recipe's own", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='models_registry.trial')),
            ],
            options={
                'ordering': ['-asked_at', '-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status__in', ['queued', 'running'])), fields=('predictor',), name='one_training_at_a_time'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'succeeded'), ('version__isnull', False)), models.Q(models.Q(('status', 'succeeded'), _negated=True), ('version__isnull', True)), _connector='OR'), name='training_that_succeeded_made_a_version')],
            },
        ),
        migrations.CreateModel(
            name='TrialFold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('fold', models.IntegerField()),
                ('events', models.PositiveIntegerField()),
                ('log_loss', models.FloatField()),
                ('losses', models.BinaryField(help_text='float32, one an event, in order of start')),
                ('days', models.BinaryField(help_text='int32, days since 1970, one an event')),
                ('at', models.DateTimeField()),
                ('trial', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='folds', to='models_registry.trial')),
            ],
            options={
                'ordering': ['trial', 'fold'],
                'constraints': [models.UniqueConstraint(fields=('trial', 'fold'), name='trial_fold_once')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='trialfold',
            trigger=pgtrigger.compiler.Trigger(name='trial_folds_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='de7dc3656a9948ab9e9dc36fb79d98e34502ff71', operation='UPDATE OR DELETE', pgid='pgtrigger_trial_folds_are_append_only_d9140', table='models_registry_trialfold', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='Attack',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asked_at', models.DateTimeField()),
                ('seed', models.PositiveIntegerField(default=0, help_text='of the moments and the shuffles')),
                ('status', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('passed', 'No leak found'), ('found', 'Leak found'), ('failed', 'Failed')], default='queued', max_length=8)),
                ('attempt', models.PositiveSmallIntegerField(default=0, help_text='how many workers began it')),
                ('step', models.CharField(blank=True, max_length=96)),
                ('done', models.PositiveSmallIntegerField(default=0)),
                ('total', models.PositiveSmallIntegerField(default=0, help_text='0: not known yet')),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('data_hash', models.CharField(blank=True, help_text='of the history attacked', max_length=64)),
                ('code_version', models.CharField(blank=True, max_length=64)),
                ('checked', models.JSONField(default=dict, help_text='how many moments, columns and values')),
                ('leaks', models.JSONField(default=list, help_text='each: column, attack, event, moment')),
                ('shuffled', models.JSONField(default=dict, help_text="log loss on made-up results, base rate's")),
                ('error', models.TextField(blank=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attacks', to='models_registry.modelversion')),
            ],
            options={
                'ordering': ['-asked_at', '-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status__in', ['queued', 'running'])), fields=('version',), name='one_attack_at_a_time')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='attack',
            trigger=pgtrigger.compiler.Trigger(name='attacks_are_kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='e986c377cf8fc0656e4a6a2e5d55975d6f96df0b', operation='DELETE', pgid='pgtrigger_attacks_are_kept_a261e', table='models_registry_attack', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='attack',
            trigger=pgtrigger.compiler.Trigger(name='attacks_that_ended_are_final', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."status" IN (\'passed\', \'found\', \'failed\'))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='dd70924caecc8e9002f969a2be2fe4345f0a3bd4', operation='UPDATE', pgid='pgtrigger_attacks_that_ended_are_final_91df1', table='models_registry_attack', when='BEFORE')),
        ),
    ]
