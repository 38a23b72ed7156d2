"""The provider's answers: read right, refused by name, paid for with care, the key never told."""

import contextlib
import copy
import gzip
import json
import logging
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest
import stamina

from accounts.models import AuditEntry
from odds.feeds import http
from odds.feeds import the_odds_api as api
from odds.feeds.parsed import BadPayload
from odds.feeds.the_odds_api_payloads import read_events, read_odds, read_scores
from odds.models import Event, FeedRun, PriceChange, QuarantinedRow, Quote
from odds.services import FetchFailed, PaidCallsPaused, fetch_odds, fetch_scores, record_results
from odds.services.results import NoScoreToAccept, accept_score
from tests import make
from tests.odds import payloads

NOW = datetime(2026, 1, 14, 22, 5, tzinfo=UTC)
KEY = "very-secret-key"
NBA = "basketball_nba"


@pytest.fixture
def client(provider):
    with stamina.set_testing(True, attempts=3):
        made = api.Client(provider.url, KEY)
        yield made
        made.close()


def test_prices_are_matched_to_sides_by_name_and_players_are_refused():
    (listed,) = read_odds(payloads.ODDS, odds_format="decimal")

    found = [(q.market_key, q.side, q.point, q.price) for q in listed.quotes]
    assert found == [
        ("h2h", "away", None, Decimal("2.75")),
        ("h2h", "home", None, Decimal("1.48")),
        ("spreads", "home", Decimal("-6.5"), Decimal("1.91")),
        ("spreads", "away", Decimal("6.5"), Decimal("1.91")),
    ]
    assert next(iter(listed.quotes)).last_update == datetime(2026, 1, 14, 22, 1, 11, tzinfo=UTC)
    assert listed.event.day.isoformat() == "2026-01-14"
    assert [row.field for row in listed.rejected] == ["name"]


def test_american_prices_and_unix_times_mean_the_same():
    answer = payloads.odds()
    answer[0]["commence_time"] = 1768435800
    book = answer[0]["bookmakers"][0]
    book["markets"] = [
        {"key": "h2h", "last_update": 1768428072, "outcomes": [{"name": "Draw", "price": -110}]}
    ]

    (listed,) = read_odds(answer, odds_format="american")

    assert listed.event.starts_at == datetime(2026, 1, 15, 0, 10, tzinfo=UTC)
    (quote,) = listed.quotes
    assert (quote.side, quote.price) == ("draw", Decimal("1.909"))
    assert quote.last_update == datetime(2026, 1, 14, 22, 1, 12, tzinfo=UTC)


def test_outrights_have_no_teams_and_are_left_out():
    answer = [payloads.EVENT | {"home_team": None, "away_team": None}]
    assert read_events(answer) == []


def test_only_completed_events_have_results_and_scores_are_text():
    (result,) = read_scores(payloads.SCORES, seen_at=NOW)
    assert (result.home_score, result.away_score, result.seen_at) == (113, 103, NOW)


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        (lambda a: a[0].pop("id"), "[0].id"),
        (lambda a: a[0].update(commence_time="soon"), "[0].commence_time"),
        (lambda a: a[0].update(home_team=None), "[0].home_team"),
        (lambda a: a[0].update(bookmakers={}), "[0].bookmakers"),
        (lambda a: a[0]["bookmakers"][0].pop("key"), "[0].bookmakers[0].key"),
        (
            lambda a: a[0]["bookmakers"][0]["markets"][0]["outcomes"][1].update(price="1.48"),
            "[0].bookmakers[0].markets[0].outcomes[1].price",
        ),
        (
            lambda a: a[0]["bookmakers"][0]["markets"][1]["outcomes"][0].update(point=float("nan")),
            "[0].bookmakers[0].markets[1].outcomes[0].point",
        ),
    ],
)
def test_a_bad_payload_names_the_first_field_at_fault(spoil, field):
    answer = payloads.odds()
    spoil(answer)

    with pytest.raises(BadPayload) as bad:
        read_odds(answer, odds_format="decimal")

    assert bad.value.field == field


JUNK = [
    None, True, False, 0, 1, -1, 7.5, -0.0, 1e308, float("nan"), float("-inf"), 10**400, -(10**30),
    "", "x", "\x00", "\ud800", "1e999", "\u0661", "Draw", "2026-01-15T00:10:00Z", "h2h", [], [[]],
    [None], {}, {"": None}, {"key": "h2h"}, [{"name": "Over", "price": 1.9, "point": 1}],
]  # fmt: skip


