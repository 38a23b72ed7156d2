"""Bets say which transaction wrote them last, so that only those are read again."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    """Add it: what was written before says nothing, and was there before anything is kept."""

    dependencies = [("betting", "0026_newest_opportunities_by_index")]
    operations = [
        migrations.AddField("bet", "changed", models.BigIntegerField(editable=False, null=True)),
        pgtrigger.migrations.AddTrigger(
            model_name="bet",
            trigger=pgtrigger.compiler.Trigger(
                name="who_changed_it_last",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="NEW.changed := pg_current_xact_id()::text::bigint; RETURN NEW;",
                    hash="2c78fb4423b7b88774c0d3b68c29b13efb3d4076",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_who_changed_it_last_cbe1e",
                    table="betting_bet",
                    when="BEFORE",
                ),
            ),
        ),
        # Of a column that it knows nothing of, Postgres takes a third for "changed since".
        migrations.RunSQL("ANALYZE betting_bet", migrations.RunSQL.noop),
    ]
