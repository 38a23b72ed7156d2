"""Rules and learned weights count from their moment on: the past never sees them."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.utils import DatabaseError

from odds.as_of import quotes_as_of
from odds.closing import capture_closes
from odds.domain.table import NO_REFERENCE
from odds.models import (
    Bookmaker,
    BookmakerWeight,
    ClosingPrice,
    Event,
    PricingRule,
    Selection,
    Sport,
    WeightSet,
)
from odds.movements import movements_of
from odds.selectors import latest_quotes
from odds.services import record_sweep
from odds.slate import SlateFilter, read_slate
from tests import make

pytestmark = pytest.mark.django_db
SEEN = make.SWEPT
START = SEEN + timedelta(days=1)


@pytest.fixture(autouse=True)
def _quotes():
    quotes = [
        make.parsed_quote(side, "1.90", bookmaker_key=book)
        for side in ("home", "away")
        for book in ("pinnacle", "draftkings")
    ]
    record_sweep(make.parsed_sweep(quotes), feed_run=make.feed_run())


def weights(at):
    table = quotes_as_of(at=at, starts_after=at, starts_before=START)
    return dict(zip(table.bookmaker_key.tolist(), table.weight.tolist(), strict=True))


def learned(at, **of_books):
    made = WeightSet.objects.create(
        sport=Sport.objects.get(), learned_at=at, target="close", hours_before=1,
        events_learned=70, events_tested=30, score_before=0.02, score_learned=0.01,
        gain_low=0.001, gain_high=0.02,
    )  # fmt: skip
    for key, weight in of_books.items():
        BookmakerWeight.objects.create(
            weight_set=made, bookmaker=Bookmaker.objects.get(key=key), weight=weight,
            events=70, error=0.01, relative=1.0, margin=0.04,
        )  # fmt: skip
    return made


def test_weights_count_from_the_moment_they_were_learned():
    noon = SEEN + timedelta(hours=1)
    learned(noon, pinnacle=2.5)
    learned(noon + timedelta(hours=1), pinnacle=3.5)
    before, then, later = (weights(noon + timedelta(minutes=m)) for m in (-1, 0, 61))
    assert before == {"pinnacle": 4.0, "draftkings": 1.0}
    assert then == {"pinnacle": 2.5, "draftkings": 1.0}
    assert later == {"pinnacle": 3.5, "draftkings": 1.0}
    table = latest_quotes(now=noon, starts_before=START)
    assert dict(zip(table.bookmaker_key, table.weight, strict=True)) == then


def test_a_book_kept_out_by_hand_stays_out_whatever_was_learned():
    Bookmaker.objects.filter(key="pinnacle").update(weight=0)
    learned(SEEN, pinnacle=2.5)
    assert weights(SEEN)["pinnacle"] == 0


def test_a_rule_counts_from_its_moment_and_a_reference_only_while_it_is_fresh():
    noon = SEEN + timedelta(minutes=10)
    PricingRule.objects.create(
        sport=Sport.objects.get(), method="power", reference_books=["pinnacle"],
        reference_minutes=30, reason="pinnacle knows", in_force_from=noon,
    )  # fmt: skip

    def rule(at):
        table = quotes_as_of(at=at, starts_after=at, starts_before=START)
        ranks = dict(zip(table.bookmaker_key, table.reference_rank, strict=True))
        return set(table.margin_method.tolist()), ranks["pinnacle"], ranks["draftkings"]

    assert rule(SEEN) == ({"shin"}, NO_REFERENCE, NO_REFERENCE)
    assert rule(noon) == ({"power"}, 1, NO_REFERENCE)
    assert rule(SEEN + timedelta(minutes=31)) == ({"power"}, NO_REFERENCE, NO_REFERENCE)


def test_the_screen_the_curve_and_the_close_go_by_the_worst_case_that_a_rule_asks_for():
    seen = SEEN + timedelta(hours=11)
    record_sweep(
        make.parsed_sweep(
            [
                make.parsed_quote(side, price, bookmaker_key=book)
                for book, prices in (
                    ("pinnacle", ("1.60", "2.50")),
                    ("draftkings", ("2.00", "1.90")),
                )
                for side, price in zip(("home", "away"), prices, strict=True)
            ],
            at=seen,
        ),
        feed_run=make.feed_run(),
    )
    PricingRule.objects.create(
        sport=Sport.objects.get(), method="shin|multiplicative", reference_books=["pinnacle"],
        reason="x", in_force_from=SEEN,
    )  # fmt: skip
    event = Event.objects.select_related("competition").get()
    selections = {each.side: each.pk for each in Selection.objects.all()}
    # By proportion for the likelier, by equal parts for the other: 0.625 and 0.4 imply 0.025 more.
    expected = {"home": 0.625 / 1.025, "away": 0.4 - 0.0125}

    screen = read_slate(SlateFilter(), now=seen)["events"][0]["lines"][0]["rows"]
    assert {row["side"]: row["fair"] for row in screen} == pytest.approx(expected)
    for side, pk in selections.items():
        moved = movements_of(event, "h2h", pk, until=seen)
        assert moved.consensus[-1] == pytest.approx(1 / expected[side], abs=0.0006)
    capture_closes(now=seen)
    closes = dict(ClosingPrice.objects.values_list("selection__side", "fair_probability"))
    assert closes == pytest.approx(expected)

    # A reference that nobody has seen for longer than the rule allows is none.
    later = seen + timedelta(minutes=61)
    assert read_slate(SlateFilter(), now=later)["events"][0]["lines"][0]["rows"][0]["fair"] < 0.6
    capture_closes(now=later)
    assert ClosingPrice.objects.get(selection__side="home").fair_probability < 0.6


def test_what_was_in_force_is_never_changed():
    made = learned(SEEN, pinnacle=2.0)
    for row in (made, made.weights.get()):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            type(row).objects.filter(pk=row.pk).delete()


def test_a_rule_with_a_method_or_a_book_that_nobody_knows_is_refused():
    rule = PricingRule(sport=Sport.objects.get(), method="magic", reason="x", in_force_from=SEEN)
    with pytest.raises(ValidationError, match="'magic' is no margin method"):
        rule.full_clean()
    rule.method, rule.reference_books = "shin|2*shin+power", ["pinnacle", "pinacle"]
    with pytest.raises(ValidationError, match="No bookmaker is called pinacle"):
        rule.full_clean()
    rule.reference_books.pop()
    rule.full_clean()
    assert rule.margins == "the lowest of shin, 2*shin+power"
