"""Take a stake: once, inside the limits, at a price that is still there."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from accounts.live import announce_bet
from betting.models import Bankroll, Bet, BetStatus, Opportunity, Transfer
from betting.selectors.money import staked_of
from betting.services.ledger import AmountRefused, lock_accounts, pots_of, read_amount
from betting.services.prices import PriceSource, latest_price, quote_age_limit
from betting.venues.base import Answer, Order, Venue, Verdict
from betting.venues.registry import NoSuchVenue, venue_by_key
from odds.models import Bookmaker, EventStatus, Selection
from risk.domain.kelly import net_price
from risk.domain.limits import Breach
from risk.services import StakeAsked, assess_stake

# How long a venue that has not heard of a reference may still be about to.
IN_FLIGHT = timedelta(minutes=5)


class StakeRefused(Exception):
    """A stake not taken, with every reason. `assessment_id` is the evidence, where one was made."""

    def __init__(self, breaches: Sequence[Breach], assessment_id: int | None = None) -> None:
        super().__init__(" ".join(breach.detail for breach in breaches))
        self.breaches = tuple(breaches)
        self.assessment_id = assessment_id


class RequestKeyReused(Exception):
    """The request key placed another bet before."""


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


def place_bet(  # noqa: PLR0913 - each is part of what a bet is
    *,
    owner_id: int,
    request_key: str,
    selection_id: int,
    bookmaker_id: int,
    price: Decimal,
    stake: Decimal,
    now: datetime,
    opportunity_id: int | None = None,
    bankroll_id: int | None = None,
    venue: str = "paper",
    prices: PriceSource = latest_price,
) -> Bet:
    """Place a bet in two phases: commit it and its stake, then ask the venue.

    `price` is the least the bettor accepts, and the price taken: the quote must show it or better
    now. Repeating the key with the same content returns the bet and moves nothing; while its
    answer is UNKNOWN a repeat looks it up. A refusal leaves nothing but its Assessment. Without a
    bankroll it is the owner's first. Call it outside a transaction.

    Raises:
        StakeRefused: with every breach.
        RequestKeyReused: if the key placed something else.
    """
    asked = Asked(
        owner_id=owner_id,
        request_key=request_key,
        selection_id=selection_id,
        bookmaker_id=bookmaker_id,
        price=_read_price(price),
        stake=_read_stake(stake),
        opportunity_id=opportunity_id,
        bankroll_id=_bankroll(owner_id, bankroll_id),
        venue=venue,
    )
    _check_request(asked)
    place = venue_by_key(venue)
    bet, is_new = _commit(asked, now=now, prices=prices)
    if is_new:
        # Outside any transaction: the row is safe, whatever happens to this process now.
        return _record_answer(bet.pk, place.place(_order(bet)), now=now)
    if bet.status == BetStatus.PLACING:
        return resolve_unknown(bet_id=bet.pk, now=now)
    return bet


def resolve_unknown(*, bet_id: int, now: datetime) -> Bet:
    """Ask the venue what became of a bet whose answer never came. Never places again.

    A bet that is not waiting is returned as it is.
    """
    bet = Bet.objects.get(pk=bet_id)
    if bet.status != BetStatus.PLACING:
        return bet
    answer = venue_by_key(bet.venue).look_up(_reference(bet))
    if answer.verdict is Verdict.NOT_FOUND:
        if now < bet.placed_at + IN_FLIGHT:
            return bet
        answer = Answer(Verdict.REJECTED, reason="The venue never received it.")
    return _record_answer(bet_id, answer, now=now)


def _bankroll(owner_id: int, bankroll_id: int | None) -> int:
    mine = Bankroll.objects.filter(owner_id=owner_id).order_by("pk")
    if bankroll_id is not None:
        mine = mine.filter(pk=bankroll_id)
    found = mine.values_list("pk", flat=True).first()
    if found is None:
        raise _refusal(
            "bankroll",
            "You have no such bankroll; open one and pay into it first.",
            figure=str(bankroll_id or "none"),
        )
    return found


def _refusal(field: str, detail: str, *, figure: str, bound: str = "") -> StakeRefused:
    return StakeRefused([Breach(field, detail, figure=figure, bound=bound, field=field)])


def _read_stake(stake: Decimal) -> Decimal:
    try:
        return read_amount(stake, field="stake")
    except AmountRefused as refusal:
        raise StakeRefused(
            [Breach("stake_malformed", refusal.detail, figure=str(stake), bound="0.01")]
        ) from None


def _read_price(price: Decimal) -> Decimal:
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


def _check_request(asked: Asked) -> None:
    """Refuse what could not even be written down."""
    if not 1 <= len(asked.request_key) <= 96 or not asked.request_key.isprintable():
        raise _refusal(
            "request_key",
            "request_key: send 1 to 96 printable characters, new for each bet.",
            figure=str(len(asked.request_key)),
            bound="96",
        )
    try:
        venue_by_key(asked.venue)
    except NoSuchVenue as unknown:
        raise _refusal("venue", str(unknown), figure=asked.venue) from None


@transaction.atomic(durable=True)
def _decide_and_write(
    asked: Asked, *, now: datetime, prices: PriceSource
) -> tuple[Bet | None, bool, tuple[Breach, ...], int | None]:
    """Under the owner's lock: repeat, refusal (with its evidence), or a new bet and its stake."""
    pots = pots_of(lock_accounts(asked.owner_id), asked.bankroll_id)
    earlier = Bet.objects.filter(owner_id=asked.owner_id, request_key=asked.request_key).first()
    if earlier is not None:
        if earlier.fingerprint != asked.fingerprint:
            raise RequestKeyReused(
                f"request_key: {asked.request_key!r} placed another bet ({earlier}); "
                "use a new key for a new bet."
            )
        return earlier, False, (), None
    selection = (
        Selection.objects.select_related("market__event__home", "market__event__away")
        .filter(pk=asked.selection_id)
        .first()
    )
    bookmaker = Bookmaker.objects.filter(pk=asked.bookmaker_id).first()
    if selection is None or bookmaker is None:
        missing = "selection" if selection is None else "bookmaker"
        raise _refusal(missing, f"{missing}: there is none of that number.", figure="unknown")
    opportunity = (
        Opportunity.objects.filter(pk=asked.opportunity_id).select_related("quote").first()
        if asked.opportunity_id
        else None
    )
    assessment, breaches = assess_stake(
        StakeAsked(
            owner_id=asked.owner_id,
            subject=f"{selection} in {selection.market}, at {bookmaker} {asked.price}",
            stake=asked.stake,
            price=net_price(asked.price, bookmaker.commission_share),
            probability=opportunity.fair_probability if opportunity else None,
            exposure=staked_of(pots.bankroll.pk, now=now).exposure(
                equity=pots.equity,
                free=pots.free.amount,
                event_id=selection.market.event_id,
            ),
            found=(
                *_event_breaches(selection, now=now),
                *_price_breaches(asked, now=now, prices=prices),
                *_opportunity_breaches(asked, opportunity),
            ),
        ),
        now=now,
    )
    if breaches:
        return None, False, breaches, assessment.pk
    bet = Bet.objects.create(
        owner_id=asked.owner_id,
        bankroll=pots.bankroll,
        request_key=asked.request_key,
        fingerprint=asked.fingerprint,
        venue=asked.venue,
        selection=selection,
        bookmaker=bookmaker,
        opportunity=opportunity,
        assessment=assessment,
        price=asked.price,
        stake=asked.stake,
        fair_probability=opportunity.fair_probability if opportunity else None,
        placed_at=now,
    )
    Transfer.objects.create(
        reference=f"bet:{bet.pk}:stake",
        kind=Transfer.Kind.STAKE,
        source=pots.free,
        destination=pots.at_risk,
        amount=bet.stake,
        bet=bet,
        at=now,
    )
    announce_bet(owner_id=bet.owner_id, bet_id=bet.pk)
    return bet, True, (), None


