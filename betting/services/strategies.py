"""Make, change, switch and put away strategies; every change is a version."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from accounts import audit
from accounts.models import User
from betting.domain.configuration import Configuration
from betting.domain.rules import check_configuration
from betting.models import Strategy

SHARP = (
    "pinnacle",
    "circasports",
    "betfair_ex_eu",
    "betfair_ex_uk",
    "betfair_ex_au",
    "betfair",
    "matchbook",
    "lowvig",
    "betonlineag",
    "sim_exchange",
)


@dataclass(frozen=True, slots=True)
class Preset:
    """A strategy we ship, and whether it is switched on at first."""

    key: str
    title: str
    configuration: Configuration
    is_active: bool = False


PRESETS = (
    Preset("consensus", "Market consensus", Configuration(), is_active=True),
    # As much of the model as its record earns.
    Preset(
        "blend", "Consensus and champion model", Configuration(model_weight=1.0), is_active=True
    ),
    Preset("sharp", "Sharp reference", Configuration(reference_books=SHARP, min_books=2)),
    Preset("model", "Model alone", Configuration(rule="model_only", model_weight=1.0)),
    Preset(
        "arbitrage",
        "Arbitrage",
        Configuration(
            rule="arbitrage",
            min_edge=0.005,
            max_edge=0.05,
            min_books=2,
            min_price=1.01,
            max_price=50.0,
        ),
    ),
    Preset(
        "published-consensus",
        "Best price against the average",
        Configuration(
            rule="published_consensus",
            min_edge=0.0,
            max_edge=0.5,
            min_books=2,
            min_price=1.01,
            max_price=100.0,
        ),
    ),
)


class NoSuchStrategy(Exception):
    """None of that key that this person sees."""


class NotYours(Exception):
    """Somebody else's strategy, or a shared one that only an operator changes."""


class CannotChange(Exception):
    """Why a strategy stays as it is, and what to do."""


def ensure_strategies() -> None:
    """Make the strategies we ship, where they are missing. A changed one is left as it is."""
    there = set(Strategy.objects.values_list("key", flat=True))
    for preset in PRESETS:
        if preset.key not in there:
            Strategy.objects.get_or_create(
                key=preset.key,
                defaults={
                    "title": preset.title,
                    "configuration": preset.configuration.to_json(),
                    "is_active": preset.is_active,
                    "change_note": "As shipped.",
                },
            )


def read_configuration(content: Mapping[str, Any]) -> Configuration:
    """Read a configuration in full: its fields, its rule, and what the rule alone understands.

    Raises:
        BadConfiguration: naming the field, its value and the remedy.
    """
    configuration = Configuration.from_json(content)
    check_configuration(configuration)
    return configuration


@transaction.atomic
def make_strategy(
    *, title: str, content: Mapping[str, Any], by: User, is_shared: bool, now: datetime
) -> Strategy:
    """Make a strategy, switched off: one's own, or a shared one if one is an operator.

    Raises:
        NotYours: to whoever shares one and is no operator.
        BadConfiguration: naming the field, its value and the remedy.
        CannotChange: if the title is empty.
    """
    if is_shared and not by.is_staff:
        raise NotYours("Only an operator makes a strategy for everybody; make one of your own.")
    if not title.strip():
        raise CannotChange("title: say what it is called, such as Sharp totals.")
    configuration = read_configuration(content)
    made = Strategy.objects.create(
        key=_free_key(title),
        title=title.strip()[:64],
        owner=None if is_shared else by,
        configuration=configuration.to_json(),
        changed_by=by,
        changed_at=now,
        change_note="Made.",
        is_active=False,
    )
    _audit("made strategy", made, by, now)
    return made