@pytest.mark.parametrize(
    ("reader", "body"),
    [
        (partial(read_odds, odds_format="decimal"), payloads.ODDS),
        (partial(read_odds, odds_format="american"), payloads.ODDS),
        (partial(read_scores, seen_at=NOW), payloads.SCORES),
        (read_events, [payloads.EVENT]),
    ],
    ids=["odds", "american odds", "scores", "events"],
)
def test_a_mangled_answer_gives_values_or_bad_payload_and_nothing_else(reader, body):
    """Everything in it, and the whole, in turn replaced by each kind of junk."""
    for junk in JUNK:
        with contextlib.suppress(BadPayload):
            reader(junk)
        for path in payloads.leaves(body):
            mangled = at = copy.deepcopy(body)
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = junk
            with contextlib.suppress(BadPayload):
                reader(mangled)


def test_the_key_goes_into_the_query_and_the_credits_come_back(provider, client):
    provider.says(payloads.SPORTS, x_requests_remaining=-772, x_requests_used=1272)

    answered = client.sports()

    assert answered.credits == api.Credits(cost=None, remaining=-772, used=1272)
    assert [sport["key"] for sport in answered.value] == [NBA]
    assert provider.asked == [("/v4/sports", {"apiKey": [KEY]})]


def test_a_compressed_answer_is_read(provider, client):
    body = gzip.compress(json.dumps(payloads.ODDS).encode())
    provider.says(body, Content_Encoding="gzip")

    sweep = client.odds(NBA, regions=["us", "eu"], markets=["h2h", "spreads"], now=NOW).value

    assert (len(sweep.events), len(sweep.quotes), len(sweep.rejected)) == (1, 4, 1)
    assert sweep.markets_asked == {"h2h", "spreads", "h2h_lay"}
    asked = provider.asked[0][1]
    assert (asked["regions"], asked["markets"]) == (["us,eu"], ["h2h,spreads"])


@pytest.mark.parametrize(
    ("status", "code", "kind", "calls"),
    [
        (401, "MISSING_KEY", api.KeyRefused, 1),
        (401, "DEACTIVATED_KEY", api.KeyRefused, 1),
        (401, "OUT_OF_USAGE_CREDITS", api.OutOfUsageCredits, 1),
        (401, "HISTORICAL_UNAVAILABLE_ON_FREE_USAGE_PLAN", api.HistoricalUnavailable, 1),
        (404, "UNKNOWN_SPORT", api.UnknownSport, 1),
        (404, "EVENT_NOT_FOUND", api.EventNotFound, 1),
        (422, "INVALID_MARKET", api.InvalidMarkets, 1),
        (422, "INVALID_MARKET_COMBO", api.InvalidRequest, 1),
        (422, "SOMETHING_NEW", api.InvalidRequest, 1),
        (429, "EXCEEDED_FREQ_LIMIT", api.TooFrequent, 3),
        (500, "", api.ProviderFailed, 3),
    ],
)
def test_each_refusal_has_its_name_and_only_passing_ones_are_tried_again(
    provider, client, status, code, kind, calls
):
    provider.says(payloads.refusal(code, "no"), status)

    with pytest.raises(kind) as refused:
        client.events(NBA)

    assert type(refused.value) is kind
    assert len(provider.asked) == calls


def test_a_refusal_without_a_code_is_told_by_the_credits(provider, client):
    provider.says(b"<html>no</html>", 401, x_requests_remaining=0)
    with pytest.raises(api.OutOfUsageCredits):
        client.sports()
    provider.answers.clear()
    provider.says(b"<html>no</html>", 401)
    with pytest.raises(api.KeyRefused):
        client.sports()
    provider.answers.clear()
    provider.says(b"oops INVALID_MARKET_COMBO here", 422)
    with pytest.raises(api.InvalidRequest) as refused:
        client.sports()
    assert refused.value.code == "INVALID_MARKET_COMBO"


def test_a_failure_that_passes_is_survived(provider, client):
    provider.says(b"", 502)
    provider.says(payloads.SPORTS)

    assert len(client.sports().value) == 1
    assert len(provider.asked) == 2


@pytest.mark.parametrize(
    "body", [b"<html>busy</html>", json.dumps(payloads.ODDS).encode()[:-9], b"", b"\xff\xfe"]
)
def test_an_answer_that_is_no_json_is_a_bad_payload(provider, client, body):
    provider.says(body)
    with pytest.raises(BadPayload):
        client.sports()


def test_a_redirect_is_not_followed_and_a_broken_encoding_is_no_answer(provider, client):
    provider.says(b"", 302, Location=f"{provider.url}/elsewhere")
    with pytest.raises(api.ProviderError):
        client.sports()
    assert [path for path, _ in provider.asked] == ["/v4/sports"]
    provider.answers.clear()
    provider.says(b"not gzip", Content_Encoding="gzip")
    with pytest.raises(api.ProviderFailed):
        client.sports()


def test_an_answer_that_is_too_large_is_cut_off(provider, client, monkeypatch):
    monkeypatch.setattr(http, "LARGEST_ANSWER", 100)
    provider.says(gzip.compress(b"[" + b" " * 100_000 + b"]"), Content_Encoding="gzip")
    with pytest.raises(api.ProviderFailed, match="more than 100 bytes"):
        client.sports()


