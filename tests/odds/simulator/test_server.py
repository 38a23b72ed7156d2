import gzip
import threading
from datetime import UTC, datetime, timedelta

import pytest

from odds.simulator.clock import ManualClock
from odds.simulator.league import SPORT_KEY, SimulatedLeague
from odds.simulator.protocol import Account, Answer
from odds.simulator.server import serve
from tests.odds.simulator.door import LEAGUE, NOON, Door


@pytest.fixture
def door():
    clock = ManualClock(NOON)
    accounts = [
        Account("key", credits=10_000),
        Account("free", credits=500, has_history=False),
        Account("poor", credits=4),
        Account("dead", is_active=False),
    ]
    with serve(LEAGUE, clock=clock, accounts=accounts) as server:
        yield Door(server, clock)


@pytest.fixture
def event(door):
    """The first that has not started."""
    events = door.get(f"/v4/sports/{SPORT_KEY}/events").json
    return next(e for e in events if e["commence_time"] > "2026-01-15T12:03:00Z")


# --- both slash forms, authentication


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/v4/sports", {}),
        (f"/v4/sports/{SPORT_KEY}/events", {}),
        (f"/v4/sports/{SPORT_KEY}/odds", {"regions": "us"}),
        ("/v4/sports/upcoming/odds", {"regions": "us"}),
        (f"/v4/sports/{SPORT_KEY}/scores", {}),
        (f"/v4/sports/{SPORT_KEY}/events/EVENT/odds", {"regions": "us"}),
        (f"/v4/sports/{SPORT_KEY}/events/EVENT/markets", {"regions": "us"}),
        (f"/v4/sports/{SPORT_KEY}/participants", {}),
        (f"/v4/historical/sports/{SPORT_KEY}/odds", {"regions": "us", "date": "PAST"}),
        (f"/v4/historical/sports/{SPORT_KEY}/events", {"date": "PAST"}),
        (
            f"/v4/historical/sports/{SPORT_KEY}/events/EVENT/odds",
            {"regions": "us", "date": "PAST"},
        ),
    ],
)
def test_every_endpoint_answers_in_both_slash_forms(door, event, path, params):
    path = path.replace("EVENT", event["id"])
    params = {k: v.replace("PAST", "2026-01-15T11:00:00Z") for k, v in params.items()}
    plain, slashed = door.get(path, **params), door.get(path + "/", **params)
    assert (plain.status, slashed.status) == (200, 200)
    assert plain.body == slashed.body
    assert plain.json
    assert {"x-requests-remaining", "x-requests-used", "x-requests-last"} <= plain.headers.keys()


def test_the_key_counts_in_the_query_only(door):
    missing = door.raw("/v4/sports", {"Authorization": "Bearer key", "x-api-key": "key"})
    assert (missing.status, missing.code) == (401, "MISSING_KEY")
    assert missing.json["message"] == "API key is missing"
    wrong = door.get("/v4/sports", apiKey="nobody")
    assert (wrong.status, wrong.code) == (401, "INVALID_KEY")
    assert wrong.json["details_url"].endswith("#invalid-key")
    assert (door.get("/v4/sports", apiKey="dead").code, wrong.cost) == ("DEACTIVATED_KEY", 0)


# --- cost


@pytest.mark.parametrize(
    ("params", "cost"),
    [
        ({"regions": "us"}, 1),
        ({"regions": "us,eu", "markets": "h2h,spreads,totals"}, 6),
        ({"bookmakers": "sim_sharp", "markets": "h2h,spreads"}, 2),
        ({"regions": "us,eu,uk", "bookmakers": "sim_sharp,sim_copper"}, 1),
        ({"regions": "us", "eventIds": "0" * 32}, 0),
        ({"regions": "mars"}, 0),
    ],
)
def test_odds_cost_markets_times_regions_and_nothing_where_empty(door, params, cost):
    params = {"regions": None} | params
    before = door.get("/v4/sports").headers["x-requests-used"]
    reply = door.odds(**params)
    assert reply.cost == cost
    assert int(reply.headers["x-requests-used"]) == int(before) + cost
    assert int(reply.headers["x-requests-remaining"]) == 10_000 - int(before) - cost


