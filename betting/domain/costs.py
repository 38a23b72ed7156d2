"""What stands between the price that was decided on and the price that was had."""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from odds.domain.table import FloatArray, IntArray, QuoteTable, TextArray, TimeArray

SECOND = np.timedelta64(1_000_000, "us")


class BadCosts(ValueError):
    """Costs that cannot be meant, naming the field, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What a backtest charges. Shares: 0.02 is 2 %.

    `commission` is the least taken of net winnings, known beforehand and so part of the decision;
    a bookmaker's own counts where it is more. `latency` is the seconds between the decision and
    the venue's answer. `slippage` is how much worse a price may have become by then and still be
    taken; past it the bet is refused. `worse` is taken off every price that was had, whatever it
    was: the stress test.
    """

    commission: float = 0.0
    latency: float = 0.0
    slippage: float = 0.0
    worse: float = 0.0

    def __post_init__(self) -> None:
        checks = (
            ("commission", 0 <= self.commission < 1, "use 0 to 1, such as 0.02"),
            ("latency", 0 <= self.latency <= 86_400, "use seconds from 0 to 86400"),
            ("slippage", 0 <= self.slippage < 1, "use 0 to 1, such as 0.01"),
            ("worse", 0 <= self.worse < 1, "use 0 to 1, such as 0.03"),
        )
        for name, holds, remedy in checks:
            if not holds:
                raise BadCosts(f"{name}: {getattr(self, name)!r} cannot be; {remedy}.")

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Read stored costs.

        Raises:
            BadCosts: naming the field that is unknown or cannot be meant.
        """
        known = cls.__slots__
        for name, value in content.items():
            if name not in known:
                raise BadCosts(f"{name}: no such cost; use {', '.join(known)}.")
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise BadCosts(f"{name}: {value!r} is no number.")
        return cls(**{name: float(value) for name, value in content.items()})

    def to_json(self) -> dict[str, float]:
        """Return them as JSON types."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Filled:
    """The price each row was had at, and why not ("" where it was). Shapes (n,)."""

    price: FloatArray
    refusal: TextArray


def fill(quotes: QuoteTable, moment: TimeArray, costs: Costs) -> Filled:
    """Return at which price each row decided on at `moment` (n,) would have been had.

    The venue answers `latency` later with what the last look by then showed: the same quote at a
    price not worse than asked by more than `slippage`, or a refusal: `price_moved`, `price_gone`
    where that look no longer showed the quote, `event_started`. A price that became better is had
    at the price asked. Between two looks prices stand still, as nobody saw them move.

    >>> at_worse(np.array([2.0, 1.01]), 0.03).tolist()
    [1.94, 1.001]
    """
    refusal = np.full(len(quotes), "", dtype="<U16")
    price = quotes.price
    if costs.latency > 0:
        there = _later_price(quotes, moment, latency=costs.latency)
        refusal[there < price * (1.0 - costs.slippage) - 1e-12] = "price_moved"
        refusal[np.isnan(there)] = "price_gone"
        refusal[moment + np.timedelta64(int(costs.latency * 1e6), "us") >= quotes.starts_at] = (
            "event_started"
        )
        price = np.fmin(price, there)
    return Filled(at_worse(price, costs.worse), refusal)


def at_worse(price: FloatArray, worse: float) -> FloatArray:
    """Return prices less a share, down to thousandths, never below 1.001."""
    if worse == 0:
        return price
    return np.maximum(np.floor(np.round(price * (1.0 - worse) * 1000, 6)) / 1000, 1.001)


def _later_price(quotes: QuoteTable, moment: TimeArray, *, latency: float) -> FloatArray:
    """Return each quote's price at the last look at its market by then; NaN where it was gone."""
    looks, at = np.unique(moment, return_inverse=True)
    later = moment + np.timedelta64(int(latency * 1e6), "us")
    until = np.searchsorted(looks, later, side="right") - 1
    _, market = np.unique(quotes.market_id, return_inverse=True)
    _, quote = np.unique(quotes.quote_id, return_inverse=True)
    seen = np.unique(market * len(looks) + at)
    # The last look at this market by then: at the latest the one that was decided on.
    last = seen[np.searchsorted(seen, market * len(looks) + until, side="right") - 1] % len(looks)
    keys = quote * len(looks) + at
    order = np.argsort(keys, kind="stable")
    return _looked_up(keys[order], quotes.price[order], quote * len(looks) + last)


def _looked_up(keys: IntArray, values: FloatArray, wanted: IntArray) -> FloatArray:
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], np.nan)
