from django.db import migrations

# Corrections were the only notices there were; they go on among all others.
MOVE = """
INSERT INTO accounts_alerttrigger (kind, key, owner_id, at, title, text, path, competition,
    strategy, bookmaker, written_at, handled_at, error)
SELECT 'correction', 'bet ' || s.bet_id || ' correction ' || s.sequence, n.owner_id, s.at,
    'Bet ' || s.bet_id || ': ' || replace(n.before, '_', ' ') || ' became '
        || replace(s.result, '_', ' '),
    s.reason, '/bets/' || s.bet_id || '/', '', '', '', s.at, s.at, ''
FROM betting_notice n JOIN betting_settlement s ON s.id = n.settlement_id ORDER BY n.id;
INSERT INTO accounts_notification (owner_id, trigger_id, kind, key, made_at, read_at)
SELECT n.owner_id, t.id, 'correction', t.key, s.at, n.read_at
FROM betting_notice n JOIN betting_settlement s ON s.id = n.settlement_id
JOIN accounts_alerttrigger t ON t.owner_id = n.owner_id
    AND t.key = 'bet ' || s.bet_id || ' correction ' || s.sequence
ORDER BY n.id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_alerts'),
        ('betting', '0021_keys_are_kept_at_the_door'),
    ]

    operations = [
        migrations.RunSQL(MOVE, migrations.RunSQL.noop),
        # The rows just written have keys to check, which an ALTER of the same tables would wait for.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.DeleteModel(name='Notice'),
    ]
