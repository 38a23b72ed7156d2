"""What changed prices come to, told to whoever looks on: fair, best, edge, hold and move.

Worked out once for all readers, by the process that wrote the prices, after their commit and from
the same board that pages are written by. An edge: it reads the clock.
"""

import logging
from collections.abc import Collection
from datetime import datetime

from django.db import connection, transaction

from accounts import clock, live
from odds.board import BoardLine, BoardRow, Reader, board
from odds.slate import market_slate

logger = logging.getLogger(__name__)

# Of more markets nothing is told: pages ask for the part that follows anyway, and whoever wrote so
# many prices has the next to write.
MOST_MARKETS = 100
EVERYTHING = Reader(all_lines=True)


def tell_worth(*, competition_key: str, market_ids: Collection[int]) -> None:
    """Tell what the selections of these markets are worth by the prices there are now.

    Never raises: the prices are written, and pages ask for what follows anyway.
    """
    if not market_ids or live.is_away():
        return
    if len(market_ids) > MOST_MARKETS:
        live.publish_worth(None)
        return
    try:
        with transaction.atomic():
            _wait_for_turn(competition_key)
            live.publish_worth(worth_of(market_ids, now=clock.now(), rate=clock.rate()))
    except Exception:
        logger.exception("Could not tell what changed prices come to")
        live.publish_worth(None)


def worth_of(
    market_ids: Collection[int], *, now: datetime, rate: float = 1.0
) -> dict[int, live.Worth]:
    """Return what each selection of these markets is worth, of those that have not started."""
    shown = board(market_slate(sorted(market_ids), now=now), EVERYTHING, now=now, rate=rate)
    return {
        row.id: _worth(row, line)
        for market in shown.events
        for line in market.lines
        for row in line.rows
    }


def _worth(row: BoardRow, line: BoardLine) -> live.Worth:
    best = row.best
    if best is None or best.price is None or best.freshness == "stale":
        return live.Worth(row.fair, None, (), None, None, row.move)
    books = tuple((cell.book.id, cell.book.title) for cell in row.ranked if cell.is_best)
    return live.Worth(row.fair, best.price, books, row.edge, line.hold, row.move)


def _wait_for_turn(competition_key: str) -> None:
    # Else who read earlier might tell later, and what is older would stay on the pages.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('worth'), hashtext(%s))", [competition_key]
        )
