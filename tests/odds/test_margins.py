import json
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
import shin
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from odds.domain.margins import (
    METHODS,
    SMALLEST,
    UnknownMethod,
    UnusableBook,
    answerable,
    overround,
    read_method,
    remove_margin,
)

NAN = np.nan
# What the public libraries answer, recorded by bench/peers_margins.py; the bench asks them live.
PEERS = json.loads(Path(__file__).with_name("margins_peers.json").read_text(encoding="utf-8"))

# penaltyblog 1.13.1 on [2.7, 2.3, 4.4]; its Shin agrees with the `shin` package to five digits.
GOLDEN = {
    "multiplicative": [0.35874, 0.42113, 0.22013],
    "additive": [0.35956, 0.42397, 0.21646],
    "power": [0.35917, 0.42373, 0.21710],
    "shin": [0.35934, 0.42324, 0.21741],
    "odds_ratio": [0.35881, 0.42256, 0.21863],
    "differential": [0.35956, 0.42397, 0.21646],
    "logarithmic": [0.35881, 0.42256, 0.21863],
}


@pytest.mark.parametrize("method", GOLDEN)
def test_golden_values(method):
    answer = remove_margin(np.array([[2.7, 2.3, 4.4]]), method)
    assert answer[0] == pytest.approx(GOLDEN[method], abs=6e-6)


# Published: the introduction of the R package `implied` works three matches by the methods of
# the papers (Shin; Buchdahl's differential and power, which he calls logarithmic; Cheung).
PUBLISHED = {
    "multiplicative": [
        [0.2331556, 0.2646631, 0.5021813],
        [0.3988848, 0.2641264, 0.3369888],
        [0.4586948, 0.2938514, 0.2474538],
    ],
    "shin": [
        [0.2315716, 0.2635742, 0.5048542],
        [0.4000221, 0.2629271, 0.3370508],
        [0.4645882, 0.2919788, 0.2434331],
    ],
    "differential": [
        [0.2310332, 0.2632083, 0.5057585],
        [0.4004096, 0.2625166, 0.3370739],
        [0.4666506, 0.2913457, 0.2420036],
    ],
    "odds_ratio": [
        [0.2320048, 0.2636415, 0.5043537],
        [0.3996912, 0.2633869, 0.3369219],
        [0.4634406, 0.2919032, 0.2446562],
    ],
    "power": [
        [0.2311414, 0.2630644, 0.5057942],
        [0.4003156, 0.2627189, 0.3369655],
        [0.4667139, 0.2908985, 0.2423876],
    ],
}


@pytest.mark.parametrize("method", PUBLISHED)
def test_published_examples(method):
    prices = np.array([[4.20, 3.70, 1.95], [2.45, 3.70, 2.90], [2.05, 3.20, 3.80]])
    # Its search for a root ends about so far from it.
    assert remove_margin(prices, method) == pytest.approx(np.array(PUBLISHED[method]), abs=4e-6)


@pytest.mark.parametrize("method", PEERS["penaltyblog"])
def test_penaltyblog_agrees_wherever_it_has_an_answer_to_a_margin(method):
    compared = 0
    for row, theirs in zip(PEERS["prices"], PEERS["penaltyblog"][method], strict=True):
        # At or below no margin we scale; where additive weights leave nothing, we go by power.
        if sum(1 / price for price in row) > 1 and theirs and min(theirs) > 0:
            assert remove_margin(np.array([row]), method)[0] == pytest.approx(theirs, abs=1e-9)
            compared += 1
    assert compared >= 7


def test_where_additive_weights_leave_a_longshot_nothing_power_answers():
    row = [1.02, 26.0, 201.0]
    assert min(PEERS["penaltyblog"]["additive"][PEERS["prices"].index(row)]) < 0
    for method in ("additive", "differential"):
        ours = remove_margin(np.array([row]), method)
        assert ours == pytest.approx(remove_margin(np.array([row]), "power"), abs=1e-12)


