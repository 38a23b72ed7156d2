"""History from files: every format, twice, and what is wrong with a row."""

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from odds.feeds.history import Unrecognised, recognise
from odds.feeds.history.football_data import collected_at, price_columns
from odds.feeds.parsed import ParsedEvent, ParsedResult, ParsedSweep
from odds.models import (
    Event,
    FeedRun,
    PriceChange,
    QuarantinedRow,
    Quote,
    ReferenceLine,
    Team,
    TeamGame,
)
from odds.services.importing import fingerprint_of_tables, plan_import

GAMES = """\
season,season_type,neutral_site,game_id,game_date,tip_utc,home,home_name,away,away_name,home_score,\
away_score,overtimes,close_source,open_source,ml_home_close_am,ml_away_close_am,spread_open_home,\
spread_close_home,total_open,total_close
2021-22,regular,0,0022100001,2022-01-22,,MIL,Milwaukee Bucks,SAC,Sacramento Kings,133,127,0,sbr,\
sbr,-455,350,-9.0,-9.5,231,231
2021-22,regular,0,0022100002,2022-01-22,,LAC,LA Clippers,NYK,New York Knicks,one,102,0,,,,,,,,
"""
BOXES = """\
season,season_type,game_id,game_date,team,team_name_then,opp,is_home,neutral_site,wl,game_minutes,\
pts,opp_pts,fga,fta,oreb,tov
2021-22,regular,0022100001,2022-01-22,SAC,Sacramento Kings,MIL,0,0,L,48,127,133,90,20,10,12
2021-22,regular,0022100001,2022-01-22,MIL,Milwaukee Bucks,SAC,1,0,W,48,133,127,88,22,9,14
"""
ROWS = """\
source,snapshot_time,snapshot_inferred,event_id,game_id,commence_time,minutes_to_tip,after_tip,home,\
away,bookmaker,market,outcome,point,price_american,price_decimal,last_update
x,2022-01-22T11:55:00Z,0,abc,,2022-01-23T00:10:00Z,735,0,MIL,SAC,barstool,h2h,home,,-455,1.2198,\
2022-01-22T11:39:34Z
x,2022-01-22T11:55:00Z,0,abc,,2022-01-23T00:10:00Z,735,0,MIL,SAC,barstool,h2h,away,,350,4.5,\
2022-01-22T11:39:34Z
x,2022-01-22T11:55:00Z,0,abc,,2022-01-23T00:10:00Z,735,0,MIL,SAC,barstool,h2h,draw?,,350,4.5,
"""
ANSWER = {
    "source": "x",
    "odds_format": "american",
    "timestamp": "2022-01-22T11:55:00Z",
    "data": [
        {
            "id": "abc",
            "sport_key": "basketball_nba",
            "commence_time": "2022-01-23T00:10:00Z",
            "home_team": "Milwaukee Bucks",
            "away_team": "Sacramento Kings",
            "bookmakers": [
                {
                    "key": "barstool",
                    "title": "Barstool",
                    "last_update": "2022-01-22T11:39:34Z",
                    "markets": [
                        {
                            "key": "h2h",
                            "last_update": "2022-01-22T11:39:34Z",
                            "outcomes": [
                                {"name": "Sacramento Kings", "price": 350},
                                {"name": "Milwaukee Bucks", "price": -455},
                            ],
                        }
                    ],
                }
            ],
        }
    ],
}
SOCCER = """\
Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR,B365H,B365D,B365A,MaxH,MaxD,MaxA,PSCH,PSCD,PSCA,PSH,\
PSD,PSA,AHh,B365AHH,B365AHA,B365>2.5,B365<2.5,Avg>2.5,Avg<2.5,HS,AS,HST,AST
F1,06/08/2023,15:00,Paris SG,Newcomers FC,1,1,D,1.30,5.5,9.0,1.4,6,10,1.28,6.0,10.0,1.31,5.6,9.5,\
-1.5,1.95,1.9,1.5,2.6,1.6,2.5,19,8,6,x
F1,07/08/2023,20:00,Newcomers FC,Paris SG,,,,8.0,5.0,1.30,8,5,1.3,,,,,,,1.5,1.9,1.95,,,,,,,,
,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a_rows.csv").write_text(ROWS)
    (tmp_path / "b.jsonl").write_text(json.dumps(ANSWER) + "\n{truncated\n")
    (tmp_path / "c.csv.gz").write_bytes(gzip.compress(BOXES.encode()))
    (tmp_path / "d.csv").write_text(GAMES)
    (tmp_path / "e.csv").write_text(SOCCER)
    (tmp_path / "stream.jsonl").write_text('{"op":"mcm","id":1}\n')
    return tmp_path


def imported(path) -> dict:
    out = StringIO()
    call_command("import_history", str(path), "--json", stdout=out)
    return {line["file"]: line for line in map(json.loads, out.getvalue().splitlines())}


@pytest.mark.django_db
def test_a_folder_is_imported_results_first_and_counted(folder):
    files = imported(folder)

    assert list(files) == ["d.csv", "e.csv", "c.csv.gz", "b.jsonl", "a_rows.csv", "stream.jsonl"]
    counted = {
        name: (file["rows"], file["new"], file["repeated"], file["quarantined"])
        for name, file in files.items()
    }
    assert counted == {
        "d.csv": (9, 8, 0, 1),  # event, result, four lines, two prices; one bad row
        # Two events, a result, both sides' shots, thirteen and five prices; a count that is none.
        "e.csv": (24, 23, 0, 1),
        "c.csv.gz": (4, 2, 2, 0),  # event and result are known, two box scores are new
        "b.jsonl": (3, 2, 0, 1),
        "a_rows.csv": (3, 0, 2, 1),  # the same prices as in the stored answer
        "stream.jsonl": (0, 0, 0, 0),
    }
    assert files["stream.jsonl"]["problem"] == "Betfair stream: not a format we import"
    assert FeedRun.objects.filter(outcome="succeeded").count() == 5


@pytest.mark.django_db
def test_importing_twice_gives_the_same_tables(folder):
    imported(folder)
    before = fingerprint_of_tables()
    quarantined = QuarantinedRow.objects.count()

    again = imported(folder)

    assert fingerprint_of_tables() == before
    assert {file["new"] for file in again.values()} == {0}
    assert QuarantinedRow.objects.count() == quarantined


@pytest.mark.django_db
def test_a_row_put_aside_with_its_listing_counts_as_repeated_later_and_still_waits(tmp_path):
    """Two collectors tell of one moment: the second's price is refused, once."""
    (tmp_path / "d.csv").write_text(GAMES)
    first = [line for line in ROWS.splitlines() if "draw?" not in line]
    second = [
        line.replace("x,", "y,", 1).replace("350", "360") for line in first if line[:2] == "x,"
    ]
    (tmp_path / "rows.csv").write_text("\n".join([*first, *second]) + "\n")
    told = ("new", "repeated", "quarantined", "in_quarantine")

    once, again = (imported(tmp_path)["rows.csv"] for _ in range(2))

    assert [once[name] for name in told] == [2, 1, 1, 1]
    assert [again[name] for name in told] == [0, 4, 0, 1]


