"""From where on drift warns, and from where on it pauses a version: configuration as values."""

from collections.abc import Mapping
from dataclasses import dataclass

LEVELS = FINE, WARN, PAUSE = ("fine", "warn", "pause")
NEVER = "never"


@dataclass(frozen=True, slots=True)
class Bounds:
    """From where on a figure warns, and from where on it pauses; None: never."""

    warn: float | None
    pause: float | None

    def level(self, figure: float) -> str:
        """Return fine, warn or pause; a figure that is not known (NaN) is fine.

        >>> [Bounds(2.0, 4.0).level(figure) for figure in (1.9, 2.0, 4.0, float("nan"))]
        ['fine', 'warn', 'pause', 'fine']
        >>> Bounds(1.0, None).level(99.0)
        'warn'
        """
        if self.pause is not None and figure >= self.pause:
            return PAUSE
        return WARN if self.warn is not None and figure >= self.warn else FINE


DEFAULTS = {
    "inputs": Bounds(1.0, None),
    "predictions": Bounds(0.25, 1.0),
    "calibration": Bounds(2.5, 4.0),
    "log_loss": Bounds(2.5, 4.0),
    "clv": Bounds(2.5, 4.0),
}


def drift_bounds(text: str) -> Mapping[str, Bounds]:
    """Return the bounds of each reading: the shipped ones, changed by such as `clv=2/never`.

    Readings are parted by spaces.

    Raises:
        ValueError: naming the part at fault and what it may be.

    >>> drift_bounds("clv=2/never")["clv"], drift_bounds("")["clv"]
    (Bounds(warn=2.0, pause=None), Bounds(warn=2.5, pause=4.0))
    """
    bounds = dict(DEFAULTS)
    for part in text.split():
        name, _, figures = part.partition("=")
        try:
            warn, pause = (
                None if figure == NEVER else float(figure) for figure in figures.split("/")
            )
            if name not in DEFAULTS or any(
                f is not None and not 0 < f < 1e6 for f in (warn, pause)
            ):
                raise ValueError
            if warn is not None and pause is not None and pause < warn:
                raise ValueError
        except ValueError:
            raise ValueError(
                f"FAIRLINE_DRIFT_BOUNDS has {part!r}: write NAME=WARN/PAUSE, such as clv=2.5/4 or "
                f"inputs=1/never, with figures above 0, the second not below the first; names are "
                f"{', '.join(DEFAULTS)}"
            ) from None
        bounds[name] = Bounds(warn, pause)
    return bounds