def _commit(asked: Asked, *, now: datetime, prices: PriceSource) -> tuple[Bet, bool]:
    bet, is_new, breaches, assessment_id = _decide_and_write(asked, now=now, prices=prices)
    if bet is None:
        raise StakeRefused(breaches, assessment_id)
    return bet, is_new


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


def _price_breaches(asked: Asked, *, now: datetime, prices: PriceSource) -> list[Breach]:
    seen = prices(asked.selection_id, asked.bookmaker_id)
    if seen is None or seen.price is None:
        detail = "This bookmaker does not offer it now; choose another price."
        rule, figure = "price_withdrawn", "none"
    elif seen.price < asked.price:
        detail = f"The price is {seen.price} now, below the {asked.price} asked; ask for that."
        rule, figure = "price_moved", str(seen.price)
    elif now - seen.confirmed_at > quote_age_limit():
        detail = (
            f"The price was last seen at {seen.confirmed_at:%Y-%m-%d %H:%M} UTC, "
            f"over {quote_age_limit()} ago; wait for the next fetch."
        )
        rule, figure = "price_stale", str(now - seen.confirmed_at)
    else:
        return []
    return [Breach(rule, detail, figure=figure, bound=str(asked.price), field="price")]


def _opportunity_breaches(asked: Asked, opportunity: Opportunity | None) -> list[Breach]:
    if asked.opportunity_id is None or (
        opportunity is not None
        and opportunity.quote.selection_id == asked.selection_id
        and opportunity.quote.bookmaker_id == asked.bookmaker_id
    ):
        return []
    return [
        Breach(
            "opportunity",
            f"opportunity: {asked.opportunity_id} is not about this selection and bookmaker.",
            figure=str(asked.opportunity_id),
            bound="",
            field="opportunity_id",
        )
    ]


