"""Pinnacle, kept to the contract and never armed: its API is closed to the public since July 2025.

What it asks of a caller: the same `uniqueRequestId` for the same bet, which it refuses twice for 30
minutes and by which a bet is looked up as long; `altLineId` with a line that is not the main one,
or the bet lands on the main line; and never to take an error for a bet that was not placed.
"""

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2

from accounts.outbound import traces
from betting.domain.venue_markets import (
    Ambiguous,
    Listed,
    NotListed,
    Runner,
    Wanted,
    find_selection,
)
from betting.venues.base import Answer, CannotQuote, Code, Order, Quoted, Settled, Terms, Verdict
from betting.venues.wanting import wanted_of

logger = logging.getLogger(__name__)

CONNECT_SECONDS, READ_SECONDS = 3.0, 8.0
SPORTS = {"soccer": 29, "basketball": 4, "americanfootball": 15, "baseball": 3, "icehockey": 19}
KINDS = {"h2h": "MONEYLINE", "spreads": "SPREAD", "totals": "TOTAL_POINTS"}
TEAM_1, TEAM_2 = 1, 2
# How often the same request is sent again when it says RESUBMIT_REQUEST.
RESUBMITS = 2
_NAMES = uuid.UUID("5f3c9a52-3f0e-4d0a-9a43-0d0a6f61b1c7")

CODES: Mapping[str, Code] = {
    "LINE_CHANGED": Code.PRICE_MOVED,
    "ABOVE_MAX_BET_AMOUNT": Code.STAKE_TOO_LARGE,
    "ABOVE_EVENT_MAX": Code.STAKE_TOO_LARGE,
    "BELOW_MIN_BET_AMOUNT": Code.STAKE_TOO_SMALL,
    "INSUFFICIENT_FUNDS": Code.NO_FUNDS,
    "PAST_CUTOFFTIME": Code.MARKET_CLOSED,
    "OFFLINE_EVENT": Code.MARKET_CLOSED,
    "BETTING_SUSPENDED": Code.MARKET_CLOSED,
    "TIME_RESTRICTION": Code.LIMIT_OF_VENUE,
    "RESPONSIBLE_BETTING_LOSS_LIMIT_EXCEEDED": Code.LIMIT_OF_VENUE,
    "BLOCKED_BETTING": Code.NOT_ALLOWED,
}
# After these the bet may exist.
UNCERTAIN = frozenset({"DUPLICATED_REQUEST", "RESUBMIT_REQUEST", "UNEXPECTED_ERROR"})


class _NoAnswer(Exception):
    """Nothing usable came back: it may have done what was asked."""


class _Refused(Exception):
    """It did nothing: who asks may not, or what was asked is malformed."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One line as it stands, and how it was asked for. `alternate` is None on the main line."""

    asked: Mapping[str, Any]
    handicap: Decimal | None
    price: Decimal
    limit: Decimal
    line: int
    alternate: int | None


