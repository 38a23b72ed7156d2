"""What becomes of a bet once its venue was asked: answers, look-ups, cancelling."""

import hashlib
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q

from accounts import audit
from accounts.live import announce_bet
from betting.models import NOT_TAKEN, UNANSWERED, Bet, BetStatus, Transfer
from betting.services.pots import lock_accounts, pots_of, staked_from, unmatched_reference
from betting.services.track import commit_bet
from betting.venues.base import FINAL, Answer, Code, Order, Venue, Verdict
from betting.venues.registry import venue_by_key

logger = logging.getLogger(__name__)

# How long a venue that has not heard of a reference may still be about to.
IN_FLIGHT = timedelta(minutes=5)
# Once that is over, how far apart two looks must be that both do not find it.
LOOKS_APART = timedelta(minutes=2)
# A waiting bet is looked up again after this long, then twice as long, up to the longest.
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)


class CannotCancel(Exception):
    """The bet is decided, or was never this person's."""


def reference_of(bet: Bet) -> str:
    """Return what venues know a bet by: its number, and what tells it from all others for ever.

    Venues keep references for months; the number alone comes again where a database is set up
    anew.
    """
    content = f"{bet.fingerprint}:{bet.request_key}:{bet.placed_at.astimezone(UTC).isoformat()}"
    return f"fl-{bet.pk}-{hashlib.sha256(content.encode()).hexdigest()[:10]}"


def order_of(bet: Bet) -> Order:
    """Return what is asked of the venue; the reference is the bet's own, for ever."""
    return Order(
        reference=reference_of(bet),
        selection_id=bet.selection_id,
        bookmaker_id=bet.bookmaker_id,
        price=bet.price,
        stake=bet.stake,
        at=bet.placed_at,
        withdrawn_at=bet.cancel_asked_at,
    )


def resolve_unknown(*, bet_id: int, now: datetime) -> Bet:
    """Ask the venue what became of a bet that waits for its answer. Never places again.

    What is pending for longer than the venue's terms allow is withdrawn. A bet that is not waiting
    is returned as it is.
    """
    bet = Bet.objects.get(pk=bet_id)
    if bet.status not in UNANSWERED:
        return bet
    venue = venue_by_key(bet.venue)
    answer = venue.look_up(order_of(bet), now=now)
    if answer.verdict is not Verdict.NOT_FOUND and bet.missing_since is not None:
        # Found, or nobody can say: two looks that miss it must follow one another.
        Bet.objects.filter(pk=bet.pk).update(missing_since=None)
    longest = venue.terms.answers_within
    if answer.verdict is Verdict.NOT_FOUND:
        answer = _not_found(bet, venue, now=now)
    elif (
        answer.verdict is Verdict.PENDING
        and venue.terms.cancels
        and (
            bet.cancel_asked_at is not None
            or (longest is not None and now - bet.placed_at >= longest)
        )
    ):
        answer = _withdraw(bet, venue, now=now)
    if (
        answer.verdict is Verdict.CANCELLED
        and longest is not None
        and bet.cancel_asked_at is not None
        and bet.cancel_asked_at - bet.placed_at >= longest
    ):
        reason = "Nobody took it in time; it was withdrawn."
        answer = replace(answer, code=Code.TIMED_OUT, reason=answer.reason or reason)
    return record_answer(bet, answer, now=now)


def _withdraw(bet: Bet, venue: Venue, *, now: datetime) -> Answer:
    """Commit that it is wanted back, then ask the venue."""
    if bet.cancel_asked_at is None:
        bet.cancel_asked_at = now
        Bet.objects.filter(pk=bet.pk, cancel_asked_at__isnull=True).update(cancel_asked_at=now)
    return venue.cancel(order_of(bet), now=now)


def _not_found(bet: Bet, venue: Venue, *, now: datetime) -> Answer:
    """Return what it means that a venue does not know a reference.

    Nothing while it may still arrive; nothing either once the venue has forgotten all of its time,
    or where it has known the bet before: then only a person who looks there can tell. Otherwise it
    never came: by two looks apart, and by the venue's own lists of what is open and what it paid.
    """
    waited, remembers = now - bet.placed_at, venue.terms.remembers
    forgotten = remembers is not None and waited > remembers
    if bet.status != BetStatus.PLACING or waited < IN_FLIGHT or forgotten:
        return Answer(Verdict.UNKNOWN)
    if bet.missing_since is None:
        Bet.objects.filter(pk=bet.pk, missing_since__isnull=True).update(missing_since=now)
        return Answer(Verdict.UNKNOWN)
    if now - bet.missing_since < LOOKS_APART:
        return Answer(Verdict.UNKNOWN)
    if venue.lists(order_of(bet), now=now):
        logger.error("Venue %s does not find bet %s and lists it all the same", venue.key, bet.pk)
        return Answer(Verdict.UNKNOWN)
    return Answer(Verdict.REJECTED, code=Code.NEVER_RECEIVED, reason="The venue never received it.")


