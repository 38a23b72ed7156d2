"""Every kind of selection and of ending, against `settlement_table.txt`, through the services."""

import random
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from accounts.models import AlertTrigger
from betting.domain.bankroll_run import Payouts, Results, half_even, profit_of
from betting.domain.settlement import DeadHeat, Outcome, payout
from betting.models import Bet, Transfer
from betting.services.books import check_books
from betting.services.correcting import correct_settlement
from betting.services.settlement import settle_bet, settle_due_bets
from odds.models import Bookmaker, Event, Market, Selection
from tests import make

LONG_AFTER = make.EVENING + timedelta(hours=48)


class Row(NamedTuple):
    market: str
    side: str
    line: str | None
    draw: bool
    event: str
    stake: str
    price: str
    commission: str
    expected: tuple[str, Decimal, Decimal, Decimal]


def read_table() -> list[Row]:
    rows = []
    for text in Path(__file__).with_name("settlement_table.txt").read_text().splitlines():
        if not text.strip() or text.startswith("#"):
            continue
        asked, told = (part.split() for part in text.split("|"))
        market, side, line, draw, *rest = asked
        result, *money = told
        expected = (result, *map(Decimal, money))
        rows.append(Row(market, side, None if line == "-" else line, draw == "d", *rest, expected))
    return rows


def ended(row: Row) -> dict[str, object]:
    """Return an event's columns as the table says it ended; of a dead heat nothing is known."""
    how, _, score = row.event.rpartition("_") if "_" in row.event else ("finished", "", row.event)
    if how == "tied":
        return {}
    if score in ("cancelled", "postponed", "abandoned"):
        return {"status": score}
    home, away = map(int, score.split(":"))
    return {
        "status": how,
        "home_score": home,
        "away_score": away,
        "result_seen_at": make.NIGHT,
    }


def open_bets(owner, table: list[Row]) -> list[Bet]:
    """Open a bet a row, each on an event of its own, as placing leaves it, in a few statements."""
    bankroll = make.bankroll(owner, "1000000.00")
    pots = {pot.kind: pot for pot in bankroll.accounts.all()}
    model = make.place(owner, make.priced("2.000"), "1.00")
    settle_bet(bet_id=model.pk, result="push", now=make.NIGHT)
    like = model.selection.market.event
    events = Event.objects.bulk_create(
        Event(
            competition=like.competition,
            home=like.home,
            away=like.away,
            day=like.day + timedelta(days=1 + number),
            starts_at=make.EVENING,
            **ended(row),
        )
        for number, row in enumerate(table)
    )
    markets = Market.objects.bulk_create(
        Market(event=event, key=row.market) for event, row in zip(events, table, strict=True)
    )
    rows = list(zip(markets, table, strict=True))
    selections = Selection.objects.bulk_create(
        Selection(market=market, side=row.side, point=row.line) for market, row in rows
    )
    Selection.objects.bulk_create(
        Selection(market=market, side="draw") for market, r in rows if r.draw and r.side != "draw"
    )
    bets = Bet.objects.bulk_create(
        Bet(
            owner=owner,
            bankroll=bankroll,
            request_key=f"row {number}",
            selection=selection,
            bookmaker=model.bookmaker,
            assessment=model.assessment,
            price=row.price,
            matched_price=row.price,
            stake=row.stake,
            matched_stake=row.stake,
            commission_share=row.commission,
            status="open",
            placed_at=make.NOON,
        )
        for number, (selection, row) in enumerate(zip(selections, table, strict=True))
    )
    Transfer.objects.bulk_create(
        Transfer(
            reference=f"bet:{bet.pk}:stake",
            kind="stake",
            source=pots["free"],
            destination=pots["at_risk"],
            amount=bet.stake,
            bet=bet,
            at=make.NOON,
        )
        for bet in bets
    )
    return bets