def test_goto_conversion_is_another_method_that_leans_further_from_longshots():
    """It takes the same number of standard errors off each outcome; no method of ours does."""
    for row, theirs in zip(PEERS["prices"], PEERS["goto_conversion"]["goto"], strict=True):
        if theirs and sum(1 / price for price in row) > 1:
            ours = remove_margin(np.array([row]), "power")[0]
            assert np.argsort(ours).tolist() == np.argsort(theirs).tolist()
            assert np.abs(ours - theirs).max() < 0.013
            assert min(theirs) <= remove_margin(np.array([row]), "multiplicative").min() + 1e-12


def test_probit_takes_one_number_off_every_z_score():
    cdf, inverse = (np.vectorize(each) for each in (NormalDist().cdf, NormalDist().inv_cdf))
    for row in ([2.7, 2.3, 4.4], [1.3, 5.5, 11.0], [1.05, 15.0, 34.0], [3.0, 4.0, 5.0, 7.0, 9.0]):
        scores = inverse(1 / np.array(row))
        shift = brentq(lambda c, z=scores: cdf(z - c).sum() - 1.0, 0.0, 5.0, xtol=1e-15)
        answer = remove_margin(np.array([row]), "probit")[0]
        assert answer == pytest.approx(cdf(scores - shift), abs=1e-12)


def test_a_blend_is_the_weighted_mean_of_its_methods():
    prices = np.array([[2.7, 2.3, 4.4], [1.3, 5.5, 11.0]])
    shin_, power = remove_margin(prices, "shin"), remove_margin(prices, "power")
    assert remove_margin(prices, "3*shin+power") == pytest.approx(0.75 * shin_ + 0.25 * power)
    assert remove_margin(prices, "shin+power") == pytest.approx((shin_ + power) / 2)


@pytest.mark.parametrize(
    "text", ["", "shun", "0*shin", "-1*shin", "x*shin", "shin+", "nan*shin", "shin|"]
)
def test_a_method_nobody_defined_is_refused(text):
    with pytest.raises(UnknownMethod, match="is no margin method; use some of multiplicative"):
        read_method(text)


def test_the_worst_case_is_the_lowest_of_each_outcome_and_no_distribution():
    prices = np.array([[1.3, 5.5, 11.0], [2.2, 2.1, NAN]])
    methods = ["multiplicative", "power+shin", "shin"]
    answer = remove_margin(prices, "|".join(methods))
    every = [remove_margin(prices, method) for method in methods]
    assert (answer == np.min(every, axis=0)).all()
    # The favourite's worst is multiplicative's, the longshot's is not.
    assert answer[0, 0] == every[0][0, 0] < every[1][0, 0]
    assert answer[0, 2] < every[0][0, 2]
    assert answer[0].sum() < 1.0
    # An arbitrage is scaled by all alike, so there the worst case is the only one.
    assert answer[1] == pytest.approx([2.1 / 4.3, 2.2 / 4.3, 0.0])


def test_which_rows_are_answerable_is_known_beforehand():
    prices = np.array([[1.9, 1.9], [1.0, 5.0], [np.inf, 1.5], [NAN, 1.5], [NAN, NAN], [3.0, 9.0]])
    assert answerable(prices).tolist() == [True, False, False, False, False, True]


def test_a_refusal_names_the_row_of_the_whole_slate():
    prices = np.full((10_000, 2), 1.9)
    prices[9_000, 1] = 1.0
    with pytest.raises(UnusableBook) as refusal:
        remove_margin(prices, "shin")
    assert refusal.value.row == 9_000


def test_overround_of_the_published_example():
    assert overround(np.array([[2.7, 2.3, 4.4]]))[0] == pytest.approx(0.0324, abs=5e-5)


def test_shin_agrees_with_the_shin_package():
    rng = np.random.default_rng(11)
    for outcomes in (2, 3, 5, 12, 40):
        probabilities = rng.dirichlet(np.full(outcomes, 2.0), size=50)
        prices = 1.0 / (probabilities * rng.uniform(1.02, 1.15, size=(50, 1)))
        usable = (prices > 1.0).all(axis=1)
        ours = remove_margin(prices[usable], "shin")
        theirs = np.array(
            [shin.calculate_implied_probabilities(list(row)) for row in prices[usable]]
        )
        assert np.abs(ours - theirs).max() < 1e-9, outcomes


