"""Prices nobody should act on: placeholders, slips, books that cannot be meant."""

from collections.abc import Sequence

LOWEST_PRICE = 1.01
HIGHEST_PRICE = 1001
# Of implied probabilities: the overround and one.
LOWEST_SUM = 0.90
HIGHEST_SUM = 1.60


def price_fault(price: float) -> str | None:
    """Return what is wrong with a decimal price, or None.

    1.01 and less is what bookmakers show where they offer nothing.

    >>> price_fault(1.01)
    'placeholder price 1.01 (1.01 or less)'
    >>> price_fault(1.91) is None
    True
    """
    if price != price or price <= LOWEST_PRICE:
        return f"placeholder price {price:g} ({LOWEST_PRICE} or less)"
    if price > HIGHEST_PRICE:
        return f"price {price:g} above {HIGHEST_PRICE}"
    return None


def book_fault(prices: Sequence[float], *, outcome_count: int) -> str | None:
    """Return what is wrong with one bookmaker's prices on one line, or None.

    A book of which a side is missing is judged only by its upper bound.

    >>> book_fault([1.91, 1.91], outcome_count=2) is None
    True
    >>> book_fault([19.1, 1.91], outcome_count=2)
    'overround -42.4% outside -10% to 60%'
    """
    implied = sum(1 / price for price in prices)
    too_low = len(prices) >= outcome_count and implied < LOWEST_SUM
    if too_low or implied > HIGHEST_SUM:
        return f"overround {implied - 1:.1%} outside {LOWEST_SUM - 1:.0%} to {HIGHEST_SUM - 1:.0%}"
    return None
