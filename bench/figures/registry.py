"""Figure 39: eight readers see no half of 200 promotions; none of 200 harmed artefacts loads."""

import pickle
import random
import shutil
import tempfile
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
from django.test import override_settings
from figures.shared import Faults, at_once, database
from measured import say

from models_registry import artifacts, selectors
from models_registry.domain.calibration import Calibration
from models_registry.domain.features import FeatureMatrix
from models_registry.domain.reach import TrainingRows
from models_registry.models import ModelVersion, Predictor, Promotion, Stage
from models_registry.services import promotion
from models_registry.serving import load_model
from models_registry.training.learners import FittedModel, fit_linear, fit_trees
from tests.models_registry import league

WRITERS, READERS, KEY = 4, 8, "race-h2h"
NOW = datetime(2023, 7, 1, tzinfo=UTC)
# Each version's features, in their order; what they mean matters to nobody here.
NAMES = (
    "strength", "strength_quick", "strength_by_phase", "strength_in_playoffs", "playoffs",
    "record_in_playoffs", "contest", "locked", "last_game",
)  # fmt: skip
FILES = ("model.json", "trees.ubj", "evaluation.json", "training.npz")
HARMS = ("a bit", "cut short", "longer", "gone", "empty", "a pickle", "another model's")


def run(*, small: bool, seed: int) -> int:
    """Race, then tamper; the faults of both."""
    faults = Faults()
    folder = Path(tempfile.mkdtemp(prefix="fairline-artifacts-"))
    try:
        with database(), override_settings(ARTIFACT_DIR=folder):
            made = models(10)
            saved = [artifacts.save(model, EVALUATION, TRAINING) for model in made]
            race(made, saved, 20 if small else 200, faults)
            tamper(folder, saved, 20 if small else 200, random.Random(seed), faults)  # noqa: S311
    finally:
        shutil.rmtree(folder)
    return faults.said("torn reads, promotions lost, artefacts loaded that were tampered with")


def models(count: int) -> list[FittedModel]:
    """Return models that each say something else."""
    rng = np.random.default_rng(1)
    matrix = FeatureMatrix(NAMES, rng.normal(size=(400, len(NAMES))))
    won = matrix.values[:, 0] + rng.normal(size=400) > 0
    linear = fit_linear(matrix, won)
    trees = fit_trees(matrix, won, linear)
    return [
        FittedModel(NAMES, linear, trees, 0.4, Calibration(0.05 * n, 0.9)) for n in range(count)
    ]


EVALUATION = {"event_id": [1], "won": [True], "model": [0.6], "elo": [0.5], "close": [None]}
TRAINING = TrainingRows(NAMES, np.arange(3), np.array([[0.5] * len(NAMES)] * 3))
ROW = FeatureMatrix(NAMES, np.full((1, len(NAMES)), 0.5))


def race(made: list[FittedModel], saved: list[artifacts.Saved], count: int, faults: Faults) -> None:
    """Promote so many versions, one after the other and at once, while others read and predict."""
    predictor = Predictor.objects.create(key=KEY, competition=league.competition())
    versions = [
        ModelVersion.objects.create(
            predictor=predictor, number=number, algorithm="x", created_at=NOW,
            trained_from=date(2020, 1, 1), trained_until=NOW, game_count=1, data_hash="0",
            signature=list(NAMES), parameters={}, metrics={}, artifact=files.path,
            checksum=files.checksum, code_version="x",
        )
        for number in range(1, count + 1)
        for files in [saved[number % len(saved)]]
    ]  # fmt: skip
    says = {
        files.checksum: float(model.predict(ROW)[0])
        for model, files in zip(made, saved, strict=True)
    }
    faults.expect(len(set(says.values())) == len(says), "models that say the same prove nothing")
    # What the gates ask is proved elsewhere.
    promotion.gates_of = lambda _version: []
    promotion.promote_version(version_id=versions[0].pk, by_id=None, reason="first", now=NOW)
    came: Counter[str] = Counter()

    def act(thread: int) -> None:
        if thread >= WRITERS:
            came.update(read_until(lambda: came["writers done"] == WRITERS, says, faults))
            return
        try:
            for version in versions[1 + thread :: WRITERS]:
                promotion.promote_version(version_id=version.pk, by_id=None, reason="race", now=NOW)
        finally:
            came["writers done"] += 1

    for ended in at_once(WRITERS + READERS, act):
        faults.expect(ended is None, f"a thread ended with {ended!r}")
    log = list(Promotion.objects.order_by("pk"))
    before = [None, *[entry.version_id for entry in log[:-1]]]
    faults.expect(len(log) == count, f"{len(log)} promotions of {count}")
    faults.expect([entry.replaced_id for entry in log] == before, "the log is no chain")
    say("promotions by four writers", len(log), "promotions")
    say("reads by eight readers meanwhile", came["reads"], "reads")


