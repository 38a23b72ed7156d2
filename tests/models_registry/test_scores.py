"""Score distributions: coherent whatever is asked, and the figures of docs/algorithms/scores.md."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_registry.domain.scores import PointScores, PointShape, ScoreDistribution

shapes = st.builds(
    PointShape,
    key_weights=st.lists(st.floats(0.2, 3), max_size=14).map(tuple),
    overtime_share=st.floats(0, 0.3),
    overtime_points=st.floats(0, 40),
    overtime_variance=st.floats(0, 300),
)
quarter_lines = st.integers(-240, 240).map(lambda quarters: quarters / 4)


@st.composite
def beliefs(draw, count=3):
    def column(low, high):
        values = st.lists(st.floats(low, high), min_size=count, max_size=count)
        return np.array(draw(values))

    return PointScores(
        column(-40, 40), column(4, 30), column(120, 260), column(5, 40), draw(shapes)
    )


@given(beliefs(), st.lists(quarter_lines, min_size=2, max_size=6).map(sorted))
def test_an_easier_line_is_never_less_likely(scores, lines):
    spread = scores.spread(np.tile(lines, (len(scores), 1)))
    assert (np.diff(spread.win) >= -1e-12).all()
    assert (np.diff(spread.lose) <= 1e-12).all()
    total = scores.total(np.tile(lines, (len(scores), 1)) + 190)
    assert (np.diff(total.win) <= 1e-12).all()
    assert (np.diff(total.lose) >= -1e-12).all()


@given(beliefs(), quarter_lines)
def test_two_sides_and_the_push_are_everything(scores, line):
    lines = np.full(len(scores), line)
    away = PointScores(
        -scores.margin_centre, scores.margin_sd, scores.total_centre, scores.total_sd, scores.shape
    )
    mine, theirs = scores.spread(lines), away.spread(-lines)
    np.testing.assert_allclose(mine.win, theirs.lose, atol=1e-12)
    np.testing.assert_allclose(mine.push, theirs.push, atol=1e-12)
    for each in (mine, scores.total(lines + 190)):
        np.testing.assert_allclose(each.win + each.push + each.lose, 1, atol=1e-12)
        assert min(each.win.min(), each.push.min(), each.lose.min()) >= -1e-12
        if line % 1 == 0.5:
            np.testing.assert_allclose(each.push, 0, atol=1e-12)


@given(beliefs())
def test_a_moneyline_is_the_spread_at_zero_and_at_half_a_point(scores):
    home = scores.h2h()[:, 0]
    for line in (0.0, -0.5, 0.5):
        np.testing.assert_allclose(scores.spread(np.full(3, line)).win, home, atol=1e-12)
    np.testing.assert_allclose(scores.spread(np.zeros(3)).push, 0, atol=1e-12)


@given(beliefs(), quarter_lines)
def test_a_quarter_line_is_half_a_bet_on_either_side_of_it(scores, line):
    if line * 2 == round(line * 2):
        line += 0.25
    for ask, around in ((scores.spread, line), (scores.total, line + 190)):
        quarter, low, high = (ask(np.full(3, around + aside)) for aside in (0, -0.25, 0.25))
        for name in ("win", "push", "lose"):
            mean = (getattr(low, name) + getattr(high, name)) / 2
            np.testing.assert_allclose(getattr(quarter, name), mean, atol=1e-12)


@given(beliefs())
def test_stored_rows_give_the_same_prices(scores):
    again = PointScores.from_rows(scores.rows())
    assert again.h2h().tolist() == scores.h2h().tolist()
    assert again.total(np.full(3, 201.0)).push.tolist() == (
        scores.total(np.full(3, 201.0)).push.tolist()
    )


def worked() -> ScoreDistribution:
    return PointScores(*(np.array([value]) for value in (5.0, 12.5, 221.0, 17.0)))


def test_the_worked_table():
    scores = worked()
    assert scores.h2h().round(4).tolist() == [[0.6557, 0.3443]]
    spread = scores.spread(np.array([[-7.5, -7.0, -6.75, -6.5, 0.0, 3.0]]))
    assert spread.win.round(4).tolist() == [[0.4195, 0.4195, 0.441, 0.4626, 0.6557, 0.7007]]
    assert spread.push.round(4).tolist() == [[0, 0.0432, 0.0216, 0, 0, 0.0267]]
    assert spread.decided.round(4).tolist() == [[0.4195, 0.4384, 0.4508, 0.4626, 0.6557, 0.72]]
    total = scores.total(np.array([[221.0, 221.25, 221.5]]))
    assert total.win.round(4).tolist() == [[0.5094, 0.5094, 0.5094]]
    assert total.push.round(4).tolist() == [[0.0227, 0.0114, 0]]
    assert total.decided.round(4).tolist() == [[0.5213, 0.5153, 0.5094]]


def test_each_whole_margin_sums_to_the_distribution():
    """The closed form beside every margin counted out one by one."""
    scores = worked()
    margins = np.arange(-120, 121)
    spread = scores.spread(-margins[None, :].astype(float))
    assert spread.push.sum() == pytest.approx(1, abs=1e-12)
    assert spread.push[0, 120] == 0
    assert spread.push[0, margins > 4].sum() == pytest.approx(scores.spread(np.array([-4.0])).win)
    assert spread.push[0, margins < -15].sum() == pytest.approx(
        scores.spread(np.array([15.0])).lose
    )


def test_impossible_questions_are_refused():
    with pytest.raises(ValueError, match=r"multiple of a quarter, not 5\.3"):
        worked().spread(np.array([-5.3]))
    with pytest.raises(ValueError, match="above 0"):
        PointScores(*(np.array([value]) for value in (5.0, 0.0, 221.0, 17.0)))
    with pytest.raises(ValueError, match="share one shape"):
        PointScores.from_rows([])
