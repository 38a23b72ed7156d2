"""Who is asking the API, and what they may do.

REST framework loads these while it loads its own views, so nothing here imports those.
"""

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.audit import came_from
from accounts.selectors import usable_key
from accounts.services import note_key_use

if TYPE_CHECKING:
    from rest_framework.views import APIView


class ApiKeyAuthentication(BaseAuthentication):
    """The header X-Api-Key names the owner. Never the address: addresses are logged."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        text = request.headers.get("X-Api-Key")
        if text is None:
            return None
        key = usable_key(text)
        if key is None:
            raise exceptions.AuthenticationFailed(
                "The key in X-Api-Key is unknown, expired or revoked. Make one on Preferences."
            )
        came_from(key=key.prefix)
        note_key_use(key_id=key.pk, at=timezone.now())
        return key.owner, key

    def authenticate_header(self, request: Request) -> str:
        return 'ApiKey realm="Fairline"'


class MayUse(BasePermission):
    """Anyone logged in, or with a key; to write, the key must be one that may."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not request.user.is_authenticated:
            return False
        if request.method in SAFE_METHODS or getattr(request.auth, "can_write", True):
            return True
        raise exceptions.PermissionDenied(
            "This key only reads. Make one that may write on Preferences."
        )
