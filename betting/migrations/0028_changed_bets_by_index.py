"""What changed of a person's bets is found by an index."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Add it while everybody goes on writing."""

    atomic = False
    dependencies = [("betting", "0027_bets_say_who_changed_them_last")]
    operations = [
        # One that broke off leaves an index that is not valid: run again, this makes it anew.
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS bet_changed", migrations.RunSQL.noop),
        AddIndexConcurrently("bet", models.Index(fields=["owner", "changed"], name="bet_changed")),
    ]
