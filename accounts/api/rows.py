"""Rows of a list as JSON can hold them, by the fields of a shape: as REST framework, but sooner.

REST framework walks each path and asks at every step whether it found a function. Here the
paths of a shape are walked by one `attrgetter`, and whatever has rules of its own (defaults,
methods, lists) is left to its field.
"""

from collections.abc import Callable, Iterable
from datetime import UTC
from functools import lru_cache
from operator import attrgetter
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from accounts.api.values import Figure, Moment

Write = Callable[[Any], Any]
# Prices, stakes and lines come again and again.
REMEMBERED = 4096


def rows_as_json(shape: Any, rows: Iterable[Any]) -> list[dict[str, Any]]:  # noqa: ANN401
    """Return what `shape(rows, many=True).data` is; `shape` is the serializer of one row."""
    names, paths, writes, others = [], [], [], []
    for name, field in shape.fields.items():
        if _is_plain(field):
            names.append(name)
            paths.append(".".join(field.source_attrs))
            writes.append(_written(field))
        else:
            others.append((name, field))
    if len(paths) < 2:
        return [shape.to_representation(row) for row in rows]
    read = attrgetter(*paths)
    order = list(shape.fields)
    made = []
    for row in rows:
        values = {
            name: None if value is None else write(value)
            for name, value, write in zip(names, read(row), writes, strict=True)
        }
        for name, field in others:
            values[name] = _by_its_field(field, row)
        made.append({name: values[name] for name in order} if others else values)
    return made


def _is_plain(field: Any) -> bool:  # noqa: ANN401
    """Return whether a field only reads a path that is there and writes what it finds."""
    return (
        field.default is empty
        and field.source != "*"
        and not field.write_only
        and isinstance(field, PLAIN)
        and type(field).get_attribute is serializers.Field.get_attribute
    )


def _written(field: Any) -> Write:  # noqa: ANN401
    kind = type(field)
    if kind is serializers.IntegerField:
        return int
    if kind is serializers.CharField:
        return str
    if kind is serializers.JSONField:
        return _as_it_is
    if kind is Moment:
        return _moment
    if isinstance(field, serializers.DecimalField):
        return lru_cache(REMEMBERED)(field.to_representation)
    write: Write = field.to_representation
    return write


def _by_its_field(field: Any, row: Any) -> Any:  # noqa: ANN401
    try:
        value = field.get_attribute(row)
    except serializers.SkipField:
        return None
    return None if value is None else field.to_representation(value)


def _as_it_is(value: Any) -> Any:  # noqa: ANN401
    return value


def _moment(value: Any) -> str:  # noqa: ANN401
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


PLAIN = (
    serializers.IntegerField,
    serializers.CharField,
    serializers.ChoiceField,
    serializers.BooleanField,
    serializers.DecimalField,
    serializers.JSONField,
    Moment,
    Figure,
)
