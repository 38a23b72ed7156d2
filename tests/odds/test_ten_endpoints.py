"""All ten endpoints over real HTTP: read, refused before they cost, charged as foreseen."""

from datetime import UTC, datetime, timedelta

import pytest
import stamina

from odds.domain.credits import Endpoint
from odds.feeds import the_odds_api as api
from odds.feeds.provider import FreePurse
from odds.simulator.clock import ManualClock
from odds.simulator.league import SPORT_KEY
from odds.simulator.protocol import Account
from odds.simulator.server import serve
from tests.odds.simulator.door import LEAGUE, NOON

HEX = "0f3c9b1e5a7d4c2b8e6f0a1b2c3d4e5f"


class Purse(FreePurse):
    """Writes down each call."""

    def __init__(self):
        self.calls = []

    def settle(self, held, call):
        self.calls.append(call)

    @property
    def last(self):
        call = self.calls[-1]
        return call.ask.endpoint, call.ask.planned, call.expected, call.credits.cost


@pytest.fixture(scope="module")
def server():
    accounts = [
        Account("key"),
        Account("free", has_history=False),
        Account("spent", credits=0),
    ]
    with serve(LEAGUE, clock=ManualClock(NOON), accounts=accounts) as running:
        yield running


@pytest.fixture
def purse():
    return Purse()


@pytest.fixture
def client(server, purse):
    with stamina.set_testing(True, attempts=3):
        made = api.Client(server.url, "key", purse=purse)
        yield made
        made.close()


@pytest.fixture
def event(client):
    """The first that has not started."""
    return next(e for e in client.events(SPORT_KEY).value if e.starts_at > NOON)


def test_sports_and_events_are_free(client, purse):
    assert SPORT_KEY in [sport["key"] for sport in client.sports(with_inactive=True).value]
    assert purse.last == (Endpoint.SPORTS, 0, 0, 0)
    events = client.events(SPORT_KEY).value
    assert purse.last == (Endpoint.EVENTS, 0, 0, 0)

    first = events[0]
    chosen = client.events(SPORT_KEY, event_ids=[first.key], starts_to=first.starts_at).value
    assert [event.key for event in chosen] == [first.key]


def test_odds_cost_markets_times_regions_or_groups_of_books(client, purse):
    sweep = client.odds(SPORT_KEY, regions=["us", "eu"], markets=["h2h", "totals"], now=NOON).value
    assert {event.competition_key for event in sweep.events} == {SPORT_KEY}
    assert sweep.markets_asked == {"h2h", "totals", "h2h_lay"}
    assert purse.last == (Endpoint.ODDS, 4, 4, 4)

    book = next(iter(sweep.bookmaker_titles))
    client.odds(SPORT_KEY, regions=["us", "eu"], bookmakers=[book], now=NOON)
    assert purse.last == (Endpoint.ODDS, 1, 1, 1)

    ended = NOON - timedelta(days=30)
    sweep = client.odds(SPORT_KEY, regions=["us"], starts_to=ended, now=NOON).value
    assert sweep.events == []
    assert purse.last == (Endpoint.ODDS, 1, 0, 0)


def test_scores_cost_one_or_two(client, purse):
    assert client.scores(SPORT_KEY, now=NOON).value == []
    assert purse.last == (Endpoint.SCORES, 1, 1, 1)
    assert client.scores(SPORT_KEY, days_from=3, now=NOON).value
    assert purse.last == (Endpoint.SCORES, 2, 2, 2)


def test_an_events_odds_cost_what_came_back(client, purse, event):
    sweep = client.event_odds(
        SPORT_KEY, event.key, regions=["us", "eu"], markets=["h2h", "btts"], now=NOON
    ).value
    assert [each.key for each in sweep.events] == [event.key]
    assert purse.last == (Endpoint.EVENT_ODDS, 4, 2, 2)


