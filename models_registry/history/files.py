"""The games of a competition from archive files, for judging models without importing anything."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from models_registry.domain.games import BOX
from models_registry.history import GameRow, History, as_history, margin_free, may_be_drawn
from models_registry.history.football import NoMatches, matches_of
from odds.domain.competitions import competition_info
from odds.feeds.columns import SIDES
from odds.feeds.history import (
    Fact,
    Format,
    Unrecognised,
    box_scores,
    find_files,
    football_data,
    nba_games,
    recognise,
)
from odds.feeds.parsed import (
    ParsedBoxScore,
    ParsedEvent,
    ParsedLine,
    ParsedResult,
    ParsedSweep,
    RejectedRow,
)

HOME, AWAY = SIDES.index("home"), SIDES.index("away")
Boxes = dict[tuple[str, bool], ParsedBoxScore]


class UnusableFiles(Exception):
    """A folder or file from which no games can be read, with what was looked for."""


def read_files(competition_key: str, folder: Path) -> History:
    """Return the games, box scores and closing moneylines found below a folder.

    The facts are those that an import would work in: games that only box scores tell of (earlier
    seasons) count too. Games without a score are left out. Teams are known by the archive's own
    codes.

    Raises:
        UnusableFiles: saying what was looked for, or naming the line and the bad value.
    """
    if may_be_drawn(competition_key):
        return _read_football(competition_key, folder)
    found = _Found(competition_key, nba_games.source_of(competition_key))
    for kind in (nba_games.FORMAT, box_scores.FORMAT):
        for fact in facts_of(folder, kind):
            found.take(fact)
        if not found.events:
            raise UnusableFiles(
                f"no file in {folder} or below it has games of {competition_key} in the format of "
                f"{kind.name}"
            )
    events, results = found.events, found.results
    played = [
        (event, results[key])
        for key, event in events.items()
        # A tie decides nothing in basketball; it can only be a bad row.
        if key in results and results[key].home_score != results[key].away_score
    ]
    if not played:
        raise UnusableFiles(f"no game of {competition_key} in {folder} has a score")
    fair = margin_free([found.closes.get(event.key, (np.nan, np.nan)) for event, _ in played])
    return as_history(
        competition_key,
        competition_info(competition_key).time_zone,
        [
            replace(
                _game(number, event, result, found.boxes, close=close),
                lines=found.lines.get(event.key, {}),
            )
            for number, ((event, result), close) in enumerate(
                zip(played, fair.tolist(), strict=True)
            )
        ],
    )


def _read_football(competition_key: str, folder: Path) -> History:
    try:
        return matches_of(competition_key, facts_of(folder, football_data.FORMAT))
    except NoMatches as nothing:
        raise UnusableFiles(
            f"{nothing}, in {folder} or below it, in the format of {football_data.FORMAT.name}"
        ) from nothing


@dataclass
class _Found:
    """What files tell of one competition; what is told first stands."""

    competition_key: str
    source: str
    events: dict[str, ParsedEvent] = field(default_factory=dict)
    results: dict[str, ParsedResult] = field(default_factory=dict)
    boxes: Boxes = field(default_factory=dict)
    closes: dict[str, tuple[float, float]] = field(default_factory=dict)
    lines: dict[str, dict[str, float]] = field(default_factory=dict)

    def take(self, fact: Fact) -> None:
        """Keep a fact, if it is of the competition."""
        if isinstance(fact, ParsedSweep) and fact.competition_key == self.competition_key:
            self.closes[fact.events[0].key] = _close(fact)
        elif getattr(fact, "source", None) == self.source:
            self._take_own(fact)

    def _take_own(self, fact: Fact) -> None:
        if isinstance(fact, ParsedEvent):
            self.events.setdefault(fact.key, fact)
        elif isinstance(fact, ParsedResult):
            self.results.setdefault(fact.event_key, fact)
        elif isinstance(fact, ParsedLine) and fact.moment == "close":
            self.lines.setdefault(fact.event_key, {})[fact.market_key] = float(fact.point)
        elif isinstance(fact, ParsedBoxScore):
            self.boxes[fact.event_key, fact.is_home] = fact


def _game(
    number: int, event: ParsedEvent, result: ParsedResult, boxes: Boxes, *, close: float
) -> GameRow:
    home, away = boxes.get((event.key, True)), boxes.get((event.key, False))
    box, box_seen_at = None, None
    if home is not None and away is not None:
        box, box_seen_at = (_counts(home), _counts(away)), max(home.seen_at, away.seen_at)
    return GameRow(
        event_id=number,
        season=event.season,
        day=event.day,
        starts_at=event.starts_at,
        home=event.home,
        away=event.away,
        neutral=event.neutral_site,
        playoffs=event.stage == "playoffs",
        seen_at=result.seen_at,
        score=(float(result.home_score), float(result.away_score)),
        box=box,
        box_seen_at=box_seen_at,
        close=close,
    )


def _counts(box: ParsedBoxScore) -> list[float]:
    return [box.stats.get(name, np.nan) for name in BOX]


def _close(sweep: ParsedSweep) -> tuple[float, float]:
    """Return the home and away prices of the one event of an archive's sweep; NaN if unusable."""
    prices = {HOME: np.nan, AWAY: np.nan}
    for _, _, _, side, _, price, _ in sweep.quotes.values():
        # A price below zero stands for one that cannot be used.
        prices[side] = price / 1000 if price > 0 else np.nan
    return prices[HOME], prices[AWAY]


def facts_of(folder: Path, kind: Format) -> Iterator[Fact]:
    """Return the facts of every file of a format, known by its header as the importer does."""
    for path in find_files(folder.parent if folder.is_file() else folder):
        if not _is_of(path, kind):
            continue
        try:
            for fact in kind.read(path):
                # A row that names its game and cannot be used is no row to judge a model by.
                if isinstance(fact, RejectedRow) and {"game_date", "FTHG"} & fact.raw.keys():
                    raise UnusableFiles(
                        f"{path.name} line {fact.row_number}: {fact.field}: {fact.reason}"
                    )
                yield fact
        except (OSError, EOFError) as error:
            raise UnusableFiles(f"{path} cannot be read: {error}") from error


def _is_of(path: Path, kind: Format) -> bool:
    try:
        return recognise(path) is kind
    except Unrecognised:
        return False
