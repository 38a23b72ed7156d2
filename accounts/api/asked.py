"""What was asked, typed; anything unknown, repeated or malformed is said, never ignored."""

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar, cast

from rest_framework import serializers
from rest_framework.request import Request

from accounts import problems
from accounts.api.errors import BadQuery
from accounts.problems import Fault

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

LARGEST_ID = 2**63 - 1
Filter = TypeVar("Filter", bound="DataclassInstance")


class Id(serializers.IntegerField):
    """The number of a row."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**{"min_value": 1, "max_value": LARGEST_ID, "required": False} | kwargs)


class Whole(serializers.IntegerField):
    """A whole number in plain digits; REST framework's own also takes 1.0 and other scripts'."""

    def to_internal_value(self, data: Any) -> int:  # noqa: ANN401
        if not re.fullmatch(r"[0-9]{1,9}", str(data)) and not str(data).startswith("-"):
            self.fail("invalid")
        return super().to_internal_value(data)


def read_query(request: Request, query: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """Return the filters asked for, typed.

    Raises:
        BadQuery: naming each filter at fault, its value, and what it may be.
    """
    sent = request.query_params
    known = [str(name) for name in query().fields]
    faults = [
        Fault(
            field=name,
            value=sent[name][:200],
            detail=f"No such filter. There are: {', '.join(known) or 'none'}.",
            code="unknown",
        )
        for name in sent
        if name not in known
    ]
    faults += [
        Fault(
            field=name,
            value=", ".join(sent.getlist(name))[:200],
            detail="Given more than once; give it once.",
            code="repeated",
        )
        for name in known
        if len(sent.getlist(name)) > 1
    ]
    filled = query(data=sent.dict())
    if not filled.is_valid():
        faults += problems.faults_of(filled.errors, sent=sent.dict())
    if faults:
        named = ", ".join(dict.fromkeys(fault.field for fault in faults))
        raise BadQuery(f"Cannot filter by what was sent: {named}.", faults)
    return cast(dict[str, Any], filled.validated_data)


def filter_of(kind: type[Filter], asked: Mapping[str, Any]) -> Filter:
    """Return a selector's filter with what of it was asked for."""
    names = {each.name for each in fields(kind)}
    return kind(**{name: value for name, value in asked.items() if name in names})


class Body(serializers.Serializer[Any]):
    """What is sent to be done. An unknown field is an error: it was meant for something."""

    def to_internal_value(self, data: Any) -> Any:  # noqa: ANN401
        if isinstance(data, Mapping) and (
            unknown := [name for name in data if name not in self.fields]
        ):
            raise serializers.ValidationError(
                {
                    str(name): f"No such field. There are: {', '.join(self.fields)}."
                    for name in unknown
                },
                code="unknown",
            )
        # REST framework's own takes numbers for text, which the schema does not.
        if isinstance(data, Mapping) and (
            numbers := [
                name
                for name, field in self.fields.items()
                if isinstance(field, serializers.CharField)
                and isinstance(data.get(name), int | float)
            ]
        ):
            raise serializers.ValidationError(dict.fromkeys(numbers, "Send text, in quotes."))
        return super().to_internal_value(data)


def read_body(request: Request, body: type[Body]) -> dict[str, Any]:
    """Return what was sent, typed.

    Raises:
        ValidationError: naming every field at fault.
    """
    filled = body(data=request.data)
    filled.is_valid(raise_exception=True)
    return cast(dict[str, Any], filled.validated_data)
