"""football-data.co.uk: one row a match: result, shots and cards, prices of many bookmakers.

Bookmakers are read from the header: any name that has a home, draw and away column is one, so new
ones need no change here. `Max`, `Avg`, `BbMx` and `BbAv` are sums over bookmakers, at which nobody
can bet and which cannot be told apart from the single prices beside them: they are left out.
A C before the outcome marks closing prices. Times are London's; days are those of the match.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path

from odds.domain.competitions import competition_info, season_of
from odds.feeds.columns import NO_TIME, NOWHERE, SIDES, Point
from odds.feeds.history.formats import Fact, Format, Row, has_columns, read_rows
from odds.feeds.history.sweeping import Archive
from odds.feeds.parsed import (
    BadPayload,
    ParsedBoxScore,
    ParsedEvent,
    ParsedResult,
    ParsedTeam,
    RejectedRow,
)
from odds.feeds.values import decimal_price, figure, iso_day, line, local, next_morning, whole

SOURCE = "football_data"
_LONDON = "Europe/London"
_DIVISIONS = {
    "E0": "soccer_epl",
    "E1": "soccer_efl_champ",
    "E2": "soccer_england_league1",
    "E3": "soccer_england_league2",
    "SC0": "soccer_spl",
    "SP1": "soccer_spain_la_liga",
    "SP2": "soccer_spain_segunda_division",
    "I1": "soccer_italy_serie_a",
    "I2": "soccer_italy_serie_b",
    "D1": "soccer_germany_bundesliga",
    "D2": "soccer_germany_bundesliga2",
    "F1": "soccer_france_ligue_one",
    "F2": "soccer_france_ligue_two",
    "N1": "soccer_netherlands_eredivisie",
    "B1": "soccer_belgium_first_div",
    "P1": "soccer_portugal_primeira_liga",
    "T1": "soccer_turkey_super_league",
    "G1": "soccer_greece_super_league",
}
# The keys The Odds API uses for the same bookmakers; any other becomes fd_CODE.
_BOOKS = {
    "B365": ("bet365", "Bet365"),
    "BF": ("betfair_sb_uk", "Betfair Sportsbook"),
    "BFD": ("betfred_uk", "Betfred"),
    "BFE": ("betfair_ex_uk", "Betfair Exchange"),
    "BMGM": ("betmgm_uk", "BetMGM"),
    "BS": ("bluesquare", "Blue Square"),
    "BV": ("betvictor", "BetVictor"),
    "BW": ("bwin", "Bet&Win"),
    "CL": ("coral", "Coral"),
    "GB": ("gamebookers", "Gamebookers"),
    "IW": ("interwetten", "Interwetten"),
    "LB": ("ladbrokes_uk", "Ladbrokes"),
    "P": ("pinnacle", "Pinnacle"),
    "PS": ("pinnacle", "Pinnacle"),
    "SB": ("sportingbet", "Sportingbet"),
    "SJ": ("stanjames", "Stan James"),
    "SO": ("sportingodds", "Sporting Odds"),
    "SY": ("stanleybet", "Stanleybet"),
    "VC": ("betvictor", "BetVictor"),
    "WH": ("williamhill", "William Hill"),
    "1XB": ("onexbet", "1xBet"),
}
# What is counted of a side, by the name it is stored under: columns of home and away.
_COUNTS = {
    "shots": ("HS", "AS"),
    "shots_on_target": ("HST", "AST"),
    "corners": ("HC", "AC"),
    "fouls": ("HF", "AF"),
    "yellow_cards": ("HY", "AY"),
    "red_cards": ("HR", "AR"),
}
_SUMS = re.compile(r"(Max|Avg|BbMx|BbAv)C?$")
_COLLECTED = time(17)
_TWO_AND_A_HALF = line("2.5")


@dataclass(frozen=True)
class _Column:
    """Where one price stands: its bookmaker, market, side, its line's columns, and the moment."""

    name: str
    book: str
    market: str
    side: str
    lines: tuple[str, ...]
    is_closing: bool

    @cached_property
    def side_code(self) -> int:
        return SIDES.index(self.side)

    @cached_property
    def bookmaker(self) -> str:
        return _BOOKS.get(self.book, (f"fd_{self.book.lower()}", ""))[0]


