"""Twenty promotions at once leave one champion and a log that says how it came to be."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from django.db import connection

from accounts.models import AuditEntry
from models_registry import artifacts as files
from models_registry import selectors
from models_registry.models import ModelVersion, Predictor, Promotion, StageChange
from models_registry.services import promotion
from models_registry.services.stages import StageRefused, stage_version
from tests.models_registry import league

THREADS = 20
# Fewer than the connection pool holds, so that all of them can be in a transaction together.
AT_ONCE = 6
NOW = datetime(2023, 7, 1, tzinfo=UTC)


@pytest.fixture
def versions(transactional_db, monkeypatch) -> list[ModelVersion]:
    """Twenty versions that pass every gate; their files are somebody else's test."""
    predictor = Predictor.objects.create(key="race-h2h", competition=league.competition())
    monkeypatch.setattr(promotion, "gates_of", lambda version: [])
    monkeypatch.setattr(files, "load", lambda *names: None)
    return [
        ModelVersion.objects.create(
            predictor=predictor, number=number, algorithm="x", created_at=NOW,
            trained_from=date(2020, 1, 1), trained_until=NOW, game_count=1, data_hash="0",
            signature=[], parameters={}, metrics={}, artifact="x", checksum="x",
            code_version="x",
        )
        for number in range(1, THREADS + 1)
    ]  # fmt: skip


def _promote_all(versions: list[ModelVersion]) -> None:
    together = threading.Barrier(len(versions))

    def promote(version: ModelVersion) -> None:
        try:
            together.wait(timeout=60)
            promotion.promote_version(version_id=version.pk, by_id=None, reason="race", now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(versions)) as pool:
        list(pool.map(promote, versions))


def _is_a_chain(log: list[Promotion]) -> bool:
    """Each entry replaced the one before it; the first replaced nobody."""
    return [entry.replaced_id for entry in log] == [None, *[entry.version_id for entry in log[:-1]]]


def test_twenty_promotions_at_once_leave_one_unbroken_log(versions):
    _promote_all(versions)

    log = list(Promotion.objects.order_by("pk"))
    assert len(log) == AuditEntry.objects.count() == THREADS
    assert _is_a_chain(log)
    assert selectors.champion("race-h2h") == log[-1].version
    assert [entry.at for entry in log] == sorted(entry.at for entry in log)


def test_the_same_version_promoted_twenty_times_at_once_is_one_promotion(versions):
    _promote_all([versions[0]] * THREADS)

    assert Promotion.objects.count() == AuditEntry.objects.count() == 1


def test_promotions_roll_backs_and_archiving_at_once_leave_one_champion_and_logs_that_agree(
    versions,
):
    """Whatever comes in between: who prices is in production, and nobody archived prices."""
    promotion.promote_version(version_id=versions[0].pk, by_id=None, reason="first", now=NOW)
    together = threading.Barrier(THREADS)
    refused = (StageRefused, promotion.NothingToRollBackTo)

    def act(number: int) -> None:
        version = versions[number]
        try:
            together.wait(timeout=60)
            with suppress(*refused):
                if number % 4 == 3:
                    promotion.roll_back(
                        predictor_key="race-h2h", by_id=None, reason="race", now=NOW
                    )
                elif number % 4 == 2:
                    stage_version(
                        version_id=versions[number - 2].pk, stage="archived", by_id=None,
                        reason="race", now=NOW,
                    )  # fmt: skip
                else:
                    promotion.promote_version(
                        version_id=version.pk, by_id=None, reason="race", now=NOW
                    )
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(act, range(THREADS)))

    assert _is_a_chain(list(Promotion.objects.order_by("pk")))
    champion = selectors.champion("race-h2h")
    # The two logs were written together: the one stage that production was given last is his.
    last = {change.version_id: change.stage for change in StageChange.objects.order_by("pk")}
    assert [pk for pk, stage in last.items() if stage == "production"] == [champion.pk]
    assert {v.pk: v.stage for v in selectors.versions() if v.pk in last} == last


def test_without_the_lock_the_race_is_real(versions, monkeypatch):
    """If this fails, the tests above prove nothing."""
    together = threading.Barrier(AT_ONCE)

    def no_lock(predictor_id: int) -> None:
        # All are past where the lock would be before any reads who the champion is.
        together.wait(timeout=60)

    monkeypatch.setattr(promotion, "lock_predictor", no_lock)

    _promote_all(versions[:AT_ONCE])

    assert not _is_a_chain(list(Promotion.objects.order_by("pk")))
