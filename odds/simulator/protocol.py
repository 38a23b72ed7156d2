"""The Odds API v4 as rules: a path and a query in, a status, headers and a body out. No sockets.

The contract is the vendor's guide and error-code page. What a key may spend is kept here, by the
month of the world's clock.
"""

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from odds.simulator.clock import Clock
from odds.simulator.query import ADDITIONAL_MARKETS_FROM, FEATURED, Query, Refused
from odds.simulator.render import Form, event_body, odds_body, score_body, sport_body
from odds.simulator.worlds import World, WorldOdds

GUIDE = "https://the-odds-api.com/liveapi/guides/v4/api-error-codes.html"
SNAPSHOT_SECONDS = 300
# Snapshots are never on the minute: the vendor's are not.
SNAPSHOT_OFFSET = 38
UPCOMING = "upcoming"
_UPCOMING_COUNT = 8
# The names that scenarios and `endpoint` use.
ENDPOINTS = (
    "sports", "events", "odds", "scores", "event_odds", "event_markets", "participants",
    "past_odds", "past_events", "past_event_odds",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """One response. `raw` replaces the JSON of `payload` where a fault wants other bytes.

    `fate` is what happens to it on its way: nothing, or one of "silence" (after `hold` seconds the
    connection closes without a word), "dropped" (it closes half way) and "truncated" (the
    compressed body ends half way, and says that this is all).
    """

    status: int
    payload: Any
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    fate: str = ""
    hold: float = 0.0

    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return json.dumps(self.payload, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass(slots=True)
class Account:
    """An API key's plan and what it spent this month."""

    key: str
    credits: int = 5_000_000
    has_history: bool = True
    is_active: bool = True
    month: tuple[int, int] = (0, 0)
    used: int = 0


@dataclass(frozen=True, slots=True)
class _Priced:
    payload: Any
    cost: int


_Respond = Callable[[Query], _Priced]


def out_of_credits() -> Refused:
    """Return the refusal of a paid call that nothing is left for."""
    return Refused(
        401,
        "OUT_OF_USAGE_CREDITS",
        "Usage quota has been reached. See usage plans at https://the-odds-api.com",
    )


def too_frequent() -> Refused:
    """Return the refusal of a call that comes too fast."""
    return Refused(429, "EXCEEDED_FREQ_LIMIT", "Request frequency limit exceeded")


class OddsApi:
    """The provider: a world, a clock, and accounts."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        accounts: list[Account],
        *,
        requests_per_second: int | None = None,
    ) -> None:
        self.world = world
        self.clock = clock
        self.accounts = {account.key: account for account in accounts}
        self.requests_per_second = requests_per_second
        self._lock = threading.Lock()
        self._recent: deque[float] = deque()
        sport = r"/v4/sports/(?P<sport>[^/]+)"
        event = r"/events/(?P<event>[^/]+)"
        past = r"/v4/historical/sports/(?P<sport>[^/]+)"
        self._routes: list[tuple[re.Pattern[str], _Respond, bool]] = [
            (re.compile(pattern + "/?"), answer, is_free)
            for pattern, answer, is_free in (
                ("/v4/sports", self._sports, True),
                (f"{sport}/events", self._events, True),
                (f"{sport}/odds", self._odds, False),
                (f"{sport}/scores", self._scores, False),
                (f"{sport}{event}/odds", self._event_odds, False),
                (f"{sport}{event}/markets", self._event_markets, False),
                (f"{sport}/participants", self._participants, False),
                (f"{past}/odds", self._past_odds, False),
                (f"{past}/events", self._past_events, False),
                (f"{past}{event}/odds", self._past_event_odds, False),
            )
        ]

    def answer(self, path: str, params: Mapping[str, str]) -> Answer:
        """Return the response to GET `path` with these query parameters."""
        try:
            account = self._account(params)
            self._hold_rate()
            route = self._route(path)
            if route is None:
                return Answer(404, {"message": "Not Found"}, self._headers(account, 0))
            respond, is_free, named = route
            if not is_free and account.used >= account.credits:
                raise out_of_credits()
            query = Query(self.world, self.clock.now(), params, named, account.has_history)
            priced = respond(query)
        except Refused as refusal:
            return self.refusal(params, refusal)
        with self._lock:
            account.used += priced.cost
        return Answer(200, priced.payload, self._headers(account, priced.cost))

    def endpoint(self, path: str) -> tuple[str, str] | None:
        """Return which of the ten endpoints a path is, and the sport it names ("" without one)."""
        route = self._route(path)
        if route is None:
            return None
        return route[0].__name__.removeprefix("_"), route[2].get("sport", "")

    def refusal(self, params: Mapping[str, str], refused: Refused) -> Answer:
        """Return this refusal as an answer to whoever holds the key; it costs nothing."""
        account = self.accounts.get(params.get("apiKey", ""))
        return _refusal(refused, self._headers(account, 0))

    def as_of(self, path: str, params: Mapping[str, str], at: datetime) -> Any:  # noqa: ANN401
        """Return the payload that a request got, or would have got, at another moment.

        Raises:
            Refused: as it would have been then.
        """
        route = self._route(path)
        if route is None:
            raise Refused(404, "", "Not Found")
        return route[0](Query(self.world, at, params, route[2], has_history=True)).payload

    def _route(self, path: str) -> tuple[_Respond, bool, dict[str, str]] | None:
        for pattern, respond, is_free in self._routes:
            if found := pattern.fullmatch(path):
                return respond, is_free, found.groupdict()
        return None

    def _account(self, params: Mapping[str, str]) -> Account:
        key = params.get("apiKey", "")
        if not key:
            raise Refused(401, "MISSING_KEY", "API key is missing")
        account = self.accounts.get(key)
        if account is None:
            raise Refused(
                401,
                "INVALID_KEY",
                "API key is not valid. Get an API key at https://the-odds-api.com",
            )
        if not account.is_active:
            raise Refused(401, "DEACTIVATED_KEY", "API key has been deactivated")
        now = self.clock.now()
        with self._lock:
            if account.month != (now.year, now.month):
                account.month, account.used = (now.year, now.month), 0
        return account

    def _hold_rate(self) -> None:
        """Refuse what comes too fast, by the real clock: it is real load that is limited."""
        if self.requests_per_second is None:
            return
        with self._lock:
            moment = time.monotonic()
            while self._recent and self._recent[0] <= moment - 1.0:
                self._recent.popleft()
            if len(self._recent) >= self.requests_per_second:
                raise too_frequent()
            self._recent.append(moment)

    def _headers(self, account: Account | None, cost: int) -> dict[str, str]:
        headers = {"x-requests-last": str(cost)}
        if account is not None:
            # A key that nobody owns has no balance; a made-up nought would read as "spent".
            headers["x-requests-used"] = str(account.used)
            headers["x-requests-remaining"] = str(account.credits - account.used)
        return headers

    # --- the ten endpoints

    def _sports(self, query: Query) -> _Priced:
        wants_all = query.flag("all", "INVALID_ALL_SPORTS_PARAM")
        sports = [each for each in self.world.sports() if each.active or wants_all]
        return _Priced([sport_body(each) for each in sports], 0)

    def _events(self, query: Query) -> _Priced:
        form = query.form()
        wanted = query.wanted()
        events = [each for each in self.world.events(query.sport(), query.now) if wanted(each)]
        return _Priced([event_body(each, form) for each in events], 0)

    def _odds(self, query: Query) -> _Priced:
        if query.named["sport"] == UPCOMING:
            return self._upcoming(query)
        sport = query.sport()
        return self._featured(query, sport, query.now)

    def _featured(self, query: Query, sport: str, at: datetime) -> _Priced:
        books = query.books()
        markets = query.markets(allowed=FEATURED)
        form = query.form()
        wanted = query.wanted()
        found = [each for each in self.world.odds(sport, at) if wanted(each.event)]
        payload = [odds_body(books.of(each, markets), form) for each in found]
        return _Priced(payload, len(markets) * books.regions if payload else 0)

    def _upcoming(self, query: Query) -> _Priced:
        books = query.books()
        markets = query.markets(allowed=FEATURED)
        form = query.form()
        every = [
            each for sport in self.world.sports() for each in self.world.odds(sport.key, query.now)
        ]
        every.sort(key=lambda each: each.event.starts_at)
        live = [each for each in every if each.event.starts_at <= query.now]
        coming = [each for each in every if each.event.starts_at > query.now][:_UPCOMING_COUNT]
        payload = [odds_body(books.of(each, markets), form) for each in live + coming]
        return _Priced(payload, len(markets) * books.regions if payload else 0)

    def _scores(self, query: Query) -> _Priced:
        sport = query.sport()
        days = query.days_from()
        form = query.form()
        wanted = query.wanted()
        oldest = query.now - timedelta(days=days or 0)
        payload = [
            score_body(each, form)
            for each in self.world.scores(sport, query.now)
            if wanted(each.event)
            and (not each.completed or (days is not None and each.event.starts_at >= oldest))
        ]
        return _Priced(payload, 2 if days is not None else 1)

    def _event_odds(self, query: Query) -> _Priced:
        sport = query.sport()
        books = query.books()
        markets = query.markets(allowed=None)
        form = replace(query.form(), with_book_update=False)
        chosen = books.of(self._one(query, sport, query.now), markets)
        return _Priced(odds_body(chosen, form), _returned(chosen, markets) * books.regions)

    def _event_markets(self, query: Query) -> _Priced:
        sport = query.sport()
        books = query.books()
        form = query.form()
        found = books.of(self._one(query, sport, query.now), None)
        body = event_body(found.event, form) | {
            "bookmakers": [
                {
                    "key": book.key,
                    "title": book.title,
                    "markets": [
                        {"key": market.key, "last_update": form.moment(market.last_update)}
                        for market in book.markets
                    ],
                }
                for book in found.books
            ]
        }
        return _Priced(body, 1)

    def _participants(self, query: Query) -> _Priced:
        sport = query.sport()
        names = sorted(self.world.participants(sport))
        return _Priced(
            [{"full_name": name, "id": f"par_{place:026d}"} for place, name in enumerate(names)], 1
        )

    def _past_odds(self, query: Query) -> _Priced:
        at = self._snapshot(query)
        priced = self._featured(query, query.sport(), at)
        return _Priced(self._envelope(query, at, priced.payload), 10 * priced.cost)

    def _past_events(self, query: Query) -> _Priced:
        at = self._snapshot(query)
        form = query.form()
        wanted = query.wanted()
        events = [
            event_body(each, form) for each in self.world.events(query.sport(), at) if wanted(each)
        ]
        return _Priced(self._envelope(query, at, events), 1 if events else 0)

    def _past_event_odds(self, query: Query) -> _Priced:
        at = self._snapshot(query)
        sport = query.sport()
        books = query.books()
        markets = query.markets(allowed=None)
        if at < ADDITIONAL_MARKETS_FROM and markets - FEATURED:
            raise Refused(
                422,
                "HISTORICAL_MARKETS_UNAVAILABLE_AT_DATE",
                "Additional markets are available from 2023-05-03T05:30:00Z",
            )
        chosen = books.of(self._one(query, sport, at), markets)
        cost = 10 * _returned(chosen, markets) * books.regions
        return _Priced(self._envelope(query, at, odds_body(chosen, query.form())), cost)

    def _one(self, query: Query, sport: str, at: datetime) -> WorldOdds:
        found = self.world.event_odds(sport, query.event_id(), at)
        if found is not None:
            return found
        raise Refused(404, "EVENT_NOT_FOUND", "Event not found. The event may have expired")

    # --- snapshots of the past

    def _snapshot(self, query: Query) -> datetime:
        """Return the newest snapshot at or before the date asked for."""
        seconds = min(query.past_moment(), query.now).timestamp() - SNAPSHOT_OFFSET
        return datetime.fromtimestamp(
            seconds // SNAPSHOT_SECONDS * SNAPSHOT_SECONDS + SNAPSHOT_OFFSET, UTC
        )

    def _envelope(self, query: Query, at: datetime, data: Any) -> dict[str, Any]:  # noqa: ANN401
        form = Form()
        step = timedelta(seconds=SNAPSHOT_SECONDS)
        following = at + step
        return {
            "timestamp": form.moment(at),
            "previous_timestamp": form.moment(at - step),
            "next_timestamp": form.moment(following) if following <= query.now else None,
            "data": data,
        }


def _returned(chosen: WorldOdds, asked: frozenset[str]) -> int:
    """Return how many of the markets asked for came back; a lay market that came along is free."""
    return len({market.key for book in chosen.books for market in book.markets} & asked)


def _refusal(refusal: Refused, headers: dict[str, str]) -> Answer:
    anchor = refusal.code.lower().replace("_", "-")
    body = {
        "message": refusal.message,
        "error_code": refusal.code,
        "details_url": f"{GUIDE}#{anchor}",
    }
    return Answer(refusal.status, body, headers)
