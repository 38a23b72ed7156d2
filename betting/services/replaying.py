"""Play imported history through the provider's door with the services that run live.

At each moment at which prices were really seen, in this order: fetch odds and scores over HTTP
from a server that shows the archive at that moment, settle what is known, predict with a version
trained only on what was known then, decide on the quotes as of then, follow the strategy. The
bankroll, the strategy's copy and their owner are the replay's own; nobody else's money is touched.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import F

from accounts.models import User
from betting.domain.configuration import Configuration
from betting.domain.decide import AHEAD
from betting.models import Bankroll, Bet, BetStatus, Opportunity, Strategy
from betting.selectors.history import past_of
from betting.selectors.money import money_in
from betting.selectors.performance import PerformanceFilter, performance_of
from betting.services.backtesting import summary_of
from betting.services.bankrolls import open_bankroll
from betting.services.books import check_books
from betting.services.following import place_for_followers
from betting.services.ledger import move_money
from betting.services.measuring import measure_clv
from betting.services.opportunities import record_opportunities
from betting.services.prices import prices_in
from betting.services.settlement import settle_due_bets
from models_registry.history import History, read_history
from models_registry.models import ModelVersion, Prediction
from models_registry.services import predict_events, train_version
from odds.as_of import quotes_as_of
from odds.domain.table import QuoteTable
from odds.feeds.the_odds_api import Client
from odds.models import Sighting
from odds.services.fetching import fetch_odds, fetch_scores
from odds.simulator.archive import ArchiveWorld
from odds.simulator.clock import ManualClock
from odds.simulator.server import serve
from risk.models import Halt
from risk.selectors import halts_in_force
from risk.services import check_personal, lift_halt

OWNER = "replay"
CAPITAL = Decimal("1000.00")
KEY = "replay"
# The last games' results and corrections come in after the last prices.
AFTERWARDS = timedelta(days=3)


class CannotReplay(Exception):
    """Why there is nothing to play, and what to do."""


@dataclass(slots=True)
class _Stage:
    """All that one replay plays with."""

    competition_key: str
    strategy: Strategy
    configuration: Configuration
    bankroll: Bankroll
    owner: User
    clock: ManualClock
    client: Client
    progress: Callable[[str], None]
    version: ModelVersion | None = None
    history: History | None = None
    month: tuple[int, int] = (0, 0)
    rows_new: int = 0


def replay(
    *,
    competition_key: str,
    strategy_key: str,
    starts_on: date,
    ends_on: date,
    now: datetime,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Play a stretch of days (both included, UTC) and return what came of it, as it is.

    Playing again gives the same bets, in another bankroll.

    Raises:
        CannotReplay: if there are no prices, no such strategy, or everything is halted.
    """
    moments = _moments(competition_key, starts_on, ends_on)
    if not moments:
        raise CannotReplay(
            f"No prices of {competition_key} were seen between {starts_on} and {ends_on}; "
            "import_history first, or name other days."
        )
    owner = _owner(now)
    clock = ManualClock(moments[0])
    with serve(ArchiveWorld(), key=KEY, clock=clock) as server:
        client = Client(server.url, KEY)
        stage = _set_up(competition_key, strategy_key, starts_on, ends_on, owner, clock, client)
        stage.progress = progress
        for index, moment in enumerate(moments, 1):
            clock.move_to(moment)
            placed = _step(stage, moment)
            progress(
                f"{moment:%Y-%m-%d %H:%M} ({index}/{len(moments)}): {placed} placed, "
                f"equity {money_in(stage.bankroll.pk).equity}"
            )
        end = moments[-1] + AFTERWARDS
        clock.move_to(end)
        _look(stage, end)
        settle_due_bets(end, limit=10_000, owner_id=owner.pk)
        measure_clv(end, limit=100_000, owner_id=owner.pk)
    # What was found at the last moment is no offer of today's.
    Opportunity.objects.filter(strategy=stage.strategy, status=Opportunity.Status.OPEN).update(
        status=Opportunity.Status.GONE, gone_at=end
    )
    return _summary(stage, starts_on, ends_on)


def _moments(competition_key: str, starts_on: date, ends_on: date) -> list[datetime]:
    """Return when prices were seen before their event's start, oldest first."""
    after = datetime.combine(starts_on, time(), tzinfo=UTC)
    before = datetime.combine(ends_on + timedelta(days=1), time(), tzinfo=UTC)
    return list(
        Sighting.objects.filter(seen_at__lt=F("event__starts_at"))
        .filter(event__competition__key=competition_key, seen_at__gte=after, seen_at__lt=before)
        .order_by("seen_at")
        .values_list("seen_at", flat=True)
        .distinct()
    )


def _owner(now: datetime) -> User:
    owner, is_new = User.objects.get_or_create(username=OWNER, defaults={"is_active": False})
    if is_new:
        owner.set_unusable_password()
        owner.save(update_fields=["password"])
    for halt in halts_in_force(owner.pk, now=now):
        if halt.owner_id is None or halt.cause in (
            Halt.Cause.KILL_SWITCH,
            Halt.Cause.MANUAL,
            Halt.Cause.EXCLUDED,
        ):
            raise CannotReplay(f"Everything is halted ({halt.reason}); lift it to replay.")
        lift_halt(halt_id=halt.pk, reason="A new replay has a bankroll of its own.", now=now)
    return owner


