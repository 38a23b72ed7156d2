"""Scenario files: which faults a simulated provider has, when, where and how often.

docs/guides/simulator.md describes the format. A scenario is deterministic: what it does to a call
follows from its seed, the call's number and the world's clock.
"""

import threading
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self, cast

from odds.simulator.faults import KINDS, REFUSALS, Touch, drift_names
from odds.simulator.noise import uniform
from odds.simulator.protocol import (
    ENDPOINTS,
    Account,
    Answer,
    OddsApi,
    out_of_credits,
    too_frequent,
)
from odds.simulator.query import Refused

SHIPPED = Path(__file__).parent / "scenarios"
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"
_PAID_HEADERS = ("x-requests-remaining", "x-requests-used", "x-requests-last")


class BadScenario(ValueError):
    """A scenario that cannot be meant, naming the field, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: what (`kind`), where, when, and to what share of the calls and events.

    `first_call` and `calls` count the calls that match its endpoints, sports and times, from 1.
    """

    kind: str
    endpoints: frozenset[str] = frozenset()
    sports: frozenset[str] = frozenset()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    first_call: int = 1
    calls: int | None = None
    share: float = 1.0
    events: float = 1.0
    amount: float = 0.0
    variant: str = ""

    def covers(self, endpoint: str, sport: str, at: datetime) -> bool:
        """Tell whether a call is of those that this fault counts."""
        return (
            (not self.endpoints or endpoint in self.endpoints)
            and (not self.sports or sport in self.sports)
            and (self.starts_at is None or at >= self.starts_at)
            and (self.ends_at is None or at < self.ends_at)
        )

    def strikes(self, call: int, seed: int) -> bool:
        """Tell whether the so-manieth of those calls is disturbed."""
        last = None if self.calls is None else self.first_call + self.calls - 1
        in_range = call >= self.first_call and (last is None or call <= last)
        return in_range and float(uniform(seed, 2, call)) < self.share


