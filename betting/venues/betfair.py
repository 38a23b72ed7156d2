"""The Betfair Exchange.

Each order carries our reference twice: as `customerRef`, which makes the exchange refuse a second
one for 60 seconds only, and as `customerOrderRef`, which it keeps: by that one an order is looked
up. A TIMEOUT, or no answer, means that the bet may exist.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.money import to_cents
from betting.domain.ladder import BETFAIR
from betting.domain.venue_markets import Ambiguous, Found, Listed, NotListed, Runner, find_selection
from betting.venues.base import Answer, CannotQuote, Code, Order, Quoted, Settled, Terms, Verdict
from betting.venues.betfair_answers import (
    CODES,
    answer_of_current,
    answer_to_placing,
    commission_shares,
    decimal_of,
    refused_by,
)
from betting.venues.betfair_api import Connection, Login, MayHaveActed, NothingDone
from betting.venues.wanting import wanted_of

STRATEGY_REF = "fairline"
EVENT_TYPES = {
    "soccer": "1",
    "americanfootball": "6423",
    "baseball": "7511",
    "basketball": "7522",
    "icehockey": "7524",
}
# Markets of which each team, Over and Under is a selection once a line, told apart by `handicap`:
# the home team at -0.75 there is -0.75 here, the half of each stake on -0.5 and on -1.
WITH_LINES = {
    ("soccer", "spreads"): "ASIAN_HANDICAP",
    ("soccer", "totals"): "ALT_TOTAL_GOALS",
    ("basketball", "spreads"): "HANDICAP",
    ("basketball", "totals"): "COMBINED_TOTAL",
}
_HALF = Decimal("0.5")
# What a row of its cleared orders was, the most telling first.
CLEARED = ("SETTLED", "VOIDED", "LAPSED", "CANCELLED")


class Betfair:
    """Backs selections at a limit; what is not matched in time is withdrawn."""

    key = "betfair"

    def __init__(
        self,
        login: Login,
        *,
        currency: str = "GBP",
        waits: timedelta = timedelta(seconds=60),
    ) -> None:
        self._connection = Connection(login)
        self.terms = Terms(
            title="Betfair Exchange",
            needs_arming=True,
            quotes=True,
            min_stake=Decimal("2.00"),
            ladder=BETFAIR,
            dedupe_window=timedelta(seconds=60),
            # Its cleared orders go back 90 days.
            remembers=timedelta(days=89),
            answers_within=waits,
            currency=currency,
            bookmakers=frozenset({"betfair_ex_uk", "betfair_ex_eu", "betfair_ex_au"}),
        )

    def quote(self, *, selection_id: int, bookmaker_id: int, now: datetime) -> Quoted:
        try:
            found = self._find(selection_id)
            books = self._connection.ask(
                "list_market_book",
                market_ids=[found.market.key],
                price_projection={"priceData": ["EX_BEST_OFFERS"]},
            )
        except (NothingDone, MayHaveActed) as silent:
            raise CannotQuote(Code.OTHER, f"Betfair cannot be asked: {silent}.") from None
        book: dict[str, Any] = books[0] if books else {}
        if book.get("status") != "OPEN" or book.get("inplay"):
            state = "in play" if book.get("inplay") else str(book.get("status", "gone")).lower()
            raise CannotQuote(Code.MARKET_CLOSED, f"The market at Betfair is {state}.")
        runner = next((r for r in book["runners"] if _is(found.runner, r)), None)
        if runner is None or runner["status"] != "ACTIVE":
            raise CannotQuote(Code.MARKET_CLOSED, f"{found.runner.name} was removed at Betfair.")
        offers = runner.get("ex", {}).get("availableToBack", [])
        if not offers:
            raise CannotQuote(Code.PRICE_MOVED, f"Nobody offers {found.runner.name} at Betfair.")
        return Quoted(
            price=decimal_of(offers[0]["price"]),
            limit=to_cents(decimal_of(offers[0]["size"])),
            version=str(book["version"]),
            as_of=now,
        )

    def place(self, order: Order) -> Answer:
        try:
            found = self._find(order.selection_id)
        except CannotQuote as unclear:
            return Answer(Verdict.REJECTED, code=unclear.code, reason=str(unclear))
        except (NothingDone, MayHaveActed) as silent:
            # Only the list of markets was asked for: nothing can have been placed.
            return Answer(
                Verdict.REJECTED,
                code=CODES.get(str(silent), Code.OTHER),
                reason=f"Betfair cannot be asked ({silent}); the order was not sent.",
            )
        instruction = {
            "selectionId": found.runner.key,
            # Which of its lines: without it the order would be for none of them.
            "handicap": float(found.runner.line or 0),
            "side": "BACK",
            "orderType": "LIMIT",
            "limitOrder": {
                "size": float(order.stake),
                "price": float(order.price),
                "persistenceType": "LAPSE",
            },
            "customerOrderRef": order.reference,
        }
        version = {"market_version": {"version": int(order.version)}} if order.version else {}
        try:
            report = self._connection.ask(
                "place_orders",
                market_id=found.market.key,
                instructions=[instruction],
                customer_ref=order.reference,
                customer_strategy_ref=STRATEGY_REF,
                **version,
            )
        except NothingDone as nothing:
            return refused_by(nothing.code)
        except MayHaveActed:
            return Answer(Verdict.UNKNOWN)
        return answer_to_placing(report, order)

    def look_up(self, order: Order, *, now: datetime) -> Answer:
        try:
            current = self._current(order)
            if current is not None:
                return answer_of_current(current)
            return self._answer_of_cleared(order)
        except (NothingDone, MayHaveActed):
            return Answer(Verdict.UNKNOWN)

    def cancel(self, order: Order, *, now: datetime) -> Answer:
        try:
            current = self._current(order)
            if current is None or current["status"] != "EXECUTABLE":
                return self.look_up(order, now=now)
            self._connection.ask(
                "cancel_orders",
                market_id=current["marketId"],
                instructions=[{"betId": current["betId"]}],
                customer_ref=f"c-{order.reference}",
            )
        except (NothingDone, MayHaveActed):
            return Answer(Verdict.UNKNOWN)
        # Whatever the report says, what became of the order is what the order says.
        return self.look_up(order, now=now)

    def open_orders(self, *, now: datetime) -> Sequence[str]:
        orders = self._connection.ask(
            "list_current_orders",
            customer_strategy_refs=[STRATEGY_REF],
            order_projection="EXECUTABLE",
        )["currentOrders"]
        return [order["customerOrderRef"] for order in orders]

    def settled(self, *, since: datetime) -> Sequence[Settled]:
        within = {"from": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        rows = self._cleared("SETTLED", settled_date_range=within)
        # Commission is known by market only: it is taken off what was won there in all.
        markets = self._cleared("SETTLED", settled_date_range=within, group_by="MARKET")
        commission = {each["marketId"]: decimal_of(each["commission"]) for each in markets}
        return [
            Settled(
                reference=row["customerOrderRef"],
                outcome=row["betOutcome"],
                profit=to_cents(decimal_of(row["profit"]) - taken),
                commission=taken,
                at=_moment(row["settledDate"]),
            )
            for row, taken in zip(rows, commission_shares(rows, commission), strict=True)
        ]

    def lists(self, order: Order, *, now: datetime) -> bool:
        paid = (row.reference for row in self.settled(since=order.at))
        return order.reference in self.open_orders(now=now) or order.reference in paid

    def _find(self, selection_id: int) -> Found:
        wanted, sport = wanted_of(selection_id)
        kind = _market_type(wanted.market_key, sport, wanted.point)
        if kind is None:
            raise CannotQuote(
                Code.NO_SUCH_SELECTION,
                f"Betfair: {sport} {wanted.market_key} is not matched to its markets.",
            )
        day = timedelta(hours=12)
        listed = self._connection.ask(
            "list_market_catalogue",
            filter={
                "eventTypeIds": [EVENT_TYPES[sport]],
                "marketTypeCodes": [kind],
                "marketStartTime": {
                    "from": (wanted.starts_at - day).strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "to": (wanted.starts_at + day).strftime("%Y-%m-%dT%H:%M:%SZ"),
                },
            },
            # 200 is the most it answers with these weights; more would be ambiguous anyhow.
            max_results=200,
            market_projection=["EVENT", "MARKET_START_TIME", "RUNNER_DESCRIPTION"],
        )
        try:
            return find_selection(wanted, [_listed(market, kind) for market in listed])
        except NotListed as nothing:
            raise CannotQuote(Code.NO_SUCH_SELECTION, f"Betfair: {nothing}") from None
        except Ambiguous as doubt:
            raise CannotQuote(Code.AMBIGUOUS, f"Betfair: {doubt}") from None

    def _current(self, order: Order) -> dict[str, Any] | None:
        orders: list[dict[str, Any]] = self._connection.ask(
            "list_current_orders", customer_order_refs=[order.reference]
        )["currentOrders"]
        return orders[0] if orders else None

    def _answer_of_cleared(self, order: Order) -> Answer:
        for status in CLEARED:
            rows = self._cleared(status, customer_order_refs=[order.reference])
            if not rows:
                continue
            if status == "SETTLED":
                return Answer(
                    Verdict.ACCEPTED,
                    str(rows[0]["betId"]),
                    matched_stake=to_cents(decimal_of(rows[0]["sizeSettled"])),
                    matched_price=decimal_of(rows[0]["priceMatched"]),
                )
            return Answer(
                Verdict.CANCELLED,
                str(rows[0]["betId"]),
                code=Code.WITHDRAWN if status == "CANCELLED" else Code.LAPSED,
                reason=f"Betfair says {status.lower()}.",
            )
        return Answer(Verdict.NOT_FOUND)

    def _cleared(self, status: str, **which: object) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._connection.ask(
            "list_cleared_orders",
            bet_status=status,
            customer_strategy_refs=[STRATEGY_REF],
            **which,
        )["clearedOrders"]
        return rows


def _market_type(market_key: str, sport: str, point: Decimal | None) -> str | None:
    """Return its own name of a kind of market, None where ours has no equal there."""
    if sport not in EVENT_TYPES:
        return None
    if market_key == "h2h":
        return "MATCH_ODDS"
    if point is None:
        return None
    # At half goals its plain market is the liquid one; whole and quarter goals have lines alone.
    if (market_key, sport) == ("totals", "soccer") and point % 1 == _HALF:
        return f"OVER_UNDER_{int(point * 10):02d}"
    return WITH_LINES.get((sport, market_key))


def _is(ours: Runner, theirs: Mapping[str, Any]) -> bool:
    """Return whether a row of a market's book is a selection of ours, its line too."""
    return bool(
        theirs["selectionId"] == ours.key
        and decimal_of(theirs.get("handicap") or 0) == (ours.line or 0)
    )


def _listed(market: Mapping[str, Any], kind: str) -> Listed:
    with_lines = kind in WITH_LINES.values()
    return Listed(
        key=market["marketId"],
        event=market["event"]["name"],
        starts_at=_moment(market["marketStartTime"]),
        runners=tuple(
            Runner(
                each["selectionId"],
                each["runnerName"],
                decimal_of(each["handicap"]) if with_lines else None,
            )
            for each in market["runners"]
        ),
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
