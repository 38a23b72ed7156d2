"""What an answer holds beyond, or other than, what the provider's guide says.

Looking changes nothing and never fails: what cannot be used is for the reader to refuse. An answer
has tens of thousands of outcomes of a few kinds, so each kind (names and types of its fields) is
judged once.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from odds.domain.credits import Endpoint
from odds.domain.market_keys import is_known, market_fault

UNKNOWN_KEY, MISSING_KEY, CHANGED_TYPE = "unknown_key", "missing_key", "changed_type"
UNKNOWN_MARKET, UNKEPT_MARKET = "unknown_market", "unkept_market"

_Types = tuple[type, ...]
_NOTHING = type(None)
_TEXT, _MOMENT, _NUMBER = (str,), (str, int), (int, float)
_MAYBE_TEXT, _MAYBE_NUMBER, _MAYBE_INT = (
    (str, _NOTHING),
    (int, float, _NOTHING),
    (int, _NOTHING),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of an object by the guide: type by name, which must be there, what is nested."""

    path: str
    types: Mapping[str, _Types]
    required: frozenset[str]
    inner: tuple[str, "Shape"] | None = None


@dataclass(slots=True)
class Seen:
    """What was noticed: how often each (kind, path), one example of each, and the bookmakers."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], str] = field(default_factory=dict)
    bookmakers: set[str] = field(default_factory=set)

    def note(self, kind: str, path: str, example: str, count: int = 1) -> None:
        """Count something once more."""
        self.counts[kind, path] += count
        self.examples.setdefault((kind, path), example[:120])


def _shape(
    path: str,
    required: Mapping[str, _Types],
    optional: Mapping[str, _Types],
    inner: tuple[str, Shape] | None = None,
) -> Shape:
    return Shape(path, {**required, **optional}, frozenset(required), inner)


_EXTRAS: dict[str, _Types] = {"link": _MAYBE_TEXT, "sid": _MAYBE_TEXT}
_OUTCOME = _shape(
    "bookmakers[].markets[].outcomes[]",
    {"name": _TEXT, "price": _NUMBER},
    {
        "point": _MAYBE_NUMBER,
        "description": _MAYBE_TEXT,
        "bet_limit": _MAYBE_NUMBER,
        "multiplier": _MAYBE_NUMBER,
    }
    | _EXTRAS,
)
_MARKET = _shape(
    "bookmakers[].markets[]",
    {"key": _TEXT, "outcomes": (list,)},
    {"last_update": _MOMENT} | _EXTRAS,
    ("outcomes", _OUTCOME),
)
_BOOK = _shape(
    "bookmakers[]",
    {"key": _TEXT, "title": _TEXT, "markets": (list,)},
    {"last_update": _MOMENT} | _EXTRAS,
    ("markets", _MARKET),
)
_EVENT_FIELDS: dict[str, _Types] = {
    "id": _TEXT,
    "sport_key": _TEXT,
    "commence_time": _MOMENT,
    "home_team": _MAYBE_TEXT,
    "away_team": _MAYBE_TEXT,
}
_EVENT_EXTRAS: dict[str, _Types] = {
    "sport_title": _TEXT,
    "home_rotation": _MAYBE_INT,
    "away_rotation": _MAYBE_INT,
}
_EVENT = _shape("[]", _EVENT_FIELDS, _EVENT_EXTRAS)
_PRICED = _shape(
    "[]", _EVENT_FIELDS | {"bookmakers": (list,)}, _EVENT_EXTRAS, ("bookmakers", _BOOK)
)
_OFFERED = _shape(
    "[]",
    _EVENT_FIELDS | {"bookmakers": (list,)},
    _EVENT_EXTRAS,
    (
        "bookmakers",
        _shape(
            "bookmakers[]",
            {"key": _TEXT, "title": _TEXT, "markets": (list,)},
            {},
            ("markets", _shape("bookmakers[].markets[]", {"key": _TEXT}, {"last_update": _MOMENT})),
        ),
    ),
)
_SCORED = _shape(
    "[]",
    _EVENT_FIELDS
    | {
        "completed": (bool,),
        "scores": (list, _NOTHING),
        "last_update": (str, int, _NOTHING),
    },
    _EVENT_EXTRAS,
    ("scores", _shape("scores[]", {"name": _TEXT, "score": (str, int)}, {})),
)
_SPORT = _shape(
    "[]",
    {"key": _TEXT, "title": _TEXT, "active": (bool,), "has_outrights": (bool,)},
    {"group": _TEXT, "description": _TEXT},
)
_PARTICIPANT = _shape("[]", {"full_name": _TEXT, "id": _TEXT}, {})
_ENVELOPE = _shape(
    "",
    {"timestamp": _MOMENT, "data": (list, dict)},
    {"previous_timestamp": (str, int, _NOTHING), "next_timestamp": (str, int, _NOTHING)},
)
_SHAPES: dict[Endpoint, Shape] = {
    Endpoint.SPORTS: _SPORT,
    Endpoint.EVENTS: _EVENT,
    Endpoint.ODDS: _PRICED,
    Endpoint.SCORES: _SCORED,
    Endpoint.EVENT_ODDS: _PRICED,
    Endpoint.EVENT_MARKETS: _OFFERED,
    Endpoint.PARTICIPANTS: _PARTICIPANT,
    Endpoint.PAST_ODDS: _PRICED,
    Endpoint.PAST_EVENTS: _EVENT,
    Endpoint.PAST_EVENT_ODDS: _PRICED,
}
_ONE_OBJECT = frozenset({Endpoint.EVENT_ODDS, Endpoint.EVENT_MARKETS, Endpoint.PAST_EVENT_ODDS})
_IN_ENVELOPE = frozenset({Endpoint.PAST_ODDS, Endpoint.PAST_EVENTS, Endpoint.PAST_EVENT_ODDS})
_Judgement = list[tuple[str, str, str]]


def look(endpoint: Endpoint, payload: object) -> Seen:
    """Return what an endpoint's answer holds other than its guide says."""
    looking = _Looking()
    if endpoint in _IN_ENVELOPE:
        looking.entry(payload, _ENVELOPE)
        payload = payload.get("data") if isinstance(payload, dict) else None
    if endpoint in _ONE_OBJECT:
        payload = [payload]
    looking.items(payload, _SHAPES[endpoint], "answer")
    return looking.seen


