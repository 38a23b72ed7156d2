"""The strategies in code, by key. To add one: a module here, and its RULE in the list below."""

from dataclasses import replace

from betting.domain.configuration import BadConfiguration, Configuration
from betting.domain.rules import arbitrage, fair_price, model_only, published_consensus, signals
from betting.domain.rules.base import Rule, Setting
from risk.domain.staking import OWN, Plan

RULES: dict[str, Rule] = {
    rule.key: rule
    for rule in (
        fair_price.RULE,
        model_only.RULE,
        published_consensus.RULE,
        arbitrage.RULE,
        signals.RULE,
    )
}

__all__ = ["RULES", "Rule", "Setting", "check_configuration", "plan_of", "rule_by_key"]


def rule_by_key(key: str) -> Rule:
    """Return the rule of that key.

    Raises:
        BadConfiguration: if there is none.
    """
    if key not in RULES:
        raise BadConfiguration(f"rule: there is no {key!r}; use one of {', '.join(RULES)}.")
    return RULES[key]


def plan_of(configuration: Configuration) -> Plan:
    """Return how a strategy sizes its stakes; one whose legs belong together has its own shares."""
    plan = configuration.plan
    if rule_by_key(configuration.rule).takes_all_legs:
        return replace(plan, kind=OWN)
    return plan


def check_configuration(configuration: Configuration) -> None:
    """Refuse a configuration whose rule does not exist, or cannot mean its settings.

    Raises:
        BadConfiguration: naming the field, its value and the remedy.
    """
    rule_by_key(configuration.rule).check(configuration)
