"""What people impose on themselves: less at once, more slowly, and an end never early."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from zoneinfo import ZoneInfo

import pgtrigger
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from betting.services.placement import StakeRefused
from betting.services.settlement import settle_bet
from risk.models import Exclusion, PersonalAsked, PersonalLimit, TimeSpent
from risk.personal import minutes_here, personal_limits_of, presence_of
from risk.selectors import exclusion_of
from risk.services.personal import (
    ExclusionRefused,
    NotYet,
    acknowledge_check,
    confirm_raise,
    exclude,
    note_presence,
    set_personal_limit,
    withdraw_raise,
)
from tests import make

DAY = timedelta(days=1)


def limit(owner, kind: str, period: str, amount: str | None, *, now=None):
    return set_personal_limit(
        owner_id=owner.pk,
        kind=kind,
        period=period,
        amount=None if amount is None else Decimal(amount),
        now=now or timezone.now(),
    )


def refused(owner, quote, stake: str = "10.00") -> list[str]:
    with pytest.raises(StakeRefused) as refusal:
        make.place(owner, quote, stake)
    return [breach.rule for breach in refusal.value.breaches]


def test_stakes_and_losses_over_time_bind_the_next_stake(alice):
    make.bankroll(alice)
    limit(alice, "stake", "week", "25.00")
    make.place(alice, make.priced(game=1), "15.00")

    second = make.priced(game=2)
    assert refused(alice, second, "10.01") == ["stake_week"]
    limit(alice, "loss", "month", "20.00")
    assert refused(alice, second, "5.01") == ["loss_month"], "at risk counts as lost"
    make.place(alice, second, "5.00")


def test_losses_count_and_wins_make_room_for_losses_only(alice):
    make.bankroll(alice)
    limit(alice, "loss", "day", "15.00")
    first = make.place(alice, make.priced(game=1), "10.00")
    settle_bet(bet_id=first.pk, result="lost", now=make.NOON)

    assert refused(alice, make.priced(game=2), "5.01") == ["loss_day"]
    second = make.place(alice, make.priced(game=3), "5.00")
    settle_bet(bet_id=second.pk, result="won", now=make.NOON)
    make.place(alice, make.priced(game=4), "10.00")


def test_less_holds_at_once_more_waits_a_day_and_wants_a_second_yes(alice):
    limit(alice, "stake", "day", "50.00")
    limit(alice, "stake", "day", "20.00")
    assert personal_limits_of(alice.pk) == {("stake", "day"): Decimal("20.00")}

    asked = limit(alice, "stake", "day", "30.00")

    assert personal_limits_of(alice.pk) == {("stake", "day"): Decimal("20.00")}
    with pytest.raises(NotYet, match="a day after"):
        confirm_raise(owner_id=alice.pk, asked_id=asked.pk, now=timezone.now())
    # Nor does the database believe a clock set ahead.
    with pytest.raises(DatabaseError, match="waits 24 hours"), transaction.atomic():
        confirm_raise(owner_id=alice.pk, asked_id=asked.pk, now=timezone.now() + DAY * 2)
    a_day_ago(asked)
    confirm_raise(owner_id=alice.pk, asked_id=asked.pk, now=timezone.now())
    assert personal_limits_of(alice.pk) == {("stake", "day"): Decimal("30.00")}
    with pytest.raises(NotYet, match="Nothing waits"):
        withdraw_raise(owner_id=alice.pk, asked_id=asked.pk, now=timezone.now())


def a_day_ago(asked: PersonalAsked) -> None:
    """Let a day pass: in the database, since nothing else may."""
    with pgtrigger.ignore(
        "risk.PersonalAsked:what_was_asked_never_changes",
        "risk.PersonalLimit:personal_limits_are_append_only",
    ):
        PersonalAsked.objects.filter(pk=asked.pk).update(
            asked_at=timezone.now() - DAY * 1.5, ready_at=timezone.now() - DAY / 2
        )
        PersonalLimit.objects.update(since=timezone.now() - DAY * 2)


def test_lowering_takes_back_what_was_asked_and_no_limit_is_a_raise(alice):
    limit(alice, "time", "day", "60")
    asked = limit(alice, "time", "day", None)
    assert isinstance(asked, PersonalAsked)

    limit(alice, "time", "day", "30")

    asked.refresh_from_db()
    assert asked.withdrawn_at is not None
    with pytest.raises(NotYet):
        confirm_raise(owner_id=alice.pk, asked_id=asked.pk, now=timezone.now() + DAY * 3)


@pytest.mark.parametrize(
    "cheat",
    [
        "INSERT INTO risk_personallimit (owner_id, kind, period, amount, since)"
        " VALUES (%s, 'stake', 'day', 1000, now())",
        "UPDATE risk_personallimit SET amount = 1000 WHERE owner_id = %s",
        "DELETE FROM risk_personallimit WHERE owner_id = %s",
        "UPDATE risk_exclusion SET until = now() WHERE owner_id = %s",
        "DELETE FROM risk_exclusion WHERE owner_id = %s",
        "TRUNCATE risk_exclusion -- %s",
        "INSERT INTO risk_exclusion (owner_id, kind, since, until)"
        " VALUES (%s, 'self_exclusion', now(), now() + interval '10 days')",
    ],
)
def test_the_database_refuses_to_allow_more_or_to_end_it_early(alice, cheat):
    limit(alice, "stake", "day", "10.00")
    half_a_year = timedelta(days=183)
    exclude(owner_id=alice.pk, kind="self_exclusion", length=half_a_year, now=timezone.now())

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(cheat, [alice.pk] if "%s" in cheat else None)

    assert exclusion_of(alice.pk) is not None
    assert personal_limits_of(alice.pk) == {("stake", "day"): Decimal("10.00")}


def test_a_day_has_24_hours_also_where_clocks_go_forward(alice):
    """By a local clock it was one short, which the database refused: no time-out began."""
    now = datetime(2027, 3, 28, 0, 10, tzinfo=ZoneInfo("Europe/Madrid"))

    exclusion = exclude(owner_id=alice.pk, kind="time_out", length=DAY, now=now)
    limit(alice, "stake", "day", "10.00", now=now)
    asked = limit(alice, "stake", "day", "20.00", now=now)

    assert exclusion.until == now.astimezone(UTC) + DAY
    assert asked.ready_at == now.astimezone(UTC) + DAY


def test_who_keeps_away_stakes_nothing_and_a_shorter_one_shortens_nothing(alice, bob):
    make.bankroll(alice)
    now = timezone.now()
    held = exclude(owner_id=alice.pk, kind="self_exclusion", length=None, now=now)
    shorter = exclude(owner_id=alice.pk, kind="self_exclusion", length=timedelta(days=200), now=now)
    assert shorter == held
    exclude(owner_id=alice.pk, kind="time_out", length=DAY, now=now)

    assert refused(alice, make.priced()) == ["excluded"]
    assert exclusion_of(alice.pk).until is None, "the one that ends last"
    assert exclusion_of(bob.pk) is None
    assert Exclusion.objects.count() == 2
    for kind, length in (("time_out", DAY * 43), ("time_out", None), ("self_exclusion", DAY * 182)):
        with pytest.raises(ExclusionRefused, match="length"):
            exclude(owner_id=bob.pk, kind=kind, length=length, now=now)


def test_time_here_is_counted_without_pauses_and_ends_stakes(alice):
    make.bankroll(alice)
    limit(alice, "time", "day", "30")
    # At noon, so that no minute of it belongs to the day before.
    noon = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)
    for minute in (0, 8, 16, 24, 29):
        here = note_presence(owner_id=alice.pk, now=noon + timedelta(minutes=minute))
    assert here.since == noon
    assert minutes_here(alice.pk)["day"] == 29
    make.place(alice, make.priced(), "5.00")
    note_presence(owner_id=alice.pk, now=noon + timedelta(minutes=30))

    assert refused(alice, make.priced(game=2)) == ["time_day"]
    after = noon + timedelta(minutes=45)
    assert note_presence(owner_id=alice.pk, now=after).since == after, "that was a pause"
    assert TimeSpent.objects.get().seconds == 1800


@pytest.mark.django_db(transaction=True)
def test_two_pages_at_once_count_the_time_between_once(alice):
    noon = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)
    together = Barrier(8)

    def looks(minute: int):
        together.wait()
        try:
            return note_presence(owner_id=alice.pk, now=noon + timedelta(minutes=minute))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        for minute in (0, 5, 9):
            assert {here.since for here in pool.map(looks, [minute] * 8)} == {noon}

    assert TimeSpent.objects.get().seconds == 9 * 60
    assert presence_of(alice.pk).last_at == noon + timedelta(minutes=9)


def test_a_reality_check_comes_when_due_and_counts_anew(alice, client):
    client.force_login(alice)
    begun = timezone.now() - timedelta(minutes=70)
    note_presence(owner_id=alice.pk, now=begun)
    for minutes in range(9, 70, 9):
        note_presence(owner_id=alice.pk, now=begun + timedelta(minutes=minutes))

    page = client.get("/risk/").content.decode()

    assert "You are here for" in page
    assert client.post("/risk/reality-check/", {"next": "/risk/"}).status_code == 302
    assert "You are here for" not in client.get("/risk/").content.decode()
    acknowledge_check(owner_id=alice.pk, now=timezone.now())
    assert presence_of(alice.pk).since == begun
