"""The figures in docs/algorithms are what the code gives."""

import re
from decimal import Decimal

import numpy as np
import pytest
from django.conf import settings

from betting.domain.clv import closing_line_value
from betting.domain.decide import blend
from betting.domain.moved_lines import at_other_lines
from betting.domain.settlement import Outcome, payout
from risk.domain.kelly import kelly_fraction


def table(name: str, heading: str) -> list[list[str]]:
    """The rows of a page's table that begins with a heading, without it."""
    page = (settings.BASE_DIR / "docs" / "algorithms" / name).read_text()
    rows = page[page.index(f"| {heading} |") :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


@pytest.mark.parametrize("row", table("kelly.md", "probability"), ids=str)
def test_kelly(row):
    p, price, share = (float(cell) for cell in row)
    assert round(float(kelly_fraction(np.array([p]), np.array([price]))[0]), 4) == share


@pytest.mark.parametrize("row", table("settlement.md", "result"), ids=str)
def test_settlement(row):
    stake, price, *expected = (Decimal(cell) for cell in row[1:])
    paid = payout(stake=stake, price=price, outcome=Outcome(row[0]))
    assert [paid.returned, paid.forfeited, paid.winnings] == expected


@pytest.mark.parametrize("row", table("clv.md", "price taken"), ids=str)
def test_clv(row):
    price, close, expected = (float(cell) for cell in row)
    clv = closing_line_value(
        price=price,
        fair_closing_probability=close,
        market_was_quoted_at_close=True,
        close_is_later=True,
    )
    assert round(clv.value, 4) == expected


@pytest.mark.parametrize("row", table("clv.md", "close"), ids=str)
def test_moved_lines(row):
    closed, taken = (re.sub("[a-z ]", "", row[place]) for place in (0, 2))
    probability = at_other_lines(
        "basketball_nba",
        "totals" if row[0].startswith("over") else "spreads",
        line=np.array([float(closed)]),
        probability=np.array([float(row[1])]),
        wanted=np.array([float(taken)]),
    ).item()
    assert round(probability, 4) == float(row[3])
    assert round(1.95 * probability - 1, 4) == float(row[4])


@pytest.mark.parametrize("row", table("decision.md", "market"), ids=str)
def test_blend(row):
    market, model, weight, expected = (float(cell) for cell in row)
    assert round(float(blend(np.array([market]), np.array([model]), weight)[0]), 4) == expected
