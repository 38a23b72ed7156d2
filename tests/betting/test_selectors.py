"""What pages and API read: of the right bankroll, of the right stretch, within every limit."""

import json
from datetime import UTC, timedelta
from decimal import Decimal

import pytest

from betting.models import Opportunity
from betting.screens import bettor_of, opportunity_of
from betting.selectors.money import bankroll_of
from betting.selectors.performance import (
    PerformanceFilter,
    performance_of,
    track_record_of,
)
from betting.selectors.stakes import limits_used, on_selection, staked_of
from betting.services import bankrolls, ledger
from betting.services.opportunities import refresh_opportunities
from betting.services.settlement import settle_bet
from risk.services import halt_everything
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def found() -> Opportunity:
    """An opportunity of some 0.6 % of equity by Kelly's quarter, before any limit."""
    for book in ("one", "two", "three"):
        make.priced("1.910", book=book)
        make.priced("1.910", side="away", book=book)
    make.priced("1.700", side="away", book="four")
    make.priced("2.200", book="four")
    refresh_opportunities(now=make.NOON)
    return Opportunity.objects.get(passes=[])


def offered(found: Opportunity, owner) -> tuple[Decimal, str]:
    row = opportunity_of(found.pk, bettor_of(owner.pk, now=make.NOON), now=make.NOON)
    return row.stake, row.why_none


def test_the_stake_offered_minds_what_the_day_has_left(alice, found):
    make.bankroll(alice)
    make.limits(alice, bet="0.0200", event="0.0300", day="0.0200")
    make.place(alice, make.priced(game=2), "16.00")

    assert offered(found, alice) == (Decimal("4.00"), "")

    make.place(alice, make.priced(game=3), "4.00")
    assert offered(found, alice) == (
        Decimal("0.00"),
        "0.00 of 20.00 is left for all stakes of this day.",
    )


def test_nothing_is_offered_while_halted(alice, found):
    make.bankroll(alice)
    halt_everything(owner_id=alice.pk, reason="Enough.", now=make.NOON)

    assert offered(found, alice) == (Decimal("0.00"), "Kill switch: Enough.")


def test_the_stake_offered_is_at_most_ones_own_part_of_kelly(alice, found):
    make.bankroll(alice)
    limits = make.limits(alice, bet="1.0000", event="1.0000", day="1.0000")
    quarter = offered(found, alice)[0]
    limits.kelly_fraction = Decimal("0.0500")
    limits.save()

    assert offered(found, alice)[0] == pytest.approx(quarter / 5, abs=Decimal("0.01"))


def test_what_another_bankroll_stakes_fills_no_limit_of_this_one(alice):
    first = make.bankroll(alice, "1000.00")
    other = bankrolls.open_bankroll(alice.pk, "Dollars", "USD", make.BEFORE)
    ledger.move_money(
        "deposit", bankroll_id=other.pk, amount=Decimal("500.00"), reference="usd", now=make.BEFORE
    )
    quote = make.priced()
    make.place(alice, quote, "10.00", bankroll_id=other.pk)
    make.place(alice, quote, "20.00", bankroll_id=first.pk)
    on = on_selection(quote.selection, quote.bookmaker, price=Decimal("2.000"), draw_offered=False)

    used = limits_used(bankroll_of(alice.pk), now=make.NOON, on=on)

    assert (
        used.rooms["max_event_share"].used,
        used.rooms["max_day_share"].used,
        used.open_bets,
    ) == (
        Decimal("20.00"),
        Decimal("20.00"),
        1,
    )


def settled(owner, game: int, result: str, hours: int, **asked):
    bet = make.place(owner, make.priced("2.500", game=game), "10.00", **asked)
    return settle_bet(bet_id=bet.pk, result=result, now=make.NIGHT + timedelta(hours=hours))


def test_the_equity_curve_begins_with_the_money_paid_in(alice):
    make.bankroll(alice)
    settled(alice, 1, "won", 0)

    track = track_record_of(alice.pk)

    assert [each.item().replace(tzinfo=UTC) for each in track.times] == [make.BEFORE, make.NIGHT]
    assert track.performance.equity.tolist() == [1000.0, 1015.0]


def test_what_a_day_earned_is_what_settled_on_it_in_that_bankroll(alice):
    """By the UTC day: its first moment is of it, the next day's is not."""
    mine = make.bankroll(alice)
    other = make.bankroll(alice, name="Other")
    settled(alice, 1, "won", 0)
    settled(alice, 2, "lost", 1)
    settled(alice, 3, "won", 2)
    settled(alice, 4, "lost", 1, bankroll_id=other.pk)

    def earned(bankroll, hours):
        at = make.NIGHT + timedelta(hours=hours)
        return staked_of(bankroll.pk, alice.pk, now=at).earned

    assert [earned(mine, hours) for hours in (-24, 1, 2)] == [0, Decimal("5.00"), Decimal("15.00")]
    assert earned(other, 1) == Decimal("-10.00")


def test_a_stretch_begins_with_what_was_earned_before_it(alice):
    make.bankroll(alice)
    settled(alice, 1, "won", 0)
    settled(alice, 2, "lost", 2)
    since = make.NIGHT + timedelta(hours=1)

    track = track_record_of(alice.pk, PerformanceFilter(since=since))

    assert [each.item().replace(tzinfo=UTC) for each in track.times] == [
        since,
        make.NIGHT + timedelta(hours=2),
    ]
    assert track.performance.equity.tolist() == [1015.0, 1005.0]
    assert track.performance.roi == pytest.approx(-10 / 1015)


def test_currencies_are_not_added_up(alice):
    make.bankroll(alice)
    other = bankrolls.open_bankroll(alice.pk, "Dollars", "USD", make.BEFORE)
    ledger.move_money(
        "deposit", bankroll_id=other.pk, amount=Decimal("500.00"), reference="usd", now=make.BEFORE
    )
    settled(alice, 1, "won", 0)
    settled(alice, 2, "won", 0, bankroll_id=other.pk)

    assert performance_of(alice.pk).profit == 15.0
    assert performance_of(alice.pk, PerformanceFilter(bankroll=other.pk)).capital == 500.0


def test_the_groups_of_one_table_cut_every_other_and_the_export(alice, as_alice):
    make.bankroll(alice)
    long = settled(alice, 1, "won", 0)
    short = make.place(alice, make.priced("1.400", game=2), "10.00")
    settle_bet(bet_id=short.pk, result="lost", now=make.NIGHT)

    track = track_record_of(alice.pk, PerformanceFilter(by_price="2.00 to 3.00"))
    assert track.bets == [long.pk]
    assert {key: sum(each.bets for each in groups) for key, groups in track.groups.items()} == (
        dict.fromkeys(track.groups, 1)
    )
    assert performance_of(alice.pk, PerformanceFilter(by_price="under 1.50")).profit == -10.0
    both = PerformanceFilter(by_price="under 1.50", by_version="nobody's")
    assert performance_of(alice.pk, both).bets == 0

    address = "/performance/?by_price=2.00+to+3.00"
    page = as_alice.get(address).content.decode()
    assert "By price taken: 2.00 to 3.00" in page
    # Choosing a book keeps the price; the export holds what the page is of.
    assert f'href="?by_price=2.00+to+3.00&amp;bookmaker={long.bookmaker.key}"' in page
    rows = as_alice.get(address.replace("/?", "/export.json?")).getvalue()
    assert [row["id"] for row in json.loads(rows)] == [long.pk]
