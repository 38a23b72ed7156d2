"""A database as a heavy user has it after a season: NBA 2021-22 replayed, 20,000 bets, every page.

Games, results, box scores, closing lines and the archive's own prices are real, read from the
folder of FAIRLINE_SHARED_DATA as `import_history` reads them. The archive holds one snapshot a day
of half the season, so the rest of the price changes are made: sixteen bookmakers as the
simulator's, three lines a market, each quoting off a margin and a total that move from the real
opening line to the real close. Trainings, predictions, closes, settlements, CLV, opportunities and
backtests are the services' own; bets are written as placement writes them, in bulk.
"""

import csv
import gzip
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import User
from betting.models import Bankroll, Bet, LedgerAccount, Opportunity, Strategy, Transfer
from betting.services.measuring import measure_clv
from betting.services.opportunities import refresh_opportunities
from betting.services.outlooks import refresh
from betting.services.settlement import settle_due_bets
from betting.services.strategies import ensure_strategies
from models_registry.history import read_history
from models_registry.models import ModelVersion, Promotion
from models_registry.services import predict_events, predict_upcoming, train_version
from odds.closing import capture_closes_between
from odds.models import Bookmaker, ClosingPrice, Event, Selection
from odds.services.price_store import add_changes, add_quotes
from odds.simulator import chances
from odds.simulator.market import priced
from odds.simulator.noise import normal, uniform
from odds.simulator.teams import BASKETBALL_SPLIT, BOOKS, BookSpec
from risk.models import Assessment

SEASON, LEAGUE = "2021-22", "basketball_nba"
# The morning of the last day of the regular season: fifteen games to come, then the play-in.
MOMENT = datetime(2022, 4, 10, 17, 0, tzinfo=UTC)
FIRST = datetime(2021, 10, 19, tzinfo=UTC)
# From here on: results to learn from.
SINCE = "2014-10-01"
BOOKS_TO_QUOTE, LINES, HOURS, PER_EVENT, BETS = 16, 3, 23, 30, 20_000
SELECTIONS = 2 + 2 * LINES + 2 * LINES
DEPOSIT = Decimal("10000.00")
STAKES = ("2.00", "3.50", "4.00", "5.00", "7.25", "8.00")


@dataclass(frozen=True, slots=True)
class _Game:
    """What the archive says of a game of the season."""

    event_id: int
    starts_at: datetime
    spread: tuple[float, float]
    total: tuple[float, float]


