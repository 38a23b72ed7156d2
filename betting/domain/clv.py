"""Closing line value: was the price taken better than what the market knew at the end?"""

from dataclasses import dataclass
from datetime import timedelta

MOVED = "The line moved to {:g}: the one taken is priced by how scores lie around that close."


@dataclass(frozen=True, slots=True)
class Clv:
    """The value, or why there is none; or through which other line it was found."""

    value: float | None
    note: str = ""


def closing_line_value(
    *,
    price: float,
    fair_closing_probability: float | None,
    market_was_quoted_at_close: bool,
    close_is_later: bool,
    closing_line: float | None = None,
) -> Clv:
    """Return price taken x margin-free closing probability - 1, or why there is none.

    `price` is after commission. A close at another line than the one taken is no close of this
    bet: the probability must be of the line taken, and where it was worked out from a close at
    another, `closing_line` is that one, which the note tells. Where it cannot be worked out, a
    moved line gives no value and says so, rather than a flattering or unfair comparison. Nor is
    anything a close that knows nothing later than the bet did (`close_is_later` false): it would
    only repeat the edge that was claimed.

    >>> round(closing_line_value(price=2.1, fair_closing_probability=0.5,
    ...                          market_was_quoted_at_close=True, close_is_later=True).value, 4)
    0.05
    >>> closing_line_value(price=1.9, fair_closing_probability=None,
    ...                    market_was_quoted_at_close=True, close_is_later=True)
    Clv(value=None, note='The line moved: nobody quoted this one at the close.')
    """
    if fair_closing_probability is not None and not close_is_later:
        return Clv(None, "No later quotes: the close would be the prices the bet was decided on.")
    if fair_closing_probability is not None:
        moved = "" if closing_line is None else MOVED.format(closing_line)
        return Clv(price * fair_closing_probability - 1.0, moved)
    if market_was_quoted_at_close:
        return Clv(None, "The line moved: nobody quoted this one at the close.")
    return Clv(None, "No close: no book priced every outcome at the start.")


def raw_value(*, price: float, closing_price: float) -> float:
    """Return how much better the price taken was than the same book's last one, margins and all.

    >>> round(raw_value(price=2.1, closing_price=2.0), 4)
    0.05
    """
    return price / closing_price - 1.0


def quality_of(*, age: timedelta, book_count: int, by_reference: bool, moved: bool) -> str:
    """Return how much a close is worth as a measure: good, fair or poor.

    Good: newer than a quarter of an hour before the start, by a reference or three books or more.
    Fair: newer than an hour, by a reference or two books. A line that had to be worked out from
    another is fair at best.

    >>> quality_of(age=timedelta(minutes=5), book_count=6, by_reference=False, moved=False)
    'good'
    >>> quality_of(age=timedelta(minutes=5), book_count=1, by_reference=False, moved=False)
    'poor'
    """
    if not moved and age <= timedelta(minutes=15) and (by_reference or book_count >= 3):
        return "good"
    if age <= timedelta(hours=1) and (by_reference or book_count >= 2):
        return "fair"
    return "poor"
