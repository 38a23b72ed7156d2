"""The card of a model version: what it is, what it was made from, how good, where it ends.

Everything on it is recorded, so a card can be made of any version at any time; only what is said of
now (stage, drift, what it served) changes.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from models_registry import serving
from models_registry.artifacts import ArtifactRefused
from models_registry.describing import entry_of, named
from models_registry.domain.reach import WITHIN
from models_registry.fitness import pauses_in_force, why_expired
from models_registry.life import log_of
from models_registry.models import DriftReport, ModelVersion, Prediction, Refusal

FIGURES = {
    "log_loss": "Log loss",
    "brier": "Brier score",
    "rps": "RPS",
    "accuracy": "Accuracy",
    "calibration_error": "Calibration error",
}
WHO = {"model": "This version", "elo": "Elo", "close": "Market close"}
# What no recipe here reads.
BLIND = "It knows nothing of injuries, line-ups, suspensions, referees, weather or motivation."


def card_of(version: ModelVersion, *, now: datetime) -> dict[str, Any]:
    """Return the card of a version that `selectors.versions` gave, ready for JSON."""
    metrics = version.metrics
    verdict = metrics.get("verdict") or {}
    pause = pauses_in_force([version.pk], at=now).get(version.pk)
    report = DriftReport.objects.filter(version=version).defer("plots").first()
    competition = version.predictor.competition
    return {
        "version": named(version),
        "what": (
            f"Says who wins in {competition.title}, before the start, with what was known then."
        ),
        "recipe": version.algorithm,
        "stage": version.stage,
        "tags": version.tags,
        "notes": version.notes,
        "made_at": version.created_at,
        "data": {
            "competition": competition.key,
            "from": version.trained_from,
            "until": version.trained_until,
            "events": version.game_count,
            "data_hash": version.data_hash,
            "features": version.signature,
        },
        "code_version": version.code_version,
        "artifact": version.artifact,
        "checksum": version.checksum,
        "parameters": version.parameters,
        "judged_on": {"events": metrics.get("games"), "seasons": metrics.get("seasons") or []},
        "figures": list(_figures(metrics, verdict.get("intervals") or {})),
        "verdict": [verdict[who]["words"] for who in ("close", "elo") if who in verdict],
        "calibration": metrics.get("calibration") or [],
        "limits": list(_limits(version)),
        "refuses": list(_refuses(version, now)),
        "paused": pause.reason if pause else None,
        "drift": {"day": report.day, "level": report.level} if report else None,
        "served": _served(version),
        "history": [entry_of(entry) for entry in log_of(version_id=version.pk)],
        "reproduce": _reproduce(version),
    }


def _served(version: ModelVersion) -> dict[str, int]:
    predictions, refusals = (
        of.objects.filter(version=OuterRef("pk")).order_by().values("version")
        for of in (Prediction, Refusal)
    )
    counts = ModelVersion.objects.filter(pk=version.pk).values_list(
        *(Coalesce(Subquery(rows.values(count=Count("pk"))), 0) for rows in (predictions, refusals))
    )
    return dict(zip(("predictions", "refusals"), counts.get(), strict=True))


def _figures(
    metrics: dict[str, Any], intervals: dict[str, dict[str, list[float]]]
) -> Iterator[dict[str, Any]]:
    for key, title in FIGURES.items():
        figures = {who: (metrics.get(who) or {}).get(key) for who in WHO}
        if any(value is not None for value in figures.values()):
            yield {
                "name": title,
                "by": [
                    {
                        "who": title_of,
                        "value": figures[who],
                        "interval": (intervals.get(who) or {}).get(key),
                    }
                    for who, title_of in WHO.items()
                ],
            }


def _limits(version: ModelVersion) -> Iterator[str]:
    trust = version.metrics.get("trust")
    yield f"For {version.predictor.competition.title} only; other competitions were not looked at."
    yield BLIND
    if trust and trust.get("games"):
        yield (
            f"Beside the close its record earned {version.market_weight:.0%} of a blend, with a "
            f"standard error of {version.log_odds_error:.2f} in log-odds."
        )
    else:
        yield "It was never judged beside closing prices, so it has no part in any blend."
    yield "A good log loss is no profit: prices have a margin, and the close is hard to beat."


def _refuses(version: ModelVersion, now: datetime) -> Iterator[str]:
    days = settings.MODEL_EXPIRY_DAYS
    if expired := why_expired(version, now):
        yield f"{expired}."
    elif days:
        yield f"Everything from {days} days after {version.trained_until:%-d %b %Y} on: it expires."
    try:
        reach = serving.load_reach(version.artifact, version.checksum)
    except ArtifactRefused as refusal:
        yield f"Everything now. {refusal.plain}."
        return
    if reach is None:
        yield "No event for being unlike its training: it was saved without its training games."
    else:
        yield (
            f"Events further than {reach.limit:.1f} from its training games, of which "
            f"{WITHIN:.1%} lie nearer, and events of which nothing is known that training had."
        )


def _reproduce(version: ModelVersion) -> list[str]:
    key = version.predictor.competition.key
    return [
        f"git checkout {version.code_version}",
        f"scripts/manage models train {key} --until {version.trained_until.isoformat()}",
        f"the data hash must be {version.data_hash}",
        f"the checksum must be {version.checksum}",
    ]


def as_markdown(card: dict[str, Any]) -> str:
    """Return a card as Markdown."""
    return "\n".join([*_what_it_is(card), *_how_good(card), *_where_it_ends(card)]) + "\n"


def _what_it_is(card: dict[str, Any]) -> Iterator[str]:
    data = card["data"]
    yield f"# Model card: {card['version']}"
    yield ""
    yield f"{card['what']} Recipe `{card['recipe']}`, stage {card['stage']}."
    if card["notes"]:
        yield f"\n{card['notes']}"
    yield "\n## Data\n"
    yield f"- {data['events']:,} finished events of `{data['competition']}`, from {data['from']}"
    yield f"- nothing known later than {data['until']:%Y-%m-%d %H:%M} UTC"
    yield f"- data hash `{data['data_hash']}`"
    yield f"- {len(data['features'])} features: {', '.join(map(str, data['features']))}"


def _how_good(card: dict[str, Any]) -> Iterator[str]:
    judged = card["judged_on"]
    seasons = f", seasons {', '.join(judged['seasons'])}" if judged["seasons"] else ""
    yield "\n## Figures\n"
    yield f"On {judged['events'] or 0:,} events it never saw{seasons}; 95 % intervals, days whole."
    yield f"\n| | {' | '.join(WHO.values())} |"
    yield "|---|---:|---:|---:|"
    for row in card["figures"]:
        yield f"| {row['name']} | {' | '.join(_cell(each) for each in row['by'])} |"
    yield ""
    yield from (f"- {words[:1].upper()}{words[1:]}." for words in card["verdict"])
    if card["calibration"]:
        yield "\n| said | happened | events |\n|---:|---:|---:|"
        for each in card["calibration"]:
            yield f"| {each['said']:.1%} | {each['happened']:.1%} | {each['count']:,} |"


def _where_it_ends(card: dict[str, Any]) -> Iterator[str]:
    yield "\n## Limits\n"
    yield from (f"- {words}" for words in card["limits"])
    yield "\n## What it refuses\n"
    yield from (f"- {words}" for words in card["refuses"])
    if card["paused"]:
        yield f"- Paused: {card['paused']}"
    yield "\n## History\n"
    for entry in card["history"]:
        reason = f": {entry['reason']}" if entry["reason"] else ""
        yield f"- {entry['at']:%Y-%m-%d %H:%M} {entry['what']}, by {entry['by']}{reason}"
    served = card["served"]
    yield f"- {served['predictions']:,} predictions, {served['refusals']:,} refusals so far"
    yield "\n## Reproduce\n"
    yield from (f"    {line}" for line in card["reproduce"])


def _cell(each: dict[str, Any]) -> str:
    if each["value"] is None:
        return "–"
    value, interval = f"{each['value']:.4f}", each["interval"]
    return f"{value} ({interval[0]:.4f} to {interval[1]:.4f})" if interval else value