@contextmanager
def _step(words: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    print(f"{words}: {time.perf_counter() - begun:.1f} s", file=sys.stderr, flush=True)


def fill(bettor: User, bankroll: Bankroll, archive: Path, *, changes: int, bets: int) -> None:
    """Fill an empty database with the season up to MOMENT."""
    with _step("results, lines and real prices"):
        _import(archive)
    games = _games(archive)
    with _step(f"{changes:,} price changes"):
        taken = _make_prices(games, changes=changes, bets=bets)
    with _step("closes"):
        # The import captured those of the archive's own prices alone.
        ClosingPrice.objects.filter(selection__market__event__starts_at__gte=FIRST).delete()
        capture_closes_between(after=FIRST, before=MOMENT, now=MOMENT)
    with _step("models and predictions"):
        _predict(games)
    with _step(f"{len(taken):,} bets settled"):
        _bet(bettor, bankroll, taken)
    with _step("CLV"):
        measure_clv(MOMENT, limit=len(taken) + 1, owner_id=bettor.pk)
    with _step("opportunities"), transaction.atomic():
        refresh_opportunities(now=MOMENT)
    with _step("outlooks and days of markets"):
        refresh(MOMENT)
    with _step("what jobs and feeds left"), connection.cursor() as cursor:
        for statement in _OPERATIONS:
            cursor.execute(statement, {"moment": MOMENT, "first": FIRST})
    with _step("vacuum"), connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _import(archive: Path) -> None:
    """Import what the archive knows before MOMENT; its last snapshot lists the games to come."""
    with TemporaryDirectory() as folder:
        for name, column, until in (
            ("nba_games", "game_date", MOMENT.date().isoformat()),
            ("nba_team_boxscores", "game_date", MOMENT.date().isoformat()),
            ("nba_odds_snapshots", "snapshot_time", MOMENT.isoformat()),
        ):
            rows = _rows(archive / f"{name}.csv.gz")
            with gzip.open(Path(folder) / f"{name}.csv.gz", "wt", newline="") as file:
                writer = csv.DictWriter(file, fieldnames=next(rows))
                writer.writeheader()
                writer.writerows(row for row in rows if SINCE <= row[column] < until)
        call_command("import_history", folder, stdout=sys.stderr)


def _rows(path: Path) -> Iterator:
    """Yield the names of a file's columns, then its rows by name."""
    with gzip.open(path, "rt", newline="") as file:
        reader = csv.DictReader(file)
        yield reader.fieldnames
        yield from reader


def _games(archive: Path) -> list[_Game]:
    known = {
        (day, home): (pk, at)
        for pk, day, home, at in Event.objects.filter(
            competition__key=LEAGUE, starts_at__gte=FIRST
        ).values_list("pk", "day", "home__code", "starts_at")
    }
    rows = _rows(archive / "nba_games.csv.gz")
    next(rows)
    games = []
    for row in rows:
        found = known.get((date.fromisoformat(row["game_date"]), row["home"]))
        if row["season"] == SEASON and found and row["spread_close_home"] and row["total_close"]:
            opened = row["spread_open_home"] or row["spread_close_home"]
            games.append(
                _Game(
                    *found,
                    (float(opened), float(row["spread_close_home"])),
                    (float(row["total_open"] or row["total_close"]), float(row["total_close"])),
                )
            )
    return games


# --- prices


def _books() -> tuple[BookSpec, ...]:
    """The simulator's bookmakers, as often as it takes, each with errors of its own."""
    names = ("", " North", " West")
    return tuple(
        replace(
            BOOKS[n % len(BOOKS)],
            key=f"{BOOKS[n % len(BOOKS)].key}_{n // len(BOOKS)}",
            title=BOOKS[n % len(BOOKS)].title + names[n // len(BOOKS)],
        )
        for n in range(BOOKS_TO_QUOTE)
    )


def _make_prices(games: list[_Game], *, changes: int, bets: int) -> list[tuple]:
    """Write every quote of the season with its changes; return the prices that were bet on."""
    books = _books()
    made = Bookmaker.objects.bulk_create(
        Bookmaker(
            key=spec.key,
            title=spec.title,
            is_exchange=spec.is_exchange,
            commission_share=Decimal("0.02") if spec.is_exchange else Decimal(0),
        )
        for spec in books
    )
    book_ids = np.array([book.pk for book in made])
    steps = max(2, round(changes / (len(games) * SELECTIONS * BOOKS_TO_QUOTE)))
    over = [game for game in games if game.starts_at < MOMENT]
    a_game = bets // len(over) + 1
    taken: list[tuple] = []
    for begin in range(0, len(games), PER_EVENT):
        chunk = games[begin : begin + PER_EVENT]
        with transaction.atomic():
            selections = _selections(chunk)
            taken += _quote(chunk, begin, selections, books, book_ids, steps, a_game)
    return sorted(taken[:bets], key=lambda row: row[4])


def _selections(games: list[_Game]) -> np.ndarray:
    """Write the markets and lines of games; return the selections' ids, (games, SELECTIONS)."""
    wanted = []
    for game in games:
        lines = [Decimal(str(game.spread[1])) + step for step in (-1, 0, 1)]
        totals = [Decimal(str(game.total[1])) + step for step in (-1, 0, 1)]
        wanted += [(game.event_id, "h2h", side, None) for side in ("home", "away")]
        for line in lines:
            wanted += [
                (game.event_id, "spreads", "home", line),
                (game.event_id, "spreads", "away", -line),
            ]
        for line in totals:
            wanted += [(game.event_id, "totals", side, line) for side in ("over", "under")]
    events, keys, sides, points = map(list, zip(*wanted, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO odds_market (event_id, key) SELECT DISTINCT e, k"
            " FROM unnest(%s::bigint[], %s::text[]) w(e, k) ON CONFLICT DO NOTHING",
            [events, keys],
        )
        given = [events, keys, sides, points]
        wants = (
            "unnest(%s::bigint[], %s::text[], %s::text[], %s::numeric[])"
            " WITH ORDINALITY w(e, k, s, p, n)"
        )
        cursor.execute(
            "INSERT INTO odds_selection (market_id, side, point) SELECT m.id, s, p"  # noqa: S608
            f" FROM {wants} JOIN odds_market m ON m.event_id = e AND m.key = k"
            " ON CONFLICT DO NOTHING",
            given,
        )
        cursor.execute(
            f"SELECT o.id FROM {wants} JOIN odds_market m ON m.event_id = e AND m.key = k"  # noqa: S608
            " JOIN odds_selection o ON o.market_id = m.id AND o.side = s"
            " AND o.point IS NOT DISTINCT FROM p ORDER BY n",
            given,
        )
        return np.array(cursor.fetchall()).reshape(len(games), SELECTIONS)


def _quote(
    games: list[_Game],
    number: int,
    selections: np.ndarray,
    books: tuple[BookSpec, ...],
    book_ids: np.ndarray,
    steps: int,
    a_game: int,
) -> list[tuple]:
    event = number + np.arange(len(games))[:, None, None]
    step, book = np.arange(steps)[None, :, None], np.arange(len(books))[None, None, :]
    part = step / (steps - 1)

    def moving(ends: list[tuple[float, float]], about: int, sd: float) -> np.ndarray:
        first, last = np.array(ends).T[:, :, None, None]
        own = 0.5 * normal(1, about, event, book) + 0.4 * normal(2, about, event, step, book)
        return first + (last - first) * part + sd * normal(3, about, event, step) + own

    margin = -moving([game.spread for game in games], 1, 0.5)
    total = moving([game.total for game in games], 2, 0.7)
    sd, total_sd = np.full_like(margin, chances.MARGIN_SD), np.full_like(total, chances.TOTAL_SD)
    chance = [chances.home_wins(margin, sd)]
    for move in (-1, 0, 1):
        line = np.array([game.spread[1] + move for game in games])[:, None, None] + 0 * margin
        cover, push = chances.home_covers(line, margin, sd)
        chance.append(cover / (1 - push))
    for move in (-1, 0, 1):
        line = np.array([game.total[1] + move for game in games])[:, None, None] + 0 * margin
        over, on_it = chances.goes_over(line, total, total_sd, margin, sd)
        chance.append(over / (1 - on_it))
    # Shape: games, selections, books, steps.
    both = np.stack([side for p in chance for side in (p, 1 - p)], axis=1).transpose(0, 1, 3, 2)
    flat = both.transpose(0, 1, 3, 2).reshape(-1, len(books))
    offered = priced(flat, np.ones(flat.shape, bool), books, BASKETBALL_SPLIT, 2)
    prices = np.nan_to_num(offered, nan=1.01).reshape(*both.shape[:2], steps, len(books))
    # In whole thousandths. A price that stands is no change: where it would, it is moved.
    price = np.rint(np.maximum(prices.transpose(0, 1, 3, 2), 1.01) * 1000).astype(np.int64)
    for at in range(1, steps):
        price[..., at] += 10 * (price[..., at] == price[..., at - 1])

    ends = [
        min(game.starts_at - timedelta(minutes=2), MOMENT - timedelta(seconds=30)) for game in games
    ]
    begins = np.array([_us(end - timedelta(hours=HOURS)) for end in ends])[:, None]
    seen = begins + (np.arange(steps) * (HOURS * 3_600_000_000 // (steps - 1)))[None, :]
    shape = price.shape
    seen_all = np.broadcast_to(seen[:, None, None, :], shape)
    update_all = seen_all - 20_000_000
    pairs = np.broadcast_to(selections[:, :, None], shape[:3]), np.broadcast_to(book_ids, shape[:3])
    ids = add_quotes(
        pairs[0].ravel(), pairs[1].ravel(), price[..., -1].ravel(),
        update_all[..., -1].ravel(), seen_all[..., -1].ravel(),
    )  # fmt: skip
    add_changes(np.repeat(ids, steps), price.ravel(), update_all.ravel(), seen_all.ravel())
    _looks(games, seen, book_ids)

    taken: list[tuple] = []
    fair = both.mean(axis=2)[..., -1]
    ids = ids.reshape(shape[:3])
    for row, game in enumerate(games):
        if game.starts_at >= MOMENT:
            continue
        at = np.random.default_rng(game.event_id).integers(1, steps, (SELECTIONS, len(books)))
        shown = np.take_along_axis(price[row], at[..., None], axis=2)[..., 0] / 1000
        edge = fair[row][:, None] * shown - 1
        # Mostly any of them may be what somebody took, a better price a little sooner.
        edge = edge + 0.4 * uniform(9, number + row, np.arange(edge.size)).reshape(edge.shape)
        for flat_at in np.argsort(-edge, axis=None)[:a_game]:
            which, where = np.unravel_index(flat_at, edge.shape)
            moment = _moment(int(seen[row, at[which, where]]))
            taken.append((
                int(ids[row, which, where]), int(selections[row, which]), int(book_ids[where]),
                Decimal(int(price[row, which, where, at[which, where]])) / 1000, moment,
                float(np.clip(fair[row, which], 0.02, 0.98)), game.starts_at,
                Decimal("0.02") if books[where].is_exchange else Decimal(0),
            ))  # fmt: skip
    return taken


def _looks(games: list[_Game], seen: np.ndarray, book_ids: np.ndarray) -> None:
    events = [game.event_id for game in games]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO odds_sighting (event_id, market_key, seen_at, fingerprint, bookmaker_ids)"
            " SELECT e, k, at, 1, %s FROM unnest(%s::bigint[], %s::timestamptz[]) w(e, at),"
            " unnest(ARRAY['h2h', 'spreads', 'totals']) k ON CONFLICT DO NOTHING",
            [
                book_ids.tolist(),
                [e for e in events for _ in range(seen.shape[1])],
                [_moment(int(at)) for at in seen.ravel()],
            ],
        )
        cursor.execute(
            "INSERT INTO odds_marketlook (market_id, bookmaker_ids, looked_at, last_update)"
            " SELECT m.id, %s, array_fill(at, ARRAY[%s]), array_fill(at, ARRAY[%s])"
            " FROM odds_market m JOIN unnest(%s::bigint[], %s::timestamptz[]) w(e, at)"
            " ON m.event_id = e ON CONFLICT (market_id) DO UPDATE SET"
            " bookmaker_ids = odds_marketlook.bookmaker_ids || EXCLUDED.bookmaker_ids,"
            " looked_at = odds_marketlook.looked_at || EXCLUDED.looked_at,"
            " last_update = odds_marketlook.last_update || EXCLUDED.last_update",
            [
                book_ids.tolist(), len(book_ids), len(book_ids), events,
                [_moment(int(at)) for at in seen[:, -1]],
            ],
        )  # fmt: skip


def _us(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1_000_000, tz=UTC)


# --- models


def _predict(games: list[_Game]) -> None:
    """Train before the season and near its end; say what the first said of every day of it."""
    first = train_version(competition_key=LEAGUE, until=FIRST - timedelta(days=1))
    _promote(first, None, FIRST, "The first version of this league.")
    second = train_version(competition_key=LEAGUE, until=MOMENT - timedelta(days=30))
    history = read_history(LEAGUE)
    days = sorted({game.starts_at.date() for game in games if game.starts_at < MOMENT})
    for day in days:
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        ids = [game.event_id for game in games if game.starts_at.date() == day]
        predict_events(event_ids=ids, as_of=noon, made_at=noon, version=first, history=history)
    _promote(second, first, MOMENT - timedelta(days=29), "It has learned from most of the season.")
    predict_upcoming(now=MOMENT)


def _promote(version: ModelVersion, replaced: ModelVersion | None, at: datetime, why: str) -> None:
    Promotion.objects.create(
        predictor=version.predictor, version=version, replaced=replaced, kind="promoted", at=at,
        reason=why, gates=[],
    )  # fmt: skip


# --- bets


def _bet(bettor: User, bankroll: Bankroll, taken: list[tuple]) -> None:
    """Place a day's bets as placement writes them and settle the day, one day after the other."""
    ensure_strategies()
    strategy = Strategy.objects.get(key="consensus")
    pots = {pot.kind: pot for pot in LedgerAccount.objects.filter(bankroll=bankroll)}
    named = dict(
        Selection.objects.filter(pk__in={row[1] for row in taken})
        .select_related("market__event__home", "market__event__away")
        .in_bulk()
        .items()
    )
    by_day: dict[date, list[tuple]] = {}
    for row in taken:
        by_day.setdefault(row[6].date(), []).append(row)
    for day in sorted(by_day):
        with transaction.atomic():
            _place(bettor, bankroll, strategy, pots, named, by_day[day])
        settle_due_bets(datetime(day.year, day.month, day.day, 20, tzinfo=UTC) + timedelta(days=1))


def _place(bettor, bankroll, strategy, pots, named, rows) -> None:  # noqa: ANN001
    rng = np.random.default_rng(rows[0][0])
    opportunities = Opportunity.objects.bulk_create(
        [
            Opportunity(
                strategy=strategy, quote_id=quote, as_of=at, price=price, price_seen_at=at,
                fair_probability=fair, market_probability=fair, edge=fair * float(price) - 1,
                edge_low=fair * float(price) - 1.01, stake_share=0.005 * is_taken,
                reasons=[f"The price is {price}; the consensus of 16 books is {1 / fair:.2f}."],
                passes=[] if is_taken else ["The low end of the edge is not above zero."],
                status="gone", gone_at=at + timedelta(minutes=9),
            )
            for quote, _, _, price, at, fair, _, _ in rows
            # What is surfaced is taken about half the time.
            for is_taken, at in ((True, at), (False, at - timedelta(minutes=30)))
        ]
    )[::2]  # fmt: skip
    stakes = [Decimal(STAKES[n]) for n in rng.integers(0, len(STAKES), len(rows))]
    assessments = Assessment.objects.bulk_create(
        Assessment(
            owner=bettor, subject=f"{named[row[1]]} in {named[row[1]].market}"[:160], at=row[4],
            asked=stake, allowed=stake, breaches=[],
            waterfall=[
                {"name": "kelly", "stake": str(stake * 4), "reason": "Full Kelly at the price."},
                {"name": "part", "stake": str(stake), "reason": "A quarter of it."},
            ],
        )
        for row, stake in zip(rows, stakes, strict=True)
    )  # fmt: skip
    bets = Bet.objects.bulk_create(
        Bet(
            owner=bettor, bankroll=bankroll, request_key=f"season-{row[0]}-{_us(row[4])}",
            fingerprint=hashlib.sha256(json.dumps([row[0], _us(row[4])]).encode()).hexdigest(),
            selection_id=row[1], bookmaker_id=row[2], opportunity=opportunity,
            assessment=assessment, price=row[3], commission_share=row[7], stake=stake,
            matched_stake=stake, matched_price=row[3], fair_probability=row[5], status="open",
            placed_at=row[4], venue_reference=f"season-{row[0]}",
            tags=["value"] if row[0] % 3 == 0 else [],
        )
        for row, stake, opportunity, assessment in zip(
            rows, stakes, opportunities, assessments, strict=True
        )
    )  # fmt: skip
    Transfer.objects.bulk_create(
        Transfer(
            reference=f"bet:{bet.pk}:stake", kind="stake", source=pots["free"],
            destination=pots["at_risk"], amount=bet.stake, bet=bet, at=bet.placed_at,
        )
        for bet in bets
    )  # fmt: skip


_OPERATIONS = (
    "INSERT INTO accounts_jobrun (job, started_at, finished_at, succeeded, detail, error)"
    " SELECT job, at, at + interval '2 seconds', true, '{}', ''"
    " FROM unnest(ARRAY['odds.fetch_odds', 'odds.capture_closes', 'betting.settle_due_bets',"
    " 'betting.refresh_opportunities', 'odds.fetch_scores']) job,"
    " generate_series(now() - interval '10 days', now(), interval '5 minutes') at",
    "INSERT INTO odds_feedrun (provider, kind, subject, started_at, finished_at, outcome, error,"
    " rows_read, rows_new, rows_repeated, rows_quarantined, credits_cost, credits_remaining,"
    " credits_used) SELECT 'the_odds_api', 'odds', 'basketball_nba', at, at + interval '1 second',"
    " 'succeeded', '', 3360, 700, 2660, 0, 6, 15000, 5000"
    " FROM generate_series(%(first)s::timestamptz, %(moment)s, interval '38 minutes') at",
)