def test_ten_bookmakers_begun_are_one_region():
    books = ",".join(sorted(LEAGUE.book_keys()))
    assert books.count(",") == 8

    class Many(SimulatedLeague):
        def book_keys(self):
            return frozenset(f"book_{n}" for n in range(30))

    with serve(Many(1), clock=ManualClock(NOON), key="key") as server:
        door = Door(server, None)
        for count, cost in ((1, 1), (10, 1), (11, 2), (20, 2), (21, 3)):
            asked = ",".join(f"book_{n}" for n in range(count))
            assert door.odds(regions=None, bookmakers=asked).cost == cost


def test_the_other_endpoints_cost_what_the_guide_says(door, event):
    sport = f"/v4/sports/{SPORT_KEY}"
    past = f"/v4/historical/sports/{SPORT_KEY}"
    date = "2026-01-15T11:00:00Z"
    one = f"{sport}/events/{event['id']}"
    assert door.get("/v4/sports").cost == 0
    assert door.get(f"{sport}/events").cost == 0
    assert door.get(f"{sport}/scores").cost == 1
    assert door.get(f"{sport}/scores", daysFrom=3).cost == 2
    assert door.get(f"{sport}/participants").cost == 1
    assert door.get(f"{one}/markets", regions="us").cost == 1
    # Event odds cost the markets returned, not those asked for.
    assert door.get(f"{one}/odds", regions="us", markets="h2h,player_assists").cost == 1
    assert door.get(f"{one}/odds", regions="us", markets="player_assists").cost == 0
    assert door.get(f"{past}/odds", regions="us,eu", markets="h2h,totals", date=date).cost == 40
    assert door.get(f"{past}/events", date=date).cost == 1
    assert door.get(f"{past}/events", date=date, eventIds="0" * 32).cost == 0
    assert (
        door.get(f"{past}/events/{event['id']}/odds", regions="eu", markets="h2h", date=date).cost
        == 10
    )


def test_a_quota_ends_mid_sweep_and_comes_back_with_the_month(door):
    first = door.odds(apiKey="poor", markets="h2h,spreads,totals")
    assert (first.status, first.headers["x-requests-remaining"]) == (200, "-2")
    second = door.odds(apiKey="poor")
    assert (second.status, second.code) == (401, "OUT_OF_USAGE_CREDITS")
    assert (second.cost, second.headers["x-requests-remaining"]) == (0, "-2")
    assert door.get("/v4/sports", apiKey="poor").status == 200

    door.clock.move_to(datetime(2026, 2, 1, 0, 1, tzinfo=UTC))
    assert door.odds(apiKey="poor", regions="us").headers["x-requests-remaining"] == "3"


def test_requests_that_come_too_fast_are_held_off():
    with serve(LEAGUE, clock=ManualClock(NOON), key="key", requests_per_second=3) as server:
        door = Door(server, None)
        replies = [door.get("/v4/sports") for _ in range(12)]
        held = [reply for reply in replies if reply.status == 429]
        assert held
        assert {reply.code for reply in held} == {"EXCEEDED_FREQ_LIMIT"}


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


def test_bookmakers_win_over_regions(door):
    reply = door.odds(regions="us", bookmakers="sim_sharp,sim_northgate")
    keys = {book["key"] for entry in reply.json for book in entry["bookmakers"]}
    assert keys == {"sim_sharp", "sim_northgate"}
    in_region = door.odds(regions="us")
    keys = {book["key"] for entry in in_region.json for book in entry["bookmakers"]}
    assert keys == {"sim_harbor", "sim_lantern", "sim_union", "sim_prairie", "sim_copper"}


def test_an_exchange_adds_its_lay_prices_unasked(door):
    for params, expected in (
        ({"markets": "h2h"}, ["h2h", "h2h_lay"]),
        ({"markets": "spreads"}, ["spreads"]),
    ):
        entry = door.odds(regions=None, bookmakers="sim_exchange", **params).json[3]
        assert [m["key"] for m in entry["bookmakers"][0]["markets"]] == expected
    entry = door.odds(regions=None, bookmakers="sim_exchange").json[3]
    back, lay = entry["bookmakers"][0]["markets"]
    assert all(
        b["price"] < x["price"] for b, x in zip(back["outcomes"], lay["outcomes"], strict=True)
    )


