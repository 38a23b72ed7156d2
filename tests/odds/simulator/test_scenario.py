"""Scenario files, and every fault as it comes over the wire."""

import gzip
import json
import threading
import zlib
from datetime import UTC, datetime, timedelta
from functools import cache
from http.client import BadStatusLine, HTTPConnection, IncompleteRead
from io import StringIO
from urllib.request import Request, urlopen

import pytest
from django.core.management import CommandError, call_command

from odds.simulator.clock import ManualClock, SteeredClock
from odds.simulator.control import ControlDoor
from odds.simulator.faults import DRIFTS, KINDS, drift_names
from odds.simulator.league import SPORT_KEY
from odds.simulator.scenario import (
    SHIPPED,
    BadScenario,
    Disturber,
    Fault,
    Scenario,
    as_toml,
    read_scenario,
)
from odds.simulator.server import serve
from tests.odds.simulator.door import LEAGUE, NOON, Door

ODDS = f"/v4/sports/{SPORT_KEY}/odds"


def doors(scenario):
    clock = ManualClock(NOON)
    server = serve(LEAGUE, clock=clock, key="key", scenario=scenario)
    return server, Door(server, clock)


def odds_with(*faults, **account):
    """The odds answer under these faults, beside the one without any."""
    server, door = doors(Scenario(faults=faults, **account))
    with server:
        return door.odds(markets="h2h,spreads"), plain().json


@cache
def plain():
    server, door = doors(Scenario())
    with server:
        return door.odds(markets="h2h,spreads")


# --- the format


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_scenario_is_sound_and_survives_being_written_down(path):
    scenario = read_scenario(path)
    assert Scenario.from_toml(as_toml(scenario)) == scenario
    assert scenario.title != "untitled"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seed = ", "no TOML"),
        ("sed = 1", "sed: no such field; use title, seed"),
        ("seed = -1", "seed: -1 cannot be; use a whole number from 0"),
        ("seed = true", "seed: True cannot be"),
        ("[account]\ncredits = 'many'", "account.credits: 'many' cannot be"),
        ("[account]\nhistory = 1", "account.history: 1 cannot be; use true or false"),
        ("faults = 3", "faults: 3 cannot be; use a list of tables"),
        ("[[faults]]\nkind = 'fire'", r"faults\[0\].kind: 'fire' cannot be; use one of"),
        ("[[faults]]\nshare = 1", r"faults\[0\].kind: None"),
        ("[[faults]]\nkind='dropped'\nshare=1.5", r"faults\[0\].share: 1.5 cannot be; .* 0 to 1"),
        ("[[faults]]\nkind='dropped'\nendpoint='adds'", r"endpoint: 'adds' cannot be; use some of"),
        ("[[faults]]\nkind='dropped'\nseconds=1", r"seconds: no such field"),
        ("[[faults]]\nkind='timeout'\nseconds=999", r"seconds: 999 cannot be; .* 0 to 120"),
        ("[[faults]]\nkind='dropped'\ncalls=0", r"calls: 0 cannot be"),
        ("[[faults]]\nkind='dropped'\nfrom=2026-01-15T12:00:00", r"from: .* with its offset"),
        (
            "[[faults]]\nkind='dropped'\nfrom=2026-01-15T12:00:00Z\nuntil=2026-01-15T12:00:00Z",
            "until: .* use a moment after `from`",
        ),
        ("[[faults]]\nkind='drifted_schema'\ndrift='sideways'", "drift: 'sideways' cannot be"),
    ],
)
def test_a_scenario_at_fault_names_field_value_and_remedy(text, words):
    with pytest.raises(BadScenario, match=words):
        Scenario.from_toml(text)


def test_the_command_checks_a_file_and_names_it(tmp_path):
    out = StringIO()
    call_command("simulate", "check", "rough-day", stdout=out)
    assert 'title = "A rough day"' in out.getvalue()
    bad = tmp_path / "bad.toml"
    bad.write_text("seed = 'x'")
    with pytest.raises(CommandError, match=r"bad\.toml: seed: 'x' cannot be"):
        call_command("simulate", "check", str(bad))
    with pytest.raises(CommandError, match="shipped are moved-events"):
        call_command("simulate", "check", "nowhere.toml")


