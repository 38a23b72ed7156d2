"""What a person saw at a venue: a bettor who placed by hand, or an operator who looked there."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts import audit
from betting.models import NOT_TAKEN, UNANSWERED, Bet
from betting.services.answers import record_answer
from betting.services.asking import StakeRefused, read_price, read_stake
from betting.venues.base import Answer, Code, Verdict
from betting.venues.registry import venue_by_key


class CannotConfirm(Exception):
    """What somebody says they got cannot be so: the field at fault, and the remedy."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.detail = detail


def confirm_bet(
    *,
    owner_id: int,
    bet_id: int,
    stake: Decimal,
    price: Decimal,
    now: datetime,
    venue_reference: str = "",
) -> Bet:
    """Write down what the bettor really got of a bet that they place by hand.

    What of the stake they did not get is free again. The same figures again return the bet.

    Raises:
        CannotConfirm: naming the field, the value and the remedy.
    """
    bet = Bet.objects.filter(pk=bet_id, owner_id=owner_id).first()
    if bet is None or not venue_by_key(bet.venue).terms.asks_person:
        raise CannotConfirm("bet", f"bet: there is no bet {bet_id} of yours that waits for you.")
    got_stake, got_price = _what_was_got(bet, stake=stake, price=price)
    if bet.status in UNANSWERED:
        bet = record_answer(
            bet,
            Answer(
                Verdict.ACCEPTED,
                venue_reference,
                matched_stake=got_stake,
                matched_price=got_price,
            ),
            now=now,
        )
    if bet.status in NOT_TAKEN:
        raise CannotConfirm(
            "bet",
            f"It was released: {bet.rejection or bet.get_status_display()} "
            "Its stake is free again. If you did place it, import it as a bet placed elsewhere.",
        )
    if (bet.matched_stake, bet.matched_price) != (got_stake, got_price):
        raise CannotConfirm(
            "bet",
            f"bet: it was confirmed before, with {bet.matched_stake} at {bet.taken_price:.3f}; "
            "what was matched never changes.",
        )
    return bet


def _what_was_got(bet: Bet, *, stake: Decimal, price: Decimal) -> tuple[Decimal, Decimal]:
    try:
        got_stake, got_price = read_stake(stake), read_price(price)
    except StakeRefused as refused:
        breach = refused.breaches[0]
        raise CannotConfirm(breach.field, breach.detail) from None
    if got_stake > bet.stake:
        raise CannotConfirm(
            "stake",
            f"stake: {got_stake} is more than the {bet.stake} that was set aside; "
            f"confirm {bet.stake} here and place the rest as another bet.",
        )
    return got_stake, got_price


def resolve_by_hand(
    *,
    bet_id: int,
    stake: Decimal | None,
    price: Decimal | None,
    reason: str,
    by_id: int,
    now: datetime,
) -> Bet:
    """Write down what an operator saw at the venue of a bet that no look-up tells any more.

    `stake` and `price` are what the venue matched; no stake: it never took it. Audited.

    Raises:
        CannotConfirm: naming the field, the value and the remedy.
    """
    bet = Bet.objects.filter(pk=bet_id).first()
    if bet is None:
        raise CannotConfirm("bet", f"bet: there is no bet {bet_id}.")
    if bet.status not in UNANSWERED:
        raise CannotConfirm(
            "bet", f"bet: {bet_id} is {bet.get_status_display().lower()}; nothing waits."
        )
    if not reason.strip():
        raise CannotConfirm("reason", "reason: say what was seen at the venue, and where.")
    if stake is None:
        answer = Answer(Verdict.REJECTED, code=Code.NEVER_RECEIVED, reason=reason.strip())
    else:
        got = _what_was_got(bet, stake=stake, price=bet.price if price is None else price)
        answer = Answer(Verdict.ACCEPTED, matched_stake=got[0], matched_price=got[1])
    with transaction.atomic():
        bet = record_answer(bet, answer, now=now)
        audit.record(
            action="resolved bet by hand",
            subject=f"bet {bet_id}",
            actor_id=by_id,
            detail={"status": bet.status, "matched": str(bet.matched_stake), "reason": reason},
            at=now,
        )
    return bet
