"""Notices, alert channels, rules and messages as JSON; and the audit, for operators."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.alerts import keeping, selecting
from accounts.api import Body, Moment, Query, Refused, Shape, Whole, lists, owner_of, writes
from accounts.audit.search import AuditFilter, entries
from accounts.domain.alerts import Kind
from accounts.http import or_404
from accounts.problems import Fault
from accounts.scopes import OPERATE, READ_OWN, SETTINGS

KINDS = [kind.value for kind in Kind]
CHANNELS = ["mail", "telegram", "slack", "discord", "webhook"]
STATUSES = ["waiting", "sent", "dead", "dropped"]


class NoticeShape(Shape):
    id = serializers.IntegerField(source="pk")
    kind = serializers.ChoiceField(choices=KINDS)
    title = serializers.CharField(source="trigger.title")
    text = serializers.CharField(source="trigger.text")
    link = serializers.CharField(source="trigger.path", help_text="a page of this Fairline")
    at = Moment(source="trigger.at")
    made_at = Moment(help_text="in real time")
    read_at = Moment(allow_null=True)


class NoticeQuery(Query):
    unread = serializers.BooleanField(default=False)
    kind = serializers.ChoiceField(choices=KINDS, required=False)


class ReadShape(Shape):
    read = serializers.IntegerField(help_text="how many were not read before")


class ChannelShape(Shape):
    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=CHANNELS)
    address = serializers.CharField(help_text="of a webhook or a Telegram chat; else empty")
    failures = serializers.IntegerField(help_text="in a row")
    rests_until = Moment(allow_null=True, help_text="nothing is sent until then")
    last_error = serializers.CharField()
    last_sent_at = Moment(allow_null=True)


class NewChannel(Body):
    name = serializers.CharField(max_length=40)
    kind = serializers.ChoiceField(choices=CHANNELS)
    address = serializers.CharField(
        max_length=500, default="", allow_blank=True, help_text="a webhook's, or a Telegram chat"
    )
    token = serializers.CharField(
        max_length=500,
        default="",
        allow_blank=True,
        help_text="a Telegram bot's, the address from Slack or Discord, or the key that is to sign "
        "for a webhook; never given back",
    )


class RuleShape(Shape):
    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    competition = serializers.CharField()
    strategy = serializers.CharField()
    bookmaker = serializers.CharField()
    least_edge = serializers.FloatField(allow_null=True)
    once_minutes = serializers.IntegerField()
    digest = serializers.CharField(help_text="empty, hourly or daily")
    template = serializers.CharField()
    is_on = serializers.BooleanField()
    muted_until = Moment(allow_null=True)
    channels = serializers.SerializerMethodField(help_text="their ids")

    def get_channels(self, rule: Any) -> list[int]:  # noqa: ANN401
        return [channel.pk for channel in rule.channels.all() if channel.removed_at is None]


class RuleBody(Body):
    name = serializers.CharField(max_length=40)
    kind = serializers.ChoiceField(choices=KINDS)
    competition = serializers.CharField(max_length=64, default="", allow_blank=True)
    strategy = serializers.CharField(max_length=64, default="", allow_blank=True)
    bookmaker = serializers.CharField(max_length=64, default="", allow_blank=True)
    least_edge = serializers.FloatField(
        min_value=0, max_value=1, default=None, allow_null=True, help_text="0.03 is 3 %"
    )
    once_minutes = Whole(min_value=0, max_value=10_080, default=60)
    digest = serializers.ChoiceField(choices=["", "hourly", "daily"], default="")
    template = serializers.CharField(max_length=500, default="", allow_blank=True)
    is_on = serializers.BooleanField(default=True)
    channels = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        max_length=20,
        default=list,
    )


class MuteBody(Body):
    hours = Whole(min_value=0, max_value=720, help_text="0 ends it")
    rule = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, default=None, allow_null=True, help_text="none: all"
    )


class QuietBody(Body):
    begin = serializers.TimeField(allow_null=True, help_text="in your time zone; null ends them")
    end = serializers.TimeField(allow_null=True)


class DeliveryShape(Shape):
    id = serializers.IntegerField(source="pk")
    uid = serializers.UUIDField(help_text="Fairline-Id, the same at every try")
    channel = serializers.CharField(source="channel.name")
    rule = serializers.CharField(source="rule.name", allow_null=True, default=None)
    status = serializers.ChoiceField(choices=STATUSES)
    made_at = Moment()
    due_at = Moment()
    tries = serializers.IntegerField()
    sent_at = Moment(allow_null=True)
    error = serializers.CharField()
    titles = serializers.SerializerMethodField()

    def get_titles(self, delivery: Any) -> list[str]:  # noqa: ANN401
        return [notice.trigger.title for notice in delivery.notifications.all()]


class DeliveryQuery(Query):
    status = serializers.ChoiceField(choices=STATUSES, required=False)
    channel_id = Whole(min_value=1, required=False)


class Done(Shape):
    done = serializers.BooleanField()


class AuditShape(Shape):
    number = serializers.IntegerField(allow_null=True)
    at = Moment()
    written_at = Moment()
    actor = serializers.CharField(source="actor.username", allow_null=True, default=None)
    action = serializers.CharField()
    subject = serializers.CharField()
    detail = serializers.JSONField()
    before = serializers.JSONField(help_text="null: not told")
    after = serializers.JSONField(help_text="null: not told")
    address = serializers.CharField()
    via = serializers.CharField()
    request_id = serializers.CharField()
    hash = serializers.CharField()


class AuditQuery(Query):
    q = serializers.CharField(max_length=100, required=False)
    actor = serializers.CharField(max_length=150, required=False)
    action = serializers.CharField(max_length=64, required=False)
    address = serializers.CharField(max_length=45, required=False)
    people = serializers.BooleanField(default=False, help_text="without what jobs did")


class Notices(APIView):
    @lists("notices", tag="alerts", of=NoticeShape, by=NoticeQuery, scope=READ_OWN)
    def get(self, request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """What you were told, newest first."""
        return selecting.notices_of(
            owner_of(request), unread=asked["unread"], kind=asked.get("kind", "")
        )


class ReadNotices(APIView):
    @writes("read_notices", tag="alerts", scope=SETTINGS, gives={200: ReadShape})
    def post(self, request: Request, _asked: dict[str, Any]) -> Response:
        """Mark all your notices as read."""
        count = keeping.read_notices(owner_id=owner_of(request), now=timezone.now())
        return Response({"read": count})


class Channels(APIView):
    @lists("alert_channels", tag="alerts", of=ChannelShape, scope=READ_OWN)
    def get(self, request: Request, _asked: dict[str, Any]) -> QuerySet[Any]:
        """Where you can be told, by name."""
        return selecting.channels_of(owner_of(request)).order_by("name", "pk")

    @writes(
        "add_alert_channel",
        tag="alerts",
        scope=SETTINGS,
        takes=NewChannel,
        gives={201: ChannelShape},
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Add a channel. Of a webhook bring the key that is to sign: answers are kept a while."""
        if asked["kind"] == "webhook" and not asked["token"]:
            raise _refused("token", "Bring the key that is to sign: 24 to 200 characters.")
        made = _done(
            lambda: keeping.add_channel(owner_id=owner_of(request), now=timezone.now(), **asked)
        )
        return Response(ChannelShape(made.channel).data, status=201)


