"""Live and backtest decide the same: every recorded slate read and decided on by both, bit for bit.

A slate is one moment at which a source looked at a competition's moneylines, with all that was then
in force in it. The backtest reads all of history and decides in one call; live reads one moment and
decides on that slate alone, by each shipped strategy that needs no model, and by a loose one under
which much is recommended and sized. It needs imported history in the database that DATABASE_URL
names, and says how many slates it found there. With fewer wanted they are drawn evenly over time.

    bench_same_decisions.py [slates [competition ...]]
"""

import sys
from datetime import UTC, date

import django

django.setup()

import numpy as np  # noqa: E402
from measured import say  # noqa: E402

from betting.domain.configuration import Configuration  # noqa: E402
from betting.domain.decide import AHEAD, Decisions, decide, slate_of  # noqa: E402
from betting.services.backtesting import slate_of_the_past  # noqa: E402
from betting.services.past import NothingToRun, Past, read_past  # noqa: E402
from betting.services.strategies import PRESETS  # noqa: E402
from odds.as_of import quotes_as_of  # noqa: E402
from odds.models import Competition  # noqa: E402

WANTED = 10_000
FIRST, LAST = date(2003, 1, 1), date(2026, 12, 31)
MARKETS = ("h2h",)
CONFIGURATIONS = {
    each.key: each.configuration for each in PRESETS if each.configuration.model_weight == 0
} | {
    "loose": Configuration(
        min_edge=0.001,
        min_edge_low=-0.5,
        max_price=50.0,
        max_hours_ahead=1000.0,
        max_quote_age=10_000.0,
        min_books=1,
    )
}


def rows_that_differ(
    past: Past, whole: dict[str, Decisions], at: np.datetime64, competition_key: str
) -> dict[str, int]:
    """Return by strategy how many prices of one slate the two decide differently.

    A price that only one of them has is different for all.
    """
    now = at.astype("datetime64[us]").item().replace(tzinfo=UTC)
    live = quotes_as_of(
        at=now, starts_after=now, starts_before=now + AHEAD, competition_key=competition_key
    )
    asked = np.flatnonzero(np.isin(live.market_key, MARKETS))
    rows = np.flatnonzero(past.moment == at)
    rows = rows[np.argsort(past.quotes.quote_id[rows])]
    if not np.array_equal(live.quote_id[asked], past.quotes.quote_id[rows]):
        only_one = np.setxor1d(live.quote_id[asked], past.quotes.quote_id[rows])
        return dict.fromkeys(whole, len(only_one))
    found = {}
    for key, configuration in CONFIGURATIONS.items():
        slate = slate_of(live, moment=at, opinions={}, configuration=configuration)
        alone = decide(slate, configuration)
        differs = np.zeros(len(rows), dtype=np.bool_)
        for name in Decisions.__slots__:
            differs |= other_bits(getattr(whole[key], name)[rows], getattr(alone, name)[asked])
        found[key] = int(differs.sum())
    return found


def other_bits(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Return which rows differ in a bit: two NaN are the same, 0.0 and -0.0 are not."""
    mine, live = (
        np.ascontiguousarray(each).view(np.uint8).reshape(len(each), -1) for each in (ours, theirs)
    )
    return (mine != live).any(axis=1)


def main() -> None:
    """Read every competition's past, draw slates, print how many prices differ in any bit."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else WANTED
    found: list[tuple[str, Past]] = []
    for key in sys.argv[2:] or Competition.objects.order_by("key").values_list("key", flat=True):
        try:
            found.append((key, read_past(key, FIRST, LAST, MARKETS)))
        except NothingToRun:
            continue
    total = sum(len(np.unique(past.moment)) for _, past in found)
    slates = prices = 0
    recommended, different = dict.fromkeys(CONFIGURATIONS, 0), dict.fromkeys(CONFIGURATIONS, 0)
    for key, past in found:
        whole = {
            name: decide(slate_of_the_past(past, configuration), configuration)
            for name, configuration in CONFIGURATIONS.items()
        }
        moments = np.unique(past.moment)
        share = min(1.0, wanted / total)
        places = np.linspace(0, len(moments) - 1, max(1, round(len(moments) * share)))
        chosen = moments[np.unique(places.astype(int))]
        drawn = np.isin(past.moment, chosen)
        slates, prices = slates + len(chosen), prices + int(drawn.sum())
        for name, decisions in whole.items():
            recommended[name] += int(decisions.recommended[drawn].sum())
        for at in chosen:
            for name, count in rows_that_differ(past, whole, at, key).items():
                different[name] += count
        print(f"{key}: {len(chosen):,} slates, {sum(different.values())} differ", file=sys.stderr)
    say(f"recorded slates, each decided on by both (of {total} found)", slates, "slates")
    say("prices among them", prices, "prices")
    for name in CONFIGURATIONS:
        say(f"{name}: recommended among them", recommended[name], "prices")
        say(
            f"{name}: decided differently, in any bit of any column",
            different[name],
            "prices",
            "allowed",
            0,
        )


if __name__ == "__main__":
    main()
