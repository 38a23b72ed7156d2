"""Credits: foreseen, never over the budget, held against the headers, month by month."""

import threading
from datetime import UTC, datetime, timedelta

import pgtrigger
import pytest
import stamina
from django.db import ProgrammingError, connection, transaction

from odds.domain.credits import Account, Endpoint, charge_of, cost_of, month_of, regions_charged
from odds.feeds import the_odds_api as api
from odds.feeds.provider import Ask, BudgetSpent, Call, Credits
from odds.models import CreditEntry, CreditHold
from odds.services import credit_ledger, fetch_odds
from odds.services.credit_ledger import Ledger, account_of
from odds.simulator.clock import ManualClock
from odds.simulator.league import SPORT_KEY
from odds.simulator.protocol import Account as Plan
from odds.simulator.proving import FewEvents
from odds.simulator.server import serve
from tests.odds.simulator.door import NOON

THREE = ("h2h", "spreads", "totals")


@pytest.mark.parametrize(
    ("endpoint", "given", "cost"),
    [
        (Endpoint.SPORTS, {}, 0),
        (Endpoint.EVENTS, {}, 0),
        (Endpoint.ODDS, {"markets": THREE, "regions": ["us", "eu"]}, 6),
        (Endpoint.ODDS, {"markets": ["h2h", "h2h"], "regions": ["us", "us"]}, 1),
        (Endpoint.ODDS, {"markets": THREE, "regions": ["us"] * 3, "bookmakers": ["a"]}, 3),
        (Endpoint.SCORES, {}, 1),
        (Endpoint.SCORES, {"has_days_from": True}, 2),
        (Endpoint.EVENT_ODDS, {"markets": ["btts", "totals"], "regions": ["uk"]}, 2),
        (Endpoint.EVENT_MARKETS, {"regions": ["uk", "us"]}, 1),
        (Endpoint.PARTICIPANTS, {}, 1),
        (Endpoint.PAST_ODDS, {"markets": THREE, "regions": ["us"]}, 30),
        (Endpoint.PAST_EVENTS, {}, 1),
        (Endpoint.PAST_EVENT_ODDS, {"markets": ["btts"], "regions": ["us", "eu"]}, 20),
    ],
)
def test_the_cost_of_each_endpoint(endpoint, given, cost):
    assert cost_of(endpoint, **given) == cost


@pytest.mark.parametrize(("books", "regions"), [(1, 1), (10, 1), (11, 2), (20, 2), (21, 3)])
def test_each_started_ten_bookmakers_count_as_a_region(books, regions):
    assert regions_charged(["us"], [f"b{number}" for number in range(books)]) == regions


@pytest.mark.parametrize("status", [401, 404, 422, 429])
def test_a_refusal_costs_nothing(status):
    assert charge_of(Endpoint.ODDS, status=status, is_empty=True, planned=6, region_count=2) == 0


def test_what_a_failure_costs_is_not_known():
    assert charge_of(Endpoint.ODDS, status=500, is_empty=True, planned=6, region_count=2) is None


def test_nothing_said_is_unknown_and_what_others_spent_counts():
    assert Account(None, 10).left is None
    assert Account(None, 10).difference is None
    silent = Account(500, 100)
    assert silent.left == 400
    shared = Account(500, 100, used=150, remaining=350, spent_when_said=100)
    assert (shared.difference, shared.left) == (50, 350)
    overrun = Account(500, 100, used=1272, remaining=-772, spent_when_said=100)
    assert overrun.left == -772


def test_months_end_at_utc_midnight():
    first, following = month_of(datetime(2026, 3, 1, 0, 30, tzinfo=UTC))
    assert (first.month, following.month) == (3, 4)


def spend(ledger, planned, charged=None, expected=None, **told):
    ask = Ask(Endpoint.ODDS, "x", planned)
    held = ledger.reserve(ask)
    ledger.settle(held, Call(ask, 200, "", expected, Credits(cost=charged, **told)))


@pytest.mark.django_db
def test_a_call_counts_as_charged_else_as_the_rules_say_else_as_planned():
    ledger = Ledger(provider="p", now=NOON, budget=100)
    spend(ledger, 6, charged=0)
    spend(ledger, 6, charged=3, used=3, remaining=97)
    spend(ledger, 6, expected=4)
    spend(ledger, 6)

    account = account_of("p", now=NOON, budget=100)

    assert (account.spent, account.used, account.remaining) == (13, 3, 97)
    assert (account.difference, account.left) == (0, 87)
    assert not CreditHold.objects.exists()


@pytest.mark.django_db
def test_the_budget_is_never_overspent_and_starts_anew_on_the_first():
    ledger = Ledger(provider="p", now=NOON, budget=10)
    spend(ledger, 6, charged=6)
    with pytest.raises(BudgetSpent, match="may cost 6, 4 credits left"):
        ledger.reserve(Ask(Endpoint.ODDS, "x", 6))
    assert ledger.reserve(Ask(Endpoint.EVENTS, "x", 0)) is None

    renewed = Ledger(provider="p", now=datetime(2026, 2, 1, tzinfo=UTC), budget=10)
    spend(renewed, 6, charged=6)


@pytest.mark.django_db
def test_what_the_provider_says_is_left_binds_without_a_budget_too():
    ledger = Ledger(provider="p", now=NOON)
    spend(ledger, 3, charged=3, used=495, remaining=5)
    with pytest.raises(BudgetSpent):
        ledger.reserve(Ask(Endpoint.ODDS, "x", 6))