def cancel_bet(*, owner_id: int, bet_id: int, now: datetime) -> Bet:
    """Withdraw what the venue has not matched yet; repeats return the bet as it is then.

    That it is wanted is committed before the venue is asked, so a lost answer is asked for again
    by the sweep. What was matched meanwhile stays a bet. Call it outside a transaction.

    Raises:
        CannotCancel: if it is no waiting bet of this person's, or its venue withdraws nothing.
    """
    bet = Bet.objects.filter(pk=bet_id, owner_id=owner_id).first()
    if bet is None:
        raise CannotCancel(f"bet: there is no bet {bet_id} of yours.")
    venue = venue_by_key(bet.venue)
    if bet.status == BetStatus.CANCELLED:
        return bet
    if bet.status not in UNANSWERED:
        raise CannotCancel(
            f"Bet {bet_id} is {bet.get_status_display().lower()}; only what its venue has not "
            "decided yet can be cancelled."
        )
    if not venue.terms.cancels:
        raise CannotCancel(f"{venue.terms.title} withdraws nothing; wait for its answer.")
    if bet.status == BetStatus.PLACING:
        # Whether the venue has it is not known: it is looked up, and withdrawn once it is there.
        asked = Bet.objects.filter(pk=bet_id, cancel_asked_at__isnull=True, status__in=UNANSWERED)
        if asked.update(cancel_asked_at=now):
            announce_bet(owner_id=owner_id, bet_id=bet_id)
        return resolve_unknown(bet_id=bet_id, now=now)
    return record_answer(bet, _withdraw(bet, venue, now=now), now=now)


@transaction.atomic
def record_answer(asked: Bet, answer: Answer, *, now: datetime) -> Bet:
    """Write a venue's answer to a bet down, once: whoever comes second finds it done.

    The bet is read anew under its owner's lock, and returned.

    What was not matched is given back in the same transaction. An answer that cannot be (more
    matched than asked) is no answer: the bet waits, for a person if need be.
    """
    pots = pots_of(lock_accounts(asked.owner_id), asked.bankroll_id)
    bet = Bet.objects.get(pk=asked.pk)
    if bet.status not in UNANSWERED:
        _check_late(bet, answer, now=now)
        return bet
    matched = bet.stake if answer.matched_stake is None else answer.matched_stake
    price = bet.price if answer.matched_price is None else answer.matched_price
    if answer.verdict is Verdict.ACCEPTED and not (0 < matched <= bet.stake and 1 < price <= 1001):
        logger.error("Venue %s matched %s at %s of bet %s", bet.venue, matched, price, bet.pk)
        answer = Answer(Verdict.UNKNOWN)
    if answer.verdict not in FINAL:
        return _keep_waiting(bet, answer, now=now)
    bet.venue_reference = answer.venue_reference or bet.venue_reference
    if answer.verdict is Verdict.ACCEPTED:
        bet.status = BetStatus.OPEN
        bet.matched_stake = matched
        bet.matched_price = price
    else:
        rejected = answer.verdict is Verdict.REJECTED
        bet.status = BetStatus.REJECTED if rejected else BetStatus.CANCELLED
        bet.rejection = answer.reason
        bet.rejection_code = answer.code or (Code.OTHER if rejected else Code.WITHDRAWN)
        matched = Decimal(0)
    if matched < bet.stake:
        Transfer.objects.create(
            reference=unmatched_reference(bet.pk),
            kind=Transfer.Kind.RETURN,
            source=pots.at_risk,
            destination=staked_from(pots, bet.pk),
            amount=bet.stake - matched,
            bet=bet,
            at=now,
        )
    bet.next_look_at = None
    bet.save(
        update_fields=[
            "status", "venue_reference", "matched_stake", "matched_price", "rejection",
            "rejection_code", "next_look_at",
        ]
    )  # fmt: skip
    commit_bet(bet, now=now)
    announce_bet(owner_id=bet.owner_id, bet_id=bet.pk)
    return bet


def _keep_waiting(bet: Bet, answer: Answer, *, now: datetime) -> Bet:
    """Note that the venue has it, if it does, and when it is looked up again."""
    news = answer.verdict is Verdict.PENDING and bet.status != BetStatus.PENDING
    if news:
        bet.status = BetStatus.PENDING
        bet.venue_reference = answer.venue_reference or bet.venue_reference
    # 2 ** 6 pauses of 5 s are more than the longest.
    bet.next_look_at = now + min(FIRST_PAUSE * 2 ** min(bet.look_ups, 6), LONGEST_PAUSE)
    bet.look_ups += 1
    bet.save(update_fields=["status", "venue_reference", "next_look_at", "look_ups"])
    if news:
        announce_bet(owner_id=bet.owner_id, bet_id=bet.pk)
    return bet


def _check_late(bet: Bet, answer: Answer, *, now: datetime) -> None:
    """Say loudly that a venue holds a bet that our books gave up: a person must look there."""
    if answer.verdict is Verdict.ACCEPTED and bet.status in NOT_TAKEN:
        logger.error("Venue %s holds bet %s, which is %s here", bet.venue, bet.pk, bet.status)
        audit.record(
            action="venue holds a bet that was given up",
            subject=f"bet {bet.pk}",
            actor_id=None,
            detail={"venue": bet.venue, "reference": answer.venue_reference},
            at=now,
        )


def resolve_unknowns(*, now: datetime, limit: int = 200) -> int:
    """Look up every waiting bet whose turn it is; return how many were decided."""
    waiting = (
        Bet.objects.filter(
            Q(next_look_at__isnull=True) | Q(next_look_at__lte=now), status__in=UNANSWERED
        )
        .order_by(F("next_look_at").asc(nulls_first=True), "pk")
        .values_list("pk", flat=True)
    )
    resolved = 0
    for bet_id in list(waiting[:limit]):
        try:
            resolved += resolve_unknown(bet_id=bet_id, now=now).status not in UNANSWERED
        except Exception:
            # One venue that cannot be asked must not keep the others waiting.
            logger.exception("Could not look up bet %s", bet_id)
            Bet.objects.filter(pk=bet_id).update(next_look_at=now + LONGEST_PAUSE)
    return resolved
