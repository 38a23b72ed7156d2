"""What of a bankroll is at stake, and what the limits leave of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef

from betting.models import AT_RISK, NOT_TAKEN, BetStatus, Opportunity
from betting.selectors.money import BankrollMoney, bankroll_of
from betting.selectors.playing import PLAYED, binding_stakes, of_played, played
from odds.models import Bookmaker, Selection, Side
from risk.domain.exposure import On, OpenStakes, decided_by, gain_of
from risk.domain.limits import Bounds, Exposure, Room, rooms
from risk.personal import SET_BY, personal_rooms, set_by

ZERO = Decimal("0.00")
# Limits of which each market, event, league or bookmaker has its own.
FULLEST = {
    "max_market_share": "the fullest market",
    "max_event_share": "the fullest event",
    "max_league_share": "the fullest league",
    "max_bookmaker_share": "the fullest bookmaker",
}


@dataclass(slots=True)
class Staked:
    """What of a bankroll is at stake, what was placed and earned this UTC day, what is allowed."""

    today: Decimal
    held: OpenStakes
    bounds: Bounds = field(default_factory=Bounds)
    personal: tuple[Room, ...] = field(default=())
    earned: Decimal = ZERO

    @property
    def open_bets(self) -> int:
        """Return how many bets are not settled."""
        return self.held.count

    def take(self, on: On, stake: Decimal) -> None:
        """Hold one more stake, as if it were placed."""
        self.today += stake
        self.held.add(on, int(stake * 100))
        self.personal = tuple(
            room if room.counts_bets else replace(room, used=room.used + stake)
            for room in self.personal
        )

    def exposure(self, *, equity: Decimal, free: Decimal, on: On | None) -> Exposure:
        """Return it as risk wants to know it before another stake; `on` nothing yet, the fullest.

        The fullest market, event, league and bookmaker need not be each other's.
        """
        if on is None:
            kinds = (
                self.held.markets(),
                self.held.events(),
                self.held.leagues(),
                self.held.bookmakers(),
            )
            used = [max((cents for _, cents in kind), default=0) for kind in kinds]
        else:
            used = list(self.held.used(on))
        market, event, league, bookmaker = (Decimal(cents).scaleb(-2) for cents in used)
        return Exposure(
            equity=equity,
            free=free,
            on_market=market,
            on_event=event,
            in_league=league,
            at_bookmaker=bookmaker,
            today=self.today,
            open_bets=self.held.count,
            personal=self.personal,
        )


@dataclass(frozen=True, slots=True)
class LimitsLine:
    """What pages about money say of the limits in one line."""

    currency: str
    rooms: tuple[Room, ...]

    @property
    def day(self) -> Room:
        """Return what of today's limit is used and left."""
        return self.rooms[0]

    @property
    def tightest(self) -> Room:
        """Return the limit that leaves the least for today, one's own among them."""
        over_time = [
            each for each in self.rooms if each.rule not in ("max_bet_share", "max_open_bets")
        ]
        return min(over_time, key=lambda room: room.left)


@dataclass(frozen=True, slots=True)
class LimitsUsed:
    """What of each limit of a bankroll is used and left; money in its currency."""

    bounds: Bounds
    rooms: Mapping[str, Room]
    line: LimitsLine
    open_stakes: Decimal
    open_bets: int

    @property
    def of_stakes(self) -> tuple[Room, ...]:
        """Return the limits but free money, which is no limit anybody set."""
        return tuple(room for rule, room in self.rooms.items() if rule != "free_money")


# What everybody wants to know; of the others the page of risk tells.
IN_LINE = ("max_day_share", "max_bet_share", "max_open_bets")


def day_of(now: datetime) -> tuple[datetime, datetime]:
    """Return where the UTC day of a moment begins and ends.

    >>> [str(moment) for moment in day_of(datetime(2026, 1, 15, 23, 30, tzinfo=UTC))]
    ['2026-01-15 00:00:00+00:00', '2026-01-16 00:00:00+00:00']
    """
    midnight = datetime.combine(now.astimezone(UTC).date(), time(), tzinfo=UTC)
    return midnight, midnight + timedelta(days=1)


def draw_is_offered(market: str) -> Exists:
    """Return the condition that the market named by a path has the draw among its selections."""
    return Exists(Selection.objects.filter(market_id=OuterRef(market), side=Side.DRAW))


def on_selection(
    selection: Selection, bookmaker: Bookmaker, *, price: Decimal, draw_offered: bool
) -> On:
    """Return what a stake on a selection at a bookmaker is on. The event is read with it."""
    market = selection.market
    return _on(
        market.event_id,
        market.pk,
        market.event.competition_id,
        bookmaker.pk,
        market.key,
        selection.side,
        selection.point,
        draw_offered,
        price,
        bookmaker.commission_share,
    )


def scopes_of(
    selection: Selection, bookmaker: Bookmaker, opportunity: Opportunity | None, *, venue: str
) -> dict[str, str]:
    """Return what a stake is of, by the kinds of scope that a halt may have."""
    scopes = {
        "league": selection.market.event.competition.key,
        "bookmaker": bookmaker.key,
        "venue": venue,
    }
    if opportunity is not None:
        scopes["strategy"] = opportunity.strategy.key
        if opportunity.prediction is not None:
            scopes["model"] = opportunity.prediction.version.predictor.key
    return scopes


