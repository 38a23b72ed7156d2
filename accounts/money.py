"""The one rounding rule for money."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

CENT = Decimal("0.01")


def to_cents(amount: Decimal) -> Decimal:
    """Round an amount half to even, to two places.

    >>> to_cents(Decimal("5.005")), to_cents(Decimal("5.015"))
    (Decimal('5.00'), Decimal('5.02'))
    """
    return amount.quantize(CENT, rounding=ROUND_HALF_EVEN)


def down_to_cents(amount: Decimal) -> Decimal:
    """Round an amount towards zero: a stake never exceeds what a limit allows.

    >>> down_to_cents(Decimal("9.999"))
    Decimal('9.99')
    """
    return amount.quantize(CENT, rounding=ROUND_DOWN)
