"""A month's credits: never overspent, every close captured where they suffice, by the ladder."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from odds.domain.budget import Kind, free_actions, plan
from odds.domain.demand import LADDER, SCORES_COST, Coming, League, Terms, captures

FIRST = datetime(2026, 4, 1, tzinfo=UTC)
END = datetime(2026, 5, 1, tzinfo=UTC)
TICK = timedelta(minutes=5)
# Longer before a start no interval is shorter than this.
LONG_TICK = timedelta(minutes=15)
BASE = timedelta(minutes=15)
LASTS = timedelta(hours=3)


class Month:
    """Plays a month of asking the plan, each answer costing the most it can."""

    def __init__(self, starts, terms, budget, *, begin=FIRST, horizon=timedelta(days=40)):
        self.starts, self.terms, self.left = starts, terms, budget
        self.begin, self.horizon = begin, horizon
        self.swept = {key: [] for key in starts}
        self.scored = dict.fromkeys(starts)
        self.spent = 0
        self.lowest = budget
        self.kinds = dict.fromkeys(Kind, 0)
        self.rungs = []

    def league(self, key, now):
        starts, scored = self.starts[key], self.scored[key]
        ended = bisect_right(starts, now - LASTS)
        return League(
            key,
            tuple(starts[bisect_right(starts, now) : bisect_right(starts, now + self.horizon)]),
            self.swept[key][-1] if self.swept[key] else None,
            None,
            scored,
            ended > 0 and (scored is None or starts[ended - 1] + LASTS > scored),
        )

    def play(self):
        now = self.begin
        while now < END:
            leagues = [self.league(key, now) for key in self.starts]
            made = plan(leagues, self.terms, now=now, left=self.left)
            for action in made.actions:
                self._do(action, now)
            if any(action.cost for action in made.actions):
                self.rungs.append(made.rung)
            soon = now + timedelta(hours=1)
            is_near = any(each.starts and each.starts[0] <= soon for each in leagues)
            now += TICK if is_near else LONG_TICK
        return self

    def _do(self, action, now):
        self.kinds[action.kind] += 1
        self.left -= action.cost
        self.spent += action.cost
        self.lowest = min(self.lowest, self.left)
        if action.kind in (Kind.CLOSE, Kind.SWEEP):
            self.swept[action.league].append(now)
        elif action.kind is Kind.SCORES:
            self.scored[action.league] = now

    def missed(self):
        """Return the starts without a sweep within the lead before them."""
        lead = self.terms.lead
        return [
            (key, start)
            for key, starts in self.starts.items()
            for start in starts
            if not any(start - lead <= at < start for at in self.swept[key])
        ]


def evenings(days, hours, key="nba", begin=FIRST):
    """Return starts at these hours of each of these days of the month."""
    return {
        key: sorted(
            begin.replace(hour=0) + timedelta(days=day, hours=hour)
            for day in days
            for hour in hours
        )
    }


minutes = st.integers(min_value=22 * 1440, max_value=30 * 1440 - 1)


@settings(max_examples=15, deadline=None)
@given(
    starts=st.dictionaries(
        st.sampled_from(["nba", "epl", "nfl"]), st.lists(minutes, max_size=12), max_size=3
    ),
    budget=st.integers(min_value=0, max_value=400),
    markets=st.integers(min_value=1, max_value=3),
    regions=st.integers(min_value=1, max_value=3),
    horizon=st.sampled_from([timedelta(days=1), timedelta(days=40)]),
)
def test_no_month_is_overspent_and_where_the_closes_can_be_paid_none_is_missed(
    starts, budget, markets, regions, horizon
):
    moments = {
        key: sorted({FIRST + timedelta(minutes=minute) for minute in of_key})
        for key, of_key in starts.items()
    }
    month = Month(
        moments,
        Terms(markets, regions, BASE),
        budget,
        begin=FIRST + timedelta(days=21, hours=23),
        horizon=horizon,
    ).play()

    assert month.lowest >= 0
    assert month.spent <= budget
    needed = sum(captures(of_key, timedelta(minutes=10)) for of_key in moments.values())
    # Where all starts are listed from the beginning, one credit a capture is enough for all. A
    # sweep of a tick before may leave a start that follows soon to a second one.
    if horizon > timedelta(days=30) and budget >= 2 * needed:
        assert month.missed() == []


def test_closes_come_first_when_there_is_nothing_else_to_spend():
    starts = evenings(range(20, 30), (18, 20, 22))
    month = Month(starts, Terms(3, 2, BASE), 30, begin=FIRST + timedelta(days=20)).play()

    assert month.missed() == []
    assert month.spent == 30
    assert month.kinds[Kind.CLOSE] == 30
    assert {rung.name for rung in month.rungs} == {"closes only"}


def test_without_enough_for_all_closes_the_earliest_are_captured():
    begin = FIRST + timedelta(days=20)
    month = Month(evenings(range(20, 30), (18, 20, 22)), Terms(3, 2, BASE), 20, begin=begin).play()
    assert month.spent == 20
    assert len(month.missed()) == 10
    assert min(start for _, start in month.missed()) > FIRST + timedelta(days=26)


def test_the_free_plan_of_500_captures_every_close_and_has_sweeps_left():
    """One sport, four distinct starts a day, three markets in two regions wanted."""
    month = Month(
        evenings(range(30), (17, 19, 21, 23)),
        Terms(3, 2, BASE),
        500,
        horizon=timedelta(days=7),
    ).play()

    assert month.missed() == []
    assert month.spent <= 500
    assert month.kinds[Kind.CLOSE] == 120
    assert month.kinds[Kind.SCORES] >= 29
    assert month.kinds[Kind.SWEEP] >= 200


def test_a_large_plan_takes_everything_often():
    begin = FIRST + timedelta(days=20)
    starts = evenings(range(20, 30), (17, 19, 21, 23))
    month = Month(starts, Terms(3, 2, BASE), 7_000, begin=begin).play()
    assert {rung.name for rung in month.rungs} == {"everything"}
    assert month.missed() == []
    assert month.kinds[Kind.SWEEP] > 500


def test_sweeps_are_dense_near_a_start_and_sparse_far_from_it():
    start = FIRST + timedelta(days=10)
    month = Month({"nba": [start]}, Terms(1, 1, BASE), 10_000).play()

    def between(hours_before, hours_after):
        low, high = start - timedelta(hours=hours_before), start - timedelta(hours=hours_after)
        return sum(low <= at < high for at in month.swept["nba"])

    assert between(1, 0) == 12
    assert between(3, 1) == 8
    assert between(12, 3) == 9
    assert 8 <= between(48, 12) <= 9
    assert 15 <= between(240, 48) <= 17
    assert not [at for at in month.swept["nba"] if at >= start]


def test_the_ladder_is_gone_down_as_the_budget_shrinks():
    starts = evenings(range(30), (17, 19, 21, 23))
    league = [League("nba", tuple(starts["nba"]))]
    found = [
        plan(league, Terms(3, 2, BASE), now=FIRST, left=left).rung.name
        for left in (16_000, 5_100, 2_600, 1_400, 800, 500, 180, 0)
    ]
    assert found == [rung.name for rung in LADDER] + ["closes only"]


def test_free_endpoints_are_asked_whatever_is_left():
    leagues = [League("nba", ()), League("nfl", (), listed_at=FIRST - timedelta(minutes=9))]
    free = free_actions(leagues, now=FIRST, sports_at=None)
    assert [(each.kind, each.league) for each in free] == [(Kind.SPORTS, ""), (Kind.EVENTS, "nba")]
    assert {action.cost for action in free} == {0}
    assert plan(leagues, Terms(3, 2, BASE), now=FIRST, left=-772).actions == ()


def test_without_a_limit_every_league_is_swept_each_interval_and_before_each_start():
    near = FIRST + timedelta(minutes=8)
    leagues = [
        League("far", (FIRST + timedelta(days=9),), swept_at=FIRST - BASE, listed_at=FIRST),
        League("near", (near,), swept_at=FIRST - timedelta(minutes=4), listed_at=FIRST),
        League("done", (near,), swept_at=FIRST - timedelta(minutes=1), listed_at=FIRST),
    ]
    made = plan(leagues, Terms(3, 2, BASE), now=FIRST, left=None)
    assert [(action.kind, action.league) for action in made.actions] == [
        (Kind.CLOSE, "near"),
        (Kind.SWEEP, "far"),
    ]


def test_additional_markets_are_fetched_only_where_everything_can_be_paid():
    start = FIRST + timedelta(minutes=50)
    league = League("nba", (start,), FIRST, FIRST, coming=(Coming("e", start),))
    terms = Terms(3, 2, BASE, extra_market_count=2)
    rich = plan([league], terms, now=FIRST, left=9_000)
    assert [(a.kind, a.event, a.cost) for a in rich.actions] == [(Kind.EXTRAS, "e", 4)]
    poor = plan([league], terms, now=FIRST, left=100)
    assert poor.actions == ()


def test_results_wait_while_the_closes_need_the_rest():
    league = League(
        "nba", tuple(evenings(range(1, 4), (18,))["nba"]), FIRST, FIRST, waits_for_results=True
    )
    terms = Terms(1, 1, BASE)
    grown = plan([league], terms, now=FIRST, left=1)
    assert grown.actions == ()
    rich = plan([league], terms, now=FIRST, left=500)
    assert [(action.kind, action.cost) for action in rich.actions] == [(Kind.SCORES, SCORES_COST)]


def test_each_rung_costs_no_more_than_the_one_above():
    costs = [Terms(3, 2, BASE).cost(each) for each in LADDER]
    assert costs == sorted(costs, reverse=True)