@pytest.mark.django_db
def test_every_fact_counts_as_known_no_earlier_than_it_can_have_been(folder):
    imported(folder)

    event = Event.objects.get(references__key="abc")
    assert event == Event.objects.get(references__key="0022100001")
    # The odds give the start that the results file lacks.
    assert (event.starts_at, event.start_is_exact) == (
        datetime(2022, 1, 23, 0, 10, tzinfo=UTC),
        True,
    )
    next_morning = datetime(2022, 1, 23, 11, tzinfo=UTC)
    assert event.result_seen_at == next_morning
    assert {game.seen_at for game in TeamGame.objects.filter(event=event)} == {next_morning}
    counted = TeamGame.objects.filter(event__competition__key__startswith="soccer")
    # Six in the morning in Paris; what is no count is left out.
    assert list(counted.order_by("-is_home").values_list("stats", "seen_at")) == [
        ({"shots": 19, "shots_on_target": 6}, datetime(2023, 8, 7, 4, tzinfo=UTC)),
        ({"shots": 8}, datetime(2023, 8, 7, 4, tzinfo=UTC)),
    ]
    opened = ReferenceLine.objects.get(market_key="spreads", moment="open")
    assert (opened.point, opened.seen_at) == (
        Decimal("-9.00"),
        datetime(2022, 1, 22, 17, tzinfo=UTC),
    )
    close = Quote.objects.filter(bookmaker__is_archive=True)
    assert {(quote.bookmaker.key, quote.price, quote.seen_at) for quote in close} == {
        ("archive_sbr", Decimal("1.220"), datetime(2022, 1, 23, tzinfo=UTC)),
        ("archive_sbr", Decimal("4.500"), datetime(2022, 1, 23, tzinfo=UTC)),
    }
    pinnacle = PriceChange.objects.filter(
        quote__bookmaker__key="pinnacle", quote__selection__side="home"
    ).order_by("seen_at")
    assert [(change.price, change.seen_at) for change in pinnacle] == [
        (Decimal("1.310"), datetime(2023, 8, 4, 16, tzinfo=UTC)),
        (Decimal("1.280"), datetime(2023, 8, 6, 14, tzinfo=UTC)),
    ]


