"""Settings by their names."""

from collections.abc import Mapping

from django import template

from betting import naming
from odds.domain.bookmakers import bookmaker_title
from odds.screens import market_title, method_title

register = template.Library()


@register.filter
def setting(name: str) -> str:
    """`{{ name|setting }}`: what a setting is called."""
    return naming.title_of(name)


@register.filter
def set_to(value: object, name: str) -> str:
    """`{{ value|set_to:name }}`: a setting's value as people read it."""
    return naming.value_text(name, value)


@register.filter
def settings(changed: Mapping[str, object]) -> str:
    """`{{ trial.changed|settings }}`: several settings in a line."""
    return naming.settings_text(changed)


@register.filter
def market(key: str) -> str:
    """`{{ "h2h"|market }}`: a market by its name."""
    return market_title(key)


@register.filter
def method(key: str) -> str:
    """`{{ "odds_ratio"|method }}`: a margin method by its name."""
    return method_title(key)


@register.filter
def book(key: str) -> str:
    """`{{ "betonlineag"|book }}`: a bookmaker of which only the key is kept, by its name."""
    return bookmaker_title(key)
