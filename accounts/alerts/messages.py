"""What is sent over each kind of channel: the request, or the mail."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from accounts.domain.alerts import filled
from accounts.domain.signing import signature
from accounts.models import AlertChannel, AlertTrigger, Delivery

# As the services themselves give them out; nothing else is ever asked.
SLACK = re.compile(r"https://hooks\.slack\.com/services/[A-Za-z0-9/]{20,120}", re.ASCII)
DISCORD = re.compile(
    r"https://discord(?:app)?\.com/api/webhooks/[0-9]{10,25}/[\w-]{30,120}", re.ASCII
)
TOKEN = re.compile(r"[0-9]{5,15}:[A-Za-z0-9_-]{30,64}", re.ASCII)
CHAT = re.compile(r"-?[0-9]{1,20}|@[A-Za-z0-9_]{3,64}", re.ASCII)
# What the services take at most, in characters.
LONGEST = {"telegram": 4096, "slack": 39_000, "discord": 2000, "mail": 100_000}


@dataclass(frozen=True, slots=True)
class Request:
    """A POST to make."""

    url: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Said:
    """A message in words: a line, and all of it."""

    title: str
    text: str


def said(delivery: Delivery, told: Sequence[AlertTrigger]) -> Said:
    """Return a message in the words of its rule's template, several things below each other."""
    if not told:
        return Said("Fairline: test", f"This channel works.\n{settings.PUBLIC_URL}/alerts/")
    template = delivery.rule.template if delivery.rule else ""
    parts = [filled(template, _values(each)) for each in told]
    title = told[0].title if len(told) == 1 else f"{len(told)} alerts"
    return Said(title, "\n\n".join(parts))


def request_of(
    channel: AlertChannel,
    delivery: Delivery,
    told: Sequence[AlertTrigger],
    *,
    secret: str,
    now: datetime,
) -> Request:
    """Return the request that carries a message over a channel other than mail."""
    if channel.kind == AlertChannel.Kind.WEBHOOK:
        return _webhook(channel, delivery, told, secret=secret, now=now)
    text = said(delivery, told).text
    if len(text) > LONGEST[channel.kind]:
        text = text[: LONGEST[channel.kind] - 1] + "…"
    if channel.kind == AlertChannel.Kind.TELEGRAM:
        url = f"https://api.telegram.org/bot{secret}/sendMessage"
        payload: dict[str, object] = {
            "chat_id": channel.address,
            "text": text,
            "link_preview_options": {"is_disabled": True},
        }
    elif channel.kind == AlertChannel.Kind.SLACK:
        # Its three characters of control; the rest it shows as it is.
        for plain, shown in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(plain, shown)
        url, payload = secret, {"text": text, "mrkdwn": False, "unfurl_links": False}
    else:
        url, payload = secret, {"content": text, "allowed_mentions": {"parse": []}}
    return Request(url, _json(payload), {"Content-Type": "application/json"})


def _webhook(
    channel: AlertChannel,
    delivery: Delivery,
    told: Sequence[AlertTrigger],
    *,
    secret: str,
    now: datetime,
) -> Request:
    kind = "test" if not told else "digest" if delivery.is_digest else "alert"
    body = _json(
        {
            "id": str(delivery.uid),
            "type": kind,
            "rule": delivery.rule.name if delivery.rule else None,
            "alerts": [
                {
                    "id": each.pk,
                    "kind": each.kind,
                    "key": each.key,
                    "at": each.at.isoformat(),
                    "title": each.title,
                    "text": each.text,
                    "link": settings.PUBLIC_URL + each.path,
                    "sport": each.competition or None,
                    "strategy": each.strategy or None,
                    "bookmaker": each.bookmaker or None,
                    "edge": each.edge,
                }
                for each in told
            ],
        }
    )
    return Request(
        channel.address,
        body,
        {
            "Content-Type": "application/json",
            # The same at every try, so that a receiver can tell a repeat.
            "Fairline-Id": str(delivery.uid),
            "Fairline-Event": kind,
            "Fairline-Signature": signature(secret, body, at=int(now.timestamp())),
        },
    )


def _values(told: AlertTrigger) -> dict[str, str]:
    return {
        "title": told.title,
        "text": told.text,
        "link": settings.PUBLIC_URL + told.path,
        "kind": told.kind,
        "at": f"{told.at:%Y-%m-%d %H:%M} UTC",
    }


def _json(payload: object) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
