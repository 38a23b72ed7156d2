"""Find prices worth taking, keep why, and take them for those who follow a strategy."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from django.db import transaction

from accounts.live import announce_opportunities
from betting.domain.configuration import Configuration
from betting.domain.decide import AHEAD, Decisions, Slate, decide, failed_gates, slate_of
from betting.domain.judging import SAME_EDGE
from betting.domain.opinions import Opinion
from betting.domain.rules import rule_by_key
from betting.domain.rules.signals import with_signals
from betting.domain.sentences import sentences
from betting.models import Opportunity, Strategy, StrategyVersion
from betting.selectors.signals import signals_in_force
from betting.services.alerting import tell_of_edges
from betting.services.journal import freeze, open_opportunities_of
from betting.services.prices import quote_age_limit
from betting.services.strategies import ensure_strategies
from models_registry.models import Prediction
from models_registry.selectors import predictions_for
from odds.domain.table import QuoteTable
from odds.selectors import latest_quotes

logger = logging.getLogger(__name__)

# An open opportunity stays the same while the share of equity that its slate leaves it moves by
# less than this, beside SAME_EDGE.
SAME_SHARE = 0.002
# A price that fails is kept, with why, from this part of the least edge on.
NEAR = 0.5
HOPELESS = frozenset({"market", "archive", "started", "too_far", "no_consensus", "no_prediction"})


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What one refresh changed."""

    opened: int
    gone: int
    open: int


def refresh_opportunities(*, now: datetime, competition_key: str | None = None) -> Refreshed:
    """Decide on every price in force with every active strategy; write only what changed."""
    ensure_strategies()
    retired = _retire(now)
    quotes = latest_quotes(now=now, starts_before=now + AHEAD, competition_key=competition_key)
    predictions = predictions_for(np.unique(quotes.event_id).tolist(), as_of=now)
    changed = [
        record_opportunities(
            strategy, quotes, predictions, now=now, competition_key=competition_key
        )
        for strategy in Strategy.objects.filter(is_active=True).order_by("pk")
    ]
    return Refreshed(
        opened=sum(c.opened for c in changed),
        gone=sum(c.gone for c in changed) + retired,
        open=sum(c.open for c in changed),
    )


def _retire(now: datetime) -> int:
    """End what strategies that were switched off recommend on events to come."""
    standing = Opportunity.objects.filter(
        strategy__is_active=False,
        status=Opportunity.Status.OPEN,
        quote__selection__market__event__starts_at__gt=now,
    )
    found = dict(standing.values_list("pk", "quote__selection__market__event_id"))
    if found:
        standing.filter(pk__in=found).update(status=Opportunity.Status.GONE, gone_at=now)
        announce_opportunities(event_ids=set(found.values()))
    return len(found)


def live_configuration(strategy: Strategy) -> Configuration:
    """Return a strategy's configuration as it decides live."""
    return as_live(Configuration.from_json(strategy.configuration))


def as_live(configuration: Configuration) -> Configuration:
    """Return a configuration as it decides now; under an accelerated clock quotes age faster."""
    least = quote_age_limit().total_seconds() / 60
    if least > 15:
        return replace(configuration, max_quote_age=max(configuration.max_quote_age, least))
    return configuration


