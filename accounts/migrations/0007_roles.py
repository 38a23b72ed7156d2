import accounts.models.people
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_alerts'),
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.AlterModelManagers(
            name='user',
            managers=[
                ('objects', accounts.models.people.People()),
            ],
        ),
        migrations.AddField(
            model_name='user',
            name='role',
            field=models.CharField(choices=[('viewer', 'Viewer: reads, and can place nothing'), ('bettor', 'Bettor: bets and moves money of their own'), ('operator', 'Operator: runs models, venues, results and the admin'), ('admin', 'Admin: an operator who also says who may come in')], default='bettor', max_length=8),
        ),
        # Whoever had every right is an admin, whoever had the admin an operator.
        migrations.RunSQL(
            "UPDATE accounts_user SET is_staff = true, role = 'admin' WHERE is_superuser;"
            " UPDATE accounts_user SET role = 'operator' WHERE is_staff AND NOT is_superuser;"
            # A constraint is not added while rows of the same transaction wait for their checks.
            " SET CONSTRAINTS ALL IMMEDIATE;",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('is_staff', False), ('is_superuser', False), ('role__in', ('viewer', 'bettor'))), models.Q(('is_staff', True), ('is_superuser', False), ('role', 'operator')), models.Q(('is_staff', True), ('is_superuser', True), ('role', 'admin')), _connector='OR'), name='user_rights_are_of_role'),
        ),
    ]
