"""Libraries of boosted trees behind one small interface, so that a recipe may name either.

Trees correct the log odds of a regression. They are kept in the library's own text or binary
format, never as a pickle.
"""

import importlib
from typing import Any, Protocol

import numpy as np

from models_registry.domain.games import BoolArray, FloatArray

Turned = dict[str, float]


class Booster(Protocol):
    """What a library does. `base` are log odds that trees start from, one a row."""

    file_name: str

    def fit(
        self, values: FloatArray, names: list[str], won: BoolArray, base: FloatArray, turned: Turned
    ) -> bytes:
        """Return fitted trees. `turned` has XGBoost's names for what a search may turn."""
        ...

    def load(self, trees: bytes) -> Any:  # noqa: ANN401 - of the library
        """Return what the other methods take."""
        ...

    def correct(self, loaded: Any, values: FloatArray, names: list[str]) -> FloatArray:  # noqa: ANN401
        """Return what the trees add to the base, in log odds, one a row."""
        ...

    def parts(self, loaded: Any, values: FloatArray, names: list[str]) -> FloatArray:  # noqa: ANN401
        """Return by how much each feature corrects, the last column by itself (TreeSHAP)."""
        ...


def _library(name: str) -> Any:  # noqa: ANN401 - they ship no types
    """Return a library, loaded at first use.

    Late, as Optuna in `searching`: services are imported by every web process, and loading this
    there would cost each of them 100 MB and a second for nothing.
    """
    return importlib.import_module(name)


class XGBoost:
    """Chen and Guestrin (2016); trees as UBJSON."""

    file_name = "trees.ubj"

    def fit(
        self, values: FloatArray, names: list[str], won: BoolArray, base: FloatArray, turned: Turned
    ) -> bytes:
        """Return fitted trees."""
        library = _library("xgboost")
        data = library.DMatrix(values, won, feature_names=names)
        data.set_base_margin(base)
        rounds = int(turned["rounds"])
        fixed = {
            "objective": "binary:logistic",
            "max_bin": 64,
            "tree_method": "hist",
            "nthread": 1,
            "seed": 2007,
        }
        given = fixed | {name: value for name, value in turned.items() if name != "rounds"}
        return bytes(library.train(given, data, rounds).save_raw(raw_format="ubj"))

    def load(self, trees: bytes) -> Any:  # noqa: ANN401
        """Return the library's booster."""
        booster = _library("xgboost").Booster({"nthread": 1})
        booster.load_model(bytearray(trees))
        return booster

    def correct(self, loaded: Any, values: FloatArray, names: list[str]) -> FloatArray:  # noqa: ANN401
        """Return what the trees add, in log odds."""
        return self._ask(loaded, values, names, output_margin=True)

    def parts(self, loaded: Any, values: FloatArray, names: list[str]) -> FloatArray:  # noqa: ANN401
        """Return by how much each feature corrects, the last column by itself."""
        return self._ask(loaded, values, names, pred_contribs=True)

    @staticmethod
    def _ask(loaded: Any, values: FloatArray, names: list[str], **what: bool) -> FloatArray:  # noqa: ANN401
        data = _library("xgboost").DMatrix(values, feature_names=names)
        data.set_base_margin(np.zeros(len(values)))
        said: FloatArray = loaded.predict(data, **what).astype(np.float64)
        return said


class LightGBM:
    """Ke et al. (2017); trees as the library's text."""

    file_name = "trees.txt"

    def fit(
        self, values: FloatArray, names: list[str], won: BoolArray, base: FloatArray, turned: Turned
    ) -> bytes:
        """Return fitted trees."""
        library = _library("lightgbm")
        data = library.Dataset(values, won, init_score=base, feature_name=names)
        depth = int(turned["max_depth"])
        given = {
            "objective": "binary",
            "max_bin": 63,
            "num_threads": 1,
            "deterministic": True,
            "force_col_wise": True,
            "seed": 2007,
            "verbosity": -1,
            "learning_rate": turned["eta"],
            "max_depth": depth,
            "num_leaves": 2**depth,
            "min_sum_hessian_in_leaf": turned["min_child_weight"],
            "bagging_fraction": turned["subsample"],
            "bagging_freq": 1,
            "feature_fraction": turned["colsample_bytree"],
            "lambda_l2": turned["reg_lambda"],
        }
        booster = library.train(given, data, int(turned["rounds"]))
        return bytes(booster.model_to_string().encode())

    def load(self, trees: bytes) -> Any:  # noqa: ANN401
        """Return the library's booster."""
        return _library("lightgbm").Booster(model_str=trees.decode())

    def correct(self, loaded: Any, values: FloatArray, names: list[str]) -> FloatArray:  # noqa: ANN401
        """Return what the trees add, in log odds."""
        return np.asarray(loaded.predict(values, raw_score=True, num_threads=1), np.float64)

    def parts(self, loaded: Any, values: FloatArray, names: list[str]) -> FloatArray:  # noqa: ANN401
        """Return by how much each feature corrects, the last column by itself."""
        return np.asarray(loaded.predict(values, pred_contrib=True, num_threads=1), np.float64)


class NoTrees:
    """The regression alone."""

    file_name = "trees.none"

    def fit(
        self,
        values: FloatArray,
        names: list[str],
        won: BoolArray,
        base: FloatArray,
        turned: Turned,
    ) -> bytes:
        """Return nothing."""
        return b""

    def load(self, trees: bytes) -> None:
        """Return nothing."""

    def correct(self, loaded: None, values: FloatArray, names: list[str]) -> FloatArray:
        """Return zeros."""
        return np.zeros(len(values))

    def parts(self, loaded: None, values: FloatArray, names: list[str]) -> FloatArray:
        """Return zeros."""
        return np.zeros((len(values), len(names) + 1))


# What follows the regression in each recipe that a version may be made by.
BOOSTERS: dict[str, Booster] = {
    "logistic": NoTrees(),
    "logistic+xgboost": XGBoost(),
    "logistic+lightgbm": LightGBM(),
}
