"""The first-run tour: a few pages one after the other, each explained by what is on it now.

A step is a part of the page that it is about (`templates/tour/<page>.html`), drawn from what that
page shows anyway: its reader's own figures, no further question to the database, no script.
"""

from dataclasses import dataclass

from django.urls import reverse

STEPS = ("today", "odds", "bets", "performance", "strategies", "risk", "status")


@dataclass(frozen=True, slots=True)
class Tour:
    """Where somebody is on the tour; `number` 0: they are asked whether they want it."""

    number: int
    page: str

    @property
    def template(self) -> str:
        """Return the part that explains this page."""
        return f"tour/{self.page}.html"

    @property
    def count(self) -> int:
        """Return how many steps there are."""
        return len(STEPS)

    @property
    def before(self) -> str:
        """Return the address of the step before, empty at the first."""
        return _address(STEPS[self.number - 2]) if self.number > 1 else ""

    @property
    def following(self) -> str:
        """Return the address of the next step, empty at the last."""
        return _address(STEPS[self.number]) if self.number < len(STEPS) else ""


def tour_on(page: str, *, asked: bool, is_new: bool) -> Tour | None:
    """Return the step of a page: where it is asked for, or Today's offer to who is new.

    >>> tour_on("bets", asked=True, is_new=False).number, tour_on("bets", asked=False, is_new=True)
    (3, None)
    """
    if asked and page in STEPS:
        return Tour(STEPS.index(page) + 1, page)
    return Tour(0, page) if is_new and page == STEPS[0] else None


def _address(page: str) -> str:
    return f"{reverse(page)}?tour=1"
