"""Bots speak: signed, once, for a while, and never further than a look and a probability."""

import json
import re
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import time_machine

from accounts import secrets
from accounts.domain.signing import signature
from accounts.models import AuditEntry, SignalSource
from accounts.secrets.rotating import relock_all
from betting.models import Opportunity, Signal
from betting.services import leaving
from betting.services.opportunities import refresh_opportunities
from tests import make
from tests.api.conftest import Api
from tests.api.test_access import assert_problem

REUSED = "idempotency-key-reused"
GUIDE = Path("docs/guides/signals.md")
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


@pytest.fixture
def noon():
    with time_machine.travel(make.NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def market(db):
    """Three books at evens, a fourth that pays more for home: its quote."""
    for book in ("one", "two", "three"):
        make.priced("1.910", book=book)
        make.priced("1.910", side="away", book=book)
    make.priced("1.700", side="away", book="four")
    return make.priced("2.050", book="four")


@pytest.fixture
def bot(api):
    """A source of Alice's with its secret."""
    answer = api.post("signals/sources", {"name": "Line watcher"})
    assert answer.status_code == 201
    return answer.json()


def send(api, bot, *, reference="r1", at=None, secret=None, proof=None, **changed):
    """Send a signal on the home side as the guide says, but for what is changed."""
    content = {
        "source": bot["key"], "event": "0", "market": "h2h", "side": "home", "probability": 0.6,
    } | changed  # fmt: skip
    body = json.dumps(content)
    seconds = int(make.NOON.timestamp()) if at is None else at
    signed = f"{reference}.{body}".encode()
    return api.post(
        "signals",
        body,
        Idempotency_Key=reference,
        Fairline_Signature=proof or signature(secret or bot["secret"], signed, at=seconds),
    )


def refused(answer, *, field="Idempotency-Key", kind="refused"):
    assert_problem(answer, 422, kind, field=field)


def event_of(quote):
    return str(quote.selection.market.event_id)


def found_of(bot, minutes=0):
    refresh_opportunities(now=make.NOON + timedelta(minutes=minutes))
    return Opportunity.objects.filter(strategy__source__key=bot["key"], status="open")


def test_a_signal_becomes_an_opportunity_of_its_own_source_by_the_path_of_all_others(
    api, bot, market, client, alice
):
    make.bankroll(alice)
    assert not found_of(bot).exists()

    answer = send(api, bot, event=event_of(market))

    assert answer.status_code == 201
    assert answer.json()["selection"] == market.selection_id
    each = found_of(bot).get(quote=market)
    assert (each.passes, each.model_probability) == ([], 0.6)
    # Half its log-odds, half the market's: not what the bot says.
    assert 0.5 < each.fair_probability < 0.56
    assert "The bot says 60.0%" in " ".join(each.reasons)
    assert each.stake_share > 0
    client.force_login(alice)
    page = client.get("/").content.decode()
    assert "Line watcher" in page
    assert "by the bot" in page
    assert "Line watcher" in client.get(f"/journal/{each.pk}/").content.decode()
    replayed = api.get(f"journal/{each.pk}/replay").json()
    assert replayed["differences"] == []
    assert AuditEntry.objects.filter(action="received signal", actor=alice).count() == 1


def test_what_the_bot_says_is_held_against_the_gates(api, bot, market):
    send(api, bot, event=event_of(market), probability=0.95)

    assert "more likely an error" in " ".join(found_of(bot).get(quote=market).passes)


def test_it_counts_from_when_we_heard_it_until_it_expires(api, bot, market):
    send(api, bot, event=event_of(market), minutes=10)

    assert not found_of(bot, minutes=-1).exists()
    assert found_of(bot, minutes=0).exists()
    assert not found_of(bot, minutes=10).exists()


def test_a_newer_one_takes_its_place(api, bot, market):
    send(api, bot, event=event_of(market))
    send(api, bot, event=event_of(market), reference="r2", probability=0.4)

    assert not found_of(bot).filter(quote=market, passes=[]).exists()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"secret": "sigsec_another"}, "Fairline-Signature"),
        ({"proof": "nonsense"}, "Fairline-Signature"),
        ({"at": int(make.NOON.timestamp()) - 301}, "Fairline-Signature"),
        ({"at": int(make.NOON.timestamp()) + 301}, "Fairline-Signature"),
        ({"source": "nobody"}, "source"),
    ],
)
def test_what_is_not_proven_is_refused_and_nothing_written(api, bot, market, changed, field):
    answer = send(api, bot, event=event_of(market), **changed)

    refused(answer, field=field)
    assert not Signal.objects.exists()


