"""The strategies in code: what each believes of a slate small enough to check by hand."""

import importlib
import re
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from betting.domain.configuration import BadConfiguration, Configuration
from betting.domain.decide import decide, failed_gates, slate_of
from betting.domain.opinions import Opinion
from betting.domain.rules import RULES, check_configuration
from betting.domain.sentences import sentences
from models_registry.domain.calibration import Trust
from tests.tables import SEEN, moment, quote_table, row, two_way

BOOKS = [*two_way(1, 1.91, 1.91), *two_way(2, 1.91, 1.91), *two_way(3, 1.91, 1.91)]
OUTLIER = [*BOOKS, *two_way(4, 2.40, 1.70)]


def decided(rows, *, said=None, **content):
    configuration = Configuration.from_json({"max_edge": 0.5, "min_books": 1} | content)
    check_configuration(configuration)
    slate = slate_of(
        quote_table(*rows), moment=moment(SEEN), opinions=said or {}, configuration=configuration
    )
    return slate, decide(slate, configuration), configuration


def test_the_published_consensus_bets_above_one_over_the_mean_less_alpha():
    slate, done, configuration = decided(OUTLIER, rule="published_consensus", min_edge=0)

    mean = (3 * 1.91 + 2.40) / 4
    assert done.fair_probability[6] == pytest.approx(1 / mean - 0.05)
    assert done.edge[6] == pytest.approx((1 / mean - 0.05) * 2.40 - 1)
    assert done.recommended.tolist() == [False] * 6 + [1 / (1 / mean - 0.05) < 2.40, False]
    assert "less 5.0%" in sentences(slate, done, configuration, 6)[0][1]
    _, strict, _ = decided(
        OUTLIER, rule="published_consensus", min_edge=0, settings={"alpha": 0.09}
    )
    assert not strict.recommended.any()


def test_an_arbitrage_takes_every_leg_at_its_best_price_with_equal_payouts():
    rows = [*BOOKS, *two_way(4, 2.20, 1.70), *two_way(5, 1.70, 2.10)]
    _, done, _ = decided(rows, rule="arbitrage", min_edge=0.005, settings={"outlay": 0.02})

    legs = np.flatnonzero(done.recommended)
    assert legs.tolist() == [6, 9]
    assert done.edge[legs] == pytest.approx([1 / (1 / 2.20 + 1 / 2.10) - 1] * 2)
    assert done.stake_share[legs].sum() == pytest.approx(0.02)
    assert done.stake_share[6] * 2.20 == pytest.approx(done.stake_share[9] * 2.10)


@pytest.mark.parametrize(
    "spoiler",
    [
        # Without the draw's price two legs are no arbitrage.
        [row("draw", 1.01, bookmaker_id=9, confirmed_at=SEEN - timedelta(hours=3))],
        [],
    ],
)
def test_a_missing_or_stale_leg_is_no_arbitrage(spoiler):
    old = [] if spoiler else [{"confirmed_at": SEEN - timedelta(minutes=16)}]
    rows = [*BOOKS, *two_way(4, 2.05, 1.70), *two_way(5, 1.70, 2.10, **dict(*old)), *spoiler]

    assert not decided(rows, rule="arbitrage", min_edge=0.005)[1].recommended.any()


def test_one_leg_that_fails_a_gate_takes_the_others_with_it():
    rows = [*BOOKS, *two_way(4, 6.00, 1.05), *two_way(5, 1.05, 1.30)]
    _, done, _ = decided(rows, rule="arbitrage", min_edge=0.005, max_edge=0.9, min_price=1.2)
    assert done.recommended.sum() == 2

    # Judged alone, the short leg is out.
    _, done, _ = decided(rows, rule="arbitrage", min_edge=0.005, max_edge=0.9, min_price=1.95)
    assert not done.recommended.any()


def test_the_model_alone_does_not_listen_to_the_prices():
    said = {1: Opinion(0.6, trust={"h2h": Trust(0.0, 0.1, 500)})}
    _, done, _ = decided(BOOKS, said=said, rule="model_only", model_weight=1)

    assert done.fair_probability[0] == pytest.approx(0.6)
    assert done.recommended.any()
    assert done.edge_low[0] < done.edge[0] == pytest.approx(0.6 * 1.91 - 1)


def test_a_sharp_reference_speaks_alone_and_without_it_nobody_does():
    rows = [*OUTLIER, *two_way(6, 2.00, 1.90)]
    slate, done, _ = decided(
        rows, reference_books=["nobody", "book_6"], margin_methods=["multiplicative"]
    )
    assert slate.market_probability[6] == pytest.approx((1 / 2.00) / (1 / 2.00 + 1 / 1.90))
    assert done.recommended[6]

    slate, done, _ = decided(OUTLIER, reference_books=["sharp"])
    assert np.isnan(slate.market_probability).all()
    assert "no_consensus" in failed_gates(int(done.passes[6]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"rule": "magic"}, "rule: there is no 'magic'; use one of fair_price"),
        ({"settings": {"alpha": 0.1}}, "settings.alpha: the rule fair_price has no such setting"),
        (
            {"rule": "published_consensus", "settings": {"alpha": 2}},
            "settings.alpha: 2 cannot be; use 0 to 0.5",
        ),
        ({"rule": "model_only"}, "model_weight: the rule model_only needs a model"),
        ({"settings": {"alpha": "x"}}, "settings: .* is no set of named numbers"),
    ],
)
def test_what_a_rule_cannot_mean_is_refused_by_name(content, message):
    with pytest.raises(BadConfiguration, match=message):
        check_configuration(Configuration.from_json(content))


@pytest.mark.parametrize("key", list(RULES))
def test_every_rule_decides_on_an_empty_slate(key):
    _, done, _ = decided([], rule=key, model_weight=1)

    assert not len(done.passes)


def test_the_example_of_the_guide_runs_as_it_is_written(tmp_path, monkeypatch):
    text = (Path(__file__).parents[2] / "docs/guides/add_a_strategy.md").read_text()
    (tmp_path / "shaded_of_the_guide.py").write_text(
        re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    )
    monkeypatch.syspath_prepend(tmp_path)
    rule = importlib.import_module("shaded_of_the_guide").RULE
    monkeypatch.setitem(RULES, rule.key, rule)
    favourite = [each for book in (1, 2, 3, 4) for each in two_way(book, 1.40, 3.30)]

    slate, done, configuration = decided(
        favourite, rule="shaded", settings={"factor": 1.2}, min_edge=0
    )

    assert (done.fair_probability[::2] > slate.market_probability[::2]).all()
    assert (done.fair_probability[1::2] < slate.market_probability[1::2]).all()
    assert np.flatnonzero(done.recommended).tolist() == [0]
    assert "Shaded by 1.2 that is" in sentences(slate, done, configuration, 0)[0][1]
    with pytest.raises(BadConfiguration, match="factor: 3 cannot be; use 1 to 2"):
        decided(favourite, rule="shaded", settings={"factor": 3})
