"""What the betting pages show: a whole screen in a few queries, built from the selectors."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.core.paginator import Page, Paginator
from django.db.models.expressions import OrderBy

from betting.domain.judging import SAME_EDGE
from betting.domain.settlement import Outcome, Ruled, payouts_of_market
from betting.models import NOT_TAKEN, UNANSWERED, Bet, BetStatus, Opportunity, Result
from betting.selectors.bets import (
    BetFilter,
    BetSums,
    bets_by_number,
    bets_listed,
    bets_open_on,
)
from betting.selectors.columns import Names
from betting.selectors.money import (
    ZERO,
    BankrollMoney,
    bankroll_of,
)
from betting.selectors.opportunities import (
    Found,
    OpportunityFilter,
    event_of,
    goes_by_consensus,
    is_leg,
    offers,
    on_opportunity,
    opportunities_found,
    opportunities_on_page,
    opportunities_with_models,
    opportunity,
    stake_steps,
)
from betting.selectors.stakes import (
    LimitsLine,
    Staked,
    draw_is_offered,
    line_of,
    on_selection,
    staked_of,
)
from betting.venues.registry import venue_by_key
from odds.database import weighing_few_joins
from odds.domain.freshness import freshness
from odds.fair import fair_now
from odds.listings import EventFilter, events
from odds.models import Bookmaker, Event, EventStatus, Selection, Side
from odds.screens import MARKETS, market_title, seen_price, selection_title
from risk.domain.exposure import On
from risk.domain.kelly import net_price
from risk.domain.staking import Step
from risk.models import Halt
from risk.selectors import Rules, rules_of

A_PAGE = 25
LEFT = "The market moved since it was decided, and says that it pays no more than it is worth."
# Limits whose room several stakes share, in words; those of a person's own have other names.
SHARED = {
    "max_market_share": "for this market",
    "max_event_share": "for this event",
    "max_league_share": "in this league",
    "max_bookmaker_share": "at this bookmaker",
    "max_day_share": "today",
    "free_money": "of free money",
}


@dataclass(frozen=True, slots=True)
class Bettor:
    """The person that a page is for: what they own, what is staked of it, what they may stake."""

    owner_id: int
    money: BankrollMoney
    staked: Staked
    rules: Rules

    @property
    def line(self) -> LimitsLine:
        """Return what of the limits is used and left."""
        return line_of(self.money, self.staked)


@dataclass(frozen=True, slots=True)
class SharedRoom:
    """The room in a limit that a row's stake fills and `others` of the page may fill as well.

    Only those on the page are counted: what stands on others, or is open, is not among them.
    """

    left: Decimal
    of: str
    others: int


@dataclass(frozen=True, slots=True)
class OpportunityRow:
    """One opportunity as Today shows it, with the stake that this person's limits leave.

    `market` in words, `market_fair` the chance by the consensus now, as Odds has it; `steps` are
    how the stake comes about, `why_none` the reason of the step that left no stake, `share` what
    part of equity the stake is; `also` are other strategies' rows of the same price, `shared` the
    room that only one of several rows can have.
    """

    opportunity: Opportunity
    event: Event
    title: str
    market: str
    book: Bookmaker
    age: timedelta
    freshness: str
    stake: Decimal
    steps: tuple[Step, ...]
    why_none: str
    version: str
    bet: Bet | None
    market_fair: float | None
    share: float | None = None
    also: tuple["OpportunityRow", ...] = ()
    shared: SharedRoom | None = None

    @property
    def selection(self) -> Selection:
        """Return what is bet on."""
        return self.opportunity.quote.selection

    @property
    def selection_id(self) -> int:
        """Return its number."""
        return self.opportunity.quote.selection_id

    @property
    def fair(self) -> float:
        """Return the chance that its strategy believes in."""
        return self.opportunity.fair_probability

    def market_edge_at(self, price: Decimal | None) -> float | None:
        """Return the edge of a price of the same book by the consensus now."""
        if price is None or self.market_fair is None:
            return None
        return self.market_fair * net_price(price, self.book.commission_share) - 1

    @property
    def market_edge(self) -> float | None:
        """Return the edge of its own price by the consensus now."""
        return self.market_edge_at(self.opportunity.price)

    @property
    def market_moved(self) -> bool:
        """Return whether the consensus left what it was decided by, further than decisions stand.

        One that goes by other books or another method was never decided by the consensus.
        """
        each = self.opportunity
        if not goes_by_consensus(each):
            return False
        moved = abs((self.market_fair or 0.0) - each.market_probability)
        return moved * float(each.price) >= SAME_EDGE

    @property
    def is_left(self) -> bool:
        """Return whether the market left it and says that it pays no more than it is worth."""
        edge = self.market_edge
        return self.market_moved and edge is not None and edge <= 0

    @property
    def on(self) -> On:
        """Return what a stake on it counts to."""
        return on_opportunity(self.opportunity)

    def edge_at(self, price: Decimal | None) -> float | None:
        """Return its edge at another price of the same book; none where none is offered."""
        each = self.opportunity
        if price is None or price == each.price:
            return None if price is None else each.edge
        return each.fair_probability * net_price(price, self.book.commission_share) - 1


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One book's price of a selection that no strategy found: bet on as its bettor sees fit.

    `fair` is the chance by the consensus. Without a strategy nothing proposes a stake.
    """

    selection: Selection
    event: Event
    title: str
    market: str
    book: Bookmaker
    price: Decimal | None
    age: timedelta
    freshness: str
    fair: float | None
    opportunity: None = None
    stake: Decimal = ZERO

    @property
    def selection_id(self) -> int:
        """Return what is bet on."""
        return self.selection.pk

    @property
    def on(self) -> On:
        """Return what a stake on it counts to."""
        offered: bool = self.selection.draw_offered  # type: ignore[attr-defined]
        price = self.price or Decimal(1)
        return on_selection(self.selection, self.book, price=price, draw_offered=offered)

    def edge_at(self, price: Decimal | None) -> float | None:
        """Return its edge at a price of the same book; none where either is not known."""
        if price is None or self.fair is None:
            return None
        return self.fair * net_price(price, self.book.commission_share) - 1


