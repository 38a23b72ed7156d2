"""A person's keys as JSON. Only people make keys: no key makes another."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import keys
from accounts.access import MayUse, PeopleOnly
from accounts.api.asked import Body
from accounts.api.errors import Refused
from accounts.api.pages import Shape, lists
from accounts.api.values import Moment
from accounts.api.who import owner_of
from accounts.api.writing import writes
from accounts.http import or_404
from accounts.problems import Fault
from accounts.scopes import ANYONE, READING, SCOPES

NETWORK = "such as 192.0.2.7 or 192.0.2.0/24"


class KeyShape(Shape):
    prefix = serializers.CharField(help_text="what comes before the dot; tells it from the others")
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=tuple(SCOPES)))
    addresses = serializers.ListField(
        child=serializers.CharField(), help_text="it works only from there; empty: from anywhere"
    )
    made_at = Moment(source="created")
    expires_at = Moment(source="expiry_date", allow_null=True)
    last_used_at = Moment(allow_null=True, help_text="to the minute")
    replaced_by = serializers.CharField(source="replaced_by.prefix", default=None, allow_null=True)
    is_revoked = serializers.BooleanField(source="revoked")


class MadeKeyShape(KeyShape):
    key = serializers.CharField(
        allow_null=True, help_text="what goes into X-Api-Key: shown this once; null in a repeat"
    )


class NewKeyBody(Body):
    name = serializers.CharField(max_length=50, help_text="what it is for")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=tuple(SCOPES)), default=list(READING), min_length=1
    )
    expires_at = Moment(required=False, allow_null=True, default=None)
    addresses = serializers.ListField(
        child=serializers.CharField(max_length=43, help_text=NETWORK), default=list, max_length=20
    )


class Overlap(Body):
    hours = serializers.IntegerField(
        min_value=0, max_value=720, default=24, help_text="the old key works on for so long"
    )


class Keys(APIView):
    permission_classes = (MayUse, PeopleOnly)

    @lists("keys", tag="auth", of=KeyShape, scope=ANYONE)
    def get(self, request: Request, _asked: dict[str, Any]) -> QuerySet[Any]:
        """Your keys, newest first, revoked ones too."""
        return keys.keys_of(owner_of(request)).select_related("replaced_by")

    @writes(
        "make_key",
        tag="auth",
        scope=ANYONE,
        takes=NewKeyBody,
        gives={201: MadeKeyShape},
        once="key",
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Make a key; its text is in this answer and nowhere else, not even in a repeat."""
        try:
            made, text = keys.issue_key(owner_id=owner_of(request), now=timezone.now(), **asked)
        except keys.KeyRefused as refused:
            raise _refused(refused) from refused
        return _made(made, text)


class RotateKey(APIView):
    permission_classes = (MayUse, PeopleOnly)

    @writes(
        "rotate_key",
        tag="auth",
        scope=ANYONE,
        takes=Overlap,
        gives={201: MadeKeyShape},
        once="key",
    )
    def post(self, request: Request, asked: dict[str, Any], prefix: str) -> Response:
        """Make the key that takes this one's place; this one works on for some hours."""
        try:
            made, text = keys.rotate_key(
                owner_id=owner_of(request),
                prefix=prefix,
                overlap=timedelta(hours=asked["hours"]),
                now=timezone.now(),
            )
        except keys.UnknownKey:
            raise Http404 from None
        except keys.KeyRefused as refused:
            raise _refused(refused) from refused
        return _made(made, text)


class RevokeKey(APIView):
    permission_classes = (MayUse, PeopleOnly)

    @writes("revoke_key", tag="auth", scope=ANYONE, gives={200: KeyShape})
    def post(self, request: Request, _asked: dict[str, Any], prefix: str) -> Response:
        """Revoke a key of yours, at once and for good."""
        with or_404(keys.UnknownKey):
            key = keys.revoke_key(owner_id=owner_of(request), prefix=prefix, now=timezone.now())
        return Response(KeyShape(key).data)


def _made(key: Any, text: str) -> Response:  # noqa: ANN401 - a key
    return Response(KeyShape(key).data | {"key": text}, status=201)


def _refused(refused: keys.KeyRefused) -> Refused:
    return Refused("No key was made.", [Fault(refused.field, refused.detail, code="refused")])
