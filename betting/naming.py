"""What the settings of a strategy are called, and how their values are written, for readers."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from accounts.showing.formats import MINUS, PERCENT, money_text, price_text
from betting.domain.configuration import Configuration, as_text
from betting.domain.rules import RULES
from odds.domain.bookmakers import bookmaker_title
from odds.screens import market_title, method_title
from risk.domain.rounding import ROUNDINGS

SETTINGS = {
    "rule": "Rule",
    "settings": "Settings of the rule",
    "market_keys": "Markets",
    "margin_methods": "Margin methods",
    "reference_books": "Reference books",
    "model_weight": "Most weight of a model",
    "model_error": "Least error of a model",
    "min_edge": "Least edge",
    "min_edge_low": "Least edge at the low end",
    "max_edge": "Most edge",
    "min_books": "Fewest bookmakers",
    "min_price": "Lowest price",
    "max_price": "Highest price",
    "max_quote_age": "Oldest price",
    "max_hours_ahead": "Furthest start",
    "kelly_fraction": "Kelly fraction",
    "stake_on": "Kelly counts on",
    "stake_plan": "Stake plan",
    "stake_size": "Stake size",
    "max_stake": "Most stake",
    "rounding": "Stakes are rounded",
    "correlation_event": "Correlation within an event",
    "correlation_team": "Correlation of a team's events",
    "correlation_day": "Correlation of a day's events",
    "worse": "Prices worse by",
}
SHARES = frozenset(
    {"model_weight", "min_edge", "min_edge_low", "max_edge", "kelly_fraction"}
    | {"worse", "commission", "slippage"}
)
UNITS = {
    "max_quote_age": "min",
    "max_hours_ahead": "h",
    "latency": "s",
}
# The units as a form's label says them.
ASKED_IN = dict.fromkeys(SHARES, "%") | {
    "max_quote_age": "minutes",
    "max_hours_ahead": "hours",
    "latency": "seconds",
    "max_stake": "money",
    "min_price": "decimal",
    "max_price": "decimal",
}
# The settings that are numbers.
NUMBERS = tuple(each.name for each in fields(Configuration) if each.type in (int, float))
STAKE_ON = {"low": "the low end of what is believed", "fair": "the belief itself"}

# How the values of those are written that are no plain numbers.
WRITTEN: dict[str, Callable[[Any], str]] = {
    "rule": lambda key: RULES[key].title if key in RULES else str(key),
    "market_keys": lambda keys: ", ".join(map(market_title, keys)),
    "margin_methods": lambda methods: ", ".join(map(method_title, methods)),
    "reference_books": lambda keys: ", ".join(map(bookmaker_title, keys)) or "none",
    "stake_plan": lambda plan: plan.replace("_", " ").replace("kelly", "Kelly"),
    "stake_on": lambda what: STAKE_ON.get(what, what),
    "rounding": lambda how: ROUNDINGS.get(how, how),
    "stake_size": lambda size: f"{size:g}" if size else "none",
    "max_stake": lambda most: money_text(most) if most else "no cap",
    "min_price": price_text,
    "max_price": price_text,
}


def title_of(name: str) -> str:
    """Return a setting's name as people read it.

    >>> title_of("max_quote_age"), title_of("open_bets")
    ('Oldest price', 'Open bets')
    """
    return SETTINGS.get(name, name.replace("_", " ").capitalize())


def value_text(name: str, value: object) -> str:
    r"""Write a setting's value as people read it; as it is stored where that says nothing.

    >>> value_text("min_edge", 0.02), value_text("max_quote_age", 15.0), value_text("max_stake", 0)
    ('2\xa0%', '15 min', 'no cap')
    >>> value_text("market_keys", ["h2h", "totals"]), value_text("reference_books", ["pinnacle"])
    ('Moneyline, Total', 'Pinnacle')
    """
    if name in WRITTEN:
        return WRITTEN[name](value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return as_text(value) or "none"
    if name in SHARES:
        return f"{value * 100:g}{PERCENT}".replace("-", MINUS)
    text = f"{value:g}".replace("-", MINUS)
    return f"{text} {UNITS[name]}" if name in UNITS else text


def asked_as(name: str) -> str:
    """Return a setting's name with the unit that people write it in.

    >>> asked_as("min_edge"), asked_as("max_quote_age"), asked_as("min_books")
    ('Least edge, %', 'Oldest price, minutes', 'Fewest bookmakers')
    """
    return f"{title_of(name)}, {ASKED_IN[name]}" if name in ASKED_IN else title_of(name)


def number_of(name: str, text: str) -> float:
    """Read a number as people write it for a setting: shares in per cent.

    Raises:
        ValueError: saying what was typed and what may be.

    >>> number_of("min_edge", "2"), number_of("min_edge", " 0.7 %"), number_of("min_books", "3")
    (0.02, 0.007, 3)
    """
    share = name in SHARES
    try:
        number = float(text.strip().removesuffix("%") if share else text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        example = "per cent such as 2.5" if share else "one such as 0.05"
        raise ValueError(f"{text.strip()!r} is no number; write {example}.")
    if share:
        return round(number / 100, 10)
    return int(number) if number.is_integer() else number


def typed(name: str, value: float) -> str:
    """Write a number as `number_of` reads it.

    >>> typed("min_edge", 0.07), typed("min_books", 3), typed("max_price", 8.0)
    ('7', '3', '8')
    """
    return f"{value * 100 if name in SHARES else value:.10g}"


def settings_text(changed: Mapping[str, object]) -> str:
    r"""Write several settings in a line.

    >>> settings_text({"min_edge": 0.01, "min_books": 3})
    'Least edge 1\xa0% · Fewest bookmakers 3'
    """
    return " · ".join(f"{title_of(name)} {value_text(name, of)}" for name, of in changed.items())


def in_words(sentence: str) -> str:
    r"""Write a refusal of a configuration with the names that its form shows.

    >>> in_words("max_edge: 0.01 cannot be; use more than min_edge.")
    'Most edge: 1\xa0% cannot be; use more than least edge.'
    """
    if sentence.partition(":")[0] in SHARES:
        # As it was written: per cent.
        sentence = re.sub(
            r"-?\d+(\.\d+)?", lambda each: f"{float(each[0]) * 100:g}{PERCENT}", sentence
        )
    said = re.sub(
        r"\b[a-z]+_[a-z_]+\b",
        lambda found: title_of(found[0]).lower() if found[0] in SETTINGS else found[0],
        sentence.removeprefix("settings."),
    )
    return said[:1].upper() + said[1:]
