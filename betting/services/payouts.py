"""What rulings on bets move: stakes, winnings, commission of a market, and settlements restated."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from accounts import audit
from accounts.live import announce_bet
from betting.domain.settlement import DeadHeat, Outcome, Payout, Ruled, payouts_of_market
from betting.models import Bet, BetStatus, LedgerAccount, Result, Settlement, Transfer
from betting.selectors.paths import equity_path
from betting.services.alerting import tell_of_correction, tell_of_settlements
from betting.services.pots import Pots
from risk.domain.breakers import History
from risk.services import check_personal, make_due

logger = logging.getLogger(__name__)

Kind = Transfer.Kind
Market = tuple[int, int, int]
RESTATED = "Commission is taken of what the market won in all; another bet on it settled."


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is applied to a bet: a result, of a dead heat with how many tied; who says so, why."""

    result: Result
    dead_heat: DeadHeat | None = None
    sequence: int = 1
    reason: str = ""
    by_id: int | None = None

    def on(self, bet: Bet) -> Ruled:
        """Return it with the stake and the price that it rules on."""
        return Ruled(
            stake=bet.taken_stake,
            price=bet.taken_price,
            outcome=Outcome(self.result),
            commission=bet.commission_share,
            dead_heat=self.dead_heat,
        )


def apply(ruled: Sequence[tuple[Bet, Ruling]], pots: Mapping[int, Pots], *, now: datetime) -> None:
    """Write settlements, their transfers and the bets in a few statements; read the breakers.

    Commission is of what a market won net in all, as an exchange takes it: where another bet on the
    market settled before, that one is restated. Call it under the lock of the pots, which are by
    bankroll.
    """
    before = _settled_before(ruled)
    paid = _paid([*ruled, *before])
    _write(ruled, paid, pots, now=now)
    for bet, standing in before:
        if paid[bet.pk].total != bet.returned:
            _restate(bet, standing, paid, pots, now=now)
    make_due(bet.owner_id for bet, _ in ruled)
    # A correction has words of its own.
    tell_of_settlements([bet for bet, ruling in ruled if ruling.sequence == 1], now=now)
    for bankroll_id, of_bankroll in pots.items():
        check_personal(
            owner_id=of_bankroll.bankroll.owner_id,
            history=History.of_path(equity_path(bankroll_id)),
            now=now,
            breakers=("drawdown",),
        )


def reverse(bet: Bet, sequence: int, *, now: datetime) -> None:
    """Take back, transfer by transfer, what a settlement of a bet moved."""
    standing = bet.transfers.filter(
        reference__startswith=f"bet:{bet.pk}:{sequence}:", reversed_by__isnull=True
    )
    Transfer.objects.bulk_create(
        [
            Transfer(
                reference=f"{transfer.reference}:reversal",
                kind=Kind.REVERSAL,
                source_id=transfer.destination_id,
                destination_id=transfer.source_id,
                amount=transfer.amount,
                bet=bet,
                at=now,
                reverses=transfer,
            )
            for transfer in standing.order_by("pk")
        ]
    )


def _market_of(bet: Bet) -> Market:
    return bet.bankroll_id, bet.bookmaker_id, bet.selection.market_id


def _settled_before(ruled: Sequence[tuple[Bet, Ruling]]) -> list[tuple[Bet, Ruling]]:
    """Return the bets that share a market's commission with these and are settled, as they stand.

    No query where nobody takes commission.
    """
    markets = {_market_of(bet) for bet, _ in ruled if bet.commission_share}
    if not markets:
        return []
    found = (
        Bet.objects.filter(
            status=BetStatus.SETTLED,
            commission_share__gt=0,
            bankroll__in={market[0] for market in markets},
            selection__market__in={market[2] for market in markets},
        )
        .exclude(pk__in=[bet.pk for bet, _ in ruled])
        .select_related("selection", "bookmaker")
        .order_by("pk")
    )
    standing = []
    for bet in found:
        if _market_of(bet) not in markets:
            continue
        last = bet.settlements.latest("sequence")
        heat = DeadHeat(tied=last.tied, places=last.places or 1) if last.tied else None
        standing.append(
            (bet, Ruling(Result(last.result), heat, last.sequence, last.reason, last.by_id))
        )
    return standing


