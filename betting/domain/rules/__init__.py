"""The strategies in code, by key. To add one: a module here, and its RULE in the list below."""

from betting.domain.configuration import BadConfiguration, Configuration
from betting.domain.rules import arbitrage, fair_price, model_only, published_consensus
from betting.domain.rules.base import Rule, Setting

RULES: dict[str, Rule] = {
    rule.key: rule
    for rule in (
        fair_price.RULE,
        model_only.RULE,
        published_consensus.RULE,
        arbitrage.RULE,
    )
}

__all__ = ["RULES", "Rule", "Setting", "check_configuration", "rule_by_key"]


def rule_by_key(key: str) -> Rule:
    """Return the rule of that key.

    Raises:
        BadConfiguration: if there is none.
    """
    if key not in RULES:
        raise BadConfiguration(f"rule: there is no {key!r}; use one of {', '.join(RULES)}.")
    return RULES[key]


def check_configuration(configuration: Configuration) -> None:
    """Refuse a configuration whose rule does not exist, or cannot mean its settings.

    Raises:
        BadConfiguration: naming the field, its value and the remedy.
    """
    rule_by_key(configuration.rule).check(configuration)
