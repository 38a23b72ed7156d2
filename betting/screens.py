"""What the betting pages show: selectors that fetch a whole screen in a few queries."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet, Sum

from accounts.money import down_to_cents
from betting.models import Bankroll, Bet, BetStatus, LedgerAccount, Opportunity, Result
from odds.models import Bookmaker, Competition, Event
from odds.screens import freshness, market_title, selection_title
from risk.models import Limits

NOTHING = Decimal("0.00")
PlacedBet = Bet


@dataclass
class Money:
    """The three words for a bankroll's money, and its currency."""

    free: Decimal
    at_risk: Decimal
    currency: str
    bankroll: Bankroll | None

    @property
    def equity(self) -> Decimal:
        """Return what is owned: free plus at risk."""
        return self.free + self.at_risk


def money_of(owner_id: int) -> Money:
    """Return the money of a person's first bankroll, zero where there is none."""
    pots = list(
        LedgerAccount.objects.filter(
            bankroll__owner_id=owner_id,
            kind__in=[LedgerAccount.Kind.FREE, LedgerAccount.Kind.AT_RISK],
        )
        .select_related("bankroll")
        .order_by("bankroll_id")
    )
    if not pots:
        return Money(NOTHING, NOTHING, "EUR", None)
    bankroll = pots[0].bankroll
    amounts = {pot.kind: pot.amount for pot in pots if pot.bankroll_id == bankroll.pk}
    return Money(
        free=amounts.get(LedgerAccount.Kind.FREE, NOTHING),
        at_risk=amounts.get(LedgerAccount.Kind.AT_RISK, NOTHING),
        currency=bankroll.currency,
        bankroll=bankroll,
    )


# --- Today


@dataclass
class OpportunityRow:
    """One opportunity as Today shows it, with the stake that this person's limits leave."""

    opportunity: Opportunity
    event: Event
    title: str
    market: str
    book: Bookmaker
    age: timedelta
    freshness: str
    stake: Decimal
    version: str
    bet: Bet | None
    bar_low: float
    bar_high: float


@dataclass
class Today:
    """The Today page: what is worth a bet, what was passed over, and the money it is of."""

    rows: list[OpportunityRow]
    passed_count: int
    open_count: int
    open_bets: int
    day_staked: Decimal
    day_profit: Decimal
    day_left: Decimal
    money: Money
    next_event: Event | None


def _open_opportunities(now: datetime) -> QuerySet[Opportunity]:
    return Opportunity.objects.filter(
        status=Opportunity.Status.OPEN, quote__selection__market__event__starts_at__gt=now
    )


def opportunity_of(
    opportunity_id: int, owner_id: int, *, now: datetime, rate: float = 1.0
) -> OpportunityRow | None:
    """Return one opportunity as this person sees it, open or gone."""
    found = _with_teams(Opportunity.objects.filter(pk=opportunity_id)).first()
    if found is None:
        return None
    limits = Limits.objects.filter(owner_id=owner_id).first() or Limits()
    money = money_of(owner_id)
    return _rows([found], owner_id, limits=limits, money=money, now=now, rate=rate)[0]


def today(
    owner_id: int,
    *,
    now: datetime,
    passed: bool = False,
    competition_key: str = "",
    market_key: str = "",
    rate: float = 1.0,
) -> Today:
    """Return what Today shows: recommended opportunities, or with `passed` those passed over."""
    opportunities = _open_opportunities(now)
    if competition_key:
        opportunities = opportunities.filter(
            quote__selection__market__event__competition__key=competition_key
        )
    if market_key:
        opportunities = opportunities.filter(quote__selection__market__key=market_key)
    counts = opportunities.aggregate(
        recommended=Count("pk", filter=Q(passes=[])), passed=Count("pk", filter=~Q(passes=[]))
    )
    shown = opportunities.exclude(passes=[]) if passed else opportunities.filter(passes=[])
    money = money_of(owner_id)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    bets = Bet.objects.filter(owner_id=owner_id).aggregate(
        open=Count("pk", filter=Q(status=BetStatus.OPEN)),
        staked=Sum("stake", filter=Q(placed_at__gte=midnight) & ~Q(status=BetStatus.REJECTED)),
        profit=Sum(F("returned") - F("stake"), filter=Q(settled_at__gte=midnight)),
    )
    limits = Limits.objects.filter(owner_id=owner_id).first() or Limits()
    staked = bets["staked"] or NOTHING
    rows = _rows(
        list(_with_teams(shown).order_by("-edge", "pk")[:60]),
        owner_id,
        limits=limits,
        money=money,
        now=now,
        rate=rate,
    )
    return Today(
        rows=rows,
        passed_count=counts["passed"],
        open_count=counts["recommended"],
        open_bets=bets["open"],
        day_staked=staked,
        day_profit=bets["profit"] or NOTHING,
        day_left=max(NOTHING, down_to_cents(money.equity * limits.max_day_share) - staked),
        money=money,
        next_event=None if rows else _next_event(now),
    )


