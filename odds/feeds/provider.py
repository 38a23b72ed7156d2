"""What asking a provider means: answers, credits, refusals by name, and who pays."""

import re
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from odds.domain.credits import Endpoint

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Credits:
    """What a call cost and what is left, as the answer's headers say; None where they do not.

    `remaining` may be negative.
    """

    cost: int | None = None
    remaining: int | None = None
    used: int | None = None


@dataclass(frozen=True, slots=True)
class Answered(Generic[T]):
    """A parsed answer and its credits."""

    value: T
    credits: Credits


@dataclass(frozen=True, slots=True)
class Ask:
    """A call about to be made: `planned` is the most it can cost."""

    endpoint: Endpoint
    subject: str = ""
    planned: int = 0
    region_count: int = 0
    markets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was made. No status: no answer came. `expected`: its cost by the rules."""

    ask: Ask
    status: int | None
    error: str = ""
    expected: int | None = None
    credits: Credits = field(default_factory=Credits)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a provider and how often to ask again, in real seconds.

    The waits are the least before the next try after "too often" and after a failure; `jitter` is
    what chance adds to them. The defaults suit the real provider.
    """

    read_seconds: float = 10.0
    total_seconds: float = 15.0
    attempts: int = 3
    in_all: float = 60.0
    wait_frequent: float = 2.0
    wait_failed: float = 1.0
    jitter: float = 1.0


class Purse(Protocol):
    """Pays for calls and keeps the record of them: asked before each, told after each."""

    def reserve(self, ask: Ask) -> int | None:
        """Set a call's cost aside and return what to settle it by.

        Raises:
            BudgetSpent: where it would go over the budget; the call must not be made.
        """

    def settle(self, held: int | None, call: Call) -> None:
        """Write down what a call cost."""

    def notice(self, endpoint: Endpoint, payload: object) -> None:
        """Look at what an answer holds beyond its guide, before anything is made of it."""


class FreePurse:
    """Pays for everything and writes nothing down."""

    def reserve(self, ask: Ask) -> int | None:
        return None

    def settle(self, held: int | None, call: Call) -> None:
        return None

    def notice(self, endpoint: Endpoint, payload: object) -> None:
        return None


class ProviderError(Exception):
    """The provider refused or failed; `code` is its name for it, `credits` what it told of them."""

    def __init__(self, code: str, message: str, account: Credits | None = None) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.credits = account or Credits()


class KeyRefused(ProviderError):
    """The key is missing, wrong or switched off: nothing works until someone mends it."""


class OutOfUsageCredits(ProviderError):
    """No credits are left: paid calls make no sense until they are renewed."""


class BudgetSpent(ProviderError):
    """Our own budget would be overspent: the call was not made."""


class BreakerOpen(ProviderError):
    """The provider failed too often just now: the call was not made."""


class NoSlot(ProviderError):
    """As many calls as are allowed at once are under way: the call was not made."""


class HistoricalUnavailable(ProviderError):
    """The plan has no historical data."""


class UnknownSport(ProviderError):
    """The sport's key is unknown, or out of season."""


class EventNotFound(ProviderError):
    """The event is not offered any more."""


class InvalidRequest(ProviderError):
    """A parameter is wrong; asking again is of no use."""


class InvalidMarkets(InvalidRequest):
    """Some markets are unknown or not offered here: `markets` names them."""

    def __init__(self, code: str, message: str, account: Credits | None = None) -> None:
        super().__init__(code, message, account)
        self.markets = frozenset(re.findall(r"[a-z0-9_]+", message.partition(":")[2]))


class TooFrequent(ProviderError):
    """Too many calls a second; a little later it works. `wait`: seconds, where it told."""

    wait: float | None = None


class ProviderFailed(ProviderError):
    """The provider failed, or did not answer; later it may work. `wait` as above."""

    wait: float | None = None
