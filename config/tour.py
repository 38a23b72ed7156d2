"""The first-run tour: a few pages one after the other, each explained by what is on it now.

A step is a part of the page that it is about (`templates/tour/<page>.html`), drawn from what that
page shows anyway: its reader's own figures, no further question to the database, no script. Which
step somebody is at stays with their session: whichever page they go to meanwhile offers to go on.
"""

from dataclasses import dataclass

from django.urls import reverse

STEPS = ("today", "odds", "bets", "performance", "strategies", "risk", "status")


@dataclass(frozen=True, slots=True)
class Tour:
    """Where somebody is on the tour; `number` 0: they are asked whether they want it.

    `is_elsewhere`: they went to another page than that of the step.
    """

    number: int
    page: str
    is_elsewhere: bool = False

    @property
    def template(self) -> str:
        """Return the part that explains this page."""
        return f"tour/{self.page}.html"

    @property
    def count(self) -> int:
        """Return how many steps there are."""
        return len(STEPS)

    @property
    def address(self) -> str:
        """Return the address of the step."""
        return _address(self.page)

    @property
    def before(self) -> str:
        """Return the address of the step before, empty at the first."""
        return _address(STEPS[self.number - 2]) if self.number > 1 else ""

    @property
    def following(self) -> str:
        """Return the address of the next step, empty at the last."""
        return _address(STEPS[self.number]) if self.number < len(STEPS) else ""


def tour_on(page: str, *, asked: bool, is_new: bool, at: str = "") -> Tour | None:
    """Return the step of a page: where it is asked for, or Today's offer to who is new.

    Whoever is `at` a step has it there and, by whatever way they came, the next on its own page;
    elsewhere they may go on.

    >>> tour_on("bets", asked=True, is_new=False).number, tour_on("bets", asked=False, is_new=True)
    (3, None)
    >>> tour_on("bets", asked=False, is_new=True, at="odds").number
    3
    >>> tour_on("money", asked=False, is_new=True, at="odds")
    Tour(number=2, page='odds', is_elsewhere=True)
    """
    kept = STEPS.index(at) + 1 if at in STEPS else 0
    if page in STEPS:
        here = STEPS.index(page) + 1
        if asked or (kept and here in (kept, kept + 1)):
            return Tour(here, page)
    if kept:
        # Whoever went on from the last step has seen all of them.
        return Tour(kept, at, is_elsewhere=True) if kept < len(STEPS) else None
    return Tour(0, page) if is_new and page == STEPS[0] else None


def _address(page: str) -> str:
    return f"{reverse(page)}?tour=1"
