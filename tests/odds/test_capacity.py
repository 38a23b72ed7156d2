"""A plan is what was measured, and what gives first is what gives first."""

import json
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from odds.domain.capacity import Volume, plan

# bench/bench_ingest.py: 500 events, 20 bookmakers, three markets of two sides, eight sweeps of
# which all but the first moved 8 % of the prices. Counted in the database afterwards.
MEASURED = Volume(events=500, books=20, markets=3, sweeps=8, days_ahead=1)
CHANGES, BYTES = 93_386, 9_715_712
MUCH = {"credits": 10**9, "disk": 10**15, "cores": 10**6}


def test_a_plan_comes_within_one_percent_of_a_measured_point():
    found = plan(MEASURED, credits_a_sweep=6, **MUCH)

    assert found.quotes_a_sweep == 60_000
    assert found.changes_a_day == pytest.approx(CHANGES, rel=0.01)
    assert found.bytes_a_day == pytest.approx(BYTES, rel=0.01)


@pytest.mark.parametrize(
    ("there", "first"),
    [
        ({"credits": 100}, "credits"),
        ({"disk": 10**6}, "disk"),
        ({"cores": 2, "credits": 10**12}, "time of a sweep"),
        ({"cores": 1, "credits": 10**12}, "cores"),
    ],
)
def test_what_there_is_least_of_gives_first(there, first):
    large = replace(MEASURED, events=5_000_000) if "cores" in there else MEASURED

    found = plan(large, credits_a_sweep=6, **(MUCH | there))

    assert found.first_bottleneck.startswith(first)


def test_workers_and_credits_grow_with_the_volume():
    found = plan(replace(MEASURED, sweeps=1440).times(100), credits_a_sweep=6, **MUCH)

    # 8.64 thousand million prices a day, at 25,000 a second and seven tenths busy.
    assert found.feed_workers == 6
    assert found.credits_a_month == 1440 * 6 * 30


@pytest.mark.django_db
def test_the_command_says_it_and_names_a_number_that_cannot_be(capsys):
    call_command("capacity", "--events", "500", "--days-ahead", "1", "--sweeps", "8", "--json")

    said = json.loads(capsys.readouterr().out)
    assert said["plan"]["quotes_a_day"] == 480_000
    assert said["at_100_times"]["quotes_a_day"] == 48_000_000
    with pytest.raises(CommandError, match="moved"):
        call_command("capacity", "--moved", "2")
