"""The one decision, on columns. Slates are small enough to check by hand."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from betting.domain.configuration import BadConfiguration, Configuration
from betting.domain.decide import BIT, blend, decide, failed_gates, slate_of
from betting.domain.opinions import Opinion
from betting.domain.sentences import sentences
from models_registry.domain.calibration import Trust
from models_registry.domain.goals import GoalScores
from models_registry.domain.scores import PointScores
from tests.tables import SEEN, START, moment, quote_table, row, two_way

BOOKS = [*two_way(1, 1.91, 1.91), *two_way(2, 1.91, 1.91), *two_way(3, 1.91, 1.91)]
WITH_DRAW = [*BOOKS, *(row("draw", 3.5, bookmaker_id=book) for book in (1, 2, 3))]
PLAIN = Configuration(margin_methods=("multiplicative",), model_error=0.0)


def believed(weight, error=0.0, **said):
    trust = {key: Trust(weight, error, 500) for key in ("h2h", "spreads", "totals")}
    return Opinion(0.6, trust=trust, **said)


def decided(rows, configuration=PLAIN, *, at=SEEN, said=None):
    slate = slate_of(
        quote_table(*rows),
        moment=moment(at),
        opinions=said or {},
        configuration=configuration,
    )
    return slate, decide(slate, configuration)


def gates(rows, configuration=PLAIN, *, of=-2, **given) -> list[str]:
    """The gates that one row (the outlier's home price) fails."""
    return failed_gates(int(decided(rows, configuration, **given)[1].passes[of]))


OUTLIER = [*BOOKS, *two_way(4, 2.20, 1.70)]


def test_the_price_above_fair_is_recommended_and_nothing_else():
    _, decisions = decided(OUTLIER)

    assert decisions.recommended.tolist() == [False] * 6 + [True, False]
    fair = decisions.fair_probability[6]
    assert 0.45 < fair < 0.5, "the outlier pulls the consensus towards its own price"
    assert decisions.edge[6] == pytest.approx(fair * 2.20 - 1)
    assert decisions.edge_low[6] < decisions.edge[6]
    careful, bold = decisions, decided(OUTLIER, replace(PLAIN, stake_on="fair"))[1]
    assert careful.stake_share[6] == pytest.approx(0.25 * careful.edge_low[6] / 1.20)
    assert bold.stake_share[6] == pytest.approx(0.25 * (fair * 2.20 - 1) / 1.20)
    assert decisions.stake_share[:6].tolist() == [0.0] * 6


@pytest.mark.parametrize(
    ("changes", "gate"),
    [
        ({"market_keys": ("totals",)}, "market"),
        ({"min_books": 5}, "few_books"),
        ({"model_weight": 0.5}, "no_prediction"),
        ({"max_price": 2.1}, "price"),
        ({"min_edge": 0.09}, "edge"),
        ({"min_edge_low": 0.09}, "edge_low"),
        ({"max_edge": 0.05}, "too_good"),
        ({"max_hours_ahead": 6.9}, "too_far"),
    ],
)
def test_each_gate_stops_by_its_own_name(changes, gate):
    settings = {**PLAIN.to_json(), **changes}
    assert gate in gates(OUTLIER, Configuration.from_json(settings))
    assert gates(OUTLIER) == []


def test_an_old_quote_a_started_event_and_an_archive_are_stopped():
    old = [*BOOKS, *two_way(4, 2.2, 1.7, confirmed_at=SEEN - timedelta(minutes=16))]
    archive = [*BOOKS, *two_way(4, 2.2, 1.7, is_archive=True)]

    assert gates(old) == ["stale"]
    assert gates(archive) == ["archive"]
    assert "started" in gates(OUTLIER, at=START)


def test_one_bet_a_market_and_moment_even_when_two_outcomes_pay_too_much():
    rows = [*BOOKS, *two_way(4, 2.20, 1.70), *two_way(5, 1.70, 2.25)]
    _, decisions = decided(rows)

    good = np.flatnonzero((decisions.passes & ~int(BIT["not_best"])) == 0)
    assert len(good) == 2
    assert decisions.recommended.sum() == 1
    assert decisions.edge[decisions.recommended] == decisions.edge[good].max()


def test_commission_comes_off_before_the_edge():
    _, free = decided(OUTLIER)
    _, paid = decided([*BOOKS, *two_way(4, 2.20, 1.70, commission=0.05)])

    assert paid.edge[6] < free.edge[6] - 0.02


def test_the_model_moves_the_moneyline_but_not_one_with_a_draw_it_does_not_know():
    configuration = Configuration(margin_methods=("multiplicative",), model_weight=0.5)
    said = {1: believed(1.0)}
    slate, decisions = decided(BOOKS, configuration, said=said)

    assert decisions.fair_probability[0] == pytest.approx(0.5505, abs=1e-4)
    assert decisions.fair_probability[1] == pytest.approx(1 - 0.5505, abs=1e-4)
    slate, _ = decided(WITH_DRAW, configuration, said=said)
    assert np.isnan(slate.model_probability).all()


def test_a_model_that_knows_draws_prices_them_and_returns_them_where_they_are_not_offered():
    configuration = Configuration(margin_methods=("multiplicative",), model_weight=0.5)
    said = {1: Opinion(0.5, 0.3, trust={"h2h": Trust(1.0, 0.0, 500)})}

    slate, decisions = decided(WITH_DRAW, configuration, said=said)

    assert slate.model_probability[[0, 1, -1]] == pytest.approx([0.5, 0.2, 0.3])
    assert 0.98 < decisions.fair_probability[[0, 1, -1]].sum() < 1
    assert decided(BOOKS[:2], said=said)[0].model_probability == pytest.approx([5 / 7, 2 / 7])


@pytest.mark.parametrize(
    ("scores", "points"),
    [
        (PointScores(*(np.array([each]) for each in (4.0, 12.0, 221.0, 17.0))), 219.0),
        (GoalScores(*(np.array([each]) for each in (1.6, 1.1, -0.05))), 2.5),
    ],
    ids=["points", "goals"],
)
def test_every_line_is_priced_from_the_score_distribution(scores, points):
    said = {1: believed(1.0, scores=scores.rows()[0])}
    quoted = [
        *two_way(1, 1.9, 1.9, line=-0.75),
        *two_way(2, 1.9, 1.9, line=1.0),
        *(row(side, 1.9, line=points, market_key="totals") for side in ("over", "under")),
        *two_way(4, 1.9, 1.9, line=-0.6),
    ]

    slate, _ = decided(quoted, said=said)

    spread, total = scores.spread(np.array([[-0.75, 1.0]])), scores.total(np.array([points]))
    three = [*spread.decided[0], *total.decided]
    expected = [p for first in three for p in (first, 1 - first)]
    assert slate.model_probability[:6] == pytest.approx(expected)
    assert np.isnan(slate.model_probability[6:]).all(), "no score lies on that line"


def test_lines_on_which_a_model_has_no_record_are_the_markets():
    scores = PointScores(*(np.array([each]) for each in (9.0, 12.0, 221.0, 17.0)))
    trust = {"h2h": Trust(1.0, 0.1, 500)}
    said = {1: Opinion(0.8, scores=scores.rows()[0], trust=trust)}
    books = [two for book in (1, 2, 3) for two in two_way(book, 1.91, 1.91, line=-2.5)]
    configuration = Configuration(model_weight=1.0, market_keys=("spreads",))

    slate, decisions = decided(books, configuration, said=said)

    assert slate.model_probability[0] > 0.6
    assert decisions.fair_probability[0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("earned", "allowed", "weight"), [(0.3, 1.0, 0.3), (0.9, 0.25, 0.25), (0.0, 1.0, 0.0)]
)
def test_a_model_gets_what_its_record_earned_and_no_more_than_allowed(earned, allowed, weight):
    configuration = Configuration(margin_methods=("multiplicative",), model_weight=allowed)
    said = {1: believed(earned)}

    slate, decisions = decided(BOOKS, configuration, said=said)

    assert decisions.fair_probability[0] == pytest.approx(
        blend(np.array([0.5]), np.array([0.6]), weight)[0]
    )
    told = sentences(slate, decisions, configuration, 0)[0][1]
    assert (f"{weight:.0%} model" in told) == (weight > 0)


def test_a_model_in_doubt_lowers_only_the_low_end():
    configuration = Configuration(margin_methods=("multiplicative",), model_weight=0.5)
    sure = decided(BOOKS, configuration, said={1: believed(1.0, 0.2)})[1]
    unsure = decided(BOOKS, configuration, said={1: believed(1.0, 0.4)})[1]

    assert unsure.edge[0] == sure.edge[0]
    # Half a blend of 0.2 more in log-odds, a quarter of it in probability near evens.
    assert sure.edge_low[0] - unsure.edge_low[0] == pytest.approx(0.1 / 4 * 1.91, abs=0.002)


def test_a_later_quote_in_the_same_call_changes_no_earlier_decision():
    """Ten years in one call decide as each day by itself."""
    configuration = Configuration()
    _, alone = decided(OUTLIER, configuration)
    later = [
        *two_way(1, 9.0, 1.05, market_id=2, starts_at=START + timedelta(days=1)),
        *two_way(2, 9.0, 1.05, market_id=2, starts_at=START + timedelta(days=1)),
    ]
    _, together = decided([*OUTLIER, *later], configuration)

    for name in ("fair_probability", "edge", "edge_low", "passes", "stake_share"):
        assert np.array_equal(getattr(together, name)[: len(OUTLIER)], getattr(alone, name))


def test_an_empty_slate_decides_nothing():
    _, decisions = decided([])

    assert len(decisions.edge) == 0


def test_every_pass_has_its_sentence():
    configuration = Configuration(min_books=9, min_edge=0.15)
    slate, decisions = decided(OUTLIER, configuration)

    reasons, passes = sentences(slate, decisions, configuration, 6)

    assert reasons[0].startswith("4 books agree on ")
    assert "A price of 2.20 is worth +6.3% per unit staked" in reasons[1]
    assert passes[0] == "4 books, fewer than 9."
    assert passes[1].endswith("is below 15.0%.")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"min_egde": 0.1}, "min_egde: no such setting"),
        ({"min_edge": "0.1"}, "min_edge: '0.1' is no number"),
        ({"min_edge": True}, "min_edge: True is no number"),
        ({"min_books": 2.5}, "min_books: 2.5 is no whole number"),
        ({"market_keys": "h2h"}, "market_keys: 'h2h' is no list of names"),
        ({"market_keys": []}, "market_keys: .* name at least one market"),
        ({"margin_methods": ["magic"]}, "margin_methods: .* use some of"),
        ({"model_weight": 1.1}, "model_weight: 1.1 cannot be; use 0 to 1"),
        ({"kelly_fraction": 0}, "kelly_fraction: 0.0 cannot be"),
        ({"max_edge": 0.01}, "max_edge: 0.01 cannot be; use more than min_edge"),
        ({"min_edge": float("nan")}, "min_edge: nan cannot be"),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused_by_name(content, message):
    with pytest.raises(BadConfiguration, match=message):
        Configuration.from_json(content)


def test_a_configuration_survives_json():
    configuration = Configuration(market_keys=("h2h", "totals"), model_weight=0.3)

    assert Configuration.from_json(configuration.to_json()) == configuration
