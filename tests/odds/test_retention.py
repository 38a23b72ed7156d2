"""Old months go as a whole; what a bet, a close or a coming event rests on stays."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from betting.services.keeping import drop_unneeded_prices
from models_registry.models import ModelVersion, Prediction, Predictor
from odds.models import ClosingPrice, Event, PriceChange, Quote, Sighting
from odds.selectors import line_movement
from odds.services import Dropped, drop_old_prices, record_sweep
from odds.services.retention import months_before
from tests import make

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 15, 0, 10, tzinfo=UTC)
LATER = datetime(2027, 3, 10, tzinfo=UTC)
SEEN = (
    datetime(2025, 12, 30, tzinfo=UTC),
    START - timedelta(days=2),
    START - timedelta(hours=1),
    START + timedelta(hours=1),
)


def record(price: str, at: datetime) -> None:
    quotes = [make.parsed_quote("home", price), make.parsed_quote("away", "2.75")]
    record_sweep(make.parsed_sweep(quotes, at=at), feed_run=make.feed_run())


@pytest.fixture
def event(db) -> Event:
    """Prices of December and January; the last one comes after the start."""
    # Tests that commit leave their months behind, empty.
    with connection.cursor() as cursor:
        for month in months_before(datetime(2100, 1, 1, tzinfo=UTC)):
            cursor.execute(f"DROP TABLE {month}")
    for price, at in zip(("1.40", "1.45", "1.48", "1.80"), SEEN, strict=True):
        record(price, at)
    return Event.objects.get()


def left() -> list:
    rows = PriceChange.objects.filter(quote__selection__side="home").order_by("seen_at")
    return [str(price) for price in rows.values_list("price", flat=True)]


def test_months_before_the_last_whole_ones_are_dropped_with_their_looks(event):
    dropped = drop_old_prices(now=LATER, months=6, kept_events=[])

    assert dropped == Dropped(("odds_pricechange_2025_12", "odds_pricechange_2026_01"), 0, 4)
    assert not PriceChange.objects.exists()
    assert not Sighting.objects.exists()
    assert str(Quote.objects.get(selection__side="home").price) == "1.800"
    assert drop_old_prices(now=LATER, months=6, kept_events=[]) == Dropped()


def test_nothing_goes_for_ever_or_while_it_is_young(event):
    assert drop_old_prices(now=LATER, months=0, kept_events=[]) == Dropped()
    assert drop_old_prices(now=START + timedelta(days=40), months=2, kept_events=[]) == Dropped()
    assert months_before(datetime(2026, 1, 1, tzinfo=UTC)) == ["odds_pricechange_2025_12"]
    assert len(left()) == 4


def test_a_month_is_kept_to_its_last_day(event):
    drop_old_prices(now=datetime(2026, 2, 1, tzinfo=UTC), months=1, kept_events=[])

    # An event that starts later than what is dropped may still be bet on.
    assert left() == ["1.400", "1.450", "1.480", "1.800"]


def test_what_a_close_was_made_of_stays(event):
    home = Quote.objects.get(selection__side="home").selection
    ClosingPrice.objects.create(
        selection=home, fair_probability=0.65, method="shin", book_count=1, is_final=True,
        last_update=START, age=timedelta(0), captured_at=START,
    )  # fmt: skip

    dropped = drop_old_prices(now=LATER, months=6, kept_events=[])

    assert (dropped.rows_kept, left()) == (1, ["1.480"])
    moves = line_movement(Event.objects.get().pk, until=LATER)
    assert moves.price.tolist() == [1.48]


def test_what_was_dropped_comes_back_by_importing_it_again(event):
    before = left()
    home = Quote.objects.get(selection__side="home").selection
    ClosingPrice.objects.create(
        selection=home, fair_probability=0.65, method="shin", book_count=1, is_final=True,
        last_update=START, age=timedelta(0), captured_at=START,
    )  # fmt: skip
    drop_old_prices(now=LATER, months=6, kept_events=[])

    for price, at in zip(before, SEEN, strict=True):
        record(price, at)

    assert left() == before
    assert str(Quote.objects.get(selection__side="home").price) == "1.800"


def test_every_price_of_an_event_with_a_bet_stays(event):
    quote = make.priced("2.000")
    owner = make.user()
    make.bankroll(owner)
    bet = make.place(owner, quote)
    PriceChange.objects.create(quote=quote, price=Decimal("2"), seen_at=make.NOON)

    dropped = drop_unneeded_prices(now=LATER, months=6)

    assert dropped.rows_kept == 1
    assert list(PriceChange.objects.values_list("quote__selection_id", flat=True)) == [
        bet.selection_id
    ]
    # A later record of the month finds its way.
    record("1.52", START - timedelta(minutes=30))
    assert "1.520" in left()


def test_every_price_of_an_event_with_a_prediction_stays(event):
    predictor = Predictor.objects.create(key="nba-h2h", competition=event.competition)
    version = ModelVersion.objects.create(
        predictor=predictor, number=1, algorithm="xgboost", created_at=SEEN[0],
        trained_from=SEEN[0].date(), trained_until=SEEN[0], game_count=1, data_hash="d",
        signature=[], parameters={}, metrics={}, artifact="a", checksum="c", code_version="1",
    )  # fmt: skip
    Prediction.objects.create(
        event=event, version=version, as_of=SEEN[1], made_at=SEEN[1], home_probability=0.6,
        features={},
    )  # fmt: skip
    before = left()

    dropped = drop_unneeded_prices(now=LATER, months=6)

    assert left() == before
    assert dropped.rows_kept == PriceChange.objects.count()


def test_the_command_says_what_it_did_and_refuses_nonsense(event):
    out = StringIO()
    call_command("drop_old_prices", "--months", "1", stdout=out)
    assert out.getvalue().startswith("Dropped 2 months (odds_pricechange_2025_12 to ")
    with pytest.raises(CommandError, match="months kept must be 0"):
        call_command("drop_old_prices", "--months", "-1")
