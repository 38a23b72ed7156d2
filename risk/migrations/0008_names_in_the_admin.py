"""Names that read well in the admin, in place of "personal askeds"; no table changes."""

from django.db import migrations


class Migration(migrations.Migration):
    """Say them."""

    dependencies = [("risk", "0001_squashed_0007_where_people_are")]
    operations = [
        migrations.AlterModelOptions("breakersdue", {"verbose_name_plural": "breakers due"}),
        migrations.AlterModelOptions(
            "personalasked",
            {
                "ordering": ["asked_at", "pk"],
                "verbose_name": "raise asked for",
                "verbose_name_plural": "raises asked for",
            },
        ),
        migrations.AlterModelOptions(
            "placesaid", {"ordering": ["-pk"], "verbose_name_plural": "places said"}
        ),
        migrations.AlterModelOptions("presence", {"verbose_name_plural": "presence"}),
        migrations.AlterModelOptions("timespent", {"verbose_name_plural": "time spent"}),
    ]
