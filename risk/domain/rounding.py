"""How a stake in cents is rounded, always down: a limit is never passed by rounding."""

# Up to what stake the next step is used, and that step; above the last, hundreds.
HUMAN_STEPS = ((10_00, 50), (50_00, 1_00), (200_00, 5_00), (1_000_00, 10_00), (5_000_00, 50_00))
LARGE_STEP = 100_00

ROUNDINGS = {
    "cents": "to the cent",
    "whole": "to whole units of money",
    "human": "to a step that a person would choose: 0.50 below 10, 1 below 50, 5 below 200, "
    "10 below 1,000, 50 below 5,000, then 100",
}


def rounded_down(cents: int, how: str) -> int:
    """Return a stake in cents rounded down by one of ROUNDINGS.

    >>> [rounded_down(cents, "human") for cents in (987, 1_234, 18_999, 60_099)]
    [950, 1200, 18500, 60000]
    >>> rounded_down(1_299, "whole"), rounded_down(1_299, "cents")
    (1200, 1299)
    """
    if how == "whole":
        return cents - cents % 1_00
    if how == "human":
        step = next((step for below, step in HUMAN_STEPS if cents < below), LARGE_STEP)
        return cents - cents % step
    return cents
