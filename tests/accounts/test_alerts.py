"""Whoever asked is told once, over the channels they chose, when they may be; nothing is lost."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from accounts.alerts import delivering, keeping
from accounts.alerts.delivering import deliver_due
from accounts.alerts.fanning import fan_out
from accounts.alerts.telling import prune_notices, tell
from accounts.domain.alerts import Fact, Kind
from accounts.domain.signing import signature
from accounts.models import AlertChannel, AlertTrigger, AuditEntry, Delivery, Notification, User
from accounts.outbound import Answered, NotReached

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOOK = "https://hooks.example.org/fairline"


def fact(number: int = 1, kind: Kind = Kind.EDGE, **more) -> Fact:
    return Fact(
        kind=kind,
        key=f"quote {number}",
        title=f"Edge {number}",
        text="Bruins at 2.50, fair 2.40",
        path=f"/events/{number}/",
        at=NOON,
        **({"competition": "nhl", "strategy": "value", "bookmaker": "acme", "edge": 0.04} | more),
    )


class Receiver:
    """Stands where the network would be; notes what arrives and answers as told."""

    def __init__(self) -> None:
        self.answers: list[object] = []
        self.requests: list[tuple[str, dict, dict]] = []

    def post(self, url, *, body, headers):
        answer = self.answers.pop(0) if self.answers else Answered(200)
        if isinstance(answer, Exception):
            raise answer
        self.requests.append((url, json.loads(body), headers))
        return answer


@pytest.fixture
def receiver(monkeypatch) -> Receiver:
    made = Receiver()
    monkeypatch.setattr(delivering, "post", made.post)
    monkeypatch.setattr(keeping, "check_address", lambda url: None)
    return made


@pytest.fixture
def hook(alice, receiver):
    return keeping.add_channel(
        owner_id=alice.pk, name="bot", kind="webhook", address=HOOK, token="", now=NOON
    )


def rule(owner, channels, **said):
    return keeping.save_rule(
        owner_id=owner.pk,
        said={"name": "edges", "kind": "edge", "once_minutes": 60} | said,
        channel_ids=[channel.pk for channel in channels],
        now=NOON,
    )


def go(now=NOON, *, excluded=()):
    fan_out(now=now, not_nudged=excluded)
    return deliver_due(clock=lambda: now, not_nudged=excluded, for_seconds=60)


def test_who_asked_is_told_once_with_a_link_and_a_signature(alice, bob, hook, receiver):
    rule(alice, [hook.channel], least_edge=0.03, competition="nhl")
    tell([fact(1), fact(2, edge=0.01), fact(3, competition="nba")])
    go()
    go()

    ((url, body, headers),) = receiver.requests
    (alert,) = body["alerts"]
    assert (url, body["type"], body["rule"], alert["title"]) == (HOOK, "alert", "edges", "Edge 1")
    assert alert["link"] == "http://localhost:8000/events/1/"
    at, proof = (part.partition("=")[2] for part in headers["Fairline-Signature"].split(","))
    sent = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    assert signature(hook.signing_key, sent, at=int(at)) == f"t={at},v1={proof}"
    assert headers["Fairline-Id"] == body["id"] == str(Delivery.objects.get().uid)
    assert Notification.objects.get().owner == alice


def test_what_nobody_asked_for_is_not_written(alice, hook):
    assert tell([fact(kind=Kind.ARBITRAGE)]) == 0
    rule(alice, [hook.channel], is_on=False)
    assert tell([fact()]) == 0


def test_a_fact_is_undone_with_what_made_it(alice, hook):
    rule(alice, [hook.channel])
    with transaction.atomic():
        assert tell([fact()]) == 1
        transaction.set_rollback(True)
    assert not AlertTrigger.objects.exists()


def test_the_same_thing_is_told_once_a_window(alice, hook, receiver):
    rule(alice, [hook.channel])
    for minutes in (0, 30, 61):
        tell([fact(1), fact(1)])
        go(NOON + timedelta(minutes=minutes))
    assert len(receiver.requests) == 2


def test_a_persons_own_facts_go_to_nobody_else(alice, bob, receiver):
    for person in (alice, bob):
        made = keeping.add_channel(
            owner_id=person.pk, name="bot", kind="webhook", address=HOOK, token="", now=NOON
        )
        rule(person, [made.channel], kind="settlement")
    tell([fact(kind=Kind.SETTLEMENT, owner_id=bob.pk)])
    go()
    assert [notice.owner for notice in Notification.objects.all()] == [bob]
    assert len(receiver.requests) == 1


def test_corrections_are_noted_at_once_without_a_rule(alice):
    tell([fact(kind=Kind.CORRECTION, owner_id=alice.pk)])
    assert Notification.objects.get().owner == alice
    go()
    assert Notification.objects.count() == 1


def test_quiet_hours_wait_for_their_end_and_muted_alerts_are_only_noted(alice, hook, receiver):
    edges = rule(alice, [hook.channel])
    alice.time_zone = "America/New_York"
    alice.save()
    keeping.set_quiet_hours(owner_id=alice.pk, begin=time(22), end=time(8), now=NOON)
    tell([fact(1)])
    go(NOON)
    assert receiver.requests == []
    go(NOON + timedelta(hours=1))
    assert len(receiver.requests) == 1

    later = NOON + timedelta(hours=2)
    for mute in ({"rule_id": edges.pk}, {}):
        keeping.mute(owner_id=alice.pk, hours=5, now=later, **mute)
        tell([fact(2 + len(mute))])
        go(later)
        keeping.mute(owner_id=alice.pk, hours=0, now=later, **mute)
    assert (len(receiver.requests), Notification.objects.count()) == (1, 3)


def test_a_digest_is_one_message_at_its_hour(alice, hook, receiver):
    rule(alice, [hook.channel], digest="hourly", template="$title!")
    for minutes in (1, 30, 59):
        tell([fact(minutes)])
        go(NOON + timedelta(minutes=minutes))
    assert receiver.requests == []
    go(NOON + timedelta(hours=1))
    go(NOON + timedelta(hours=2))
    ((_, body, _),) = receiver.requests
    assert (body["type"], len(body["alerts"])) == ("digest", 3)


@pytest.mark.parametrize("when", ["before", "after"])
def test_who_excluded_themselves_gets_no_invitation_to_bet(alice, hook, receiver, when):
    rule(alice, [hook.channel])
    rule(alice, [hook.channel], name="money", kind="settlement")
    tell([fact(), fact(2, Kind.SETTLEMENT, owner_id=alice.pk)])
    if when == "after":
        # It was on its way before the exclusion.
        fan_out(now=NOON, not_nudged=())
    go(excluded={alice.pk})
    assert [body["alerts"][0]["kind"] for _, body, _ in receiver.requests] == ["settlement"]


def test_a_failing_receiver_is_tried_again_later_with_the_same_id(alice, hook, receiver):
    rule(alice, [hook.channel])
    tell([fact()])
    receiver.answers = [NotReached("ReadTimeout"), Answered(500), Answered(204)]
    now, ids = NOON, []
    for _ in range(3):
        go(now)
        waiting = Delivery.objects.get()
        ids.append(str(waiting.uid))
        # Nothing more is tried before its time.
        go(now)
        now = max(now, waiting.due_at) + timedelta(seconds=1)
    assert (waiting.status, waiting.tries, waiting.error) == ("sent", 3, "")
    assert len(set(ids)) == 1
    assert AlertChannel.objects.get().failures == 0


def test_what_is_never_taken_is_given_up_and_can_be_sent_again(alice, bob, hook, receiver):
    rule(alice, [hook.channel])
    tell([fact()])
    receiver.answers = [Answered(503)] * 15
    now = NOON
    for _ in range(16):
        go(now)
        now += timedelta(hours=1, seconds=1)
    dead = Delivery.objects.get()
    assert (dead.status, dead.tries, dead.error) == ("dead", 15, "answered 503")

    with pytest.raises(keeping.NoSuchThing):
        keeping.send_again(owner_id=bob.pk, delivery_id=dead.pk, now=now)
    keeping.send_again(owner_id=alice.pk, delivery_id=dead.pk, now=now)
    go(now)
    assert receiver.requests[-1][2]["Fairline-Id"] == str(dead.uid)
    assert Delivery.objects.get().status == "sent"


def test_notices_go_long_after_they_were_read_and_unread_ones_stay(alice, hook, receiver):
    rule(alice, [hook.channel])
    tell([fact(1), fact(2), fact(3)])
    go()
    read, unread, waits = Notification.objects.order_by("pk")
    keeping.read_notices(owner_id=alice.pk, notice_id=read.pk, now=NOON)
    keeping.read_notices(owner_id=alice.pk, notice_id=waits.pk, now=NOON)
    waits.deliveries.update(status="dead")
    after = NOON + timedelta(days=90)

    assert prune_notices(now=after, days=90) == 0, "not yet"
    assert prune_notices(now=after + timedelta(days=1), days=0) == 0
    assert prune_notices(now=after + timedelta(days=1), days=90) == 1

    assert set(Notification.objects.all()) == {unread, waits}
    assert Delivery.objects.get() == waits.deliveries.get()


def test_a_receiver_that_is_gone_is_not_tried_again(alice, hook, receiver):
    rule(alice, [hook.channel])
    tell([fact()])
    receiver.answers = [Answered(410)]
    go()
    assert Delivery.objects.get().status == "dead"


def test_a_bad_fact_does_not_keep_the_others_waiting(alice, hook, receiver):
    rule(alice, [hook.channel])
    tell([fact(1), fact(2)])
    AlertTrigger.objects.filter(title="Edge 1").update(kind="edge", path="/")
    # The first cannot be noted: a trigger of its own in the database says no.
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE accounts_notification ADD CONSTRAINT spoilt CHECK (key <> 'quote 1')"
        )
    go()
    assert len(receiver.requests) == 1
    assert AlertTrigger.objects.get(key="quote 1").error.startswith("IntegrityError")


def test_each_service_is_sent_what_it_takes(alice, receiver, mailoutbox):
    alice.email = "alice@example.org"
    alice.save()
    slack = "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
    discord = f"https://discord.com/api/webhooks/123456789012345678/{'x' * 60}"
    token = f"123456789:{'A' * 35}"
    channels = [
        keeping.add_channel(
            owner_id=alice.pk, name=kind, kind=kind, address=address, token=secret, now=NOON
        ).channel
        for kind, address, secret in (
            ("mail", "", ""),
            ("slack", "", slack),
            ("discord", "", discord),
            ("telegram", "-1001234567890", token),
        )
    ]
    rule(alice, channels, template="<b> @everyone $title $text $link")
    tell([fact()])
    assert go().sent == 4

    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == (["alice@example.org"], "[Fairline] Edge 1")
    said = {url: body for url, body, _ in receiver.requests}
    assert said[slack]["text"].startswith("&lt;b&gt; @everyone Edge 1")
    assert said[discord]["allowed_mentions"] == {"parse": []}
    telegram = said[f"https://api.telegram.org/bot{token}/sendMessage"]
    assert telegram["chat_id"] == "-1001234567890"
    # Nothing secret lies open: not in the database, not in the audit.
    kept = json.dumps([*AuditEntry.objects.values_list("detail", "before", "after")])
    kept += json.dumps([*AlertChannel.objects.values_list("secret", "address")])
    assert all(secret not in kept for secret in (slack, discord, token))


@pytest.mark.parametrize(
    ("kind", "address", "token", "field"),
    [
        ("mail", "", "", "kind"),
        ("slack", "", "https://hooks.slack.com.evil.org/services/T0/B0/XXXXXXXXXXXXXXX", "token"),
        ("slack", "", "https://hooks.slack.com/services/../../x?y=aaaaaaaaaaaaaaa", "token"),
        ("discord", "", "https://discord.com@127.0.0.1/api/webhooks/1/x", "token"),
        ("telegram", "1", "1:a/../../x", "token"),
        ("telegram", "../x", f"123456789:{'A' * 35}", "address"),
        ("webhook", "https://127.0.0.1/", "", "address"),
        ("webhook", "http://hooks.example.org/", "", "address"),
    ],
)
def test_a_channel_that_aims_elsewhere_is_refused(alice, kind, address, token, field):
    User.objects.update(email="")
    with pytest.raises(ValidationError) as refused:
        keeping.add_channel(
            owner_id=alice.pk, name="x", kind=kind, address=address, token=token, now=NOON
        )
    assert list(refused.value.message_dict) == [field]
    assert not AlertChannel.objects.exists()


def test_a_template_names_what_there_is(alice, hook):
    with pytest.raises(ValidationError, match=r"\$titel means nothing here"):
        rule(alice, [hook.channel], template="$titel")


@pytest.mark.django_db(transaction=True)
def test_a_thousand_facts_reach_a_receiver_that_fails_and_workers_that_die(alice, receiver):
    """The bench does it with processes and a socket; here with threads, in little."""
    count = 60
    hook = keeping.add_channel(
        owner_id=alice.pk, name="bot", kind="webhook", address=HOOK, token="", now=NOON
    )
    rule(alice, [hook.channel], once_minutes=0)
    tell([fact(number) for number in range(count)])
    receiver.answers = [NotReached("ConnectError")] * 4 + [Answered(500)] * 4
    start = timezone.now()
    killed = iter([True, True, True])

    def worker(now):
        try:
            fan_out(now=now, not_nudged=())
            if next(killed, False):
                # It dies between the claim and the sending: the lease ends, another takes it.
                delivering._claim(now, ())
                return
            deliver_due(clock=lambda: now, not_nudged=(), for_seconds=60, limit=12)
        finally:
            connection.close()

    for hours in range(24):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(worker, [start + timedelta(hours=hours, seconds=hours)] * 4))
        if not Delivery.objects.exclude(status="sent").exists():
            break

    seen = [body["alerts"][0]["key"] for _, body, _ in receiver.requests if _]
    taken = [body["id"] for _, body, _ in receiver.requests]
    assert Delivery.objects.filter(status="sent").count() == count
    assert set(seen) == {f"quote {number}" for number in range(count)}
    # Those answered 500 arrived too: the same id says so.
    assert len(set(taken)) == count