def _next_event(now: datetime) -> Event | None:
    return (
        Event.objects.filter(starts_at__gt=now, status="scheduled")
        .select_related("home", "away")
        .order_by("starts_at")
        .first()
    )


def _with_teams(opportunities: QuerySet[Opportunity]) -> QuerySet[Opportunity]:
    return opportunities.select_related(
        "strategy",
        "quote__bookmaker",
        "quote__selection__market__event__home",
        "quote__selection__market__event__away",
        "quote__selection__market__event__competition",
        "prediction__version__predictor",
    )


def _rows(
    opportunities: list[Opportunity],
    owner_id: int,
    *,
    limits: Limits,
    money: Money,
    now: datetime,
    rate: float,
) -> list[OpportunityRow]:
    mine = (
        Bet.objects.filter(
            owner_id=owner_id,
            selection__market__event__in={
                each.quote.selection.market.event_id for each in opportunities
            },
        )
        .exclude(status=BetStatus.REJECTED)
        .annotate(event_id=F("selection__market__event_id"))
    )
    bets = {(bet.selection_id, bet.bookmaker_id): bet for bet in mine}
    on_event: defaultdict[int, Decimal] = defaultdict(lambda: NOTHING)
    for bet in mine:
        if bet.status != BetStatus.SETTLED:
            on_event[bet.event_id] += bet.stake
    event_bound = down_to_cents(money.equity * limits.max_event_share)
    rows = []
    for each in opportunities:
        quote = each.quote
        event = quote.selection.market.event
        share = min(Decimal(str(each.stake_share)), limits.max_bet_share)
        stake = min(
            down_to_cents(money.equity * share), money.free, event_bound - on_event[event.pk]
        )
        age = now - quote.confirmed_at
        # The bar runs from 0 to 15 % of edge; the pale part is the interval's lower half.
        low, high = (max(0.0, min(0.15, edge)) / 0.15 * 100 for edge in (each.edge_low, each.edge))
        rows.append(
            OpportunityRow(
                opportunity=each,
                event=event,
                title=selection_title(quote.selection, event),
                market=market_title(quote.selection.market.key),
                book=quote.bookmaker,
                age=age,
                freshness=freshness(age, rate),
                stake=stake if stake >= limits.min_stake else NOTHING,
                version=str(each.prediction.version) if each.prediction else "",
                bet=bets.get((quote.selection_id, quote.bookmaker_id)),
                bar_low=low,
                bar_high=high,
            )
        )
    return rows


@dataclass
class Use:
    """How much of one limit is used."""

    name: str
    used: Decimal
    bound: Decimal

    @property
    def share(self) -> float:
        """Return the used part of the limit, 1 when it is full."""
        return min(1.0, float(self.used / self.bound)) if self.bound else 1.0

    @property
    def percent(self) -> int:
        """Return the used part in per cent, for a meter."""
        return round(self.share * 100)

    @property
    def left(self) -> Decimal:
        """Return what may still be staked under this limit."""
        return max(NOTHING, self.bound - self.used)


def limits_used(
    owner_id: int, *, now: datetime, money: Money, event_id: int | None = None
) -> list[Use]:
    """Return each stake limit with what is used of it now; with an event, that event's too."""
    limits = Limits.objects.filter(owner_id=owner_id).first() or Limits()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    mine = Bet.objects.filter(owner_id=owner_id)
    day = mine.filter(placed_at__gte=midnight, placed_at__lte=now).exclude(
        status=BetStatus.REJECTED
    )
    uses = [Use("One bet, at most", NOTHING, down_to_cents(money.equity * limits.max_bet_share))]
    unsettled = mine.filter(status__in=[BetStatus.OPEN, BetStatus.PLACING])
    by_event = unsettled.values("selection__market__event").annotate(total=Sum("stake"))
    if event_id is not None:
        by_event = by_event.filter(selection__market__event=event_id)
    most = max((row["total"] for row in by_event), default=NOTHING)
    name = "This event" if event_id is not None else "Fullest event"
    uses.append(Use(name, most, down_to_cents(money.equity * limits.max_event_share)))
    staked = day.aggregate(total=Sum("stake"))["total"] or NOTHING
    uses.append(Use("Today's stakes", staked, down_to_cents(money.equity * limits.max_day_share)))
    return uses


