"""The journal reads its newest page from an index, not from every decision there is."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Add it while everybody goes on writing."""

    atomic = False
    dependencies = [("betting", "0001_squashed_0025_tags_and_notes")]
    operations = [
        # One that broke off leaves an index that is not valid: run again, this makes it anew.
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS opportunity_newest", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            "opportunity",
            models.Index(fields=["-as_of", "-id"], name="opportunity_newest"),
        ),
    ]
