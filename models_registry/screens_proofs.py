"""What the pages show of attacks: selectors that fetch a whole part in a few queries."""

from dataclasses import dataclass

from models_registry.models import Attack, ModelVersion


@dataclass
class Attacks:
    """The attacks on one version, newest first."""

    version_id: int
    latest: list[Attack]

    @property
    def is_running(self) -> bool:
        """Whether one waits or runs."""
        return any(each.status in Attack.ACTIVE for each in self.latest)


def attacks_on(version_id: int) -> Attacks | None:
    """Return the latest five attacks on a version; None if there is no such version."""
    if not ModelVersion.objects.filter(pk=version_id).exists():
        return None
    return Attacks(
        version_id, list(Attack.objects.filter(version=version_id).select_related("by")[:5])
    )