class _Looking:
    def __init__(self) -> None:
        self.seen = Seen()
        self._judged: dict[tuple[int, tuple[str, ...], _Types], _Judgement] = {}

    def items(self, found: object, shape: Shape, path: str) -> None:
        if not isinstance(found, list):
            if found is not None:
                self.seen.note(CHANGED_TYPE, path, repr(found)[:120])
            return
        for item in found:
            self.entry(item, shape)

    def entry(self, item: object, shape: Shape) -> None:
        if type(item) is not dict:
            self.seen.note(CHANGED_TYPE, shape.path, repr(item)[:120])
            return
        kind = (id(shape), tuple(item), tuple(map(type, item.values())))
        judgement = self._judged.get(kind)
        if judgement is None:
            judgement = self._judged[kind] = _judge(item, shape)
        for what, path, example in judgement:
            self.seen.note(what, path, example)
        if shape is _MARKET:
            self._market(item)
        elif shape is _BOOK and isinstance(item.get("key"), str):
            self.seen.bookmakers.add(item["key"][:64])
        if shape.inner is not None:
            name, inner = shape.inner
            if isinstance(item.get(name), list):
                self.items(item[name], inner, name)

    def _market(self, market: dict[str, object]) -> None:
        key, outcomes = market.get("key"), market.get("outcomes")
        if isinstance(key, str) and (why := market_fault(key)):
            kind = UNKEPT_MARKET if is_known(key) else UNKNOWN_MARKET
            count = len(outcomes) if isinstance(outcomes, list) else 1
            self.seen.note(kind, key[:64], why, max(count, 1))


def _judge(item: dict[str, object], shape: Shape) -> _Judgement:
    at = f"{shape.path}." if shape.path else ""
    found: _Judgement = [
        (MISSING_KEY, f"{at}{name}", "") for name in sorted(shape.required - item.keys())
    ]
    for name, value in item.items():
        path = f"{at}{str(name)[:48]}"
        if name not in shape.types:
            found.append((UNKNOWN_KEY, path, repr(value)[:120]))
        elif type(value) not in shape.types[name]:
            found.append((CHANGED_TYPE, path, repr(value)[:120]))
    return found
