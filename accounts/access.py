"""Who is asking the API, and what they may do.

REST framework loads these while it loads its own views, so nothing here imports those.
"""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.audit import came_from
from accounts.http import client_address
from accounts.keys import note_key_use, usable_key
from accounts.limits import count_wrong_key
from accounts.models import ApiKey
from accounts.people.client_logins import TokenRefused, login_of_access
from accounts.scopes import READ, SCOPES, scopes_of

if TYPE_CHECKING:
    from rest_framework.views import APIView

BY_KEY = "ApiKey"


class ApiKeyAuthentication(BaseAuthentication):
    """The header X-Api-Key names the owner. Never the address: addresses are logged."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        text = request.headers.get("X-Api-Key")
        if text is None:
            return None
        now = timezone.now()
        address = client_address(request, trusted_proxies=settings.TRUSTED_PROXIES)
        key = usable_key(text, address=address, now=now)
        if key is None:
            count_wrong_key(request._request, text)
            raise exceptions.AuthenticationFailed(
                "The key in X-Api-Key is unknown, expired, revoked, or not for use from here. "
                "Make one on Preferences."
            )
        came_from(key=key.prefix)
        note_key_use(key, now=now)
        return key.owner, key

    def authenticate_header(self, request: Request) -> str:
        return f'{BY_KEY} realm="Fairline"'


class BearerAuthentication(BaseAuthentication):
    """The header Authorization carries the access token of a first-party client."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return None
        try:
            login = login_of_access(text.strip(), now=timezone.now())
        except TokenRefused as refused:
            raise exceptions.AuthenticationFailed(str(refused)) from refused
        return login.owner, login

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Fairline"'


class MayUse(BasePermission):
    """Whoever's role has the scope that a method needs; a key must have it too."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not request.user.is_authenticated:
            return False
        needed = scope_needed(view, str(request.method))
        if not needed:
            return True
        if why := why_not(request, needed):
            raise exceptions.PermissionDenied(why)
        return True


class PeopleOnly(BasePermission):
    """People who are logged in, and no keys: what could make a key more than it is."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if isinstance(request.auth, ApiKey):
            raise exceptions.PermissionDenied("A key may not do this. Log in yourself.")
        return True


def scope_needed(view: Any, method: str) -> str | None:  # noqa: ANN401 - a view or its class
    """Return the scope that a method of a view needs; empty: none, None: no such method.

    Reading needs `read` unless it says otherwise; what writes must say.
    """
    handler = getattr(view, "get" if method == "HEAD" else method.lower(), None)
    if handler is None or method == "OPTIONS":
        return None
    scope = getattr(handler, "scope", READ if method in SAFE_METHODS else None)
    if scope is None:
        raise LookupError(f"{view} names no scope for {method}.")
    return str(scope)


def granted_to(request: Request) -> frozenset[str]:
    """Return what whoever asks may do: what the role may, and the key where one was sent."""
    may = scopes_of(request.user)
    return may & set(request.auth.scopes) if isinstance(request.auth, ApiKey) else may


def why_not(request: Request, scope: str) -> str:
    """Return why whoever asks may not do what a scope is for; empty if they may."""
    if scope not in scopes_of(request.user):
        who = "Only an operator may" if SCOPES[scope].operators_only else "Your role may not"
        return f"{who} {SCOPES[scope].words}."
    if scope not in granted_to(request):
        return f"This key was not made to {SCOPES[scope].words}: it lacks the scope {scope!r}."
    return ""