def read(path: Path) -> Iterator[Fact]:
    """Return teams, matches, results, shots and cards, prices before the match and at its start."""
    columns: list[_Column] | None = None
    teams: dict[tuple[str, str], None] = {}
    facts: list[Fact] = []
    prices = Archive(SOURCE)
    prices.titles |= _BOOKS.values()
    for row_number, row in read_rows(path):
        if columns is None:
            columns = price_columns(list(row))
        try:
            facts.extend(_facts(row, row_number, columns, prices))
        except BadPayload as bad:
            facts.append(RejectedRow(bad.field, bad.reason, dict(row), row_number))
            continue
        for name in ("HomeTeam", "AwayTeam"):
            teams[_competition(row["Div"]), row[name].strip()] = None
    for competition, team in teams:
        yield ParsedTeam(competition, team)
    yield from facts
    yield from prices.sweeps()


def price_columns(header: list[str]) -> list[_Column]:
    """Return the header's price columns of single bookmakers."""
    there = set(header)
    found = []
    for ends, market, sides in (
        (("H", "D", "A"), "h2h", ("home", "draw", "away")),
        ((">2.5", "<2.5"), "totals", ("over", "under")),
        (("AHH", "AHA"), "spreads", ("home", "away")),
    ):
        names = [name.removesuffix(ends[0]) for name in header if name.endswith(ends[0])]
        whole_books = [code for code in names if all(code + end in there for end in ends) and code]
        for code in whole_books:
            if _SUMS.match(code):
                continue
            # VC is a bookmaker of its own, PSC is the close of PS.
            is_closing = code.endswith("C") and code[:-1] in whole_books
            book = code[:-1] if is_closing else code
            lines = _line_columns(book, is_closing, there) if market == "spreads" else ()
            if market == "spreads" and not lines:
                continue
            found += [
                _Column(code + end, book, market, side, lines, is_closing)
                for end, side in zip(ends, sides, strict=True)
            ]
    return found


def _line_columns(book: str, is_closing: bool, there: set[str]) -> tuple[str, ...]:
    # The first seasons give each bookmaker's own handicap, the later ones a common one.
    names = ("AHCh",) if is_closing else (f"{book}AH", "AHh")
    return tuple(name for name in names if name in there)


def _competition(division: str) -> str:
    return _DIVISIONS.get(division, f"soccer_{division.lower()}")


def _facts(row: Row, row_number: int, columns: list[_Column], prices: Archive) -> Iterator[Fact]:
    for name in ("Div", "HomeTeam", "AwayTeam"):
        if not row[name].strip():
            raise BadPayload(name, "blank")
    event = _event(row)
    result = None
    # A list of fixtures has no such columns.
    if row.get("FTHG") or row.get("FTAG"):
        goals = whole(row["FTHG"]), whole(row["FTAG"])
        zone = competition_info(event.competition_key).time_zone
        known = max(next_morning(event.day, zone), event.starts_at)
        result = ParsedResult(SOURCE, event.key, *goals, known)
    yield event
    if result is not None:
        yield result
        yield from _box_scores(row, row_number, result)
    yield from _prices(row, row_number, columns, event, prices)


def _box_scores(row: Row, row_number: int, result: ParsedResult) -> Iterator[Fact]:
    """Return what was counted of both sides, known with the result; nothing if nothing was."""
    for side in (0, 1):
        stats = {}
        for name, columns in _COUNTS.items():
            column = columns[side]
            if not row.get(column):
                continue
            try:
                stats[name] = figure(row[column])
            except BadPayload as bad:
                raw = {"match": result.event_key, "column": column, "value": row[column]}
                yield RejectedRow(column, bad.reason, raw, row_number)
        if stats:
            yield ParsedBoxScore(SOURCE, result.event_key, side == 0, stats, result.seen_at)


