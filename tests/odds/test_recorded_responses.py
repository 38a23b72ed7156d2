"""Every recorded answer of The Odds API through the adapter, with exact figures."""

import gzip
import os
from collections import Counter
from pathlib import Path

import orjson
import pytest

from odds.domain.credits import Endpoint
from odds.feeds.drift import look
from odds.feeds.the_odds_api_payloads import as_moment
from odds.feeds.the_odds_api_sweeps import sweep_of

FILE = (
    Path(os.environ.get("FAIRLINE_SHARED_DATA", "../shared/data")) / "nba_odds_v4_native.jsonl.gz"
)
MARKETS = ("h2h", "spreads", "totals")
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not FILE.is_file(), reason=f"no recorded answers at {FILE}"),
]


def test_every_recorded_answer_is_read_and_every_price_accounted_for():
    counts: Counter[str] = Counter()
    drift: Counter[tuple[str, str]] = Counter()
    faults: Counter[str] = Counter()
    with gzip.open(FILE, "rt", encoding="utf-8") as lines:
        for line in lines:
            answer = orjson.loads(line)
            outcomes = line.count('"price"')
            envelope = {"timestamp": answer["timestamp"], "data": answer["data"]}
            drift += look(Endpoint.PAST_ODDS, envelope).counts
            sweep = sweep_of(
                answer["data"],
                "basketball_nba",
                markets=MARKETS,
                books=[],
                now=as_moment(answer["timestamp"], "timestamp"),
                odds_format=answer["odds_format"],
            )
            quotes = sweep.quotes
            at_fault = quotes.price[quotes.price < 0].tolist()
            faulty = [quotes.names.faults[-price - 1] for price in at_fault]
            faults.update(fault.field for fault in faulty)
            counts["responses"] += 1
            counts["events"] += len(sweep.events)
            counts["prices"] += len(sweep.quotes) - len(faulty)
            counts["quarantined"] += len(sweep.rejected) + len(faulty)
            counts["outcomes"] += outcomes

    assert counts == {
        "responses": 286,
        "events": 1_678,
        "outcomes": 161_714,
        "prices": 161_705,
        "quarantined": 9,
    }
    assert faults == {"price": 9}
    # Unknown keys, markets, bookmakers without their fields: none in any of them.
    assert drift == {}
