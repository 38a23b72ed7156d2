"""What a version is used for, and what people say about it: appended, the version never changes."""

import re
from datetime import datetime

from django.db import transaction

from accounts import audit
from models_registry import selectors
from models_registry.fitness import why_not_staged
from models_registry.models import ModelVersion, Predictor, Remark, StageChange

TAG = re.compile(r"[a-z0-9][a-z0-9._=-]{0,39}", re.ASCII)
LONGEST_NOTE = 2000


class StageRefused(Exception):
    """A stage that a version may not go to from where it is, with the remedy."""


class RemarkRefused(Exception):
    """A tag or a note that cannot be kept, with the remedy."""


def lock_predictor(predictor_id: int) -> None:
    """Hold the predictor's row: one change of champion or stage at a time."""
    Predictor.objects.select_for_update().get(pk=predictor_id)


def stage_version(
    *, version_id: int, stage: str, by_id: int | None, reason: str, now: datetime
) -> ModelVersion:
    """Put a version in a stage: candidate, staging (it predicts in shadow) or archived.

    Production is for promotion alone. An archived version goes to candidate first, the champion
    nowhere until another prices. Asking for the stage it has writes nothing.

    Raises:
        ModelVersion.DoesNotExist: if there is no such version.
        StageRefused: naming the stage it has and the remedy.
    """
    with transaction.atomic():
        predictor_id = ModelVersion.objects.values_list("predictor_id", flat=True).get(
            pk=version_id
        )
        lock_predictor(predictor_id)
        version = selectors.versions().get(pk=version_id)
        if stage == version.stage:
            return version
        if refusal := why_not_staged(version, stage):
            raise StageRefused(refusal)
        log_stage(version, version.stage, stage, by_id=by_id, reason=reason, at=now)
        audit.record(
            action=f"staged version: {stage}",
            subject=str(version),
            actor_id=by_id,
            detail={"reason": reason, "before": version.stage},
            at=now,
        )
        return selectors.versions().get(pk=version_id)


def log_stage(
    version: ModelVersion, before: str, stage: str, *, by_id: int | None, reason: str, at: datetime
) -> None:
    """Append to the log of stages, if it is a change."""
    if before != stage:
        StageChange.objects.create(
            version=version, before=before, stage=stage, by_id=by_id, reason=reason, at=at
        )


def tag_version(*, version_id: int, tag: str, by_id: int | None, now: datetime) -> Remark | None:
    """Put a tag on a version; None, and nothing written, if it has it.

    Raises:
        ModelVersion.DoesNotExist: if there is no such version.
        RemarkRefused: if the tag is not 1 to 40 of a-z, 0-9, dot, dash, underscore and =.
    """
    return _tagged(version_id, tag, Remark.Kind.TAG, by_id=by_id, now=now)


def untag_version(*, version_id: int, tag: str, by_id: int | None, now: datetime) -> Remark | None:
    """Take a tag off a version; None, and nothing written, if it has it not.

    Raises:
        As tag_version.
    """
    return _tagged(version_id, tag, Remark.Kind.UNTAG, by_id=by_id, now=now)


def note_on_version(*, version_id: int, text: str, by_id: int | None, now: datetime) -> Remark:
    """Add a note about a version, which stays for ever.

    Raises:
        ModelVersion.DoesNotExist: if there is no such version.
        RemarkRefused: if it is empty, longer than 2,000 characters or holds a NUL.
    """
    text = text.strip()
    if not text or len(text) > LONGEST_NOTE or "\0" in text:
        raise RemarkRefused(
            f"note of {len(text)} characters: write 1 to {LONGEST_NOTE}, without NUL"
        )
    with transaction.atomic():
        version = ModelVersion.objects.select_related("predictor").get(pk=version_id)
        return _remark(version, Remark.Kind.NOTE, text, by_id=by_id, now=now)


def _tagged(
    version_id: int, tag: str, kind: Remark.Kind, *, by_id: int | None, now: datetime
) -> Remark | None:
    if not TAG.fullmatch(tag):
        raise RemarkRefused(
            f"tag {tag!r}: use 1 to 40 of a-z, 0-9, dot, dash, underscore and =, such as reviewed"
        )
    with transaction.atomic():
        version = ModelVersion.objects.select_related("predictor").get(pk=version_id)
        lock_predictor(version.predictor_id)
        if (tag in version.tags) == (kind == Remark.Kind.TAG):
            return None
        return _remark(version, kind, tag, by_id=by_id, now=now)


def _remark(
    version: ModelVersion, kind: Remark.Kind, text: str, *, by_id: int | None, now: datetime
) -> Remark:
    audit.record(
        action={"tag": "tagged version", "untag": "took tag off version"}.get(
            kind, "noted on version"
        ),
        subject=str(version),
        actor_id=by_id,
        detail={"text": text},
        at=now,
    )
    return Remark.objects.create(version=version, kind=kind, text=text, by_id=by_id, at=now)
