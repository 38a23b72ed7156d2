"""What a stand-in for The Odds API v4 must reproduce, line by line, over real HTTP.

The twelve lines are those of the contract that our adapter and our simulator keep. Each has its
tests here; shapes are looked at closer in test_server.py, faults in test_scenario.py.
"""

import json
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from odds.simulator.clock import ManualClock, SteeredClock
from odds.simulator.faults import KINDS
from odds.simulator.league import SPORT_KEY
from odds.simulator.protocol import ENDPOINTS, Account
from odds.simulator.scenario import Fault, Scenario
from odds.simulator.server import serve
from tests.odds.simulator.door import LEAGUE, NOON, Door, Remembering

HEADERS = ("x-requests-remaining", "x-requests-used", "x-requests-last")
SPORT = f"/v4/sports/{SPORT_KEY}"
PAST = f"/v4/historical/sports/{SPORT_KEY}"
DATE = "2026-01-15T11:02:00Z"


@pytest.fixture(scope="module")
def door():
    accounts = [
        Account("key"),
        Account("free", credits=500, has_history=False),
        Account("dead", is_active=False),
        Account("empty", credits=0),
    ]
    clock = ManualClock(NOON)
    with serve(LEAGUE, clock=clock, accounts=accounts) as server:
        yield Door(server, clock)


@pytest.fixture(scope="module")
def event(door):
    listed = door.get(f"{SPORT}/events").json
    return next(e["id"] for e in listed if e["commence_time"] > "2026-01-15T13")


def calls(event):
    """Each endpoint's path, parameters and cost."""
    return {
        "sports": ("/v4/sports", {}, 0),
        "events": (f"{SPORT}/events", {}, 0),
        "odds": (f"{SPORT}/odds", {"regions": "us,eu", "markets": "h2h,spreads,totals"}, 6),
        "scores": (f"{SPORT}/scores", {"daysFrom": 3}, 2),
        # Of these only totals come back.
        "event_odds": (
            f"{SPORT}/events/{event}/odds",
            {"regions": "us", "markets": "totals,player_assists"},
            1,
        ),
        "event_markets": (f"{SPORT}/events/{event}/markets", {"regions": "us"}, 1),
        "participants": (f"{SPORT}/participants", {}, 1),
        "past_odds": (
            f"{PAST}/odds",
            {"regions": "us,eu", "markets": "h2h,totals", "date": DATE},
            40,
        ),
        "past_events": (f"{PAST}/events", {"date": DATE}, 1),
        "past_event_odds": (
            f"{PAST}/events/{event}/odds",
            {"regions": "us", "markets": "h2h,team_totals", "date": DATE},
            20,
        ),
    }


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_line_1_all_ten_endpoints_both_slash_forms_query_key_only(door, event, endpoint):
    path, params, _ = calls(event)[endpoint]
    plain, slashed = door.get(path, **params), door.get(f"{path}/", **params)
    assert (plain.status, slashed.status) == (200, 200)
    assert plain.json == slashed.json
    assert plain.json
    for headers in ({"Authorization": "Bearer key"}, {"x-api-key": "key"}, {"apiKey": "key"}):
        refused = door.raw(path, headers)
        assert (refused.status, refused.code) == (401, "MISSING_KEY")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_line_2_each_call_costs_what_the_guide_says_and_says_so(door, event, endpoint):
    path, params, cost = calls(event)[endpoint]
    before = int(door.get("/v4/sports").headers["x-requests-used"])
    reply = door.get(path, **params)
    assert [int(reply.headers[name]) for name in HEADERS] == [
        5_000_000 - before - cost,
        before + cost,
        cost,
    ]


