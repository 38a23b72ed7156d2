"""The games of a competition as columns, from the database or from files."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from models_registry.domain.games import (
    BOX,
    MATCH_BOX,
    BoolArray,
    FloatArray,
    Games,
    IntArray,
    TimeArray,
    usable_from,
)
from models_registry.domain.seasons import conference_of, halls_on, season_of
from models_registry.history.market import CLOSE_METHOD, stored_three_way
from odds.database import fetch_columns
from odds.domain.competitions import outcome_count
from odds.domain.margins import remove_margin
from odds.models import ClosingPrice, Competition, Event, EventStatus, Quote, ReferenceLine, Team

# Box scores are usable with their result, if they were published this soon after it.
BOX_DELAY = timedelta(hours=12)
NEVER = np.datetime64("NaT", "us")
# Markets whose closing lines are kept beside the games.
LINES = ("spreads", "totals")


_BOXES = """
SELECT home.event_id, greatest(home.seen_at, away.seen_at), {told}
FROM odds_teamgame home
JOIN odds_teamgame away ON away.event_id = home.event_id AND NOT away.is_home
JOIN odds_event e ON e.id = home.event_id AND e.competition_id = %(competition)s
CROSS JOIN LATERAL jsonb_to_record(home.stats) AS mine({counted})
CROSS JOIN LATERAL jsonb_to_record(away.stats) AS theirs({counted})
WHERE home.is_home
"""


class NoSuchCompetition(Exception):
    """A competition key that nothing is stored under."""


@dataclass(frozen=True, slots=True)
class History:
    """Games with season names, team names by number, and the close.

    `close` is the home side's margin-free probability, NaN where no closing price is known. It
    is no feature: models are compared with it, and how far they are to be believed beside it is
    learned from games that were over. Nor is `market`: where a draw is possible, the margin-free
    probabilities of home, draw, away, shape (n, 3), of the market by name (see history_market);
    or `lines`, the closing lines by market key: the home side's spread, the total; NaN: none.
    Under `spreads` and `totals` it has the closing line and what was said of it, shape (n, 2).
    """

    competition_key: str
    games: Games
    season: tuple[str, ...]
    teams: tuple[str, ...]
    close: FloatArray
    market: Mapping[str, FloatArray] = field(default_factory=dict)
    lines: Mapping[str, FloatArray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.games)

    def where(self, mask: BoolArray) -> "History":
        """Return the games where the mask holds."""
        season = tuple(name for name, keep in zip(self.season, mask, strict=True) if keep)
        market = {name: said[mask] for name, said in self.market.items()}
        return replace(
            self,
            games=self.games.where(mask),
            season=season,
            close=self.close[mask],
            market=market,
            lines={name: line[mask] for name, line in self.lines.items()},
        )

    def as_known_at(self, moment: datetime) -> "History":
        """Return the history without anything learned after a moment."""
        return replace(self, games=self.games.as_known_at(instant(moment)))

    def fingerprint(self) -> str:
        """Return the SHA-256 of every column a model may learn from."""
        digest = hashlib.sha256()
        for name in (
            "season", "day", "starts_at", "home", "away", "neutral", "playoffs", "halls",
            "conference", "season_games", "places", "known_at", "home_score", "away_score", "box",
        ):  # fmt: skip
            digest.update(np.ascontiguousarray(getattr(self.games, name)).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class GameRow:
    """One game on its way into columns."""

    event_id: int
    season: str
    day: date
    starts_at: datetime
    home: object
    away: object
    neutral: bool
    playoffs: bool
    seen_at: datetime | None
    score: tuple[float, float] | None
    box: FloatArray | tuple[list[float], list[float]] | None = None
    box_seen_at: datetime | None = None
    close: float = np.nan
    market: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    lines: Mapping[str, float] = field(default_factory=dict)


def may_be_drawn(competition_key: str) -> bool:
    """Say whether an event of a competition may be drawn.

    >>> may_be_drawn("soccer_epl"), may_be_drawn("basketball_nba")
    (True, False)
    """
    return outcome_count(competition_key, "h2h") == 3


def box_of(competition_key: str) -> tuple[str, ...]:
    """Return the counts that features of a competition use, as `Games.box` has them."""
    return MATCH_BOX if may_be_drawn(competition_key) else BOX


def instant(moment: datetime) -> np.datetime64:
    """Return a moment as numpy keeps it: UTC without saying so, to the microsecond."""
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")


def instants(moments: Iterable[datetime | None]) -> TimeArray:
    """Return moments as a column; None becomes NaT."""
    return np.array(
        [NEVER if moment is None else instant(moment) for moment in moments], dtype="M8[us]"
    )


def as_history(
    competition_key: str, zone: str, rows: list[GameRow], codes: Mapping[str, str] | None = None
) -> History:
    """Return rows as columns, in order of start, then event id.

    `codes` says by what code or name the league knows a team, where rows name it otherwise.
    A result counts from when it was seen, but never on its own day in the competition's zone.
    A box score counts with its result if it was seen within 12 hours of it.
    """
    rows = sorted(rows, key=lambda row: (row.starts_at, row.event_id))
    teams = sorted({str(row.home) for row in rows} | {str(row.away) for row in rows})
    number = {team: position for position, team in enumerate(teams)}
    midnight = _midnights(zone)
    next_day = instants(midnight(row.day + timedelta(days=1)) for row in rows)
    known_at = usable_from(instants(row.seen_at for row in rows), next_day)
    box_seen = usable_from(instants(row.box_seen_at for row in rows), next_day)
    soon = box_seen <= known_at + np.timedelta64(BOX_DELAY)
    box = np.full((len(rows), 2, len(box_of(competition_key))), np.nan)
    for position, row in enumerate(rows):
        if row.box is not None:
            box[position] = row.box
    years = [int(row.season[:4]) for row in rows]
    known_as = codes or {}
    rules = [season_of(competition_key, year) for year in years]
    games = Games(
        event_id=_ints(row.event_id for row in rows),
        season=_ints(years),
        day=np.array([row.day for row in rows], dtype="M8[D]"),
        starts_at=instants(row.starts_at for row in rows),
        home=_ints(number[str(row.home)] for row in rows),
        away=_ints(number[str(row.away)] for row in rows),
        neutral=np.array([row.neutral for row in rows], dtype=np.bool_),
        halls=_ints(halls_on(competition_key, row.day) for row in rows),
        playoffs=np.array([row.playoffs for row in rows], dtype=np.bool_),
        conference=np.array(
            [
                [
                    conference_of(competition_key, known_as.get(str(team), str(team)), year)
                    for team in (row.home, row.away)
                ]
                for row, year in zip(rows, years, strict=True)
            ],
            dtype=np.int64,
        ).reshape(-1, 2),
        season_games=_ints(games for games, _ in rules),
        places=_ints(places for _, places in rules),
        # A result waits for a box score that follows soon, so both are learned as one.
        known_at=np.where(soon, np.maximum(known_at, box_seen), known_at),
        home_score=np.array([row.score[0] if row.score else np.nan for row in rows], float),
        away_score=np.array([row.score[1] if row.score else np.nan for row in rows], float),
        box=box,
        box_known_at=box_seen,
    )
    close = np.array([row.close for row in rows], dtype=np.float64)
    widths = {name: len(said) for row in rows for name, said in row.market.items()}
    market = {
        name: np.array([row.market.get(name, (np.nan,) * width) for row in rows])
        for name, width in sorted(widths.items())
    }
    seasons = tuple(row.season for row in rows)
    lines = {
        name: np.array([row.lines.get(name, np.nan) for row in rows], dtype=np.float64)
        for name in LINES
    }
    return History(competition_key, games, seasons, tuple(teams), close, market, lines)


def read_history(competition_key: str, *, with_market: bool = True) -> History:
    """Return every event of a competition that is not cancelled, with what is stored of it.

    Whoever predicts needs no market: reading what it said takes longer than all else.

    Raises:
        NoSuchCompetition: naming the keys that are stored.
    """
    competition = find_competition(competition_key)
    boxes = _stored_boxes(competition)
    drawable = may_be_drawn(competition_key)
    closes = _stored_closes(competition) if with_market else {}
    market = stored_three_way(competition) if drawable and with_market else {}
    lines = _stored_lines(competition) if with_market else {}
    rows = []
    for event in (
        Event.objects.filter(competition=competition)
        .exclude(status=EventStatus.CANCELLED)
        .values_list(
            "pk", "season", "day", "starts_at", "home_id", "away_id", "neutral_site", "stage",
            "result_seen_at", "home_score", "away_score", "status",
        )
        .order_by("starts_at", "pk")
    ):  # fmt: skip
        pk, season, day, starts_at, home, away, neutral, stage, seen_at, home_points = event[:10]
        points = (home_points, event[10])
        score = None
        # Where no draw is possible, a tie decides nothing; it can only be a bad row.
        tied = not drawable and points[0] == points[1]
        if event[11] == EventStatus.FINISHED and None not in points and not tied:
            score = (float(points[0] or 0), float(points[1] or 0))
        box, box_seen_at = boxes.get(pk, (None, None))
        rows.append(
            GameRow(
                event_id=pk,
                season=season or _season_of(day),
                day=day,
                starts_at=starts_at,
                home=_padded(home),
                away=_padded(away),
                neutral=neutral,
                playoffs=stage == "playoffs",
                seen_at=seen_at if score else None,
                score=score,
                box=box,
                box_seen_at=box_seen_at,
                close=closes.get(pk, np.nan),
                market=market.get(pk, {}),
                lines=lines.get(pk, {}),
            )
        )
    codes = {
        _padded(pk): code or name
        for pk, code, name in Team.objects.filter(competition=competition).values_list(
            "pk", "code", "name"
        )
    }
    return as_history(competition_key, competition.time_zone, rows, codes)


def _padded(team_id: int) -> str:
    """Return a team's id as text, so that teams keep the order of their ids."""
    return f"{team_id:012d}"


