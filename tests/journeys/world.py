"""A small world with something on every page: for the page tests, the journeys and screenshots."""

import random
import uuid
from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from accounts.models import JobRun, User
from betting.models import Bet, Opportunity, Strategy
from betting.services import bankrolls, ledger
from betting.services.placement import StakeRefused, place_bet
from betting.services.settlement import settle_due_bets
from models_registry.models import ModelVersion, Prediction, Predictor, Promotion
from odds.fair import worth_now
from odds.models import (
    Bookmaker,
    ClosingPrice,
    Competition,
    Event,
    FeedRun,
    Market,
    PriceChange,
    QuarantinedRow,
    Quote,
    Selection,
    Sighting,
    Sport,
    Team,
)
from odds.services.partitions import ensure_partitions

TEAMS = (
    "Harbour City Gulls", "Northgate Miners", "Redwood Foxes", "Silver Lake Herons",
    "Old Town Lanterns", "Eastfield Rovers", "Granite Bay Bears", "Palm Coast Suns",
    "Iron Valley Smiths", "Westport Mariners",
)  # fmt: skip
BOOKS = (
    ("keystone", "Keystone", 3.0), ("northbet", "NorthBet", 1.0), ("oddsmill", "Oddsmill", 1.0),
    ("lanternbet", "Lantern", 1.0), ("quayside", "Quayside", 0.8),
    ("stakehouse", "Stakehouse", 0.6),
)  # fmt: skip


def fill(owner: User, *, past: int = 40, coming: int = 8) -> None:
    """Fill the database around now: `past` settled games with bets, `coming` games with prices."""
    _World(owner).fill(past=past, coming=coming)