def test_line_2_what_is_free_of_charge(door, event):
    nobody = "0" * 32
    for status, path, params in (
        (200, f"{SPORT}/odds", {"regions": "us", "eventIds": nobody}),
        (200, f"{PAST}/odds", {"regions": "us", "eventIds": nobody, "date": DATE}),
        (200, f"{PAST}/events", {"eventIds": nobody, "date": DATE}),
        (200, f"{SPORT}/events/{event}/odds", {"regions": "us", "markets": "player_assists"}),
        (404, f"{SPORT}/events/{nobody}/odds", {"regions": "us"}),
        (404, "/v4/sports/nothing/odds", {"regions": "us"}),
        (422, f"{SPORT}/odds", {"regions": "us", "markets": "nothing"}),
        (401, f"{SPORT}/odds", {"regions": "us", "apiKey": "empty"}),
    ):
        reply = door.get(path, **params)
        assert (reply.status, reply.cost) == (status, 0)
        assert set(HEADERS) <= reply.headers.keys()


def test_line_2_scores_cost_less_without_days(door):
    assert door.get(f"{SPORT}/scores").cost == 1


def test_line_2_ten_bookmakers_begun_are_one_region():
    class Many(Remembering):
        def book_keys(self):
            return frozenset(f"book_{n}" for n in range(30))

    with serve(Many(1), clock=ManualClock(NOON), key="key") as server:
        door = Door(server, None)
        for count, cost in ((1, 1), (10, 1), (11, 2), (20, 2), (21, 3)):
            asked = ",".join(f"book_{n}" for n in range(count))
            assert door.odds(regions=None, bookmakers=asked).cost == cost


def test_line_3_bookmakers_take_precedence(door):
    reply = door.odds(regions="us,eu,uk", bookmakers="sim_sharp")
    assert (books_in(reply), reply.cost) == ({"sim_sharp"}, 1)
    american = {"sim_harbor", "sim_lantern", "sim_union", "sim_prairie", "sim_copper"}
    assert books_in(door.odds(regions="us")) == american


def books_in(reply):
    return {book["key"] for entry in reply.json for book in entry["bookmakers"]}


def test_line_4_exchanges_add_their_lay_prices(door):
    entries = door.odds(markets="h2h").json
    with_lay = {
        book["key"]
        for entry in entries
        for book in entry["bookmakers"]
        for market in book["markets"]
        if market["key"] == "h2h_lay"
    }
    assert with_lay == {"sim_exchange"}
    exchange = next(b for b in entries[3]["bookmakers"] if b["key"] == "sim_exchange")
    back, lay = (each["outcomes"] for each in exchange["markets"])
    assert all(b["price"] < x["price"] for b, x in zip(back, lay, strict=True))
    for entry in door.odds(markets="spreads").json:
        assert {m["key"] for book in entry["bookmakers"] for m in book["markets"]} <= {"spreads"}


def test_line_5_american_and_decimal_iso_and_unix(door):
    decimal, american = door.odds().json[3], door.odds(oddsFormat="american").json[3]
    unix = door.odds(dateFormat="unix").json[3]
    prices = [m["bookmakers"][0]["markets"][0]["outcomes"][0]["price"] for m in (decimal, american)]
    assert prices[1] == round(100 * (prices[0] - 1) if prices[0] >= 2 else -100 / (prices[0] - 1))
    moment = datetime.fromisoformat(decimal["commence_time"])
    assert unix["commence_time"] == int(moment.timestamp())
    assert isinstance(unix["bookmakers"][0]["last_update"], int)
    scores = door.get(f"{SPORT}/scores", daysFrom=1, dateFormat="unix").json
    assert all(isinstance(each["commence_time"], int) for each in scores)


def test_line_6_last_update_is_on_the_market_and_on_the_book_of_odds_only(door, event):
    book = door.odds().json[3]["bookmakers"][0]
    assert {"last_update"} <= book.keys() & book["markets"][0].keys()
    live = door.get(f"{SPORT}/events/{event}/odds", regions="us").json["bookmakers"][0]
    assert "last_update" not in live
    assert "last_update" in live["markets"][0]
    past = door.get(f"{PAST}/events/{event}/odds", regions="us", date=DATE).json["data"]
    assert "last_update" in past["bookmakers"][0]


