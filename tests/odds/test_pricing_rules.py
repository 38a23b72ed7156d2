"""Rules and learned weights count from their moment on: the past never sees them."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.utils import DatabaseError

from odds.domain.table import NO_REFERENCE
from odds.models import Bookmaker, BookmakerWeight, PricingRule, Sport, WeightSet
from odds.selectors import latest_quotes, quotes_as_of
from odds.services import record_sweep
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


def test_what_was_in_force_is_never_changed():
    made = learned(SEEN, pinnacle=2.0)
    for row in (made, made.weights.get()):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            type(row).objects.filter(pk=row.pk).delete()


def test_a_rule_with_a_method_nobody_defined_is_refused():
    rule = PricingRule(sport=Sport.objects.get(), method="magic", reason="x", in_force_from=SEEN)
    with pytest.raises(ValidationError, match="'magic' is no margin method"):
        rule.full_clean()
