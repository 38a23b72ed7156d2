"""Files fetched again and again: results, fixtures and prices from an address or a folder."""

import logging
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from odds.feeds.csv_feed import BadMapping, check_mapping, csv_format
from odds.feeds.files import FileRefused, fetch_file
from odds.feeds.history import Fact, Format, football_data
from odds.feeds.parsed import ParsedBoxScore, ParsedResult, ParsedSweep
from odds.models import FeedRun, FileFeed
from odds.services.counts import Counts
from odds.services.importing import import_file
from odds.services.runs import begin_run, end_run

logger = logging.getLogger(__name__)

# What an archive dates later than this before now, we saw now: it was not there before.
_LATELY = timedelta(days=3)


class FileFeedFailed(Exception):
    """A file feed brought nothing; the feed run holds the reason."""


def fetch_files(*, now: datetime) -> dict[str, str]:
    """Fetch every file that is due and record what is new in it; one line of words a feed.

    Raises:
        FileFeedFailed: after all were tried, naming those that failed and why.
    """
    done: dict[str, str] = {}
    failed: list[str] = []
    for feed in FileFeed.objects.filter(is_enabled=True):
        if feed.asked_at and now - feed.asked_at < timedelta(minutes=feed.every_minutes):
            continue
        try:
            counts = fetch_file_feed(feed_id=feed.pk, now=now)
        except FileFeedFailed as failure:
            failed.append(f"{feed.name}: {failure}")
        else:
            done[feed.name] = "unchanged" if counts is None else _in_words(counts)
    if failed:
        raise FileFeedFailed("; ".join(failed))
    return done


def fetch_file_feed(*, feed_id: int, now: datetime) -> Counts | None:
    """Fetch one file and record what is in it; None where it has not changed.

    Prices and results count as seen now, but for an archive's older ones, which keep its times.

    Raises:
        FileFeedFailed: where nothing, or not all, was recorded; the run holds the reason.
    """
    feed = FileFeed.objects.get(pk=feed_id)
    # Before it is asked: a file that always fails waits its turn like any other.
    FileFeed.objects.filter(pk=feed_id).update(asked_at=now)
    try:
        form = _format(feed, now)
        fetched = fetch_file(
            feed.address,
            folder=settings.FILE_FEED_FOLDER,
            may_be_private=settings.FILE_FEEDS_MAY_BE_PRIVATE,
            etag=feed.etag,
            last_modified=feed.last_modified,
            digest=feed.digest,
        )
    except (FileRefused, BadMapping) as refusal:
        run = begin_run(provider=feed.name, kind=FeedRun.Kind.FILE, subject=feed.name, now=now)
        end_run(run, Counts(), now=now, error=str(refusal))
        raise FileFeedFailed(str(refusal)) from refusal
    if fetched.body is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{feed.name}.csv"
        path.write_bytes(fetched.body)
        imported = import_file(path, form, now=now)
    if imported.problem:
        raise FileFeedFailed(imported.problem)
    # Only now: what was not recorded must come again.
    FileFeed.objects.filter(pk=feed_id).update(
        etag=fetched.etag, last_modified=fetched.last_modified, digest=fetched.digest
    )
    return imported.counts


def _format(feed: FileFeed, now: datetime) -> Format:
    if feed.format == FileFeed.Format.CSV:
        mapping = check_mapping(feed.columns)
        return csv_format(feed.name, mapping, now=now, names_teams=feed.names_teams)
    form = football_data.FORMAT

    def read(path: Path) -> Iterator[Fact]:
        return _as_seen(form.read(path), now)

    return replace(form, read=read)


def _as_seen(facts: Iterator[Fact], now: datetime) -> Iterator[Fact]:
    for fact in facts:
        if (
            isinstance(fact, ParsedResult | ParsedBoxScore | ParsedSweep)
            and fact.seen_at > now - _LATELY
        ):
            yield replace(fact, seen_at=now)
        else:
            yield fact


def _in_words(counts: Counts) -> str:
    return f"{counts.new} new, {counts.repeated} repeated, {counts.quarantined} refused"
