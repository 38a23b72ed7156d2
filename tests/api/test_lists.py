"""What lists show, to whom, and what they cost."""

from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from betting.models import Opportunity, Strategy
from betting.services.settlement import settle_bet
from models_registry.models import (
    Attack,
    DriftReport,
    ModelVersion,
    Opening,
    Pause,
    Prediction,
    Predictor,
    Promotion,
    Refusal,
    Search,
    Trial,
)
from odds.models import Competition, Event
from risk.services import halt_everything
from tests import make
from tests.make import BEFORE, EVENING, NIGHT, NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOON, tick=False):
        yield


def opportunity(quote, *, edge=0.05, passes=(), strategy="plain"):
    strategy, _ = Strategy.objects.get_or_create(
        key=strategy, defaults={"title": strategy, "configuration": {}}
    )
    return Opportunity.objects.create(
        strategy=strategy,
        quote=quote,
        as_of=NOON,
        price=quote.price,
        price_seen_at=NOON,
        fair_probability=0.525,
        market_probability=0.51,
        edge=edge,
        edge_low=edge - 0.02,
        stake_share=0.0125,
        reasons=["The price pays more than it should."],
        passes=list(passes),
    )


def version(number=1):
    predictor, _ = Predictor.objects.get_or_create(
        key="basketball_test-h2h", defaults={"competition": Competition.objects.get()}
    )
    return ModelVersion.objects.create(
        predictor=predictor,
        number=number,
        algorithm="xgboost",
        created_at=BEFORE + timedelta(minutes=number),
        trained_from=BEFORE.date(),
        trained_until=BEFORE,
        game_count=100,
        data_hash="d" * 64,
        signature=[["elo", "float"]],
        parameters={"depth": 3},
        metrics={"model": {"log_loss": 0.61}},
        artifact="a",
        checksum="c" * 64,
        code_version="1",
    )


def prediction(quote, by, *, hours=0):
    return Prediction.objects.create(
        event=quote.selection.market.event,
        version=by,
        as_of=NOON - timedelta(hours=hours),
        made_at=NOON,
        home_probability=0.55,
        features={"elo": 1.0},
    )


def watched(quote, by, number):
    """A refusal, a report of drift and a pause."""
    event = quote.selection.market.event
    Refusal.objects.create(
        event=event, version=by, as_of=NOON, made_at=NOON, cause="expired", detail="too old"
    )
    DriftReport.objects.create(
        predictor=by.predictor, version=by, day=NOON.date() - timedelta(days=number), made_at=NOON,
        level="fine", readings=[], plots={},
    )  # fmt: skip
    Pause.objects.create(version=by, kind="paused", at=NOON, reason="drifted")


def proofs(of, number):
    """Make an attack on a version, an opening by it and a search of its predictor."""
    Attack.objects.create(version=of, asked_at=NOON, status="passed")
    same = {"predictor": of.predictor, "recipe": "xgboost", "code_version": "1", "data_hash": "d"}
    Opening.objects.create(
        **same, season="2020-21", version=of, parameters={}, fingerprint=f"{number}", at=NOON,
        events=1, figures={}, number=number, trials=0,
    )  # fmt: skip
    search = Search.objects.create(
        **same, asked_at=NOON, until=NOON, trials_wanted=1, workers=1, folds=[], held_out=[],
        status="done",
    )  # fmt: skip
    Trial.objects.create(
        search=search, number=1, parameters={}, asked_at=NOON, status="complete", log_loss=0.6
    )


def one_of_each(alice, *, count, start=1):
    """Make so many rows of everything a list shows."""
    for number in range(start, start + count):
        quote = make.priced(game=number)
        opportunity(quote)
        by = version(number)
        prediction(quote, by)
        watched(quote, by, number)
        make.place(alice, quote, "1.00")


LISTS = [
    "events",
    "odds",
    "opportunities",
    "ev/hits",
    "predictions",
    "models",
    "refusals",
    "drift",
    "pauses",
    "bets",
    "bankroll",
    "risk/assessments",
]


def test_ten_rows_cost_as_many_queries_as_one(reader, alice):
    def costs(rows: int) -> dict[str, int]:
        found = {}
        for path in LISTS:
            with CaptureQueriesContext(connection) as queries:
                assert len(reader.get(path).json()["results"]) == rows, path
            found[path] = len(queries)
        return found

    make.bankroll(alice)
    one_of_each(alice, count=1)
    # The first look fills what is kept.
    costs(1)
    one = costs(1)
    one_of_each(alice, count=9, start=2)
    for number in range(9):
        make.bankroll(alice, name=f"Other {number}")

    assert costs(10) == one


