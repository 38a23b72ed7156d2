"""Goal models: Dixon and Coles' correction, coherent prices, ratings that find what is there."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from models_registry.domain.features import FeatureMatrix, SignatureMismatch
from models_registry.domain.goal_ratings import (
    GOALS,
    NAMES,
    WORTH,
    build_goal_features,
    fit_rates,
)
from models_registry.domain.goals import (
    BOTH,
    GoalModel,
    GoalScores,
    dixon_coles_tau,
    fit_goal_model,
    rho_bounds,
)
from models_registry.domain.lookahead import find_leaks
from models_registry.domain.scores import ScoreDistribution
from tests.models_registry import arrays

quarter_lines = st.integers(-24, 24).map(lambda quarters: quarters / 4)


@st.composite
def beliefs(draw, count=2):
    def column(low, high):
        return np.array(draw(st.lists(st.floats(low, high), min_size=count, max_size=count)))

    home, away = column(0.05, 6), column(0.05, 6)
    low, high = rho_bounds(home, away)
    rho = np.clip(low + column(0, 1) * (high - low), low, high)
    return GoalScores(home, away, rho)


def believed(home=1.6, away=1.1, rho=-0.1) -> GoalScores:
    return GoalScores(np.array([home]), np.array([away]), np.array([rho]))


def test_it_is_a_score_distribution():
    scores: ScoreDistribution = believed()
    assert (scores.family, len(scores)) == ("goals", 1)
    again = GoalScores.from_rows(scores.rows())
    assert again.h2h().tolist() == scores.h2h().tolist()


def test_low_scores_are_those_of_dixon_and_coles():
    """Equation 4.2 of the paper, term by term, at rates 1.6 and 1.1 and rho -0.1."""
    scores = believed().scores(most=2)[0]
    alone = np.exp(-2.7) * np.array([[1, 1.1], [1.6, 1.6 * 1.1]])

    np.testing.assert_allclose(
        scores[:2, :2] / alone, [[1 + 0.176, 1 - 0.16], [1 - 0.11, 1.1]], rtol=1e-12
    )
    assert scores[2, 1] == pytest.approx(np.exp(-2.7) * 1.28 * 1.1)
    # docs/algorithms/goals.md
    np.testing.assert_allclose(believed().h2h()[0], [0.4777, 0.2726, 0.2497], atol=5e-5)


@settings(max_examples=30)
@given(beliefs())
def test_every_price_is_a_sum_over_the_table_of_scores(scores):
    table = scores.scores(most=40)
    ours, theirs = np.indices(table.shape[1:])
    for line in (-2.0, -0.5, 0.0, 1.0):
        asked = scores.spread(np.full(len(scores), line))
        margin = ours - theirs + line
        np.testing.assert_allclose(asked.win, table[:, margin > 0].sum(axis=1), atol=1e-8)
        np.testing.assert_allclose(asked.push, table[:, margin == 0].sum(axis=1), atol=1e-8)
    for line in (0.5, 1.0, 2.0, 2.5, 7.0):
        asked = scores.total(np.full(len(scores), line))
        np.testing.assert_allclose(asked.win, table[:, ours + theirs > line].sum(axis=1), atol=1e-8)
    np.testing.assert_allclose(scores.h2h().sum(axis=1), 1, atol=1e-12)


@given(beliefs(), st.lists(quarter_lines, min_size=2, max_size=5).map(sorted))
def test_an_easier_line_is_never_less_likely(scores, lines):
    spread = scores.spread(np.tile(lines, (len(scores), 1)))
    total = scores.total(np.tile(lines, (len(scores), 1)) + 6)
    for easier, harder in ((spread.win, spread.lose), (total.lose, total.win)):
        assert (np.diff(easier) >= -1e-12).all()
        assert (np.diff(harder) <= 1e-12).all()


@settings(max_examples=50)
@given(beliefs(), quarter_lines)
def test_two_sides_and_the_push_are_everything(scores, line):
    lines = np.full(len(scores), line)
    mine = scores.spread(lines)
    theirs = GoalScores(scores.away, scores.home, scores.rho).spread(-lines)
    np.testing.assert_allclose(mine.win, theirs.lose, atol=1e-12)
    np.testing.assert_allclose(mine.push, theirs.push, atol=1e-12)
    for each in (mine, scores.total(lines + 6)):
        np.testing.assert_allclose(each.win + each.push + each.lose, 1, atol=1e-12)
        assert min(each.win.min(), each.push.min(), each.lose.min()) >= -1e-12
        if line % 1 == 0.5:
            np.testing.assert_allclose(each.push, 0, atol=1e-12)


@pytest.mark.parametrize(
    ("home", "away", "rho", "reason"),
    [
        (0.01, 1.0, 0.0, "home must be 0.05 to 6"),
        (1.0, np.nan, 0.0, "away must be 0.05 to 6"),
        (2.0, 1.5, -0.51, "rho is out of the bounds"),
    ],
)
def test_no_chance_is_negative(home, away, rho, reason):
    with pytest.raises(ValueError, match=reason):
        believed(home, away, rho)


def made_up(seed=1, teams=6, matches=400):
    rng = np.random.default_rng(seed)
    home = rng.integers(0, teams, matches)
    away = (home + rng.integers(1, teams, matches)) % teams
    strength = rng.normal(0, 0.3, (2, teams))
    rate = 0.2 + strength[0][[home, away]] - strength[1][[away, home]]
    rate += np.array([[0.15], [-0.15]])
    return home, away, rng.poisson(np.exp(rate)).T.astype(float), rng.uniform(0.1, 1, matches)


def test_the_fit_is_the_one_that_an_optimiser_without_our_gradient_finds():
    home, away, seen, weight = made_up()
    expected = np.array([0, 0, 0, 0, -0.1, -0.1])

    def lost(theta):
        level, edge, attack, defence = theta[0], theta[1], theta[2:8], theta[8:]
        ours = level + edge / 2 + attack[home] - defence[away]
        theirs = level - edge / 2 + attack[away] - defence[home]
        fit = weight @ (np.exp(ours) - seen[:, 0] * ours + np.exp(theirs) - seen[:, 1] * theirs)
        return fit + ((attack - expected) ** 2 + (defence - expected) ** 2).sum() / 2 / 0.25**2

    oracle = minimize(lost, np.zeros(14), method="BFGS", options={"gtol": 1e-6}).x

    fitted = fit_rates(home, away, seen, weight, expected=expected, spread=0.25)

    np.testing.assert_allclose([fitted.level, fitted.edge], oracle[:2], atol=2e-5)
    np.testing.assert_allclose(
        np.concatenate([fitted.attack, fitted.defence]), oracle[2:], atol=2e-5
    )


def soccer_league(seasons=3, teams=8):
    """Make a league of teams whose strengths differ, with counts of chances; one round a day."""
    rng = np.random.default_rng(5)
    strength = np.linspace(-0.5, 0.5, teams)
    rows, box = [], []
    for season in range(seasons):
        for number in range(teams * 7):
            day = np.datetime64(f"{2018 + season}-08-10") + 4 * number
            order = rng.permutation(teams)
            for home, away in zip(order[::2], order[1::2], strict=True):
                gap = strength[home] - strength[away]
                rates = 1.4 * np.exp([gap / 2 + 0.15, -gap / 2 - 0.15])
                rows.append((day, home, away, *rng.poisson(rates)))
                box.append([rng.poisson(rate / 1.4 / np.array(WORTH)) for rate in rates])
    return arrays.games(rows, teams_box=np.array(box, dtype=float))


def test_ratings_find_who_is_strong_and_know_nothing_before_enough_was_seen():
    league = soccer_league()
    built = build_goal_features(league)

    assert built.names == NAMES
    for name in ("goals_supremacy", "chances_supremacy"):
        said = built.column(name)
        assert np.isnan(said[:100]).all()
        late = said[-200:]
        truth = (league.home - league.away)[-200:]
        assert np.corrcoef(late, truth)[0, 1] > 0.8
        assert 0.02 < late.mean() < 0.3


def test_no_rating_moves_when_the_future_is_cut_or_poisoned():
    league = soccer_league(seasons=2)

    assert find_leaks(build_goal_features, league, np.array([150, 420])) == []


def test_a_team_that_is_new_is_expected_lower():
    league = soccer_league(seasons=2)
    new = int(league.team_count)
    home, away = league.home.copy(), league.away.copy()
    home[-1] = new

    known, unknown = (
        build_goal_features(games, rows=np.array([len(league) - 1])).values[0]
        for games in (league, replace(league, home=home, away=away))
    )
    at = NAMES.index("goals_total")
    level = np.log(league.home_score.mean() * league.away_score.mean()) / 2
    assert np.isfinite(unknown).all()
    assert unknown[at] == pytest.approx(level, abs=0.35)
    assert not np.allclose(known, unknown)


def test_the_model_learns_how_ratings_become_goals_and_asks_for_its_own_features():
    rng = np.random.default_rng(2)
    values = np.column_stack([rng.normal(mean, 0.3, 6000) for mean in (0.1, 0.2, 0.1, 0.2)])
    matrix = FeatureMatrix(NAMES, values)
    total = 0.1 + 0.3 * values[:, 1] + 0.5 * values[:, 3]
    supremacy = 0.05 + 1.0 * values[:, 0] + 0.4 * values[:, 2]
    goals = rng.poisson(np.exp([total + supremacy, total - supremacy])).T.astype(float)

    model = fit_goal_model(matrix, goals)

    assert model.both.supremacy == pytest.approx((1.0, 0.4), abs=0.1)
    assert model.both.total == pytest.approx((0.3, 0.5), abs=0.15)
    assert -0.03 < model.both.rho < 0.01
    # Below 300 matches, what other leagues taught; without chances, goals alone.
    few = fit_goal_model(FeatureMatrix(NAMES, values[:299]), goals[:299])
    assert few.both == BOTH
    values[0, 2:] = np.nan
    assert np.isfinite(model.scores(FeatureMatrix(NAMES, values[:2])).home).all()
    with pytest.raises(SignatureMismatch, match="in another order"):
        model.scores(FeatureMatrix(NAMES[::-1], values))
    assert GoalModel.from_dict(json.loads(json.dumps(model.as_dict()))) == model


def test_tau_is_one_beyond_one_goal():
    goals = np.array([2, 0, 3]), np.array([0, 2, 3])
    assert dixon_coles_tau(*goals, np.ones(3), np.ones(3), np.full(3, -0.1)).tolist() == [1, 1, 1]
    assert GOALS.half_life == 300
