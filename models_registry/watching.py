"""What a version said of the last weeks' events, beside what happened and what the market said."""

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import F, QuerySet

from models_registry import artifacts
from models_registry.domain.games import BoolArray, FloatArray, IntArray
from models_registry.domain.metrics import losses, score
from models_registry.domain.reach import TrainingRows
from models_registry.domain.verdict import compare
from models_registry.models import ModelVersion, Prediction
from models_registry.selectors import champions
from odds.as_of import quotes_as_of
from odds.domain.consensus import consensus
from odds.models import ClosingPrice, Event

# Of so many moments the market is read anew; older first predictions have no CLV.
MOST_MOMENTS = 200
METHOD = "multiplicative"
# The training games that a sample of some weeks is compared with: those of the same weeks of the
# newest years, where there are enough of them.
SAME_WEEKS = 30
YEARS_BACK = 5
FEWEST_ALIKE = 300


@dataclass(frozen=True, slots=True)
class Watched:
    """One row a finished event, in order of start. Probabilities are the home side's.

    `said` is the last word before the start, `first` the first one, `then` what the market said
    at that moment, `close` what it said in the end (NaN where unknown). `values` has the features
    of the last word, one column a name of the version's signature. `day` counts from 1970.
    """

    day: IntArray
    happened: BoolArray
    said: FloatArray
    first: FloatArray
    then: FloatArray
    close: FloatArray
    values: FloatArray

    def __len__(self) -> int:
        return len(self.day)

    def where(self, mask: BoolArray) -> "Watched":
        """Return the rows where the mask holds."""
        return Watched(*(getattr(self, each.name)[mask] for each in fields(self)))


def watch(version: ModelVersion, *, since: datetime, now: datetime) -> Watched:
    """Return what a version said of the events that started since and are over."""
    said = _said(version, since=since, now=now)
    first = {
        row.event_id: row for row in said.order_by("event_id", "as_of", "pk").defer("features")
    }
    last = _last(said)
    ids = [row.event_id for row in last]
    then = _market_then({pk: first[pk].as_of for pk in ids}, version.predictor.competition.key)

    def column(values: list[float]) -> FloatArray:
        return np.array(values, dtype=np.float64)

    return Watched(
        day=np.array([day_number(row.event.day) for row in last], dtype=np.int64),
        happened=np.array([_home_won(row) for row in last], dtype=np.bool_),
        said=column([row.home_probability for row in last]),
        first=column([first[pk].home_probability for pk in ids]),
        then=column([then.get(pk, np.nan) for pk in ids]),
        close=_closes(ids),
        values=_features(last, version.signature),
    )


def records_of_champions(*, now: datetime, days: int) -> dict[str, dict[str, object]]:
    """Return how each champion's live predictions did on the events of the last days.

    An event counts with the champion's last prediction at or before its start, by whether the home
    side won; a tie counts only where a draw is possible. `close` holds the final close's figures
    on the events that have one, beside `model_where_closed` on the same.
    """
    since = now - timedelta(days=days)
    return {
        version.predictor.key: _record_of(version, _last(_said(version, since=since, now=now)))
        for version in champions()
    }


def _record_of(version: ModelVersion, last: list[Prediction]) -> dict[str, object]:
    record: dict[str, object] = {"version": version.number, "events": len(last)}
    if not last:
        return record
    said = np.array([row.home_probability for row in last])
    won = np.array([_home_won(row) for row in last])
    close = _closes([row.event_id for row in last])
    closed = np.isfinite(close)
    record |= {"model": score(said, won).as_dict(), "closed_events": int(closed.sum())}
    if closed.any():
        record["model_where_closed"] = score(said[closed], won[closed]).as_dict()
        record["close"] = score(close[closed], won[closed]).as_dict()
    return record


def beside_champion(
    champion: ModelVersion, challengers: list[ModelVersion], *, since: datetime, now: datetime
) -> list[dict[str, Any]]:
    """Return how what challengers said in shadow did, on the events that the champion predicted.

    Log loss of the home side's result; `words` is the verdict, days drawn whole.
    """
    priced = {row.event_id: row for row in _last(_said(champion, since=since, now=now))}
    rows = []
    for version in challengers:
        pairs = [
            (row, priced[row.event_id])
            for row in _last(_said(version, since=since, now=now))
            if row.event_id in priced
        ]
        if not pairs:
            rows.append({"version": version.pk, "name": str(version), "events": 0, "words": ""})
            continue
        won = np.array([_home_won(mine) for mine, _ in pairs])
        mine, other = (
            losses(np.array([pair[side].home_probability for pair in pairs]), won)
            for side in (0, 1)
        )
        days = np.array([day_number(pair[0].event.day) for pair in pairs])
        rows.append(
            {
                "version": version.pk,
                "name": str(version),
                "events": len(pairs),
                "log_loss": round(float(mine.mean()), 6),
                "champion": round(float(other.mean()), 6),
                "words": compare(mine, other, days).words("the champion"),
            }
        )
    return rows


