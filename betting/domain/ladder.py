"""The prices that an exchange takes."""

from decimal import Decimal

Ladder = tuple[tuple[Decimal, Decimal], ...]
"""(up to this price, in such steps), from the lowest; the first step starts at 1."""

# Betfair's, from its guide to price increments; the lowest price is 1.01.
BETFAIR: Ladder = tuple(
    (Decimal(top), Decimal(step))
    for top, step in (
        ("2", "0.01"), ("3", "0.02"), ("4", "0.05"), ("6", "0.1"), ("10", "0.2"), ("20", "0.5"),
        ("30", "1"), ("50", "2"), ("100", "5"), ("1000", "10"),
    )
)  # fmt: skip


def neighbours(price: Decimal, ladder: Ladder) -> tuple[Decimal | None, Decimal | None]:
    """Return the nearest prices of a ladder at or below, and at or above, a price.

    Both are the price itself where it is on the ladder; None past either end. An empty ladder
    takes any price.

    >>> [str(each) for each in neighbours(Decimal("2.05"), BETFAIR)]
    ['2.04', '2.06']
    >>> [str(each) for each in neighbours(Decimal("2.02"), BETFAIR)]
    ['2.02', '2.02']
    """
    if not ladder:
        return price, price
    bottom = Decimal(1)
    lowest = bottom + ladder[0][1]
    if price < lowest:
        return None, lowest
    for top, step in ladder:
        if price <= top:
            below = bottom + (price - bottom) // step * step
            return below, below if below == price else below + step
        bottom = top
    return bottom, None
