"""Prove that a database which was brought back is one that money can be trusted to."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.db.models import F

from accounts.audit.chain import verify_chain
from betting.services import bankrolls, ledger
from betting.services.asking import StakeRefused
from betting.services.books import check_books
from betting.services.placement import place_bet
from odds.models import Quote

STAKE = Decimal("1.00")


@dataclass(frozen=True, slots=True)
class Proof:
    """What a restored database showed; `bet` is `placed`, or why none was."""

    problems: list[str]
    audit_entries: int
    audit_broken: str
    bet: str
    balanced_after: bool

    @property
    def holds(self) -> bool:
        return not self.problems and not self.audit_broken and self.balanced_after


def prove(*, with_bet: bool = True) -> Proof:
    """Check the books and the audit, place a bet as of the newest price, and check again.

    The bet writes a person, a bankroll and a bet: for a copy that is thrown away, never the live
    database nor one that people will use.
    """
    problems = [f"{p.rule}: {p.subject}: {p.detail}" for p in check_books()]
    verdict = verify_chain()
    bet = _bet() if with_bet else "none asked"
    return Proof(
        problems=problems,
        audit_entries=verdict.entries,
        audit_broken=verdict.broken.detail if verdict.broken else "",
        bet=bet,
        balanced_after=not check_books(),
    )


def _bet() -> str:
    quote = (
        Quote.objects.filter(
            price__gt=1,
            seen_at__lt=F("selection__market__event__starts_at"),
            last_update__lt=F("selection__market__event__starts_at"),
        )
        .order_by("-last_update")
        .first()
    )
    if quote is None or quote.price is None:
        return "no price in the backup to bet at"
    # The world stands still at that price: it is as old as it was when it was taken.
    now = max(quote.seen_at, quote.last_update or quote.seen_at) + timedelta(milliseconds=1)
    name = f"drill-{uuid.uuid4().hex[:12]}"
    bettor = get_user_model().objects.create_user(username=name, email=f"{name}@localhost")
    bankroll = bankrolls.open_bankroll(bettor.pk, "Drill", "EUR", now)
    ledger.move_money(
        "deposit", bankroll_id=bankroll.pk, amount=Decimal("100.00"), reference=name, now=now
    )
    try:
        place_bet(
            owner_id=bettor.pk,
            request_key=name,
            selection_id=quote.selection_id,
            bookmaker_id=quote.bookmaker_id,
            price=quote.price,
            stake=STAKE,
            now=now,
        )
    except StakeRefused as refusal:
        return f"refused: {refusal}"
    return "placed"