def test_american_odds_and_unix_times(door):
    plain = door.odds(regions=None, bookmakers="sim_harbor").json[3]
    other = door.odds(
        regions=None, bookmakers="sim_harbor", oddsFormat="american", dateFormat="unix"
    ).json[3]
    moment = datetime.fromisoformat(plain["commence_time"])
    assert other["commence_time"] == int(moment.timestamp())
    assert isinstance(other["bookmakers"][0]["markets"][0]["last_update"], int)
    for a, b in zip(
        plain["bookmakers"][0]["markets"][0]["outcomes"],
        other["bookmakers"][0]["markets"][0]["outcomes"],
        strict=True,
    ):
        price, american = a["price"], b["price"]
        back = 1 + american / 100 if american > 0 else 1 + 100 / -american
        assert isinstance(american, int)
        assert back == pytest.approx(price, abs=0.006)


def test_event_odds_are_one_object_without_the_bookmakers_time(door, event):
    body = door.get(
        f"/v4/sports/{SPORT_KEY}/events/{event['id']}/odds", regions="us", markets="h2h,totals"
    ).json
    assert body["id"] == event["id"]
    assert list(body["bookmakers"][0]) == ["key", "title", "markets"]
    assert "last_update" in body["bookmakers"][0]["markets"][0]
    empty = door.get(
        f"/v4/sports/{SPORT_KEY}/events/{event['id']}/odds",
        regions="us",
        markets="player_assists",
    )
    assert (empty.status, empty.json["bookmakers"]) == (200, [])


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


def test_completed_events_leave_the_odds_and_keep_their_scores_three_days(door, event):
    start = datetime.fromisoformat(event["commence_time"])

    def listed():
        return event["id"] in {e["id"] for e in door.odds().json}

    def score(**params):
        found = door.get(f"/v4/sports/{SPORT_KEY}/scores", **params).json
        return {e["id"]: e for e in found}.get(event["id"])

    assert listed()
    assert (score()["scores"], score()["last_update"], score()["completed"]) == (None, None, False)

    door.clock.move_to(start + timedelta(hours=1))
    assert listed()
    assert [s["name"] for s in score()["scores"]] == [event["home_team"], event["away_team"]]

    door.clock.move_to(start + timedelta(hours=3))
    assert not listed()
    assert score() is None
    done = score(daysFrom=1)
    assert done["completed"]
    assert [s["score"] for s in done["scores"]] == [str(s) for s in LEAGUE.result(event["id"])]

    door.clock.move_to(start + timedelta(hours=30))
    assert score(daysFrom=1) is None
    assert score(daysFrom=3) is not None
    door.clock.move_to(start + timedelta(hours=73))
    assert score(daysFrom=3) is None


# --- history


def test_a_snapshot_is_the_newest_at_or_before_the_date(door):
    path = f"/v4/historical/sports/{SPORT_KEY}/odds"
    body = door.get(path, regions="us", date="2026-01-15T10:02:00Z").json
    assert body["timestamp"] == "2026-01-15T10:00:38Z"
    assert body["previous_timestamp"] == "2026-01-15T09:55:38Z"
    assert body["next_timestamp"] == "2026-01-15T10:05:38Z"
    exact = door.get(path, regions="us", date=body["timestamp"]).json
    assert exact == body
    assert (
        door.get(path, regions="us", date=body["next_timestamp"]).json["previous_timestamp"]
        == (body["timestamp"])
    )


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


def test_history_never_shows_what_is_still_to_come(door):
    path = f"/v4/historical/sports/{SPORT_KEY}/odds"
    body = door.get(path, regions="us", date="2027-01-01T00:00:00Z").json
    assert body["timestamp"] == "2026-01-15T12:00:38Z"
    assert body["next_timestamp"] is None


def test_a_free_plan_has_no_history(door):
    reply = door.get(
        f"/v4/historical/sports/{SPORT_KEY}/odds",
        apiKey="free",
        regions="us",
        date="2026-01-15T10:00:00Z",
    )
    assert (reply.status, reply.code) == (401, "HISTORICAL_UNAVAILABLE_ON_FREE_USAGE_PLAN")


