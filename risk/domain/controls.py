"""What speaks against a stake: an ordered chain of named rules, each pure, all of them asked.

A rule sees the facts of one stake and returns a breach, or nothing. Placement gathers the facts
under the owner's lock and asks the chain once; a refusal names every breach, not the first. What
rules would need to look up is a fact: whoever calls hands it in. docs/guides/add_a_risk_rule.md
says how to add one; `FAIRLINE_RISK_RULES` adds rules of your own after these.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property, partial
from typing import NamedTuple

from risk.domain.limits import Bounds, Breach, Exposure, Room, most_now, over_room, rooms


@dataclass(frozen=True, slots=True)
class EventSeen:
    """The event, as known now. `is_scheduled`: neither begun, nor called off, nor over."""

    name: str
    status: str
    is_scheduled: bool
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class QuoteSeen:
    """The bookmaker's price now (none: withdrawn, or never there), and when it last stood."""

    bookmaker: str
    is_archive: bool
    price: Decimal | None
    confirmed_at: datetime | None
    age_limit: timedelta


@dataclass(frozen=True, slots=True)
class OpportunitySeen:
    """The opportunity a stake rests on: whether it is about the same, and when it ended.

    A leg earns together with others only, so nothing is asked of its own edge.
    """

    number: int
    is_about_this: bool
    gone_at: datetime | None
    age_limit: timedelta
    is_leg: bool = False


@dataclass(frozen=True, slots=True)
class ModelSeen:
    """The model version an opportunity rests on; each text says why not, empty where nothing is."""

    name: str
    paused: str = ""
    expired: str = ""


