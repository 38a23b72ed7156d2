"""A small exchange that keeps Betfair's rules, over real HTTP, for the venue to be tried against.

What it keeps: sessions; the market's status, version and ladder; sizes and funds; lines, each
runner once a line and told apart by `handicap` alone; `customerRef` as a repeat for 60 seconds;
`customerOrderRef` kept with the order; best prices first and partial fills; cancelling; settling,
with commission on what a market won in all. `faults` says what goes wrong next.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from betting.domain.ladder import BETFAIR, neighbours
from odds.simulator.server import HttpDoor
from tests import make

DEDUPED_FOR = timedelta(seconds=60)
MIN_SIZE = Decimal("2.00")
CUSTOMER_REF = re.compile(r"[A-Za-z0-9:\-._+*;~]{1,32}")
CENT = Decimal("0.01")


# A runner at one of its lines; 0 in markets without lines.
Spot = tuple[int, Decimal]
PLAIN = Decimal(0)


@dataclass
class Market:
    key: str
    event: str
    starts_at: datetime
    kind: str = "MATCH_ODDS"
    event_type: str = "7522"
    runners: dict[int, str] = field(default_factory=dict)
    # The lines of each runner; none: no handicaps.
    lines: dict[int, list[Decimal]] = field(default_factory=dict)
    # By runner, or runner and line: (price, size) to back at, best first.
    offers: dict[int | Spot, list[tuple[Decimal, Decimal]]] = field(default_factory=dict)
    status: str = "OPEN"
    inplay: bool = False
    version: int = 1
    removed: set[int] = field(default_factory=set)

    @property
    def spots(self) -> list[Spot]:
        return [(key, line) for key in self.runners for line in self.lines.get(key, [PLAIN])]

    def offered(self, spot: Spot) -> list[tuple[Decimal, Decimal]]:
        return self.offers.get(spot if spot[1] or self.lines else spot[0], [])


@dataclass
class Placed:
    bet_id: str
    market: Market
    runner: int
    handicap: Decimal
    reference: str
    strategy: str
    size: Decimal
    limit: Decimal
    fills: list[tuple[Decimal, Decimal]] = field(default_factory=list)
    cancelled: Decimal = Decimal(0)
    lapsed: Decimal = Decimal(0)
    cleared: str = ""
    profit: Decimal = Decimal(0)
    settled_at: str = ""

    @property
    def matched(self) -> Decimal:
        return sum((size for _, size in self.fills), Decimal(0))

    @property
    def left(self) -> Decimal:
        return self.size - self.matched - self.cancelled - self.lapsed

    @property
    def average(self) -> float:
        if not self.fills:
            return 0.0
        total = sum((price * size for price, size in self.fills), Decimal(0))
        return float(total / self.matched)

    @property
    def status(self) -> str:
        return "EXECUTABLE" if self.left > 0 else "EXECUTION_COMPLETE"


class Refusal(Exception):
    """An error of the whole call."""


class Exchange:
    """The state and the rules; `Server` puts it behind HTTP."""

    def __init__(self) -> None:
        self.now = make.NOON
        self.funds = Decimal(1000)
        self.commission = Decimal("0.05")
        self.key_may_bet = True
        self.markets: dict[str, Market] = {}
        self.orders: list[Placed] = []
        self.tokens: set[str] = set()
        self.seen: dict[str, datetime] = {}
        self.calls: list[str] = []
        self.faults: list[str] = []
        self.logins = 0

    def lists(self, market: Market) -> Market:
        self.markets[market.key] = market
        return market

    def held(self, reference: str) -> list[Placed]:
        """Return the orders that truly exist of a reference, lapsed and cancelled ones too."""
        return [order for order in self.orders if order.reference == reference]

    # --- the API, a method each

    def login(self, who: dict[str, str]) -> dict[str, Any]:
        if who.get("password") != "secret":
            return {"status": "FAIL", "error": "INVALID_USERNAME_OR_PASSWORD"}
        self.logins += 1
        token = f"token-{self.logins}"
        self.tokens = {token}
        return {"status": "SUCCESS", "token": token, "product": "k", "error": ""}

    def listMarketCatalogue(self, asked: dict[str, Any]) -> Any:
        which = asked["filter"]
        begin, end = which["marketStartTime"]["from"], which["marketStartTime"]["to"]
        return [
            {
                "marketId": market.key,
                "marketName": market.kind,
                "marketStartTime": _text(market.starts_at),
                "event": {"id": "1", "name": market.event},
                "runners": [
                    {
                        "selectionId": key,
                        "runnerName": market.runners[key],
                        "handicap": float(line),
                    }
                    for key, line in market.spots
                ],
            }
            for market in self.markets.values()
            if market.kind in which["marketTypeCodes"]
            and market.event_type in which["eventTypeIds"]
            and begin <= _text(market.starts_at) <= end
        ][: asked["maxResults"]]

    def listMarketBook(self, asked: dict[str, Any]) -> Any:
        return [
            {
                "marketId": market.key,
                "status": market.status,
                "inplay": market.inplay,
                "betDelay": 0,
                "version": market.version,
                "runners": [
                    {
                        "selectionId": key,
                        "handicap": float(line),
                        "status": "REMOVED" if key in market.removed else "ACTIVE",
                        "ex": {
                            "availableToBack": [
                                {"price": float(price), "size": float(size)}
                                for price, size in market.offered((key, line))
                            ]
                        },
                    }
                    for key, line in market.spots
                ],
            }
            for market in (self.markets.get(key) for key in asked["marketIds"])
            if market
        ]

    def placeOrders(self, asked: dict[str, Any]) -> Any:
        if not self.key_may_bet:
            raise Refusal("PERMISSION_DENIED")
        reference = asked.get("customerRef", "")
        if not CUSTOMER_REF.fullmatch(reference) or len(asked.get("customerStrategyRef", "")) > 15:
            raise Refusal("INVALID_INPUT_DATA")
        seen = self.seen.get(reference)
        if seen is not None and self.now - seen < DEDUPED_FOR:
            return {"status": "FAILURE", "errorCode": "DUPLICATE_TRANSACTION"}
        self.seen[reference] = self.now
        return self._report([self._place_one(each, asked) for each in asked["instructions"]])

    def cancelOrders(self, asked: dict[str, Any]) -> Any:
        reports = []
        for each in asked["instructions"]:
            order = next(
                o
                for o in self.orders
                if (o.bet_id, o.market.key) == (each["betId"], asked["marketId"])
            )
            if order.left <= 0:
                reports.append({"status": "FAILURE", "errorCode": "BET_TAKEN_OR_LAPSED"})
                continue
            size = order.left
            order.cancelled += size
            reports.append({"status": "SUCCESS", "sizeCancelled": float(size)})
        return self._report(reports)

    def listCurrentOrders(self, asked: dict[str, Any]) -> Any:
        chosen = [
            order
            for order in self._chosen(asked)
            if not order.cleared
            and (asked.get("orderProjection") != "EXECUTABLE" or order.left > 0)
        ]
        return {
            "moreAvailable": False,
            "currentOrders": [
                {
                    "betId": order.bet_id,
                    "marketId": order.market.key,
                    "selectionId": order.runner,
                    "handicap": float(order.handicap),
                    "customerOrderRef": order.reference,
                    "status": order.status,
                    "sizeMatched": float(order.matched),
                    "sizeRemaining": float(max(order.left, Decimal(0))),
                    "sizeCancelled": float(order.cancelled),
                    "sizeLapsed": float(order.lapsed),
                    "averagePriceMatched": order.average,
                }
                for order in chosen
            ],
        }

    def listClearedOrders(self, asked: dict[str, Any]) -> Any:
        rows = [order for order in self._chosen(asked) if order.cleared == asked["betStatus"]]
        begin = (asked.get("settledDateRange") or {}).get("from") or ""
        rows = [order for order in rows if order.settled_at >= begin]
        if asked.get("groupBy") == "MARKET":
            markets = {order.market.key: order.market for order in rows}
            return {
                "moreAvailable": False,
                "clearedOrders": [
                    {"marketId": key, "commission": float(self._commission_on(rows, key))}
                    for key in markets
                ],
            }
        return {
            "moreAvailable": False,
            "clearedOrders": [
                {
                    "betId": order.bet_id,
                    "marketId": order.market.key,
                    "customerOrderRef": order.reference,
                    "sizeSettled": float(order.matched),
                    "priceMatched": order.average,
                    "profit": float(order.profit),
                    "betOutcome": "WON" if order.profit > 0 else "LOST",
                    "handicap": float(order.handicap),
                    "settledDate": order.settled_at,
                }
                for order in rows
            ],
        }

    # --- what happens by itself

    def settle(
        self, market: Market, winner: int = 0, parts: dict[Spot, Decimal] | None = None
    ) -> None:
        """Pay a market: to its winner, or with lines by the part of a stake that each spot wins.

        1 is won, 0.5 half won, 0 a push, -0.5 half lost; what is not named lost.
        """
        for order in self.orders:
            if order.market is not market or order.cleared:
                continue
            order.lapsed += max(order.left, Decimal(0))
            if not order.fills:
                order.cleared = "CANCELLED" if order.cancelled else "LAPSED"
            else:
                order.cleared = "SETTLED"
                won = Decimal(1 if order.runner == winner else -1)
                if parts is not None:
                    won = parts.get((order.runner, order.handicap), Decimal(-1))
                order.profit = sum(
                    ((price - 1) * size * won if won > 0 else size * won)
                    for price, size in order.fills
                ).quantize(CENT)
            order.settled_at = _text(self.now)
        market.status = "CLOSED"

    def take(self, reference: str, size: str) -> None:
        """Let somebody take a part of a waiting order, at its own price."""
        (order,) = self.held(reference)
        order.fills.append((order.limit, min(Decimal(size), order.left)))

    def _place_one(self, each: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        market = self.markets.get(asked["marketId"])
        limit = each["limitOrder"]
        size, price = Decimal(str(limit["size"])), Decimal(str(limit["price"]))
        runner, handicap = each["selectionId"], Decimal(str(each.get("handicap", 0)))
        wrong = self._wrong(market, (runner, handicap), size, price)
        if wrong or market is None:
            return {"status": "FAILURE", "errorCode": wrong}
        order = Placed(
            bet_id=str(len(self.orders) + 1),
            market=market,
            runner=runner,
            handicap=handicap,
            reference=each["customerOrderRef"],
            strategy=asked.get("customerStrategyRef", ""),
            size=size,
            limit=price,
        )
        self.orders.append(order)
        asked_version = asked.get("marketVersion", {}).get("version")
        if asked_version is not None and asked_version < market.version:
            order.lapsed = size
        else:
            self._match(order)
        return {
            "status": "SUCCESS",
            "instruction": each,
            "betId": order.bet_id,
            "orderStatus": "EXPIRED" if order.lapsed else order.status,
            "sizeMatched": float(order.matched),
            "averagePriceMatched": order.average,
        }

    def _wrong(self, market: Market | None, spot: Spot, size: Decimal, price: Decimal) -> str:
        if market is None:
            return "INVALID_MARKET_ID"
        reasons = {
            "MARKET_SUSPENDED": market.status == "SUSPENDED",
            "MARKET_NOT_OPEN_FOR_BETTING": market.status not in ("OPEN", "SUSPENDED"),
            "RUNNER_REMOVED": spot[0] in market.removed,
            # A line that is not listed is no selection, as a runner that is not.
            "INVALID_RUNNER": spot not in market.spots,
            "INVALID_BET_SIZE": size < MIN_SIZE or size != size.quantize(CENT),
            "INVALID_ODDS": neighbours(price, BETFAIR) != (price, price),
            "INSUFFICIENT_FUNDS": size > self.funds,
        }
        return next((code for code, is_so in reasons.items() if is_so), "")

    def _match(self, order: Placed) -> None:
        left = []
        spot = (order.runner, order.handicap)
        for price, size in order.market.offered(spot):
            taken = min(size, order.left) if price >= order.limit else Decimal(0)
            if taken > 0:
                order.fills.append((price, taken))
            if size > taken:
                left.append((price, size - taken))
        order.market.offers[spot if order.market.lines else order.runner] = left

    def _chosen(self, asked: dict[str, Any]) -> list[Placed]:
        references = asked.get("customerOrderRefs")
        strategies = asked.get("customerStrategyRefs")
        return [
            order
            for order in self.orders
            if (references is None or order.reference in references)
            and (strategies is None or order.strategy in strategies)
        ]

    def _commission_on(self, rows: list[Placed], market_key: str) -> Decimal:
        net = sum((o.profit for o in rows if o.market.key == market_key), Decimal(0))
        return (max(net, Decimal(0)) * self.commission).quantize(CENT)

    @staticmethod
    def _report(reports: list[dict[str, Any]]) -> dict[str, Any]:
        failed = [report for report in reports if report["status"] == "FAILURE"]
        report: dict[str, Any] = {"status": "FAILURE" if failed else "SUCCESS"}
        if failed:
            report["errorCode"] = "BET_ACTION_ERROR"
        return report | {"instructionReports": reports}

    # --- one request

    def answer(self, method: str, asked: dict[str, Any], token: str) -> dict[str, Any] | None:
        """Return the JSON-RPC answer; None where the connection breaks instead."""
        name = method.rsplit("/", 1)[-1]
        self.calls.append(name)
        if token not in self.tokens:
            return _error("INVALID_SESSION_INFORMATION")
        fault = self.faults.pop(0) if self.faults and name == "placeOrders" else ""
        if fault == "lost_before":
            return None
        if fault == "timeout_before":
            return {"result": {"status": "TIMEOUT", "errorCode": "TIMEOUT"}}
        if fault.isupper():
            return _error(fault)
        try:
            result = getattr(self, name)(asked)
        except Refusal as refusal:
            return _error(str(refusal))
        if fault == "lost_after":
            return None
        if fault == "timeout_after":
            return {"result": {"status": "TIMEOUT", "errorCode": "TIMEOUT"}}
        return {"result": result}


class Server(HttpDoor):
    """An exchange behind HTTP, on a free port."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        super().__init__(ThreadingHTTPServer(("127.0.0.1", 0), _handler(exchange)))


def _handler(exchange: Exchange) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            said: dict[str, Any] | None
            if self.path.endswith("/login"):
                said = exchange.login({k: v[0] for k, v in parse_qs(body).items()})
            elif self.path.endswith("/keepAlive"):
                token = self.headers.get("X-Authentication", "")
                alive = token in exchange.tokens
                said = {"status": "SUCCESS" if alive else "FAIL", "token": token, "error": ""}
            else:
                call = json.loads(body)
                token = self.headers.get("X-Authentication", "")
                said = exchange.answer(call["method"], call["params"], token)
            if said is None:
                self.close_connection = True
                return
            content = json.dumps({"jsonrpc": "2.0", "id": 1} | said).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *parts: object) -> None:
            """Say nothing."""

    return Handler


def _error(code: str) -> dict[str, Any]:
    return {
        "error": {
            "code": -32099,
            "message": f"ANGX: {code}",
            "data": {"exceptionname": "APINGException", "APINGException": {"errorCode": code}},
        }
    }


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