@dataclass(frozen=True, slots=True)
class Today:
    """The Today page: what is worth a bet, what was passed over, and the money it is of.

    A row is a price, whichever strategies find it; `page` is of opportunities, of which there is
    one for each strategy.
    """

    rows: list[OpportunityRow]
    worth: Found
    passed: Found
    open_bets: int
    line: LimitsLine
    day_profit: Decimal
    money: BankrollMoney
    halts: tuple[Halt, ...]
    next_event: Event | None
    page: Page[int]


def bettor_of(owner_id: int, *, now: datetime) -> Bettor:
    """Return a person's first bankroll with what is staked of it, and their rules."""
    money = bankroll_of(owner_id)
    staked = staked_of(money.bankroll_id, owner_id, now=now)
    return Bettor(owner_id, money, staked, rules_of(owner_id, now=now, bounds=staked.bounds))


def opportunity_of(
    opportunity_id: int, bettor: Bettor, *, now: datetime, rate: float = 1.0
) -> OpportunityRow | None:
    """Return one opportunity as this person sees it, open or gone."""
    found = opportunity(opportunity_id, seen_by=bettor.owner_id)
    return _rows([found], bettor, now=now, rate=rate)[0] if found else None


def price_of(
    selection_id: int, bookmaker_id: int, bettor: Bettor, *, now: datetime, rate: float = 1.0
) -> OpportunityRow | PriceRow | None:
    """Return a price as this person may bet on it: as the best opportunity that it is, or plainly.

    A leg is no opportunity alone. None where that book does not price that selection.
    """
    which = OpportunityFilter(status=Opportunity.Status.OPEN, seen_by=bettor.owner_id)
    here = opportunities_with_models(which).filter(
        quote__selection_id=selection_id, quote__bookmaker_id=bookmaker_id
    )
    found = [each for each in here if not is_leg(each)]
    if found:
        best = min(found, key=lambda each: (bool(each.passes), -each.edge))
        return _rows([best], bettor, now=now, rate=rate)[0]
    selection = (
        Selection.objects.select_related("market__event__home", "market__event__away")
        .annotate(draw_offered=draw_is_offered("market_id"))
        .filter(pk=selection_id)
        .first()
    )
    book = Bookmaker.objects.filter(pk=bookmaker_id).first()
    if selection is None or book is None:
        return None
    seen = seen_price(selection, bookmaker_id, now=now, rate=rate)
    if seen is None:
        return None
    event = selection.market.event
    return PriceRow(
        selection=selection,
        event=event,
        title=selection_title(selection, event),
        market=market_title(selection.market.key),
        book=book,
        price=seen.price,
        age=seen.age,
        freshness=seen.freshness,
        fair=seen.fair,
    )


@dataclass(frozen=True, slots=True)
class BesideBet:
    """An open bet that another on the same market stands beside, and how the two go together."""

    bet: Bet
    title: str
    how: str


def bets_beside(
    owner_id: int, selection: Selection, event: Event, *, but: int | None = None
) -> list[BesideBet]:
    """Return the bets that a person has open on a selection's market, `but` the one itself."""
    return [
        BesideBet(bet, selection_title(bet.selection, event), _how_beside(selection, bet.selection))
        for bet in bets_open_on(owner_id, selection.market_id)
        if bet.pk != but
    ]


