"""What somebody asks to place: read, and what speaks against it, in words."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from betting.domain.settlement import CannotSettle, outcome_of
from betting.models import Opportunity
from betting.services.ledger import AmountRefused, read_amount
from betting.services.prices import PriceSource, quote_age_limit
from betting.venues.registry import NoSuchVenue, venue_by_key
from odds.models import Bookmaker, EventStatus, Selection
from risk.domain.limits import Breach


class StakeRefused(Exception):
    """A stake not taken, with every reason. `assessment_id` is the evidence, where one was made."""

    def __init__(self, breaches: Sequence[Breach], assessment_id: int | None = None) -> None:
        super().__init__(" ".join(breach.detail for breach in breaches))
        self.breaches = tuple(breaches)
        self.assessment_id = assessment_id


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to place, as asked."""

    owner_id: int
    request_key: str
    selection_id: int
    bookmaker_id: int
    price: Decimal
    stake: Decimal
    opportunity_id: int | None
    bankroll_id: int
    venue: str

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 of all that makes it this bet and no other."""
        content = [
            self.selection_id,
            self.bookmaker_id,
            str(self.price.normalize()),
            str(self.stake),
            self.opportunity_id,
            self.bankroll_id,
            self.venue,
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def check_request(asked: Asked) -> None:
    """Refuse what could not even be written down."""
    if not 1 <= len(asked.request_key) <= 96 or not asked.request_key.isprintable():
        raise refusal(
            "request_key",
            "request_key: send 1 to 96 printable characters, new for each bet.",
            figure=str(len(asked.request_key)),
            bound="96",
        )
    try:
        venue_by_key(asked.venue)
    except NoSuchVenue as unknown:
        raise refusal("venue", str(unknown), figure=asked.venue) from None


def read_stake(stake: Decimal) -> Decimal:
    """Return a stake as money, or refuse it: nothing is rounded on the way in."""
    try:
        return read_amount(stake, field="stake")
    except AmountRefused as refused:
        raise StakeRefused(
            [Breach("stake_malformed", refused.detail, figure=str(stake), bound="0.01")]
        ) from None


def read_price(price: Decimal) -> Decimal:
    """Return a decimal price with three places, or refuse it."""
    try:
        asked = Decimal(str(price).strip())
        if asked.is_finite() and Decimal(1) < asked <= Decimal(1001):
            kept = asked.quantize(Decimal("0.001"))
            if kept == asked:
                return kept
    except ArithmeticError:
        pass
    detail = f"price: {price} is no decimal price from 1.001 to 1001 with at most three places."
    raise StakeRefused(
        [Breach("price_malformed", detail, figure=str(price), bound="1.001", field="price")]
    )


def refusal(field: str, detail: str, *, figure: str, bound: str = "") -> StakeRefused:
    """Return a refusal for one reason, where nothing more can be looked at."""
    return StakeRefused([Breach(field, detail, figure=figure, bound=bound, field=field)])


def reasons_against(
    asked: Asked,
    selection: Selection,
    bookmaker: Bookmaker,
    opportunity: Opportunity | None,
    *,
    now: datetime,
    prices: PriceSource,
) -> tuple[Breach, ...]:
    """Return all that speaks against a bet but the person's own limits and halts."""
    return (
        *_event_breaches(selection, now=now),
        *_rule_breaches(selection),
        *_price_breaches(asked, bookmaker, now=now, prices=prices),
        *_opportunity_breaches(asked, opportunity, now=now),
    )


def _event_breaches(selection: Selection, *, now: datetime) -> list[Breach]:
    event = selection.market.event
    # What counts is what is known now: a result that comes later than this moment is not.
    known = event.result_seen_at is None or event.result_seen_at <= now
    if event.status != EventStatus.SCHEDULED and known:
        return [
            Breach(
                "event_open",
                f"{event} is {event.get_status_display().lower()}: nothing can be staked on it.",
                figure=event.status,
                bound=EventStatus.SCHEDULED.value,
                field="selection",
            )
        ]
    if now >= event.starts_at:
        return [
            Breach(
                "event_started",
                f"{event} started at {event.starts_at:%Y-%m-%d %H:%M} UTC; "
                "stakes are taken before the start only.",
                figure=now.isoformat(),
                bound=event.starts_at.isoformat(),
                field="selection",
            )
        ]
    return []


def _rule_breaches(selection: Selection) -> list[Breach]:
    """Return why no score would ever settle it: its stake would be at risk for good."""
    try:
        outcome_of(
            market_key=selection.market.key,
            side=selection.side,
            point=selection.point,
            home_score=0,
            away_score=0,
        )
    except CannotSettle as reason:
        return [
            Breach(
                "no_rule",
                f"{reason} No stake is taken on what cannot be settled.",
                figure=selection.market.key,
                bound="",
                field="selection",
            )
        ]
    return []


def _price_breaches(
    asked: Asked, bookmaker: Bookmaker, *, now: datetime, prices: PriceSource
) -> list[Breach]:
    seen = prices(asked.selection_id, asked.bookmaker_id)
    if bookmaker.is_archive:
        detail = f"{bookmaker} is an archive of past prices; nobody can bet there."
        rule, figure = "archive", bookmaker.key
    elif seen is None or seen.price is None:
        detail = "This bookmaker does not offer it now; choose another price."
        rule, figure = "price_withdrawn", "none"
    elif seen.price < asked.price:
        detail = f"The price is {seen.price} now, below the {asked.price} asked; ask for that."
        rule, figure = "price_moved", str(seen.price)
    elif now - seen.confirmed_at > quote_age_limit():
        detail = (
            f"The price is last known to have stood at {seen.confirmed_at:%Y-%m-%d %H:%M} UTC, by "
            "our last look or the bookmaker's own time if that is older: "
            f"over {quote_age_limit()} ago; wait for a fetch that brings a newer one."
        )
        rule, figure = "price_stale", str(now - seen.confirmed_at)
    else:
        return []
    return [Breach(rule, detail, figure=figure, bound=str(asked.price), field="price")]


def _opportunity_breaches(
    asked: Asked, opportunity: Opportunity | None, *, now: datetime
) -> list[Breach]:
    """Return why a bet may not rest on an opportunity: what it believed is kept with the bet."""
    if asked.opportunity_id is None:
        return []
    if opportunity is None or (asked.selection_id, asked.bookmaker_id) != (
        opportunity.quote.selection_id,
        opportunity.quote.bookmaker_id,
    ):
        detail = f"opportunity: {asked.opportunity_id} is not about this selection and bookmaker."
        rule, figure = "opportunity", str(asked.opportunity_id)
    # One that ended while its form was open will do: it may go on in another for a tick more edge.
    elif opportunity.gone_at is not None and now - opportunity.gone_at > quote_age_limit():
        detail = (
            f"opportunity: it ended at {opportunity.gone_at:%Y-%m-%d %H:%M} UTC; "
            "what it believed is out of date."
        )
        rule, figure = "opportunity_gone", opportunity.gone_at.isoformat()
    else:
        return []
    return [Breach(rule, detail, figure=figure, bound="", field="opportunity_id")]