@pytest.mark.django_db
def test_a_promoted_club_is_made_and_sums_over_bookmakers_are_not_bookmakers(folder):
    imported(folder)

    names = Team.objects.filter(competition__key="soccer_france_ligue_one")
    assert set(names.values_list("name", flat=True)) == {"Paris Saint Germain", "Newcomers FC"}
    books = Quote.objects.filter(selection__market__event__competition__sport__key="soccer")
    assert set(books.values_list("bookmaker__key", flat=True)) == {"bet365", "pinnacle"}


@pytest.mark.django_db
def test_a_name_that_means_no_team_stops_its_file_with_the_way_out(folder):
    (folder / "a_rows.csv").write_text(ROWS.replace(",SAC,", ",Sacramento Kinks,"))

    with pytest.raises(CommandError) as stopped:
        imported(folder)

    assert str(stopped.value) == (
        "a_rows.csv: 'Sacramento Kinks' is no team of basketball_nba; like Sacramento Kings. If it"
        ' is one: scripts/manage add_alias basketball_nba "Sacramento Kinks" "Sacramento Kings"'
    )
    assert Quote.objects.filter(bookmaker__key="barstool").count() == 2  # of the other file
    call_command("add_alias", "basketball_nba", "Sacramento Kinks", "Sacramento Kings")
    assert imported(folder)["a_rows.csv"]["repeated"] == 2


@pytest.mark.django_db
def test_a_row_that_cannot_be_used_is_kept_with_its_reason(folder):
    imported(folder)

    kept = QuarantinedRow.objects.order_by("source", "pk").values_list(
        "source", "row_number", "field", "reason"
    )
    assert list(kept) == [
        ("a_rows.csv", 4, "outcome", "unknown side 'draw?'"),
        (
            "b.jsonl",
            2,
            "line",
            "no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        ("d.csv", 3, "number", "'one' is no number"),
        ("e.csv", 2, "AST", "'x' is no number"),
    ]


def test_files_are_read_without_a_database(folder):
    facts = [fact for path, form in plan_import(folder)[0] for fact in form.read(path)]

    assert sum(isinstance(fact, ParsedEvent) for fact in facts) == 4
    assert sum(isinstance(fact, ParsedResult) for fact in facts) == 3
    assert sum(len(fact.quotes) for fact in facts if isinstance(fact, ParsedSweep)) == 24


def test_a_format_is_known_by_its_header_whatever_the_name(folder):
    (folder / "soccer_E0.csv").write_text(GAMES)
    assert recognise(folder / "soccer_E0.csv").name == "NBA games"
    (folder / "notes.txt").write_text("hello")
    with pytest.raises(Unrecognised):
        recognise(folder / "notes.txt")


def test_a_bookmaker_whose_code_ends_in_c_is_not_a_close():
    header = ["VCH", "VCD", "VCA", "VCCH", "VCCD", "VCCA", "XYZH", "XYZD", "XYZA"]
    found = {(column.book, column.is_closing) for column in price_columns(header)}
    assert found == {("VC", False), ("VC", True), ("XYZ", False)}


def test_a_price_later_than_its_snapshot_was_not_seen_at_the_snapshot(tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_text(ROWS.replace("11:39:34Z", "19:20:00Z").replace("draw?", "away"))
    sweeps = [fact for fact in recognise(rows).read(rows) if isinstance(fact, ParsedSweep)]
    assert [sweep.seen_at for sweep in sweeps] == [datetime(2022, 1, 22, 19, 20, tzinfo=UTC)]


def test_prices_before_an_early_match_count_an_hour_before_it():
    early_friday = datetime(2022, 12, 30, 12, 30, tzinfo=UTC)
    assert collected_at(early_friday) == datetime(2022, 12, 30, 11, 30, tzinfo=UTC)
