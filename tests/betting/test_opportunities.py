import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from betting.domain.configuration import Configuration
from betting.models import Bet, Opportunity, Strategy
from betting.selectors.bets import bet_in_full, bets
from betting.selectors.money import bankroll_of
from betting.selectors.opportunities import OpportunityFilter, opportunities
from betting.selectors.performance import performance_of
from betting.selectors.stakes import limits_used
from betting.services import following
from betting.services.books import check_books
from betting.services.following import place_for_followers
from betting.services.measuring import measure_clv
from betting.services.opportunities import refresh_opportunities
from betting.services.settlement import settle_due_bets
from betting.services.strategies import ensure_strategies
from odds.models import ClosingPrice, Competition, PriceChange, PricingRule, Quote, Sport
from odds.services import ensure_partitions
from tests import make

OPEN = OpportunityFilter(status="open", recommended=True, starts_after=make.NOON)


@pytest.fixture
def market(db) -> Quote:
    """Three books at evens, a fourth that pays too much for home: its quote."""
    for book in ("one", "two", "three"):
        make.priced("1.910", book=book)
        make.priced("1.910", side="away", book=book)
    make.priced("1.700", side="away", book="four")
    return make.priced("2.200", book="four")


def refresh(minutes: int = 0):
    return refresh_opportunities(now=make.NOON + timedelta(minutes=minutes))


def seen_again(price: str | None, quote: Quote, minutes: int) -> None:
    quote.price = None if price is None else Decimal(price)
    quote.seen_at = make.NOON + timedelta(minutes=minutes)
    quote.save()


def test_a_price_above_fair_opens_with_its_reasons(market):
    refresh()

    found = opportunities(OPEN).get()
    assert (found.quote, found.strategy.key) == (market, "consensus")
    assert found.price == Decimal("2.200")
    assert found.passes == []
    assert found.stake_share > 0
    assert found.edge_low < found.edge == pytest.approx(found.fair_probability * 2.2 - 1)
    assert len(found.reasons) == 2


def test_refreshing_again_writes_nothing(market):
    refresh()
    before = list(Opportunity.objects.values())

    again = refresh(minutes=1)

    assert (again.opened, again.gone) == (0, 0)
    assert list(Opportunity.objects.values()) == before


def test_a_moved_price_ends_one_and_opens_another_and_the_first_stays_as_it_was(market):
    refresh()
    first = Opportunity.objects.get(passes=[])
    seen_again("2.300", market, 1)

    refresh(minutes=1)

    old, new = Opportunity.objects.filter(passes=[]).order_by("as_of")
    assert (old.pk, old.price, old.edge, old.status) == (
        first.pk,
        first.price,
        first.edge,
        "gone",
    )
    assert old.gone_at == make.NOON + timedelta(minutes=1)
    assert (new.price, new.status) == (Decimal("2.300"), "open")


@pytest.mark.parametrize(("price", "minutes"), [(None, 1), ("1.900", 1)])
def test_a_price_withdrawn_or_fallen_is_gone(market, price, minutes):
    refresh()
    seen_again(price, market, minutes)

    refresh(minutes=minutes)

    assert not opportunities(OPEN).exists()


def test_a_near_miss_is_kept_with_why(market):
    seen_again("2.090", market, 0)
    ensure_strategies()
    Strategy.objects.update(
        configuration={"min_edge": 0.08, "min_books": 3, "margin_methods": ["shin"]}
    )

    refresh()

    missed = opportunities(replace(OPEN, recommended=None))
    assert not missed.filter(passes=[]).exists()
    for one in missed:
        assert any("is below 8.0%" in sentence for sentence in one.passes)


def test_a_changed_strategy_is_left_as_its_owner_made_it(db):
    ensure_strategies()
    Strategy.objects.filter(key="blend").update(title="Mine")

    ensure_strategies()

    assert Strategy.objects.get(key="blend").title == "Mine"


def test_what_a_strategy_that_is_switched_off_recommended_is_gone(market):
    refresh()
    Strategy.objects.filter(key="consensus").update(is_active=False)

    assert refresh(minutes=1).gone == 1

    assert not opportunities(OPEN).exists()
    assert Opportunity.objects.get(passes=[]).gone_at == make.NOON + timedelta(minutes=1)