def _how_beside(selection: Selection, other: Selection) -> str:
    if selection.pk == other.pk:
        return "the same again, both win or both lose"
    if _home_line(selection) == _home_line(other):
        return "another outcome of the same, at most one of the two wins"
    return "another line of the same market"


def _home_line(selection: Selection) -> Decimal | None:
    """Return a selection's line from the home or over side."""
    point = selection.point
    return -point if point and selection.side == Side.AWAY else point


def offers_on(owner_id: int, event_id: int, market: str) -> dict[int, Opportunity]:
    """Return what can be bet on in a market, by selection: the best price, passed over at worst."""
    which = OpportunityFilter(status="open", event=event_id, market=market, seen_by=owner_id)
    found = sorted(offers(which), key=lambda each: (not each.passes, each.edge))
    return {each.quote.selection_id: each for each in found}


def today(
    owner_id: int,
    which: OpportunityFilter,
    *,
    now: datetime,
    rate: float = 1.0,
    order: Sequence[OrderBy] = (),
    page: str | None = None,
    refresh: bool = False,
) -> Today:
    """Return what Today shows: the recommended opportunities, or those passed over.

    What they are worth now is kept for seconds, unless `refresh`.
    """
    which = replace(which, status=Opportunity.Status.OPEN, starts_after=now)
    bettor = bettor_of(owner_id, now=now)
    worth, passed = opportunities_found(
        replace(which, recommended=None), seen_by=owner_id, order=order, refresh=refresh
    )
    shown = Paginator(worth.ids if which.recommended else passed.ids, A_PAGE).get_page(page)
    found = opportunities_on_page(list(shown.object_list), order=order, refresh=refresh)
    to_come = [each for each in found if event_of(each).starts_at > now]
    rows = _rows(to_come, bettor, now=now, rate=rate, refresh=refresh)
    return Today(
        rows=_with_shared_rooms(_by_price(rows), bettor),
        worth=worth,
        passed=passed,
        open_bets=bettor.staked.open_bets,
        line=bettor.line,
        day_profit=bettor.staked.earned,
        money=bettor.money,
        halts=bettor.rules.shown,
        next_event=None if rows else _next_event(now),
        page=shown,
    )


def _by_price(rows: Sequence[OpportunityRow]) -> list[OpportunityRow]:
    """Return the first row of each price with the others of it: one chance is listed once.

    Of a page: where strategies find a price so differently that a page ends between, both have it.
    """
    found: dict[tuple[int, Decimal], list[OpportunityRow]] = {}
    for row in rows:
        found.setdefault((row.opportunity.quote_id, row.opportunity.price), []).append(row)
    return [replace(first, also=tuple(others)) for first, *others in found.values()]


def _with_shared_rooms(rows: Sequence[OpportunityRow], bettor: Bettor) -> list[OpportunityRow]:
    """Return the rows, those whose stake fills a limit with how many others count to the same."""
    own = {room.rule for room in bettor.staked.personal}
    pots = {book.bookmaker.pk for book in bettor.money.books if not book.is_closed}
    offered = {id(row): row.on for row in rows if row.stake and not row.bet}

    def room_of(rule: str, on: On) -> int | None:
        """Return whose room a limit is; None: everybody's."""
        return {
            "max_market_share": on.market,
            "max_event_share": on.event,
            "max_league_share": on.league,
            "max_bookmaker_share": on.bookmaker,
            "free_money": on.bookmaker if on.bookmaker in pots else None,
        }.get(rule)

    def shared(row: OpportunityRow) -> SharedRoom | None:
        # Then come only rounding and halts.
        cut = row.steps[-3] if len(row.steps) > 2 else None
        if id(row) not in offered or cut is None or cut.name not in SHARED.keys() | own:
            return None
        mine = room_of(cut.name, offered[id(row)])
        others = sum(room_of(cut.name, on) == mine for on in offered.values()) - 1
        of = SHARED.get(cut.name, "by your own limit")
        return SharedRoom(cut.stake, of, others) if others else None

    return [replace(row, shared=shared(row)) for row in rows]


def _next_event(now: datetime) -> Event | None:
    return events(EventFilter(status=EventStatus.SCHEDULED, starts_after=now)).first()


