"""The whole chain in a world whose truth is known: fetch, close, find, stake, settle, measure."""

import numpy as np
import pytest

from betting.models import Bet, Opportunity
from betting.services.books import check_books
from odds.models import EventReference
from odds.simulator.league import SimulatedLeague
from tests.simulated_days import follow, play

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(400)]


def true_edge(league: SimulatedLeague, bet: Bet) -> float:
    """What the bet was worth, a unit staked, when it was placed."""
    selection = bet.selection
    key = EventReference.objects.get(event=selection.market.event, source="the_odds_api").key
    point = None if selection.point is None else float(selection.point)
    win, push = league.true_probability(
        key, selection.market.key, selection.side, point, at=bet.placed_at
    )
    return win * float(bet.price) + push - 1


def test_in_the_edge_market_bets_are_worth_taking_and_settle(alice):
    league = SimulatedLeague(1)
    follow(alice, market_keys=("h2h", "spreads", "totals"))

    played = play(league, hours=20, minutes=60)

    bets = list(Bet.objects.select_related("selection__market__event"))
    edges = [true_edge(league, bet) for bet in bets]
    assert played.placed == len(bets) > 2
    assert played.settled > 0
    assert np.mean(edges) > 0.01
    # Measured it must be; its sign, over so few bets, is the luck of the news that followed.
    assert any(bet.clv is not None for bet in bets)
    assert check_books() == []


def test_in_the_efficient_market_there_is_nothing_to_stake_on(alice):
    follow(alice, market_keys=("h2h", "spreads", "totals"))
    played = play(SimulatedLeague(1, is_efficient=True), hours=3, minutes=30)
    assert played.rounds == 6
    assert (played.placed, Bet.objects.count()) == (0, 0)
    assert not Opportunity.objects.filter(passes=[]).exists()
