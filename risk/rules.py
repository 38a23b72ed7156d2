"""The chain as this installation runs it: the rules of the product, then its own."""

from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from risk.domain.controls import CONTROLS, Rule


def all_rules() -> tuple[Rule, ...]:
    """Return every rule in order. Those of `FAIRLINE_RISK_RULES` come last."""
    return _chain(tuple(settings.RISK_RULES))


@cache
def _chain(paths: tuple[str, ...]) -> tuple[Rule, ...]:
    chain = [*CONTROLS]
    for path in paths:
        try:
            rule = import_string(path)
        except ImportError as missing:
            raise ImproperlyConfigured(
                f"FAIRLINE_RISK_RULES: {path!r} cannot be loaded: {missing}"
            ) from missing
        if not isinstance(rule, Rule):
            raise ImproperlyConfigured(
                f"FAIRLINE_RISK_RULES: {path!r} is no risk.domain.controls.Rule."
            )
        if rule.name in {each.name for each in chain}:
            raise ImproperlyConfigured(
                f"FAIRLINE_RISK_RULES: {path!r} is called {rule.name!r}, as another rule is."
            )
        chain.append(rule)
    return tuple(chain)