def test_line_7_completed_events_leave_the_odds_and_keep_scores_for_three_days(event):
    clock = ManualClock(NOON)
    with serve(LEAGUE, clock=clock, key="key") as server:
        door = Door(server, clock)
        listed = {each["id"]: each for each in door.get(f"{SPORT}/events").json}
        teams = [listed[event][side] for side in ("home_team", "away_team")]
        start = datetime.fromisoformat(listed[event]["commence_time"])

        def score(**params):
            found = door.get(f"{SPORT}/scores", **params).json
            return next((each for each in found if each["id"] == event), None)

        def is_listed():
            return event in {each["id"] for each in door.odds().json}

        before = score()
        assert (before["scores"], before["completed"], before["last_update"]) == (None, False, None)
        clock.move_to(start + timedelta(hours=1))
        assert is_listed()
        assert [each["name"] for each in score()["scores"]] == teams
        clock.move_to(start + timedelta(hours=3))
        assert not is_listed()
        assert score() is None
        told = score(daysFrom=1)
        assert told["completed"]
        result = [str(each) for each in LEAGUE.result(event)]
        assert [each["score"] for each in told["scores"]] == result
        clock.move_to(start + timedelta(hours=30))
        assert score(daysFrom=1) is None
        assert score(daysFrom=3) == told
        clock.move_to(start + timedelta(days=3, minutes=1))
        assert score(daysFrom=3) is None


@pytest.mark.parametrize("endpoint", ["past_odds", "past_events", "past_event_odds"])
def test_line_8_history_is_the_newest_snapshot_up_to_the_date(door, event, endpoint):
    path, params, _ = calls(event)[endpoint]
    body = door.get(path, **params).json
    assert list(body) == ["timestamp", "previous_timestamp", "next_timestamp", "data"]
    assert (body["timestamp"], body["next_timestamp"]) == (
        "2026-01-15T11:00:38Z",
        "2026-01-15T11:05:38Z",
    )
    assert isinstance(body["data"], dict if endpoint == "past_event_odds" else list)
    # Walking back and forth comes back to the same.
    back = door.get(path, **params | {"date": body["previous_timestamp"]}).json
    assert door.get(path, **params | {"date": back["next_timestamp"]}).json == body
    newest = door.get(path, **params | {"date": "2030-01-01T00:00:00Z"}).json
    assert (newest["timestamp"], newest["next_timestamp"]) == ("2026-01-15T12:00:38Z", None)
    refused = door.get(path, **params | {"apiKey": "free"})
    assert (refused.status, refused.code) == (401, "HISTORICAL_UNAVAILABLE_ON_FREE_USAGE_PLAN")