class RemoveChannel(APIView):
    @writes("remove_alert_channel", tag="alerts", scope=SETTINGS, gives={200: Done})
    def post(self, request: Request, _asked: dict[str, Any], channel_id: int) -> Response:
        """Remove a channel for good."""
        _done(
            lambda: keeping.remove_channel(
                owner_id=owner_of(request), channel_id=channel_id, now=timezone.now()
            )
        )
        return Response({"done": True})


class TestChannel(APIView):
    @writes("test_alert_channel", tag="alerts", scope=SETTINGS, gives={202: DeliveryShape})
    def post(self, request: Request, _asked: dict[str, Any], channel_id: int) -> Response:
        """Send a test message; the list of messages says what became of it."""
        sent = _done(
            lambda: keeping.send_test(
                owner_id=owner_of(request), channel_id=channel_id, now=timezone.now()
            )
        )
        return Response(DeliveryShape(sent).data, status=202)


class Rules(APIView):
    @lists("alert_rules", tag="alerts", of=RuleShape, scope=READ_OWN)
    def get(self, request: Request, _asked: dict[str, Any]) -> QuerySet[Any]:
        """What you want to be told of, by name."""
        return selecting.rules_of(owner_of(request)).order_by("name", "pk")

    @writes("add_alert_rule", tag="alerts", scope=SETTINGS, takes=RuleBody, gives={201: RuleShape})
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Add a rule."""
        return Response(RuleShape(_save(request, asked, None)).data, status=201)


class ChangeRule(APIView):
    @writes("change_alert_rule", tag="alerts", scope=SETTINGS, takes=RuleBody,
            gives={200: RuleShape})  # fmt: skip
    def put(self, request: Request, asked: dict[str, Any], rule_id: int) -> Response:
        """Change a rule to what is sent."""
        return Response(RuleShape(_save(request, asked, rule_id)).data)


class RemoveRule(APIView):
    @writes("remove_alert_rule", tag="alerts", scope=SETTINGS, gives={200: Done})
    def post(self, request: Request, _asked: dict[str, Any], rule_id: int) -> Response:
        """Remove a rule for good."""
        _done(
            lambda: keeping.remove_rule(
                owner_id=owner_of(request), rule_id=rule_id, now=timezone.now()
            )
        )
        return Response({"done": True})


class Mute(APIView):
    @writes("mute_alerts", tag="alerts", scope=SETTINGS, takes=MuteBody, gives={200: Done})
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Send nothing for so many hours, of one rule or all; notices are still kept."""
        _done(
            lambda: keeping.mute(
                owner_id=owner_of(request),
                hours=asked["hours"],
                rule_id=asked["rule"],
                now=timezone.now(),
            )
        )
        return Response({"done": True})