@pytest.mark.parametrize(
    "changed", [{"probability": 1}, {"probability": 0}, {"side": "left"}, {"minutes": 0}]
)
def test_what_cannot_be_meant_is_refused_by_its_field(api, bot, market, changed):
    answer = send(api, bot, event=event_of(market), **changed)

    assert answer.status_code in (400, 422)
    assert answer.json()["errors"][0]["field"] == next(iter(changed))
    assert not Signal.objects.exists()


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "text/plain"])
def test_what_is_no_json_is_refused_however_it_comes(client, alice, kind):
    client.force_login(alice)

    answer = client.generic("POST", "/api/v1/signals", b"--x\r\n", content_type=kind)

    assert answer.status_code in (400, 403, 415)


def test_a_body_changed_on_the_way_proves_nothing(api, bot, market):
    proof = signature(bot["secret"], b'r1.{"probability": 0.6}', at=int(make.NOON.timestamp()))

    refused(send(api, bot, event=event_of(market), proof=proof), field="Fairline-Signature")


def test_the_senders_id_is_signed_so_nothing_is_heard_twice(api, bot, market):
    first = send(api, bot, event=event_of(market))
    assert send(api, bot, event=event_of(market)).content == first.content
    body = first.wsgi_request.body.decode()
    proof = signature(bot["secret"], f"r1.{body}".encode(), at=int(make.NOON.timestamp()))

    again = send(api, bot, event=event_of(market), reference="r2", proof=proof)

    refused(again, field="Fairline-Signature")
    refused(
        send(api, bot, event=event_of(market), probability=0.7),
        field="Idempotency-Key",
        kind="idempotency-key-reused",
    )
    assert Signal.objects.count() == 1


def test_another_persons_key_opens_no_source_of_mine(stranger, bot, market):
    refused(send(stranger, bot, event=event_of(market)), field="source")


def test_a_key_without_the_scope_is_turned_away(reader, bot, market):
    assert send(reader, bot, event=event_of(market)).status_code == 403


@pytest.mark.parametrize(
    "changed", [{"event": "99999999"}, {"event": "gone"}, {"side": "draw"}, {"point": "-5.50"}]
)
def test_what_names_nothing_we_know_is_put_aside_with_why(api, bot, market, client, alice, changed):
    answer = send(api, bot, **({"event": event_of(market)} | changed))

    assert answer.status_code == 201
    assert answer.json()["selection"] is None
    assert answer.json()["problem"].startswith(("event: ", "selection: "))
    assert len(api.get("signals", put_aside="true").json()["results"]) == 1
    assert not found_of(bot).exists()
    client.force_login(alice)
    assert "Put aside" in client.get("/signals/").content.decode()


def test_the_key_that_a_feed_has_for_an_event_will_do(api, bot, market):
    market.selection.market.event.references.create(source="the_odds_api", key="e912304de2b2ce35")

    answer = send(api, bot, event="e912304de2b2ce35")

    assert answer.json()["selection"] == market.selection_id


def test_an_event_that_has_begun_is_refused(api, bot, market, noon):
    noon.move_to(make.NIGHT)

    answer = send(api, bot, event=event_of(market), at=int(make.NIGHT.timestamp()))

    refused(answer, field="event")