def test_two_outcomes_padded_with_an_absent_one_answer_as_two():
    pair = np.array([[1.5, 2.8], [1.01, 21.0], [1.91, 1.91]])
    padded = np.column_stack([pair, np.full(3, NAN)])
    for method in METHODS:
        assert remove_margin(padded, method)[:, :2] == pytest.approx(
            remove_margin(pair, method), abs=1e-12
        )
        assert (remove_margin(padded, method)[:, 2] == 0.0).all()


@given(data=st.data())
def test_probabilities_sum_to_one_keep_the_order_and_stay_inside(data):
    outcomes = data.draw(st.integers(2, 40))
    row = st.lists(st.floats(1.001, 1001.0), min_size=outcomes, max_size=outcomes)
    prices = np.array(data.draw(st.lists(row, min_size=1, max_size=4)))
    implied = 1.0 / prices
    has_margin = implied.sum(axis=1) > 1.0
    by_price = np.argsort(-prices, axis=1, kind="stable")

    # Two of METHODS are other names of others: test_some_methods_are_others_in_other_words.
    for method in METHODS.keys() - {"differential", "logarithmic"}:
        answer = remove_margin(prices, method)

        assert np.isfinite(answer).all(), method
        assert answer.sum(axis=1) == pytest.approx(np.ones(len(prices)), abs=1e-12), method
        assert ((answer > 0.0) & (answer < 1.0)).all(), method
        # A margin is only ever taken off: no outcome becomes likelier than its price says.
        assert (answer <= np.maximum(implied * (1 + 1e-9), 2 * SMALLEST))[has_margin].all(), method
        ordered = np.take_along_axis(answer, by_price, axis=1)
        assert (np.diff(ordered, axis=1) >= -1e-12).all(), method


def test_some_methods_are_others_in_other_words():
    assert METHODS["differential"] is METHODS["additive"]
    assert METHODS["logarithmic"] is METHODS["odds_ratio"]


@pytest.mark.parametrize("method", METHODS)
def test_an_arbitrage_is_scaled_proportionally(method):
    prices = np.array([[2.2, 2.1], [2.7, 2.3]])
    answer = remove_margin(prices, method)
    assert answer[0] == pytest.approx([2.1 / 4.3, 2.2 / 4.3], abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "row",
    [
        [1.001, 1001.0],
        [1.0001, 1.0001, 1000.0],
        [1.2, 1.2, 1.2],  # 150 % margin
        [1.65] + [401.0] * 39,
        [2.0, 1001.0, 1001.0, 1.5],
        [25.0] * 35,  # 40 % margin over 35 runners
    ],
)
def test_the_rows_on_which_public_libraries_fail_are_answered(method, row):
    answer = remove_margin(np.array([row]), method)
    assert np.isfinite(answer).all()
    assert answer.min() >= SMALLEST / 2
    assert answer.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([1.0, 5.0], "price 1 is not a finite number above 1"),
        ([0.0, 5.0], "price 0 is not"),
        ([-3.0, 5.0], "price -3 is not"),
        ([np.inf, 1.5], "price inf is not"),
        ([NAN, 1.5], "fewer than two outcomes"),
        ([NAN, NAN], "fewer than two outcomes"),
    ],
)
def test_a_book_without_an_answer_is_refused_by_row_and_reason(method, row, reason):
    with pytest.raises(UnusableBook, match=reason) as refusal:
        remove_margin(np.array([[1.9, 1.9], row]), method)
    assert refusal.value.row == 1


def test_an_empty_slate_is_an_empty_answer():
    for method in METHODS:
        assert remove_margin(np.empty((0, 2)), method).shape == (0, 2)
        assert remove_margin(np.empty((0, 3)), method).shape == (0, 3)


def test_one_row_alone_answers_as_in_a_slate():
    rng = np.random.default_rng(3)
    prices = 1.0 / (rng.dirichlet([3.0, 3.0, 3.0], size=200) * 1.06)
    prices = prices[(prices > 1.0).all(axis=1)]
    for method in METHODS:
        whole = remove_margin(prices, method)
        alone = np.vstack([remove_margin(prices[i : i + 1], method) for i in range(len(prices))])
        assert np.array_equal(whole, alone), method