def test_followers_get_one_bet_each_however_often_it_runs(market, alice, bob):
    for person in (alice, bob):
        make.bankroll(person)
    refresh()
    Strategy.objects.get(key="consensus").followers.add(alice, bob)

    first = place_for_followers(make.NOON)
    again = place_for_followers(make.NOON + timedelta(minutes=1))

    assert (first.placed, again.placed) == (2, 0)
    bet = Bet.objects.get(owner=alice)
    fair = bet.opportunity.fair_probability
    assert bet.fair_probability == fair
    low = (1 + bet.opportunity.edge_low) / 2.2
    quarter_kelly = 250 * (low * 2.2 - 1) / 1.2
    assert (bet.price, bet.stake) == (Decimal("2.200"), Decimal(int(quarter_kelly * 100)) / 100)
    assert [step["name"] for step in bet.assessment.waterfall] == [
        "full_kelly",
        "fraction",
        "rounding",
        "breaker",
    ]
    assert check_books() == []


@pytest.mark.django_db(transaction=True)
def test_two_rounds_at_once_take_a_market_once(market, alice, monkeypatch):
    make.bankroll(alice)
    ensure_strategies()
    twin = Strategy.objects.create(
        key="twin", title="Twin", configuration=Configuration().to_json()
    )
    refresh()
    rounds = [Strategy.objects.get(key="consensus"), twin]
    for strategy in rounds:
        strategy.followers.add(alice)
    both_saw_nothing_held = threading.Barrier(2)
    money_in = following.money_in

    def read_together(bankroll_id):
        both_saw_nothing_held.wait(timeout=60)
        return money_in(bankroll_id)

    monkeypatch.setattr(following, "money_in", read_together)

    def play(strategy):
        try:
            return place_for_followers(make.NOON, strategy_id=strategy.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(play, rounds))

    assert sorted((each.placed, each.refused) for each in done) == [(0, 1), (1, 0)]
    assert Bet.objects.count() == 1


def test_a_follower_who_holds_the_market_already_is_left_alone(market, alice):
    make.bankroll(alice)
    make.place(alice, make.priced("1.910", side="away", book="five"), "5.00")
    refresh()
    Strategy.objects.get(key="consensus").followers.add(alice)

    assert place_for_followers(make.NOON).placed == 0


def test_nothing_is_placed_for_who_may_not_log_in_any_more(market, alice):
    make.bankroll(alice)
    refresh()
    Strategy.objects.get(key="consensus").followers.add(alice)
    alice.is_active = False
    alice.save()

    assert place_for_followers(make.NOON).placed == 0


def test_all_legs_of_an_arbitrage_are_taken_or_none(alice):
    make.bankroll(alice)
    for book, (home, away) in {"a": ("2.080", "1.800"), "b": ("1.800", "2.080")}.items():
        make.priced(home, book=book)
        make.priced(away, side="away", book=book)
    ensure_strategies()
    Strategy.objects.filter(key="arbitrage").update(is_active=True)
    Strategy.objects.get(key="arbitrage").followers.add(alice)
    refresh()

    limits = make.limits(alice, bet="0.005", event="0.03", day="0.1")
    assert place_for_followers(make.NOON).placed == 0
    limits.delete()
    assert place_for_followers(make.NOON).placed == 2
    assert place_for_followers(make.NOON).placed == 0

    stakes = list(Bet.objects.order_by("pk").values_list("stake", "price"))
    assert stakes == [(Decimal("10.00"), Decimal("2.080"))] * 2


def test_a_follower_without_a_bankroll_stops_nobody(market, alice, bob):
    make.bankroll(bob)
    refresh()
    Strategy.objects.get(key="consensus").followers.add(alice, bob)

    assert place_for_followers(make.NOON).placed == 1


# --- the whole way: found, followed, settled, measured


def close(selection, probability: float) -> None:
    ClosingPrice.objects.create(
        selection=selection,
        fair_probability=probability,
        method="shin",
        book_count=3,
        last_update=make.EVENING,
        age=timedelta(0),
        captured_at=make.NIGHT,
        is_final=True,
    )


def test_found_followed_settled_and_measured(market, alice, django_assert_num_queries):
    make.bankroll(alice)
    refresh()
    Strategy.objects.get(key="consensus").followers.add(alice)
    place_for_followers(make.NOON)
    make.finish(market.selection.market.event, 99, 90)
    close(market.selection, 0.5)

    assert settle_due_bets(make.NIGHT).settled == 1
    assert measure_clv(make.NIGHT) == 1
    assert measure_clv(make.NIGHT) == 0

    bet = Bet.objects.get()
    assert bet.clv == pytest.approx(0.10)
    closing = bet.closing
    assert (closing.source, closing.method, closing.quality) == ("consensus", "shin", "good")
    # The book never changed its price: there was nothing to beat there.
    assert closing.raw_clv in (None, 0.0)
    done = performance_of(alice.pk)
    profit = float(bet.returned - bet.stake)
    assert (done.bets, done.profit) == (1, profit)
    assert done.equity.tolist() == [1000.0, 1000.0 + profit]
    # The bet with what is joined, its settlements, its transfers; the first says how to plan that.
    with django_assert_num_queries(4):
        detail = bet_in_full(alice.pk, bet.pk)
    assert [t.kind for t in detail.transfers.all()] == ["stake", "return", "winnings"]
    assert bankroll_of(alice.pk).profit == bet.returned - bet.stake


