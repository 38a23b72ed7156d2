"""Features by their names."""

from collections.abc import Mapping

from django import template

from accounts.showing.formats import outcome_text
from models_registry.domain import feature_words

register = template.Library()


@register.filter
def feature(name: str) -> str:
    """`{{ part.name|feature }}`: what a feature is called."""
    return feature_words.title_of(str(name))


@register.filter
def features_said(sentence: str) -> str:
    """`{{ refusal.detail|features_said }}`: a stored sentence with its features' titles."""
    return feature_words.said_of(str(sentence))


@register.filter
def parameter(value: object) -> str:
    """`{{ value|parameter }}`: a part's parameters in words, its columns by their titles."""
    if isinstance(value, Mapping) and isinstance(columns := value.get("columns"), list):
        value = {**value, "columns": [feature_words.title_of(str(each)) for each in columns]}
    return outcome_text(value)


@register.inclusion_tag("models_registry/_feature.html")
def feature_row(name: str) -> dict[str, object]:
    """`{% feature_row name %}`: a feature by its title, its name, unit and meaning beneath."""
    return {
        "name": name,
        "title": feature_words.title_of(name),
        "words": feature_words.WORDS.get(name),
    }


@register.simple_tag
def feature_differences() -> str:
    """`{% feature_differences %}`: what holds for a table of features."""
    return feature_words.DIFFERENCES