# --- when and where


def test_a_fault_strikes_the_calls_it_names_and_no_others():
    fault = Fault("server_error", frozenset({"odds"}), first_call=2, calls=2)
    server, door = doors(Scenario(faults=(fault,)))
    with server:
        assert [door.odds().status for _ in range(4)] == [200, 500, 500, 200]
        assert door.get("/v4/sports").status == 200


def test_a_fault_keeps_to_its_times_and_sports():
    window = Fault("server_error", starts_at=NOON, ends_at=NOON + timedelta(minutes=1))
    elsewhere = Fault("server_error", sports=frozenset({"soccer_sim"}))
    server, door = doors(Scenario(faults=(window, elsewhere)))
    with server:
        assert door.odds().status == 500
        door.clock.move_to(NOON + timedelta(minutes=1))
        assert door.odds().status == 200


def test_a_share_of_the_calls_follows_from_the_seed():
    def statuses(seed):
        server, door = doors(Scenario(seed=seed, faults=(Fault("server_error", share=0.3),)))
        with server:
            return [door.get("/v4/sports").status for _ in range(60)]

    assert statuses(4) == statuses(4) != statuses(5)
    assert 9 <= statuses(4).count(500) <= 27


# --- what is said


def test_refusals_have_status_body_headers_and_cost_nothing():
    for kind, status, code in (
        ("too_frequent", 429, "EXCEEDED_FREQ_LIMIT"),
        ("server_error", 500, "INTERNAL"),
        ("out_of_credits", 401, "OUT_OF_USAGE_CREDITS"),
    ):
        reply, _ = odds_with(Fault(kind))
        assert (reply.status, reply.code, reply.cost) == (status, code, 0)
        assert reply.headers["x-requests-used"] == "0"
    reply, _ = odds_with(Fault("html_page"))
    assert (reply.status, reply.headers["Content-Type"]) == (502, "text/html")
    assert reply.body.startswith(b"<html>")


def test_unknown_markets_and_books_are_added():
    reply, _ = odds_with(Fault("unknown_market"), Fault("unknown_book"))
    book = reply.json[3]["bookmakers"][-1]
    assert (book["key"], book["markets"][-1]["key"]) == ("moon_book", "h2h_moon_phase")


def test_an_outright_has_no_teams():
    reply, before = odds_with(Fault("null_teams"))
    outright = reply.json[-1]
    assert (outright["home_team"], outright["away_team"]) == (None, None)
    assert len(reply.json) == len(before) + 1


def test_a_placeholder_price_is_what_was_asked_for():
    reply, _ = odds_with(Fault("placeholder_price", amount=1.0))
    first = reply.json[3]["bookmakers"][0]["markets"][0]["outcomes"][0]
    assert first["price"] == 1.0


def test_a_stale_book_shows_its_prices_and_times_of_earlier():
    reply, _ = odds_with(Fault("stale_update", amount=90))
    clock = ManualClock(NOON - timedelta(minutes=90))
    with serve(LEAGUE, clock=clock, key="key") as server:
        then = Door(server, clock).odds(markets="h2h,spreads").json
    stale = {entry["id"]: entry["bookmakers"] for entry in reply.json}
    shared = [entry for entry in then if entry["id"] in stale and entry["bookmakers"]]
    assert len(shared) > 5
    for entry in shared:
        assert [b for b in stale[entry["id"]] if b in entry["bookmakers"]] == [
            b for b in entry["bookmakers"] if b["key"] in {x["key"] for x in stale[entry["id"]]}
        ]


def test_a_moved_event_keeps_its_id():
    reply, before = odds_with(Fault("rescheduled", amount=5))
    old = datetime.fromisoformat(before[3]["commence_time"])
    assert reply.json[3]["id"] == before[3]["id"]
    assert datetime.fromisoformat(reply.json[3]["commence_time"]) == old + timedelta(hours=5)