class QuietHours(APIView):
    @writes("set_quiet_hours", tag="alerts", scope=SETTINGS, takes=QuietBody, gives={200: Done})
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Set the hours in which nothing is sent, or end them."""
        _done(
            lambda: keeping.set_quiet_hours(owner_id=owner_of(request), now=timezone.now(), **asked)
        )
        return Response({"done": True})


class Deliveries(APIView):
    @lists("alert_deliveries", tag="alerts", of=DeliveryShape, by=DeliveryQuery, scope=READ_OWN)
    def get(self, request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Messages to your channels, newest first: waiting, sent, given up, not sent."""
        which = {name: asked[name] for name in ("status", "channel_id") if name in asked}
        return selecting.deliveries_of(owner_of(request), **which)


class Resend(APIView):
    @writes("resend_alert", tag="alerts", scope=SETTINGS, gives={202: DeliveryShape})
    def post(self, request: Request, _asked: dict[str, Any], delivery_id: int) -> Response:
        """Send a message that was given up once more, with the id it had."""
        sent = _done(
            lambda: keeping.send_again(
                owner_id=owner_of(request), delivery_id=delivery_id, now=timezone.now()
            )
        )
        return Response(DeliveryShape(sent).data, status=202)


class Audit(APIView):
    @lists("audit", tag="audit", of=AuditShape, by=AuditQuery, scope=OPERATE)
    def get(self, request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Who did what, from where, before and after, newest first; for operators."""
        return entries(
            AuditFilter(
                text=asked.get("q", ""),
                actor=asked.get("actor", ""),
                action=asked.get("action", ""),
                address=asked.get("address", ""),
                people_only=asked["people"],
            )
        )


def _save(request: Request, asked: dict[str, Any], rule_id: int | None) -> Any:  # noqa: ANN401
    said = dict(asked)
    channels = said.pop("channels")
    return _done(
        lambda: keeping.save_rule(
            owner_id=owner_of(request),
            said=said,
            channel_ids=channels,
            rule_id=rule_id,
            now=timezone.now(),
        )
    )


def _done(do: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the service gives
    """Return what a service gives; its refusal is a 422, a stranger's thing a 404."""
    try:
        with or_404(keeping.NoSuchThing):
            return do()
    except ValidationError as invalid:
        faults = [
            Fault(field=field, detail=" ".join(said), code="refused")
            for field, said in invalid.message_dict.items()
        ]
        raise Refused("Nothing was changed.", faults) from invalid


def _refused(field: str, detail: str) -> Refused:
    return Refused("Nothing was changed.", [Fault(field=field, detail=detail, code="refused")])
