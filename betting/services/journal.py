"""Freeze what decisions saw, make them again, and let go of what nobody needs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import QuerySet

from betting.domain.configuration import Configuration
from betting.domain.decide import Decisions, Slate
from betting.domain.journal import (
    Difference,
    again,
    differences,
    digest_of,
    fair_by_method,
    pack,
    said,
)
from betting.domain.sentences import sentences
from betting.models import DecisionInputs, JournalEntry, Opportunity


@dataclass(frozen=True, slots=True)
class Replayed:
    """One decision made again by today's code on what it saw then."""

    opportunity_id: int
    said: dict[str, Any]
    differences: list[Difference]
    reasons: list[str]
    passes: list[str]


@dataclass(frozen=True, slots=True)
class Dropped:
    """What a clearing let go."""

    entries: int
    inputs: int


def freeze(
    opportunities: Mapping[int, int],
    *,
    slate: Slate,
    decisions: Decisions,
    rows: Mapping[int, int],
    configuration: Configuration,
    now: datetime,
) -> int:
    """Write the journal of fresh opportunities, ids by quote; return how many entries are new.

    `rows` says where each quote is in the slate. Markets are frozen once a moment, for all
    strategies, and with a recommended one those of all that was recommended then: a stake is made
    over the whole slate. Doing it again writes nothing.
    """
    if not opportunities:
        return 0
    quotes = slate.quotes
    found_in = {quote: int(quotes.market_id[rows[quote]]) for quote in opportunities}
    chosen = [quote for quote in opportunities if decisions.recommended[rows[quote]]]
    staked_in = np.unique(quotes.market_id[decisions.recommended]).tolist() if chosen else []
    markets = np.unique([*found_in.values(), *staked_in])
    packed = {int(market): pack(slate, quotes.market_id == market) for market in markets}
    digests = {market: digest_of(content) for market, content in packed.items()}
    DecisionInputs.objects.bulk_create(
        [
            DecisionInputs(digest=digests[market], content=content, as_of=now)
            for market, content in packed.items()
        ],
        ignore_conflicts=True,
    )
    inputs = dict(
        DecisionInputs.objects.filter(digest__in=digests.values()).values_list("digest", "pk")
    )
    frozen = quotes.where(np.isin(quotes.market_id, markets))
    fair = fair_by_method(frozen)
    place = {quote: at for at, quote in enumerate(frozen.quote_id.tolist())}
    entries = [
        JournalEntry(
            opportunity_id=opportunity,
            inputs_id=inputs[digests[found_in[quote]]],
            max_quote_age=configuration.max_quote_age,
            said=said(decisions, rows[quote]),
            fair_by_method={
                method: round(float(column[place[quote]]), 9)
                for method, column in fair.items()
                if not np.isnan(column[place[quote]])
            },
        )
        for quote, opportunity in opportunities.items()
    ]
    JournalEntry.objects.bulk_create(entries, ignore_conflicts=True, batch_size=500)
    beside = JournalEntry.beside.through
    beside.objects.bulk_create(
        [
            beside(journalentry_id=opportunities[quote], decisioninputs_id=inputs[digests[market]])
            for quote in chosen
            for market in staked_in
            if market != found_in[quote]
        ],
        ignore_conflicts=True,
        batch_size=500,
    )
    return len(entries)


def frozen_of(entry: JournalEntry) -> list[bytes]:
    """Return what a decision saw: its market first, then those of what was recommended beside."""
    return [bytes(each.content) for each in (entry.inputs, *entry.beside.all())]


def replay_entry(entry: JournalEntry) -> Replayed:
    """Make a decision again: today's code, the strategy's version of then, what it saw then."""
    opportunity = entry.opportunity
    configuration = replace(
        Configuration.from_json(opportunity.configuration), max_quote_age=entry.max_quote_age
    )
    slate, decisions, row = again(frozen_of(entry), configuration, opportunity.quote_id)
    now_said = said(decisions, row)
    reasons, passes = sentences(slate, decisions, configuration, row)
    return Replayed(
        opportunity_id=opportunity.pk,
        said=now_said,
        differences=differences(entry.said, now_said),
        reasons=reasons,
        passes=passes,
    )


def replay_entries(entries: QuerySet[JournalEntry]) -> Iterator[Replayed]:
    """Make many decisions again, one after another."""
    chosen = entries.select_related("opportunity__version", "opportunity__strategy", "inputs")
    chosen = chosen.prefetch_related("beside")
    for entry in chosen.iterator(chunk_size=500):
        yield replay_entry(entry)


def drop_old_entries(*, now: datetime, days: int) -> Dropped:
    """Let go of what was frozen of opportunities passed over, older than so many days; 0 keeps all.

    Recommended ones, and those that a bet was placed on, are kept for ever; the opportunity itself
    stays too, with its figures and reasons.

    Raises:
        ValueError: if `days` is negative.
    """
    if days < 0:
        raise ValueError(f"days: {days} cannot be; use 0 to keep all, or whole days such as 90.")
    if not days:
        return Dropped(0, 0)
    before = now - timedelta(days=days)
    old = JournalEntry.objects.filter(opportunity__as_of__lt=before, opportunity__bets=None)
    entries, _ = old.exclude(opportunity__passes=[]).delete()
    unused = DecisionInputs.objects.filter(as_of__lt=before, entries=None, beside_of=None)
    inputs, _ = unused.delete()
    return Dropped(entries, inputs)


def open_opportunities_of(strategy_id: int, quotes: list[int], now: datetime) -> dict[int, int]:
    """Return by quote the opportunities found at a moment that have no journal yet."""
    found = Opportunity.objects.filter(
        strategy_id=strategy_id, as_of=now, quote_id__in=quotes, journal=None
    )
    return dict(found.values_list("quote_id", "pk"))
