"""What a backtest and a sweep charge, as arguments of their commands."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from betting.domain.costs import Costs


def add_stretch(parser: ArgumentParser) -> None:
    """Add which strategy is run over which days, and at what cost."""
    parser.add_argument("--strategy", default="consensus")
    parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True)
    parser.add_argument("--to", dest="last", type=date.fromisoformat, required=True)
    parser.add_argument(
        "--commission", type=float, default=0.0, help="least share taken of net winnings"
    )
    parser.add_argument("--worse", type=float, default=0.0, help="share off every price had")
    parser.add_argument(
        "--latency", type=float, default=0.0, help="seconds from decision to answer"
    )
    parser.add_argument(
        "--slippage", type=float, default=0.0, help="how much worse may still be taken"
    )


def costs_of(options: dict[str, Any]) -> Costs:
    """Return the costs that were named.

    Raises:
        BadCosts: naming the one that cannot be.
    """
    return Costs(**{name: options[name] for name in Costs.__slots__})
