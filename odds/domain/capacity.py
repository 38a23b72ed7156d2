"""What a volume of prices asks of disk, workers and the provider's credits, and what gives first.

The unit figures were measured on two cores (docs/guides/capacity.md says by what); a plan is
arithmetic on them and claims no more.
"""

from dataclasses import dataclass

# Bytes a row takes on disk with its indexes: 9,979,200 changes, 237,600 quotes, 11,880 looks.
BYTES_A_CHANGE = 104
BYTES_A_QUOTE = 151
BYTES_A_LOOK = 613
# From the provider's JSON to committed rows, by one worker process.
QUOTES_A_SECOND = 25_000
# A worker that is busy for more than this waits for its own queue.
BUSY_AT_MOST = 0.7
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Volume:
    """How much of the world is looked at.

    `events` begin each day and are looked at for `days_ahead` days, each market `sweeps` times a
    day at `books` bookmakers; `moved` is the share of prices that a sweep finds changed.
    """

    events: int
    books: int
    markets: int
    sweeps: int
    selections: float = 2.0
    moved: float = 0.08
    days_ahead: int = 3
    competitions: int = 1
    kept_months: int = 12

    def __post_init__(self) -> None:
        for name in ("events", "books", "markets", "sweeps", "days_ahead", "competitions"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: {getattr(self, name)} must be at least 1")
        if not 0 <= self.moved <= 1:
            raise ValueError(f"moved: {self.moved} must be a share, 0 to 1")
        if self.kept_months < 1:
            raise ValueError(f"kept_months: {self.kept_months} must be at least 1")

    def times(self, factor: int) -> "Volume":
        """Return so many times as many events; the rest stays."""
        return Volume(
            self.events * factor, self.books, self.markets, self.sweeps, self.selections,
            self.moved, self.days_ahead, self.competitions, self.kept_months,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What it comes to. Bytes are on disk with indexes, credits a month of 30 days."""

    quotes_a_sweep: int
    quotes_a_day: int
    changes_a_day: int
    bytes_a_day: int
    bytes_kept: int
    feed_workers: int
    credits_a_month: int
    first_bottleneck: str


def plan(volume: Volume, *, credits_a_sweep: int, credits: int, disk: int, cores: int) -> Plan:
    """Return what a volume asks for, and which of what there is gives first.

    `credits_a_sweep` is what one sweep of one competition costs; `credits` a month, `disk` in bytes
    and `cores` are what there is. What gives first is the highest share of its bound used.
    """
    open_events = volume.events * volume.days_ahead
    quotes = round(open_events * volume.markets * volume.selections * volume.books)
    a_day = quotes * volume.sweeps
    # The first price of each is a change, and of those that follow the share that moved.
    looks = volume.sweeps * volume.days_ahead
    first_prices = volume.events * volume.markets * volume.selections * volume.books
    changes = round(first_prices * (1 + volume.moved * (looks - 1)))
    bytes_a_day = changes * BYTES_A_CHANGE
    standing = first_prices * BYTES_A_QUOTE + volume.events * volume.markets * BYTES_A_LOOK
    kept = round((bytes_a_day + standing) * 30 * volume.kept_months)
    spent = volume.competitions * volume.sweeps * credits_a_sweep * 30
    feed = a_day / (QUOTES_A_SECOND * DAY * BUSY_AT_MOST)
    shares = {
        "credits": spent / max(credits, 1),
        "disk": kept / max(disk, 1),
        "cores": feed / max(cores, 1),
        # A sweep that takes longer than the time to the next never catches up.
        "time of a sweep": quotes / QUOTES_A_SECOND / (DAY / volume.sweeps),
    }
    first = max(shares, key=lambda name: shares[name])
    return Plan(
        quotes_a_sweep=quotes,
        quotes_a_day=a_day,
        changes_a_day=changes,
        bytes_a_day=bytes_a_day,
        bytes_kept=kept,
        feed_workers=max(1, -int(-feed // 1)),
        credits_a_month=spent,
        first_bottleneck=f"{first} ({shares[first]:.0%} of what there is)",
    )
