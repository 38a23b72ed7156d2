import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# A key that might write could do whatever its owner might.
SCOPES_OF_OLD = """
UPDATE accounts_apikey AS made SET scopes = CASE
    WHEN NOT can_write THEN ARRAY['read', 'read:own']
    WHEN is_staff THEN ARRAY['read', 'read:own', 'bet', 'transfer', 'settings', 'operate']
    ELSE ARRAY['read', 'read:own', 'bet', 'transfer', 'settings'] END
FROM accounts_user AS owner WHERE owner.id = made.owner_id
"""
CAN_WRITE_OF_NEW = "UPDATE accounts_apikey SET can_write = 'bet' = ANY (scopes)"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_audit_chain")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=16),
                default=list,
                help_text="what it may do; accounts/scopes.py names all",
                size=None,
            ),
            preserve_default=False,
        ),
        migrations.RunSQL(SCOPES_OF_OLD, CAN_WRITE_OF_NEW),
        migrations.RemoveField(model_name="apikey", name="can_write"),
        migrations.AddField(
            model_name="apikey",
            name="addresses",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=43),
                blank=True,
                default=list,
                help_text="networks it may be used from, such as 192.0.2.0/24; empty: anywhere",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="replaced_by",
            field=models.OneToOneField(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaces",
                to="accounts.apikey",
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(("scopes__len__gt", 0)), name="api_key_has_a_scope"
            ),
        ),
        migrations.CreateModel(
            name="KeptAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.CharField(help_text="the header Idempotency-Key", max_length=72),
                ),
                (
                    "fingerprint",
                    models.CharField(help_text="SHA-256 of what was asked", max_length=64),
                ),
                (
                    "status",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="0: being carried out"
                    ),
                ),
                ("body", models.TextField(blank=True, default="")),
                ("at", models.DateTimeField()),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="kept_answers",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["at"], name="kept_answer_oldest")],
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "key"), name="answer_kept_once")
                ],
            },
        ),
    ]
