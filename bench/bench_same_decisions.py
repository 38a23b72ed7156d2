"""Live and backtest decide the same: every recorded slate read and decided on by both, bit for bit.

A slate is one moment at which a source showed a competition's moneylines. The backtest reads all of
history at once (`read_past`) and decides in one call; live reads the quotes in force at each moment
(`quotes_as_of`) and decides on that slate alone. It needs imported history in the database that
DATABASE_URL names, and says how many slates it found there. Slates are drawn evenly over time.
"""

import sys
from datetime import UTC, date, timedelta

import django

django.setup()

import numpy as np  # noqa: E402
from measured import say  # noqa: E402

from betting.domain.configuration import Configuration  # noqa: E402
from betting.domain.decide import Decisions, decide, slate_of  # noqa: E402
from betting.services.backtesting import slate_of_the_past  # noqa: E402
from betting.services.past import NothingToRun, Past, read_past  # noqa: E402
from odds.as_of import quotes_as_of  # noqa: E402
from odds.models import Competition  # noqa: E402

WANTED = 10_000
FIRST, LAST = date(2003, 1, 1), date(2026, 12, 31)
AHEAD = timedelta(days=30)
# Loose, so that many prices are recommended and many sizes compared.
CONFIGURATION = Configuration(
    min_edge=0.001, min_edge_low=-0.5, max_price=50.0, max_hours_ahead=1000.0, min_books=1
)


def rows_that_differ(past: Past, whole: Decisions, moment: np.datetime64, key: str) -> int:
    """Return how many prices of one slate the two decide differently, a missing one among them."""
    at = moment.astype("datetime64[us]").item()
    now = at.replace(tzinfo=UTC)
    rows = np.flatnonzero(past.moment == moment)
    live = quotes_as_of(at=now, starts_after=now, starts_before=now + AHEAD, competition_key=key)
    live = live.where(np.isin(live.quote_id, past.quotes.quote_id[rows]))
    rows = rows[np.argsort(past.quotes.quote_id[rows])]
    if len(live) != len(rows):
        return abs(len(live) - len(rows))
    alone = decide(
        slate_of(live, moment=moment, opinions={}, configuration=CONFIGURATION), CONFIGURATION
    )
    order = np.argsort(live.quote_id)
    differs = np.zeros(len(rows), dtype=np.bool_)
    for name in Decisions.__slots__:
        ours, theirs = getattr(whole, name)[rows], getattr(alone, name)[order]
        # Bits, not values: two NaN are the same, 0.0 and -0.0 are not.
        mine, live_ones = (
            np.ascontiguousarray(each).view(np.uint8).reshape(len(rows), -1)
            for each in (ours, theirs)
        )
        differs |= (mine != live_ones).any(axis=1)
    return int(differs.sum())


def main() -> None:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else WANTED
    slates = prices = different = recommended = 0
    found: list[tuple[str, Past]] = []
    keys = sys.argv[2:] or Competition.objects.order_by("key").values_list("key", flat=True)
    for key in keys:
        try:
            found.append((key, read_past(key, FIRST, LAST, ("h2h",))))
        except NothingToRun:
            continue
    total = sum(len(np.unique(past.moment)) for _, past in found)
    for key, past in found:
        whole = decide(slate_of_the_past(past, CONFIGURATION), CONFIGURATION)
        moments = np.unique(past.moment)
        share = min(1.0, wanted / max(total, 1))
        places = np.linspace(0, len(moments) - 1, max(1, round(len(moments) * share)))
        chosen = moments[np.unique(places.astype(int))]
        for moment in chosen:
            different += rows_that_differ(past, whole, moment, key)
            slates += 1
        mask = np.isin(past.moment, chosen)
        prices += int(mask.sum())
        recommended += int(whole.recommended[mask].sum())
    say(f"recorded slates decided on live and in a backtest (of {total} found)", slates, "slates")
    say("prices among them", prices, "prices")
    say("recommended among them", recommended, "prices")
    say("prices decided differently, in any bit of any column", different, "prices", "allowed", 0)


if __name__ == "__main__":
    main()
