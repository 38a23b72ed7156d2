"""When the feed is out, prices go stale in sight: nothing stale is recommended, placed or live."""

from datetime import timedelta
from decimal import Decimal

import pytest
import stamina

from betting.models import Bet, Opportunity
from betting.services.opportunities import refresh_opportunities
from betting.services.placement import StakeRefused
from betting.services.prices import PriceNow, latest_price
from odds.domain.freshness import freshness
from odds.feeds import the_odds_api as api
from odds.models import Event, FeedRun, Quote
from odds.services import FetchFailed, fetch_odds
from tests import make
from tests.odds import payloads

SWEPT = make.NOON


def answer(minutes=0):
    """Return four books on one event, as they were then; one of them pays too much for home."""
    body = payloads.odds()[0]
    body["commence_time"] = (SWEPT + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = (SWEPT + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    body["bookmakers"] = [
        {
            "key": book,
            "title": book,
            "markets": [
                {
                    "key": "h2h",
                    "last_update": said,
                    "outcomes": [
                        {"name": "Boston Celtics", "price": home},
                        {"name": "Miami Heat", "price": away},
                    ],
                }
            ],
        }
        for book, home, away in [
            ("one", 1.91, 1.91),
            ("two", 1.91, 1.91),
            ("three", 1.91, 1.91),
            ("four", 2.2, 1.7),
        ]
    ]
    return [body]


@pytest.fixture
def client(provider):
    with stamina.set_testing(True, attempts=1):
        made = api.Client(provider.url, "a-key-nobody-uses")
        yield made
        made.close()


def fetch(client, minutes):
    now = SWEPT + timedelta(minutes=minutes)
    return fetch_odds(
        competition_key="basketball_nba", now=now, client=client, regions=["us"], markets=["h2h"]
    )


OUT = {
    "it is down": (b"", 503),
    "no credits": (payloads.refusal("OUT_OF_USAGE_CREDITS", "Usage quota"), 401),
    "an HTML page": (b"<html>busy</html>", 200),
    "all prices are text": (None, 200),
}


@pytest.mark.django_db
@pytest.mark.parametrize("how", OUT)
def test_nothing_stale_is_recommended_or_placed(alice, provider, client, how):
    provider.says(answer())
    fetch(client, 0)
    refresh_opportunities(now=SWEPT + timedelta(minutes=1))
    found = Opportunity.objects.get(status="open", passes=[])
    assert found.quote.price == Decimal("2.200")

    body, status = OUT[how]
    if body is None:
        body = answer()
        for book in body[0]["bookmakers"]:
            for outcome in book["markets"][0]["outcomes"]:
                outcome["price"] = str(outcome["price"])
    provider.says_now(body, status)
    for minutes in (5, 10, 15):
        with pytest.raises(FetchFailed):
            fetch(client, minutes)
        refresh_opportunities(now=SWEPT + timedelta(minutes=minutes))

    make.bankroll(alice)
    later = SWEPT + timedelta(minutes=16)
    refresh_opportunities(now=later)
    # Not withdrawn, not confirmed: as it was last seen, and shown as old.
    quote = Quote.objects.get(pk=found.quote_id)
    seen = latest_price(quote.selection_id, quote.bookmaker_id)
    assert seen == PriceNow(Decimal("2.200"), SWEPT)
    assert freshness(later - seen.confirmed_at) != "live"
    assert not Opportunity.objects.filter(status="open", passes=[]).exists()
    with pytest.raises(StakeRefused) as refused:
        make.place(alice, quote, now=later)
    assert "price_stale" in [breach.rule for breach in refused.value.breaches]
    assert not Bet.objects.exists()
    assert FeedRun.objects.filter(outcome="failed").exists()


@pytest.mark.django_db
def test_the_feed_comes_back_and_so_does_the_price(provider, client):
    provider.says(answer())
    fetch(client, 0)
    provider.says_now(b"", 503)
    with pytest.raises(FetchFailed):
        fetch(client, 20)
    refresh_opportunities(now=SWEPT + timedelta(minutes=20))
    assert not Opportunity.objects.filter(status="open", passes=[]).exists()

    provider.says_now(answer(24))
    fetch(client, 25)
    refresh_opportunities(now=SWEPT + timedelta(minutes=25))

    assert Event.objects.count() == 1
    assert Opportunity.objects.filter(status="open", passes=[]).count() == 1


@pytest.mark.django_db
def test_a_book_that_the_provider_lost_sight_of_is_stale_however_often_we_look(
    alice, provider, client
):
    provider.says(answer())
    for minutes in (0, 8, 16):
        fetch(client, minutes)
        refresh_opportunities(now=SWEPT + timedelta(minutes=minutes))

    assert not Opportunity.objects.filter(status="open", passes=[]).exists()
    found = Opportunity.objects.get(status="open", quote__price=Decimal("2.200"))
    assert found.passes == ["The bookmaker last told this price 16 min ago, over 15 min."]
    make.bankroll(alice)
    with pytest.raises(StakeRefused, match="the bookmaker's own time") as refused:
        make.place(alice, found.quote, now=SWEPT + timedelta(minutes=16))
    assert [breach.rule for breach in refused.value.breaches] == ["price_stale"]
