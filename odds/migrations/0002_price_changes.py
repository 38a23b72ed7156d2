"""Price changes: partitioned by month of `seen_at` from the first row.

Written by hand where the generator would add the foreign key after the table: the key is part of
the primary key, so the table cannot be made without it.
"""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import psqlextra.backend.migrations.operations.add_default_partition
import psqlextra.backend.migrations.operations.create_partitioned_model
import psqlextra.manager.manager
import psqlextra.models.partitioned
import psqlextra.types
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("odds", "0001_initial")]

    operations = [
        psqlextra.backend.migrations.operations.create_partitioned_model.PostgresCreatePartitionedModel(
            name='PriceChange',
            fields=[
                ('pk', models.CompositePrimaryKey('quote_id', 'seen_at', blank=True, editable=False, primary_key=True, serialize=False)),
                ('quote', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='odds.quote')),
                ('price', models.DecimalField(decimal_places=3, max_digits=9, null=True)),
                ('last_update', models.DateTimeField(null=True)),
                ('seen_at', models.DateTimeField()),
            ],
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
        migrations.AddConstraint(
            model_name='pricechange',
            constraint=models.CheckConstraint(condition=models.Q(('price__isnull', True), ('price__gt', 1), _connector='OR'), name='change_price_above_one'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='pricechange',
            trigger=pgtrigger.compiler.Trigger(name='price_changes_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='bd42e85a7c98024f0a1d2289762d5d81da14ef9d', operation='UPDATE OR DELETE', pgid='pgtrigger_price_changes_are_append_only_5770e', table='odds_pricechange', when='BEFORE')),
        ),
    ]
