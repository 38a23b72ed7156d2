"""How fair the fair prices are: the engine against the simulator's true probabilities.

On the edge market, about three hours before the starts, 20,000 moneyline selections and more a
sport: the error of the consensus, its worst tenth beside the band that the engine states (one
standard error), how often the truth is within that band, and the slope in log-odds; every margin
method on the moneyline, the shipped one and a blend on the other markets. Moneylines also against
the results, which is all that anybody could judge by outside a simulator. The peer is the plain
average of implied probabilities, every book alike, margins scaled off.

On the efficient market: how many prices the decision recommends (each a mistake) beside the rule
"2 % above the plain average", and the share of them beside what the decision's lower bound allows.
Errors are in hundredths of a percentage point.
"""

from dataclasses import replace

import numpy as np
from measured import say
from scipy.stats import beta, norm

from betting.domain.configuration import Configuration
from betting.domain.decide import Decisions, decide, market_slate
from odds.domain.consensus import Consensus, consensus
from odds.domain.margins import METHODS
from odds.simulator.boards import Sport
from odds.simulator.judging import Judgement, Z, clustered_error, judge, tenths
from odds.simulator.slates import TrueSlate, true_slate
from odds.simulator.sports import SPORTS

SEED = 1
DAYS = {"basketball_sim": 1000, "soccer_sim": 1800, "americanfootball_sim": 3400}
FROM = 1.5e9
HOURS_BEFORE = 2.9
CONFIGURATION = Configuration()
DAY_SECONDS = 86_400
SMALL = 10_000
# What recorded prices show (bench_split.py), to the last digit: Shin, and a little of the plainest.
BLEND = "12*shin+multiplicative"


def slate(sport: Sport, *, is_efficient: bool) -> TrueSlate:
    number = sport.numbers(FROM, FROM + DAYS[sport.key] * DAY_SECONDS)
    return true_slate(sport, SEED, number, hours_before=HOURS_BEFORE, is_efficient=is_efficient)


def plain_average(true: TrueSlate) -> TrueSlate:
    """Return the slate with every book's voice alike and no commission: what one would do first."""
    quotes = true.quotes
    alike = replace(quotes, weight=np.ones(len(quotes)), commission=np.zeros(len(quotes)))
    return replace(true, quotes=alike)


def decided(true: TrueSlate, configuration: Configuration) -> Decisions:
    """Return what the engine decides on every price of a slate, by its own configuration."""
    return decide(market_slate(true.quotes, true.quotes.confirmed_at, configuration), configuration)


def allowed_share(decisions: Decisions, rows: np.ndarray, least: float) -> float:
    """Return the share of prices that would be recommended if every price were exactly fair.

    The engine states one standard error of each edge: from `edge` down to `edge_low`. A fair price
    has edge 0, and is taken for one with the least edge or more only if the error is at least that
    and at least one standard error: chance 1 - Phi(max(1, least / error)).
    """
    error = (decisions.edge - decisions.edge_low)[rows]
    return float(norm.sf(np.maximum(1.0, least / np.maximum(error, 1e-9))).mean())


def upper_bound(found: int, of: int) -> float:
    """Return the one-sided 99.9 % upper bound of a share (Clopper and Pearson)."""
    return float(beta.ppf(0.999, found + 1, of - found)) if found < of else 1.0


def judge_edge(sport: Sport) -> None:
    true = slate(sport, is_efficient=False)
    peer = plain_average(true)
    for market_key in ("h2h", "spreads", "totals"):
        by_peer = judge(consensus(peer.quotes, method="multiplicative"), true, market_key)
        for method in dict.fromkeys((CONFIGURATION.margin_methods[0], *METHODS, BLEND)):
            if market_key != "h2h" and method not in (CONFIGURATION.margin_methods[0], BLEND):
                continue
            opinion = consensus(true.quotes, method=method)
            name = f"fair price, {sport.key} {market_key}, {method}"
            say_judged(name, judge(opinion, true, market_key), by_peer)
            if market_key == "h2h":
                judge_by_results(name, sport, opinion)


def judge_by_results(name: str, sport: Sport, opinion: Consensus) -> None:
    """Print how a moneyline's home prices stand against what happened, beside what chance allows.

    So it could be judged in the world; it takes some thirty times the error to be seen.
    """
    rows = np.flatnonzero((opinion.market_key == "h2h") & (opinion.side == "home"))
    events = opinion.event_id[rows]
    home, away = sport.final_scores(SEED, events)
    fair = opinion.probability[rows]
    # A tie gives stakes back where there is no draw to bet on.
    kept = (home != away) | np.isin(events, opinion.event_id[opinion.side == "draw"])
    error = (fair - (home > away))[kept]
    band = Z * clustered_error(error, events[kept])
    say(f"{name}: mean error against {kept.sum()} results", float(error.mean() * SMALL),
        "0.01 points", "99.9 % band of it", band * SMALL)  # fmt: skip
    worst = max(abs(each) / (Z * of) for _, each, of in tenths(fair[kept], error, events[kept]))
    say(f"{name}: worst tenth against results, in its 99.9 % band", worst, "1", "allowed", 1.0)


def say_judged(name: str, found: Judgement, peer: Judgement) -> None:
    for what, pick in (
        (f"mean error of {found.count}", lambda each: each.mean * SMALL),
        ("99.9 % band of it", lambda each: Z * each.mean_error * SMALL),
        ("worst tenth", lambda each: each.worst_bin * SMALL),
        ("stated band, half", lambda each: each.half_width * SMALL),
        ("truth within the stated band", lambda each: each.covered * 100),
        ("slope in log-odds", lambda each: each.slope),
    ):
        unit = {"truth": "%", "slope": "1"}.get(what.split()[0], "0.01 points")
        say(f"{name}: {what}", float(pick(found)), unit, "plain average", float(pick(peer)))


def judge_efficient(sport: Sport) -> None:
    true = slate(sport, is_efficient=True)
    average = consensus(plain_average(true).quotes, method="multiplicative")
    for market_key in ("h2h", "spreads", "totals"):
        configuration = replace(CONFIGURATION, market_keys=(market_key,))
        decisions = decided(true, configuration)
        rows = np.flatnonzero(true.quotes.market_key == market_key)
        found = int(decisions.recommended[rows].sum())
        fair = average.probability[average.rows_of(true.quotes.selection_id[rows])]
        naive = int((fair * true.quotes.price[rows] - 1 >= CONFIGURATION.min_edge).sum())
        name = f"efficient market, {sport.key} {market_key}"
        rule = "2 % above the plain average"
        say(f"{name}: recommended of {len(rows)}", found, "prices", rule, naive)
        bound = upper_bound(found, len(rows)) * 100
        allowed = allowed_share(decisions, rows, CONFIGURATION.min_edge) * 100
        say(f"{name}: 99.9 % bound of that", bound, "%", "allowed by the lower bound", allowed)


def main() -> None:
    """Print one JSON object a figure."""
    for sport in SPORTS:
        judge_edge(sport)
        judge_efficient(sport)


if __name__ == "__main__":
    main()
