"""Schema drift: noticed per endpoint, kept in a small table, never a crash, never a wrong price."""

import copy
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import stamina

from odds.domain.credits import Endpoint
from odds.domain.market_keys import market_fault
from odds.feeds import the_odds_api as api
from odds.feeds.drift import look
from odds.feeds.parsed import BadPayload
from odds.feeds.the_odds_api_sweeps import sweep_of
from odds.models import Bookmaker, QuarantinedRow, SchemaDrift
from odds.services import fetch_odds
from tests.odds import payloads

NOW = datetime(2026, 1, 14, 22, 5, tzinfo=UTC)
NBA = "basketball_nba"


def outcome(answer, market=0, place=0):
    return answer[0]["bookmakers"][0]["markets"][market]["outcomes"][place]


def sweep(answer, markets=("h2h", "spreads")):
    return sweep_of(copy.deepcopy(answer), NBA, markets=markets, books=[], now=NOW)


def prices(answer):
    return sorted((q.market_key, q.side, q.point or 0, q.price) for q in sweep(answer).quotes)


def test_an_answer_as_the_guide_says_has_no_drift():
    answer = payloads.odds()
    del answer[0]["bookmakers"][0]["markets"][2]
    assert look(Endpoint.ODDS, answer).counts == {}
    assert look(Endpoint.SCORES, payloads.SCORES).counts == {}
    assert look(Endpoint.SPORTS, payloads.SPORTS).counts == {}
    assert look(Endpoint.EVENTS, [payloads.EVENT]).counts == {}


@pytest.mark.parametrize(
    ("spoil", "kind", "path"),
    [
        (lambda a: a[0].update(venue="x"), "unknown_key", "[].venue"),
        (lambda a: a[0].pop("commence_time"), "missing_key", "[].commence_time"),
        (lambda a: a[0].update(id=7), "changed_type", "[].id"),
        (lambda a: a[0]["bookmakers"][0].pop("title"), "missing_key", "bookmakers[].title"),
        (
            lambda a: outcome(a).update(price="2.75"),
            "changed_type",
            "bookmakers[].markets[].outcomes[].price",
        ),
        (lambda a: a.append("event"), "changed_type", "[]"),
        (
            lambda a: a[0]["bookmakers"][0]["markets"][0].update(key="corners"),
            "unknown_market",
            "corners",
        ),
    ],
)
def test_each_kind_of_drift_is_named_with_its_place(spoil, kind, path):
    answer = payloads.odds()
    spoil(answer)
    assert look(Endpoint.ODDS, answer).counts[kind, path] >= 1


def test_the_envelope_of_the_past_is_looked_at_too():
    answer = {"timestamp": "2026-01-10T11:55:38Z", "data": payloads.odds(), "cursor": 1}
    seen = look(Endpoint.PAST_ODDS, answer)
    assert seen.counts["unknown_key", "cursor"] == 1
    assert seen.bookmakers == {"draftkings"}


MUTATIONS = {
    "dropped": lambda holder, name: holder.pop(name),
    "null": lambda holder, name: holder.update({name: None}),
    "text": lambda holder, name: holder.update({name: str(holder[name])}),
    "number": lambda holder, name: holder.update({name: 7.5}),
    "flag": lambda holder, name: holder.update({name: True}),
    "list": lambda holder, name: holder.update({name: [holder[name]]}),
    "object": lambda holder, name: holder.update({name: {"value": holder[name]}}),
    "renamed": lambda holder, name: holder.update({f"{name}_v2": holder.pop(name)}),
}


SECOND = {"id": "a" * 32, "home_team": "Utah Jazz", "away_team": "LA Clippers"}
BASE = [*payloads.odds(), {**payloads.odds()[0], **SECOND}]
BASE[1]["bookmakers"] = copy.deepcopy(BASE[1]["bookmakers"])
for _market in BASE[1]["bookmakers"][0]["markets"][:2]:
    for _outcome, _name in zip(_market["outcomes"], ("Utah Jazz", "LA Clippers"), strict=True):
        _outcome["name"] = _name
