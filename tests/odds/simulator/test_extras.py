"""Additional markets on the event endpoint: there, and at one with the featured ones."""

import numpy as np
import pytest

from odds.simulator.clock import ManualClock
from odds.simulator.extras import PROPS, scores
from odds.simulator.schedule import epoch, number_of
from odds.simulator.server import serve
from odds.simulator.sports import SPORTS
from tests.odds.simulator.door import LEAGUE, NOON, Door


@pytest.mark.parametrize("sport", SPORTS, ids=lambda sport: sport.key)
def test_additional_markets_are_offered_and_charged_by_what_came_back(sport):
    clock = ManualClock(NOON)
    prop = PROPS[sport.key][0]
    asked = f"h2h,alternate_spreads,alternate_totals,team_totals,totals_h1,{prop},player_assists"
    with serve(LEAGUE, clock=clock, key="key") as server:
        door = Door(server, clock)
        event = next(e for e in door.get(f"/v4/sports/{sport.key}/odds", regions="eu").json[::-1]
                     if len(e["bookmakers"]) > 2)  # fmt: skip
        path = f"/v4/sports/{sport.key}/events/{event['id']}"
        reply = door.get(f"{path}/odds", regions="eu", markets=asked)
        listed = door.get(f"{path}/markets", regions="eu").json
    assert reply.cost == 6
    book = next(b for b in reply.json["bookmakers"] if b["key"] == "sim_sharp")
    by_key = {each["key"]: each for each in book["markets"]}
    assert list(by_key) == [key for key in asked.split(",") if key != "player_assists"]
    assert all(market["outcomes"] for market in by_key.values())
    assert {m["key"] for m in listed["bookmakers"][0]["markets"]} >= by_key.keys()
    described = [o["description"] for o in by_key["team_totals"]["outcomes"]]
    assert described == [event["home_team"]] * 2 + [event["away_team"]] * 2
    assert all("description" in o and "point" in o for o in by_key[prop]["outcomes"])
    # A longer way for the home side pays more.
    home = [o for o in by_key["alternate_spreads"]["outcomes"] if o["name"] == event["home_team"]]
    assert [o["price"] for o in home] == sorted((o["price"] for o in home), reverse=True)


@pytest.mark.parametrize("sport", SPORTS, ids=lambda sport: sport.key)
def test_scores_of_teams_add_up_to_the_featured_truth(sport):
    event = LEAGUE.events(sport.key, NOON)[-1]
    number = np.array([number_of(sport.own_seed(1), event.id)])
    known = scores(sport, 1, number, np.array([epoch(NOON)]))
    means = [float((each * np.arange(each.shape[1])).sum()) for each in
             (known.home, known.away, known.total)]  # fmt: skip
    assert means[0] + means[1] == pytest.approx(means[2], rel=0.002)
    line = round(means[2]) + 0.5
    over = known.total[0, int(line + 0.5) :].sum()
    truth = LEAGUE.true_probability(event.id, "totals", "over", line, at=NOON)[0]
    assert over == pytest.approx(truth, abs=1e-6)
