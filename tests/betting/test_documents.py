"""The figures in docs/algorithms are what the code gives."""

import re
from decimal import Decimal

import numpy as np
import pytest
from django.conf import settings

from betting.domain.clv import closing_line_value
from betting.domain.decide import blend
from betting.domain.moved_lines import at_other_lines
from betting.domain.overfit import deflated_yield
from betting.domain.ruin import chance_of_fall
from betting.domain.settlement import DeadHeat, Outcome, payout
from risk.domain.kelly import kelly_fraction
from risk.domain.limits import Bounds, Exposure
from risk.domain.simultaneous import exclusive_shares
from risk.domain.staking import Proposal, waterfall


def table(name: str, heading: str) -> list[list[str]]:
    """The rows of a page's table that begins with a heading, without it."""
    page = (settings.BASE_DIR / "docs" / "algorithms" / name).read_text()
    rows = page[page.index(f"| {heading} |") :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


@pytest.mark.parametrize("row", table("kelly.md", "probability"), ids=str)
def test_kelly(row):
    p, price, share = (float(cell) for cell in row)
    assert round(float(kelly_fraction(np.array([p]), np.array([price]))[0]), 4) == share


def test_kelly_of_one_market():
    rows = table("kelly.md", "outcome")
    p, price = (np.array([float(row[column]) for row in rows]) for column in (1, 2))
    written = [float(row[5].rsplit("=", 1)[1]) for row in rows]
    assert exclusive_shares(p, price).round(4).tolist() == written


def test_the_waterfall():
    written = [Decimal(row[1]) for row in table("staking.md", "step")]
    exposure = Exposure(Decimal("1000.00"), Decimal("1000.00"), Decimal("0"), Decimal("0"))
    proposal = Proposal(share=0.10, price=2.0, kept=0.9)
    steps = waterfall(proposal=proposal, exposure=exposure, bounds=Bounds())
    assert [step.stake for step in steps] == written


@pytest.mark.parametrize("row", table("ruin.md", "part of Kelly"), ids=str)
def test_ruin(row):
    part, *expected = map(float, row)
    assert [round(chance_of_fall(part, floor), 3) for floor in (0.9, 0.7, 0.5)] == expected


@pytest.mark.parametrize("row", table("overfit.md", "yield"), ids=str)
def test_deflation(row):
    value, error, tries, by_chance, left = (float(cell.rstrip(" %")) for cell in row)
    done = deflated_yield(value / 100, error / 100, int(tries))
    assert [round(done.by_chance * 100, 1), round(done.left * 100, 1)] == [by_chance, left]


@pytest.mark.parametrize("row", table("settlement.md", "result"), ids=str)
def test_settlement(row):
    stake, price, *expected = (Decimal(cell) for cell in row[1:])
    tied = re.fullmatch(r"dead heat, (\d) for 1 place", row[0])
    paid = payout(
        stake=stake,
        price=price,
        outcome=Outcome.DEAD_HEAT if tied else Outcome(row[0]),
        dead_heat=DeadHeat(tied=int(tied[1])) if tied else None,
    )
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
