"""Alerts, notices and the audit, as pages and as JSON."""

import json
from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts.alerts import delivering, keeping
from accounts.alerts.fanning import fan_out
from accounts.alerts.telling import tell
from accounts.domain.alerts import Fact, Kind
from accounts.models import AlertChannel, AlertHours, AlertRule, AuditEntry, Delivery
from accounts.outbound import Answered
from tests import make

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
API = "/api/v1/"


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    monkeypatch.setattr(keeping, "check_address", lambda url: None)
    monkeypatch.setattr(delivering, "post", lambda url, body, headers: Answered(500))


def add_channel(client, name="bot"):
    return client.post(
        "/alerts/channels/add/",
        {"kind": "webhook", "name": name, "address": "https://hooks.example.org/x"},
    )


def test_a_webhook_shows_its_key_once_and_a_rule_sends_over_it(alice, as_alice):
    added = add_channel(as_alice)
    channel = AlertChannel.objects.get()
    assert added.status_code == 201
    assert "whsec_" in added.content.decode()
    assert "no-store" in added.headers["Cache-Control"]
    assert "whsec_" not in as_alice.get("/alerts/").content.decode()

    said = {"name": "Money", "kind": "settlement", "once_minutes": 5, "channels": [channel.pk],
            "digest": "", "is_on": "on"}  # fmt: skip
    assert as_alice.post("/alerts/rules/add/", said).status_code == 302
    rule = AlertRule.objects.get()
    assert "settlement" in as_alice.get(f"/alerts/rules/{rule.pk}/").content.decode()
    changed = as_alice.post(f"/alerts/rules/{rule.pk}/", said | {"name": "Bets"})
    assert changed.status_code == 302
    entry = AuditEntry.objects.get(action="changed alert rule")
    assert (entry.before, entry.after) == ({"name": "Money"}, {"name": "Bets"})
    refused = as_alice.post("/alerts/rules/add/", said | {"name": "Bets", "template": "$tilte"})
    assert refused.status_code == 422
    assert "There is a rule" in refused.content.decode()


def test_a_rule_is_made_of_names_and_per_cent(alice, as_alice):
    quote = make.priced()
    league = quote.selection.market.event.competition
    page = as_alice.get("/alerts/rules/add/").content.decode()
    assert f'<option value="{league.key}">{league.title}</option>' in page
    assert f'<option value="{quote.bookmaker.key}">{quote.bookmaker.title}</option>' in page
    assert "---------" not in page

    said = {"name": "Good", "kind": "edge", "once_minutes": 5, "digest": "", "is_on": "on"}
    as_alice.post("/alerts/rules/add/", said | {"competition": league.key, "least_edge": "3.5"})
    rule = AlertRule.objects.get()
    assert (rule.competition, rule.least_edge) == (league.key, 0.035)
    told = as_alice.get("/alerts/").content.decode()
    assert f"· {league.title} · edge from +3.5\xa0%" in told
    assert 'value="3.5"' in as_alice.get(f"/alerts/rules/{rule.pk}/").content.decode()


def test_what_was_given_up_is_shown_and_sent_again(alice, as_alice):
    add_channel(as_alice)
    channel = AlertChannel.objects.get()
    as_alice.post(f"/alerts/channels/{channel.pk}/test/")
    Delivery.objects.update(status="dead", error="answered 503", tries=15)

    page = as_alice.get("/alerts/").content.decode()
    assert "answered 503" in page
    assert "Given up" in page
    as_alice.post(f"/alerts/messages/{Delivery.objects.get().pk}/again/")
    assert Delivery.objects.get().status == "waiting"


def test_quiet_hours_and_mutes_are_set_on_the_page(alice, as_alice):
    as_alice.post("/alerts/quiet-hours/", {"quiet_from": "22:00", "quiet_to": "07:00"})
    as_alice.post("/alerts/mute/", {"hours": "8"})
    hours = AlertHours.objects.get()
    assert (str(hours.quiet_from), hours.muted_until is not None) == ("22:00:00", True)
    half = as_alice.post("/alerts/quiet-hours/", {"quiet_from": "22:00"})
    assert half.status_code == 422
    assert "All muted until" in as_alice.get("/alerts/").content.decode()