def test_every_selection_and_ending_by_the_table_through_the_services(
    alice, django_assert_max_num_queries
):
    table = read_table()
    assert len(table) >= 120
    assert {row.expected[0] for row in table} == set(Outcome)
    bets = dict(zip((bet.pk for bet in open_bets(alice, table)), table, strict=True))
    for pk, row in bets.items():
        if row.event.startswith("tied_"):
            tied, places = map(int, row.event.removeprefix("tied_").split("/"))
            heat = DeadHeat(tied=tied, places=places)
            settle_bet(bet_id=pk, result="dead_heat", dead_heat=heat, now=make.NIGHT)

    with django_assert_max_num_queries(30):
        sweep = settle_due_bets(LONG_AFTER)

    assert (sweep.settled, sweep.parked) == (134, ())
    moved: dict[int, dict[str, Decimal]] = {pk: {} for pk in bets}
    for transfer in Transfer.objects.filter(bet__in=bets).exclude(kind="stake"):
        moved[transfer.bet_id][transfer.kind] = transfer.amount
    found = {
        bet.pk: (
            bet.result,
            *(moved[bet.pk].get(kind, Decimal(0)) for kind in ("return", "loss", "winnings")),
        )
        for bet in Bet.objects.filter(pk__in=bets)
    }
    assert found == {pk: row.expected for pk, row in bets.items()}
    assert check_books() == []


# Bets on one market where commission is of what it won in all, worked by hand: stake, price,
# whether on the home team, commission; home wins; then the winnings of each.
MARKETS = [
    # 200.00 won, 50.00 lost: 5 % of 150.00 is 7.50.
    ([("100.00", "3.000", True, "0.05"), ("50.00", "4.000", False, "0.05")], ["192.50", "0.00"]),
    # 10.00 and 10.00 won, 5.00 lost: 0.75 in all, which is 0.375 each.
    (
        [
            ("10.00", "2.000", True, "0.05"),
            ("10.00", "2.000", True, "0.05"),
            ("5.00", "9.000", False, "0.05"),
        ],
        ["9.62", "9.63", "0.00"],
    ),
    # 4.00 won and 30.00 lost: nothing is won in all, so nothing is taken.
    ([("8.00", "1.500", True, "0.02"), ("30.00", "2.500", False, "0.02")], ["4.00", "0.00"]),
    # 30.00 won at 5 % and 10.00 at 2 %, 20.00 lost, so half of each counts: 0.75 and 0.10.
    (
        [
            ("30.00", "2.000", True, "0.05"),
            ("10.00", "2.000", True, "0.02"),
            ("20.00", "2.000", False, "0.05"),
        ],
        ["29.25", "9.90", "0.00"],
    ),
]


@pytest.mark.parametrize(("placed", "winnings"), MARKETS)
@pytest.mark.parametrize("at_once", [True, False])
def test_commission_is_of_what_a_market_won_in_all(alice, placed, winnings, at_once):
    make.bankroll(alice, "100000.00")
    bets, quotes = [], {}
    for stake, price, is_home, commission in placed:
        if is_home not in quotes:
            quotes[is_home] = make.priced(price, side="home" if is_home else "away")
        Bookmaker.objects.update(commission_share=commission)
        bets.append(make.place(alice, quotes[is_home], stake))
    results = ["won" if is_home else "lost" for _, _, is_home, _ in placed]
    if at_once:
        Event.objects.update(
            status="finished", home_score=1, away_score=0, result_seen_at=make.NIGHT
        )
        assert settle_due_bets(LONG_AFTER).settled == len(bets)
    else:
        # One by one, the losing one last: what was paid before is restated.
        for bet, result in zip(bets, results, strict=True):
            settle_bet(bet_id=bet.pk, result=result, now=make.NIGHT)

    returned = {bet.pk: bet.returned for bet in Bet.objects.all()}
    assert [returned[bet.pk] for bet in bets] == [
        Decimal(won) + (bet.stake if result == "won" else 0)
        for bet, won, result in zip(bets, winnings, results, strict=True)
    ]
    assert check_books() == []
    assert AlertTrigger.objects.filter(kind="correction").exists() is (not at_once)
    corrected = correct_settlement(
        bet_id=bets[-1].pk, result="void", reason="called off", now=LONG_AFTER
    )
    assert corrected.returned == corrected.stake
    alone = [
        payout(
            stake=bet.stake, price=bet.price, outcome=Outcome.WON, commission=bet.commission_share
        ).total
        for bet in bets[:-1]
    ]
    again = Bet.objects.in_bulk([bet.pk for bet in bets[:-1]])
    # With nothing lost each bears its own; what is rounded together may part by a cent.
    assert sum(bet.returned for bet in again.values()) == pytest.approx(sum(alone), abs=0.01)
    assert check_books() == []