def test_swapped_outcomes_keep_their_names_and_prices():
    reply, before = odds_with(Fault("swapped_outcomes"))
    mine, theirs = reply.json[3]["bookmakers"][-1], before[3]["bookmakers"][0]
    assert mine["markets"][0]["outcomes"] == theirs["markets"][0]["outcomes"][::-1]


def test_a_renamed_team_has_its_new_name_everywhere():
    reply, before = odds_with(Fault("renamed_team"))
    assert reply.json[3]["home_team"] == before[3]["home_team"] + " Athletic"
    assert before[3]["home_team"] + '"' not in json.dumps(reply.json[3])


def test_events_are_listed_twice_or_not_at_all_as_their_ids_decide():
    twice, before = odds_with(Fault("duplicate_events", events=0.4))
    gone, _ = odds_with(Fault("vanished_events", events=0.4))
    ids = [each["id"] for each in twice.json]
    doubled = {each for each in ids if ids.count(each) == 2}
    assert 0 < len(doubled) < len(before)
    assert {each["id"] for each in before} - {each["id"] for each in gone.json} == doubled


@pytest.mark.parametrize("drift", drift_names())
def test_every_drift_changes_the_answer_and_leaves_it_json(drift):
    reply, before = odds_with(Fault("drifted_schema", variant=drift))
    assert reply.status == 200
    if drift != "score_null" or reply.json != before:
        assert reply.json != before
    assert drift in DRIFTS or set(reply.json) == {"success", "data"}


@pytest.mark.parametrize("drift", drift_names())
def test_whatever_else_is_wrong_drifts_along(drift):
    """Also what drifted already in another way: no answer is lost to a fault of the simulator's."""
    others = [
        Fault(kind)
        for kind, of in KINDS.items()
        if of.rewrite and kind not in {"drifted_schema", "vanished_events"}
    ]
    drifts = [Fault("drifted_schema", variant=name) for name in (drift, "price_american")]
    reply, _ = odds_with(*drifts, *others)
    assert reply.status == 200
    assert reply.json


def test_only_a_share_of_the_events_is_touched_and_always_the_same():
    fault = Fault("placeholder_price", amount=1.01, events=0.3)

    def touched():
        reply, _ = odds_with(fault)
        return [each["id"] for each in reply.json if '"price":1.01' in json.dumps(
            each, separators=(",", ":"))]  # fmt: skip

    assert touched() == touched()
    assert 0 < len(touched()) < 20


# --- on its way


def test_a_truncated_body_says_that_it_is_all():
    server, door = doors(Scenario(faults=(Fault("truncated_gzip"),)))
    with server:
        reply = door.odds(headers={"Accept-Encoding": "gzip"})
    assert int(reply.headers["Content-Length"]) == len(reply.body)
    with pytest.raises(EOFError):
        gzip.decompress(reply.body)
    half = zlib.decompressobj(31).decompress(reply.body)
    assert plain().json and not half.endswith(b"]")  # noqa: PT018


def test_a_dropped_connection_breaks_half_way():
    server, door = doors(Scenario(faults=(Fault("dropped"),)))
    with server, pytest.raises(IncompleteRead):
        door.odds()


def test_a_timeout_is_silence_that_was_charged_for():
    server, door = doors(Scenario(faults=(Fault("timeout", amount=0.05, calls=1),)))
    with server:
        with pytest.raises((BadStatusLine, ConnectionError)):
            door.odds()
        assert door.get("/v4/sports").headers["x-requests-used"] == "2"


def test_a_stopping_server_lets_go_of_those_it_keeps_waiting():
    server, door = doors(Scenario(faults=(Fault("timeout", amount=120),)))
    ended = []

    def ask():
        try:
            door.odds()
        except OSError as error:
            ended.append(error)
        except BadStatusLine as error:
            ended.append(error)

    with server:
        asking = threading.Thread(target=ask)
        asking.start()
        while not server.disturb.struck["timeout"]:
            pass
    asking.join(60)
    assert len(ended) == 1