def _reference(bet: Bet) -> str:
    return f"fl-{bet.pk}"


def _order(bet: Bet) -> Order:
    return Order(
        reference=_reference(bet),
        selection_id=bet.selection_id,
        bookmaker_id=bet.bookmaker_id,
        price=bet.price,
        stake=bet.stake,
        at=bet.placed_at,
    )


@transaction.atomic
def _record_answer(bet_id: int, answer: Answer, *, now: datetime) -> Bet:
    """Write a venue's answer down, once: whoever comes second finds it done."""
    owner_id, bankroll_id = Bet.objects.values_list("owner_id", "bankroll_id").get(pk=bet_id)
    pots = pots_of(lock_accounts(owner_id), bankroll_id)
    bet = Bet.objects.get(pk=bet_id)
    if bet.status != BetStatus.PLACING or answer.verdict in (Verdict.UNKNOWN, Verdict.NOT_FOUND):
        return bet
    if answer.verdict is Verdict.ACCEPTED:
        bet.status = BetStatus.OPEN
        bet.venue_reference = answer.venue_reference
    else:
        bet.status = BetStatus.REJECTED
        bet.rejection = answer.reason
        Transfer.objects.create(
            reference=f"bet:{bet.pk}:rejected",
            kind=Transfer.Kind.RETURN,
            source=pots.at_risk,
            destination=pots.free,
            amount=bet.stake,
            bet=bet,
            at=now,
        )
    bet.save(update_fields=["status", "venue_reference", "rejection"])
    announce_bet(owner_id=bet.owner_id, bet_id=bet.pk)
    return bet


def resolve_unknowns(*, now: datetime, limit: int = 200) -> int:
    """Look up every bet whose answer never came; return how many found one."""
    waiting = (
        Bet.objects.filter(status=BetStatus.PLACING).order_by("pk").values_list("pk", flat=True)
    )
    resolved = 0
    for bet_id in list(waiting[:limit]):
        resolved += resolve_unknown(bet_id=bet_id, now=now).status != BetStatus.PLACING
    return resolved


__all__ = [
    "RequestKeyReused",
    "StakeRefused",
    "Venue",
    "place_bet",
    "resolve_unknown",
    "resolve_unknowns",
]
