"""Stages, tags and notes: appended to a version that never changes."""

import pytest
from django.db import DatabaseError, transaction

from accounts.models import AuditEntry
from models_registry import selectors, services
from models_registry.models import ModelVersion, Promotion, Remark, StageChange
from tests.models_registry import league

NOW = league.AFTER
PREDICTOR = f"{league.KEY}-h2h"


def _stage(version: ModelVersion, stage: str, by_id: int | None = None) -> ModelVersion:
    return services.stage_version(
        version_id=version.pk, stage=stage, by_id=by_id, reason="because", now=NOW
    )


def _promote(version: ModelVersion) -> Promotion:
    return services.promote_version(version_id=version.pk, by_id=None, reason="good", now=NOW)


def _stages() -> dict[int, str]:
    return {version.number: version.stage for version in selectors.versions(predictor=PREDICTOR)}


def test_a_version_is_a_candidate_and_goes_where_it_is_put(trained, alice):
    assert _stages() == {1: "candidate"}

    assert _stage(trained, "staging", alice.pk).stage == "staging"
    _stage(trained, "staging")

    change = StageChange.objects.get()
    assert (change.before, change.stage, change.by, change.reason, change.at) == (
        "candidate",
        "staging",
        alice,
        "because",
        NOW,
    )
    assert AuditEntry.objects.get().action == "staged version: staging"


def test_the_champion_is_production_and_who_it_replaces_a_candidate(trained):
    second = league.once_more(trained)
    _stage(second, "staging")

    _promote(trained)
    assert _stages() == {1: "production", 2: "staging"}
    assert selectors.challengers(PREDICTOR) == [second]
    _promote(second)
    assert _stages() == {1: "candidate", 2: "production"}
    assert selectors.challengers(PREDICTOR) == []
    services.roll_back(predictor_key=PREDICTOR, by_id=None, reason="worse", now=NOW)

    assert _stages() == {1: "production", 2: "candidate"}
    log = StageChange.objects.order_by("pk").values_list("version__number", "before", "stage")
    assert list(log) == [
        (2, "candidate", "staging"),
        (1, "candidate", "production"),
        (1, "production", "candidate"),
        (2, "staging", "production"),
        (2, "production", "candidate"),
        (1, "candidate", "production"),
    ]


def test_each_stage_lists_its_versions_and_no_other(trained):
    others = [league.once_more(trained)]
    others.append(league.once_more(others[0]))
    _promote(trained)
    _stage(others[1], "archived")

    for stage, number in (("production", 1), ("candidate", 2), ("archived", 3)):
        assert [row.number for row in selectors.versions(stage=stage)] == [number]
    assert not selectors.versions(stage="staging")


def test_what_a_stage_does_not_allow_is_refused_with_the_remedy_and_writes_nothing(trained):
    second = league.once_more(trained)
    _promote(trained)
    _stage(second, "archived")
    before = (StageChange.objects.count(), AuditEntry.objects.count())

    for version, stage, remedy in (
        (trained, "archived", "prices; promote another version or roll back first"),
        (trained, "candidate", "prices"),
        (second, "staging", r"unarchive it first \(stage it as candidate\)"),
        (second, "production", "promote it to make it production"),
        (second, "bronze", "there are candidate, staging, production, archived"),
    ):
        with pytest.raises(services.StageRefused, match=remedy):
            _stage(version, stage)
    with pytest.raises(services.StageRefused, match="unarchive it first"):
        _promote(second)

    assert (StageChange.objects.count(), AuditEntry.objects.count()) == before
    _stage(second, "candidate")
    assert _promote(second).version == second


def test_an_archived_version_is_not_rolled_back_to(trained):
    second = league.once_more(trained)
    _promote(trained)
    _promote(second)
    _stage(trained, "archived")

    with pytest.raises(services.StageRefused, match="is archived; unarchive it first"):
        services.roll_back(predictor_key=PREDICTOR, by_id=None, reason="worse", now=NOW)

    assert selectors.champion(PREDICTOR) == second


def test_tags_come_and_go_and_stay_in_the_log(trained, alice):
    def tag(do, text):
        return do(version_id=trained.pk, tag=text, by_id=alice.pk, now=NOW)

    for text in ("reviewed", "season=2022", "reviewed"):
        tag(services.tag_version, text)
    assert tag(services.untag_version, "never") is None

    assert trained.tags == ["reviewed", "season=2022"]
    tag(services.untag_version, "reviewed")
    assert [row.tags for row in selectors.versions(tag="season=2022")] == [["season=2022"]]
    assert not selectors.versions(tag="reviewed")
    assert [row.kind for row in Remark.objects.order_by("pk")] == ["tag", "tag", "untag"]
    assert AuditEntry.objects.count() == 3


@pytest.mark.parametrize("tag", ["", "Capital", "two words", "x" * 41, "é", "-x", "a\n"])
def test_a_tag_that_nobody_could_ask_for_is_refused(trained, tag):
    with pytest.raises(services.RemarkRefused, match="use 1 to 40 of a-z"):
        services.tag_version(version_id=trained.pk, tag=tag, by_id=None, now=NOW)


@pytest.mark.parametrize("text", ["", "  \n", "a\0b", "x" * 2001])
def test_a_note_that_says_nothing_or_too_much_is_refused(trained, text):
    with pytest.raises(services.RemarkRefused, match="write 1 to 2000"):
        services.note_on_version(version_id=trained.pk, text=text, by_id=None, now=NOW)


def test_what_was_logged_cannot_be_changed(trained):
    _stage(trained, "staging")
    services.note_on_version(version_id=trained.pk, text=" Odd in May. ", by_id=None, now=NOW)

    assert Remark.objects.get().text == "Odd in May."
    for rows in (StageChange.objects, Remark.objects):
        with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
            rows.all().delete()