def test_an_events_markets_and_participants_cost_one(client, purse, event):
    markets = client.event_markets(SPORT_KEY, event.key, regions=["us"]).value
    assert all("h2h" in keys for keys in markets.values())
    assert purse.last == (Endpoint.EVENT_MARKETS, 1, 1, 1)

    assert event.home in client.participants(SPORT_KEY).value
    assert purse.last == (Endpoint.PARTICIPANTS, 1, 1, 1)


def test_the_past_costs_ten_times_and_names_its_neighbours(client, purse, event):
    at = NOON - timedelta(hours=2)
    found = client.past_odds(SPORT_KEY, at, regions=["us"], markets=["h2h", "spreads"]).value
    assert found.at <= at < found.next
    assert found.previous < found.at
    assert found.value.seen_at == found.at
    assert purse.last == (Endpoint.PAST_ODDS, 20, 20, 20)

    assert client.past_events(SPORT_KEY, at).value.at == found.at
    assert purse.last == (Endpoint.PAST_EVENTS, 1, 1, 1)

    client.past_event_odds(SPORT_KEY, event.key, at, regions=["us"], markets=["h2h", "btts"])
    assert purse.last == (Endpoint.PAST_EVENT_ODDS, 20, 10, 10)


@pytest.mark.parametrize(
    ("key", "code", "ask"),
    [
        ("key", "INVALID_SPORT", lambda c: c.events("../sports")),
        ("key", "INVALID_EVENT_ID", lambda c: c.event_markets("x", "1/odds", regions=["us"])),
        ("key", "INVALID_EVENT_IDS", lambda c: c.events("x", event_ids=["short"])),
        (
            "key",
            "INVALID_COMMENCE_TIME_RANGE",
            lambda c: c.events("x", starts_from=NOON, starts_to=NOON - timedelta(1)),
        ),
        ("key", "MISSING_REGION", lambda c: c.odds("x", now=NOON)),
        ("key", "INVALID_REGION", lambda c: c.odds("x", regions=["us&apiKey=2"], now=NOON)),
        ("key", "INVALID_BOOKMAKERS", lambda c: c.odds("x", bookmakers=["A b"], now=NOON)),
        ("key", "MISSING_MARKET", lambda c: c.odds("x", regions=["us"], markets=[], now=NOON)),
        (
            "key",
            "INVALID_MARKET",
            lambda c: c.odds("x", regions=["us"], markets=["h2h", "btts"], now=NOON),
        ),
        ("key", "INVALID_SCORES_DAYS_FROM", lambda c: c.scores("x", days_from=4, now=NOON)),
        (
            "key",
            "INVALID_HISTORICAL_TIMESTAMP",
            lambda c: c.past_events("x", datetime(2019, 1, 1, tzinfo=UTC)),
        ),
    ],
)
def test_what_the_provider_would_refuse_is_refused_for_nothing(client, purse, key, code, ask):
    with pytest.raises(api.InvalidRequest) as refused:
        ask(client)

    assert refused.value.code == code
    assert purse.calls == []


def test_refusals_of_the_provider_cost_nothing(server, purse):
    client = api.Client(server.url, "free", purse=purse)
    with pytest.raises(api.HistoricalUnavailable):
        client.past_events(SPORT_KEY, NOON)
    with pytest.raises(api.UnknownSport):
        client.odds("no_such_sport", regions=["us"], now=NOON)
    with pytest.raises(api.EventNotFound):
        client.event_markets(SPORT_KEY, HEX, regions=["us"])
    spent = api.Client(server.url, "spent", purse=purse)
    with pytest.raises(api.OutOfUsageCredits):
        spent.odds(SPORT_KEY, regions=["us"], now=NOON)

    assert [(call.error, call.expected, call.credits.cost) for call in purse.calls] == [
        ("HISTORICAL_UNAVAILABLE_ON_FREE_USAGE_PLAN", 0, 0),
        ("UNKNOWN_SPORT", 0, 0),
        ("EVENT_NOT_FOUND", 0, 0),
        ("OUT_OF_USAGE_CREDITS", 0, 0),
    ]
    assert purse.calls[-1].credits.remaining == 0
    client.close()
    spent.close()
