"""Imported history as a world: at a moment it shows what was known then, and nothing later."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from django.db.models import F, Q

from odds.as_of import quotes_as_of
from odds.domain.table import QuoteTable
from odds.models import Bookmaker, Competition, Event, EventReference, EventStatus, Team
from odds.simulator.worlds import (
    WorldBook,
    WorldEvent,
    WorldMarket,
    WorldOdds,
    WorldOutcome,
    WorldScore,
    WorldSport,
)

LISTED_AHEAD = timedelta(days=8)
# An event whose result is long in coming stays listed, as under way, for so long.
UNDER_WAY = timedelta(days=1)
SCORES_KEPT = timedelta(days=3)
_PROVIDER = "the_odds_api"


class ArchiveWorld:
    """The imported past, through the same questions a simulated world answers.

    Prices come from the price changes seen by the moment, results from `result_seen_at`. Lists of
    competitions, teams and bookmakers are not dated: they give nothing away.
    """

    def sports(self) -> Sequence[WorldSport]:
        return [
            WorldSport(each.key, each.sport.title, each.title, f"{each.title}, as imported")
            for each in Competition.objects.select_related("sport")
        ]

    def book_keys(self) -> frozenset[str]:
        return frozenset(Bookmaker.objects.filter(is_archive=False).values_list("key", flat=True))

    def participants(self, sport_key: str) -> Sequence[str]:
        return list(Team.objects.filter(competition__key=sport_key).values_list("name", flat=True))

    def events(self, sport_key: str, at: datetime) -> Sequence[WorldEvent]:
        return list(self._listed(sport_key, at).values())

    def odds(self, sport_key: str, at: datetime) -> Sequence[WorldOdds]:
        """Return events with the prices in force; events under way have none."""
        table = quotes_as_of(
            at=at,
            starts_after=at,
            starts_before=at + LISTED_AHEAD,
            competition_key=sport_key,
        )
        titles = dict(Bookmaker.objects.values_list("key", "title"))
        rows = defaultdict(list)
        for row, event_id in enumerate(table.event_id.tolist()):
            rows[event_id].append(row)
        return [
            WorldOdds(event, tuple(_books(table, rows[pk], event, titles)))
            for pk, event in self._listed(sport_key, at).items()
        ]

    def event_odds(self, sport_key: str, identity: str, at: datetime) -> WorldOdds | None:
        found = (each for each in self.odds(sport_key, at) if each.event.id == identity)
        return next(found, None)

    def scores(self, sport_key: str, at: datetime) -> Sequence[WorldScore]:
        rows = self._rows(sport_key, at - SCORES_KEPT, at + LISTED_AHEAD)
        found = []
        for row, event in zip(rows, _world_events(rows), strict=True):
            seen_at = row.result_seen_at
            if row.status == EventStatus.FINISHED and seen_at is not None and seen_at <= at:
                found.append(WorldScore(event, True, row.home_score, row.away_score, seen_at))
            else:
                found.append(WorldScore(event, completed=False))
        return found

    def _listed(self, sport_key: str, at: datetime) -> dict[int, WorldEvent]:
        rows = [
            row
            for row in self._rows(sport_key, at - UNDER_WAY, at + LISTED_AHEAD)
            if row.result_seen_at is None or row.result_seen_at > at
        ]
        return {row.pk: event for row, event in zip(rows, _world_events(rows), strict=True)}

    def _rows(self, sport_key: str, after: datetime, until: datetime) -> list[Event]:
        return list(
            Event.objects.filter(
                ~Q(status=EventStatus.CANCELLED),
                competition__key=sport_key,
                starts_at__gt=after,
                starts_at__lte=until,
            )
            .select_related("competition")
            .annotate(home_name=F("home__name"), away_name=F("away__name"))
            .order_by("starts_at", "pk")
        )


def _world_events(rows: list[Event]) -> list[WorldEvent]:
    references = EventReference.objects.filter(source=_PROVIDER, event__in=rows)
    keys = dict(references.order_by("-pk").values_list("event_id", "key"))
    return [
        WorldEvent(
            # An event that no odds file named gets an id of the provider's shape.
            id=keys.get(row.pk, f"{row.pk:032x}"),
            sport_key=row.competition.key,
            sport_title=row.competition.title,
            starts_at=row.starts_at,
            home=row.home_name,  # type: ignore[attr-defined]
            away=row.away_name,  # type: ignore[attr-defined]
        )
        for row in rows
    ]


def _books(
    table: QuoteTable, rows: list[int], event: WorldEvent, titles: dict[str, str]
) -> Iterator[WorldBook]:
    names = {"home": event.home, "away": event.away}
    told: dict[str, dict[str, list[tuple[WorldOutcome, datetime]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in rows:
        side, line = str(table.side[row]), float(table.line[row])
        point = None if np.isnan(line) else (-line or 0.0 if side == "away" else line)
        outcome = WorldOutcome(names.get(side, side.capitalize()), float(table.price[row]), point)
        updated = table.last_update[row]
        if np.isnat(updated):
            updated = table.seen_at[row]
        moment = updated.astype("datetime64[us]").item().replace(tzinfo=UTC)
        told[str(table.bookmaker_key[row])][str(table.market_key[row])].append((outcome, moment))
    for key, markets in told.items():
        made = tuple(
            WorldMarket(
                market_key,
                max(moment for _, moment in outcomes),
                tuple(outcome for outcome, _ in outcomes),
            )
            for market_key, outcomes in markets.items()
        )
        newest = max(market.last_update for market in made)
        yield WorldBook(key, titles[key], "", newest, made)
