"""A small bookmaker that keeps Pinnacle's rules of placing, over real HTTP."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from odds.simulator.server import HttpDoor
from tests import make

DEDUPED_FOR = REMEMBERED_FOR = timedelta(minutes=30)


class Bookmaker:
    """One event with a moneyline, a main spread (home -5.5) and an alternate one (home -3.5)."""

    def __init__(self) -> None:
        self.now = make.NOON
        self.home, self.away, self.starts = "Home 1", "Away 1", make.EVENING
        self.price = Decimal("2.050")
        self.draw = False
        self.bets: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        # What goes wrong with the next placings.
        self.faults: list[str] = []

    def held(self, request: str) -> list[dict[str, Any]]:
        return [bet for bet in self.bets if bet["uniqueRequestId"] == request]

    def fixtures(self) -> dict[str, Any]:
        event = {
            "id": 77,
            "starts": self.starts.isoformat().replace("+00:00", "Z"),
            "home": self.home,
            "away": self.away,
        }
        return {"sportId": 4, "league": [{"id": 1, "events": [event]}]}

    def line(self, asked: dict[str, str]) -> dict[str, Any]:
        if asked.get("team") == "DRAW" and not self.draw:
            return {"status": "NOT_EXISTS"}
        alternate = asked.get("handicap") in ("-3.5", "3.5")
        if asked["betType"] == "SPREAD" and not alternate and asked["handicap"][-3:] != "5.5":
            return {"status": "NOT_EXISTS"}
        line = {
            "status": "SUCCESS", "price": float(self.price), "lineId": 500,
            "minRiskStake": 1.0, "maxRiskStake": 250.0,
        }  # fmt: skip
        return line | ({"altLineId": 501} if alternate else {})

    def place(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
        self.requests.append(asked)
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "lost_before":
            return 200, None
        if fault == "RESUBMIT_REQUEST":
            return 400, {"code": fault, "message": "again"}
        request, stake = asked["uniqueRequestId"], Decimal(asked["stake"])
        known = self.held(request)
        if known and self.now - known[-1]["at"] < DEDUPED_FOR:
            return 200, _no("DUPLICATED_REQUEST")
        if fault.isupper() and fault != "PENDING_ACCEPTANCE":
            return 200, _no(fault)
        if stake > 250:
            return 200, _no("ABOVE_MAX_BET_AMOUNT")
        # Without altLineId the bet lands on the main line, whatever was looked at.
        handicap = None
        if asked["betType"] == "SPREAD":
            size = "3.5" if asked.get("altLineId") == 501 else "5.5"
            handicap = ("-" if asked["team"] == "TEAM1" else "") + size
        pending = fault == "PENDING_ACCEPTANCE"
        bet = {
            "uniqueRequestId": request, "betId": None if pending else 900 + len(self.bets),
            "betStatus": "PENDING_ACCEPTANCE" if pending else "ACCEPTED",
            "risk": float(stake), "price": float(self.price), "handicap": handicap,
            "team": asked.get("team"), "at": self.now,
        }  # fmt: skip
        self.bets.append(bet)
        if fault == "lost_after":
            return 200, None
        said = {"status": bet["betStatus"], "errorCode": None, "straightBet": bet}
        return (500, {}) if fault == "broken_after" else (200, said)

    def accept(self) -> None:
        for bet in self.bets:
            bet |= {"betStatus": "ACCEPTED", "betId": 900}

    def known(self, asked: dict[str, str]) -> dict[str, Any]:
        chosen = [bet for bet in self.bets if self._is_asked_for(bet, asked)]
        return {"straightBets": chosen}

    def _is_asked_for(self, bet: dict[str, Any], asked: dict[str, str]) -> bool:
        if "betlist" in asked:
            return (asked["betlist"] == "SETTLED") == ("winLoss" in bet)
        is_remembered = self.now - bet["at"] <= REMEMBERED_FOR
        return bool(bet["uniqueRequestId"] == asked["uniqueRequestIds"] and is_remembered)

    def answer(self, method: str, path: str, asked: dict[str, Any]) -> tuple[int, Any]:
        if method == "POST":
            return self.place(asked)
        return 200, {
            "/v3/fixtures": self.fixtures,
            "/v4/line": lambda: self.line(asked),
            "/v4/bets": lambda: self.known(asked),
        }[path]()


class Server(HttpDoor):
    """The bookmaker behind HTTP, on a free port."""

    def __init__(self, bookmaker: Bookmaker) -> None:
        super().__init__(ThreadingHTTPServer(("127.0.0.1", 0), _handler(bookmaker)))


def _handler(bookmaker: Bookmaker) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            target = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(target.query).items()}
            self._send(*bookmaker.answer("GET", target.path, asked))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._send(*bookmaker.answer("POST", self.path, json.loads(body)))

        def _send(self, status: int, said: Any) -> None:
            if said is None:
                self.close_connection = True
                return
            content = json.dumps(said, default=_text).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *parts: object) -> None:
            """Say nothing."""

    return Handler


def _no(code: str) -> dict[str, Any]:
    return {"status": "PROCESSED_WITH_ERROR", "errorCode": code, "straightBet": None}


def _text(value: object) -> str:
    assert isinstance(value, datetime)
    return value.isoformat()