def test_headers_go_missing_or_below_zero():
    reply, _ = odds_with(Fault("missing_headers"))
    assert not [name for name in reply.headers if name.lower().startswith("x-requests")]
    reply, _ = odds_with(Fault("negative_remaining", amount=772))
    assert reply.headers["x-requests-remaining"] == "-772"


def test_the_account_of_a_scenario_runs_out_in_the_middle_of_a_sweep():
    server, door = doors(read_scenario(SHIPPED / "quota-ends.toml"))
    with server:
        replies = [door.odds(markets="h2h,spreads,totals") for _ in range(9)]
        assert [reply.status for reply in replies] == [200] * 7 + [401] * 2
        assert replies[-1].code == "OUT_OF_USAGE_CREDITS"
        past = door.get(f"/v4/historical/sports/{SPORT_KEY}/events", date="2026-01-15T11:00:00Z")
        assert past.status == 401


def test_every_kind_of_fault_has_a_test_here():
    source = open(__file__).read()  # noqa: SIM115
    assert [kind for kind in KINDS if f'"{kind}"' not in source] == []


# --- the clock


def steer(door, order):
    request = Request(door.url, data=json.dumps(order).encode(), method="POST")  # noqa: S310
    with urlopen(request) as response:  # noqa: S310
        return json.loads(response.read())


def test_the_clock_is_held_stepped_and_hurried_through_its_door():
    clock = SteeredClock(NOON)
    with ControlDoor(clock) as door, serve(LEAGUE, clock=clock, key="key") as server:
        held = steer(door, {"hold": True})
        assert steer(door, {"step": 600})["held"]
        moved = datetime.fromisoformat(steer(door, {"step": 3600})["now"])
        assert moved - datetime.fromisoformat(held["now"]) == timedelta(seconds=4200)
        before = Door(server, clock).odds().json
        assert before == Door(server, clock).odds().json
        steer(door, {"step": 7200})
        assert Door(server, clock).odds().json != before
        assert steer(door, {"rate": 5000.0}) | {"now": ""} == {
            "now": "",
            "rate": 5000.0,
            "held": False,
        }
        first = clock.now()
        while clock.now() - first < timedelta(seconds=5):
            pass
        with urlopen(door.url) as response:  # noqa: S310
            assert json.loads(response.read())["rate"] == 5000.0


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"step": -1}, "step: -1 cannot be"),
        ({"rate": 0}, "rate: 0 cannot be"),
        ({"rate": "fast"}, "rate: 'fast' cannot be; use a number"),
        ({"step": 60, "rate": -1}, "rate: -1 cannot be"),
        ({"hold": "yes"}, "hold: 'yes' cannot be; use true or false"),
        ({"hold": True, "rate": 2}, "hold: cannot be with a rate"),
        ({"jump": 1}, "jump: no such order; use hold, rate, step"),
        ([], "order: an object is expected"),
    ],
)
def test_an_order_at_fault_is_refused_and_changes_nothing(order, words):
    clock = SteeredClock(NOON)
    clock.steer(hold=True)
    before = clock.state()
    with ControlDoor(clock) as door:
        connection = HTTPConnection(door.url.split("/")[2], timeout=60)
        connection.request("POST", "/clock", json.dumps(order))
        response = connection.getresponse()
        assert response.status == 422
        assert words in json.loads(response.read())["message"]
        connection.close()
    assert clock.state() == before


def test_the_door_is_on_the_loopback_address_and_knows_its_name():
    with ControlDoor(SteeredClock(NOON)) as door:
        assert door.url.startswith("http://127.0.0.1:")
        connection = HTTPConnection(door.url.split("/")[2], timeout=60)
        connection.request("POST", "/clock", "{}", headers={"Host": "evil.example"})
        assert connection.getresponse().status == 404
        connection.close()


def test_a_scenario_counts_what_it_did():
    scenario = Scenario(faults=(Fault("swapped_outcomes"), Fault("server_error", first_call=2)))
    server, door = doors(scenario)
    with server:
        door.odds(), door.odds()
        assert isinstance(server.disturb, Disturber)
        assert server.disturb.struck == {"swapped_outcomes": 1, "server_error": 1}
    assert NOON.tzinfo is UTC
