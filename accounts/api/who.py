"""Who is asking."""

from typing import Any, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import granted_to
from accounts.api.asked import read_query
from accounts.scopes import SCOPES

WAYS = {"ApiKey": "key", "ClientLogin": "token"}


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.access.ApiKeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": "X-Api-Key"}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.access.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


def owner_of(request: Request) -> int:
    """Return whose data this request is about: the one who asks."""
    return cast(int, request.user.pk)


class Me(serializers.Serializer[Any]):
    """Who the API takes you for, and what you may do."""

    id = serializers.IntegerField(source="pk")
    username = serializers.CharField()
    is_operator = serializers.BooleanField(source="is_staff")
    price_format = serializers.CharField()
    time_zone = serializers.CharField()
    via = serializers.SerializerMethodField()
    scopes = serializers.SerializerMethodField(help_text="what you may do")

    def get_via(self, _user: object) -> str:
        return WAYS.get(type(self.context["request"].auth).__name__, "login")

    def get_scopes(self, _user: object) -> list[str]:
        granted = granted_to(self.context["request"])
        return [name for name in SCOPES if name in granted]


class WhoAmI(APIView):
    """Say who the API takes you for."""

    @extend_schema(operation_id="auth_me", responses=Me, tags=["auth"])
    def get(self, request: Request) -> Response:
        read_query(request, serializers.Serializer)
        return Response(Me(request.user, context={"request": request}).data)