def pages(reader, path, **filters):
    """Follow `next` to the end; return the ids of each page."""
    page = reader.get(path, **filters).json()
    found = [[row["id"] for row in page["results"]]]
    while page["next"]:
        query = dict(parse_qsl(urlsplit(page["next"]).query))
        page = reader.get(path, **query).json()
        found.append([row["id"] for row in page["results"]])
    return found


def test_pages_are_cut_in_order_and_keep_their_filters(reader):
    for number in range(1, 6):
        make.priced(game=number)
    make.finish(make.priced(game=6).selection.market.event, 1, 2)
    ids = list(
        Event.objects.filter(status="scheduled")
        .order_by("starts_at", "pk")
        .values_list("pk", flat=True)
    )

    assert pages(reader, "events", status="scheduled", page_size=2) == [ids[:2], ids[2:4], ids[4:]]


def test_a_row_that_comes_or_goes_between_pages_moves_no_other(reader, alice):
    """What a page number would get wrong: rows shown twice, or never."""
    make.bankroll(alice)
    bets = [make.place(alice, make.priced(game=game), "1.00").pk for game in range(1, 5)]
    first = reader.get("bets", page_size=2).json()
    make.place(alice, make.priced(game=9), "1.00", now=NOON + timedelta(minutes=1))

    query = dict(parse_qsl(urlsplit(first["next"]).query))
    second = reader.get("bets", **query).json()

    assert [row["id"] for row in first["results"] + second["results"]] == bets[::-1]


def test_rows_alike_in_all_but_their_number_are_each_shown_once(reader):
    """Quotes sort by six columns, of which the point is often empty."""
    made = {
        make.priced(side=side, book=book).pk for side in ("home", "away") for book in ("b", "a")
    }
    made |= {
        make.priced(market="totals", side="over", point=point, book="a").pk
        for point in ("210.5", "211.5")
    }

    found = pages(reader, "odds", page_size=1)

    assert len(found) == 6
    assert {pk for page in found for pk in page} == made


@pytest.mark.parametrize(
    "cursor", ["x", "W10=", "WzEsMl0=", "WyJub3ciLCAxXQ==", "eyJhIjogMX0=", "\u0663", "bm9uZQ=="]
)
def test_a_cursor_that_no_page_gave_is_refused(reader, cursor):
    answer = reader.get("bets", cursor=cursor)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "cursor"


def test_an_event_says_who_when_and_what_became_of_it(reader):
    event = make.finish(make.priced().selection.market.event, 101, 99)

    row = reader.get(f"events/{event.pk}").json()

    assert row == {
        "id": event.pk,
        "competition": "basketball_test",
        "is_simulated": False,
        "season": "2025-26",
        "stage": "regular",
        "day": "2026-01-15",
        "starts_at": "2026-01-15T19:00:00Z",
        "start_is_exact": True,
        "home": "Home 1",
        "away": "Away 1",
        "neutral_site": False,
        "status": "finished",
        "home_score": 101,
        "away_score": 99,
        "overtimes": 0,
        "markets": [
            {
                "key": "h2h",
                "selections": [
                    {
                        "id": event.markets.get().selections.get().pk,
                        "side": "home",
                        "point": None,
                    }
                ],
            }
        ],
    }


def test_times_are_utc_whatever_zone_the_person_likes(reader, alice):
    alice.time_zone = "America/New_York"
    alice.save()
    make.priced()

    assert reader.get("events").json()["results"][0]["starts_at"] == "2026-01-15T19:00:00Z"


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, {"Home 1", "Home 2"}),
        ({"team": "home 1"}, {"Home 1"}),
        ({"team": "AWAY 2"}, {"Home 2"}),
        ({"status": "finished"}, {"Home 2"}),
        ({"competition": "basketball_test"}, {"Home 1", "Home 2"}),
        ({"competition": "no_such"}, set()),
        ({"starts_after": EVENING.isoformat()}, {"Home 1", "Home 2"}),
        ({"starts_before": EVENING.isoformat()}, set()),
        ({"starts_after": "2026-01-15T20:00:01+01:00"}, set()),
    ],
)
def test_events_are_filtered(reader, filters, found):
    make.priced(game=1)
    make.finish(make.priced(game=2).selection.market.event, 1, 2)

    assert {row["home"] for row in reader.get("events", **filters).json()["results"]} == found


