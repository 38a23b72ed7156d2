"""Everything of one person as files: asked for, made by a job, kept for a week."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet

from accounts import audit
from accounts.showing.exports import csv_of
from betting.models import TakeOut

KEPT = timedelta(days=7)
# Never leave the database, whoever asks: they open something, or are the product's own.
SECRET = {
    "password", "hashed_key", "token_hash", "secret", "session_key", "data", "salt", "content",
    "sessions_ended", "fingerprint", "request_key", "hash", "password_mark", "digest",
}  # fmt: skip
# The key of a key is its prefix and its hash.
SECRET_OF = {"accounts.ApiKey": {"id", "replaced_by_id"}}
# What a person has beyond rows that name them: how the row is theirs.
THROUGH = {
    "betting.LedgerAccount": "bankroll__owner",
    "betting.Settlement": "bet__owner",
    "betting.Commitment": "record__owner",
    "betting.QuarantinedBet": "source__owner",
    "betting.Signal": "source__owner",
}
# Whose they are is the product's business: requests that were answered, readings between two jobs.
NOT_TAKEN_OUT = {"accounts.KeptAnswer", "risk.BreakersDue", "betting.TakeOut", "mfa.Authenticator"}
OWNERS = ("owner", "user", "actor")
APPS = ("accounts", "account", "usersessions", "odds", "models_registry", "risk", "betting")


@dataclass(frozen=True)
class Table:
    """One table of a take-out: its name, its columns, and a person's rows."""

    name: str
    columns: list[str]
    rows: "QuerySet[Model, dict[str, Any]]"


def tables_of(user_id: int) -> list[Table]:
    """Return every table that has rows of a person, in a fixed order, without any secret."""
    return sorted(_tables(user_id), key=lambda table: table.name)


@transaction.atomic
def ask(*, owner_id: int, now: datetime) -> TakeOut:
    """Ask for everything of one's own; while one is being made, asking again returns that."""
    try:
        with transaction.atomic():
            asked = TakeOut.objects.create(owner_id=owner_id, asked_at=now)
    except IntegrityError:
        return TakeOut.objects.get(owner_id=owner_id, status__in=("queued", "running"))
    audit.record(
        action="asked for everything of theirs",
        subject=f"take-out {asked.pk}",
        actor_id=owner_id,
        at=now,
    )
    return asked


def make_next(*, now: datetime) -> TakeOut | None:
    """Make the oldest one that waits; None when none does. A failure is kept with it."""
    with transaction.atomic():
        asked = (
            TakeOut.objects.select_for_update(skip_locked=True)
            .filter(status="queued")
            .order_by("asked_at", "pk")
            .first()
        )
        if asked is None:
            return None
        tables = tables_of(asked.owner_id)
        asked.status, asked.total = "running", len(tables)
        asked.save(update_fields=["status", "total"])
    try:
        content, rows = _zip(asked, tables)
    except Exception as fault:
        asked.status, asked.error = "failed", type(fault).__name__
        asked.finished_at = now
        asked.save(update_fields=["status", "error", "finished_at"])
        raise
    asked.content, asked.rows, asked.done = content, rows, asked.total
    asked.status, asked.finished_at = "done", now
    asked.save(update_fields=["content", "rows", "done", "status", "finished_at"])
    return asked


def forget_old(*, now: datetime) -> int:
    """Drop the files of take-outs a week old, and end those that a killed job left; how many."""
    old = TakeOut.objects.filter(asked_at__lt=now - KEPT, content__isnull=False)
    left = TakeOut.objects.filter(status="running", asked_at__lt=now - timedelta(hours=1))
    left.update(status="failed", error="the job ended before it was made", finished_at=now)
    return old.update(content=None)


def latest_of(owner_id: int) -> TakeOut | None:
    """Return a person's last take-out, without its content."""
    return TakeOut.objects.filter(owner_id=owner_id).defer("content").first()


def content_of(owner_id: int) -> bytes | None:
    """Return the ZIP of a person's last take-out, if there is one."""
    last = TakeOut.objects.filter(owner_id=owner_id, status="done").first()
    return None if last is None or last.content is None else bytes(last.content)


def _tables(user_id: int) -> Iterator[Table]:
    yield _table("accounts.User", {"pk": user_id})
    yield _table("betting.Transfer", None, user_id)
    for model in apps.get_models():
        label = model._meta.label
        if model._meta.app_label not in APPS or label in NOT_TAKEN_OUT:
            continue
        if label in THROUGH:
            yield _table(label, {THROUGH[label]: user_id})
            continue
        names = {field.name for field in model._meta.concrete_fields}
        if owner := next((name for name in OWNERS if name in names), None):
            yield _table(label, {owner: user_id})


def _table(label: str, mine: dict[str, Any] | None, user_id: int = 0) -> Table:
    model = apps.get_model(label)
    hidden = SECRET | SECRET_OF.get(label, set())
    columns = [
        field.attname for field in model._meta.concrete_fields if field.attname not in hidden
    ]
    rows = model._default_manager.all()
    if mine is None:
        paid, got = ({f"{side}__bankroll__owner": user_id} for side in ("source", "destination"))
        rows = rows.filter(**paid) | rows.filter(**got)
    else:
        rows = rows.filter(**mine)
    return Table(model._meta.db_table, columns, rows.order_by("pk").values(*columns))


def _zip(asked: TakeOut, tables: list[Table]) -> tuple[bytes, int]:
    packed, total = io.BytesIO(), 0
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, table in enumerate(tables, 1):
            rows = list(table.rows)
            total += len(rows)
            if rows:
                archive.writestr(
                    f"{table.name}.json",
                    json.dumps(rows, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1),
                )
                archive.writestr(f"{table.name}.csv", csv_of(rows, table.columns))
            TakeOut.objects.filter(pk=asked.pk).update(done=number)
        archive.writestr("README.txt", _readme(asked, total))
    return packed.getvalue(), total


def _readme(asked: TakeOut, total: int) -> str:
    return (
        f"Everything that Fairline keeps of {asked.owner}, as of"
        f" {asked.asked_at:%Y-%m-%d %H:%M} UTC: {total} rows.\n"
        "Each table is here as JSON and as CSV. What opens something - passwords, keys, codes -"
        " is not in it.\nWords that a spreadsheet would run begin with ' in the CSV.\n"
    )
