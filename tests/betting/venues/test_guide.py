"""The example of docs/guides/add_a_venue.md, held to the contract like any other."""

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from odds.simulator.server import HttpDoor
from tests.betting.venues import test_contract as contract
from tests.betting.venues.stages import Stage

GUIDE = (Path(__file__).parents[3] / "docs/guides/add_a_venue.md").read_text()


class Door(HttpDoor):
    """The corner: knows each reference once; loses answers and refuses as told."""

    def __init__(self) -> None:
        self.bets, self.faults = {}, []
        super().__init__(ThreadingHTTPServer(("127.0.0.1", 0), self._handler()))

    def _handler(door):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                bet = door.bets.get(self.path.rsplit("/", 1)[-1])
                self.say(200 if bet else 404, bet or {})

            def do_POST(self):
                bet = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fault = door.faults.pop() if door.faults else ""
                if bet["reference"] in door.bets:
                    return self.say(409, {})
                if fault == "refuse":
                    return self.say(422, {"why": "The price is gone."})
                door.bets[bet["reference"]] = bet | {"number": str(len(door.bets) + 1)}
                if fault == "lose":
                    self.close_connection = True
                    return None
                return self.say(201, door.bets[bet["reference"]])

            def say(self, status, body):
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *parts):
                """Say nothing."""

        return Handler


@pytest.fixture
def stage(db):
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    built = {}
    exec(compile(code, "add_a_venue.md", "exec"), built)  # noqa: S102 - the guide's own example
    with Door() as door:
        yield Stage(
            built["Corner"](door.url),
            "corner",
            lambda reference: int(reference in door.bets),
            lambda: door.faults.append("lose"),
            lambda: door.faults.append("refuse"),
        )


CONTRACT = [
    contract.test_its_terms_can_be_kept,
    contract.test_the_same_reference_twice_is_one_bet,
    contract.test_what_is_accepted_is_within_what_was_asked,
    contract.test_a_lost_answer_is_unknown_and_the_look_up_finds_the_bet,
    contract.test_it_lists_nothing_that_it_never_heard_of,
    contract.test_looking_up_places_nothing_and_what_is_final_stays,
    contract.test_cancelling_twice_is_cancelling_once_and_undoes_no_match,
    contract.test_a_refusal_takes_nothing_and_says_why_in_our_words,
]


@pytest.mark.parametrize("clause", CONTRACT, ids=lambda clause: clause.__name__)
def test_the_example_keeps_the_contract(stage, clause):
    clause(stage)


def test_its_bets_are_bets_here(stage, alice, monkeypatch, settings):
    contract.is_one_bet_here(stage, alice, monkeypatch, settings)


def test_a_bet_whose_answer_was_lost_is_one_bet_here(stage, alice, monkeypatch, settings):
    stage.lose_answer()

    contract.is_one_bet_here(stage, alice, monkeypatch, settings)