@transaction.atomic
def record_opportunities(
    strategy: Strategy,
    quotes: QuoteTable,
    predictions: Mapping[int, Prediction],
    *,
    now: datetime,
    competition_key: str | None = None,
) -> Refreshed:
    """Decide with one strategy at one moment; open what is new, end what is gone.

    A price whose edge moved, or whose reasons changed, ends and opens anew: what was surfaced
    stays as it was. Doing it twice at one moment writes nothing the second time.
    """
    # One refresh of a strategy at a time, and by the version in force now.
    strategy = Strategy.objects.select_for_update().get(pk=strategy.pk)
    version = StrategyVersion.objects.get(strategy=strategy, number=strategy.version)
    configuration = live_configuration(strategy)
    slate = slate_of(
        quotes,
        moment=np.datetime64(now.astimezone(UTC).replace(tzinfo=None)),
        opinions={
            event: Opinion(p.home_probability, p.draw_probability, p.distribution, p.version.trust)
            for event, p in predictions.items()
        },
        configuration=configuration,
    )
    if rule_by_key(configuration.rule).reads_signals:
        slate = with_signals(slate, signals_in_force(strategy.pk, at=now))
    decisions = decide(slate, configuration)
    rows = {int(quotes.quote_id[row]): int(row) for row in _worth_keeping(decisions, configuration)}
    standing = Opportunity.objects.filter(strategy=strategy, status=Opportunity.Status.OPEN)
    if competition_key is not None:
        standing = standing.filter(
            quote__selection__market__event__competition__key=competition_key
        )
    kept, gone, touched = set(), [], set()
    event = "quote__selection__market__event_id"
    for pk, quote_id, was_passed, event_id, *figures in standing.values_list(
        "pk", "quote_id", "passes", event, *_Seen._fields
    ):
        row, seen = rows.get(quote_id), _Seen(*figures)
        if row is not None and _is_same(slate, decisions, row, seen, was_passed=bool(was_passed)):
            kept.add(quote_id)
        else:
            gone.append(pk)
            touched.add(event_id)
    if gone:
        Opportunity.objects.filter(pk__in=gone).update(status=Opportunity.Status.GONE, gone_at=now)
    fresh = [
        _opportunity(version, slate, decisions, configuration, row, predictions, now)
        for quote_id, row in rows.items()
        if quote_id not in kept
    ]
    Opportunity.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=500)
    freeze(
        open_opportunities_of(strategy.pk, [each.quote_id for each in fresh], now),
        slate=slate,
        decisions=decisions,
        rows=rows,
        configuration=configuration,
        now=now,
    )
    tell_of_edges(strategy, now=now)
    touched |= {int(quotes.event_id[row]) for quote_id, row in rows.items() if quote_id not in kept}
    announce_opportunities(event_ids=touched)
    return Refreshed(opened=len(fresh), gone=len(gone), open=len(rows))


def _worth_keeping(
    decisions: Decisions, configuration: Configuration
) -> "np.typing.NDArray[np.intp]":
    near = decisions.edge >= configuration.min_edge * NEAR
    hopeless = np.array(
        [bool(HOPELESS & set(failed_gates(int(bits)))) for bits in decisions.passes], dtype=bool
    )
    return np.flatnonzero(near & ~hopeless)


class _Seen(NamedTuple):
    """What an open opportunity was surfaced with."""

    price: Decimal
    edge: float
    stake_share: float
    market_probability: float


def _is_same(
    slate: Slate, decisions: Decisions, row: int, seen: _Seen, *, was_passed: bool
) -> bool:
    price = slate.quotes.price[row]
    # What a model adds may keep the edge where the market has left it.
    market_moved = abs(seen.market_probability - slate.market_probability[row]) * price
    return (
        float(seen.price) == price
        and abs(seen.edge - decisions.edge[row]) < SAME_EDGE
        and market_moved < SAME_EDGE
        and abs(seen.stake_share - decisions.stake_share[row]) < SAME_SHARE
        and was_passed != bool(decisions.recommended[row])
    )


def _opportunity(
    version: StrategyVersion,
    slate: Slate,
    decisions: Decisions,
    configuration: Configuration,
    row: int,
    predictions: Mapping[int, Prediction],
    now: datetime,
) -> Opportunity:
    quotes = slate.quotes
    model = slate.model_probability[row]
    used = predictions.get(int(quotes.event_id[row])) if configuration.model_weight > 0 else None
    reasons, passes = sentences(slate, decisions, configuration, row)
    return Opportunity(
        strategy_id=version.strategy_id,
        version=version,
        quote_id=int(quotes.quote_id[row]),
        prediction=used,
        as_of=now,
        price=Decimal(repr(float(quotes.price[row]))).quantize(Decimal("0.001")),
        price_seen_at=quotes.seen_at[row].item().replace(tzinfo=UTC),
        fair_probability=float(decisions.fair_probability[row]),
        market_probability=float(slate.market_probability[row]),
        model_probability=None if np.isnan(model) else float(model),
        edge=float(decisions.edge[row]),
        edge_low=float(decisions.edge_low[row]),
        kelly_share=float(decisions.kelly_share[row]),
        kept_part=float(decisions.kept_part[row]),
        stake_share=float(decisions.stake_share[row]),
        reasons=reasons,
        passes=passes,
    )