# --- Bets


@dataclass
class BetRow:
    """One bet as a list shows it."""

    bet: Bet
    event: Event
    title: str
    market: str

    @property
    def profit(self) -> Decimal | None:
        """Return what the bet earned, None until it is settled."""
        return None if self.bet.returned is None else self.bet.returned - self.bet.stake


@dataclass
class Bets:
    """A page of bets and the sums over all that the filter keeps."""

    rows: list[BetRow]
    page: Page[Bet]
    count: int
    staked: Decimal
    profit: Decimal
    settled_stake: Decimal
    clv_count: int
    clv: float | None

    @property
    def yield_share(self) -> float | None:
        """Return profit per unit staked of the settled bets."""
        return float(self.profit / self.settled_stake) if self.settled_stake else None


BET_STATUSES = [*BetStatus.choices]
BET_RESULTS = [*Result.choices]


def filtered_bets(owner_id: int, filters: dict[str, str]) -> QuerySet[Bet]:
    """Return a person's bets that the filters keep, newest first, with all that a row shows."""
    bets = Bet.objects.filter(owner_id=owner_id)
    fields = {
        "status": "status",
        "result": "result",
        "book": "bookmaker__key",
        "competition": "selection__market__event__competition__key",
        "market": "selection__market__key",
    }
    for name, path in fields.items():
        if value := filters.get(name):
            bets = bets.filter(**{path: value})
    return bets.select_related(
        "bookmaker",
        "bankroll",
        "opportunity__strategy",
        "selection__market__event__home",
        "selection__market__event__away",
        "selection__market__event__competition",
    ).order_by("-placed_at", "-pk")


def bet_row(bet: Bet) -> BetRow:
    """Return a bet with its selection and market in words."""
    event = bet.selection.market.event
    return BetRow(
        bet=bet,
        event=event,
        title=selection_title(bet.selection, event),
        market=market_title(bet.selection.market.key),
    )


def bets_page(owner_id: int, filters: dict[str, str], *, page: int = 1) -> Bets:
    """Return one page of the filtered bets, 50 a page, with sums over all of them."""
    bets = filtered_bets(owner_id, filters)
    shown = Paginator(bets, 50).get_page(page)
    sums = bets.order_by().aggregate(
        staked=Sum("stake", filter=~Q(status=BetStatus.REJECTED)),
        settled=Sum("stake", filter=Q(status=BetStatus.SETTLED)),
        profit=Sum(F("returned") - F("stake"), filter=Q(status=BetStatus.SETTLED)),
        clv_count=Count("clv"),
        clv=Sum("clv"),
    )
    return Bets(
        rows=[bet_row(bet) for bet in shown],
        page=shown,
        count=shown.paginator.count,
        staked=sums["staked"] or NOTHING,
        profit=sums["profit"] or NOTHING,
        settled_stake=sums["settled"] or NOTHING,
        clv_count=sums["clv_count"],
        clv=sums["clv"] / sums["clv_count"] if sums["clv_count"] else None,
    )


def bet_choices(owner_id: int) -> dict[str, list[tuple[str, str]]]:
    """Return what each filter of the bets page may be set to, by what this person's bets hold."""
    mine = Q(bets__owner_id=owner_id)
    return {
        "status": BET_STATUSES,
        "result": BET_RESULTS,
        "book": list(Bookmaker.objects.filter(mine).distinct().values_list("key", "title")),
        "competition": list(
            Competition.objects.filter(events__markets__selections__bets__owner_id=owner_id)
            .distinct()
            .values_list("key", "title")
        ),
        "market": [(key, market_title(key)) for key in ("h2h", "spreads", "totals")],
    }


def bet_of(bet_id: int, owner_id: int) -> Bet | None:
    """Return a person's bet with everything that its page shows; nobody sees another's."""
    return (
        Bet.objects.filter(pk=bet_id, owner_id=owner_id)
        .select_related(
            "bookmaker",
            "bankroll",
            "assessment",
            "opportunity__strategy",
            "opportunity__prediction__version__predictor",
            "selection__market__event__home",
            "selection__market__event__away",
            "selection__market__event__competition",
            "selection__close",
        )
        .prefetch_related(
            "settlements__by",
            "transfers__source",
            "transfers__destination",
            "transfers__reversed_by",
        )
        .first()
    )


def bets_on_event(owner_id: int, event_id: int) -> list[BetRow]:
    """Return a person's bets on one event, newest first."""
    bets = filtered_bets(owner_id, {}).filter(selection__market__event_id=event_id)
    return [bet_row(bet) for bet in bets]
