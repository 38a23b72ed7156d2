"""Weights are learned from what came before, judged on what came after, and kept only if better."""

from datetime import timedelta
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from odds.domain.weights import (
    LEAST_WEIGHT,
    SHRINK,
    close_without,
    compare,
    outcome,
    records,
    scores_by_close,
    scores_by_result,
)
from odds.models import BookmakerWeight, Event, Sport, WeightSet
from odds.services import record_sweep
from odds.services.weights import NothingLearned, learn_weights
from tests import make


def two_way(home) -> np.ndarray:
    """Probabilities (events, books, outcomes away and home) from the home side's."""
    home = np.asarray(home, dtype=float)
    return np.stack([1 - home, home], axis=-1)


def world(events=600, seed=5):
    """Three books: one sees the truth well, one is noisy, one noisier."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 1, (events, 1))
    noise = np.array([0.02, 0.15, 0.30])
    early = truth + rng.normal(0, 1, (events, 3)) * noise
    late = truth + rng.normal(0, 1, (events, 3)) * 0.02
    as_probability = lambda x: two_way(1 / (1 + np.exp(-x)))  # noqa: E731
    result = (rng.random(events) < 1 / (1 + np.exp(-truth[:, 0]))).astype(int)
    return as_probability(early), as_probability(late), result


def test_a_book_is_judged_by_the_others_close_and_never_by_its_own():
    late = two_way([[0.5, 0.6, 0.9]])
    target = close_without(late)
    odds = np.sqrt((0.6 / 0.4) * (0.9 / 0.1))
    assert target[0, 0, 1] == pytest.approx(odds / (1 + odds))
    changed = late.copy()
    changed[0, 0] = [0.99, 0.01]
    assert close_without(changed)[0, 0] == pytest.approx(target[0, 0])
    assert np.isnan(close_without(two_way([[0.5, np.nan]]))[0, 0]).all()


def test_the_book_that_knows_more_weighs_more():
    early, late, _ = world()
    found = records(early, close_without(late))
    assert found.events.tolist() == [600, 600, 600]
    assert found.error[0] < found.error[1] < found.error[2]
    # Fifty times the error is more than the least and the most weight allow.
    assert found.weight[0] > 2.5
    assert found.weight[1:].tolist() == [LEAST_WEIGHT, LEAST_WEIGHT]


def test_a_short_record_is_shrunk_to_equal_weights():
    early, late, _ = world(events=2)
    found = records(early, close_without(late))
    raw = (2 / found.relative + SHRINK) / (2 + SHRINK)
    assert found.weight == pytest.approx(raw / raw.mean())
    nobody = records(np.full((4, 3, 2), np.nan), np.full((4, 3, 2), np.nan))
    assert nobody.weight.tolist() == [1.0, 1.0, 1.0]


def test_better_weights_are_told_from_equal_ones_on_new_events():
    early, late, result = world()
    weight = records(early[:400], close_without(late[:400])).weight
    equal = np.ones(3)
    gain = compare(
        scores_by_close(early[400:], late[400:], equal),
        scores_by_close(early[400:], late[400:], weight),
    )
    assert gain.is_better
    assert gain.new < gain.old
    worse = compare(
        scores_by_close(early[400:], late[400:], weight),
        scores_by_close(early[400:], late[400:], equal),
    )
    assert not worse.is_better
    by_result = scores_by_result(early, result, equal)
    assert by_result.mean() == pytest.approx(0.6, abs=0.1)
    assert records(early, outcome(result, early)).weight == pytest.approx(np.ones(3), abs=0.1)


# --- stored


@pytest.fixture
def history(db):
    """Eighty finished games, eight a day: a sharp book that sees the close, two follow noise."""
    rng = np.random.default_rng(2)
    for day in range(10):
        start = make.SWEPT + timedelta(days=day, hours=12)
        looks = {-180: ((0.02, 0.5, 0.5), []), -5: ((0.01, 0.01, 0.01), [])}
        events = []
        for game in range(8 * day, 8 * day + 8):
            events.append(
                make.parsed_event(
                    f"g{game}", f"Home {game}", f"Away {game}", starts_at=start, day=start.date()
                )
            )
            truth = rng.normal(0, 0.8)
            for noises, quotes in looks.values():
                for book, noise in zip(("pinnacle", "draftkings", "fanduel"), noises, strict=True):
                    home = 1 / (1 + np.exp(-(truth + rng.normal(0, noise))))
                    for side, p in (("home", home), ("away", 1 - home)):
                        quotes.append(
                            make.parsed_quote(
                                side, f"{max(1 / (p * 1.04), 1.02):.3f}",
                                bookmaker_key=book, event_key=f"g{game}",
                            )
                        )  # fmt: skip
        for minutes, (_, quotes) in looks.items():
            sweep = make.parsed_sweep(quotes, at=start + timedelta(minutes=minutes), events=events)
            record_sweep(sweep, feed_run=make.feed_run())
    for event in Event.objects.all():
        won = rng.random() < 0.5
        event.status, event.home_score, event.away_score = "finished", 100 + won, 101 - won
        event.result_seen_at = event.starts_at + timedelta(hours=3)
        event.save()
    return Event.objects.latest("starts_at").starts_at + timedelta(days=1)


def test_weights_are_learned_kept_and_in_force_from_then_on(history):
    # Equal voices until now, so that there is something to learn.
    make.Bookmaker.objects.update(weight=1.0)

    found = learn_weights(
        sport_key="basketball", target="close", lead=timedelta(hours=1), now=history
    )

    assert found.stored is not None
    assert found.comparison.is_better
    assert found.events_learned == 80
    kept = {each.bookmaker.key: each for each in found.stored.weights.select_related("bookmaker")}
    assert kept["pinnacle"].weight > 1.3 > 1 > kept["draftkings"].weight
    assert kept["pinnacle"].events == 80
    assert kept["pinnacle"].margin == pytest.approx(0.04, abs=0.003)
    # Learned again, they are no better than themselves: nothing is added.
    again = learn_weights(
        sport_key="basketball", target="close", lead=timedelta(hours=1),
        now=history + timedelta(hours=1),
    )  # fmt: skip
    assert again.stored is None
    assert WeightSet.objects.count() == 1
    # Before anything was known of these games there is nothing to learn from.
    with pytest.raises(NothingLearned, match="No finished event"):
        learn_weights(
            sport_key="basketball", target="close", lead=timedelta(hours=1), now=make.SWEPT
        )
    # The command: against results they tell nothing, unless forced with a reason.
    out = StringIO()
    call_command("learn_weights", "--sport", "basketball", "--against", "result", stdout=out)
    assert "Not kept: no better beyond chance" in out.getvalue()
    call_command(
        "learn_weights", "--sport", "basketball", "--against", "result", "--force", "a trial",
        stdout=out,
    )  # fmt: skip
    assert WeightSet.objects.latest("learned_at").forced_because == "a trial"
    assert BookmakerWeight.objects.count() == 6


def test_books_kept_out_by_hand_are_kept_out_of_the_comparison_too(history):
    make.Bookmaker.objects.exclude(key="pinnacle").update(weight=0)
    found = learn_weights(
        sport_key="basketball", target="close", lead=timedelta(hours=1), now=history
    )
    # One book speaks, before and after: there is nothing to gain, whatever the others' records.
    assert found.comparison.new == pytest.approx(found.comparison.old)
    assert found.stored is None


@pytest.mark.django_db
def test_the_command_says_what_is_missing():
    with pytest.raises(CommandError, match="--sport cricket: unknown; there are none yet"):
        call_command("learn_weights", "--sport", "cricket")
    Sport.objects.create(key="cricket", title="Cricket")
    with pytest.raises(CommandError, match="No finished event of this sport has a price"):
        call_command("learn_weights", "--sport", "cricket")
    with pytest.raises(CommandError, match="--hours 0: use more than 0"):
        call_command("learn_weights", "--sport", "cricket", "--hours", "0")
