"""A name that reads well in the admin, in place of "take outs"; no table changes."""

from django.db import migrations


class Migration(migrations.Migration):
    """Say it."""

    dependencies = [("betting", "0028_what_moved_by_index")]
    operations = [
        migrations.AlterModelOptions(
            "takeout",
            {
                "ordering": ["-asked_at", "-pk"],
                "verbose_name": "export of everything",
                "verbose_name_plural": "exports of everything",
            },
        )
    ]
