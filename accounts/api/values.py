"""The values that the API speaks in: money and prices as text, times in UTC, unknown as null."""

import math
from datetime import UTC
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


class Point(serializers.DecimalField):
    """A line, as a string with two places; null where the market has none."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(max_digits=6, decimal_places=2, allow_null=True, **kwargs)


class Moment(serializers.DateTimeField):
    """A time, in UTC whatever zone the page of the same person shows."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(default_timezone=UTC, **kwargs)


class Figure(serializers.FloatField):
    """A number that may be unknown: JSON has no NaN."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**{"allow_null": True, "read_only": True} | kwargs)

    def to_representation(self, value: Any) -> Any:  # noqa: ANN401
        number = float(value)
        return number if math.isfinite(number) else None


class Money(serializers.DecimalField):
    """An amount with two places, as a string."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(max_digits=14, decimal_places=2, coerce_to_string=True, **kwargs)


@extend_schema_field({"type": "string", "format": "decimal"})
class MoneyFigure(serializers.FloatField):
    """An amount that was summed as a number, shown as money: text with two places."""

    def to_representation(self, value: Any) -> Any:  # noqa: ANN401
        return f"{float(value):.2f}"


class Price(serializers.DecimalField):
    """Decimal total return per unit staked, as a string with three places."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(max_digits=9, decimal_places=3, coerce_to_string=True, **kwargs)
