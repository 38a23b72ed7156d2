"""The configuration of a strategy as a form: words, choices and per cent for whoever fills it in.

What is stored, and what the API takes, are keys and shares; here alone are they turned.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from django import forms

from betting.domain.configuration import BadConfiguration, Configuration
from betting.domain.rules import RULES
from betting.naming import (
    STAKE_ON,
    asked_as,
    in_words,
    number_of,
    title_of,
    typed,
    value_text,
)
from betting.services.strategies import read_configuration
from odds.domain.consensus import BY_SPORT
from odds.domain.margins import METHODS
from odds.screens import MARKETS, market_title, method_title
from risk.domain.rounding import ROUNDINGS
from risk.domain.staking import PLANS

HELP = {
    "rule": "How it decides; the rules are described on this page.",
    "market_keys": "The kinds of bet that it may make.",
    "margin_methods": "Other ways to take the margin out. What the least kind of them says is the "
    "low end of what is believed: more ticks, fewer and smaller bets.",
    "reference_books": "Those you trust most, by name, with commas, such as Pinnacle, Matchbook. "
    "The first that has a fresh price is then the market's opinion, whatever others say; where "
    "none has, there is no bet. Empty: as the sport's pricing rule says.",
    "model_weight": "How far a model may move the market's opinion: 0 asks no model, 50 moves it "
    "at most half-way to the model's. A model that earned less in its tests moves it less.",
    "model_error": "How unsure of a model to be, at least; a larger one makes fewer and smaller "
    "bets. 0.15: where it says 50 %, its low end is about 46 %.",
    "min_edge": "No bet below it: 2 asks for an expected profit of 2.00 on each 100.00 staked. "
    "Higher: fewer bets.",
    "min_edge_low": "The same, of the low end of what is believed: with 0 a bet must not be "
    "expected to lose even there.",
    "max_edge": "No bet above it, since what looks so good is more likely an error: 20 leaves out "
    "all that promises over 20.00 on each 100.00.",
    "min_books": "No bet where fewer say what the outcome is worth, such as 3.",
    "min_price": "No bet below it: 1.2 leaves out strong favourites.",
    "max_price": "No bet above it: 8 leaves out long shots.",
    "max_quote_age": "No bet at a price that was last seen longer ago, since it may be gone: 15.",
    "max_hours_ahead": "No bet earlier before the start: 48 is two days.",
    "kelly_fraction": "Full Kelly, 100, grows the bankroll fastest if every belief is right, and "
    "swings most. 25 stakes a quarter of it; your own part counts where it is smaller.",
    "stake_on": "Which of the two chances sizes the stake; the low end stakes less.",
    "stake_plan": "; ".join(
        f"{value_text('stake_plan', key).capitalize()}: {meaning}" for key, meaning in PLANS.items()
    )
    + ".",
    "stake_size": "Flat and fixed profit: money, such as 10. Proportional: % of equity, such as "
    "1, which is 10.00 of 1,000.00. Kelly: 0.",
    "max_stake": "No bet is larger, in your bankroll's currency, such as 50; 0: no cap.",
    "rounding": "Always down, after the limits.",
    "correlation_event": "How alike bets on one event's markets win and lose, 0 to 1; the more, "
    "the smaller their stakes. 1: two equal bets get half each. 0: nothing is taken off.",
    "correlation_team": "The same for bets on other events of a team: 0.2 takes a sixth off each "
    "of two equal ones.",
    "correlation_day": "The same for bets on other events of a day: 0.02 takes 2 % off each of two "
    "equal ones.",
}
# Settings of which there is a list.
CHOICES = {
    "rule": [(rule.key, rule.title) for rule in RULES.values()],
    "stake_on": list(STAKE_ON.items()),
    "stake_plan": [(key, value_text("stake_plan", key)) for key in PLANS],
    "rounding": list(ROUNDINGS.items()),
}
KINDS: dict[str, type[Any]] = {
    each.name: type(getattr(Configuration(), each.name)) for each in fields(Configuration)
}
# A rule's own settings, each a box: by its name, which rule has it.
OWN = {f"setting_{name}": (rule, name) for rule in RULES.values() for name in rule.settings}
FIRST_METHOD = "margin_method"
# The methods without those that are another by a second name.
ONCE = list({method: key for key, method in reversed(METHODS.items())}.values())[::-1]
GROUPS = {
    "What it bets on": ("rule", "market_keys", "max_hours_ahead", "min_price", "max_price"),
    "What it believes": ("margin_methods", "reference_books", "model_weight", "model_error"),
    "When a price is good enough": (
        *("min_edge", "min_edge_low", "max_edge", "min_books", "max_quote_age"),
    ),
    "How much it stakes": (
        *("stake_plan", "stake_size", "kelly_fraction", "stake_on", "max_stake", "rounding"),
    ),
    "Bets that go together": ("correlation_event", "correlation_team", "correlation_day"),
    "What one rule alone reads": tuple(OWN),
}


class StrategyForm(forms.Form):
    """A title, a note and every setting of a configuration; `books` are bookmakers' titles by key.

    `settings` are a box each; of `margin_methods` the first is asked for apart.
    """

    title = forms.CharField(
        max_length=64, error_messages={"required": "Title: say what it is called."}
    )

    def __init__(
        self,
        data: Any = None,  # noqa: ANN401 - as Django's
        *,
        configuration: Configuration,
        books: Mapping[str, str],
        **given: Any,  # noqa: ANN401 - as Django's
    ) -> None:
        self.books, self.before = books, configuration
        given["initial"] = self._typed() | given.pop("initial", {})
        super().__init__(data, **given)
        self._groups: dict[str, list[str]] = {}
        for title, names in GROUPS.items():
            boxes = dict(each for name in names for each in self._boxes(name))
            self.fields |= boxes
            self._groups[title] = list(boxes)
        self.fields["note"] = forms.CharField(
            label="Why",
            max_length=200,
            required=False,
            help_text="Kept with the version.",
        )
        for each in self.fields.values():
            if not isinstance(each.widget, forms.CheckboxSelectMultiple):
                kind = "select" if isinstance(each.widget, forms.Select) else "input"
                each.widget.attrs.setdefault("class", kind)

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Return the boxes of the configuration in their groups."""
        return [(title, [self[name] for name in names]) for title, names in self._groups.items()]

    def clean(self) -> dict[str, Any]:
        """Read the configuration; what is wrong with it becomes the error of its box."""
        given: dict[str, Any] = super().clean() or {}
        content: dict[str, Any] = {}
        for name in KINDS:
            try:
                content |= self._read(name, given)
            except ValueError as wrong:
                self.add_error(name, f"{title_of(name)}: {wrong}")
        if not self.errors:
            try:
                self.configuration = read_configuration(content)
            except BadConfiguration as wrong:
                name = str(wrong).partition(":")[0].replace("settings.", "setting_")
                self.add_error(name if name in self.fields else None, in_words(str(wrong)))
        given["content"] = content
        return given

    def _typed(self) -> dict[str, Any]:
        """Return the configuration as its boxes hold it."""
        before = self.before
        shown: dict[str, Any] = before.to_json()
        own = shown.pop("settings")
        for name, kind in KINDS.items():
            if kind in (int, float):
                shown[name] = typed(name, shown[name])
        if before.stake_plan == "proportional":
            shown["stake_size"] = f"{before.stake_size * 100:.10g}"
        shown[FIRST_METHOD], *shown["margin_methods"] = before.margin_methods
        shown["reference_books"] = ", ".join(
            self.books.get(key, key) for key in before.reference_books
        )
        return shown | {
            box: typed(name, own[name]) for box, (_, name) in OWN.items() if name in own
        }

    def _read(self, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return one setting as it is stored; nothing where its box has an error of its own."""
        if name == "settings":
            return {name: self._own(given)}
        if name not in given:
            return {}
        value = given[name]
        if name == "reference_books":
            return {name: self._books(value)}
        if KINDS[name] in (int, float):
            number = number_of(name, value)
            in_percent = name == "stake_size" and given.get("stake_plan") == "proportional"
            return {name: round(number / 100, 10) if in_percent else number}
        if name == "margin_methods":
            first = given.get(FIRST_METHOD, BY_SPORT)
            value = [first, *(each for each in value if each != first)]
        return {name: self._in_order(name, value) if KINDS[name] is tuple else value}

    def _own(self, given: Mapping[str, Any]) -> dict[str, float]:
        """Return the settings of the rule that was chosen, where any is written."""
        own = {}
        for box, (rule, name) in OWN.items():
            if rule.key == given.get("rule") and given.get(box):
                try:
                    own[name] = number_of(box, given[box])
                except ValueError as wrong:
                    self.add_error(box, f"{self.fields[box].label}: {wrong}")
        return own

    def _in_order(self, name: str, chosen: list[str]) -> list[str]:
        """Return what was chosen as it stood before, if it is the same: no other version."""
        before = getattr(self.before, name)
        same = chosen[:1] == list(before[:1]) or name == "market_keys"
        return list(before) if same and sorted(chosen) == sorted(before) else chosen

    def _books(self, text: str) -> list[str]:
        """Return the keys of bookmakers that are named, in their order.

        Raises:
            ValueError: naming those that nobody knows.
        """
        by_name = {title.casefold(): key for key, title in self.books.items()}
        kept = {*self.books, *self.before.reference_books}
        names = [each.strip() for each in text.split(",") if each.strip()]
        if unknown := [
            each for each in names if each.casefold() not in by_name and each not in kept
        ]:
            some = ", ".join(sorted(self.books.values())[:3]) or "none yet"
            raise ValueError(
                f"{', '.join(map(repr, unknown))}: no bookmaker of that name; there are {some} "
                "and those that stand on Bookmakers."
            )
        return list(dict.fromkeys(by_name.get(each.casefold(), each) for each in names))

    def _boxes(self, name: str) -> list[tuple[str, forms.Field]]:
        """Return what a setting is asked for by: its boxes by their names."""
        label, help_text = asked_as(name), HELP.get(name, "")
        if name in OWN:
            rule, of = OWN[name]
            setting = rule.settings[of]
            return [(name, forms.CharField(
                label=title_of(of), required=False,
                widget=_figure(),
                help_text=f"Of the rule {rule.title} alone: {setting.meaning}, {setting.low:g} to "
                f"{setting.high:g}. Empty: {setting.default:g}.",
            ))]  # fmt: skip
        if name == "market_keys":
            known = dict.fromkeys([*MARKETS, *self.before.market_keys])
            return [(name, _ticks(
                label, help_text, [(key, market_title(key)) for key in known],
                required="Markets: tick at least one.",
            ))]  # fmt: skip
        if name == "margin_methods":
            known = dict.fromkeys([BY_SPORT, *ONCE, *self.before.margin_methods])
            every = [(each, _sentence(method_title(each))) for each in known]
            return [
                (FIRST_METHOD, forms.ChoiceField(
                    label="Margin taken out", choices=every,
                    help_text="Gives the market's opinion: the chances that prices stand for once "
                    "the bookmaker's margin is out.",
                )),
                (name, _ticks("Checked against", help_text, every)),
            ]  # fmt: skip
        if name in CHOICES:
            every = [(key, _sentence(words)) for key, words in CHOICES[name]]
            return [(name, forms.ChoiceField(label=label, choices=every, help_text=help_text))]
        return [(name, forms.CharField(
            label=label, required=name != "reference_books", help_text=help_text,
            widget=_figure() if KINDS[name] in (int, float) else forms.TextInput(),
            error_messages={"required": f"{title_of(name)}: write a value."},
        ))]  # fmt: skip


def _figure() -> forms.TextInput:
    return forms.TextInput(attrs={"class": "input tnum", "inputmode": "decimal"})


def _ticks(
    label: str, help_text: str, choices: list[tuple[str, str]], *, required: str = ""
) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label, choices=choices, help_text=help_text, required=bool(required),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "checkbox checkbox-sm"}),
        error_messages={"required": required},
    )  # fmt: skip


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
