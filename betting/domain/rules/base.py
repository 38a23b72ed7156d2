"""What a strategy in code is: a function on a slate, with its settings, under a key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from betting.domain.configuration import BadConfiguration, Configuration
from betting.domain.judging import Decisions, Slate


@dataclass(frozen=True, slots=True)
class Setting:
    """A number that a rule of its own may be told: its default, bounds, and what it means."""

    default: float
    low: float
    high: float
    meaning: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A strategy in code.

    `decide` gets a slate and a configuration and returns one decision a row; it is pure: no clock,
    no database, no results. `reason` says in a sentence why one row is believed to be worth what
    it is. `takes_all_legs`: its rows of one market and line belong together, and its own
    `stake_share` is what is staked, not Kelly's. `reads_signals`: the slate has what a bot says in
    the place of what a model says.
    """

    key: str
    title: str
    summary: str
    decide: Callable[[Slate, Configuration], Decisions]
    reason: Callable[[Slate, Decisions, Configuration, int], str] = lambda *_: ""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    needs_model: bool = False
    reads_signals: bool = False
    takes_all_legs: bool = False

    def setting(self, configuration: Configuration, name: str) -> float:
        """Return what a configuration says of one of the rule's settings, else its default."""
        return float(configuration.settings.get(name, self.settings[name].default))

    def check(self, configuration: Configuration) -> None:
        """Refuse settings that the rule does not have or cannot mean.

        Raises:
            BadConfiguration: naming the setting, its value and the remedy.
        """
        for name, value in configuration.settings.items():
            known = self.settings.get(name)
            if known is None:
                names = ", ".join(self.settings) or "none"
                raise BadConfiguration(
                    f"settings.{name}: the rule {self.key} has no such setting; it has {names}."
                )
            if not known.low <= value <= known.high:
                raise BadConfiguration(
                    f"settings.{name}: {value!r} cannot be; use {known.low:g} to {known.high:g}."
                )
        if self.needs_model and configuration.model_weight == 0:
            raise BadConfiguration(
                f"model_weight: the rule {self.key} needs a model; use more than 0, such as 1."
            )