def test_a_new_secret_takes_the_old_ones_place(api, bot, market):
    renewed = api.post(f"signals/sources/{bot['key']}/rotate", {}).json()

    refused(send(api, bot, event=event_of(market)), field="Fairline-Signature")
    assert send(api, renewed, event=event_of(market)).status_code == 201


def test_a_revoked_source_is_heard_no_more_and_what_it_found_ends(api, bot, market, client, alice):
    send(api, bot, event=event_of(market))
    assert found_of(bot).exists()
    client.force_login(alice)

    assert client.post(f"/signals/{bot['key']}/revoke/").status_code == 302

    assert not found_of(bot).exists()
    refused(send(api, bot, event=event_of(market), reference="r2"), field="source")
    assert SignalSource.objects.get().secret == ""
    assert "Revoked" in client.get("/signals/").content.decode()


def test_the_page_makes_a_source_and_shows_its_secret_this_once(client, alice, bob):
    client.force_login(alice)
    assert client.post("/signals/make/", {"name": " "}).status_code == 422
    made = client.post("/signals/make/", {"name": "Line watcher"})
    secret = re.search(r"sigsec_[\w-]+", made.content.decode())[0]
    source = SignalSource.objects.get()

    assert (made.status_code, made["Cache-Control"]) == (201, "no-store")
    assert secrets.decrypt(source.secret) == secret
    assert secret not in client.get("/signals/").content.decode()
    assert secret not in json.dumps(list(AuditEntry.objects.values("detail", "subject")))
    client.force_login(bob)
    assert "Line watcher" not in client.get("/signals/").content.decode()
    assert client.post(f"/signals/{source.key}/revoke/").status_code == 404


def test_ten_sources_are_enough(api):
    for number in range(10):
        assert api.post("signals/sources", {"name": f"Bot {number}"}).status_code == 201

    refused(api.post("signals/sources", {"name": "One more"}), field="name")


def test_a_backtest_of_it_is_refused_in_words(olivia):
    operator = Api(make.full_key(olivia)[1])
    made = operator.post("signals/sources", {"name": "Line watcher"}).json()

    answer = operator.post(
        "backtests",
        {
            "strategy": made["strategy"], "competition": "basketball_test",
            "starts_on": "2026-01-01", "ends_on": "2026-01-31",
        },
    )  # fmt: skip

    refused(answer, field="strategy")
    assert "nothing was said of days that are past" in answer.json()["errors"][0]["detail"]


def test_who_leaves_is_not_heard(api, bot, alice):
    alice.closing_at = make.NOON
    alice.save()
    leaving.close_due_accounts(now=make.NOON)

    assert SignalSource.objects.get().revoked_at is not None


def test_keys_of_secrets_are_rotated_under_a_source(api, bot, market, settings):
    settings.SECRETS_KEYS = [secrets.key_from("new"), *settings.SECRETS_KEYS]
    from_old = SignalSource.objects.get().secret
    relock_all()
    settings.SECRETS_KEYS = settings.SECRETS_KEYS[:1]

    assert SignalSource.objects.get().secret != from_old
    assert send(api, bot, event=event_of(market)).status_code == 201


def test_the_guides_ten_lines_send_a_signal(api, bot, market, client, monkeypatch):
    """Its own code, with the wire between urllib and us left out."""

    def wire(asked):
        answer = client.post(
            urlsplit(asked.full_url).path,
            asked.data,
            content_type="application/json",
            headers=dict(asked.header_items()),
        )
        assert answer.status_code == 201, answer.content
        return BytesIO(answer.content)

    space: dict[str, object] = {}
    exec(re.search(r"```python\n(.*?)```", GUIDE.read_text(), re.S)[1], space)  # noqa: S102 ours
    monkeypatch.setattr("urllib.request.urlopen", wire)

    said = space["send"](
        "https://fairline.example",
        api.headers["X-Api-Key"],
        bot["secret"],
        {
            "source": bot["key"], "event": event_of(market), "market": "h2h", "side": "home",
            "probability": 0.58, "minutes": 60,
        },
    )  # fmt: skip

    assert said["selection"] == market.selection_id