ODDS = {"regions": "us"}
EVENT_PATH = f"{SPORT}/events/{'0' * 32}"
ERRORS = [
    (401, "MISSING_KEY", "/v4/sports", {"apiKey": ""}),
    (401, "INVALID_KEY", "/v4/sports", {"apiKey": "who"}),
    (401, "DEACTIVATED_KEY", "/v4/sports", {"apiKey": "dead"}),
    (401, "OUT_OF_USAGE_CREDITS", f"{SPORT}/odds", {"apiKey": "empty"}),
    (401, "HISTORICAL_UNAVAILABLE_ON_FREE_USAGE_PLAN", f"{PAST}/events", {"apiKey": "free"}),
    (404, "UNKNOWN_SPORT", "/v4/sports/nothing/odds", ODDS),
    (404, "EVENT_NOT_FOUND", f"{EVENT_PATH}/odds", ODDS),
    (422, "MISSING_REGION", f"{SPORT}/odds", {}),
    (422, "INVALID_REGION", f"{SPORT}/odds", {"regions": "moon"}),
    (422, "INVALID_BOOKMAKERS", f"{SPORT}/odds", {"bookmakers": "moon"}),
    (422, "MISSING_MARKET", f"{SPORT}/odds", ODDS | {"markets": ""}),
    (422, "INVALID_MARKET", f"{SPORT}/odds", ODDS | {"markets": "moon"}),
    (422, "INVALID_MARKET_COMBO", f"{SPORT}/odds", ODDS | {"markets": "outrights"}),
    (422, "INVALID_DATE_FORMAT", f"{SPORT}/odds", ODDS | {"dateFormat": "moon"}),
    (422, "INVALID_ODDS_FORMAT", f"{SPORT}/odds", ODDS | {"oddsFormat": "moon"}),
    (422, "INVALID_ALL_SPORTS_PARAM", "/v4/sports", {"all": "moon"}),
    (422, "INVALID_SPORT", "/v4/sports/no%20key/odds", ODDS),
    (422, "INVALID_SCORES_DAYS_FROM", f"{SPORT}/scores", {"daysFrom": "4"}),
    (422, "INVALID_EVENT_IDS", f"{SPORT}/odds", ODDS | {"eventIds": "moon"}),
    (422, "INVALID_EVENT_ID", f"{SPORT}/events/moon/odds", ODDS),
    (422, "MISSING_HISTORICAL_TIMESTAMP", f"{PAST}/odds", ODDS),
    (422, "INVALID_HISTORICAL_TIMESTAMP", f"{PAST}/odds", ODDS | {"date": "noon"}),
    (422, "INVALID_COMMENCE_TIME_FROM", f"{SPORT}/odds", ODDS | {"commenceTimeFrom": "noon"}),
    (422, "INVALID_COMMENCE_TIME_TO", f"{SPORT}/odds", ODDS | {"commenceTimeTo": "noon"}),
    (
        422,
        "INVALID_COMMENCE_TIME_RANGE",
        f"{SPORT}/odds",
        ODDS
        | {"commenceTimeFrom": "2026-01-16T00:00:00Z", "commenceTimeTo": "2026-01-15T00:00:00Z"},
    ),
    (422, "INVALID_PARTICIPANT_ID", f"{SPORT}/odds", ODDS | {"participantIds": "moon"}),
    (422, "INVALID_INCLUDE_LINKS", f"{SPORT}/odds", ODDS | {"includeLinks": "moon"}),
    (422, "INVALID_INCLUDE_SIDS", f"{SPORT}/odds", ODDS | {"includeSids": "moon"}),
    (422, "INVALID_INCLUDE_BET_LIMITS", f"{SPORT}/odds", ODDS | {"includeBetLimits": "moon"}),
    (422, "INVALID_INCLUDE_MULTIPLIERS", f"{SPORT}/odds", ODDS | {"includeMultipliers": "moon"}),
    (
        422,
        "INVALID_INCLUDE_ROTATION_NUMBERS",
        f"{SPORT}/odds",
        ODDS | {"includeRotationNumbers": "moon"},
    ),
    (
        422,
        "HISTORICAL_MARKETS_UNAVAILABLE_AT_DATE",
        f"{PAST}/events/{'0' * 32}/odds",
        ODDS | {"markets": "btts", "date": "2022-01-01T00:00:00Z"},
    ),
    (422, "INVALID_STATUS", f"{SPORT}/odds", ODDS | {"status": "moon"}),
]


@pytest.mark.parametrize(("status", "code", "path", "params"), ERRORS, ids=lambda x: str(x)[:40])
def test_line_9_every_error_has_its_status_and_body(door, status, code, path, params):
    reply = door.get(path, **params)
    assert (reply.status, reply.code, reply.cost) == (status, code, 0)
    assert list(reply.json) == ["message", "error_code", "details_url"]
    assert reply.json["details_url"].endswith("#" + code.lower().replace("_", "-"))
    # A key that nobody owns has no balance to tell.
    assert (set(HEADERS) <= reply.headers.keys()) == (params.get("apiKey") not in {"", "who"})


def test_line_9_what_comes_too_fast_is_held_off():
    with serve(LEAGUE, clock=ManualClock(NOON), key="key", requests_per_second=3) as server:
        door = Door(server, None)
        held = [
            reply for reply in (door.get("/v4/sports") for _ in range(12)) if reply.status != 200
        ]
    assert {(r.status, r.code, r.cost) for r in held} == {(429, "EXCEEDED_FREQ_LIMIT", 0)}
    assert list(held[0].json) == ["message", "error_code", "details_url"]