# Every stake and every page about money asks for it, so all of it together: what the owner set and
# played, on the first row only, and a row for each bet.
_STAKED = f"""
WITH theirs AS MATERIALIZED ({SET_BY}),
earned AS (
    SELECT coalesce(sum(returned - matched_stake), 0) FROM betting_bet
    WHERE owner_id = %(owner)s AND bankroll_id = %(bankroll)s AND status = '{BetStatus.SETTLED}'
        AND settled_at >= %(day)s AND settled_at < %(end)s
),
played AS MATERIALIZED ({PLAYED.format(only="(SELECT binds_stakes FROM theirs)")}),
staked AS (
    SELECT row_number() OVER () AS place, b.status, b.placed_at,
        coalesce(b.matched_stake, b.stake), m.event_id, s.market_id,
        e.competition_id, b.bookmaker_id, m.key, s.side, s.point,
        EXISTS (SELECT FROM odds_selection d WHERE d.market_id = s.market_id AND d.side = 'draw'),
        b.price, b.commission_share
    FROM betting_bet b JOIN odds_selection s ON s.id = b.selection_id
    JOIN odds_market m ON m.id = s.market_id JOIN odds_event e ON e.id = m.event_id
    WHERE b.bankroll_id = %(bankroll)s AND b.owner_id = %(owner)s AND (b.status = ANY(%(at_risk)s)
        OR b.placed_at >= %(day)s AND b.placed_at < %(end)s AND b.status <> ALL(%(not_taken)s))
)
SELECT staked.*, earned.*, played.*, theirs.*
FROM (theirs CROSS JOIN played CROSS JOIN earned) FULL JOIN staked ON staked.place = theirs.one
"""  # noqa: S608 - our own words
# How many columns a bet and what was played take.
_OF_BET, _OF_PLAYED = 14, 10


def staked_of(bankroll_id: int, owner_id: int, *, now: datetime) -> Staked:
    """Return what a bankroll has at stake now, and what its owner's limits are. One query.

    Other bankrolls of the same person do not count: limits are shares of one equity, in one
    currency.
    """
    begin, end = day_of(now)
    with connection.cursor() as cursor:
        cursor.execute(_STAKED, of_played(owner_id, now) | {"bankroll": bankroll_id, "end": end})
        rows = cursor.fetchall()
    today, held = ZERO, OpenStakes()
    # Said in one row, beside a bet or alone. Without it nothing may be decided: no default here.
    [(earned, *said)] = [row[_OF_BET:] for row in rows if row[-1] is not None]
    theirs = set_by(said[_OF_PLAYED:])
    own = personal_rooms(binding_stakes(theirs.personal), played(said[:_OF_PLAYED]))
    what: list[Any]
    for row in rows:
        if row[0] is None:
            continue
        status, placed_at, stake, *what = row[1:_OF_BET]
        if begin <= placed_at < end and status not in NOT_TAKEN:
            today += stake
        if status in AT_RISK:
            held.add(_on(*what), int(stake * 100))
    return Staked(today=today, held=held, bounds=theirs.bounds, personal=own, earned=earned)


def _on(
    event_id: int,
    market_id: int,
    league_id: int,
    bookmaker_id: int,
    market_key: str,
    side: str,
    point: Decimal | None,
    draw_offered: bool,
    price: Decimal,
    commission_share: Decimal,
) -> On:
    axis, sign, is_straight = decided_by(market_key, side)
    line = point or ZERO
    from_home = -line if axis == "margin" and sign < 0 else line
    return On(
        event_id,
        market_id,
        league_id,
        bookmaker_id,
        axis,
        sign,
        int(from_home * 4),
        is_straight,
        draw_offered,
        gain_of(price, commission_share),
    )


def limits_line(owner_id: int, *, now: datetime) -> LimitsLine:
    """Return the line of a person's first bankroll, with limits of their own if they have any."""
    return limits_line_of(bankroll_of(owner_id), now=now)


def limits_line_of(money: BankrollMoney, *, now: datetime) -> LimitsLine:
    """Return the same of a bankroll that was read already. One query."""
    return line_of(money, staked_of(money.bankroll_id, money.bankroll.owner_id, now=now))


def line_of(money: BankrollMoney, staked: Staked) -> LimitsLine:
    """Return the line of what is staked: the limits in it, and those a person set themselves."""
    exposure = staked.exposure(equity=money.equity, free=money.free, on=None)
    left = {room.rule: room for room in rooms(exposure=exposure, bounds=staked.bounds)}
    return LimitsLine(money.currency, (*(left[rule] for rule in IN_LINE), *staked.personal))


def limits_used(money: BankrollMoney, *, now: datetime, on: On | None = None) -> LimitsUsed:
    """Return what of the limits is used and left: for a stake on something, else the fullest."""
    return used_of(money, staked_of(money.bankroll_id, money.bankroll.owner_id, now=now), on=on)


def used_of(money: BankrollMoney, staked: Staked, *, on: On | None = None) -> LimitsUsed:
    """Return the same of what was read already."""
    # A stake at a bookmaker with a pot comes out of that.
    free = money.free if on is None else money.stakeable_at(on.bookmaker)
    left = rooms(
        exposure=staked.exposure(equity=money.equity, free=free, on=on), bounds=staked.bounds
    )
    if on is None:
        left = tuple(replace(room, title=FULLEST.get(room.rule, room.title)) for room in left)
    return LimitsUsed(
        bounds=staked.bounds,
        rooms={room.rule: room for room in left},
        line=line_of(money, staked),
        open_stakes=money.at_risk,
        open_bets=staked.open_bets,
    )