def test_the_key_is_in_no_error_and_no_log(provider, client, caplog):
    caplog.set_level(logging.DEBUG)
    provider.says(payloads.refusal("INVALID_KEY", f"apiKey={KEY} is wrong"), 401)
    told = [repr(client), str(client.__class__)]
    with pytest.raises(api.KeyRefused) as refused:
        client.sports()
    told += [str(refused.value), repr(refused.value)]
    gone = api.Client("http://127.0.0.1:9", KEY)
    with pytest.raises(api.ProviderFailed) as failed:
        gone.sports()
    told += [str(failed.value), repr(failed.value.__cause__)]
    assert failed.value.__cause__ is None

    assert KEY not in " ".join(told) + caplog.text


@pytest.mark.django_db
def test_a_fetch_records_prices_the_run_and_its_credits(provider, client):
    provider.says(payloads.ODDS, x_requests_remaining=494, x_requests_used=6, x_requests_last=6)

    counts = fetch_odds(competition_key=NBA, now=NOW, client=client)

    assert (counts.read, counts.new, counts.quarantined) == (5, 4, 1)
    run = FeedRun.objects.get()
    assert (run.outcome, run.rows_new, run.rows_quarantined) == ("succeeded", 4, 1)
    assert (run.credits_cost, run.credits_remaining, run.credits_used) == (6, 494, 6)
    assert PriceChange.objects.count() == 4
    assert QuarantinedRow.objects.get().source == "the_odds_api"


@pytest.mark.django_db
def test_a_market_that_is_not_offered_is_dropped_and_the_rest_fetched(provider, client):
    provider.says(payloads.refusal("INVALID_MARKET", "Invalid markets: spreads"), 422)
    provider.says(payloads.ODDS)

    fetch_odds(competition_key=NBA, now=NOW, client=client)

    assert [asked["markets"] for _, asked in provider.asked] == [
        ["h2h,spreads,totals"],
        ["h2h,totals"],
    ]


@pytest.mark.django_db
def test_a_price_nobody_can_read_is_put_aside_and_other_markets_kept(provider, client):
    answer = payloads.odds()
    answer[0]["bookmakers"][0]["markets"][1]["outcomes"][0]["price"] = None
    provider.says(answer)

    counts = fetch_odds(competition_key=NBA, now=NOW, client=client)

    assert (counts.new, counts.quarantined) == (2, 2)
    row = QuarantinedRow.objects.get(field="bookmakers[].markets[].outcomes[].price")
    assert row.reason == "no price: None"
    assert row.raw["name"] == "'Boston Celtics'"
    assert not PriceChange.objects.filter(quote__selection__market__key="spreads").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("spoilt", ["outcome", "market", "bookmaker"])
def test_what_cannot_be_read_is_unknown_and_not_withdrawn(provider, client, spoilt):
    """It is as it was seen last, and as old; what can be read is of now."""
    answer = payloads.odds()
    books = answer[0]["bookmakers"]
    books += [copy.deepcopy(books[0]) | {"key": key} for key in ("fanduel", "betmgm")]
    provider.says(answer)
    fetch_odds(competition_key=NBA, now=NOW, client=client)
    market = books[1]["markets"][0]
    if spoilt == "outcome":
        market["outcomes"][1]["price"] = "1.95?"
    else:
        del (books[1] if spoilt == "bookmaker" else market)["key"]
    books[2]["markets"][0]["outcomes"][0]["price"] = 3.0
    for book in books:
        book["markets"][0]["last_update"] = "2026-01-14T22:06:00Z"
    provider.says_now(answer)

    counts = fetch_odds(competition_key=NBA, now=NOW + timedelta(minutes=5), client=client)

    assert (counts.new, counts.withdrawn) == (1, 0)
    assert not PriceChange.objects.filter(price=None).exists()
    shown = Quote.objects.with_looks().filter(selection__market__key="h2h")
    stood = shown.values_list("bookmaker__key", "confirmed_at")
    assert {(key, f"{at:%H:%M:%S}") for key, at in stood} == {
        ("draftkings", "22:06:00"), ("fanduel", "22:01:11"), ("betmgm", "22:06:00"),
    }  # fmt: skip