class _World:
    def __init__(self, owner: User) -> None:
        self.owner = owner
        self.random = random.Random(7)  # noqa: S311 repeatable, not secret
        self.played: set[tuple[Team, Team, date]] = set()
        self.now = timezone.now().replace(microsecond=0)
        sport, _ = Sport.objects.get_or_create(key="basketball", defaults={"title": "Basketball"})
        self.league = Competition.objects.create(
            sport=sport, key="basketball_sim", title="Simulated league", is_simulated=True
        )
        self.teams = [Team.objects.create(competition=self.league, name=name) for name in TEAMS]
        self.books = [
            Bookmaker.objects.create(key=key, title=title, weight=weight)
            for key, title, weight in BOOKS
        ]
        self.strategy = Strategy.objects.create(
            key="value", title="Value against the consensus", configuration={}
        )
        ensure_partitions(self.now + timedelta(days=30 * month) for month in range(-4, 2))

    def fill(self, *, past: int, coming: int) -> None:
        self._model()
        self.bankroll = bankrolls.open_bankroll(
            self.owner.pk, "Main", "EUR", self.now - timedelta(days=90)
        )
        ledger.move_money(
            "deposit",
            bankroll_id=self.bankroll.pk,
            amount=Decimal("1000.00"),
            reference=f"start {uuid.uuid4()}",
            now=self.now - timedelta(days=90),
        )
        for number in range(past):
            self._past_game(number, past)
        for number in range(coming):
            self._coming_game(number)
        self._operations()

    def _model(self) -> None:
        predictor = Predictor.objects.create(key="basketball_sim-h2h", competition=self.league)
        self.versions = []
        for number, loss in ((1, 0.6412), (2, 0.6288)):
            self.versions.append(
                ModelVersion.objects.create(
                    predictor=predictor,
                    number=number,
                    algorithm="xgboost",
                    created_at=self.now - timedelta(days=40 - 20 * number),
                    trained_from=(self.now - timedelta(days=900)).date(),
                    trained_until=self.now - timedelta(days=41 - 20 * number),
                    game_count=2460 + number,
                    data_hash="3f9a" * 16,
                    signature=["elo_difference", "rest_home", "rest_away", "form_10"],
                    parameters={"max_depth": 3, "rounds": 240, "eta": 0.04},
                    metrics={
                        "games": 820,
                        "seasons": ["2024-25"],
                        "model": {"log_loss": loss, "brier": 0.219, "accuracy": 0.652,
                                  "calibration_error": 0.021},
                        "elo": {"log_loss": 0.6415, "brier": 0.225, "accuracy": 0.6465,
                                "calibration_error": 0.034},
                        "close": {"log_loss": 0.6073, "brier": 0.21, "accuracy": 0.676,
                                  "calibration_error": 0.014},
                        "calibration": [
                            {"count": 20 + 30 * (5 - abs(5 - n)), "said": 0.05 + n / 10,
                             "happened": min(1, max(0, 0.05 + n / 10 + (n % 3 - 1) * 0.03))}
                            for n in range(10)
                        ],
                    },
                    artifact=f"basketball_sim-h2h/v{number}.ubj",
                    checksum="a41c" * 16,
                    code_version="5bdf39e",
                )
            )  # fmt: skip
        replaced = None
        for version in self.versions:
            Promotion.objects.create(
                predictor=predictor,
                version=version,
                replaced=replaced,
                kind="promoted",
                at=version.created_at + timedelta(hours=1),
                reason="Passed every gate on the season it had not seen.",
                gates=[{"name": "not worse than Elo", "passed": True}],
            )
            replaced = version

    def _game(self, number: int, starts_at) -> Event:
        home, away = self.random.sample(self.teams, 2)
        # Which games share a day depends on the hour of the clock.
        while (home, away, starts_at.date()) in self.played:
            home, away = self.random.sample(self.teams, 2)
        self.played.add((home, away, starts_at.date()))
        return Event.objects.create(
            competition=self.league,
            season="2025-26",
            home=home,
            away=away,
            day=starts_at.date(),
            starts_at=starts_at,
        )

    def _price(self, probability: float) -> Decimal:
        return Decimal(str(round(max(1.01, 1 / (probability * self.random.uniform(1.0, 1.06))), 2)))

    def _prices(self, event: Event, seen, *, moves: int = 1) -> dict[str, list[Quote]]:
        home = self.random.uniform(0.3, 0.7)
        self.chance = home
        spread = Decimal(str(round((0.5 - home) * 30) + 0.5))
        total = Decimal(str(self.random.randint(205, 235) + 0.5))
        made: dict[str, list[Quote]] = {}
        changes: list[PriceChange] = []
        first = seen - timedelta(minutes=37 * (moves - 1))
        offered = {
            "h2h": [("home", None, home), ("away", None, 1 - home)],
            "spreads": [("home", spread, 0.5), ("away", -spread, 0.5)],
            "totals": [("over", total, 0.5), ("under", total, 0.5)],
        }
        markets = Market.objects.bulk_create(Market(event=event, key=key) for key in offered)
        Sighting.objects.bulk_create(
            Sighting(event=event, market_key=key, seen_at=first, fingerprint=1) for key in offered
        )
        selections = Selection.objects.bulk_create(
            Selection(market=market, side=side, point=point)
            for market in markets
            for side, point, _ in offered[market.key]
        )
        for selection in selections:
            key, side = selection.market.key, selection.side
            chance = next(chance for name, _, chance in offered[key] if name == side)
            for book in self.books:
                prices = [self._price(chance) for _ in range(moves)]
                times = [seen - timedelta(minutes=37 * n) for n in reversed(range(moves))]
                quote = Quote(
                    selection=selection, bookmaker=book, price=prices[-1],
                    last_update=seen, seen_at=times[-1],
                )  # fmt: skip
                changes += [
                    PriceChange(quote=quote, price=price, last_update=at, seen_at=at)
                    for price, at in zip(prices, times, strict=True)
                ]
                made.setdefault(f"{key} {side}", []).append(quote)
        Quote.objects.bulk_create(quote for quotes in made.values() for quote in quotes)
        for change in changes:
            change.quote_id = change.quote.pk
        PriceChange.objects.bulk_create(changes)
        return made

    def _past_game(self, number: int, past: int) -> None:
        starts_at = self.now - timedelta(hours=36 * (past - number) // 2 + 5)
        event = self._game(number, starts_at)
        seen = starts_at - timedelta(hours=1)
        quotes = self._prices(event, seen, moves=3)
        side = self.random.choice(["h2h home", "h2h away", "spreads home", "totals over"])
        best = max(quotes[side], key=lambda quote: quote.price)
        chance = min(0.9, 1 / float(best.price) * self.random.uniform(1.01, 1.09))
        self._bet(event, best, chance, seen)
        ClosingPrice.objects.update_or_create(
            selection=best.selection,
            defaults={
                "fair_probability": min(0.95, chance * self.random.uniform(0.93, 1.05)),
                "method": "shin", "book_count": 6, "last_update": seen,
                "age": timedelta(minutes=60), "captured_at": starts_at, "is_final": True,
            },
        )  # fmt: skip
        home_score = self.random.randint(90, 125)
        event.home_score = home_score
        event.away_score = home_score + self.random.choice([-12, -7, -3, 2, 6, 11])
        event.status = "finished"
        event.result_seen_at = starts_at + timedelta(hours=3)
        event.save()
        settle_due_bets(now=event.result_seen_at)
        for bet in Bet.objects.filter(selection__market__event=event, status="settled"):
            close = ClosingPrice.objects.get(selection_id=bet.selection_id)
            bet.clv = float(bet.price) * close.fair_probability - 1
            bet.save(update_fields=["clv"])

    def _bet(self, event: Event, quote: Quote, chance: float, at) -> None:
        opportunity = self._opportunity(event, quote, chance, at)
        opportunity.status, opportunity.gone_at = "gone", at + timedelta(minutes=10)
        opportunity.save()
        try:
            place_bet(
                owner_id=self.owner.pk,
                request_key=str(uuid.uuid4()),
                selection_id=quote.selection_id,
                bookmaker_id=quote.bookmaker_id,
                price=quote.price,
                stake=Decimal(self.random.choice(["8.50", "12.00", "15.25", "10.00"])),
                now=at,
                opportunity_id=opportunity.pk,
            )
        except StakeRefused:
            return

    def _opportunity(self, event: Event, quote: Quote, chance: float, at, passes=()) -> Opportunity:
        prediction, _ = Prediction.objects.get_or_create(
            event=event, version=self.versions[-1], as_of=at,
            defaults={"made_at": at, "home_probability": min(0.95, self.chance), "features": {}},
        )  # fmt: skip
        edge = chance * float(quote.price) - 1
        # As Odds has it at that moment, or the row would say that the market has left it.
        market = worth_now(quote.selection_id, now=at) or chance * 0.99
        return Opportunity.objects.create(
            strategy=self.strategy, quote=quote, prediction=prediction, as_of=at,
            price=quote.price, price_seen_at=quote.seen_at, fair_probability=chance,
            market_probability=market, model_probability=min(0.97, chance * 1.015),
            edge=edge, edge_low=edge - 0.018,
            stake_share=max(0.0, edge / (float(quote.price) - 1) / 4),
            reasons=[
                f"{quote.bookmaker.title} pays {quote.price}; the consensus of 6 books is "
                f"{1 / chance:.2f}.",
                "The edge survives the least kind margin method and the model's interval.",
                "The price was confirmed by the latest sweep.",
            ],
            passes=list(passes),
        )  # fmt: skip

    def _coming_game(self, number: int) -> None:
        event = self._game(number, self.now + timedelta(hours=2 + 7 * number, minutes=15))
        seen = self.now - timedelta(seconds=40)
        quotes = self._prices(event, seen, moves=9)
        for place, side in enumerate(("h2h home", "spreads away", "totals under")):
            best = max(quotes[side], key=lambda quote: quote.price)
            chance = min(0.95, 1 / float(best.price) * self.random.uniform(1.012, 1.075))
            passes = []
            if (number + place) % 3 == 2:
                passes = ["Edge at the low end is not above zero; it must be at least 0.5 %."]
            if number % 2 == 0 or place != 1:
                self._opportunity(event, best, chance, seen, passes)
        stale = quotes["h2h away"][-1]
        stale.seen_at = self.now - timedelta(hours=5)
        stale.save()
        gone = quotes["h2h home"][-2]
        if number % 3 == 1 and not gone.opportunities.exists():
            gone.price = None
            gone.save()

    def _operations(self) -> None:
        for place, job in enumerate(
            (
                "odds.fetch_odds",
                "odds.capture_closes",
                "betting.settle_due_bets",
                "odds.fetch_scores",
            )
        ):
            JobRun.objects.create(
                job=job,
                started_at=timezone.now() - timedelta(seconds=20 * (place + 1)),
                finished_at=timezone.now() - timedelta(seconds=18 * (place + 1)),
                succeeded=place != 3,
                detail={"rows": 40 * place},
                error="" if place != 3 else "ProviderDown: /v4/sports/x/scores answered 503",
            )
        run = FeedRun.objects.create(
            provider="the_odds_api", kind="odds", subject="basketball_sim",
            started_at=self.now - timedelta(seconds=42), finished_at=self.now,
            outcome="succeeded", rows_read=288, rows_new=31, rows_repeated=256, rows_quarantined=1,
            credits_cost=3, credits_remaining=19_460, credits_used=540,
        )  # fmt: skip
        QuarantinedRow.objects.create(
            feed_run=run, source="the_odds_api", row_number=14, field="price",
            reason="price: 0.95 is not above 1", raw={"price": 0.95}, fingerprint="ab" * 32,
            seen_at=self.now,
        )  # fmt: skip
