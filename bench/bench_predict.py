"""Training and prediction beside bare XGBoost on the same matrix."""

import numpy as np
from measured import say, seconds

from models_registry.domain.calibration import Calibration, best_weight, fit_calibration
from models_registry.domain.features import NAMES, FeatureMatrix
from models_registry.learners import AS_THEY_STAND, FittedModel, fit_linear, fit_trees, xgboost

ROWS = 20_000
FOLDS = 4


def main() -> None:
    rng = np.random.default_rng(9)
    matrix = FeatureMatrix(NAMES, rng.normal(size=(ROWS, len(NAMES))))
    won = matrix.column("strength") + rng.normal(size=ROWS) * 2 > 0
    xgb = xgboost()

    def fit(rows: slice) -> FittedModel:
        part = FeatureMatrix(NAMES, matrix.values[rows])
        linear = fit_linear(part, won[rows])
        return FittedModel(NAMES, linear, fit_trees(part, won[rows], linear), 0.5, Calibration())

    def bare() -> object:
        plain = xgb.DMatrix(matrix.values, won)
        return xgb.train(AS_THEY_STAND.trees(), plain, AS_THEY_STAND.rounds)

    def calibrated() -> FittedModel:
        """Fit as training does: out of fold for blend and calibration, then on everything."""
        step = ROWS // (FOLDS + 1)
        seen = [
            fit(slice(0, step * fold)).log_odds(
                FeatureMatrix(NAMES, matrix.values[step * fold : step * (fold + 1)])
            )
            for fold in range(1, FOLDS + 1)
        ]
        trees, linear = (np.concatenate([pair[side] for pair in seen]) for side in (0, 1))
        share = best_weight(trees, linear, won[step:])
        fit_calibration(share * trees + (1 - share) * linear, won[step:])
        return fit(slice(0, ROWS))

    floor = seconds(bare)
    say("one fit on 20,000 games", seconds(lambda: fit(slice(0, ROWS))), "s", "bare XGBoost", floor)
    say(
        f"training, {FOLDS} folds walked forward, blended, calibrated",
        seconds(calibrated),
        "s",
        "bare XGBoost, one fit",
        floor,
    )
    model = fit(slice(0, ROWS))
    booster = xgb.Booster({"nthread": 1})
    booster.load_model(bytearray(model.trees))
    model.predict(matrix)
    for count, name in ((20, "a slate of 20"), (ROWS, "20,000 at once")):
        values = matrix.values[:count]
        say(
            f"prediction, {name}",
            seconds(lambda v=values: model.predict(FeatureMatrix(NAMES, v)), 5) * 1e3,
            "ms",
            "bare XGBoost",
            seconds(lambda v=values: booster.predict(xgb.DMatrix(v, feature_names=list(NAMES))), 5)
            * 1e3,
        )


if __name__ == "__main__":
    main()