def _set_up(
    competition_key: str,
    strategy_key: str,
    starts_on: date,
    ends_on: date,
    owner: User,
    clock: ManualClock,
    client: Client,
) -> _Stage:
    original = Strategy.objects.filter(key=strategy_key).first()
    if original is None:
        known = ", ".join(Strategy.objects.filter(is_active=True).values_list("key", flat=True))
        raise CannotReplay(f"--strategy: there is no {strategy_key!r}; use one of {known}.")
    number = Bankroll.objects.filter(owner=owner).count() + 1
    began = clock.now()
    bankroll = open_bankroll(
        owner.pk, f"{number}: {strategy_key[:12]} {starts_on}..{ends_on}", "EUR", began
    )
    move_money(
        "deposit",
        bankroll_id=bankroll.pk,
        amount=CAPITAL,
        reference=f"replay {number}",
        now=began,
    )
    # A copy, so that its opportunities mix with nobody's and its configuration stays as played.
    copy = Strategy.objects.create(
        key=f"replay-{number}-{strategy_key}"[:48],
        title=f"{original.title} (replay {number})"[:64],
        owner=owner,
        configuration=original.configuration,
        is_active=False,
    )
    copy.followers.add(owner)
    return _Stage(
        competition_key=competition_key,
        strategy=copy,
        configuration=Configuration.from_json(original.configuration),
        bankroll=bankroll,
        owner=owner,
        clock=clock,
        client=client,
        progress=lambda _: None,
    )


def _step(stage: _Stage, now: datetime) -> int:
    quotes = _look(stage, now)
    settle_due_bets(now, limit=10_000, owner_id=stage.owner.pk)
    measure_clv(now, limit=10_000, owner_id=stage.owner.pk)
    # By the copy of the strategy, so that no earlier replay's lock counts in this one.
    check_personal(
        owner_id=stage.owner.pk,
        history=past_of(stage.owner.pk, bankroll_id=stage.bankroll.pk, anew=True).history,
        now=now,
        strategy=stage.strategy.key,
    )
    predictions = _predict(stage, quotes, now)
    record_opportunities(stage.strategy, quotes, predictions, now=now)
    return place_for_followers(
        now,
        strategy_id=stage.strategy.pk,
        bankroll_id=stage.bankroll.pk,
        prices=prices_in(quotes, at=now),
    ).placed


def _predict(stage: _Stage, quotes: QuoteTable, now: datetime) -> dict[int, Prediction]:
    """Predict with a version trained at the beginning, and anew with each month."""
    if stage.configuration.model_weight == 0 or not len(quotes):
        return {}
    if stage.month != (now.year, now.month):
        stage.month = (now.year, now.month)
        stage.progress(f"{now:%Y-%m-%d}: training on what was known by then")
        stage.version = train_version(
            competition_key=stage.competition_key, until=now, notes=stage.strategy.key
        )
        # The past stays as it is while it plays, so it is read once, not at every moment.
        stage.history = stage.history or read_history(stage.competition_key)
    said = predict_events(
        event_ids=np.unique(quotes.event_id).tolist(),
        as_of=now,
        made_at=now,
        version=stage.version,
        history=stage.history,
    )
    return {prediction.event_id: prediction for prediction in said.predictions}


def _look(stage: _Stage, now: datetime) -> QuoteTable:
    """Fetch and record as live, and return the quotes in force; leave history as it was.

    The door shows what history holds, so recording it is undone: it would confirm anew, at this
    moment, prices that the archive last saw earlier, and hide how old they are. What counts is
    what came through the door, with the age it has in the archive.
    """

    def in_force() -> QuoteTable:
        return quotes_as_of(
            at=now,
            starts_after=now,
            starts_before=now + AHEAD,
            competition_key=stage.competition_key,
        )

    with transaction.atomic():
        archived = in_force()
        _fetch(stage, now)
        fetched = in_force()
        transaction.set_rollback(True)
    served = dict(zip(fetched.quote_id.tolist(), fetched.price.tolist(), strict=True))
    pairs = zip(archived.quote_id.tolist(), archived.price.tolist(), strict=True)
    return archived.where(np.array([served.get(q) == price for q, price in pairs], dtype=bool))


def _fetch(stage: _Stage, now: datetime) -> None:
    """Fetch odds and scores over HTTP and record them, by the services of the live feed."""
    key, client = stage.competition_key, stage.client
    for fetched in (
        fetch_odds(competition_key=key, now=now, client=client, regions=("us",)),
        fetch_scores(competition_key=key, now=now, client=client),
    ):
        stage.rows_new += fetched.new


def _summary(stage: _Stage, starts_on: date, ends_on: date) -> dict[str, Any]:
    bets = Bet.objects.filter(bankroll=stage.bankroll)
    halt = Halt.objects.filter(owner=stage.owner, lifted_at__isnull=True).first()
    return {
        "competition": stage.competition_key,
        "strategy": stage.strategy.key,
        "bankroll": stage.bankroll.name,
        "from": str(starts_on),
        "to": str(ends_on),
        "placed": bets.count(),
        "settled": bets.filter(status=BetStatus.SETTLED).count(),
        "open": bets.filter(status=BetStatus.OPEN).count(),
        **summary_of(performance_of(stage.owner.pk, PerformanceFilter(bankroll=stage.bankroll.pk))),
        "halted": halt.reason if halt else None,
        "rows_new_in_history": stage.rows_new,
        "book_problems": len(check_books()),
    }