# --- errors


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("sports/cricket_moon/odds", {"regions": "us"}, 404, "UNKNOWN_SPORT"),
        (f"sports/{SPORT_KEY}/events/{'0' * 32}/odds", {"regions": "us"}, 404, "EVENT_NOT_FOUND"),
        (f"sports/{SPORT_KEY}/events/short/odds", {"regions": "us"}, 422, "INVALID_EVENT_ID"),
        (f"sports/{SPORT_KEY}/odds", {}, 422, "MISSING_REGION"),
        (f"sports/{SPORT_KEY}/odds", {"regions": "mars"}, 422, "INVALID_REGION"),
        (f"sports/{SPORT_KEY}/odds", {"bookmakers": "nobody"}, 422, "INVALID_BOOKMAKERS"),
        (f"sports/{SPORT_KEY}/odds", {"regions": "us", "markets": ""}, 422, "MISSING_MARKET"),
        (f"sports/{SPORT_KEY}/odds", {"regions": "us", "markets": "who"}, 422, "INVALID_MARKET"),
        (
            f"sports/{SPORT_KEY}/odds",
            {"regions": "us", "markets": "outrights"},
            422,
            "INVALID_MARKET_COMBO",
        ),
        (
            f"sports/{SPORT_KEY}/odds",
            {"regions": "us", "dateFormat": "roman"},
            422,
            "INVALID_DATE_FORMAT",
        ),
        (
            f"sports/{SPORT_KEY}/odds",
            {"regions": "us", "oddsFormat": "roman"},
            422,
            "INVALID_ODDS_FORMAT",
        ),
        ("sports", {"all": "maybe"}, 422, "INVALID_ALL_SPORTS_PARAM"),
        (f"sports/{SPORT_KEY}/scores", {"daysFrom": "4"}, 422, "INVALID_SCORES_DAYS_FROM"),
        (f"sports/{SPORT_KEY}/events", {"eventIds": "x,y"}, 422, "INVALID_EVENT_IDS"),
        (
            f"sports/{SPORT_KEY}/events",
            {"commenceTimeFrom": "noon"},
            422,
            "INVALID_COMMENCE_TIME_FROM",
        ),
        (f"sports/{SPORT_KEY}/events", {"commenceTimeTo": "noon"}, 422, "INVALID_COMMENCE_TIME_TO"),
        (
            f"sports/{SPORT_KEY}/events",
            {
                "commenceTimeFrom": "2026-01-16T00:00:00Z",
                "commenceTimeTo": "2026-01-15T00:00:00Z",
            },
            422,
            "INVALID_COMMENCE_TIME_RANGE",
        ),
        (
            f"sports/{SPORT_KEY}/odds",
            {"regions": "us", "includeLinks": "yes"},
            422,
            "INVALID_INCLUDE_LINKS",
        ),
        (
            f"historical/sports/{SPORT_KEY}/odds",
            {"regions": "us"},
            422,
            "MISSING_HISTORICAL_TIMESTAMP",
        ),
        (
            f"historical/sports/{SPORT_KEY}/odds",
            {"regions": "us", "date": "noon"},
            422,
            "INVALID_HISTORICAL_TIMESTAMP",
        ),
        (
            f"historical/sports/{SPORT_KEY}/events/{'0' * 32}/odds",
            {"regions": "us", "markets": "btts", "date": "2022-01-01T00:00:00Z"},
            422,
            "HISTORICAL_MARKETS_UNAVAILABLE_AT_DATE",
        ),
    ],
)
def test_every_error_has_its_status_code_and_costs_nothing(door, path, params, status, code):
    reply = door.get(f"/v4/{path}", **params)
    assert (reply.status, reply.code, reply.cost) == (status, code, 0)
    assert list(reply.json) == ["message", "error_code", "details_url"]
    assert {"x-requests-remaining", "x-requests-used"} <= reply.headers.keys()


def test_a_wrong_market_has_both_wordings(door):
    unknown = door.odds(markets="h2h,who,what")
    assert unknown.json["message"] == "Invalid markets: who,what"
    extra = door.odds(markets="h2h,btts,player_points")
    assert extra.json["message"] == "Markets not supported by this endpoint: btts, player_points"


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