def _rows(
    found: list[Opportunity],
    bettor: Bettor,
    *,
    now: datetime,
    rate: float,
    refresh: bool = False,
) -> list[OpportunityRow]:
    mine = Bet.objects.filter(
        owner_id=bettor.owner_id, selection__in={each.quote.selection_id for each in found}
    )
    taken = {
        (bet.selection_id, bet.bookmaker_id): bet for bet in mine.exclude(status__in=NOT_TAKEN)
    }
    markets = {each.quote.selection.market_id for each in found}
    worth = fair_now(markets, now=now, refresh=refresh)
    rows = []
    for each in found:
        quote = each.quote
        event = event_of(each)
        steps = stake_steps(each, rules=bettor.rules, money=bettor.money, staked=bettor.staked)
        age = now - each.confirmed_at  # type: ignore[attr-defined]
        stake = ZERO if each.passes else steps[-1].stake
        row = OpportunityRow(
            opportunity=each,
            event=event,
            title=selection_title(quote.selection, event),
            market=market_title(quote.selection.market.key),
            book=quote.bookmaker,
            age=age,
            freshness=freshness(age, rate),
            stake=stake,
            steps=steps,
            why_none=next((step.reason for step in steps if not step.stake), ""),
            version=each.prediction.version.title if each.prediction else "",
            bet=taken.get((quote.selection_id, quote.bookmaker_id)),
            market_fair=worth.get(quote.selection_id),
            share=float(stake / bettor.money.equity) if bettor.money.equity else None,
        )
        if row.is_left:
            row = replace(row, stake=ZERO, share=None, why_none=LEFT)
        rows.append(row)
    return rows


# --- Bets


@dataclass(frozen=True, slots=True)
class BetRow:
    """One bet as a list shows it."""

    bet: Bet
    event: Event
    title: str
    market: str

    @property
    def venue(self) -> str:
        """Name where it was placed."""
        return venue_by_key(self.bet.venue).terms.title

    @property
    def steps(self) -> list[Step]:
        """Return the waterfall that its stake came out of."""
        return [
            Step(step["name"], Decimal(step["stake"]), step["reason"])
            for step in self.bet.assessment.waterfall
        ]

    @property
    def asked_otherwise(self) -> str:
        """Return whether its owner staked "more" or "less" than the waterfall came to.

        Empty where they staked as much; what had no waterfall came to nothing.
        """
        offered = self.steps[-1].stake if self.steps else Decimal(0)
        if self.bet.is_followed or self.bet.stake == offered:
            return ""
        return "more" if self.bet.stake > offered else "less"

    @property
    def was_refused(self) -> bool:
        """Whether its venue did not take it, or nothing of it was matched."""
        return self.bet.status in NOT_TAKEN

    @property
    def is_unanswered(self) -> bool:
        """Whether its venue has yet to say if it took it."""
        return self.bet.status in UNANSWERED

    @property
    def can_win(self) -> Decimal:
        """Return what it earns if it wins, after commission."""
        bet = self.bet
        won = Ruled(bet.taken_stake, bet.taken_price, Outcome.WON, bet.commission_share)
        return payouts_of_market([won])[0].winnings

    @property
    def missed_minimum(self) -> Decimal | None:
        """Return the least price that was to be accepted, where less was taken."""
        return self.bet.price if self.bet.taken_price < self.bet.price else None

    @property
    def profit(self) -> Decimal | None:
        """Return what the bet earned, None until it is settled."""
        return None if self.bet.returned is None else self.bet.returned - self.bet.taken_stake


@dataclass(frozen=True, slots=True)
class Bets:
    """A page of bets, and the sums over all that the filter keeps."""

    rows: list[BetRow]
    page: Page[Bet]
    sums: BetSums


def bet_row(bet: Bet) -> BetRow:
    """Return a bet with its selection and market in words."""
    event = bet.selection.market.event
    return BetRow(
        bet=bet,
        event=event,
        title=selection_title(bet.selection, event),
        market=market_title(bet.selection.market.key),
    )


def rows_of_bets(owner_id: int, ids: Iterable[int]) -> dict[int, BetRow]:
    """Return some of a person's bets, by number, in words."""
    return {bet.pk: bet_row(bet) for bet in bets_by_number(owner_id, ids)}


def bets_page(
    owner_id: int, which: BetFilter, sums: BetSums, *, page: int = 1, order: Sequence[OrderBy] = ()
) -> Bets:
    """Return one page of the filtered bets, whose sums are known."""
    pages = Paginator(bets_listed(owner_id, which, order=order), A_PAGE)
    # Counted with the sums.
    pages.count = sums.count
    shown = pages.get_page(page)
    with weighing_few_joins():
        return Bets(rows=[bet_row(bet) for bet in shown], page=shown, sums=sums)


def bet_choices(names: Names) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Return each filter of the bets page: its label, and what the bets hold of it."""
    return {
        "status": ("Status", list(BetStatus.choices)),
        "result": ("Result", list(Result.choices)),
        **_named(names),
    }


def performance_choices(names: Names) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Return each filter of the performance page: its label, and what the bets hold of it."""
    return {"strategy": ("Strategy", names.choices("strategy")), **_named(names)}


def _named(names: Names) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    return {
        "bookmaker": ("Book", names.choices("bookmaker")),
        "competition": ("League", names.choices("competition")),
        "market": ("Market", list(MARKETS.items())),
        "tag": (
            "Tag",
            [(tag, tag) for tag in names.every_tag],
        ),
    }