def find_competition(competition_key: str) -> Competition:
    """Return a competition.

    Raises:
        NoSuchCompetition: naming the keys that are stored.
    """
    competition = Competition.objects.filter(key=competition_key).first()
    if competition is None:
        stored = ", ".join(Competition.objects.values_list("key", flat=True)) or "none"
        raise NoSuchCompetition(
            f"no competition {competition_key!r} is stored (stored: {stored}); import its "
            "history first (import_history)"
        )
    return competition


def _stored_boxes(competition: Competition) -> dict[int, tuple[FloatArray, datetime]]:
    """Return the box score (2, k) of each event that has both sides', and its moment."""
    names = box_of(competition.key)
    # Our own names, all of them.
    query = _BOXES.format(
        counted=", ".join(f"{name} float8" for name in names),
        told=", ".join(
            f"coalesce({side}.{name}, 'NaN')" for side in ("mine", "theirs") for name in names
        ),
    )
    event_id, seen_at, *counts = fetch_columns(
        query, {"competition": competition.pk}, "qt" + "q" * (2 * len(names))
    )
    # A float is eight bytes too: they come as whole numbers of the same bits.
    boxes = np.array(counts, np.int64).view(np.float64).T.reshape(-1, 2, len(names))
    moments = [moment.replace(tzinfo=UTC) for moment in seen_at.view("M8[us]").tolist()]
    return dict(zip(event_id.tolist(), zip(boxes, moments, strict=True), strict=True))