class Pinnacle:
    """Takes the price of a line as quoted, or a better one."""

    key = "pinnacle"

    def __init__(self, *, url: str, username: str, password: str, currency: str = "EUR") -> None:
        self._client = httpx2.Client(
            base_url=url,
            auth=(username, password),
            timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            event_hooks={"request": [traces.tell]},
        )
        self.terms = Terms(
            title="Pinnacle",
            needs_arming=True,
            quotes=True,
            cancels=False,
            min_stake=Decimal("1.00"),
            dedupe_window=timedelta(minutes=30),
            remembers=timedelta(minutes=30),
            live_delay=timedelta(seconds=6),
            currency=currency,
            bookmakers=frozenset({"pinnacle"}),
        )

    def quote(self, *, selection_id: int, bookmaker_id: int, now: datetime) -> Quoted:
        line = self._line(selection_id)
        version = f"{line.line}:{line.alternate or ''}"
        return Quoted(price=line.price, limit=line.limit, version=version, as_of=now)

    def place(self, order: Order) -> Answer:
        try:
            line = self._line(order.selection_id)
        except CannotQuote as unclear:
            # Only lines were asked for: nothing can have been placed.
            return Answer(Verdict.REJECTED, code=unclear.code, reason=str(unclear))
        if line.price < order.price:
            reason = f"Pinnacle offers {line.price}, below the {order.price} asked."
            return Answer(Verdict.REJECTED, code=Code.PRICE_MOVED, reason=reason)
        asked = {name: value for name, value in line.asked.items() if name != "handicap"} | {
            "uniqueRequestId": request_id(order.reference),
            "acceptBetterLine": True,
            "stake": str(order.stake),
            "winRiskStake": "RISK",
            "lineId": line.line,
            "fillType": "NORMAL",
        }
        if line.alternate is not None:
            # Without it the bet would land on the main line.
            asked["altLineId"] = line.alternate
        for _ in range(1 + RESUBMITS):
            try:
                said = self._ask("POST", "/v4/bets/straight", json=asked)
            except _NoAnswer:
                return Answer(Verdict.UNKNOWN)
            except _Refused as refused:
                return Answer(Verdict.REJECTED, code=Code.NOT_ALLOWED, reason=str(refused))
            # The same request, with the same id.
            if said.get("code") != "RESUBMIT_REQUEST":
                return _answer_to_placing(said, line)
        return Answer(Verdict.UNKNOWN)

    def look_up(self, order: Order, *, now: datetime) -> Answer:
        try:
            said = self._ask(
                "GET", "/v4/bets", params={"uniqueRequestIds": request_id(order.reference)}
            )
        except (_NoAnswer, _Refused):
            return Answer(Verdict.UNKNOWN)
        bets = said.get("straightBets")
        if bets is None:
            return Answer(Verdict.UNKNOWN)
        return _answer_of_bet(bets[0]) if bets else Answer(Verdict.NOT_FOUND)

    def cancel(self, order: Order, *, now: datetime) -> Answer:
        # It takes no bet back.
        return self.look_up(order, now=now)

    def open_orders(self, *, now: datetime) -> Sequence[str]:
        """Return the request ids (`request_id` of our references) of what runs."""
        bets = self._ask("GET", "/v4/bets", params={"betlist": "RUNNING"}).get("straightBets", [])
        return [bet["uniqueRequestId"] for bet in bets]

    def settled(self, *, since: datetime) -> Sequence[Settled]:
        """Return what it paid, by request id."""
        params = {"betlist": "SETTLED", "fromDate": since.astimezone(UTC).isoformat()}
        bets = self._ask("GET", "/v4/bets", params=params).get("straightBets", [])
        return [
            Settled(
                reference=bet["uniqueRequestId"],
                outcome=bet["betStatus"],
                profit=Decimal(str(bet["winLoss"])),
                commission=Decimal(0),
                at=datetime.fromisoformat(bet["settledAt"].replace("Z", "+00:00")),
            )
            for bet in bets
        ]

    def lists(self, order: Order, *, now: datetime) -> bool:
        paid = (row.reference for row in self.settled(since=order.at))
        known = request_id(order.reference)
        return known in self.open_orders(now=now) or known in paid

    def _line(self, selection_id: int) -> _Line:
        wanted, sport = wanted_of(selection_id)
        if sport not in SPORTS or wanted.market_key not in KINDS:
            raise CannotQuote(
                Code.NO_SUCH_SELECTION,
                f"Pinnacle: {sport} {wanted.market_key} is not matched to its lines.",
            )
        try:
            asked = self._asked(wanted, SPORTS[sport])
            said = self._ask("GET", "/v4/line", params=asked)
        except NotListed as nothing:
            raise CannotQuote(Code.NO_SUCH_SELECTION, f"Pinnacle: {nothing}") from None
        except Ambiguous as doubt:
            raise CannotQuote(Code.AMBIGUOUS, f"Pinnacle: {doubt}") from None
        except (_NoAnswer, _Refused) as silent:
            raise CannotQuote(Code.OTHER, f"Pinnacle cannot be asked: {silent}.") from None
        if said.get("status") != "SUCCESS":
            raise CannotQuote(Code.PRICE_MOVED, "Pinnacle does not offer that line now.")
        return _Line(
            asked=asked,
            handicap=wanted.point,
            price=Decimal(str(said["price"])),
            limit=Decimal(str(said["maxRiskStake"])),
            line=said["lineId"],
            alternate=said.get("altLineId"),
        )

    def _asked(self, wanted: Wanted, sport: int) -> dict[str, Any]:
        """Return how Pinnacle is asked for a line: its event, kind, and team or side."""
        fixtures = self._ask("GET", "/v3/fixtures", params={"sportId": sport})
        # By our home team, whatever is bet on: where it is listed second, the sides change.
        home = replace(wanted, market_key="h2h", side="home", point=None)
        found = find_selection(home, _listed(fixtures, draw_offered=wanted.draw_offered))
        asked: dict[str, Any] = {
            "sportId": sport,
            "eventId": int(found.market.key),
            "periodNumber": 0,
            "betType": KINDS[wanted.market_key],
            "oddsFormat": "DECIMAL",
        }
        if wanted.market_key == "h2h":
            self._check_draw(asked, wanted)
        if wanted.side in ("home", "away"):
            first = (found.runner.key == TEAM_1) == (wanted.side == "home")
            asked["team"] = "TEAM1" if first else "TEAM2"
        elif wanted.side == "draw":
            asked["team"] = "DRAW"
        else:
            asked["side"] = wanted.side.upper()
        if wanted.point is not None:
            asked["handicap"] = str(wanted.point)
        return asked

    def _check_draw(self, asked: Mapping[str, Any], wanted: Wanted) -> None:
        """Refuse a moneyline that settles apart from ours: with the draw, or without it."""
        draw = self._ask("GET", "/v4/line", params=dict(asked) | {"team": "DRAW"})
        offered = draw.get("status") == "SUCCESS"
        if offered != wanted.draw_offered:
            there, here = ("with", "without") if offered else ("without", "with")
            raise Ambiguous(f"its moneyline is {there} the draw, ours is {here} it.")

    def _ask(self, method: str, path: str, **sent: Any) -> dict[str, Any]:  # noqa: ANN401
        try:
            answer = self._client.request(method, path, **sent)
            said = answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            # The address is left out on purpose: with it the name of the account would be logged.
            raise _NoAnswer(type(error).__name__) from None
        if answer.status_code in (401, 403):
            raise _Refused(f"Pinnacle says {answer.status_code}")
        if not isinstance(said, dict) or answer.status_code not in (200, 400):
            raise _NoAnswer(f"status {answer.status_code}")
        return said


