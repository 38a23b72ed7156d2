import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_roles'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='closing_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='when the account is closed for good', null=True),
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_hash', models.CharField(editable=False, max_length=64, unique=True)),
                ('email', models.EmailField(blank=True, help_text="whose account it is for; empty: anybody's", max_length=254)),
                ('role', models.CharField(choices=[('viewer', 'Viewer: reads, and can place nothing'), ('bettor', 'Bettor: bets and moves money of their own'), ('operator', 'Operator: runs models, venues, results and the admin'), ('admin', 'Admin: an operator who also says who may come in')], default='bettor', max_length=8)),
                ('made_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(null=True)),
                ('used_at', models.DateTimeField(null=True)),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to=settings.AUTH_USER_MODEL)),
                ('used_by', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='came_by', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-made_at', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('role__in', ['viewer', 'bettor', 'operator', 'admin'])), name='invited_role_known'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('made_at'))), name='invitation_ends_after_it_is_made'), models.CheckConstraint(condition=models.Q(models.Q(('used_at__isnull', True), ('used_by__isnull', True)), models.Q(('used_at__isnull', False), ('used_by__isnull', False)), _connector='OR'), name='invitation_used_by_somebody')],
            },
        ),
    ]
