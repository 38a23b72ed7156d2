"""A version becomes the champion, by the gates, or the one before it does again."""

from datetime import datetime
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction

from accounts import audit
from models_registry import artifacts, selectors
from models_registry.code import code_version
from models_registry.describing import named
from models_registry.domain.bounds import GateBounds
from models_registry.domain.promotion import Evidence, Gate, attacked, check_gates
from models_registry.models import Attack, ModelVersion, Predictor, Promotion, Stage
from models_registry.services.stages import StageRefused, lock_predictor, log_stage


class PromotionRefused(Exception):
    """A version that did not pass every gate; `gates` has them all."""

    def __init__(self, version: ModelVersion, gates: list[Gate]) -> None:
        failed = [gate for gate in gates if not gate.passed]
        reasons = "; ".join(f"{gate.name}: {gate.detail}" for gate in failed)
        super().__init__(f"{version} was not promoted. {reasons}")
        self.gates = gates


class NothingToRollBackTo(Exception):
    """A predictor whose champion replaced nobody."""


def promote_version(*, version_id: int, by_id: int | None, reason: str, now: datetime) -> Promotion:
    """Make a version the champion if it passes every gate, and log who, when, why, and the gates.

    Promoting the champion again writes nothing and returns the promotion that made it so.
    Promotions of one predictor wait for each other.

    Raises:
        ModelVersion.DoesNotExist: if there is no such version.
        ArtifactRefused: if its files are missing or were changed.
        PromotionRefused: if a gate says no, with every gate's figure and bound.
        StageRefused: if it is archived.
    """
    with transaction.atomic():
        predictor_id = ModelVersion.objects.values_list("predictor_id", flat=True).get(
            pk=version_id
        )
        lock_predictor(predictor_id)
        version = selectors.versions().get(pk=version_id)
        current = selectors.latest_promotion(predictor_id)
        if current is not None and current.version_id == version.pk:
            return current
        _not_archived(version)
        gates = gates_of(version)
        if not all(gate.passed for gate in gates):
            raise PromotionRefused(version, gates)
        # A champion whose files are broken would leave nothing to price with.
        artifacts.load(version.artifact, version.checksum, version.signature)
        return _log(
            version, current, Promotion.Kind.PROMOTED, by_id=by_id, reason=reason, now=now,
            gates=[gate.as_dict() for gate in gates],
        )  # fmt: skip


def roll_back(*, predictor_key: str, by_id: int | None, reason: str, now: datetime) -> Promotion:
    """Make the version that the champion replaced the champion again; no gate is asked.

    Rolling back twice goes two versions back.

    Raises:
        Predictor.DoesNotExist: if there is no such predictor.
        NothingToRollBackTo: if the champion replaced nobody.
        ArtifactRefused: if the earlier version's files are missing or were changed.
        StageRefused: if the earlier version was archived meanwhile.
    """
    with transaction.atomic():
        predictor = Predictor.objects.get(key=predictor_key)
        lock_predictor(predictor.pk)
        current = selectors.latest_promotion(predictor.pk)
        before = selectors.version_before(current) if current else None
        if before is None:
            raise NothingToRollBackTo(
                f"{predictor_key} has no earlier champion; promote another version instead"
            )
        version = selectors.versions().get(pk=before.pk)
        _not_archived(version)
        artifacts.load(version.artifact, version.checksum, version.signature)
        return _log(
            version, current, Promotion.Kind.ROLLED_BACK, by_id=by_id, reason=reason, now=now,
            gates=[],
        )  # fmt: skip


def gates_of(version: ModelVersion) -> list[Gate]:
    """Return every gate of a version as of now, each as settings ask it.

    Enough games, against Elo, calibrated, against the champion if any, passed the attacker.

    Both versions are judged by what their walk-forward said, each trained on earlier seasons
    only, on the games that both records hold.

    Raises:
        ArtifactRefused: if a record is missing or was changed.
    """
    record = artifacts.load_evaluation(version.artifact, version.checksum)
    champion = selectors.champion(version.predictor.key)
    against = None
    if champion is not None and champion.pk != version.pk:
        other = artifacts.load_evaluation(champion.artifact, champion.checksum)
        said = dict(zip(other["event_id"], other["model"], strict=True))
        against = np.array([said.get(event, np.nan) for event in record["event_id"]])
    bounds: GateBounds = settings.PROMOTION_GATES
    gates = check_gates(
        Evidence(
            happened=np.array(record["won"], dtype=np.bool_),
            model=np.array(record["model"], dtype=np.float64),
            elo=np.array(record["elo"], dtype=np.float64),
            champion=against,
        ),
        bounds,
    )
    return gates + _attacked(version, bounds)


def _attacked(version: ModelVersion, bounds: GateBounds) -> list[Gate]:
    """Ask what the attacker found on the version's own data with the code that runs now.

    Not attacked yet, there is no gate unless settings ask for an attack; a leak that was found
    stops it whatever they say.
    """
    code = code_version()[:64]
    attack = (
        version.attacks.filter(data_hash=version.data_hash, code_version=code)
        .exclude(status__in=[*Attack.ACTIVE, Attack.Status.FAILED])
        .order_by("-pk")
        .first()
    )
    if attack is not None:
        found = f", {len(attack.leaks)} of them" if attack.leaks else ""
        words = f"attack {attack.pk}: {attack.get_status_display().lower()}{found}"
        return [attacked(attack.status == Attack.Status.PASSED, words)]
    if not bounds.attacked:
        return []
    return [
        attacked(
            False,
            f"no attack on its data {version.data_hash[:12]} by the code {code[:12]} has ended; "
            f"attack it first (models attack {named(version)})",
        )
    ]


def _not_archived(version: ModelVersion) -> None:
    if version.stage == Stage.ARCHIVED:
        raise StageRefused(f"{version} is archived; unarchive it first (stage it as candidate)")


def _log(
    version: ModelVersion,
    current: Promotion | None,
    kind: Promotion.Kind,
    *,
    by_id: int | None,
    reason: str,
    now: datetime,
    gates: list[dict[str, Any]],
) -> Promotion:
    # The log reads in the order it happened even if a clock was set back.
    at = max(now, current.at) if current else now
    replaced = current.version if current else None
    if replaced is not None:
        log_stage(
            replaced,
            Stage.PRODUCTION,
            Stage.CANDIDATE,
            by_id=by_id,
            reason=f"{version} took over: {reason}",
            at=at,
        )
    log_stage(version, version.stage, Stage.PRODUCTION, by_id=by_id, reason=reason, at=at)
    promotion = Promotion.objects.create(
        predictor_id=version.predictor_id,
        version=version,
        replaced=replaced,
        kind=kind,
        by_id=by_id,
        at=at,
        reason=reason,
        gates=gates,
    )
    audit.record(
        action="promoted version" if kind == Promotion.Kind.PROMOTED else "rolled back to version",
        subject=str(version),
        actor_id=by_id,
        detail={"reason": reason, "replaced": str(replaced) if replaced else None, "gates": gates},
        at=at,
    )
    return promotion