def _prices(
    row: Row, row_number: int, columns: list[_Column], event: ParsedEvent, prices: Archive
) -> Iterator[Fact]:
    quotes = prices.quotes
    at = quotes.event(SOURCE, event.key)
    before = prices.group(event, collected_at(event.starts_at))
    closing = prices.group(event, event.starts_at)
    for column in columns:
        text = row[column.name]
        if not text:
            continue
        try:
            point, price = _point(row, column), decimal_price(text)
        except BadPayload as bad:
            raw = {"match": event.key, "column": column.name, "value": text}
            yield RejectedRow(column.name, bad.reason, raw, row_number)
            continue
        if price.fault is None and point.fault is None:
            quotes.take(
                (
                    at,
                    quotes.bookmaker(column.bookmaker),
                    quotes.market(column.market),
                    column.side_code,
                    point.hundredths,
                    price.thousandths,
                    NO_TIME,
                    closing if column.is_closing else before,
                )
            )
        # Some seasons write 0 where they have no price.
        elif price.exact != 0:
            quotes.add(
                at,
                quotes.bookmaker(column.bookmaker),
                quotes.market(column.market),
                column.side,
                point,
                price,
                NO_TIME,
                closing if column.is_closing else before,
            )


def _point(row: Row, column: _Column) -> Point:
    if column.market == "totals":
        return _TWO_AND_A_HALF
    if column.market != "spreads":
        return NOWHERE
    text = next((row[name] for name in column.lines if row[name]), "")
    if not text:
        # A price without its handicap says nothing.
        raise BadPayload(column.lines[-1], "blank, so the price has no line")
    return line(text, is_mirrored=column.side == "away")


def _event(row: Row) -> ParsedEvent:
    competition = _competition(row["Div"])
    day = iso_day(row["DateISO"]) if row.get("DateISO") else _day(row["Date"])
    home, away = row["HomeTeam"].strip(), row["AwayTeam"].strip()
    clock = row.get("Time", "").strip()
    zone = competition_info(competition).time_zone
    if clock:
        try:
            starts_at = local(day, time.fromisoformat(clock.zfill(5)), _LONDON)
        except ValueError:
            raise BadPayload("Time", f"{clock!r} is no time") from None
    else:
        # Weekends mostly in the afternoon, other days in the evening.
        starts_at = local(day, time(15) if day.weekday() >= 5 else time(20), zone)
    return ParsedEvent(
        source=SOURCE,
        key=f"{row['Div']}_{day.isoformat()}_{home}_{away}",
        competition_key=competition,
        home=home,
        away=away,
        day=day,
        starts_at=starts_at,
        start_is_exact=bool(clock),
        season=row.get("Season") or season_of(competition, day),
    )


def _day(text: str) -> date:
    for form in ("%d/%m/%Y", "%d/%m/%y"):
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 - a day, no moment
        except ValueError:
            continue
    raise BadPayload("Date", f"{text!r} is no day/month/year")


def collected_at(starts_at: datetime) -> datetime:
    """Return when prices before a match were collected, by the source's notes.

    Friday afternoon for matches from Friday to Monday, Tuesday afternoon for the others; by five
    in London it was done, or an hour before a match that started earlier.

    >>> from datetime import UTC
    >>> collected_at(datetime(2022, 8, 7, 15, tzinfo=UTC)).isoformat()
    '2022-08-05T16:00:00+00:00'
    """
    day = starts_at.date()
    back = {4: 0, 5: 1, 6: 2, 0: 3, 1: 0, 2: 1, 3: 2}[day.weekday()]
    collected = local(day - timedelta(days=back), _COLLECTED, _LONDON)
    return min(collected, starts_at - timedelta(hours=1))


FORMAT = Format(
    name="football-data.co.uk",
    source=SOURCE,
    rank=0,
    names_teams=True,
    recognises=has_columns("Div", "Date", "HomeTeam", "AwayTeam", "FTHG", "FTAG"),
    read=read,
)
