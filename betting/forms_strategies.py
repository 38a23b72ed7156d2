"""The configuration of a strategy as a form: one box a setting, whatever settings there are."""

from dataclasses import fields
from typing import Any

from django import forms

from betting.domain.configuration import BadConfiguration, Configuration, as_text
from betting.domain.rules import RULES
from betting.naming import in_words, title_of, value_text
from betting.services.strategies import read_configuration
from risk.domain.rounding import ROUNDINGS
from risk.domain.staking import PLANS

HELP = {
    "rule": "How it decides; the rules stand beside this form.",
    "settings": "What the rule alone understands, such as alpha=0.05. Empty: its defaults.",
    "market_keys": "Markets, with commas: h2h, spreads, totals.",
    "margin_methods": "The first gives the fair probability, all of them its lower bound.",
    "reference_books": "Bookmakers whose price alone is the market's opinion, in this order. "
    "Empty: as the sport's pricing rule says.",
    "model_weight": "The most of the blend that a model may have, 0 to 1; 0: no model.",
    "model_error": "The least standard error a model is believed with, in log-odds.",
    "min_edge": "Least expected profit per unit staked: 0.02 is 2 %.",
    "min_edge_low": "Least edge at the low end of what is believed.",
    "max_edge": "An edge above it is more likely an error.",
    "min_books": "Fewest bookmakers that price the outcome.",
    "min_price": "Lowest price, decimal.",
    "max_price": "Highest price, decimal.",
    "max_quote_age": "Oldest price, in minutes.",
    "max_hours_ahead": "Furthest start, in hours.",
    "kelly_fraction": "Part of full Kelly; the person's own part counts where it is smaller.",
    "stake_on": "Whether Kelly reads the low end of what is believed, or the belief itself.",
    "stake_plan": "How a stake is sized, before anybody's limits.",
    "stake_size": "Money for flat and fixed profit, a share of equity for proportional, else 0.",
    "max_stake": "Most money on one bet; 0: no cap.",
    "rounding": "Always down, after the limits.",
    "correlation_event": "How alike bets on other markets of one event are, 0 to 1.",
    "correlation_team": "The same of bets on other events of a team.",
    "correlation_day": "The same of bets on other events of a day.",
}
# Settings of which there is a list.
CHOICES = {
    "rule": [(rule.key, rule.title) for rule in RULES.values()],
    "stake_on": [("low", "the low end"), ("fair", "the belief")],
    "stake_plan": [
        (key, f"{value_text('stake_plan', key)}: {meaning}") for key, meaning in PLANS.items()
    ],
    "rounding": list(ROUNDINGS.items()),
}


class StrategyForm(forms.Form):
    """A title, a note and every field of a configuration."""

    title = forms.CharField(
        max_length=64, error_messages={"required": "Title: say what it is called."}
    )

    def __init__(self, data: Any = None, *, configuration: Configuration, **given: Any) -> None:  # noqa: ANN401
        stored = configuration.to_json()
        given["initial"] = {name: as_text(value) for name, value in stored.items()} | given.pop(
            "initial", {}
        )
        super().__init__(data, **given)
        self.kinds: dict[str, type[Any]] = {
            each.name: type(getattr(Configuration(), each.name)) for each in fields(Configuration)
        }
        for name in ("rule", *(each for each in self.kinds if each != "rule")):
            self.fields[name] = _box(name, self.kinds[name])
        self.fields["note"] = forms.CharField(
            label="Why",
            max_length=200,
            required=False,
            help_text="Kept with the version.",
        )
        for each in self.fields.values():
            kind = "select" if isinstance(each.widget, forms.Select) else "input"
            each.widget.attrs.setdefault("class", kind)

    @property
    def settings_fields(self) -> list[forms.BoundField]:
        """Return the boxes of the configuration, in order."""
        return [self[name] for name in self.fields if name in self.kinds]

    def clean(self) -> dict[str, Any]:
        """Read the configuration; what is wrong with it becomes the error of its box."""
        given: dict[str, Any] = super().clean() or {}
        content: dict[str, Any] = {}
        for name, kind in self.kinds.items():
            if name in given:
                try:
                    content[name] = read_text(kind, given[name])
                except ValueError as wrong:
                    self.add_error(name, f"{title_of(name)}: {wrong}")
        if not self.errors:
            try:
                self.configuration = read_configuration(content)
            except BadConfiguration as wrong:
                name = str(wrong).split(":", 1)[0].split(".", 1)[0]
                self.add_error(name if name in self.fields else None, in_words(str(wrong)))
        given["content"] = content
        return given


def read_text(kind: type[Any], text: str) -> Any:  # noqa: ANN401 - as many kinds as settings have
    """Read what was typed into the box of a setting of a kind.

    Raises:
        ValueError: saying what was typed and what may be.

    >>> read_text(tuple, "h2h, totals "), read_text(dict, "alpha=0.05"), read_text(int, "3")
    (['h2h', 'totals'], {'alpha': 0.05}, 3.0)
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if kind is tuple:
        return parts
    if kind is dict:
        pairs = [part.partition("=") for part in parts]
        return {name.strip(): _number(number) for name, _, number in pairs}
    return text.strip() if kind is str else _number(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text.strip()!r} is no number; write one such as 0.05.") from None


def _box(name: str, kind: type[Any]) -> forms.Field:
    label = title_of(name)
    if name in CHOICES:
        return forms.ChoiceField(label=label, choices=CHOICES[name], help_text=HELP[name])
    attrs = {} if kind in (tuple, dict, str) else {"class": "input tnum", "inputmode": "decimal"}
    return forms.CharField(
        label=label,
        required=kind not in (tuple, dict),
        help_text=HELP.get(name, ""),
        widget=forms.TextInput(attrs=attrs),
        error_messages={"required": f"{label}: write a value."},
    )
