"""How a strategy decides, as values that were checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, Self

from accounts.money import down_to_cents
from odds.domain.consensus import BY_SPORT
from odds.domain.margins import METHODS, UnknownMethod, read_method
from risk.domain.correlation import Correlations
from risk.domain.rounding import ROUNDINGS
from risk.domain.staking import PLANS, Plan

STAKE_ON = ("low", "fair")
MOST_MONEY = 1_000_000

# What a field of each kind wants, in words.
KINDS: dict[type[Any], str] = {
    tuple: "list of names",
    dict: "set of named numbers",
    str: "name",
    int: "whole number",
    float: "number",
}


class BadConfiguration(ValueError):
    """A configuration that cannot be meant, naming the field, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """How a strategy decides. Stored as JSON with a Strategy; unknown names are refused.

    Edges are shares (0.02 is 2 %), ages minutes. `model_weight` is the most of the blend of
    log-odds that a model may have, 0 the market alone; how much of it a version gets is what its
    record earned. `model_error` is the least standard error it is believed with, in log-odds.
    `margin_methods`: the first gives the fair probability, all of them its lower bound;
    `by_sport` is what the pricing rule of each sport says, Shin's without one.
    `kelly_fraction` is the most of full Kelly, which reads the believed probability (`stake_on`
    fair) or its low end (low). `stake_plan` is one of risk.domain.staking.PLANS; `stake_size` is
    money for flat and fixed_profit, a share of equity for proportional, nothing for kelly.
    `max_stake` is money, 0 without a cap. `rounding` is one of risk.domain.rounding.ROUNDINGS.
    The correlations, 0 to 1, are how alike bets on other markets of one event, on other events of
    a team and on other events of a day are taken to be.
    `rule` is one of `betting.domain.rules`, `settings` the numbers it alone understands.
    `reference_books`: whose price alone is the market's opinion, in this order; without them it
    is by the sport's pricing rule.
    """

    market_keys: tuple[str, ...] = ("h2h",)
    margin_methods: tuple[str, ...] = (BY_SPORT, "power")
    model_weight: float = 0.0
    model_error: float = 0.15
    min_edge: float = 0.02
    min_edge_low: float = 0.0
    max_edge: float = 0.20
    min_books: int = 3
    min_price: float = 1.2
    max_price: float = 8.0
    max_quote_age: float = 15.0
    max_hours_ahead: float = 48.0
    kelly_fraction: float = 0.25
    stake_on: str = "low"
    stake_plan: str = "kelly"
    stake_size: float = 0.0
    max_stake: float = 0.0
    rounding: str = "cents"
    correlation_event: float = 1.0
    correlation_team: float = 0.2
    correlation_day: float = 0.02
    rule: str = "fair_price"
    settings: Mapping[str, float] = field(default_factory=dict)
    reference_books: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        checks = (
            ("market_keys", bool(self.market_keys), "name at least one market"),
            (
                "margin_methods",
                bool(self.margin_methods) and all(map(_is_method, self.margin_methods)),
                f"use some of {BY_SPORT}, {', '.join(METHODS)}, a blend such as 2*shin+power "
                "or the worst case of several: shin|power",
            ),
            ("model_weight", 0 <= self.model_weight <= 1, "use 0 to 1"),
            ("model_error", 0 <= self.model_error <= 5, "use 0 to 5"),
            ("min_edge", 0 <= self.min_edge < 1, "use 0 to 1, such as 0.02"),
            ("min_edge_low", -1 < self.min_edge_low < 1, "use -1 to 1, such as 0"),
            ("max_edge", self.max_edge > self.min_edge, "use more than min_edge"),
            ("min_books", 1 <= self.min_books <= 100, "use 1 to 100"),
            ("min_price", self.min_price > 1, "use more than 1"),
            ("max_price", self.max_price > self.min_price, "use more than min_price"),
            ("max_quote_age", self.max_quote_age > 0, "use minutes above 0"),
            ("max_hours_ahead", self.max_hours_ahead > 0, "use hours above 0"),
            ("kelly_fraction", 0 < self.kelly_fraction <= 1, "use more than 0, at most 1"),
            ("stake_on", self.stake_on in STAKE_ON, f"use {' or '.join(STAKE_ON)}"),
            ("stake_plan", self.stake_plan in PLANS, f"use one of {', '.join(PLANS)}"),
            ("stake_size", *self._size_holds()),
            ("max_stake", 0 <= self.max_stake <= MOST_MONEY, "use money, 0 without a cap"),
            ("rounding", self.rounding in ROUNDINGS, f"use one of {', '.join(ROUNDINGS)}"),
            *(
                (name, 0 <= getattr(self, name) <= 1, "use 0 to 1")
                for name in ("correlation_event", "correlation_team", "correlation_day")
            ),
        )
        for name, holds, remedy in checks:
            if not holds:
                raise BadConfiguration(f"{name}: {getattr(self, name)!r} cannot be; {remedy}.")

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Read a stored configuration; what is not named has its default.

        >>> Configuration.from_json({"min_edge": 0.03}).min_edge
        0.03

        Raises:
            BadConfiguration: naming the first field that is unknown, malformed or out of range.
        """
        default = cls()
        kinds: dict[str, type[Any]] = {f.name: type(getattr(default, f.name)) for f in fields(cls)}
        values: dict[str, Any] = {}
        for name, value in content.items():
            if name not in kinds:
                raise BadConfiguration(f"{name}: no such setting; use {', '.join(kinds)}.")
            if kinds[name] is tuple:
                usable = isinstance(value, list | tuple) and all(isinstance(v, str) for v in value)
            elif kinds[name] is dict:
                usable = isinstance(value, Mapping) and all(map(_is_number, value.values()))
            elif kinds[name] is str:
                usable = isinstance(value, str)
            else:
                usable = _is_number(value)
                usable = usable and (kinds[name] is float or value == int(value))
            if not usable:
                raise BadConfiguration(f"{name}: {value!r} is no {KINDS[kinds[name]]}.")
            values[name] = kinds[name](value)
        return cls(**values)

    def _size_holds(self) -> tuple[bool, str]:
        if self.stake_plan == "kelly":
            return self.stake_size == 0, "leave it 0 under kelly, which finds the size itself"
        if self.stake_plan == "proportional":
            return 0 < self.stake_size <= 1, "use a share of equity, such as 0.01"
        return 0.01 <= self.stake_size <= MOST_MONEY, "use money, such as 10"

    @property
    def plan(self) -> Plan:
        """How stakes are sized. Money has two places; what is beyond them is cut off."""
        size = Decimal(str(self.stake_size))
        return Plan(
            kind=self.stake_plan,
            part=Decimal(str(self.kelly_fraction)),
            size=size if self.stake_plan == "proportional" else down_to_cents(size),
            most=down_to_cents(Decimal(str(self.max_stake))) if self.max_stake else None,
            rounding=self.rounding,
        )

    @property
    def correlations(self) -> Correlations:
        """How alike bets are taken to be that share something."""
        return Correlations(self.correlation_event, self.correlation_team, self.correlation_day)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}


def as_text(value: object) -> str:
    """Return a setting as people read and write it.

    >>> as_text(["h2h", "totals"]), as_text({"alpha": 0.05}), as_text(0.02), as_text(3)
    ('h2h, totals', 'alpha=0.05', '0.02', '3')
    """
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={number:g}" for name, number in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_method(text: str) -> bool:
    try:
        return text == BY_SPORT or bool(read_method(text))
    except UnknownMethod:
        return False
