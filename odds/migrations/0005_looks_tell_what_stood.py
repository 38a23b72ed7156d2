"""What a look confirmed is kept once a market, not on every quote; indexes that repeat others go."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('odds', '0004_credits_drift_and_files'),
    ]

    operations = [
        migrations.CreateModel(
            name='MarketLook',
            fields=[
                ('market', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='look', serialize=False, to='odds.market')),
                ('bookmaker_ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ('looked_at', django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(), size=None)),
                ('last_update', django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(null=True), size=None)),
            ],
        ),
        migrations.RunSQL(
            """
            INSERT INTO odds_marketlook (market_id, bookmaker_ids, looked_at, last_update)
            SELECT market_id, array_agg(bookmaker_id), array_agg(looked_at), array_agg(last_update)
            FROM (
                SELECT s.market_id, q.bookmaker_id, max(q.confirmed_at) AS looked_at,
                       max(q.last_update) AS last_update
                FROM odds_quote q JOIN odds_selection s ON s.id = q.selection_id
                GROUP BY 1, 2
            ) AS of_book
            GROUP BY market_id
            """,
            migrations.RunSQL.noop,
        ),
        # Room on the page, so that a price that moves rewrites its row there and no index.
        migrations.RunSQL(
            "ALTER TABLE odds_quote SET (fillfactor = 80);"
            "ALTER TABLE odds_marketlook SET (fillfactor = 60);",
            "ALTER TABLE odds_quote RESET (fillfactor);",
        ),
        migrations.RemoveConstraint(
            model_name='quote',
            name='quote_confirmed_after_seen',
        ),
        migrations.RemoveField(
            model_name='quote',
            name='confirmed_at',
        ),
        migrations.AlterField(
            model_name='market',
            name='event',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='markets', to='odds.event'),
        ),
        migrations.AlterField(
            model_name='quote',
            name='bookmaker',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='quotes', to='odds.bookmaker'),
        ),
        migrations.AlterField(
            model_name='quote',
            name='selection',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='quotes', to='odds.selection'),
        ),
        migrations.AlterField(
            model_name='referenceline',
            name='event',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='reference_lines', to='odds.event'),
        ),
        migrations.AlterField(
            model_name='selection',
            name='market',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='selections', to='odds.market'),
        ),
        migrations.AlterField(
            model_name='teamgame',
            name='event',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='team_games', to='odds.event'),
        ),
    ]
