"""Strategies as JSON: seen, made, changed, switched, followed, put away."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.api import (
    Body,
    Moment,
    Query,
    Refused,
    Shape,
    lists,
    owner_of,
    shows,
    writes,
)
from accounts.problems import Fault
from accounts.scopes import SETTINGS
from betting.domain.configuration import BadConfiguration
from betting.selectors import strategies as selectors
from betting.services import strategies as services

Answer = TypeVar("Answer")


class StrategyQuery(Query):
    archived = serializers.BooleanField(default=False, help_text="true: those put away too")


class StrategyShape(Shape):
    key = serializers.CharField()
    title = serializers.CharField()
    is_mine = serializers.SerializerMethodField(help_text="false: everybody's")
    is_active = serializers.BooleanField(help_text="whether it looks for opportunities")
    is_followed = serializers.BooleanField(help_text="whether it places paper bets for you")
    archived_at = Moment(allow_null=True)
    version = serializers.IntegerField(help_text="number of the version in force")
    changed_at = Moment()
    configuration = serializers.JSONField()

    def get_is_mine(self, strategy: object) -> bool:
        return getattr(strategy, "owner_id", None) is not None


class StrategyVersionShape(Shape):
    number = serializers.IntegerField()
    configuration = serializers.JSONField()
    note = serializers.CharField()
    made_by = serializers.CharField(source="made_by.username", default=None, allow_null=True)
    made_at = Moment()


class NewStrategy(Body):
    title = serializers.CharField(max_length=64)
    configuration = serializers.JSONField(
        help_text="settings by name; those left out have their defaults"
    )
    is_shared = serializers.BooleanField(default=False, help_text="for everybody; operators only")


class ChangedStrategy(Body):
    title = serializers.CharField(max_length=64, required=False)
    configuration = serializers.JSONField(help_text="in full; what is left out has its default")
    note = serializers.CharField(max_length=200, default="", allow_blank=True)
    was = serializers.IntegerField(
        required=False, help_text="the version it was made from; refused if another is in force"
    )


class Switched(Body):
    is_active = serializers.BooleanField()


class Archived(Body):
    is_archived = serializers.BooleanField()


class Followed(Body):
    follows = serializers.BooleanField()


def _writes(name: str, takes: type[Body]) -> Callable[[Callable[..., Response]], Any]:
    return writes(name, tag="strategies", scope=SETTINGS, takes=takes, gives={200: StrategyShape})


class Strategies(APIView):
    @lists("strategies", tag="strategies", of=StrategyShape, by=StrategyQuery)
    def get(self, request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Everybody's strategies and your own, those switched on first."""
        return selectors.strategies_of(owner_of(request), with_archived=asked["archived"]).order_by(
            "pk"
        )

    @writes(
        "make_strategy",
        tag="strategies",
        scope=SETTINGS,
        takes=NewStrategy,
        gives={201: StrategyShape},
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Make a strategy of your own, switched off; an operator may make one for everybody."""
        made = _done(
            lambda: services.make_strategy(
                title=asked["title"],
                content=_mapping(asked["configuration"]),
                by=_by(request),
                is_shared=asked["is_shared"],
                now=clock.now(),
            )
        )
        return _shown(request, made.key, status=201)


class StrategyDetail(APIView):
    @shows("strategy", tag="strategies", of=StrategyShape)
    def get(self, request: Request, key: str) -> object:
        """One strategy, as it is now."""
        return selectors.strategy_of(owner_of(request), key)

    @_writes("change_strategy", ChangedStrategy)
    def put(self, request: Request, asked: dict[str, Any], key: str) -> Response:
        """Change a strategy; a changed configuration is its next version, the same one is none."""
        content = _mapping(asked.pop("configuration"))
        _done(
            lambda: services.change_strategy(
                key=key, by=_by(request), now=clock.now(), content=content, **asked
            )
        )
        return _shown(request, key)


class StrategyVersions(APIView):
    @lists("strategy_versions", tag="strategies", of=StrategyVersionShape)
    def get(self, request: Request, _asked: dict[str, Any], key: str) -> QuerySet[Any]:
        """A strategy's versions, newest first; none is ever changed."""
        found = selectors.strategy_of(owner_of(request), key)
        if found is None:
            raise Http404
        return found.versions.select_related("made_by").order_by("-number", "pk")


class SwitchStrategy(APIView):
    @_writes("switch_strategy", Switched)
    def post(self, request: Request, asked: dict[str, Any], key: str) -> Response:
        """Switch a strategy on or off; what one that is off had found ends."""
        return _change(request, key, asked, services.switch_strategy)


class ArchiveStrategy(APIView):
    @_writes("archive_strategy", Archived)
    def post(self, request: Request, asked: dict[str, Any], key: str) -> Response:
        """Put a strategy away with all its versions, or bring it back; either way it is off."""
        return _change(request, key, asked, services.archive_strategy)


class FollowStrategy(APIView):
    @_writes("follow_strategy", Followed)
    def post(self, request: Request, asked: dict[str, Any], key: str) -> Response:
        """Have a strategy place paper bets for you, or no longer."""
        return _change(request, key, asked, services.follow_strategy)


def _by(request: Request) -> Any:  # noqa: ANN401 - a person; whoever is nobody comes not this far
    return request.user


def _change(
    request: Request, key: str, asked: dict[str, Any], do: Callable[..., object]
) -> Response:
    _done(lambda: do(key=key, by=_by(request), now=clock.now(), **asked))
    return _shown(request, key)


def _shown(request: Request, key: str, *, status: int = 200) -> Response:
    found = selectors.strategy_of(owner_of(request), key)
    return Response(StrategyShape(found).data, status=status)


def _mapping(content: object) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise Refused('configuration: write settings by name, such as {"min_edge": 0.03}.')
    return content


def _done(do: Callable[[], Answer]) -> Answer:
    try:
        return do()
    except services.NoSuchStrategy:
        raise Http404 from None
    except services.NotYours as refusal:
        raise exceptions.PermissionDenied(str(refusal)) from None
    except (BadConfiguration, services.CannotChange) as refusal:
        field, _, _ = str(refusal).partition(":")
        fault = Fault(
            f"configuration.{field}" if isinstance(refusal, BadConfiguration) else field,
            str(refusal),
        )
        raise Refused(str(refusal), [fault]) from None