def test_a_quote_says_price_book_and_times(reader):
    quote = make.priced("2.105", side="over", point="210.5", market="totals")

    assert reader.get("odds").json()["results"] == [
        {
            "id": quote.pk,
            "event": quote.selection.market.event_id,
            "competition": "basketball_test",
            "home": "Home 1",
            "away": "Away 1",
            "starts_at": "2026-01-15T19:00:00Z",
            "market": "totals",
            "selection": quote.selection_id,
            "side": "over",
            "point": "210.50",
            "bookmaker": "paperbook",
            "price": "2.105",
            "last_update": "2026-01-15T12:00:00Z",
            "seen_at": "2026-01-15T12:00:00Z",
            "confirmed_at": "2026-01-15T12:00:00Z",
        }
    ]


def test_quotes_of_past_events_are_shown_when_asked_for(reader):
    quote = make.priced(None)
    event = quote.selection.market.event_id
    with time_machine.travel(EVENING + timedelta(hours=1), tick=False):
        assert reader.get("odds").json()["results"] == []
        assert reader.get("odds", event=event).json()["results"][0]["price"] is None
        assert len(reader.get("odds", starts_after="2026-01-01T00:00:00Z").json()["results"]) == 1


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"market": "h2h"}, 2),
        ({"side": "away"}, 1),
        ({"bookmaker": "other"}, 1),
        ({"bookmaker": "other", "side": "home"}, 0),
    ],
)
def test_quotes_are_filtered(reader, filters, count):
    make.priced(side="home")
    make.priced(side="away", book="other")

    assert len(reader.get("odds", **filters).json()["results"]) == count


def test_an_opportunity_says_why(reader):
    found = opportunity(make.priced())

    row = reader.get(f"opportunities/{found.pk}").json()

    assert row["edge"] == 0.05
    assert (row["price"], row["price_now"]) == ("2.000", "2.000")
    assert (row["fair_probability"], row["model_probability"]) == (0.525, None)
    assert (row["reasons"], row["passes"]) == (["The price pays more than it should."], [])
    assert row == reader.get("ev/hits").json()["results"][0]


@pytest.mark.parametrize(
    ("filters", "edges"),
    [
        ({}, [0.09, 0.05, 0.01]),
        ({"recommended": "true"}, [0.05, 0.01]),
        ({"recommended": "false"}, [0.09]),
        ({"min_edge": "0.05"}, [0.09, 0.05]),
        ({"strategy": "other"}, [0.01]),
        ({"status": "gone"}, []),
    ],
)
def test_opportunities_are_filtered_best_first(reader, filters, edges):
    opportunity(make.priced(game=1), edge=0.05)
    opportunity(make.priced(game=2), edge=0.09, passes=["The price is old."])
    opportunity(make.priced(game=3), edge=0.01, strategy="other")

    rows = reader.get("opportunities", **filters).json()["results"]

    assert [row["edge"] for row in rows] == edges


@pytest.mark.parametrize("path", ["opportunities", "ev/hits", "ev/summary"])
def test_a_filter_that_says_nothing_is_refused_not_left_out(reader, path):
    answer = reader.get(path, recommended="")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "recommended"


def test_the_summary_counts_by_market_and_book(reader):
    opportunity(make.priced(game=1), edge=0.05)
    opportunity(make.priced(game=2), edge=0.09, passes=["The price is old."])

    body = reader.get("ev/summary").json()

    figures = {
        "count": 2,
        "recommended_count": 1,
        "best_edge": 0.09,
        "mean_edge": pytest.approx(0.07),
        "stake_share": 0.0125,
    }
    assert body == {
        **figures,
        "newest_as_of": "2026-01-15T12:00:00Z",
        "by_market": [{"key": "h2h", **figures}],
        "by_bookmaker": [{"key": "paperbook", **figures}],
    }
    assert reader.get("ev/summary", strategy="none").json()["best_edge"] is None


def test_the_champion_is_the_version_promoted_last(reader, olivia):
    make.priced()
    first, second = version(1), version(2)
    for number, promoted in enumerate((second, first)):
        Promotion.objects.create(
            predictor=promoted.predictor,
            version=promoted,
            kind="promoted",
            by=olivia,
            at=NOON + timedelta(minutes=number),
            reason="better",
            gates=[],
        )

    rows = reader.get("models").json()["results"]

    assert [(row["number"], row["is_champion"]) for row in rows] == [(2, False), (1, True)]
    one = reader.get(f"models/{first.pk}").json()
    assert one["promotions"][0]["by"] == "olivia"
    assert one["metrics"] == {"model": {"log_loss": 0.61}}


def test_predictions_are_filtered_latest_information_first(reader):
    quote = make.priced()
    by = version()
    prediction(quote, by, hours=1)
    prediction(quote, by, hours=0)

    rows = reader.get("predictions", event=quote.selection.market.event_id).json()["results"]
    assert [row["as_of"] for row in rows] == ["2026-01-15T12:00:00Z", "2026-01-15T11:00:00Z"]
    assert rows[0]["home_probability"] == 0.55
    assert rows[0]["version_name"] == "basketball_test-h2h v1"
    before = reader.get("predictions", as_of_before=NOON.isoformat()).json()
    assert len(before["results"]) == 1