@dataclass(frozen=True, slots=True)
class HaltSeen:
    """A halt in force that covers the stake: its cause, title, reason, and what it blocks."""

    cause: str
    title: str
    blocks: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class ExclusionSeen:
    """A time-out or self-exclusion in force; no end: for good."""

    title: str
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that is known of one stake when it is decided on; what is None nobody knows.

    `price` is the least accepted, `net_price` what is left of it after commission. `scopes` names
    what the stake is of, by kind of scope (strategy, bookmaker, league, model, venue). `barred`
    says why nobody of this place or age may stake, empty where they may.
    """

    stake: Decimal
    exposure: Exposure
    now: datetime | None = None
    price: Decimal | None = None
    net_price: float | None = None
    probability: float | None = None
    bounds: Bounds = field(default_factory=Bounds)
    event: EventSeen | None = None
    cannot_settle: str = ""
    market_key: str = ""
    quote: QuoteSeen | None = None
    opportunity: OpportunitySeen | None = None
    model: ModelSeen | None = None
    exclusion: ExclusionSeen | None = None
    barred: str = ""
    halts: tuple[HaltSeen, ...] = ()
    scopes: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def rooms(self) -> tuple[Room, ...]:
        """Return what each limit leaves."""
        return rooms(exposure=self.exposure, bounds=self.bounds)


Check = Callable[[Facts], Breach | None]


class Rule(NamedTuple):
    """One rule of the chain: its name in evidence, its title for people, and what it checks."""

    name: str
    title: str
    check: Check


def excluded(facts: Facts) -> Breach | None:
    """Nobody who asked to be kept away stakes anything."""
    if facts.exclusion is None:
        return None
    until = facts.exclusion.until
    ends = "for good" if until is None else f"until {until:%Y-%m-%d %H:%M} UTC"
    return Breach(
        "excluded",
        f"{facts.exclusion.title} {ends}: no stake is taken, and nobody ends it early. "
        "Open bets settle as usual.",
        figure=facts.exclusion.title,
        bound="" if until is None else until.isoformat(),
        field="",
    )


def barred(facts: Facts) -> Breach | None:
    """Where the person is, somebody of their age may stake."""
    if not facts.barred:
        return None
    return Breach(
        "jurisdiction",
        f"{facts.barred} Until then you may look, and open bets settle as usual.",
        figure="country and age",
        bound="",
        field="",
    )


def halted(cause: str, facts: Facts) -> Breach | None:
    """No halt in force covers the stake."""
    found = [halt for halt in facts.halts if halt.cause == cause]
    if not found:
        return None
    reasons = " ".join(f"It blocks {halt.blocks}. {halt.reason}" for halt in found)
    return Breach(
        cause,
        f"{found[0].title}: this stake is not taken until it is lifted or ends. {reasons}",
        figure=found[0].since.isoformat(),
        bound="",
        field="",
    )


def event_open(facts: Facts) -> Breach | None:
    """The event is still to come: not over, postponed or called off."""
    event = facts.event
    if event is None or event.is_scheduled:
        return None
    return Breach(
        "event_open",
        f"{event.name} is {event.status.lower()}: nothing can be staked on it.",
        figure=event.status.lower(),
        bound="scheduled",
        field="selection",
    )


def event_started(facts: Facts) -> Breach | None:
    """The event has not started."""
    event = facts.event
    if event is None or facts.now is None or not event.is_scheduled or facts.now < event.starts_at:
        return None
    return Breach(
        "event_started",
        f"The event started at {event.starts_at:%Y-%m-%d %H:%M} UTC; "
        "stakes are taken before the start only.",
        figure=facts.now.isoformat(),
        bound=event.starts_at.isoformat(),
        field="selection",
    )


def no_rule(facts: Facts) -> Breach | None:
    """Some score settles it: else its stake would be at risk for good."""
    if not facts.cannot_settle:
        return None
    return Breach(
        "no_rule",
        f"{facts.cannot_settle} No stake is taken on what cannot be settled.",
        figure=facts.market_key,
        bound="",
        field="selection",
    )


def archive(facts: Facts) -> Breach | None:
    """The bookmaker is one where somebody can bet."""
    if facts.quote is None or not facts.quote.is_archive:
        return None
    detail = f"{facts.quote.bookmaker} is an archive of past prices; nobody can bet there."
    return _about_price("archive", detail, facts, figure=facts.quote.bookmaker)


def price_withdrawn(facts: Facts) -> Breach | None:
    """The bookmaker offers it."""
    if facts.quote is None or facts.quote.price is not None:
        return None
    detail = "This bookmaker does not offer it now; choose another price."
    return _about_price("price_withdrawn", detail, facts, figure="none")


def price_moved(facts: Facts) -> Breach | None:
    """The price asked, or a better one, is still there."""
    if facts.quote is None or facts.quote.price is None or facts.price is None:
        return None
    if facts.quote.price >= facts.price:
        return None
    detail = (
        f"The price is {facts.quote.price} now, below the {facts.price} asked; "
        "ask for that, or leave it."
    )
    return _about_price("price_moved", detail, facts, figure=str(facts.quote.price))


def price_stale(facts: Facts) -> Breach | None:
    """The price was seen to stand not long ago."""
    quote = facts.quote
    if quote is None or quote.price is None or quote.confirmed_at is None or facts.now is None:
        return None
    age = facts.now - quote.confirmed_at
    if age <= quote.age_limit:
        return None
    return Breach(
        "price_stale",
        f"The price is last known to have stood at {quote.confirmed_at:%Y-%m-%d %H:%M} UTC, by "
        "our last look or the bookmaker's own time if that is older: "
        f"over {quote.age_limit} ago; wait for a fetch that brings a newer one.",
        figure=str(age),
        bound=str(quote.age_limit),
        field="price",
    )


def _about_price(rule: str, detail: str, facts: Facts, *, figure: str) -> Breach:
    return Breach(rule, detail, figure=figure, bound=str(facts.price), field="price")


def opportunity_fits(facts: Facts) -> Breach | None:
    """The opportunity that a stake rests on is about this selection at this bookmaker."""
    found = facts.opportunity
    if found is None or found.is_about_this:
        return None
    return Breach(
        "opportunity",
        f"opportunity: {found.number} is not about this selection and bookmaker.",
        figure=str(found.number),
        bound="",
        field="opportunity_id",
    )


def opportunity_gone(facts: Facts) -> Breach | None:
    """What the opportunity believed is not out of date.

    One that ended while its form was open will do: it may go on in another for a tick more edge.
    """
    found = facts.opportunity
    if found is None or not found.is_about_this or found.gone_at is None or facts.now is None:
        return None
    if facts.now - found.gone_at <= found.age_limit:
        return None
    return Breach(
        "opportunity_gone",
        f"opportunity: it ended at {found.gone_at:%Y-%m-%d %H:%M} UTC; "
        "what it believed is out of date.",
        figure=found.gone_at.isoformat(),
        bound="",
        field="opportunity_id",
    )


def model_paused(facts: Facts) -> Breach | None:
    """No drift, and nobody, paused the model version that the opportunity rests on."""
    if facts.model is None or not facts.model.paused:
        return None
    detail = f"{facts.model.paused}: no stake rests on what it says until it is released."
    return Breach("model_paused", detail, figure=facts.model.name, bound="", field="opportunity_id")


def model_expired(facts: Facts) -> Breach | None:
    """The model version that the opportunity rests on still knows its teams."""
    if facts.model is None or not facts.model.expired:
        return None
    return Breach(
        "model_expired",
        f"{facts.model.expired}.",
        figure=facts.model.name,
        bound="",
        field="opportunity_id",
    )


def edge_left(facts: Facts) -> Breach | None:
    """At the price asked there is still the least edge, where anybody said what it is worth.

    edge = probability x net price - 1, as `decide` has it.
    """
    if facts.probability is None or facts.net_price is None:
        return None
    if facts.opportunity is not None and facts.opportunity.is_leg:
        return None
    edge = facts.probability * facts.net_price - 1
    # Probabilities are floats: an edge of exactly the bound may come out a hair below it.
    if edge >= float(facts.bounds.min_edge) - 1e-9:
        return None
    return Breach(
        "min_edge",
        f"At {facts.price} the edge is {edge:+.2%}, below the least of "
        f"{facts.bounds.min_edge:.2%}; ask for a better price.",
        figure=f"{edge:.6f}",
        bound=str(facts.bounds.min_edge),
        field="price",
    )


def over_limit(rule: str, facts: Facts) -> Breach | None:
    """The stake fits into what this limit leaves."""
    left = facts.rooms
    most = most_now(left)
    least = facts.bounds.min_stake
    remedy = f"at most {most} is possible now" if most >= least else "wait, or raise it"
    return next(
        (over_room(room, stake=facts.stake, remedy=remedy) for room in left if room.rule == rule),
        None,
    )


def over_personal(facts: Facts) -> Breach | None:
    """The stake fits into what the person lets themselves stake and lose: the tightest is told."""
    left = facts.exposure.personal
    over = [room for room in left if facts.stake > room.most]
    if not over:
        return None
    room = min(over, key=lambda each: each.most)
    if room.counts_bets:
        return Breach(
            room.rule,
            f"You were here {room.used} of {room.bound} minutes, {room.title}: no stake is taken "
            "until that is over.",
            figure=str(room.used),
            bound=str(room.bound),
            field="",
        )
    return over_room(room, stake=facts.stake, remedy="your own limit; it can be raised in a day")


def under_min_stake(facts: Facts) -> Breach | None:
    """The stake is worth its trouble."""
    if facts.stake >= facts.bounds.min_stake:
        return None
    return Breach(
        "min_stake",
        f"Stake {facts.stake} is below the smallest stake, {facts.bounds.min_stake}.",
        figure=str(facts.stake),
        bound=str(facts.bounds.min_stake),
    )


CAUSES = {
    "kill_switch": "Kill switch",
    "manual": "Manual lock",
    "drawdown": "Drawdown breaker",
    "losing_streak": "Losing streak breaker",
    "daily_loss": "Daily loss breaker",
    "weekly_loss": "Weekly loss breaker",
    "clv_decay": "CLV breaker",
    "stale_feed": "Stale feed breaker",
    "unhealthy_model": "Unhealthy model breaker",
    "venue_unknowns": "Venue breaker",
}
LIMITS = {
    "max_bet_share": "Limit of one bet",
    "max_market_share": "Limit of a market",
    "max_event_share": "Limit of an event",
    "max_league_share": "Limit of a league",
    "max_bookmaker_share": "Limit of a bookmaker",
    "max_day_share": "Limit of a day",
    "max_open_bets": "Number of open bets",
    "free_money": "Free money",
}

# In the order in which people are told: who, then what, then at which price, then how much.
CONTROLS: tuple[Rule, ...] = (
    Rule("excluded", "Time-out or self-exclusion", excluded),
    Rule("jurisdiction", "Country and age", barred),
    *(Rule(cause, title, partial(halted, cause)) for cause, title in CAUSES.items()),
    Rule("event_open", "Event still to come", event_open),
    Rule("event_started", "Event not started", event_started),
    Rule("no_rule", "Can be settled", no_rule),
    Rule("archive", "Bookmaker takes bets", archive),
    Rule("price_withdrawn", "Price offered", price_withdrawn),
    Rule("price_moved", "Price still there", price_moved),
    Rule("price_stale", "Age of the quote", price_stale),
    Rule("opportunity", "Opportunity is about this", opportunity_fits),
    Rule("opportunity_gone", "Opportunity not out of date", opportunity_gone),
    Rule("model_paused", "Model not paused", model_paused),
    Rule("model_expired", "Model not expired", model_expired),
    Rule("min_edge", "Edge left", edge_left),
    *(Rule(rule, title, partial(over_limit, rule)) for rule, title in LIMITS.items()),
    Rule("personal", "Own limits over time", over_personal),
    Rule("min_stake", "Smallest stake", under_min_stake),
)


def find_breaches(facts: Facts, rules: Iterable[Rule] = CONTROLS) -> tuple[Breach, ...]:
    """Return every breach of the chain, in its order.

    >>> none = Decimal("0.00")
    >>> exposure = Exposure(Decimal("100.00"), Decimal("2.50"), none, none)
    >>> [breach.rule for breach in find_breaches(Facts(stake=Decimal("3.00"), exposure=exposure))]
    ['max_bet_share', 'free_money']
    """
    found = (rule.check(facts) for rule in rules)
    return tuple(breach for breach in found if breach is not None)
