"""What the Betfair Exchange says, in our words."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounts.money import to_cents
from betting.venues.base import Answer, Code, Order, Verdict

# Its own codes in ours; of those not named here, nothing was taken either.
CODES: Mapping[str, Code] = {
    "INVALID_BET_SIZE": Code.STAKE_TOO_SMALL,
    "INVALID_MIN_FILL_SIZE": Code.STAKE_TOO_SMALL,
    "INVALID_ODDS": Code.PRICE_OFF_LADDER,
    "BET_TAKEN_OR_LAPSED": Code.PRICE_MOVED,
    "BET_LAPSED_PRICE_IMPROVEMENT_TOO_LARGE": Code.PRICE_MOVED,
    "RUNNER_REMOVED": Code.MARKET_CLOSED,
    "MARKET_SUSPENDED": Code.MARKET_CLOSED,
    "MARKET_NOT_OPEN_FOR_BETTING": Code.MARKET_CLOSED,
    "MARKET_NOT_OPEN_FOR_BSP_BETTING": Code.MARKET_CLOSED,
    "INVALID_MARKET_ID": Code.NO_SUCH_SELECTION,
    "INVALID_RUNNER": Code.NO_SUCH_SELECTION,
    "LOSS_LIMIT_EXCEEDED": Code.LIMIT_OF_VENUE,
    "EXPOSURE_LIMIT_EXCEEDED": Code.LIMIT_OF_VENUE,
    "TOO_MANY_REQUESTS": Code.LIMIT_OF_VENUE,
    "INSUFFICIENT_FUNDS": Code.NO_FUNDS,
    "PERMISSION_DENIED": Code.NOT_ALLOWED,
    "ACCESS_DENIED": Code.NOT_ALLOWED,
    "INVALID_APP_KEY": Code.NOT_ALLOWED,
    "REJECTED_BY_REGULATOR": Code.NOT_ALLOWED,
}
# After these the order may exist, whatever the report's own status says.
UNCERTAIN = frozenset(
    {"DUPLICATE_TRANSACTION", "BET_IN_PROGRESS", "ERROR_IN_MATCHER", "SERVICE_UNAVAILABLE"}
)


@dataclass(frozen=True, slots=True)
class _Report:
    """The one instruction's part of a report on placing."""

    status: str
    error: str
    instruction: Mapping[str, Any]


def answer_to_placing(report: Mapping[str, Any], order: Order) -> Answer:
    parts = report.get("instructionReports") or [{}]
    part = _Report(
        status=str(report.get("status", "")),
        error=str(parts[0].get("errorCode") or report.get("errorCode") or ""),
        instruction=parts[0],
    )
    if part.status == "SUCCESS" or part.instruction.get("status") == "SUCCESS":
        return _taken(part.instruction, order)
    if part.status == "TIMEOUT" or part.error in UNCERTAIN:
        return Answer(Verdict.UNKNOWN)
    if part.status in ("FAILURE", "PROCESSED_WITH_ERRORS"):
        return refused_by(part.error)
    return Answer(Verdict.UNKNOWN)


def _taken(report: Mapping[str, Any], order: Order) -> Answer:
    matched = to_cents(decimal_of(report.get("sizeMatched", 0)))
    reference = str(report.get("betId", ""))
    # Asynchronous, or waiting for a taker.
    if report.get("orderStatus", "PENDING") in ("PENDING", "EXECUTABLE") and matched < order.stake:
        return Answer(Verdict.PENDING, reference)
    return _matched(reference, matched, decimal_of(report.get("averagePriceMatched", 0)))


def answer_of_current(order: Mapping[str, Any]) -> Answer:
    reference = str(order["betId"])
    if order["status"] in ("PENDING", "EXECUTABLE"):
        return Answer(Verdict.PENDING, reference)
    matched = to_cents(decimal_of(order.get("sizeMatched", 0)))
    price = decimal_of(order.get("averagePriceMatched", 0))
    withdrawn = decimal_of(order.get("sizeCancelled", 0)) > 0
    return _matched(reference, matched, price, withdrawn=withdrawn)


def _matched(
    reference: str, matched: Decimal, price: Decimal, *, withdrawn: bool = False
) -> Answer:
    if matched > 0:
        return Answer(Verdict.ACCEPTED, reference, matched_stake=matched, matched_price=price)
    if withdrawn:
        return Answer(Verdict.CANCELLED, reference, code=Code.WITHDRAWN)
    return Answer(
        Verdict.CANCELLED,
        reference,
        code=Code.LAPSED,
        reason="Betfair lapsed it unmatched: its market moved on.",
    )


def refused_by(code: str) -> Answer:
    return Answer(
        Verdict.REJECTED, code=CODES.get(code, Code.OTHER), reason=f"Betfair says {code or 'no'}."
    )


def commission_shares(
    rows: list[dict[str, Any]], commission: Mapping[str, Decimal]
) -> list[Decimal]:
    """Return what each bet bears of its market's commission: by what it won, to the cent in all."""
    won: dict[str, Decimal] = {}
    for row in rows:
        won[row["marketId"]] = won.get(row["marketId"], Decimal(0)) + max(
            decimal_of(row["profit"]), Decimal(0)
        )
    left = {key: to_cents(amount) for key, amount in commission.items()}
    shares = []
    for row in rows:
        key, profit = row["marketId"], max(decimal_of(row["profit"]), Decimal(0))
        share = to_cents(left.get(key, Decimal(0)) * profit / won[key]) if won[key] else Decimal(0)
        # The last one that won bears what rounding left.
        left[key] = left.get(key, Decimal(0)) - share
        won[key] -= profit
        shares.append(share)
    return shares


def decimal_of(value: float | str) -> Decimal:
    # By its text: the exchange's numbers have few places, a float's many.
    return Decimal(str(value))
