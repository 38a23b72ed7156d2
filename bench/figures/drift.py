"""Figure 40: seasons in which a model stays honest, and seasons in which it drifts.

Each day of a season is read as the product reads it (`readings_of`, the shipped bounds and window);
the first reading that pauses ends the season. Bets are the events on which the model sees more than
two per cent of edge at the market's fair price. Needs no database.
"""

from collections import Counter

import numpy as np
from django.conf import settings
from figures.shared import Faults
from measured import say

from models_registry.domain.drift import worst
from models_registry.domain.drift_bounds import PAUSE
from models_registry.services.drift import readings_of
from models_registry.watching import Watched

DAYS, GAMES, ONSET, EDGE, SOON = 170, 7, 60, 0.02, 200
# In log-odds: how far games are from each other by the model, the truth from the model, the close
# from the truth, and the market then from its close. So the model is calibrated, and loses 0.02
# more than the close, as the NBA's does (docs/algorithms/drift.md).
GAME, MODEL, CLOSE, MOVES = 0.7, 0.42, 0.05, 0.10
# What is not known makes the best probability less sure by so much (the probit approximation).
SHRINK = 1 / np.sqrt(1 + np.pi * MODEL**2 / 8)
NEVER = 10**6


def nothing(truth, model):  # noqa: ANN001, ANN201 - log-odds in and out
    """Nothing happens."""
    return truth, model


def frozen(truth, model):  # noqa: ANN001, ANN201
    """What the model knows of the teams is of others: a feed matched them wrongly."""
    return truth, np.roll(model, 1)


def swapped(truth, model):  # noqa: ANN001, ANN201
    """Home and away are exchanged."""
    return truth, -model


def no_home_side(truth, model):  # noqa: ANN001, ANN201
    """Games are played on neutral ground, and the model does not know."""
    return truth - 0.6, model


def too_sure(truth, model):  # noqa: ANN001, ANN201
    """Its log-odds are twice what they should be."""
    return truth, 2 * model


DRIFTS = (swapped, frozen, too_sure, no_home_side)


def season(rng: np.random.Generator, happens, days: int = DAYS, onset: int = ONSET) -> Watched:  # noqa: ANN001
    """Return a season's events; from a day on something happens to the truth or the model."""
    count = days * GAMES
    day = np.repeat(np.arange(days), GAMES)
    known = rng.normal(0.3, GAME, count)
    truth = known + rng.normal(0, MODEL, count)
    model = known * SHRINK
    after = day >= onset
    truth[after], model[after] = happens(truth[after], model[after])
    close = truth + rng.normal(0, CLOSE, count)
    then = close + rng.normal(0, MOVES, count)
    happened = rng.random(count) < chance(truth)
    said = chance(model)
    return Watched(
        day=day, happened=happened, said=said, first=said, then=chance(then), close=chance(close),
        values=np.empty((count, 0)),
    )  # fmt: skip


def chance(log_odds):  # noqa: ANN001, ANN201
    """Return the probability of log-odds."""
    return 1 / (1 + np.exp(-log_odds))


def paused_after(played: Watched, record: dict) -> tuple[int, int, str]:
    """Return the day of the first pause, the bets since the onset until then, and who paused."""
    fair = np.where(played.said > played.then, played.said / played.then,
                    (1 - played.said) / (1 - played.then))  # fmt: skip
    is_bet = fair > 1 + EDGE
    for day in range(7, DAYS):
        lately = played.where((played.day <= day) & (played.day > day - settings.DRIFT_DAYS))
        readings = readings_of(lately, record, {})
        if worst([each.level for each in readings]) == PAUSE:
            since = (played.day >= ONSET) & (played.day <= day)
            names = "+".join(each.name for each in readings if each.level == PAUSE)
            return day, int(is_bet[since].sum()), names
    return NEVER, NEVER, ""


def stream(rng: np.random.Generator, happens) -> tuple[int, int, str]:  # noqa: ANN001
    """Play one version's season, after three honest ones that are its record."""
    past = season(rng, nothing, days=3 * DAYS)
    record = {"model": past.said, "won": past.happened.astype(float), "close": past.close}
    return paused_after(season(rng, happens), record)


def run(*, small: bool, seed: int) -> int:
    """Play honest seasons and drifting ones."""
    faults = Faults()
    rng = np.random.default_rng(seed)
    honest = [stream(rng, nothing) for _ in range(20 if small else 100)]
    false = [each for each in honest if each[0] < NEVER]
    share = 100 * len(false) / len(honest)
    say("honest seasons read day by day", len(honest), "seasons")
    say(f"honest seasons with a pause {Counter(each[2] for each in false)}", share, "%")
    faults.expect(share <= 5, f"{share:.1f} % of honest seasons were paused")
    for happens in DRIFTS:
        met = [stream(rng, happens) for _ in range(10 if small else 40)]
        bets = np.array([each[1] for each in met if each[0] >= ONSET])
        soon = 100 * float((bets <= SOON).mean())
        what = (happens.__doc__ or "").rstrip(".")
        say(f"{happens.__name__} ({what}): paused within {SOON} bets, of {len(bets)}", soon, "%")
        say("  bets until the pause, median", float(np.median(bets)), "bets")
        say("  bets until the pause, 95 of 100", float(np.quantile(bets, 0.95)), "bets")
        faults.expect(soon >= 95, f"{happens.__name__}: {soon:.0f} % within {SOON} bets")
    return faults.said("goals of drift missed")
