"""The simulated world's time: fast while it plays, still while it does not, never backwards."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from stack.place import Place, read_json, write_json

# The world may be this much further than its file says, when it was not stopped but killed.
LEAD = timedelta(seconds=15)


@dataclass(frozen=True)
class Anchor:
    """At the real moment `real` the world's clock showed `world`; it runs `rate` times as fast."""

    real: datetime
    world: datetime
    rate: float

    def at(self, real: datetime) -> datetime:
        """Return the world's time at a real moment."""
        return self.world + (real - self.real) * self.rate

    def as_variable(self) -> str:
        """Return FAIRLINE_CLOCK, as accounts/clock.py reads it."""
        return f"{self.real.isoformat()}/{self.world.isoformat()}/{self.rate:g}"


class WorldClock:
    """What var/world.json remembers between starts."""

    def __init__(self, place: Place, *, begins: datetime) -> None:
        self._path: Path = place.var / "world.json"
        self._begins = begins

    def start(self, *, rate: float) -> Anchor:
        """Let the world go on from where it was."""
        now = datetime.now(UTC)
        anchor = Anchor(real=now, world=self.stopped_at(), rate=rate)
        self._write(anchor, reached=anchor.world)
        return anchor

    def note(self, anchor: Anchor) -> None:
        """Remember, now and then while it plays, how far the world has come."""
        self._write(anchor, reached=anchor.at(datetime.now(UTC) + LEAD))

    def stop(self, anchor: Anchor) -> None:
        """Remember where it stopped."""
        self._write(anchor, reached=anchor.at(datetime.now(UTC)), stopped=True)

    def played_on(self) -> None:
        """Catch up with processes that went on playing after whoever kept the clock was killed."""
        record = read_json(self._path)
        if record and not record.get("stopped"):
            anchor = Anchor(
                real=datetime.fromisoformat(record["real"]),
                world=datetime.fromisoformat(record["world"]),
                rate=float(record["rate"]),
            )
            self.stop(anchor)

    def stopped_at(self) -> datetime:
        """Return the world's time while it stands still."""
        return self._reached(read_json(self._path))

    def _reached(self, record: dict[str, Any]) -> datetime:
        return datetime.fromisoformat(record["reached"]) if record else self._begins

    def _write(self, anchor: Anchor, *, reached: datetime, stopped: bool = False) -> None:
        # Two commands may keep it at once; the later world wins.
        reached = max(reached, self._reached(read_json(self._path)))
        write_json(
            self._path,
            {
                "real": anchor.real.isoformat(),
                "world": anchor.world.isoformat(),
                "rate": anchor.rate,
                "reached": reached.isoformat(),
                "stopped": stopped,
            },
        )
