"""What the pages show of attacks, openings and searches, in a few queries each."""

from dataclasses import dataclass

from models_registry.history import may_be_drawn
from models_registry.models import Attack, Opening, Predictor, Search, Trial
from models_registry.selectors import proofs as selectors_proofs
from models_registry.selectors.proofs import Best
from models_registry.services.trials import tried
from models_registry.training.searching import leanings


@dataclass
class Attacks:
    """The attacks on one version, newest first."""

    version_id: int
    latest: list[Attack]

    @property
    def is_running(self) -> bool:
        """Whether one waits or runs."""
        return any(each.status in Attack.ACTIVE for each in self.latest)


def attacks_on(version_id: int) -> Attacks:
    """Return the latest five attacks on a version."""
    return Attacks(
        version_id, list(Attack.objects.filter(version=version_id).select_related("by")[:5])
    )


@dataclass
class Shown:
    """One search as its page shows it: trials best first, those still running at the top."""

    search: Search
    best: Best | None
    trials: list[Trial]
    leanings: list[tuple[str, float]]


def search_shown(search_id: int) -> Shown | None:
    """Return one search with its trials; None if there is no such search."""
    search = selectors_proofs.searches().filter(pk=search_id).first()
    if search is None:
        return None
    trials = sorted(
        search.trials.all(),
        key=lambda each: (
            each.status != Trial.Status.RUNNING,
            each.log_loss is None,
            each.log_loss or 0.0,
            each.number,
        ),
    )
    return Shown(search, selectors_proofs.best_of(search), trials, leanings(tried(search_id)))


def latest_searches() -> list[Search]:
    """Return the latest thirty searches."""
    return list(selectors_proofs.searches()[:30])


def latest_openings() -> list[Opening]:
    """Return the latest thirty looks at held-out seasons."""
    return list(selectors_proofs.openings().defer("parameters")[:30])


def competitions_to_search() -> list[tuple[str, str]]:
    """Return key and title of each competition that was trained on and can be searched."""
    return [
        (each.competition.key, each.competition.title)
        for each in Predictor.objects.select_related("competition").order_by("key")
        if not may_be_drawn(each.competition.key)
    ]