def test_a_postponed_stake_stands_until_its_time_is_over(alice):
    make.bankroll(alice)
    bet = make.place(alice, make.priced())
    Event.objects.update(status="postponed")

    assert settle_due_bets(LONG_AFTER - timedelta(seconds=1)).settled == 0
    assert settle_due_bets(LONG_AFTER).settled == 1
    bet.refresh_from_db()
    assert bet.result == "void"


def random_bets(count: int, rng: random.Random):
    """Yield cents, thousandths of a price, ten-thousandths of commission, outcome, dead heat."""
    for _ in range(count):
        heat = None
        outcome = rng.choice(list(Outcome))
        if outcome is Outcome.DEAD_HEAT:
            places = rng.randint(1, 5)
            heat = DeadHeat(tied=places + rng.randint(1, 6), places=places)
        stake = rng.choice((rng.randint(1, 50), rng.randint(1, 10_000), rng.randint(1, 10**8)))
        price = rng.choice((rng.randint(1001, 1100), rng.randint(1001, 5000), 1_001_000))
        yield stake, price, rng.choice((0, 0, 200, 500, 1234)), outcome, heat


@pytest.mark.slow
def test_no_cent_is_made_or_lost_in_100_000_random_bets():
    """Against whole numbers: cents, thousandths and ten-thousandths, with no decimal in sight."""
    plain = []
    rng = random.Random(5)  # noqa: S311 - no secret
    for stake, price, commission, outcome, heat in random_bets(100_000, rng):
        paid = payout(
            stake=Decimal(stake) / 100,
            price=Decimal(price) / 1000,
            outcome=outcome,
            commission=Decimal(commission) / 10_000,
            dead_heat=heat,
        )
        returned, forfeited, winnings = (
            int(amount.scaleb(2)) for amount in (paid.returned, paid.forfeited, paid.winnings)
        )
        assert returned + forfeited == stake
        assert min(returned, forfeited, winnings) >= 0
        if heat is None:
            won = {Outcome.WON: 2, Outcome.HALF_WON: 1}.get(outcome, 0)
            lost = {Outcome.LOST: 2, Outcome.HALF_LOST: 1}.get(outcome, 0)
            assert forfeited == half_even(stake * lost, 2)
            gain = stake * won * (price - 1000) * (10_000 - commission)
            assert winnings == half_even(gain, 2 * 1000 * 10_000)
            plain.append((stake, price, commission, won, lost, winnings - forfeited))
        else:
            assert returned == half_even(stake * heat.places, heat.tied)
            gross = stake * heat.places * (price - 1000)
            net = max(gross - stake * (heat.tied - heat.places) * 1000, 0)
            kept = gross * 10_000 - net * commission
            assert winnings == half_even(kept, heat.tied * 1000 * 10_000)

    # The backtest pays the same on whole columns.
    stake, price, commission, won, lost, profit = np.array(plain).T
    small = stake < 10**6
    payouts = Payouts.of(
        price=price[small] / 1000,
        commission=commission[small] / 10_000,
        results=Results(won[small], lost[small], np.zeros(small.sum(), "datetime64[us]")),
    )
    earned = map(profit_of, stake[small].tolist(), payouts.won.tolist(), payouts.lost.tolist())
    assert [*earned] == profit[small].tolist()