@dataclass(frozen=True, slots=True)
class Scenario:
    """Faults, and the account they happen to."""

    title: str = "untitled"
    seed: int = 1
    credits: int = 5_000_000
    has_history: bool = True
    requests_per_second: int | None = None
    faults: tuple[Fault, ...] = ()

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """Read a scenario.

        Raises:
            BadScenario: naming the first field at fault.
        """
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise BadScenario(f"no TOML: {error}") from None
        whole = _Table(content, "", ("title", "seed", "account", "faults"))
        account = _Table(
            whole.take("account", dict, {}),
            "account.",
            ("credits", "history", "requests_per_second"),
        )
        faults = whole.take("faults", list, [])
        return cls(
            title=whole.take("title", str, cls().title),
            seed=whole.number("seed", 1, least=0, is_whole=True),
            credits=account.number("credits", cls().credits, least=0, is_whole=True),
            has_history=account.take("history", bool, True),
            requests_per_second=account.number("requests_per_second", None, least=1, is_whole=True),
            faults=tuple(_fault(each, f"faults[{place}].") for place, each in enumerate(faults)),
        )

    def account(self, key: str) -> Account:
        """Return the account that the scenario gives a key."""
        return Account(key, credits=self.credits, has_history=self.has_history)


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file; a name without a folder may be one of those shipped.

    Raises:
        BadScenario: naming the file, and the first field at fault.
    """
    shipped = SHIPPED / f"{path.name.removesuffix('.toml')}.toml"
    found = shipped if not path.exists() and shipped.exists() else path
    try:
        text = found.read_text()
    except (OSError, UnicodeDecodeError) as error:
        names = ", ".join(sorted(each.stem for each in SHIPPED.glob("*.toml")))
        raise BadScenario(
            f"{path}: cannot be read ({type(error).__name__}); shipped are {names}"
        ) from None
    try:
        return Scenario.from_toml(text)
    except BadScenario as bad:
        raise BadScenario(f"{path}: {bad}") from None


@dataclass(slots=True)
class _Table:
    """A TOML table whose fields are taken one by one; a field nobody asks for is a mistake."""

    content: dict[str, Any]
    path: str
    known: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in self.content:
            if name not in self.known:
                raise BadScenario(f"{self.path}{name}: no such field; use {', '.join(self.known)}")

    def bad(self, name: str, remedy: str) -> BadScenario:
        return BadScenario(f"{self.path}{name}: {self.content.get(name)!r} cannot be; {remedy}")

    def take(self, name: str, kind: type, default: Any) -> Any:  # noqa: ANN401
        value = self.content.get(name, default)
        if not isinstance(value, kind):
            raise self.bad(name, f"use {_WORDS[kind]}")
        return value

    def number(
        self,
        name: str,
        default: float | None,
        *,
        least: float,
        most: float = 1e12,
        is_whole: bool = False,
    ) -> Any:  # noqa: ANN401
        value = self.content.get(name)
        if value is None:
            return default
        kinds = int if is_whole else (int, float)
        if not isinstance(value, kinds) or isinstance(value, bool) or not least <= value <= most:
            kind = "a whole number" if is_whole else "a number"
            upper = "" if most == 1e12 else f" to {most:g}"
            raise self.bad(name, f"use {kind} from {least:g}{upper}")
        return value

    def moment(self, name: str) -> datetime | None:
        value = self.content.get(name)
        if value is None:
            return None
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise self.bad(name, "use a moment with its offset, such as 2026-01-15T12:00:00Z")
        return value.astimezone(UTC)

    def texts(self, name: str, allowed: tuple[str, ...] = ()) -> frozenset[str]:
        value = self.content.get(name, [])
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            raise self.bad(name, "use a text or a list of texts")
        if allowed and not set(listed) <= set(allowed):
            raise self.bad(name, f"use some of {', '.join(allowed)}")
        return frozenset(listed)


_WORDS = {str: "a text", dict: "a table", list: "a list of tables", bool: "true or false"}
_FAULT_FIELDS = (
    "kind", "endpoint", "sport", "from", "until", "first_call", "calls", "share", "events",
)  # fmt: skip


def _fault(content: object, path: str) -> Fault:
    if not isinstance(content, dict):
        raise BadScenario(f"{path.rstrip('.')}: {content!r} cannot be; use [[faults]] tables")
    kind = content.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadScenario(f"{path}kind: {kind!r} cannot be; use one of {', '.join(KINDS)}")
    of_kind = KINDS[kind]
    extra = (of_kind.amount_name,) if of_kind.amount_name else ()
    if kind == "drifted_schema":
        extra = ("drift",)
    table = _Table(content, path, _FAULT_FIELDS + extra)
    variant = table.take("drift", str, "")
    if variant and variant not in drift_names():
        raise table.bad("drift", f"use one of {', '.join(drift_names())}")
    fault = Fault(
        kind=kind,
        endpoints=table.texts("endpoint", ENDPOINTS),
        sports=table.texts("sport"),
        starts_at=table.moment("from"),
        ends_at=table.moment("until"),
        first_call=table.number("first_call", 1, least=1, is_whole=True),
        calls=table.number("calls", None, least=1, is_whole=True),
        share=table.number("share", 1.0, least=0, most=1),
        events=table.number("events", 1.0, least=0, most=1),
        amount=table.number(
            of_kind.amount_name, of_kind.amount, least=of_kind.smallest, most=of_kind.largest
        ),
        variant=variant,
    )
    if fault.starts_at and fault.ends_at and fault.starts_at >= fault.ends_at:
        raise table.bad("until", "use a moment after `from`")
    return fault


@dataclass(slots=True)
class Disturber:
    """Works a scenario on the answers of a provider; `struck` counts what it did, by kind."""

    scenario: Scenario
    api: OddsApi
    struck: Counter[str] = field(default_factory=Counter)
    _calls: Counter[int] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, path: str, params: dict[str, str], respond: Callable[[], Answer]) -> Answer:
        striking = self._striking(path)
        for place, fault in striking:
            if fault.kind in REFUSALS:
                return self._refuse(place, fault, params)
        answer = respond()
        for place, fault in striking:
            rewrite = KINDS[fault.kind].rewrite
            if rewrite is None:
                answer = self._on_its_way(fault, answer)
            elif answer.status == 200:
                touch = self._touch(place, fault, path, params)
                answer = replace(answer, payload=rewrite(answer.payload, touch))
                self.struck[fault.kind] += 1
        return answer

    def _striking(self, path: str) -> list[tuple[int, Fault]]:
        found = self.api.endpoint(path)
        if found is None:
            return []
        now = self.api.clock.now()
        striking = []
        with self._lock:
            for place, fault in enumerate(self.scenario.faults):
                if fault.covers(*found, now):
                    self._calls[place] += 1
                    if fault.strikes(self._calls[place], self._seed(place)):
                        striking.append((place, fault))
        # A vendor that renames a field renames it in whatever else is wrong: drift comes last.
        return sorted(striking, key=lambda each: each[1].kind == "drifted_schema")

    def _seed(self, place: int) -> int:
        return self.scenario.seed * 1000 + place

    def _touch(self, place: int, fault: Fault, path: str, params: Mapping[str, str]) -> Touch:
        def earlier(by: timedelta) -> object:
            try:
                return self.api.as_of(path, params, self.api.clock.now() - by)
            except Refused:
                return []

        return Touch(self._seed(place), fault.events, fault.amount, fault.variant, earlier)

    def _refuse(self, place: int, fault: Fault, params: Mapping[str, str]) -> Answer:
        self.struck[fault.kind] += 1
        if fault.kind == "too_frequent":
            return self.api.refusal(params, too_frequent())
        if fault.kind == "out_of_credits":
            return self.api.refusal(params, out_of_credits())
        failure = self.api.refusal(params, Refused(500, "INTERNAL", "Internal server error"))
        if fault.kind == "html_page":
            return replace(failure, status=502, raw=_HTML, headers={"Content-Type": "text/html"})
        return failure

    def _on_its_way(self, fault: Fault, answer: Answer) -> Answer:
        self.struck[fault.kind] += 1
        if fault.kind == "timeout":
            return replace(answer, fate="silence", hold=fault.amount)
        if fault.kind in {"dropped", "truncated_gzip"}:
            return replace(answer, fate=fault.kind.removesuffix("_gzip"))
        headers = dict(answer.headers)
        if fault.kind == "missing_headers":
            headers = {name: text for name, text in headers.items() if name not in _PAID_HEADERS}
        else:
            headers["x-requests-remaining"] = str(-int(fault.amount))
        return replace(answer, headers=headers)


def as_toml(scenario: Scenario) -> str:
    """Return a scenario as its file, so that what was found can be run again."""
    lines = [f'title = "{scenario.title}"', f"seed = {scenario.seed}", "", "[account]"]
    lines += [f"credits = {scenario.credits}", f"history = {_toml(scenario.has_history)}"]
    if scenario.requests_per_second is not None:
        lines.append(f"requests_per_second = {scenario.requests_per_second}")
    for fault in scenario.faults:
        told = {
            "kind": fault.kind,
            "endpoint": sorted(fault.endpoints),
            "sport": sorted(fault.sports),
            "from": fault.starts_at,
            "until": fault.ends_at,
            "first_call": fault.first_call,
            "calls": fault.calls,
            "share": fault.share,
            "events": fault.events,
            KINDS[fault.kind].amount_name: fault.amount,
            "drift": fault.variant,
        }
        lines += ["", "[[faults]]"]
        lines += [
            f"{name} = {_toml(value)}"
            for name, value in told.items()
            if name and value not in (None, [], "")
        ]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return "[" + ", ".join(f'"{each}"' for each in cast("list[str]", value)) + "]"
    return f'"{value}"' if isinstance(value, str) else f"{value!r}"
