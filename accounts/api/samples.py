"""Examples for the schema, made from the schema: what a field holds is told by its name."""

import re
from typing import Any

# By the name of a field; whatever is not here is told by its type.
BY_NAME: dict[str, Any] = {
    "addresses": ["192.0.2.0/24"],
    "away": "Miami Heat",
    "bookmaker": "pinnacle",
    "competition": "basketball_nba",
    "currency": "EUR",
    "cursor": "WyIyMDI2LTAxLTE1IiwgODEyXQ==",
    "home": "Boston Celtics",
    "key": "pinnacle",
    "market": "h2h",
    "next": None,
    "period": "day",
    "place": "GB",
    "predictor": "basketball_nba-h2h",
    "price": "2.105",
    "scope_key": "",
    "selection": 812,
    "side": "home",
    "stake": "12.50",
    "time_zone": "Europe/Paris",
    "username": "alice",
    "venue": "paper",
}
BY_FORMAT = {
    "date-time": "2026-01-15T19:00:00Z",
    "date": "2026-01-15",
    "email": "alice@example.test",
    "uri": "https://example.test/",
    "decimal": "12.50",
    "uuid": "0b9f8b1e-5a0c-4d3f-9c1a-7e2d6b5a4c3e",
    "double": 0.5,
}
# Tried in this order where a pattern or a length asks for something else.
FITTING = ("12.50", "2.105", "0.25", "0", "EUR", "A1")
DEEPEST = 12


def sample_of(
    schema: dict[str, Any], shapes: dict[str, Any], *, name: str = "", depth: int = 0
) -> Any:  # noqa: ANN401 - any JSON
    """Return a value that the schema takes."""
    if depth > DEEPEST:
        return None
    if "$ref" in schema:
        schema = shapes[schema["$ref"].rpartition("/")[2]]
    if (given := schema.get("default")) is not None and given != "":
        return given
    if "enum" in schema:
        return schema["enum"][0]
    return _composed(schema, shapes, name=name, depth=depth)


def _composed(schema: dict[str, Any], shapes: dict[str, Any], *, name: str, depth: int) -> Any:  # noqa: ANN401
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            return sample_of(schema[choice][0], shapes, name=name, depth=depth + 1)
    if "allOf" in schema:
        parts = [sample_of(each, shapes, name=name, depth=depth + 1) for each in schema["allOf"]]
        if len(parts) == 1:
            return parts[0]
        return {key: value for part in parts for key, value in part.items()}
    return _by_type(schema, shapes, name=name, depth=depth)


def _by_type(schema: dict[str, Any], shapes: dict[str, Any], *, name: str, depth: int) -> Any:  # noqa: ANN401
    kinds = schema.get("type", "object" if "properties" in schema else "")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    kind = next((each for each in kinds if each != "null"), "null")
    if kind == "object":
        fields = schema.get("properties", {})
        return {
            key: sample_of(field, shapes, name=key, depth=depth + 1)
            for key, field in fields.items()
        }
    if kind == "array":
        count = max(1, schema.get("minItems", 1))
        one = sample_of(schema.get("items", {}), shapes, name=name, depth=depth + 1)
        return [one] * count
    return _scalar(kind, schema, name)


def _scalar(kind: str, schema: dict[str, Any], name: str) -> Any:  # noqa: ANN401
    known = BY_NAME.get(name)
    if kind == "string":
        if isinstance(known, str) and _fits(known, schema):
            return known
        text = BY_FORMAT.get(schema.get("format", ""), name.replace("_", " ") or "text")
        fitting = (each for each in (str(text), *FITTING) if _fits(each, schema))
        return next(fitting, str(text))
    if kind == "integer":
        return max(known if isinstance(known, int) else 1, schema.get("minimum", 1))
    if kind == "number":
        return min(max(0.5, schema.get("minimum", 0.5)), schema.get("maximum", 0.5))
    return {"boolean": True, "": {}}.get(kind)


def _fits(text: str, schema: dict[str, Any]) -> bool:
    pattern = schema.get("pattern")
    return schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", len(text)) and (
        pattern is None or re.search(pattern, text) is not None
    )