@pytest.mark.django_db
def test_an_answer_most_of_which_cannot_be_read_writes_nothing_but_the_failed_run(provider, client):
    """Put aside one by one, its prices would be taken for withdrawn."""
    provider.says(payloads.ODDS)
    fetch_odds(competition_key=NBA, now=NOW, client=client)
    answer = payloads.odds()
    for market in answer[0]["bookmakers"][0]["markets"]:
        for outcome in market["outcomes"]:
            outcome["price"] = str(outcome["price"])
    provider.says_now(answer)

    with pytest.raises(FetchFailed):
        fetch_odds(competition_key=NBA, now=NOW + timedelta(minutes=5), client=client)

    run = FeedRun.objects.first()
    assert run.outcome == "failed"
    assert run.error.startswith("BAD_PAYLOAD: [0].bookmakers[0].markets[0].outcomes[0].price")
    assert PriceChange.objects.count() == 4
    assert not PriceChange.objects.filter(price=None).exists()


@pytest.mark.django_db
def test_without_credits_no_paid_call_is_made_until_there_are_some(provider, client):
    provider.says(payloads.refusal("OUT_OF_USAGE_CREDITS", "Usage quota"), 401)
    with pytest.raises(FetchFailed):
        fetch_odds(competition_key=NBA, now=NOW, client=client)

    with pytest.raises(PaidCallsPaused):
        fetch_odds(competition_key=NBA, now=NOW + timedelta(minutes=10), client=client)
    assert len(provider.asked) == 1

    provider.answers.clear()
    provider.says(payloads.SPORTS, x_requests_remaining=0)
    with pytest.raises(PaidCallsPaused):
        fetch_odds(competition_key=NBA, now=NOW + timedelta(minutes=40), client=client)
    assert provider.asked[-1][0] == "/v4/sports"

    provider.answers.clear()
    provider.says(payloads.ODDS)
    renewed = datetime(2026, 2, 1, tzinfo=UTC)
    assert fetch_odds(competition_key=NBA, now=renewed, client=client).new == 4


@pytest.mark.django_db
def test_scores_are_asked_for_only_while_a_known_event_waits_for_one(provider, client):
    after = datetime(2026, 1, 15, 3, tzinfo=UTC)
    provider.says(payloads.SCORES)
    fetch_scores(competition_key=NBA, now=after, client=client)
    assert provider.asked == []

    provider.answers.clear()
    provider.says(payloads.ODDS)
    provider.says(payloads.SCORES)
    fetch_odds(competition_key=NBA, now=NOW, client=client)
    counts = fetch_scores(competition_key=NBA, now=after, client=client)

    assert (counts.new, counts.quarantined) == (1, 0)
    event = Event.objects.get()
    assert (event.status, event.home_score, event.away_score) == ("finished", 113, 103)
    assert event.result_seen_at == after
    asked = len(provider.asked)
    fetch_scores(competition_key=NBA, now=after, client=client)
    assert len(provider.asked) == asked


@pytest.mark.django_db
def test_another_score_for_a_finished_event_is_kept_for_someone_to_decide(provider, client):
    provider.says(payloads.ODDS)
    fetch_odds(competition_key=NBA, now=NOW, client=client)
    first, other = (
        read_scores(payloads.SCORES, seen_at=NOW),
        json.loads(json.dumps(payloads.SCORES).replace('"113"', '"112"')),
    )
    record_results(first, feed_run=make.feed_run())
    counts = record_results(read_scores(other, seen_at=NOW), feed_run=make.feed_run())

    assert counts.quarantined == 1
    assert Event.objects.get().home_score == 113
    row = QuarantinedRow.objects.get(field="score")
    assert row.reason == "112:103, but 113:103 is recorded"

    later = NOW + timedelta(hours=1)
    for _ in range(2):
        accept_score(row_id=row.pk, reason="the league's site", now=later, by_id=None)

    event = Event.objects.get()
    assert (event.home_score, event.away_score, event.result_seen_at) == (112, 103, later)
    row.refresh_from_db()
    assert row.resolved_at == later
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")] == [
        "corrected a result",
        "resolved quarantined row",
    ]
    odd = QuarantinedRow.objects.create(
        feed_run=row.feed_run, source="x", field="price", reason="no price", raw={}, seen_at=NOW
    )
    with pytest.raises(NoScoreToAccept):
        accept_score(row_id=odd.pk, reason="x", now=later, by_id=None)


def test_american_odds_in_a_decimal_answer_take_their_market_along():
    """+220 alone would pass for a price of 220.0; the simulator's drift showed it."""
    payload = payloads.odds()
    h2h = payload[0]["bookmakers"][0]["markets"][0]
    h2h["outcomes"][0]["price"], h2h["outcomes"][1]["price"] = 220, -270
    with pytest.raises(BadPayload, match=r"markets\[0\].outcomes: price -270: American odds"):
        read_odds(payload, odds_format="decimal")


def test_a_spread_without_its_line_is_no_spread():
    payload = payloads.odds()
    del payload[0]["bookmakers"][0]["markets"][1]["outcomes"][0]["point"]
    with pytest.raises(BadPayload, match=r"outcomes\[0\].point: missing, and spreads is about it"):
        read_odds(payload, odds_format="decimal")