def test_nobody_touches_the_alerts_of_another(alice, as_alice, bob):
    theirs = keeping.add_channel(
        owner_id=bob.pk, name="b", kind="webhook", address="https://x.example.org", token="",
        now=NOON,
    )  # fmt: skip
    rule = keeping.save_rule(
        owner_id=bob.pk, said={"name": "r", "kind": "edge"}, channel_ids=[theirs.channel.pk],
        now=NOON,
    )  # fmt: skip
    sent = keeping.send_test(owner_id=bob.pk, channel_id=theirs.channel.pk, now=NOON)
    for path in (
        f"channels/{theirs.channel.pk}/remove/",
        f"channels/{theirs.channel.pk}/key/",
        f"channels/{theirs.channel.pk}/test/",
        f"rules/{rule.pk}/remove/",
        f"messages/{sent.pk}/again/",
    ):
        assert as_alice.post(f"/alerts/{path}").status_code == 404
    assert as_alice.get(f"/alerts/rules/{rule.pk}/").status_code == 404
    # A channel of another's in one's own rule is left out.
    said = {"name": "Mine", "kind": "edge", "once_minutes": 5, "channels": [theirs.channel.pk],
            "digest": "", "is_on": "on"}  # fmt: skip
    assert as_alice.post("/alerts/rules/add/", said).status_code == 422


def test_notices_are_listed_until_read_and_after(alice, bob, as_alice):
    for person in (alice, bob):
        tell([Fact(Kind.CORRECTION, "k", f"for {person}", "x", "/bets/", NOON, owner_id=person.pk)])
    page = as_alice.get("/notices/?unread=1").content.decode()
    assert "for alice" in page
    assert "for bob" not in page
    # The bell on every page says how many there are.
    unread = '<span class="bell-count">1<'
    assert unread in as_alice.get("/methodology/").content.decode()
    as_alice.post("/notices/read/")
    assert "bell-count" not in as_alice.get("/methodology/").content.decode()
    assert "for alice" not in as_alice.get("/notices/?unread=1").content.decode()
    assert "for alice" in as_alice.get("/notices/").content.decode()


def send(client, path, body=None, key="k1", method="post"):
    return getattr(client, method)(
        API + path,
        json.dumps(body or {}),
        content_type="application/json",
        headers={"Idempotency-Key": key},
    )


def test_the_same_by_the_api(alice, as_alice):
    channel = {"name": "bot", "kind": "webhook", "address": "https://hooks.example.org/x"}
    assert send(as_alice, "alerts/channels", channel).status_code == 422
    made = send(as_alice, "alerts/channels", channel | {"token": "k" * 24})
    assert made.status_code == 201, made.json()
    assert "k" * 24 not in json.dumps(made.json())
    rule = {"name": "Edges", "kind": "edge", "channels": [made.json()["id"]], "least_edge": 0.03}
    added = send(as_alice, "alerts/rules", rule, "k2")
    assert added.status_code == 201, added.json()
    tell([Fact(Kind.EDGE, "q", "Edge", "x", "/events/1/", NOON, edge=0.05)])
    fan_out(now=NOON, not_nudged=())
    delivering.deliver_due(clock=lambda: NOON, not_nudged=(), for_seconds=9)

    (sent,) = as_alice.get(API + "alerts/deliveries").json()["results"]
    assert (sent["status"], sent["error"], sent["titles"]) == (
        "waiting", "answered 500", ["Edge"],
    )  # fmt: skip
    assert as_alice.get(API + "notices").json()["results"][0]["title"] == "Edge"
    pk = added.json()["id"]
    changed = send(as_alice, f"alerts/rules/{pk}", rule | {"name": "E"}, "k3", "put")
    assert changed.json()["name"] == "E"
    assert send(as_alice, "alerts/mute", {"hours": 4, "rule": pk}, "k4").status_code == 200
    assert (
        send(as_alice, "alerts/quiet-hours", {"begin": "22:00", "end": None}, "k5").status_code
        == 422
    )
    assert send(as_alice, f"alerts/deliveries/{sent['id']}/resend", {}, "k6").status_code == 404
    assert send(as_alice, f"alerts/rules/{pk}/remove", {}, "k7").json() == {"done": True}


def test_the_audit_is_searched_and_exported_by_operators_only(alice, as_alice, olivia):
    add_channel(as_alice, name="=HYPERLINK(1)")
    for path in ("/audit/", "/audit/export.csv", API + "audit"):
        assert as_alice.get(path).status_code == 403
    desk = Client()
    desk.force_login(olivia)

    page = desk.get("/audit/?actor=alice&action=added+alert+channel").content.decode()
    assert "1 entry" in page
    assert "Added alert channel" in page
    assert "127.0.0.1" in page
    assert "session " in page
    assert "No entry fits" in desk.get("/audit/?q=nothing+like+it").content.decode()
    csv = b"".join(desk.get("/audit/export.csv?actor=alice").streaming_content).decode()
    assert csv.startswith("number,at,written_at,actor,action,subject")
    exported = json.loads(b"".join(desk.get("/audit/export.json").streaming_content))
    assert exported[0]["action"] == "added alert channel"
    assert desk.get(API + "audit?actor=alice").json()["results"][0]["via"].startswith("session")