@pytest.mark.django_db
def test_a_hold_of_a_process_that_died_counts_as_spent_in_the_end():
    Ledger(provider="p", now=NOON, budget=10).reserve(Ask(Endpoint.ODDS, "x", 6))
    with pytest.raises(BudgetSpent):
        Ledger(provider="p", now=NOON, budget=10).reserve(Ask(Endpoint.ODDS, "x", 6))

    later = NOON + timedelta(days=2)
    Ledger(provider="p", now=later, budget=10).reserve(Ask(Endpoint.ODDS, "x", 3))

    (lost,) = CreditEntry.objects.all()
    assert (lost.error, lost.planned, lost.asked_at) == ("LOST", 6, NOON)
    assert account_of("p", now=later, budget=10).left == 1


@pytest.mark.django_db
def test_the_ledger_is_append_only():
    spend(Ledger(provider="p", now=NOON), 6, charged=6)
    for change in (
        lambda: CreditEntry.objects.update(charged=0),
        lambda: CreditEntry.objects.all().delete(),
    ):
        with pytest.raises(ProgrammingError), transaction.atomic():
            change()


@pytest.mark.django_db
def test_calls_nobody_answered_count_until_the_headers_tell_otherwise():
    """A provider that is down must not use up the month."""
    ledger = Ledger(provider="p", now=NOON, budget=100)
    for _ in range(10):
        ask = Ask(Endpoint.ODDS, "x", 6)
        ledger.settle(ledger.reserve(ask), Call(ask, None, "NO_ANSWER"))
    assert account_of("p", now=NOON, budget=100).left == 40

    spend(ledger, 6, charged=6, used=6, remaining=494)
    assert account_of("p", now=NOON, budget=100).left == 94


@pytest.fixture
def plan():
    return Plan("key", credits=50)


@pytest.fixture
def provider(plan):
    with serve(FewEvents(1), clock=ManualClock(NOON), accounts=[plan]) as running:
        yield running


def race(provider, *, threads, budget):
    """Fetch at once from many threads until the budget refuses them all."""
    refused = []

    def work():
        client = api.Client(provider.url, "key")
        for _ in range(12):
            ledger = Ledger(provider="the_odds_api", now=NOON, budget=budget)
            try:
                client.charged_to(ledger).odds(
                    SPORT_KEY, regions=["us", "eu"], markets=["h2h"], now=NOON
                )
            except (api.BudgetSpent, api.OutOfUsageCredits) as error:
                refused.append(error)
                break
        client.close()
        connection.close()

    # The pool has eight, all of them for the threads.
    connection.close()
    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return refused


@pytest.mark.django_db(transaction=True)
def test_eight_threads_together_keep_to_the_budget(provider, plan):
    with stamina.set_testing(True, attempts=1):
        refused = race(provider, threads=8, budget=31)

    assert plan.used == 30
    assert len(refused) == 8
    assert {type(error) for error in refused} == {api.BudgetSpent}
    assert account_of("the_odds_api", now=NOON, budget=31).difference == 0


@pytest.mark.django_db
def test_what_was_asked_at_once_is_written_in_any_order():
    ledger = Ledger(provider="the_odds_api", now=NOON)
    for used in (4, 2, 6, 30, 28):
        told = Credits(used=used, remaining=50 - used, cost=6)
        ledger.settle(None, Call(Ask(Endpoint.ODDS, planned=6), status=200, credits=told))

    found = account_of("the_odds_api", now=NOON, budget=None)
    assert (found.used, found.remaining, found.difference, found.left) == (30, 20, 0, 20)


@pytest.mark.django_db
def test_a_month_of_the_provider_that_begins_anew_is_believed_a_minute_later():
    for minutes, used in ((0, 30), (2, 6)):
        ledger = Ledger(provider="the_odds_api", now=NOON + timedelta(minutes=minutes))
        told = Credits(used=used, remaining=50 - used, cost=6)
        ledger.settle(None, Call(Ask(Endpoint.ODDS, planned=6), status=200, credits=told))

    found = account_of("the_odds_api", now=NOON + timedelta(minutes=3), budget=None)
    assert (found.used, found.remaining, found.left) == (6, 44, 44)


@pytest.mark.django_db(transaction=True)
def test_without_the_hold_the_race_is_real(provider, plan, monkeypatch):
    """If this fails, the test above proves nothing."""
    meet = threading.Barrier(8, timeout=60)

    def reserve(self, ask):
        left = account_of("the_odds_api", now=NOON, budget=10).left
        if ask.planned > left:
            raise BudgetSpent("BUDGET_SPENT", "")
        with_others = meet.wait
        with_others()
        return

    monkeypatch.setattr(credit_ledger.Ledger, "reserve", reserve)
    connection.close()
    with stamina.set_testing(True, attempts=1):
        threads = [threading.Thread(target=race_once, args=(provider,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert plan.used == 16


def race_once(provider):
    client = api.Client(provider.url, "key")
    ledger = Ledger(provider="the_odds_api", now=NOON, budget=10)
    client.charged_to(ledger).odds(SPORT_KEY, regions=["us", "eu"], markets=["h2h"], now=NOON)
    client.close()
    connection.close()


@pytest.mark.django_db
def test_a_fetch_leaves_one_row_a_call_that_agrees_with_the_headers(provider, plan):
    client = api.Client(provider.url, "key")
    fetch_odds(competition_key=SPORT_KEY, now=NOON, client=client, budget=100)
    client.close()

    (entry,) = CreditEntry.objects.all()
    assert (entry.endpoint, entry.subject, entry.job) == ("odds", SPORT_KEY, "odds")
    assert (entry.planned, entry.expected, entry.charged, entry.used) == (6, 6, 6, plan.used)
    assert entry.feed_run.credits_cost == 6


def test_the_trigger_is_there():
    names = [trigger.name for _, trigger in pgtrigger.registered()]
    assert "credit_entries_are_append_only" in names