def test_a_bet_whose_line_moved_has_no_clv_and_says_so(alice):
    make.bankroll(alice)
    taken = make.priced("1.950", market="spreads", point="-3.0")
    make.place(alice, taken)
    other = make.priced("1.950", market="spreads", point="-3.5")
    close(other.selection, 0.5)

    measure_clv(make.EVENING + timedelta(days=1))

    bet = Bet.objects.get()
    assert bet.clv is None
    assert bet.clv_note == "The line moved: nobody quoted this one at the close."


@pytest.mark.parametrize(
    ("side", "taken", "closed", "expected"),
    [
        ("home", "-1.5", "-3.5", 0.5622),
        ("away", "1.5", "3.5", 0.4378),
        ("home", "-3.5", "-1.5", 0.438),
    ],
)
def test_a_moved_line_is_priced_by_how_scores_lie_around_its_close(
    alice, side, taken, closed, expected
):
    make.bankroll(alice)
    bet = make.place(alice, make.priced("1.950", market="spreads", side=side, point=taken))
    for line, probability in ((closed, 0.5), ("-9.5", 0.2)):
        quote = make.priced("1.950", market="spreads", side=side, point=line)
        close(quote.selection, probability)
    Competition.objects.update(key="basketball_nba")

    measure_clv(make.EVENING + timedelta(days=1))

    bet.refresh_from_db()
    assert bet.clv == pytest.approx(1.95 * expected - 1, abs=0.002)
    assert (bet.closing.quality, bet.closing.raw_clv) == ("fair", None)
    assert bet.clv_note.startswith(f"The line moved to {closed}: ")


def test_a_bet_is_measured_once_its_event_is_over_so_that_a_late_start_may_move_the_close(alice):
    make.bankroll(alice)
    bet = make.place(alice, make.priced("2.200"))
    close(bet.selection, 0.5)

    assert measure_clv(make.EVENING + timedelta(minutes=10)) == 0
    ClosingPrice.objects.update(fair_probability=0.45)
    make.finish(bet.selection.market.event, 99, 90)
    assert measure_clv(make.NIGHT) == 1

    assert Bet.objects.get().clv == pytest.approx(-0.01)


def test_the_raw_value_is_against_the_last_price_of_the_same_book_by_the_start(alice):
    ensure_partitions([make.NOON])
    make.bankroll(alice)
    bet = make.place(alice, make.priced("2.200"))
    quote = Quote.objects.get()
    for price, hours in (("2.200", 0), ("2.000", 6), ("1.500", 8)):
        at = make.NOON + timedelta(hours=hours)
        PriceChange.objects.create(quote=quote, price=Decimal(price), last_update=at, seen_at=at)
    PricingRule.objects.create(
        sport=Sport.objects.get(), method="power", reference_books=["paperbook"], reason="x",
        in_force_from=make.BEFORE,
    )  # fmt: skip
    close(bet.selection, 0.5)
    make.finish(bet.selection.market.event, 99, 90)

    measure_clv(make.NIGHT)

    bet = Bet.objects.get()
    assert bet.closing.raw_price == Decimal("2.000"), "1.500 came after the start"
    assert bet.closing.raw_clv == pytest.approx(0.10)
    assert bet.closing.source == "paperbook"


def test_a_close_that_was_never_captured_at_the_start_is_none(alice):
    make.bankroll(alice)
    bet = make.place(alice, make.priced("2.200"))
    close(bet.selection, 0.5)
    ClosingPrice.objects.update(is_final=False)

    assert measure_clv(make.EVENING + timedelta(days=2)) == 0
    assert measure_clv(make.EVENING + timedelta(days=3)) == 1

    assert Bet.objects.get().clv_note.startswith("No close: ")


def test_list_selectors_cost_the_same_for_one_bet_and_for_six(alice, django_assert_num_queries):
    make.bankroll(alice)
    for game in range(6):
        make.place(alice, make.priced(game=game), "5.00")
    with django_assert_num_queries(1):
        shown = [str(bet.selection.market.event) + str(bet.bookmaker) for bet in bets(alice.pk)]
    assert len(shown) == 6
    with django_assert_num_queries(2):
        used = limits_used(bankroll_of(alice.pk), now=make.NOON)
    day = used.rooms["max_day_share"]
    assert (day.used, day.left, used.open_bets) == (
        Decimal("30.00"),
        Decimal("70.00"),
        6,
    )
