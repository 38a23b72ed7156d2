"""The decision journal: what was found, taken or passed, as one person sees it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from betting.domain.configuration import Configuration
from betting.domain.decide import Slate
from betting.domain.journal import unpack
from betting.domain.judging import age_in_minutes
from betting.models import Bet, JournalEntry, Opportunity
from betting.selectors.opportunities import OpportunityFilter, opportunities
from odds.domain.consensus import left_behind, price_after_commission, probability_by_book

KINDS = {
    "taken": "Taken by me",
    "left": "Recommended, not taken",
    "passed": "Passed over",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFilter:
    """Which decisions; None does not restrict. `kind` is one of KINDS."""

    kind: str | None = None
    strategy: str | None = None
    competition: str | None = None
    event: int | None = None


def journal(user_id: int, which: JournalFilter = JournalFilter()) -> QuerySet[Opportunity]:
    """Return decisions a person sees, newest first, each with their own bets on it."""
    mine = Bet.objects.filter(owner_id=user_id).order_by("pk")
    found = opportunities().filter(_conditions(user_id, which))
    return found.prefetch_related(Prefetch("bets", mine, to_attr="my_bets")).order_by(
        "-as_of", "-pk"
    )


def decisions_counted(user_id: int, which: JournalFilter) -> int:
    """Return how many `journal` has: without what each shows, which takes as long."""
    return Opportunity.objects.filter(_conditions(user_id, which)).count()


def _conditions(user_id: int, which: JournalFilter) -> Q:
    found = OpportunityFilter(
        seen_by=user_id,
        strategy=which.strategy,
        competition=which.competition,
        event=which.event,
        recommended={"left": True, "passed": False}.get(which.kind or ""),
    ).conditions()
    if which.kind in ("taken", "left"):
        taken = Exists(Bet.objects.filter(owner_id=user_id, opportunity=OuterRef("pk")))
        found &= Q(taken) if which.kind == "taken" else ~Q(taken)
    return found


def entry_of(user_id: int, opportunity_id: int) -> JournalEntry | None:
    """Return what was frozen of a decision that a person sees, or None."""
    seen = Q(opportunity__strategy__owner__isnull=True) | Q(opportunity__strategy__owner=user_id)
    return (
        JournalEntry.objects.filter(seen, pk=opportunity_id)
        .select_related("inputs", "opportunity__version", "opportunity__strategy")
        .first()
    )


def decision_of(user_id: int, opportunity_id: int) -> Opportunity | None:
    """Return one decision that a person sees, with their bets on it, or None."""
    return journal(user_id).filter(pk=opportunity_id).first()


def frozen_quotes(entry: JournalEntry) -> list[dict[str, Any]]:
    """Return what each bookmaker offered of the same line, its side first, best price first.

    `aside` says of a price above the chosen one why it was not to be had, or not worth more.
    """
    configuration = Configuration.from_json(entry.opportunity.configuration)
    slate = unpack([bytes(entry.inputs.content)], configuration)
    quotes = slate.quotes
    row = int(np.flatnonzero(quotes.quote_id == entry.opportunity.quote_id)[0])
    same = (quotes.line == quotes.line[row]) | (np.isnan(quotes.line) & np.isnan(quotes.line[row]))
    rows = np.flatnonzero(same)
    side = quotes.side[rows]
    order = rows[np.lexsort((-quotes.price[rows], side, side != quotes.side[row]))]
    by_book = probability_by_book(quotes, method=configuration.margin_methods[0])
    late = left_behind(quotes, by_book)
    aside = _aside(slate, row, configuration, fair=entry.opportunity.fair_probability)
    return [
        _offer(slate, int(each), row) | {"is_late": bool(late[each]), "aside": str(aside[each])}
        for each in order
    ]


def _aside(slate: Slate, row: int, configuration: Configuration, *, fair: float) -> np.ndarray:
    quotes = slate.quotes
    net = price_after_commission(quotes.price, quotes.commission)
    above = (quotes.side == quotes.side[row]) & (quotes.price > quotes.price[row])
    reasons = {
        "over the highest price it takes": quotes.price > configuration.max_price,
        "too old": age_in_minutes(slate) > configuration.max_quote_age,
        "no more after commission": net <= net[row],
        "too good to be true": fair * net - 1.0 > configuration.max_edge,
    }
    return np.select([above & held for held in reasons.values()], list(reasons), "")


def _offer(slate: Slate, row: int, chosen: int) -> dict[str, Any]:
    quotes = slate.quotes
    age = (slate.moment[row] - quotes.confirmed_at[row]) / np.timedelta64(60, "s")
    return {
        "bookmaker": str(quotes.bookmaker_key[row]),
        "side": str(quotes.side[row]),
        "price": float(quotes.price[row]),
        "age": timedelta(minutes=max(float(age), 0.0)),
        "age_minutes": round(max(float(age), 0.0), 1),
        "weight": float(quotes.weight[row]),
        "is_chosen": row == chosen,
    }


def share_steps(opportunity: Opportunity) -> list[tuple[str, float]]:
    """Return how the share of equity came about, before anybody's own limits."""
    steps = [] if opportunity.passes else [("Recommended", opportunity.stake_share)]
    if opportunity.kelly_share is not None and not opportunity.passes:
        kept = opportunity.kelly_share * opportunity.kept_part
        steps[:0] = [
            ("Full Kelly over the slate", opportunity.kelly_share),
            ("Beside bets that go with it", kept),
        ]
    return steps
