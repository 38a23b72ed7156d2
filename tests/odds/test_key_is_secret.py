"""The key is in nothing we write: no row of any table, no log line, no error, no error report."""

import io
import json
import logging
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import sentry_sdk
import stamina
from django.apps import apps
from django.core import serializers
from sentry_sdk.transport import Transport as SentryTransport

from config.observability import start_error_reports
from odds.feeds import the_odds_api as api
from odds.services import FetchFailed, Wishes, fetch_event_odds, fetch_what_is_due
from tests.odds import payloads
from tests.odds.provider import Provider

KEY = "0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 1, 14, 22, 5, tzinfo=UTC)
NBA = "basketball_nba"


class Kept(SentryTransport):
    """Keeps what would be sent."""

    def __init__(self, options=None):
        super().__init__(options)
        self.sent = []

    def capture_envelope(self, envelope):
        body = io.BytesIO()
        envelope.serialize_into(body)
        self.sent.append(body.getvalue().decode())


@pytest.mark.django_db
def test_the_key_is_nowhere(caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    provider = Provider()
    spiteful = payloads.odds()
    spiteful[0]["request"] = f"/v4/sports?apiKey={KEY}"
    spiteful[0]["bookmakers"][0]["markets"][0]["outcomes"][0]["name"] = f"apiKey={KEY}"
    spiteful[0]["bookmakers"][0]["markets"][1]["outcomes"][0]["price"] = f"apiKey={KEY}"
    bad = [
        (payloads.refusal("INVALID_KEY", f"apiKey={KEY} is wrong"), 401),
        (payloads.refusal(f"NO_{KEY}", f"see ?apiKey={KEY}"), 422),
        (f"<html>apiKey={KEY}</html>".encode(), 200),
        (f"apiKey={KEY}".encode(), 500),
        ([{"id": f"apiKey={KEY}"}], 200),
        (payloads.refusal("INVALID_MARKET", f"Invalid markets: apiKey={KEY}"), 422),
    ]
    told = []
    sent = Kept()
    wishes = Wishes((NBA,), ("h2h",), ("us",), is_simulated=True)
    client = api.Client(provider.url, KEY)
    with stamina.set_testing(True, attempts=1), sentry_sdk.isolation_scope():
        monkeypatch.setattr(
            sentry_sdk,
            "init",
            partial(sentry_sdk.init, transport=sent, default_integrations=False),
        )
        start_error_reports(dsn="https://public@sentry.example.test/1", release="test")
        provider.says(spiteful)
        fetch_event_odds_or_none(client, told)
        for place, (body, status) in enumerate(bad):
            provider.says_now(body, status)
            now = NOW + timedelta(days=place + 1)
            try:
                fetch_what_is_due(now=now, client=client, wishes=wishes)
            except FetchFailed as failure:
                sentry_sdk.capture_exception(failure)
                logging.getLogger("odds").exception("failed")
                told += [str(failure), repr(failure), repr(failure.__cause__)]
        sentry_sdk.flush()
        sentry_sdk.get_client().close()
    assert provider.asked[-1][1]["apiKey"] == [KEY]
    provider.stop()
    client.close()

    rows = [
        serializers.serialize("json", model.objects.all())
        for app in ("odds", "accounts")
        for model in apps.get_app_config(app).get_models()
        if model._meta.pk.__class__.__name__ != "CompositePrimaryKey"
    ]
    # What was looked through is not nothing.
    assert any("BAD_PAYLOAD" in text for text in rows)
    assert len(sent.sent) >= 4
    everything = json.dumps([rows, told, sent.sent, caplog.text])
    assert "apiKey=***" in everything
    assert KEY not in everything


def fetch_event_odds_or_none(client, told):
    try:
        fetch_event_odds(
            competition_key=NBA,
            event_key=payloads.EVENT["id"],
            now=NOW,
            client=client,
            markets=["h2h"],
        )
    except FetchFailed as failure:
        told.append(str(failure))
