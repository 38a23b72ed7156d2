"""Whether the books balance."""

from dataclasses import dataclass

from django.db import connection, transaction

from betting.models.ledger import link


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the books that cannot be: which rule, of what, in words."""

    rule: str
    subject: str
    detail: str


# Each query returns (subject, detail) for what cannot be. Sums are over transfers, the only truth;
# pots, bets and settlements must all agree with them.
_CHECKS: tuple[tuple[str, str], ...] = (
    (
        "pots_are_the_fold_of_transfers",
        """
        SELECT a.kind || ' of bankroll ' || a.bankroll_id,
               'holds ' || a.amount || ', its transfers add up to ' || coalesce(t.total, 0)
        FROM betting_ledgeraccount a LEFT JOIN (
            SELECT account, sum(amount) AS total FROM (
                SELECT destination_id AS account, amount FROM betting_transfer
                UNION ALL SELECT source_id, -amount FROM betting_transfer) moved
            GROUP BY account) t ON t.account = a.id
        WHERE a.amount <> coalesce(t.total, 0)
        """,
    ),
    (
        "own_money_is_never_negative",
        """
        SELECT kind || ' of bankroll ' || bankroll_id, 'holds ' || amount
        FROM betting_ledgeraccount WHERE kind IN ('free', 'book', 'at_risk') AND amount < 0
        """,
    ),
    (
        "transfers_stay_in_their_bankroll",
        """
        SELECT 'transfer ' || t.reference, 'from bankroll ' || s.bankroll_id
               || ' to bankroll ' || d.bankroll_id
        FROM betting_transfer t
        JOIN betting_ledgeraccount s ON s.id = t.source_id
        JOIN betting_ledgeraccount d ON d.id = t.destination_id
        WHERE s.bankroll_id <> d.bankroll_id
        """,
    ),
    (
        "at_risk_is_the_sum_of_open_stakes",
        """
        SELECT 'bankroll ' || a.bankroll_id,
               'at risk ' || a.amount || ', open stakes ' || coalesce(b.stakes, 0)
        FROM betting_ledgeraccount a LEFT JOIN (
            SELECT bankroll_id, sum(coalesce(matched_stake, stake)) AS stakes FROM betting_bet
            WHERE status IN ('placing', 'pending', 'open') GROUP BY bankroll_id) b
          ON b.bankroll_id = a.bankroll_id
        WHERE a.kind = 'at_risk' AND a.amount <> coalesce(b.stakes, 0)
        """,
    ),
    (
        "each_bet_moved_its_stake_and_its_return",
        """
        SELECT 'bet ' || b.id, b.status || ': at risk ' || coalesce(m.at_risk, 0)
               || ', free ' || coalesce(m.free, 0)
               || ' from stake ' || coalesce(b.matched_stake, b.stake)
               || ' and returned ' || coalesce(b.returned::text, 'nothing')
        FROM betting_bet b LEFT JOIN (
            SELECT moved.bet_id,
                   sum(moved.amount) FILTER (WHERE a.kind = 'at_risk') AS at_risk,
                   sum(moved.amount) FILTER (WHERE a.kind IN ('free', 'book')) AS free
            FROM (SELECT bet_id, destination_id AS account, amount FROM betting_transfer
                  UNION ALL
                  SELECT bet_id, source_id, -amount FROM betting_transfer) moved
            JOIN betting_ledgeraccount a ON a.id = moved.account
            WHERE moved.bet_id IS NOT NULL GROUP BY moved.bet_id) m ON m.bet_id = b.id
        WHERE coalesce(m.at_risk, 0)
              <> CASE WHEN b.status IN ('placing', 'pending', 'open')
                 THEN coalesce(b.matched_stake, b.stake) ELSE 0 END
           OR coalesce(m.free, 0) <> CASE WHEN b.status = 'settled'
              THEN b.returned - b.matched_stake WHEN b.status IN ('rejected', 'cancelled') THEN 0
              ELSE -coalesce(b.matched_stake, b.stake) END
        """,
    ),
    (
        "each_bet_takes_its_stake_once",
        """
        SELECT 'bet ' || b.id, count(t.id) || ' stake transfers'
        FROM betting_bet b
        LEFT JOIN betting_transfer t ON t.bet_id = b.id AND t.kind = 'stake'
        GROUP BY b.id HAVING count(t.id) <> 1
        """,
    ),
    (
        "each_settled_bet_is_resolved_once",
        """
        SELECT 'bet ' || b.id,
               b.status || ' with ' || count(s.id) || ' settlements, the last says '
               || coalesce((array_agg(s.result ORDER BY s.sequence DESC))[1], 'nothing')
               || ', the bet ' || coalesce(nullif(b.result, ''), 'nothing')
        FROM betting_bet b LEFT JOIN betting_settlement s ON s.bet_id = b.id
        GROUP BY b.id
        HAVING (b.status = 'settled' AND (
                    count(s.id) = 0 OR max(s.sequence) <> count(s.id)
                    OR (array_agg(s.result ORDER BY s.sequence DESC))[1] <> b.result
                    OR (array_agg(s.returned ORDER BY s.sequence DESC))[1] <> b.returned))
            OR (b.status <> 'settled' AND count(s.id) > 0)
        """,
    ),
    (
        "every_earlier_settlement_is_reversed",
        """
        SELECT 'bet ' || t.bet_id, 'two settlements stand: ' || string_agg(t.reference, ', ')
        FROM betting_transfer t
        WHERE t.bet_id IS NOT NULL AND t.kind IN ('return', 'winnings', 'loss')
          AND t.reference ~ '^bet:[0-9]+:[0-9]+:'
          AND NOT EXISTS (SELECT 1 FROM betting_transfer r WHERE r.reverses_id = t.id)
        GROUP BY t.bet_id, t.kind HAVING count(*) > 1
        """,
    ),
    (
        "each_bet_stakes_from_one_pot",
        """
        SELECT 'bet ' || t.bet_id, 'moved money of the pots '
               || string_agg(DISTINCT a.id::text, ', ') || ' where one is right'
        FROM betting_transfer t
        JOIN betting_ledgeraccount a ON a.id IN (t.source_id, t.destination_id)
        WHERE t.bet_id IS NOT NULL AND a.kind IN ('free', 'book')
        GROUP BY t.bet_id HAVING count(DISTINCT a.id) > 1
        """,
    ),
    (
        "transfers_are_chained",
        f"""
        SELECT 'bankroll ' || bankroll_id, 'transfer ' || number || ' (' || reference || ') '
               || CASE WHEN number <> place THEN 'should be number ' || place
                  ELSE 'says something other than when it was written' END
               || '; it is the first of ' || broken || ' that do not fit'
        FROM (
            SELECT *, count(*) OVER (PARTITION BY bankroll_id) AS broken,
                   row_number() OVER (PARTITION BY bankroll_id ORDER BY place) AS nth
            FROM (
                SELECT t.*, row_number() OVER chain AS place, lag(hash) OVER chain AS before
                FROM betting_transfer t
                WINDOW chain AS (PARTITION BY bankroll_id ORDER BY number)
            ) t
            WHERE number <> place OR hash <> {link("t", "t.before")}
        ) broken
        WHERE nth = 1
        """,  # noqa: S608 - names of ours alone
    ),
    (
        "chains_hold_all_transfers_of_their_bankroll",
        """
        SELECT 'transfer ' || t.reference, 'chained in bankroll ' || t.bankroll_id
               || ', its pots are of ' || a.bankroll_id
        FROM betting_transfer t JOIN betting_ledgeraccount a ON a.id = t.source_id
        WHERE a.bankroll_id <> t.bankroll_id
        """,
    ),
)


def check_books() -> list[Problem]:
    """Return everything in the books that cannot be; an empty list is a clean bill.

    Reads one consistent moment, reports, and never repairs.
    """
    problems = []
    with transaction.atomic(), connection.cursor() as cursor:
        # Outside a transaction of the caller's the moment is one; inside, it is theirs.
        if len(connection.savepoint_ids) == 0:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for rule, query in _CHECKS:
            cursor.execute(query)
            problems += [Problem(rule, str(s), str(d)) for s, d in cursor.fetchall()]
    return problems