TRUTH = {(q.event_key, q.market_key, q.side, q.point): q.price for q in sweep(BASE).quotes}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_no_changed_leaf_ever_gives_a_wrong_price(mutation):
    """Every field of an answer, changed in each way: equal, put aside by name, or refused."""
    silent = []
    for path in [each for each in payloads.leaves(BASE) if isinstance(each[-1], str)]:
        answer = copy.deepcopy(BASE)
        holder = answer
        for step in path[:-1]:
            holder = holder[step]
        MUTATIONS[mutation](holder, path[-1])
        answer = json.loads(json.dumps(answer))
        noticed = look(Endpoint.ODDS, answer).counts
        try:
            found = sweep(answer)
        except BadPayload:
            continue
        got = {(q.event_key, q.market_key, q.side, q.point): q.price for q in found.quotes}
        # Ids, keys, names and points say what is priced: changed, the price is of something else.
        wrong = {key: price for key, price in got.items() if TRUTH.get(key, price) != price}
        if mutation == "number" and path[-1] == "price":
            wrong.clear()
        assert not wrong, path
        if TRUTH.keys() - got.keys() and not found.rejected and not noticed:
            silent.append(path)
    # A number for a number is a change of value, not of shape.
    allowed = {"price", "point"} if mutation == "number" else set()
    assert [path for path in silent if path[-1] not in allowed] == []


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("alternate_spreads", None),
        ("alternate_totals_q1", None),
        ("h2h_h1", None),
        ("h2h_3_way", None),
        ("h2h_s1", None),
        ("draw_no_bet", None),
        ("totals_1st_5_innings", None),
        ("btts", "its outcomes are Yes and No"),
        ("double_chance", "its outcomes are two results at once"),
        ("team_totals", "its totals are of one team"),
        ("alternate_team_totals_h1", "its totals are of one team"),
        ("player_points_alternate", "its outcomes are of players"),
        ("batter_home_runs", "its outcomes are of players"),
        ("outrights", "it has no home and away"),
        ("h2h_q5", "unknown market"),
        ("corners_1x2", "unknown market"),
    ],
)
def test_each_market_is_kept_or_refused_by_a_reason(key, why):
    assert market_fault(key) == why


@pytest.fixture
def client(provider):
    with stamina.set_testing(True, attempts=1):
        made = api.Client(provider.url, "a-key-nobody-uses")
        yield made
        made.close()


@pytest.mark.django_db
def test_drift_is_counted_with_first_and_last_time_and_an_example(provider, client):
    Bookmaker.objects.create(key="someone", title="Someone")
    answer = payloads.odds()
    answer[0]["venue"] = "Boston"
    answer[0]["bookmakers"][0]["markets"].append(
        {"key": "corners", "outcomes": [{"name": "Over", "price": 1.9, "point": 9.5}] * 2}
    )
    provider.says(answer)
    later = NOW + timedelta(hours=1)
    fetch_odds(competition_key=NBA, now=NOW, client=client)
    fetch_odds(competition_key=NBA, now=later, client=client)

    found = {(row.kind, row.path): row for row in SchemaDrift.objects.all()}

    assert {key: row.count for key, row in found.items()} == {
        ("unknown_key", "[].venue"): 2,
        ("unknown_market", "corners"): 4,
        ("unkept_market", "player_points"): 2,
        # Once: the first answer made it known.
        ("unknown_book", "draftkings"): 1,
    }
    venue = found["unknown_key", "[].venue"]
    assert (venue.first_seen_at, venue.last_seen_at, venue.example) == (NOW, later, "'Boston'")
    assert venue.endpoint == "odds"
    assert set(QuarantinedRow.objects.values_list("field", "reason")) == {
        ("market", "corners: unknown market"),
        ("market", "player_points: its outcomes are of players"),
    }


@pytest.mark.django_db
def test_drift_that_spoils_the_answer_is_noted_all_the_same(provider, client):
    provider.says([{**payloads.EVENT, "bookmakers": {}}])
    with pytest.raises(Exception, match="bookmakers"):
        fetch_odds(competition_key=NBA, now=NOW, client=client)
    assert SchemaDrift.objects.get().path == "[].bookmakers"


@pytest.mark.django_db
def test_additional_markets_are_kept_with_their_lines(provider, client):
    answer = payloads.odds()[0]
    answer["bookmakers"][0]["markets"] = [
        {
            "key": "alternate_totals",
            "last_update": "2026-01-14T22:01:11Z",
            "outcomes": [
                {"name": side, "price": price, "point": point}
                for point in (219.5, 220.5)
                for side, price in (("Over", 1.8), ("Under", 2.0))
            ],
        }
    ]
    provider.says(answer)
    found = client.event_odds(
        NBA, payloads.EVENT["id"], regions=["us"], markets=["alternate_totals", "btts"], now=NOW
    ).value
    assert [(q.side, q.point, q.price) for q in found.quotes] == [
        ("over", Decimal("219.5"), Decimal("1.8")),
        ("under", Decimal("219.5"), Decimal("2.0")),
        ("over", Decimal("220.5"), Decimal("1.8")),
        ("under", Decimal("220.5"), Decimal("2.0")),
    ]
    assert found.markets_asked == {"alternate_totals"}
