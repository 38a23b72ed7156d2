"""Log-ins of first-party clients: tokens for a password, the next ones, and the end of them.

They need no Idempotency-Key: an answer holds secrets, and none is kept to be given again.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.asked import Body, read_body, read_query
from accounts.api.errors import Refused
from accounts.api.pages import Shape, needs
from accounts.api.values import Moment
from accounts.http import client_address
from accounts.people import client_logins as tokens
from accounts.people.login import CodeNeeded, SecondFactorMissing, WrongLogin, check_login
from accounts.people.tries import TooManyTries
from accounts.problems import Fault
from accounts.scopes import ANYONE


class Credentials(Body):
    email = serializers.CharField(max_length=254, help_text="or the user name")
    password = serializers.CharField(max_length=1024, trim_whitespace=False)
    code = serializers.CharField(
        max_length=32,
        default="",
        allow_blank=True,
        help_text="of your authenticator app, or a recovery code, where a second factor is set up",
    )
    client = serializers.CharField(
        max_length=128, default="", allow_blank=True, help_text="what you are, such as 'phone'"
    )


class OneToken(Body):
    refresh = serializers.CharField(max_length=200)


class TokensShape(Shape):
    access = serializers.CharField(help_text="send it as `Authorization: Bearer ...`")
    access_expires_at = Moment()
    refresh = serializers.CharField(help_text="good once, for the next tokens; keep it secret")
    refresh_expires_at = Moment()


class Open(APIView):
    """A door for whoever is not logged in: nothing that was sent along counts as a log-in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Keep tokens out of everybody's cache."""
        answer = super().finalize_response(*args, **kwargs)
        answer["Cache-Control"] = "no-store"
        return answer


def _opens(name: str, takes: type[Body], gives: dict[int, Any]) -> Callable[..., Any]:
    def made(post: Callable[..., Response]) -> Any:  # noqa: ANN401
        described = extend_schema(
            operation_id=name, tags=["auth"], request=takes, responses=gives, auth=[]
        )(post)
        return needs(ANYONE)(described)

    return made


class LogIn(Open):
    @_opens("log_in", Credentials, {200: TokensShape})
    def post(self, request: Request) -> Response:
        """Come in with e-mail address, password and, where one is set up, the second factor.

        401 if one of them is wrong; its code is `code-needed` where only the second factor is
        missing. Ten tries a minute from one address.
        """
        read_query(request, serializers.Serializer)
        asked = read_body(request, Credentials)
        now = timezone.now()
        try:
            user = check_login(
                name=asked["email"],
                password=asked["password"],
                code=asked["code"],
                address=client_address(request, trusted_proxies=settings.TRUSTED_PROXIES),
                now=now,
            )
        except TooManyTries as too_many:
            raise exceptions.Throttled(wait=too_many.wait) from too_many
        except CodeNeeded as missing:
            raise _WrongLogin("Nobody was logged in.", [_fault(missing, "code-needed")]) from None
        except WrongLogin as wrong:
            raise _WrongLogin("Nobody was logged in.", [_fault(wrong, "wrong")]) from None
        except SecondFactorMissing as missing:
            raise exceptions.PermissionDenied(str(missing)) from None
        return Response(
            TokensShape(tokens.begin_login(user=user, client=asked["client"], now=now)).data
        )


class Refresh(Open):
    @_opens("refresh", OneToken, {200: TokensShape})
    def post(self, request: Request) -> Response:
        """Get the next tokens. The one you send is used up: sent again, the log-in ends."""
        read_query(request, serializers.Serializer)
        asked = read_body(request, OneToken)
        try:
            made = tokens.refresh(text=asked["refresh"], now=timezone.now())
        except tokens.TokenRefused as refused:
            raise _WrongLogin(
                str(refused), [Fault("refresh", str(refused), code="refused")], kind="token-refused"
            ) from refused
        return Response(TokensShape(made).data)


class LogOut(Open):
    @_opens("log_out", OneToken, {204: None})
    def post(self, request: Request) -> Response:
        """End the log-in that a refresh token is of; its access tokens open nothing from now on."""
        read_query(request, serializers.Serializer)
        asked = read_body(request, OneToken)
        tokens.end_login(text=asked["refresh"], now=timezone.now())
        return Response(status=204)


class _WrongLogin(Refused):
    """401: not who they say they are."""

    status_code = 401
    kind = "wrong-login"


def _fault(reason: Exception, code: str) -> Fault:
    return Fault(
        field="code" if code == "code-needed" else "request", detail=str(reason), code=code
    )
