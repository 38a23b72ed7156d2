"""An attack on a version: asked for, carried out by one process at a time, kept for ever."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.live import announce_training
from models_registry import attacking, selectors
from models_registry.code import code_version
from models_registry.history import find_competition, read_history
from models_registry.models import Attack, ModelVersion
from models_registry.selectors.proofs import parameters_of, run_behind
from models_registry.services.holds import ATTACKS, held, held_by_anyone
from models_registry.services.runs import silent
from models_registry.serving import load_model
from models_registry.training import Progress

# The first worker, and one that goes on where it died. An attack that kills two will kill a third.
MOST_ATTEMPTS = 2
# A queued attack that nobody began for so long is told of again.
UNHEARD = timedelta(minutes=1)
Status = Attack.Status


class AttackRefused(Exception):
    """An attack that cannot begin, with the remedy."""


def attack(
    *, version_id: int, by_id: int | None, now: datetime, seed: int = 0, progress: Progress = silent
) -> Attack:
    """Attack a version here and now and return how it ended: passed, found or failed.

    As `request_attack` and `carry_out` in one; `progress` is called with each step in words.

    Raises:
        ModelVersion.DoesNotExist, AttackRefused: as `request_attack`.
        Whatever stopped it, after that was written to the attack.
    """
    asked = request_attack(version_id=version_id, by_id=by_id, now=now, seed=seed)
    return carry_out(attack_id=asked.pk, progress=progress)


def request_attack(*, version_id: int, by_id: int | None, now: datetime, seed: int = 0) -> Attack:
    """Queue an attack on a version; a worker carries it out.

    An attack left by a process that died is ended first.

    Raises:
        ModelVersion.DoesNotExist: if there is no such version.
        AttackRefused: if one on this version waits or runs.
    """
    with transaction.atomic():
        version = (
            ModelVersion.objects.select_for_update(of=["self"], no_key=True)
            .select_related("predictor")
            .get(pk=version_id)
        )
        active = version.attacks.filter(status__in=Attack.ACTIVE).first()
        if active is not None:
            if active.status == Status.QUEUED or active.pk in held_by_anyone(ATTACKS):
                raise AttackRefused(
                    f"{version} is being attacked already: attack {active.pk} is {active.status}"
                    f"{f' ({active.step})' if active.step else ''}; wait for it"
                )
            _end(active, Status.FAILED, f"worker gone at step '{active.step}'")
        asked = Attack.objects.create(
            version=version, by_id=by_id, asked_at=timezone.now(), seed=seed
        )
        if by_id is not None:
            audit.record(
                action="asked for an attack",
                subject=str(version),
                actor_id=by_id,
                detail={"attack": asked.pk, "seed": seed},
                at=now,
            )
        announce_training(run_id=asked.pk)
    return asked


def carry_out(*, attack_id: int, progress: Progress = silent) -> Attack:
    """Carry out a queued attack, or one whose worker died, and return how it ended.

    An attack that another process holds, that is over or that killed two workers is returned as
    it is.

    Raises:
        Whatever stopped it, after that was written to the attack.
    """
    with held(ATTACKS, attack_id) as is_ours:
        if is_ours and _begin(attack_id):
            try:
                _attack(attack_id, progress)
            except BaseException as error:
                with transaction.atomic():
                    row = Attack.objects.select_for_update().get(pk=attack_id)
                    _end(row, Status.FAILED, f"{type(error).__name__}: {error}")
                raise
    return Attack.objects.select_related("version__predictor").get(pk=attack_id)


def sweep_attacks() -> list[int]:
    """Return the attacks to begin or go on with: not heard of, or their worker died."""
    active = list(Attack.objects.filter(status__in=Attack.ACTIVE).order_by("pk"))
    # Held is asked after the rows: who holds none of them now did not begin since.
    alive = held_by_anyone(ATTACKS)
    return [
        row.pk
        for row in active
        if row.pk not in alive
        and (row.status == Status.RUNNING or timezone.now() - row.asked_at > UNHEARD)
    ]


def version_to_attack(competition_key: str) -> ModelVersion:
    """Return a competition's champion, or its newest version where none was promoted.

    Raises:
        NoSuchCompetition: naming the keys that are stored.
        AttackRefused: if it has no version.
    """
    find_competition(competition_key)
    versions = selectors.versions(competition=competition_key)
    chosen = next((each for each in versions if each.is_champion), None) or versions.first()
    if chosen is None:
        raise AttackRefused(
            f"{competition_key} has no version to attack; train one (models train "
            f"{competition_key})"
        )
    return chosen


def _begin(attack_id: int) -> bool:
    with transaction.atomic():
        row = Attack.objects.select_for_update().get(pk=attack_id)
        if row.status not in Attack.ACTIVE:
            return False
        if row.attempt >= MOST_ATTEMPTS:
            _end(row, Status.FAILED, f"{row.attempt} workers died of it at step '{row.step}'")
            return False
        row.status, row.attempt = Status.RUNNING, row.attempt + 1
        row.started_at = row.started_at or timezone.now()
        row.save()
    return True


def _attack(attack_id: int, progress: Progress) -> None:
    row = Attack.objects.select_related("version__predictor__competition").get(pk=attack_id)
    version = row.version

    def step(words: str, done: int, total: int) -> None:
        Attack.objects.filter(pk=attack_id).update(step=words[:96], done=done, total=total)
        announce_training(run_id=attack_id)
        progress(f"{words} ({done} of {total})" if total else words)

    step(f"reading {version.predictor.competition.key}", 0, 0)
    # What it was trained on: attacked with this data and the code that runs now.
    history = read_history(version.predictor.competition.key).as_known_at(version.trained_until)
    model = load_model(version.artifact, version.checksum, tuple(version.signature))
    found = attacking.attack_model(
        history, model, parameters=parameters_of(run_behind(version)), seed=row.seed, progress=step
    )
    with transaction.atomic():
        row = Attack.objects.select_for_update().get(pk=attack_id)
        row.data_hash, row.code_version = history.fingerprint(), code_version()[:64]
        row.checked, row.shuffled = found.checked, found.shuffled
        row.leaks = found.leaks_by_column()
        row.done = row.total
        _end(row, Status.PASSED if found.clean else Status.FOUND, "")


def _end(row: Attack, status: str, why: str) -> None:
    row.status, row.error, row.finished_at, row.step = status, why, timezone.now(), ""
    row.save()
    announce_training(run_id=row.pk)