def read_until(is_over, says: dict[str, float], faults: Faults) -> Counter[str]:  # noqa: ANN001
    """Look who the champion is and predict with it, again and again."""
    came: Counter[str] = Counter()
    newest = 0
    while not is_over():
        # One statement, so one moment: both logs have to tell the same.
        rows = list(selectors.versions(predictor=KEY))
        champions = {row.champion_id for row in rows}
        producing = [row.pk for row in rows if row.logged_stage == Stage.PRODUCTION]
        faults.expect(
            champions == set(producing) and len(producing) == 1,
            f"torn: champion {champions}, in production {producing}",
        )
        champion = selectors.champion(KEY)
        latest = Promotion.objects.filter(version=champion).latest("pk").pk
        faults.expect(latest >= newest, f"promotion {latest} was read after {newest}")
        newest = max(latest, newest)
        model = load_model(champion.artifact, champion.checksum, tuple(champion.signature))
        said = float(model.predict(ROW)[0])
        faults.expect(said == says[champion.checksum], f"torn: {champion} said {said}")
        came["reads"] += 1
    return came


def tamper(
    folder: Path, saved: list[artifacts.Saved], count: int, rng: random.Random, faults: Faults
) -> None:
    """Do one harm to one file of an artefact, read all of it, put it right; so many times."""
    done: Counter[str] = Counter()
    for number in range(count):
        harm, name = HARMS[number % len(HARMS)], rng.choice(FILES)
        mine, other = rng.sample(saved, 2)
        file = folder / mine.path / name
        right = file.read_bytes()
        theirs = (folder / other.path / name).read_bytes()
        # Only what a model is differs from model to model.
        if harm == "another model's" and theirs == right:
            file = folder / mine.path / "model.json"
            right, theirs = file.read_bytes(), (folder / other.path / "model.json").read_bytes()
        harmed = harm_of(harm, right, theirs, rng)
        if harmed is None:
            file.unlink()
        else:
            file.write_bytes(harmed)
        faults.expect(is_refused(mine), f"{file.name} ({harm}) was loaded")
        file.write_bytes(right)
        faults.expect(not is_refused(mine), f"{file.name} was put right, and is refused")
        done[harm] += 1
    say(f"artefacts tampered with: {dict(done)}", done.total(), "artefacts")


def harm_of(harm: str, right: bytes, theirs: bytes, rng: random.Random) -> bytes | None:
    """Return what a file holds after a harm; None: there is no file."""
    where = rng.randrange(len(right))
    flipped = bytes([right[where] ^ (1 << rng.randrange(8))])
    return {
        "a bit": right[:where] + flipped + right[where + 1 :],
        "cut short": right[:where],
        "longer": right + b" ",
        "gone": None,
        "empty": b"",
        "a pickle": pickle.dumps({"a": 1}),
        "another model's": theirs,
    }[harm]


def is_refused(saved: artifacts.Saved) -> bool:
    """Tell whether one of the three ways to read an artefact refuses it, by name."""
    refused = []
    for read in (
        lambda: artifacts.load(saved.path, saved.checksum, list(NAMES)),
        lambda: artifacts.load_evaluation(saved.path, saved.checksum),
        lambda: artifacts.load_training(saved.path, saved.checksum),
    ):
        try:
            read()
        except artifacts.ArtifactRefused:
            refused.append(read)
        except Exception:  # noqa: BLE001, S112 - it broke over what it should have refused
            continue
    return bool(refused)
