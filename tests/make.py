"""Builders: plain functions that make rows for tests. One section an app."""

import uuid
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.utils import timezone

from accounts.keys import issue_key
from accounts.models import ApiKey, User
from accounts.scopes import READING, scopes_of
from betting.models import Bankroll, Bet, Transfer
from betting.services import bankrolls, ledger
from betting.services.placement import place_bet
from odds.feeds.columns import ParsedQuote, columns_of
from odds.feeds.parsed import ParsedEvent, ParsedSweep
from odds.models import (
    Bookmaker,
    Competition,
    Event,
    FeedRun,
    Market,
    Quote,
    Selection,
    Sport,
    Team,
)
from risk.models import Limits

# One day: money is paid in BEFORE, quotes are seen NOON, games start EVENING, results are NIGHT.
NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
BEFORE = NOON - timedelta(days=1)
EVENING = NOON + timedelta(hours=7)
NIGHT = NOON + timedelta(hours=10)

# --- accounts


def user(name: str = "alice", *, password: str | None = None, **fields: object) -> User:
    """Make a person; without a password nobody logs in as them except by force."""
    return User.objects.create_user(name, f"{name}@example.test", password, **fields)


def operator(name: str = "olivia", *, password: str | None = None) -> User:
    """Make a person who may do everything in the admin, and has the second factor it takes."""
    made = user(name, password=password, is_staff=True, is_superuser=True)
    authenticator_app(made)
    return made


def authenticator_app(owner: User) -> str:
    """Set up an authenticator app; the secret is what `code_of` makes codes of."""
    secret = generate_totp_secret()
    TOTP.activate(owner, secret)
    return secret


def code_of(secret: str) -> str:
    """Return the code that the app shows now."""
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


def api_key(
    owner: User, *, scopes: Iterable[str] = READING, **fields: object
) -> tuple[ApiKey, str]:
    """Make a key that reads; the text is what goes into X-Api-Key."""
    return issue_key(owner_id=owner.pk, name="test", scopes=scopes, now=timezone.now(), **fields)


def full_key(owner: User) -> tuple[ApiKey, str]:
    """Make a key for all that its owner may do."""
    return api_key(owner, scopes=scopes_of(owner))


# --- betting


def bankroll(owner: User, amount: str = "1000.00", *, name: str = "Main") -> Bankroll:
    """Open a bankroll with so much in it."""
    opened = bankrolls.open_bankroll(owner.pk, name, "EUR", BEFORE)
    deposit(opened, amount, reference=f"seed-{name}", now=BEFORE)
    return opened


def deposit(to: Bankroll, amount: str, *, reference: str = "d", now: datetime = NOON) -> Transfer:
    """Pay money into a bankroll."""
    return ledger.move_money(
        "deposit", bankroll_id=to.pk, amount=Decimal(amount), reference=reference, now=now
    )


def withdrawal(of: Bankroll, amount: str) -> Transfer:
    """Take free money out of a bankroll."""
    return ledger.move_money(
        "withdrawal", bankroll_id=of.pk, amount=Decimal(amount), reference="w", now=NOON
    )


def priced(
    price: str | None = "2.000",
    *,
    side: str = "home",
    point: str | None = None,
    market: str = "h2h",
    book: str = "paperbook",
    game: int = 1,
    draw: bool = False,
) -> Quote:
    """Make a quote seen NOON on a game that starts EVENING; the same game and market are shared."""
    sport, _ = Sport.objects.get_or_create(key="basketball", defaults={"title": "Basketball"})
    league, _ = Competition.objects.get_or_create(
        key="basketball_test", defaults={"sport": sport, "title": "Test league"}
    )
    home, _ = Team.objects.get_or_create(competition=league, name=f"Home {game}")
    away, _ = Team.objects.get_or_create(competition=league, name=f"Away {game}")
    event, _ = Event.objects.get_or_create(
        competition=league,
        home=home,
        away=away,
        day=EVENING.date(),
        defaults={"season": "2025-26", "starts_at": EVENING},
    )
    on, _ = Market.objects.get_or_create(event=event, key=market)
    if draw:
        Selection.objects.get_or_create(market=on, side="draw", point=None)
    bookmaker, _ = Bookmaker.objects.get_or_create(key=book, defaults={"title": book.title()})
    selection, _ = Selection.objects.get_or_create(
        market=on, side=side, point=None if point is None else Decimal(point)
    )
    return Quote.objects.create(
        selection=selection,
        bookmaker=bookmaker,
        price=None if price is None else Decimal(price),
        last_update=NOON,
        seen_at=NOON,
    )


def place(owner: User, quote: Quote, stake: str = "10.00", **asked: object) -> Bet:
    """Place a bet on a quote at NOON, at the price it shows."""
    defaults = {"request_key": uuid.uuid4().hex, "price": quote.price, "now": NOON}
    return place_bet(
        owner_id=owner.pk,
        selection_id=quote.selection_id,
        bookmaker_id=quote.bookmaker_id,
        stake=Decimal(stake),
        **(defaults | asked),
    )


def finish(event: Event, home_score: int, away_score: int) -> Event:
    """Finish a game with a score known at NIGHT."""
    event.status = "finished"
    event.home_score, event.away_score, event.result_seen_at = home_score, away_score, NIGHT
    event.save()
    return event


def limits(owner: User, *, bet: str, event: str, day: str, drawdown: str = "0.2500") -> Limits:
    """Set a person's limits, as shares of equity."""
    return Limits.objects.create(
        owner=owner,
        max_bet_share=Decimal(bet),
        max_market_share=Decimal(event),
        max_event_share=Decimal(event),
        max_day_share=Decimal(day),
        max_drawdown_share=Decimal(drawdown),
    )


# --- odds

SWEPT = datetime(2026, 1, 14, 12, tzinfo=UTC)


def parsed_event(key: str = "g1", home: str = "Boston Celtics", away: str = "Miami Heat", **fields):
    """Make what a source lists of a game; starts at 00:10 UTC on the 15th, the 14th in Boston."""
    given = {
        "source": "the_odds_api",
        "competition_key": "basketball_nba",
        "day": date(2026, 1, 14),
        "starts_at": datetime(2026, 1, 15, 0, 10, tzinfo=UTC),
    }
    return ParsedEvent(key=key, home=home, away=away, **(given | fields))


def parsed_quote(side: str, price: str, *, point: str | None = None, **fields) -> ParsedQuote:
    """Make one price at DraftKings for the game g1."""
    given = {
        "source": "the_odds_api",
        "event_key": "g1",
        "bookmaker_key": "draftkings",
        "market_key": "h2h" if point is None else "spreads",
        "last_update": None,
    }
    where = None if point is None else Decimal(point)
    return ParsedQuote(side=side, point=where, price=Decimal(price), **(given | fields))


def parsed_sweep(quotes, *, at: datetime = SWEPT, events=None, **fields) -> ParsedSweep:
    """Make one answer of the provider, seen at `at`."""
    return ParsedSweep(
        provider="the_odds_api",
        competition_key="basketball_nba",
        seen_at=at,
        events=[parsed_event()] if events is None else events,
        quotes=columns_of(quotes),
        **fields,
    )


def feed_run(**fields) -> FeedRun:
    """Make a run of the odds feed that has begun."""
    given = {
        "provider": "the_odds_api",
        "kind": "odds",
        "subject": "basketball_nba",
        "started_at": SWEPT,
    }
    return FeedRun.objects.create(**(given | fields))
