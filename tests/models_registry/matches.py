"""A made-up soccer league as football-data.co.uk would write it."""

import csv
from pathlib import Path

import numpy as np

HEADER = [
    "Div", "Date", "HomeTeam", "AwayTeam", "FTHG", "FTAG", "HS", "AS", "HST", "AST", "HC", "AC",
    *(book + side for book in ("B365", "PS", "PSC") for side in "HDA"),
]  # fmt: skip
TEAMS = [f"Team {number}" for number in range(8)]


def rows(*, seasons: int = 4, rounds: int = 56, seed: int = 5) -> list[list[object]]:
    """Return matches of teams whose strengths differ, four a round; the market knows something."""
    rng = np.random.default_rng(seed)
    strength = np.linspace(-0.5, 0.5, len(TEAMS))
    made: list[list[object]] = []
    for season in range(seasons):
        for number in range(rounds):
            day = np.datetime64(f"{2012 + season}-08-11") + 4 * number
            order = rng.permutation(len(TEAMS))
            for home, away in zip(order[::2], order[1::2], strict=True):
                gap = strength[home] - strength[away]
                rates = 1.4 * np.exp([gap / 2 + 0.15, -gap / 2 - 0.15])
                goals = rng.poisson(rates).tolist()
                counts = [
                    value
                    for each in (9.0, 4.0, 4.0)
                    for value in rng.poisson(each * rates).tolist()
                ]
                chances = np.array([np.exp(gap + 0.2), 1.0, np.exp(-gap)])
                price = np.round((1 / (chances / chances.sum())) / 1.05, 2).tolist()
                written = day.item().strftime("%d/%m/%Y")
                made.append(["E0", written, TEAMS[home], TEAMS[away], *goals, *counts, *price * 3])
    return made


def write(path: Path, made: list[list[object]]) -> None:
    """Write matches as a file."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *made])
