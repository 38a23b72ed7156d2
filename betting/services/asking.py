"""What somebody asks to place: read, and what speaks against it, in words."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from betting.domain.settlement import CannotSettle, outcome_of
from betting.models import Opportunity
from betting.selectors.opportunities import is_leg
from betting.selectors.stakes import scopes_of
from betting.services.ledger import AmountRefused, read_amount
from betting.services.prices import PriceSource, quote_age_limit
from betting.venues.registry import NoSuchVenue, venue_by_key
from models_registry.fitness import pauses_in_force, why_expired
from odds.models import Bookmaker, EventStatus, Selection
from risk.domain.controls import EventSeen, Facts, ModelSeen, OpportunitySeen, QuoteSeen
from risk.domain.kelly import net_price
from risk.domain.limits import Breach, Exposure


class StakeRefused(Exception):
    """A stake not taken, with every reason. `assessment_id` is the evidence, where one was made."""

    def __init__(self, breaches: Sequence[Breach], assessment_id: int | None = None) -> None:
        super().__init__(" ".join(breach.detail for breach in breaches))
        self.breaches = tuple(breaches)
        self.assessment_id = assessment_id


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to place, as asked; without a bankroll it is their first."""

    owner_id: int
    request_key: str
    selection_id: int
    bookmaker_id: int
    price: Decimal
    stake: Decimal
    opportunity_id: int | None
    bankroll_id: int | None
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


def facts_of(
    asked: Asked,
    selection: Selection,
    bookmaker: Bookmaker,
    opportunity: Opportunity | None,
    *,
    exposure: Exposure,
    now: datetime,
    prices: PriceSource,
) -> Facts:
    """Return what is known of a bet that somebody asks for, but for the person's own limits."""
    event = selection.market.event
    # What counts is what is known now: a result that comes later than this moment is not.
    known = event.result_seen_at is None or event.result_seen_at <= now
    status = event.get_status_display() if known else EventStatus.SCHEDULED.label
    seen = prices(asked.selection_id, asked.bookmaker_id)
    return Facts(
        now=now,
        stake=asked.stake,
        price=asked.price,
        net_price=net_price(asked.price, bookmaker.commission_share),
        probability=opportunity.fair_probability if opportunity else None,
        exposure=exposure,
        event=EventSeen(
            name=str(event),
            status=status,
            is_scheduled=event.status == EventStatus.SCHEDULED or not known,
            starts_at=event.starts_at,
        ),
        cannot_settle=_cannot_settle(selection),
        market_key=selection.market.key,
        quote=QuoteSeen(
            bookmaker=str(bookmaker),
            is_archive=bookmaker.is_archive,
            price=seen.price if seen else None,
            confirmed_at=seen.confirmed_at if seen else None,
            age_limit=quote_age_limit(),
        ),
        opportunity=_opportunity_seen(asked, opportunity),
        model=_model_seen(opportunity, now=now),
        scopes=scopes_of(selection, bookmaker, opportunity, venue=asked.venue),
    )


def _cannot_settle(selection: Selection) -> str:
    """Return why no score would ever settle it, empty where one does."""
    try:
        outcome_of(
            market_key=selection.market.key,
            side=selection.side,
            point=selection.point,
            home_score=0,
            away_score=0,
        )
    except CannotSettle as reason:
        return str(reason)
    return ""


def _opportunity_seen(asked: Asked, opportunity: Opportunity | None) -> OpportunitySeen | None:
    if asked.opportunity_id is None:
        return None
    if opportunity is None:
        return OpportunitySeen(asked.opportunity_id, False, None, quote_age_limit())
    quote = opportunity.quote
    return OpportunitySeen(
        number=opportunity.pk,
        is_about_this=(asked.selection_id, asked.bookmaker_id)
        == (quote.selection_id, quote.bookmaker_id),
        gone_at=opportunity.gone_at,
        age_limit=quote_age_limit(),
        is_leg=is_leg(opportunity),
    )


def _model_seen(opportunity: Opportunity | None, *, now: datetime) -> ModelSeen | None:
    if opportunity is None or opportunity.prediction is None:
        return None
    version = opportunity.prediction.version
    pause = pauses_in_force([version.pk], at=now).get(version.pk)
    return ModelSeen(
        name=str(version),
        paused=f"{version} is paused since {pause.at:%Y-%m-%d %H:%M} ({pause.reason})"
        if pause
        else "",
        expired=why_expired(version, now),
    )
