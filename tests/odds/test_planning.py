"""The plan at work against the simulated provider: days of its clock in a few calls."""

from collections import Counter
from datetime import timedelta

import pytest
import stamina

from odds import tasks
from odds.feeds import the_odds_api as api
from odds.models import CreditEntry, Event, FeedRun, ProviderSport, Quote
from odds.services import FetchFailed, Wishes, fetch_odds, fetch_what_is_due, sync_sports
from odds.services.credit_ledger import account_of
from odds.simulator.clock import ManualClock
from odds.simulator.league import SPORT_KEY
from odds.simulator.protocol import Account
from odds.simulator.proving import FewEvents
from odds.simulator.server import serve
from tests.odds import payloads
from tests.odds.provider import Provider
from tests.odds.simulator.door import NOON

WISHES = Wishes((SPORT_KEY,), ("h2h", "spreads"), ("us", "eu"))


@pytest.fixture
def plan():
    return Account("key", credits=500)


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def client(plan, clock):
    with (
        serve(FewEvents(1), clock=clock, accounts=[plan]) as server,
        stamina.set_testing(True, attempts=1),
    ):
        made = api.Client(server.url, "key")
        yield made
        made.close()


def play(client, clock, wishes, *moments):
    """Ask the plan at moments given as minutes after noon; events start at 14, 16 and 18 h."""
    done = []
    for minutes in moments:
        clock.move_to(NOON + timedelta(minutes=minutes))
        done.append(fetch_what_is_due(now=clock.now(), client=client, wishes=wishes))
    return done


# Before each start twice: at 13:51 and 13:55, and so on.
BEFORE_STARTS = (0, 108, 112, 228, 232, 348, 352)


def calls():
    return Counter(CreditEntry.objects.values_list("endpoint", flat=True))


@pytest.mark.django_db
def test_free_calls_find_the_events_before_anything_is_paid(client, clock):
    wishes = Wishes((SPORT_KEY,), ("h2h",), ("us",), budget=0)
    done = fetch_what_is_due(now=NOON, client=client, wishes=wishes)

    assert calls() == {"sports": 1, "events": 1}
    assert ProviderSport.objects.get(key=SPORT_KEY).is_active
    assert Event.objects.exists()
    assert not Quote.objects.exists()
    assert (done["rung"], done["credits_left"]) == ("closes only", 0)


@pytest.mark.django_db
def test_a_budget_of_a_few_credits_goes_to_the_closes_and_is_kept_to(client, clock, plan):
    wishes = Wishes((SPORT_KEY,), ("h2h", "spreads"), ("us", "eu"), budget=2)
    play(client, clock, wishes, *BEFORE_STARTS)

    assert plan.used == 2
    assert account_of("the_odds_api", now=clock.now(), budget=2).difference == 0
    spent = CreditEntry.objects.filter(planned__gt=0)
    starts = set(Event.objects.values_list("starts_at", flat=True))
    assert len(starts) == 3
    for entry in spent:
        assert any(
            timedelta(0) < start - entry.asked_at <= timedelta(minutes=10) for start in starts
        )


@pytest.mark.django_db
def test_bookmakers_of_regions_that_are_left_out_are_not_called_withdrawn(client, clock):
    """The rung that leaves a region out sees nothing of its bookmakers: they grow old in sight."""
    fetch_odds(competition_key=SPORT_KEY, now=NOON, client=client, markets=("h2h",))
    assert Quote.objects.filter(bookmaker__key="sim_sharp", price__isnull=False).exists()

    wishes = Wishes((SPORT_KEY,), ("h2h", "spreads"), ("us", "eu"), budget=5)
    (done,) = play(client, clock, wishes, BEFORE_STARTS[1])

    assert done["rung"] == "closes only"
    asked = CreditEntry.objects.filter(endpoint="odds").order_by("-pk")[0]
    assert asked.planned == 1
    looked = dict(Quote.objects.with_looks().values_list("bookmaker__key", "confirmed_at"))
    assert not Quote.objects.filter(bookmaker__key="sim_sharp", price=None).exists()
    assert looked["sim_sharp"] <= NOON < looked["sim_harbor"]