def _stored_lines(competition: Competition) -> dict[int, dict[str, float]]:
    """Return the closing lines of each event, by market key."""
    lines: dict[int, dict[str, float]] = {}
    for event_id, market_key, point in ReferenceLine.objects.filter(
        event__competition=competition, moment=ReferenceLine.Moment.CLOSE, market_key__in=LINES
    ).values_list("event_id", "market_key", "point"):
        lines.setdefault(event_id, {})[market_key] = float(point)
    return lines


def _stored_closes(competition: Competition) -> dict[int, float]:
    """Return the home side's close: an archive's closing moneyline, else our own final close."""
    closes = dict(
        ClosingPrice.objects.filter(
            selection__market__event__competition=competition,
            selection__market__key="h2h",
            selection__side="home",
            is_final=True,
        ).values_list("selection__market__event_id", "fair_probability")
    )
    quotes = (
        Quote.objects.filter(
            bookmaker__is_archive=True,
            price__isnull=False,
            selection__market__key="h2h",
            selection__side__in=("home", "away"),
            selection__market__event__competition=competition,
        )
        .order_by("bookmaker_id")
        .values_list("selection__market__event_id", "bookmaker_id", "selection__side", "price")
    )
    books: dict[tuple[int, int], dict[str, float]] = {}
    for event_id, bookmaker_id, side, price in quotes:
        books.setdefault((event_id, bookmaker_id), {})[side] = float(price or 0)
    whole = {key: book for key, book in books.items() if len(book) == 2}
    if whole:
        fair = margin_free([(book["home"], book["away"]) for book in whole.values()])
        closes |= {key[0]: float(p) for key, p in zip(whole, fair, strict=True)}
    return closes


def margin_free(prices: list[tuple[float, float]]) -> FloatArray:
    """Return the home side's probability behind pairs of home and away prices; NaN if unsound.

    >>> margin_free([(1.5, 3.0), (1.0, 3.0)]).round(4)
    array([0.6667,    nan])
    """
    pairs = np.array(prices, dtype=np.float64).reshape(-1, 2)
    sound: BoolArray = (np.isfinite(pairs) & (pairs > 1)).min(axis=1)
    fair = np.full(len(pairs), np.nan)
    if sound.any():
        fair[sound] = remove_margin(pairs[sound], CLOSE_METHOD)[:, 0]
    return fair


def _midnights(zone: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    """Return a function from a day to the moment it begins in a zone, remembering answers."""
    place = ZoneInfo(zone)

    @cache
    def midnight(day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=place).astimezone(UTC)

    return midnight


def _season_of(day: date) -> str:
    """Return the season of a day where no source said: seasons turn over in August."""
    year = day.year if day.month >= 8 else day.year - 1
    return f"{year}-{(year + 1) % 100:02d}"


def _ints(values: Iterable[int]) -> IntArray:
    return np.array(list(values), dtype=np.int64)