def _said(version: ModelVersion, *, since: datetime, now: datetime) -> QuerySet[Prediction]:
    """Return one prediction an event that started since and is over; the order says which."""
    return (
        Prediction.objects.filter(
            version=version,
            as_of__lte=F("event__starts_at"),
            event__status="finished",
            event__result_seen_at__lte=now,
            event__starts_at__gte=since,
        )
        .select_related("event")
        .distinct("event_id")
    )


def _last(said: QuerySet[Prediction]) -> list[Prediction]:
    """Return the last word on each event, in order of start."""
    rows = [
        row
        for row in said.order_by("event_id", "-as_of", "-pk")
        # Where no draw was foreseen, a draw decided nothing.
        if row.draw_probability is not None or row.event.home_score != row.event.away_score
    ]
    return sorted(rows, key=lambda row: (row.event.starts_at, row.event_id))


def _closes(event_ids: list[int]) -> FloatArray:
    """Return the home side's fair probability at the final close of each event, NaN where none."""
    closes = dict(
        ClosingPrice.objects.filter(
            selection__market__event_id__in=event_ids,
            selection__market__key="h2h",
            selection__side="home",
            is_final=True,
        ).values_list("selection__market__event_id", "fair_probability")
    )
    return np.array([closes.get(pk, np.nan) for pk in event_ids], dtype=np.float64)


def _home_won(row: Prediction) -> bool:
    return (row.event.home_score or 0) > (row.event.away_score or 0)


def day_number(day: date) -> int:
    """Return the days since 1970."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def day_of(number: int) -> date:
    """Return the day so many days after 1970-01-01."""
    return date.fromordinal(number + date(1970, 1, 1).toordinal())


def training_alike(version: ModelVersion, now: datetime) -> TrainingRows | None:
    """Return the training games to compare these weeks with; None if none were kept.

    Those of the same weeks of the year (a month before and after) in the newest five years, for
    much of what is known grows with a season; where they are fewer than 300, all of those years.

    Raises:
        ArtifactRefused: if the version's files are missing or were changed.
    """
    rows = artifacts.load_training(version.artifact, version.checksum)
    if rows is None:
        return None
    stored = dict(Event.objects.filter(pk__in=rows.event_id.tolist()).values_list("pk", "day"))
    days = np.array(
        [day_number(stored[pk]) if pk in stored else -(10**6) for pk in rows.event_id.tolist()]
    )
    today = day_number(now.date())
    newest = days > today - YEARS_BACK * 365.25 - SAME_WEEKS
    off = (days - today + 182.6) % 365.25 - 182.6
    alike = newest & (np.abs(off) <= SAME_WEEKS)
    chosen = alike if alike.sum() >= FEWEST_ALIKE else newest if newest.any() else days == days
    return TrainingRows(rows.names, rows.event_id[chosen], rows.values[chosen])


def _features(rows: list[Prediction], names: list[str]) -> FloatArray:
    values = [
        [np.nan if row.features.get(name) is None else row.features[name] for name in names]
        for row in rows
    ]
    return np.array(values, dtype=np.float64).reshape(len(rows), len(names))


def _market_then(moments: dict[int, datetime], competition_key: str) -> dict[int, float]:
    """Return the market's probability of the home side of each event at its moment, where known."""
    by_moment: dict[datetime, list[int]] = {}
    for event, moment in moments.items():
        by_moment.setdefault(moment, []).append(event)
    told: dict[int, float] = {}
    for moment in sorted(by_moment, reverse=True)[:MOST_MOMENTS]:
        quotes = quotes_as_of(
            at=moment,
            starts_after=moment,
            starts_before=moment + timedelta(days=14),
            competition_key=competition_key,
        )
        wanted = np.isin(quotes.event_id, by_moment[moment]) & (quotes.market_key == "h2h")
        market = consensus(quotes.where(wanted), method=METHOD)
        for row in np.flatnonzero(market.side == "home").tolist():
            told[int(market.event_id[row])] = float(market.probability[row])
    return told