@pytest.mark.django_db
def test_without_a_setting_what_the_provider_says_is_left_is_the_budget(client, clock, plan):
    plan.used, plan.month = 498, (2026, 1)
    done = play(client, clock, WISHES, *BEFORE_STARTS)
    assert plan.used == 500
    assert done[0]["credits_left"] == 2


@pytest.mark.django_db
def test_a_simulated_world_is_swept_each_interval(client, clock, plan):
    wishes = Wishes((SPORT_KEY,), ("h2h", "spreads"), ("us", "eu"), is_simulated=True)
    play(client, clock, wishes, 0, 15, 30)
    assert calls()["odds"] == 3
    assert calls()["events"] == 2
    assert calls()["sports"] == 1


@pytest.mark.django_db
def test_out_of_season_nothing_is_asked_but_the_list_of_sports(client, clock):
    ProviderSport.objects.create(
        provider="the_odds_api", key="ice_x", title="X", is_active=False, seen_at=NOON
    )
    wishes = Wishes(("ice_x",), ("h2h",), ("us",))
    FeedRun.objects.create(
        provider="the_odds_api", kind="sports", subject="all", started_at=NOON,
        finished_at=NOON, outcome="succeeded",
    )  # fmt: skip
    fetch_what_is_due(now=NOON, client=client, wishes=wishes)
    assert calls() == {}


@pytest.mark.django_db
def test_a_list_without_any_sport_puts_none_out_of_season(provider):
    provider.says(payloads.SPORTS)
    provider.says([])
    with api.Client(provider.url, "key") as client:
        sync_sports(now=NOON, client=client)
        with pytest.raises(FetchFailed, match="no sport at all"):
            sync_sports(now=NOON + timedelta(hours=6), client=client)
    assert ProviderSport.objects.get().is_active


@pytest.mark.django_db
def test_an_unknown_sport_makes_us_look_what_is_offered():
    provider = Provider()
    provider.says(payloads.SPORTS)
    provider.says(payloads.refusal("UNKNOWN_SPORT", "Unknown sport"), 404)
    provider.says(payloads.SPORTS)
    client = api.Client(provider.url, "key")
    try:
        with pytest.raises(FetchFailed, match="UNKNOWN_SPORT"):
            fetch_what_is_due(now=NOON, client=client, wishes=Wishes(("x",), ("h2h",), ("us",)))
    finally:
        client.close()
        provider.stop()
    assert [path for path, _ in provider.asked][:3] == [
        "/v4/sports", "/v4/sports/x/events", "/v4/sports",
    ]  # fmt: skip
    assert not ProviderSport.objects.filter(key="x").exists()


@pytest.mark.django_db
def test_additional_markets_are_fetched_in_the_last_hour(client, clock, plan):
    plan.credits = 5_000_000
    wishes = Wishes(
        (SPORT_KEY,), ("h2h",), ("us",), event_markets=("alternate_totals", "btts"),
        is_simulated=True, base=timedelta(days=1),
    )  # fmt: skip
    play(client, clock, wishes, 0, 72)
    entries = CreditEntry.objects.filter(endpoint="event_odds")
    assert entries.exists()
    assert set(FeedRun.objects.filter(kind="event").values_list("outcome", flat=True)) == {
        "succeeded"
    }


def test_the_settings_become_wishes(settings):
    settings.THE_ODDS_API_MONTHLY_CREDITS = 500
    settings.THE_ODDS_API_BOOKMAKERS = ["pinnacle"]
    settings.CLOCK = None
    wishes = tasks.wishes()
    assert (wishes.budget, wishes.bookmakers, wishes.is_simulated) == (500, ("pinnacle",), False)
    assert wishes.terms.region_count == 1
    assert wishes.terms.lead == timedelta(minutes=10)
