import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs" / "algorithms"


@pytest.mark.parametrize(
    "page",
    ["budget.md", "margins.md", "consensus.md", "scanner.md", "simulator.md", "free_bets.md"],
)
def test_the_figures_of_the_page_are_those_of_the_code(page):
    results = doctest.testfile(str(DOCS / page), module_relative=False)
    assert results.attempted > 3
    assert results.failed == 0
