"""Keys that triggers hold: what has no parent is refused, and no parent is ever taken away."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from odds.models import Bookmaker, Event, Market, PriceChange, Quote, Selection
from tests import make

pytestmark = pytest.mark.django_db


def run(statement: str, *given: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, given)


def test_a_change_of_no_quote_is_refused_with_all_that_came_with_it():
    quote = make.priced()
    rows = "INSERT INTO odds_pricechange (quote_id, price, seen_at) VALUES (%s, 2, %s), (%s, 2, %s)"

    with pytest.raises(IntegrityError, match="quote_id is in no row of odds_quote"):
        run(rows, quote.pk, make.NOON, quote.pk + 1, make.NOON)

    assert not PriceChange.objects.exists()


@pytest.mark.parametrize("missing", ["selection", "bookmaker"])
def test_a_quote_of_no_selection_or_bookmaker_is_refused(missing):
    quote = make.priced()
    keys = {"selection": quote.selection_id, "bookmaker": quote.bookmaker_id}
    keys[missing] += 1

    with pytest.raises(IntegrityError, match=f"{missing}_id is in no row"):
        run(
            "INSERT INTO odds_quote (selection_id, bookmaker_id, seen_at) VALUES (%s, %s, %s)",
            keys["selection"], keys["bookmaker"], make.NOON,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        ("INSERT INTO odds_market (event_id, key) VALUES (%s, 'x')", "event_id"),
        ("INSERT INTO odds_selection (market_id, side) VALUES (%s, 'home')", "market_id"),
        (
            "INSERT INTO odds_sighting (event_id, market_key, seen_at, fingerprint)"
            " VALUES (%s, 'h2h', now(), 1)",
            "event_id",
        ),
        (
            "INSERT INTO odds_marketlook (market_id, bookmaker_ids, looked_at, last_update)"
            " VALUES (%s, '{}', '{}', '{}')",
            "market_id",
        ),
    ],
)
def test_what_hangs_on_no_event_or_market_is_refused(db, statement, missing):
    with pytest.raises(IntegrityError, match=f"{missing} is in no row"):
        run(statement, 10**9)


@pytest.mark.parametrize("model", [Quote, Selection, Market, Event, Bookmaker])
def test_what_they_point_at_cannot_be_deleted(model):
    make.priced()

    with pytest.raises(DatabaseError, match="Cannot delete"):
        run("DELETE FROM " + model._meta.db_table)  # noqa: S608 - our own names

    assert model.objects.count() == 1


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("odds_quote", ["id", "selection_id", "bookmaker_id"]),
        ("odds_selection", ["id", "market_id"]),
        ("odds_market", ["id", "event_id"]),
    ],
)
def test_a_price_stays_with_what_it_is_of(table, columns):
    make.priced()

    for column in columns:
        with pytest.raises(DatabaseError, match="Cannot update"):
            run(f"UPDATE {table} SET {column} = {column} + 1")  # noqa: S608
