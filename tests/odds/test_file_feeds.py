"""Files as feeds: fetched when due and changed, from where they may come, faults by row."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from odds.feeds.csv_feed import BadMapping, check_mapping
from odds.feeds.files import FileRefused, fetch_file
from odds.models import Event, FeedRun, FileFeed, PriceChange, QuarantinedRow
from odds.services import FileFeedFailed, fetch_file_feed, fetch_files

NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)
GUIDE = (Path(__file__).parents[2] / "docs/guides/add_a_feed.md").read_text()
FIXTURES = (
    "Div,Date,Time,HomeTeam,AwayTeam,B365H,B365D,B365A\n"
    "E0,17/01/2026,15:00,Arsenal,Chelsea,1.80,3.60,4.50\n"
)
RESULTS = (
    "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR,B365H,B365D,B365A\n"
    "E0,17/01/2026,15:00,Arsenal,Chelsea,2,1,H,1.80,3.60,4.50\n"
)


@pytest.fixture
def provider(provider, settings):
    settings.FILE_FEEDS_MAY_BE_PRIVATE = True
    return provider


def feed(address, **fields):
    given = {"name": "a_feed", "format": "football_data", "names_teams": True}
    return FileFeed.objects.create(address=address, **(given | fields))


def block(language, holding):
    blocks = re.findall(rf"```{language}\n(.*?)```", GUIDE, flags=re.DOTALL)
    return next(text for text in blocks if holding in text)


@pytest.mark.django_db
def test_the_guides_example_does_what_the_guide_says(tmp_path, settings):
    settings.FILE_FEED_FOLDER = str(tmp_path)
    (tmp_path / "prices.csv").write_text(block("csv", "kickoff"))
    made = feed("file:prices.csv", format="csv", columns=json.loads(block("json", "kickoff")))

    counts = fetch_file_feed(feed_id=made.pk, now=NOON)

    assert (counts.new, counts.quarantined) == (4, 1)
    assert sorted(
        (str(change.price), str(change.quote.selection.point), change.seen_at)
        for change in PriceChange.objects.select_related("quote__selection")
    ) == [("1.950", "2.50", NOON), ("2.100", "2.50", NOON)]
    row = QuarantinedRow.objects.get()
    assert (row.field, row.reason, row.row_number) == ("price", "'nonsense' is no number", 4)
    assert fetch_file_feed(feed_id=made.pk, now=NOON) is None, "it has not changed"


@pytest.mark.django_db
def test_a_price_nobody_can_read_is_unknown_and_not_withdrawn(tmp_path, settings):
    settings.FILE_FEED_FOLDER = str(tmp_path)
    columns = "competition,starts_at,home,away,bookmaker,market,side,price"
    row = "soccer_epl,2026-01-17T15:00:00+00:00,Arsenal,Chelsea,pinnacle,h2h"
    made = feed("file:prices.csv", format="csv")
    for minute, away in (0, "4.5"), (30, "4.5?"), (60, ""):
        lines = (
            columns,
            f"{row},home,{1.8 + minute / 100}",
            f"{row},draw,3.6",
            f"{row},away,{away}",
        )
        (tmp_path / "prices.csv").write_text("\n".join(lines))
        fetch_file_feed(feed_id=made.pk, now=NOON + timedelta(minutes=minute))

    away = PriceChange.objects.filter(quote__selection__side="away")
    assert [(each.price, each.seen_at.hour) for each in away.order_by("seen_at")] == [
        (Decimal("4.500"), 12), (None, 13),
    ]  # fmt: skip
    home = PriceChange.objects.filter(quote__selection__side="home").order_by("seen_at")
    assert list(home.values_list("price", flat=True)) == [Decimal("1.8"), Decimal("2.4")]


@pytest.mark.django_db
def test_fixtures_then_results_of_football_data(provider):
    provider.says(FIXTURES.encode(), ETag='"1"', Last_Modified="Fri, 16 Jan 2026 10:00:00 GMT")
    made = feed(f"{provider.url}/fixtures.csv")
    assert fetch_files(now=NOON) == {"a_feed": "4 new, 0 repeated, 0 refused"}
    assert set(PriceChange.objects.values_list("seen_at", flat=True)) == {NOON}

    provider.says_now(b"", 304)
    assert fetch_files(now=NOON + timedelta(minutes=30)) == {}, "not due"
    assert fetch_files(now=NOON + timedelta(minutes=60)) == {"a_feed": "unchanged"}
    assert provider.headers[-1]["If-None-Match"] == '"1"'
    assert provider.headers[-1]["If-Modified-Since"] == "Fri, 16 Jan 2026 10:00:00 GMT"

    provider.says_now(RESULTS.encode())
    evening = NOON + timedelta(days=1, hours=8)
    fetch_files(now=evening)
    event = Event.objects.get()
    assert (event.status, event.home_score, event.result_seen_at) == ("finished", 2, evening)
    made.refresh_from_db()
    assert (made.etag, made.asked_at) == ("", evening)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (404, b"", "HTTP 404"),
        (302, b"", "it has moved"),
        (200, b"<!DOCTYPE html><p>busy", "an HTML page came"),
    ],
)
def test_what_is_no_file_leaves_a_failed_run_and_comes_again(provider, status, body, reason):
    provider.says(body, status)
    made = feed(f"{provider.url}/x.csv")
    with pytest.raises(FileFeedFailed, match=reason):
        fetch_files(now=NOON)
    assert reason in FeedRun.objects.get().error
    made.refresh_from_db()
    assert (made.digest, made.asked_at) == ("", NOON)


@pytest.mark.django_db
def test_an_unknown_team_stops_the_file_until_someone_says_who_it_is(provider):
    provider.says(FIXTURES.encode())
    feed(f"{provider.url}/x.csv")
    fetch_files(now=NOON)
    body = "competition,home,away,starts_at\nsoccer_epl,Arsnal,Chelsea,2026-01-20T15:00:00Z\n"
    provider.says_now(body.encode())
    other = feed(f"{provider.url}/y.csv", name="other", format="csv", names_teams=False)
    with pytest.raises(FileFeedFailed, match="Arsnal"):
        fetch_file_feed(feed_id=other.pk, now=NOON)
    other.refresh_from_db()
    assert other.digest == ""
    assert Event.objects.count() == 1


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/x.csv", "https://127.0.0.1/x.csv", "https://localhost/x.csv",
        "https://[::1]/x.csv", "https://169.254.169.254/latest/meta-data", "https://10.0.0.8/x",
        "https://0x7f000001/x", "https://2130706433/x", "ftp://example.org/x", "gopher://x/",
        "https://user:word@example.org/x", "https:///x", "file:../secrets", "file:/etc/passwd",
        "file:link", "file:missing.csv", "file:", "file:%2e%2e/secrets",
    ],
)  # fmt: skip
def test_addresses_that_may_not_be_fetched(address, tmp_path):
    folder = tmp_path / "allowed"
    folder.mkdir()
    (tmp_path / "secrets").write_text("s")
    (folder / "link").symlink_to(tmp_path / "secrets")
    with pytest.raises(FileRefused):
        fetch_file(address, folder=str(folder), may_be_private=False)


def test_without_a_folder_no_file_is_read(tmp_path):
    with pytest.raises(FileRefused, match="set FILE_FEED_FOLDER"):
        fetch_file(f"file:{tmp_path}", folder="", may_be_private=False)


@pytest.mark.parametrize("mapping", [[], {"hme": "x"}, {"home": ""}, {"home": "="}, {"home": 7}])
def test_a_mapping_that_cannot_be_meant_is_refused(mapping):
    with pytest.raises(BadMapping):
        check_mapping(mapping)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"home": ""}, "home"),
        ({"starts_at": "2026-01-20T15:00"}, "starts_at"),
        ({"side": "yes"}, "side"),
        ({"market": "btts"}, "market"),
        ({"price": "x"}, "price"),
        ({"point": "inf"}, "point"),
        ({"home_score": "1.5", "away_score": "1"}, "home_score"),
    ],
)
def test_each_fault_of_a_row_names_our_column(tmp_path, settings, change, field):
    settings.FILE_FEED_FOLDER = str(tmp_path)
    row = {
        "competition": "soccer_epl", "home": "A", "away": "B", "starts_at": "2026-01-20T15:00:00Z",
        "bookmaker": "pinnacle", "market": "h2h", "side": "home", "price": "1.9", "point": "",
        "home_score": "", "away_score": "",
    } | change  # fmt: skip
    (tmp_path / "x.csv").write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
    made = feed("file:x.csv", format="csv")
    counts = fetch_file_feed(feed_id=made.pk, now=NOON)
    assert (counts.new, counts.quarantined) == (0, 1)
    assert QuarantinedRow.objects.get().field == field
