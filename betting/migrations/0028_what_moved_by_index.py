"""What changed or settled of a person's bets, and what is open, is found by an index."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

ADDED = (
    ("bet", models.Index(fields=["owner", "changed"], name="bet_changed")),
    ("bet", models.Index(fields=["owner", "settled_at"], name="bet_settled")),
    (
        "opportunity",
        models.Index(
            fields=["quote"], condition=models.Q(status="open"), name="opportunity_open"
        ),
    ),
)


class Migration(migrations.Migration):
    """Add them while everybody goes on writing."""

    atomic = False
    dependencies = [("betting", "0027_bets_say_who_changed_them_last")]
    operations = [
        operation
        for model, index in ADDED
        for operation in (
            # One that broke off leaves an index that is not valid: run again, this makes it anew.
            migrations.RunSQL(
                f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop
            ),
            AddIndexConcurrently(model, index),
        )
    ]