def request_id(reference: str) -> str:
    """Return the id that Pinnacle knows one of our references by: always the same."""
    return str(uuid.uuid5(_NAMES, reference))


def _listed(fixtures: Mapping[str, Any], *, draw_offered: bool) -> list[Listed]:
    """Return the events it lists; whether the draw is offered, only their lines tell."""
    return [
        Listed(
            key=str(event["id"]),
            event=f"{event['home']} v {event['away']}",
            starts_at=datetime.fromisoformat(event["starts"].replace("Z", "+00:00")),
            runners=(
                Runner(TEAM_1, event["home"]),
                Runner(TEAM_2, event["away"]),
                *((Runner(0, "The Draw"),) if draw_offered else ()),
            ),
        )
        for league in fixtures.get("league", [])
        for event in league["events"]
    ]


def _answer_to_placing(said: Mapping[str, Any], line: _Line) -> Answer:
    status, error = said.get("status"), str(said.get("errorCode") or said.get("code") or "")
    if status in ("ACCEPTED", "PENDING_ACCEPTANCE"):
        bet = said.get("straightBet") or {}
        landed = bet.get("handicap")
        if None not in (line.handicap, landed) and Decimal(str(landed)) != line.handicap:
            logger.error("Pinnacle took %s instead of %s", landed, line.handicap)
            return Answer(Verdict.UNKNOWN)
        return _answer_of_bet({"betStatus": status} | bet)
    if status == "PROCESSED_WITH_ERROR" and error not in UNCERTAIN:
        return Answer(
            Verdict.REJECTED, code=CODES.get(error, Code.OTHER), reason=f"Pinnacle says {error}."
        )
    return Answer(Verdict.UNKNOWN)


def _answer_of_bet(bet: Mapping[str, Any]) -> Answer:
    status, number = str(bet.get("betStatus", "")), str(bet.get("betId") or "")
    if status == "PENDING_ACCEPTANCE":
        return Answer(Verdict.PENDING, number)
    if status == "NOT_ACCEPTED":
        return Answer(Verdict.REJECTED, code=Code.PRICE_MOVED, reason="Pinnacle did not accept it.")
    if status in ("CANCELLED", "REFUNDED"):
        return Answer(
            Verdict.CANCELLED, number, code=Code.LAPSED, reason=f"Pinnacle says {status.lower()}."
        )
    if status in ("ACCEPTED", "WON", "LOSE"):
        return Answer(
            Verdict.ACCEPTED,
            number,
            matched_stake=Decimal(str(bet["risk"])),
            matched_price=Decimal(str(bet["price"])),
        )
    return Answer(Verdict.UNKNOWN)