def test_money_is_text_with_two_places(reader, alice):
    bankroll = make.bankroll(alice, "1000.00")
    make.place(alice, make.priced(), "12.50")

    assert reader.get("bankroll").json()["results"] == [
        {
            "id": bankroll.pk,
            "name": "Main",
            "currency": "EUR",
            "opened_at": "2026-01-14T12:00:00Z",
            "closed_at": None,
            "free": "987.50",
            "at_books": "0.00",
            "books": [],
            "at_risk": "12.50",
            "equity": "1000.00",
            "deposited": "1000.00",
            "profit": "0.00",
        }
    ]


def test_risk_says_limits_and_what_stops_you(reader, alice, bob):
    assert reader.get("risk").json() == {
        "is_halted": False,
        "halts": [],
        "limits": {
            "kelly_fraction": "0.2500",
            "max_bet_share": "0.0200",
            "max_market_share": "0.0300",
            "max_event_share": "0.0300",
            "max_league_share": "0.5000",
            "max_bookmaker_share": "0.5000",
            "max_day_share": "0.1000",
            "max_open_bets": 200,
            "min_edge": "0.0000",
            "max_drawdown_share": "0.2500",
            "min_stake": "1.00",
        },
        "used": None,
    }
    halt_everything(owner_id=bob.pk, reason="Bob's own", now=NOON)
    assert reader.get("risk").json()["is_halted"] is False
    halt = halt_everything(reason="Feed is wrong", now=NOON)
    assert reader.get("risk").json()["halts"] == [
        {
            "id": halt.pk,
            "cause": "kill_switch",
            "reason": "Feed is wrong",
            "scope": "all",
            "scope_key": "",
            "blocks": "every new stake of everybody",
            "since": "2026-01-15T12:00:00Z",
            "until": None,
            "for_everybody": True,
        }
    ]


def test_nobody_sees_another_ones_money(reader, stranger, alice):
    make.bankroll(alice)
    bet = make.place(alice, make.priced())

    for path in ("bets", "bankroll", "risk/assessments"):
        assert len(reader.get(path).json()["results"]) == 1
        assert stranger.get(path).json()["results"] == []
    mine, theirs = reader.get(f"bets/{bet.pk}"), stranger.get(f"bets/{bet.pk}")
    assert (mine.status_code, theirs.status_code) == (200, 404)
    assert bet.request_key not in theirs.content.decode()
    assert Decimal(mine.json()["stake"]) == Decimal("10.00")


def test_risk_says_what_is_used_and_left(reader, alice):
    make.bankroll(alice, "1000.00")
    make.place(alice, make.priced(), "12.50")

    used = reader.get("risk").json()["used"]

    assert used["day"] == {"bound": "100.00", "used": "12.50", "left": "87.50"}
    assert used["free_money"] == {"bound": "987.50", "used": "0.00", "left": "987.50"}
    assert (used["open_stakes"], used["open_bets"], used["drawdown"]) == ("12.50", 1, 0.0)


def test_performance_before_the_first_bet_says_nothing_too_much(reader):
    body = reader.get("performance").json()

    assert (body["bets"], body["staked"], body["profit"]) == (0, "0.00", "0.00")
    assert (body["profit_share"], body["clv"], body["roi"]) == (None, None, None)
    nothing = {"drawdown": 0.0, "expected": 0.0, "by_close": 0.0}
    assert body["curve"] == [{"bet": 0, "equity": 0.0, **nothing}]


def test_performance_is_of_settled_bets_only_ones_own(reader, stranger, alice):
    make.bankroll(alice, "1000.00")
    bet = make.place(alice, make.priced("2.500"), "10.00")
    make.place(alice, make.priced("2.500", game=2), "10.00")
    make.finish(bet.selection.market.event, 100, 90)
    settle_bet(bet_id=bet.pk, result="won", now=NIGHT)

    body = reader.get("performance").json()

    assert (body["bets"], body["staked"], body["profit"]) == (1, "10.00", "15.00")
    assert body["profit_share"] == {"value": 1.5, "low": None, "high": None, "count": 1}
    nothing = {"drawdown": 0.0, "expected": 0.0, "by_close": 0.0}
    assert body["curve"][-1] == {"bet": 1, "equity": 1015.0, **nothing}
    assert stranger.get("performance").json()["bets"] == 0
    assert reader.get("performance", since="2026-02-01T00:00:00Z").json()["bets"] == 0
    assert reader.get("performance", strategy="none").json()["bets"] == 0