@transaction.atomic
def change_strategy(
    *,
    key: str,
    by: User,
    now: datetime,
    content: Mapping[str, Any],
    title: str | None = None,
    note: str = "",
    was: int | None = None,
) -> Strategy:
    """Change what a strategy is; a changed configuration is its next version.

    `was` is the version that the change was made from: another in force since is not overwritten.
    The same configuration again makes no version.

    Raises:
        NoSuchStrategy: if there is none that this person sees.
        NotYours: if it is not theirs to change.
        BadConfiguration: naming the field, its value and the remedy.
        CannotChange: if it is archived, or was changed meanwhile.
    """
    strategy = _mine(key, by)
    if strategy.archived_at is not None:
        raise CannotChange(f"{strategy.title} is archived; bring it back to change it.")
    if was is not None and was != strategy.version:
        raise CannotChange(
            f"version: {strategy.title} is at version {strategy.version} by now, and this was made "
            f"from {was}; look at what changed and do it again."
        )
    before = Configuration.from_json(strategy.configuration).to_json()
    after = read_configuration(content).to_json()
    if title is not None and title.strip():
        strategy.title = title.strip()[:64]
    if before != after:
        strategy.configuration = after
        strategy.changed_by, strategy.changed_at, strategy.change_note = by, now, note[:200]
    strategy.save()
    strategy.refresh_from_db(fields=["version"])
    changed = {
        name: [before.get(name), value]
        for name, value in after.items()
        if before.get(name) != value
    }
    if changed:
        _audit("changed strategy", strategy, by, now, {"changed": changed, "note": note[:200]})
    return strategy


@transaction.atomic
def switch_strategy(*, key: str, is_active: bool, by: User, now: datetime) -> Strategy:
    """Switch a strategy on or off: one that is off looks for nothing and what it found ends.

    Raises:
        NoSuchStrategy, NotYours, CannotChange: as `change_strategy`.
    """
    strategy = _mine(key, by)
    if is_active and strategy.archived_at is not None:
        raise CannotChange(f"{strategy.title} is archived; bring it back first.")
    if strategy.is_active != is_active:
        strategy.is_active = is_active
        strategy.save(update_fields=["is_active"])
        _audit("switched strategy on" if is_active else "switched strategy off", strategy, by, now)
    return strategy


@transaction.atomic
def archive_strategy(*, key: str, is_archived: bool, by: User, now: datetime) -> Strategy:
    """Put a strategy away, switched off, with all its versions; or bring it back, still off.

    Raises:
        NoSuchStrategy, NotYours: as `change_strategy`.
    """
    strategy = _mine(key, by)
    if (strategy.archived_at is not None) != is_archived:
        strategy.archived_at = now if is_archived else None
        strategy.is_active = False
        strategy.save(update_fields=["archived_at", "is_active"])
        _audit("archived strategy" if is_archived else "brought strategy back", strategy, by, now)
    return strategy


@transaction.atomic
def follow_strategy(*, key: str, follows: bool, by: User, now: datetime) -> Strategy:
    """Have a strategy place paper bets for oneself, or no longer.

    Raises:
        NoSuchStrategy: if there is none that this person sees.
        CannotChange: if it is archived.
    """
    strategy = _seen(key, by)
    if follows and strategy.archived_at is not None:
        raise CannotChange(f"{strategy.title} is archived; nothing comes of following it.")
    if follows != strategy.followers.filter(pk=by.pk).exists():
        (strategy.followers.add if follows else strategy.followers.remove)(by)
        _audit("followed strategy" if follows else "unfollowed strategy", strategy, by, now)
    return strategy


def _seen(key: str, by: User) -> Strategy:
    strategy = Strategy.objects.select_for_update().filter(key=key).first()
    # Somebody else's is as if it were not there.
    if strategy is None or strategy.owner_id not in (None, by.pk):
        raise NoSuchStrategy(f"There is no strategy {key!r}.")
    return strategy


def _mine(key: str, by: User) -> Strategy:
    strategy = _seen(key, by)
    if strategy.owner_id is None and not by.is_staff:
        raise NotYours(
            f"{strategy.title} is everybody's, and only an operator changes it; copy it instead."
        )
    return strategy


def _free_key(title: str) -> str:
    stem = slugify(title)[:40] or "strategy"
    # `new` is the page that makes one.
    alike = Strategy.objects.filter(key__startswith=stem).values_list("key", flat=True)
    taken = {"new", *alike}
    number = 1
    key = stem
    while key in taken:
        number += 1
        key = f"{stem}-{number}"
    return key


def _audit(
    action: str, strategy: Strategy, by: User, now: datetime, detail: dict[str, Any] | None = None
) -> None:
    audit.record(
        action=action,
        subject=f"strategy {strategy.key}",
        actor_id=by.pk,
        at=now,
        detail={"version": strategy.version} | (detail or {}),
    )
