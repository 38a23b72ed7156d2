"""Play the simulated world through the product, as the schedule does, by a clock moved by hand."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from betting.domain.configuration import Configuration
from betting.models import Strategy
from betting.services import bankrolls, following, ledger, measuring, opportunities, settlement
from odds import closing, services
from odds.feeds.the_odds_api import Client
from odds.simulator.clock import ManualClock
from odds.simulator.league import SPORT_KEY, SimulatedLeague
from odds.simulator.server import serve

OPENING = datetime(2026, 1, 15, 12, 3, tzinfo=UTC)


@dataclass
class Played:
    """What the rounds did, added up."""

    rounds: int = 0
    opened: int = 0
    placed: int = 0
    settled: int = 0
    end: datetime = OPENING


def follow(user, **configuration) -> Strategy:
    """Give a user money and a strategy to follow."""
    bankroll = bankrolls.open_bankroll(
        owner_id=user.pk, name="Main", currency="EUR", now=OPENING - timedelta(hours=1)
    )
    ledger.move_money(
        "deposit",
        bankroll_id=bankroll.pk,
        amount=Decimal(1000),
        reference=f"deposit-{user.pk}",
        now=OPENING - timedelta(hours=1),
    )
    strategy = Strategy.objects.create(
        key="market-value",
        title="Market value",
        configuration=Configuration(**configuration).to_json(),
    )
    strategy.followers.add(user)
    return strategy


def play(league: SimulatedLeague, *, hours: float, minutes: float = 10) -> Played:
    """Run a round every `minutes` of the world's time: prices, closes, stakes, results, money."""
    clock = ManualClock(OPENING)
    played = Played()
    with serve(league, clock=clock, key="key") as server:
        client = Client(server.url, "key")
        while clock.now() < OPENING + timedelta(hours=hours):
            now = clock.now()
            services.fetch_odds(competition_key=SPORT_KEY, now=now, client=client)
            closing.capture_closes(now=now)
            played.opened += opportunities.refresh_opportunities(now=now).opened
            played.placed += following.place_for_followers(now).placed
            services.fetch_scores(competition_key=SPORT_KEY, now=now, client=client)
            played.settled += settlement.settle_due_bets(now).settled
            measuring.measure_clv(now)
            played.rounds += 1
            played.end = now
            clock.move_to(now + timedelta(minutes=minutes))
    return played
