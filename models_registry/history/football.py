"""The matches of a competition from football-data.co.uk's files, without importing anything."""

from collections.abc import Iterator

import numpy as np

from models_registry.domain.games import MATCH_BOX
from models_registry.history import GameRow, History, as_history
from models_registry.history.market import (
    BEFORE,
    LINE_SIDES,
    LINES,
    SIDES,
    LineQuote,
    Triple,
    main_lines,
    three_way,
)
from odds.domain.competitions import competition_info
from odds.feeds.columns import SIDES as SIDE_CODES
from odds.feeds.history import Fact
from odds.feeds.parsed import ParsedBoxScore, ParsedEvent, ParsedResult, ParsedSweep

PLACE = {SIDE_CODES.index(side): place for place, side in enumerate(SIDES)}
Boxes = dict[tuple[str, bool], ParsedBoxScore]
# By market name and event: the prices of home, draw, away.
Prices = dict[str, dict[str, list[float]]]
# By market name: the probabilities of home, draw, away.
Market = dict[str, Triple]


class NoMatches(Exception):
    """Facts without a match of the competition that has a score."""


def matches_of(competition_key: str, facts: Iterator[Fact]) -> History:
    """Return the matches that have a score, with what was counted and what the market said.

    The facts are those that an import would work in, so that files and database tell the same.

    Raises:
        NoMatches: saying of which competition.
    """
    events: dict[str, ParsedEvent] = {}
    results: dict[str, ParsedResult] = {}
    boxes: Boxes = {}
    prices: Prices = {}
    lines: list[LineQuote[str]] = []
    for fact in facts:
        if isinstance(fact, ParsedEvent) and fact.competition_key == competition_key:
            events.setdefault(fact.key, fact)
        elif isinstance(fact, ParsedResult):
            results.setdefault(fact.event_key, fact)
        elif isinstance(fact, ParsedBoxScore):
            boxes.setdefault((fact.event_key, fact.is_home), fact)
        elif isinstance(fact, ParsedSweep) and fact.competition_key == competition_key:
            _take_prices(fact, prices)
            lines += _lines(fact)
    played = [events[key] for key in events if key in results]
    if not played:
        raise NoMatches(f"no match of {competition_key} has a score")
    market = _margin_free(prices, lines)
    return as_history(
        competition_key,
        competition_info(competition_key).time_zone,
        [
            _row(number, event, results[event.key], boxes, market.get(event.key, {}))
            for number, event in enumerate(played)
        ],
    )


def _margin_free(prices: Prices, lines: list[LineQuote[str]]) -> dict[str, Market]:
    market: dict[str, Market] = {}
    for name, by_event in prices.items():
        for key, said in zip(by_event, three_way(by_event.values()).tolist(), strict=True):
            market.setdefault(key, {})[name] = tuple(said)
    for kind, by_line in main_lines(lines).items():
        for key, line in by_line.items():
            market.setdefault(key, {})[kind] = line
    return market


def _row(
    number: int,
    event: ParsedEvent,
    result: ParsedResult,
    boxes: Boxes,
    market: Market,
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
        market=market,
    )


def _counts(box: ParsedBoxScore) -> list[float]:
    return [box.stats.get(name, np.nan) for name in MATCH_BOX]


def _lines(sweep: ParsedSweep) -> Iterator[LineQuote[str]]:
    """Return Pinnacle's prices of spreads and totals in an archive's sweep."""
    names = sweep.quotes.names
    pinnacle = names.bookmakers.get("pinnacle")
    kinds = {names.markets[kind]: kind for kind in LINES if kind in names.markets}
    at = int(sweep.seen_at.timestamp())
    for _, bookmaker, market, side, point, price, _ in sweep.quotes.values():
        if bookmaker == pinnacle and market in kinds:
            yield LineQuote(
                sweep.events[0].key, kinds[market], LINE_SIDES.index(SIDE_CODES[side]),
                point / 100, at, price / 1000,
            )  # fmt: skip


def _take_prices(sweep: ParsedSweep, prices: Prices) -> None:
    """Take the three-way prices of the one match of an archive's sweep."""
    [event] = sweep.events
    early = sweep.seen_at <= event.starts_at - BEFORE
    names = sweep.quotes.names
    h2h = names.markets.get("h2h")
    wanted: dict[int, tuple[str, ...]] = {}
    if "bet365" in names.bookmakers and early:
        wanted[names.bookmakers["bet365"]] = ("bet365",)
    if "pinnacle" in names.bookmakers:
        wanted[names.bookmakers["pinnacle"]] = ("pinnacle", "pinnacle_close")[not early :]
    for _, bookmaker, market, side, _, price, _ in sweep.quotes.values():
        if market == h2h and bookmaker in wanted and side in PLACE:
            for name in wanted[bookmaker]:
                row = prices.setdefault(name, {}).setdefault(event.key, [np.nan] * 3)
                # A price below zero stands for one that cannot be used.
                row[PLACE[side]] = price / 1000 if price > 0 else np.nan
