"""What the gates before promotion ask, as configured."""

from dataclasses import dataclass

CHAMPION = ("not_worse", "better")


@dataclass(frozen=True, slots=True)
class GateBounds:
    """The bounds of the gates.

    `games` out of sample at least; `calibration_error` at most, beside what chance gives; against
    the champion `not_worse` (mean log loss no higher) or `better` (its 95 % interval below zero);
    `attacked`: whether it must have been attacked; a leak that was found stops it anyway.
    """

    games: int = 300
    calibration_error: float = 0.02
    champion: str = "not_worse"
    attacked: bool = False

    def __post_init__(self) -> None:
        """Refuse bounds that mean nothing, naming the variable that sets each.

        Raises:
            ValueError: with every fault, its value and what it may be.
        """
        faults = []
        if self.games < 1:
            faults.append(f"FAIRLINE_GATE_GAMES is {self.games}: 1 or more, such as 300")
        if not 0 < self.calibration_error < 1:
            faults.append(
                f"FAIRLINE_GATE_CALIBRATION_ERROR is {self.calibration_error}: between 0 and 1, "
                "such as 0.02"
            )
        if self.champion not in CHAMPION:
            faults.append(f"FAIRLINE_GATE_CHAMPION is {self.champion!r}: {' or '.join(CHAMPION)}")
        if faults:
            raise ValueError("; ".join(faults))
