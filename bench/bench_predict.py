"""Training and prediction beside bare XGBoost on the same matrix, which is the floor of both."""

import importlib

import numpy as np
from measured import say, seconds

from models_registry.domain.calibration import Calibration, best_weight, fit_calibration
from models_registry.domain.features import NAMES, FeatureMatrix
from models_registry.domain.points import Points, fit_points
from models_registry.training.boosters import BOOSTERS
from models_registry.training.learners import (
    AS_THEY_STAND,
    FittedModel,
    Parameters,
    fit_linear,
    fit_trees,
)

ROWS, BATCH = 20_000, 100_000
FOLDS = 4


def main() -> None:
    rng = np.random.default_rng(9)
    matrix = FeatureMatrix(NAMES, rng.normal(size=(ROWS, len(NAMES))))
    margin = np.rint(4 * matrix.column("strength") + rng.normal(size=ROWS) * 12).astype(np.int64)
    margin[margin == 0] = 1
    won = margin > 0
    playoffs = matrix.column("playoffs") > 1.5
    total = 200 + 17 * rng.normal(size=ROWS)
    xgb = importlib.import_module("xgboost")
    given = {name: value for name, value in AS_THEY_STAND.trees().items() if name != "rounds"}
    given |= {"objective": "binary:logistic", "max_bin": 64, "tree_method": "hist", "nthread": 1}

    def fit(rows: slice, parameters: Parameters = AS_THEY_STAND) -> FittedModel:
        part = FeatureMatrix(NAMES, matrix.values[rows])
        linear = fit_linear(part, won[rows], parameters)
        trees = fit_trees(part, won[rows], linear, parameters)
        return FittedModel(NAMES, linear, trees, 0.5, Calibration(), parameters.algorithm, Points())

    def bare() -> object:
        return xgb.train(given, xgb.DMatrix(matrix.values, won), AS_THEY_STAND.rounds)

    def calibrated() -> FittedModel:
        """Fit as training does: out of fold for all that is learned there, then on everything."""
        step = ROWS // (FOLDS + 1)
        seen = [
            fit(slice(0, step * fold)).log_odds(
                FeatureMatrix(NAMES, matrix.values[step * fold : step * (fold + 1)])
            )
            for fold in range(1, FOLDS + 1)
        ]
        trees, linear = (np.concatenate([pair[side] for pair in seen]) for side in (0, 1))
        share = best_weight(trees, linear, won[step:])
        blended = share * trees + (1 - share) * linear
        said = fit_calibration(blended, won[step:]).apply(blended)
        expected = 200 + matrix.column("expected_total")[step:]
        fit_points(said, expected, playoffs[step:], margin[step:], total[step:])
        return fit(slice(0, ROWS))

    floor = seconds(bare)
    for algorithm in BOOSTERS:
        say(
            f"one fit on 20,000 games, {algorithm}",
            seconds(lambda a=algorithm: fit(slice(0, ROWS), Parameters(algorithm=a))),
            "s",
            "bare XGBoost",
            floor,
        )
    say(
        f"training, {FOLDS} folds walked forward, blended, calibrated, spread fitted",
        seconds(calibrated),
        "s",
        "bare XGBoost, one fit",
        floor,
    )
    model = fit(slice(0, ROWS))
    booster = xgb.Booster({"nthread": 1})
    booster.load_model(bytearray(model.trees))
    many = np.tile(matrix.values, (BATCH // ROWS, 1))
    model.scores(matrix)
    for count, name in ((20, "a slate of 20"), (BATCH, "a batch of 100,000")):
        values = many[:count]

        def floor_of(values: np.ndarray = values) -> object:
            return booster.predict(xgb.DMatrix(values, feature_names=list(NAMES)))

        peer = seconds(floor_of, 5) * 1e3
        rows = FeatureMatrix(NAMES, values)
        ours = seconds(lambda rows=rows: model.predict(rows), 5) * 1e3
        say(f"prediction, {name}", ours, "ms", "bare XGBoost", peer)
        lines = np.full(count, -4.5)

        def priced(rows: FeatureMatrix = rows, lines: np.ndarray = lines) -> object:
            scores = model.scores(rows)
            return scores.h2h(), scores.spread(lines), scores.total(lines + 220)

        ours = seconds(priced, 3) * 1e3
        say(f"moneyline, spread and total, {name}", ours, "ms", "bare XGBoost, h2h only", peer)


if __name__ == "__main__":
    main()