def test_line_9_messages_that_were_seen_and_both_wordings_of_a_wrong_market(door):
    for message, params in (
        ("API key is missing", {"apiKey": ""}),
        ("API key is not valid. Get an API key at https://the-odds-api.com", {"apiKey": "who"}),
        (
            "Usage quota has been reached. See usage plans at https://the-odds-api.com",
            {"apiKey": "empty"},
        ),
        ("Missing regions or bookmakers key", {"regions": None}),
        ("Invalid markets: a,b", {"markets": "a,h2h,b"}),
        ("Markets not supported by this endpoint: btts, player_x", {"markets": "btts,player_x"}),
    ):
        assert door.odds(**params).json["message"] == message


@cache
def whole(door):
    return door.odds(headers={"Accept-Encoding": "gzip"})


@pytest.mark.parametrize("kind", list(KINDS))
def test_line_10_every_fault_can_be_injected(door, kind):
    """That each does what it says is in test_scenario.py; here, that each shows on the wire."""
    amount = 0.01 if kind == "timeout" else (KINDS[kind].amount or 0.0)
    scenario = Scenario(faults=(Fault(kind, amount=amount, variant=""),))
    clock = ManualClock(NOON)
    with serve(LEAGUE, clock=clock, key="key", scenario=scenario) as server:
        try:
            reply = Door(server, clock).odds(headers={"Accept-Encoding": "gzip"})
            told = (reply.status, reply.body, reply.headers)
        except Exception as error:  # noqa: BLE001 - whatever breaks is a difference
            told = (type(error).__name__, b"", {})
    clean = whole(door)
    is_same_body = (clean.status, clean.body) == told[:2]
    is_header_fault = kind in {"missing_headers", "negative_remaining"}
    assert is_same_body == is_header_fault
    if is_header_fault:
        assert told[2].get("x-requests-remaining") in {None, "-772"}


def test_line_11_the_seed_decides_everything_and_the_clock_can_be_held():
    def body(seed, moment):
        with serve(Remembering(seed), clock=ManualClock(moment), key="key") as server:
            return Door(server, None).odds().body

    assert body(7, NOON) == body(7, NOON)
    assert body(7, NOON) != body(8, NOON)
    clock = SteeredClock(NOON)
    clock.steer(hold=True)
    with serve(LEAGUE, clock=clock, key="key") as server:
        door = Door(server, clock)
        first = door.odds().body
        assert door.odds().body == first
        clock.steer(step=3600)
        entry = json.loads(door.odds().body)[3]
        assert door.odds().body != first
        truth = LEAGUE.true_probability(entry["id"], at=clock.now())[0]
    sharp = next(b for b in entry["bookmakers"] if b["key"] == "sim_sharp")
    home = next(
        o["price"] for o in sharp["markets"][0]["outcomes"] if o["name"] == entry["home_team"]
    )
    assert 0.94 < truth * home < 1.0


def test_line_12_a_quota_ends_in_the_middle_of_a_sweep():
    clock = ManualClock(NOON)
    with serve(LEAGUE, clock=clock, key="key", scenario=Scenario(credits=7)) as server:
        door = Door(server, clock)
        replies = [
            door.get(f"/v4/sports/{sport['key']}/odds", regions="us", markets="h2h,spreads,totals")
            for sport in LEAGUE_SPORTS
        ]
        assert [reply.status for reply in replies] == [200, 200, 200]
        spent = door.odds()
        assert (spent.status, spent.code) == (401, "OUT_OF_USAGE_CREDITS")
        assert spent.headers["x-requests-remaining"] == "-2"
        assert door.get("/v4/sports").status == 200
        clock.move_to(datetime(2026, 2, 1, tzinfo=UTC))
        assert door.odds(regions="us").headers["x-requests-remaining"] == "6"


LEAGUE_SPORTS = [{"key": sport.key} for sport in LEAGUE.sports()]