def _paid(ruled: Sequence[tuple[Bet, Ruling]]) -> dict[int, Payout]:
    """Return what each bet is paid, commission taken of what its market won in all."""
    together: dict[Market | int, list[tuple[Bet, Ruled]]] = defaultdict(list)
    for bet, ruling in sorted(ruled, key=lambda pair: pair[0].pk):
        together[_market_of(bet) if bet.commission_share else bet.pk].append((bet, ruling.on(bet)))
    return {
        bet.pk: paid
        for each in together.values()
        for (bet, _), paid in zip(each, payouts_of_market([on for _, on in each]), strict=True)
    }


def _restate(
    bet: Bet,
    standing: Ruling,
    paid: Mapping[int, Payout],
    pots: Mapping[int, Pots],
    *,
    now: datetime,
) -> None:
    """Settle a bet that stands with its result anew, for another part of the commission."""
    returned = bet.returned or Decimal("0.00")
    source = Transfer.objects.get(bet=bet, kind=Kind.STAKE).source_id
    if LedgerAccount.objects.get(pk=source).amount < returned:
        # What was paid was spent. Our books and the venue's differ by it, and say so.
        logger.error("Bet %s: commission cannot be restated, its money was spent", bet.pk)
        return
    reverse(bet, standing.sequence, now=now)
    ruling = replace(standing, sequence=standing.sequence + 1, reason=RESTATED)
    _write([(bet, ruling)], paid, pots, now=now)
    tell_of_correction(bet, before=ruling.result, returned=returned, reason=ruling.reason, now=now)


def _write(
    ruled: Sequence[tuple[Bet, Ruling]],
    payouts: Mapping[int, Payout],
    pots: Mapping[int, Pots],
    *,
    now: datetime,
) -> None:
    sources = dict(
        Transfer.objects.filter(bet__in=[bet.pk for bet, _ in ruled], kind=Kind.STAKE).values_list(
            "bet_id", "source_id"
        )
    )
    transfers: list[Transfer] = []
    written: list[Settlement] = []
    for bet, ruling in ruled:
        paid = payouts[bet.pk]
        transfers += _legs(bet, ruling, paid, pots[bet.bankroll_id], sources[bet.pk], now=now)
        written.append(
            Settlement(
                bet=bet,
                sequence=ruling.sequence,
                result=ruling.result,
                tied=ruling.dead_heat.tied if ruling.dead_heat else None,
                places=ruling.dead_heat.places if ruling.dead_heat else None,
                returned=paid.total,
                at=now,
                reason=ruling.reason,
                by_id=ruling.by_id,
            )
        )
        bet.status, bet.result = BetStatus.SETTLED, ruling.result
        bet.returned, bet.settled_at = paid.total, now
        announce_bet(owner_id=bet.owner_id, bet_id=bet.pk)
    Transfer.objects.bulk_create(transfers, batch_size=1000)
    Settlement.objects.bulk_create(written, batch_size=1000)
    Bet.objects.bulk_update(
        [bet for bet, _ in ruled], ["status", "result", "returned", "settled_at"], batch_size=500
    )


def _legs(
    bet: Bet, ruling: Ruling, paid: Payout, pots: Pots, source_id: int, *, now: datetime
) -> list[Transfer]:
    """Return the transfers of a settlement; what comes back goes where the stake came from."""
    at_risk, house = pots.at_risk.pk, pots.house.pk
    legs = (
        (Kind.RETURN, at_risk, source_id, paid.returned),
        (Kind.LOSS, at_risk, house, paid.forfeited),
        (Kind.WINNINGS, house, source_id, paid.winnings),
    )
    return [
        Transfer(
            reference=f"bet:{bet.pk}:{ruling.sequence}:{kind}",
            kind=kind,
            source_id=source,
            destination_id=destination,
            amount=amount,
            bet=bet,
            at=now,
        )
        for kind, source, destination, amount in legs
        if amount > 0
    ]


def audit_ruling(action: str, bet: Bet, ruling: Ruling, *, at: datetime) -> None:
    """Write down what a person decided of a bet."""
    audit.record(
        action=action,
        subject=f"bet {bet.pk}",
        actor_id=ruling.by_id,
        at=at,
        detail={"result": ruling.result, "reason": ruling.reason, "owner": bet.owner_id},
    )
