"""Snapshots of The Odds API, one row an event and bookmaker: moneyline, spread and total."""

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from odds.domain.competitions import competition_info
from odds.feeds.columns import NO_TIME, NOWHERE, micros
from odds.feeds.history.formats import Fact, Format, Row, has_columns, read_rows
from odds.feeds.history.sweeping import Snapshots
from odds.feeds.parsed import BadPayload, ParsedEvent, RejectedRow
from odds.feeds.the_odds_api_payloads import SOURCE
from odds.feeds.values import american_price, line, moment

_COMPETITIONS = {
    "NBA": "basketball_nba",
    "WNBA": "basketball_wnba",
    "NHL": "icehockey_nhl",
    "NFL": "americanfootball_nfl",
    "MLB": "baseball_mlb",
}
_PRICES = (
    ("h2h", "home", "ml_home", ""),
    ("h2h", "away", "ml_away", ""),
    ("spreads", "home", "spread_home_odds", "spread_home"),
    ("spreads", "away", "spread_away_odds", "spread_away"),
    ("totals", "over", "total_over_odds", "total_line"),
    ("totals", "under", "total_under_odds", "total_line"),
)


def read(path: Path) -> Iterator[Fact]:
    """Return the snapshots as sweeps."""
    snapshots = Snapshots(SOURCE)
    for row_number, row in read_rows(path):
        try:
            event = _event(row)
            at = moment(row["snapshot_time"])
            if not row["bookmaker"]:
                raise BadPayload("bookmaker", "blank")
            update = micros(moment(row["last_update"])) if row["last_update"] else NO_TIME
        except BadPayload as bad:
            yield RejectedRow(bad.field, bad.reason, dict(row), row_number)
            continue
        quotes = snapshots.quotes
        where = (quotes.event(SOURCE, event.key), quotes.bookmaker(row["bookmaker"]))
        group = snapshots.group("", at, event)
        for market, side, price_name, point_name in _PRICES:
            text = row[price_name]
            if not text:
                continue
            try:
                price = american_price(text)
                if point_name and not row[point_name]:
                    raise BadPayload(point_name, "blank, so the price has no line")
                point = line(row[point_name]) if point_name else NOWHERE
            except BadPayload as bad:
                raw = {"event": event.key, "bookmaker": row["bookmaker"], price_name: text}
                yield RejectedRow(price_name, bad.reason, raw, row_number)
                continue
            quotes.add(*where, quotes.market(market), side, point, price, update, group)
    yield from snapshots.sweeps()


def _event(row: Row) -> ParsedEvent:
    for name in ("sport", "event_id", "home_team", "away_team"):
        if not row[name]:
            raise BadPayload(name, "blank")
    key = _COMPETITIONS.get(row["sport"], row["sport"].lower())
    starts_at = moment(row["commence_time"])
    day = starts_at.astimezone(ZoneInfo(competition_info(key).time_zone)).date()
    return ParsedEvent(
        SOURCE, row["event_id"], key, row["home_team"], row["away_team"], day, starts_at
    )


FORMAT = Format(
    name="odds by bookmaker",
    source=SOURCE,
    rank=4,
    names_teams=False,
    recognises=has_columns(
        "sport",
        "snapshot_time",
        "event_id",
        "commence_time",
        "home_team",
        "away_team",
        "bookmaker",
        "ml_home",
        "ml_away",
        "spread_home",
        "total_line",
        "last_update",
    ),
    read=read,
)
