"""The provider's answers looked at closer than its contract (test_contract.py), and its wire."""

import gzip
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from odds.simulator.clock import ManualClock
from odds.simulator.league import SPORT_KEY
from odds.simulator.protocol import Account, Answer
from odds.simulator.server import serve
from tests.odds.simulator.door import LEAGUE, NOON, Door, Remembering


@pytest.fixture
def door():
    clock = ManualClock(NOON)
    with serve(LEAGUE, clock=clock, accounts=[Account("key", credits=10_000)]) as server:
        yield Door(server, clock)


@pytest.fixture
def event(door):
    """The first that has not started."""
    events = door.get(f"/v4/sports/{SPORT_KEY}/events").json
    return next(e for e in events if e["commence_time"] > "2026-01-15T12:03:00Z")


# --- shapes


def test_odds_have_the_vendors_shape(door):
    entry = door.odds(markets="h2h,spreads,totals").json[3]
    assert list(entry) == [
        "id",
        "sport_key",
        "sport_title",
        "commence_time",
        "home_team",
        "away_team",
        "bookmakers",
    ]
    book = next(b for b in entry["bookmakers"] if b["key"] == "sim_sharp")
    assert list(book) == ["key", "title", "last_update", "markets"]
    by_key = {market["key"]: market for market in book["markets"]}
    assert list(by_key) == ["h2h", "spreads", "totals"]
    assert all(market["last_update"].endswith("Z") for market in by_key.values())
    assert "point" not in by_key["h2h"]["outcomes"][0]
    home, away = by_key["spreads"]["outcomes"]
    assert home["point"] == -away["point"]
    assert [o["name"] for o in by_key["totals"]["outcomes"]] == ["Over", "Under"]


def test_event_odds_are_one_object_and_without_inventory_an_empty_one(door, event):
    path = f"/v4/sports/{SPORT_KEY}/events/{event['id']}/odds"
    body = door.get(path, regions="us", markets="h2h,totals").json
    assert body["id"] == event["id"]
    assert list(body["bookmakers"][0]) == ["key", "title", "markets"]
    empty = door.get(path, regions="us", markets="player_assists")
    assert (empty.status, empty.json["bookmakers"]) == (200, [])


def test_what_is_asked_for_besides_is_there_though_no_invented_book_has_it(door, event):
    path = f"/v4/sports/{SPORT_KEY}/events/{event['id']}/odds"
    extras = ("Links", "Sids", "BetLimits", "Multipliers", "RotationNumbers")
    body = door.get(path, regions="us", **{f"include{each}": "true" for each in extras}).json
    book = body["bookmakers"][0]
    market = book["markets"][0]
    for holder in (book, market, market["outcomes"][0]):
        assert {"link", "sid"} <= holder.keys()
    assert {"bet_limit", "multiplier"} <= market["outcomes"][0].keys()
    assert {"home_rotation", "away_rotation"} <= body.keys()


def test_a_winner_has_outrights_unless_told_otherwise():
    class Winner(Remembering):
        def sports(self):
            return [replace(each, has_outrights=True) for each in super().sports()]

    with serve(Winner(1), clock=ManualClock(NOON), key="key") as server:
        door = Door(server, None)
        assert door.odds().status == 200
        refused = door.odds(markets="h2h")
    assert (refused.status, refused.code) == (422, "INVALID_MARKET_COMBO")


def test_commence_filters_and_event_ids(door):
    events = door.get(f"/v4/sports/{SPORT_KEY}/events").json
    middle = events[5]["commence_time"]
    later = door.odds(commenceTimeFrom=middle).json
    assert [e["id"] for e in later] == [e["id"] for e in events[5:]]
    window = door.odds(commenceTimeFrom=middle, commenceTimeTo=middle).json
    assert [e["id"] for e in window] == [events[5]["id"]]
    asked = f"{events[2]['id']},{events[7]['id']}"
    assert [e["id"] for e in door.odds(eventIds=asked).json] == [events[2]["id"], events[7]["id"]]


def test_upcoming_is_what_is_live_and_the_next_eight(door):
    entries = door.get("/v4/sports/upcoming/odds", regions="us").json
    assert sum(e["commence_time"] > "2026-01-15T12:03:00Z" for e in entries) == 8


def test_history_tells_what_the_live_odds_told(door):
    moment = datetime(2026, 1, 15, 12, 10, 38, tzinfo=UTC)
    door.clock.move_to(moment)
    live = door.odds().json
    door.clock.move_to(moment + timedelta(hours=6))
    past = door.get(
        f"/v4/historical/sports/{SPORT_KEY}/odds",
        regions="us,eu",
        date="2026-01-15T12:12:00Z",
    ).json
    assert past["data"] == live


# --- the wire


def test_answers_are_compressed_on_request_and_the_same_bytes_each_time(door):
    plain = door.odds()
    packed = door.odds(headers={"Accept-Encoding": "gzip"})
    again = door.odds(headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.body == again.body
    assert len(packed.body) < len(plain.body) / 4


def test_many_callers_at_once_are_all_charged(door):
    threads = [threading.Thread(target=door.odds) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert door.get("/v4/sports").headers["x-requests-used"] == "24"


def test_a_response_can_be_disturbed_on_its_way_out():
    def page(path, params, respond):
        return Answer(502, None, {"Content-Type": "text/html"}, raw=b"<html>Bad gateway</html>")

    with serve(LEAGUE, clock=ManualClock(NOON), key="key", disturb=page) as server:
        reply = Door(server, None).get("/v4/sports")
    assert (reply.status, reply.body) == (502, b"<html>Bad gateway</html>")


def test_a_clock_does_not_go_back():
    clock = ManualClock(NOON)
    with pytest.raises(ValueError, match="cannot go back"):
        clock.move_to(NOON - timedelta(seconds=1))
