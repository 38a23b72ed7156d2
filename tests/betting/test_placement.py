import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from betting.models import Bet, LedgerAccount, Opportunity, Strategy, Transfer
from betting.selectors.performance import performance_of
from betting.services import answers, placement
from betting.services.books import check_books
from betting.services.placement import RequestKeyReused, StakeRefused
from betting.services.settlement import settle_bet, settle_due_bets
from betting.venues import registry
from betting.venues.base import Answer, Terms, Verdict
from odds.domain.consensus import BY_SPORT, consensus
from odds.models import Bookmaker, Quote
from odds.selectors import market_quotes
from risk.models import Assessment, Halt
from risk.services import begin_stake, halt_everything, lift_halt
from risk.services.personal import exclude
from tests import make
from tests.live.serving import until


class Venue:
    """A venue that gives the answers it is told to, and counts what it was asked."""

    key = "told"
    terms = Terms(title="Told")

    def __init__(self, placed: Answer, *looked_up: Answer) -> None:
        """The last answer to a look-up is given again and again."""
        self.placed, self.looked_up = placed, list(looked_up)
        self.orders, self.look_ups = [], []
        self.listed = False

    def place(self, order):
        self.orders.append((order, Bet.objects.filter(status="placing").count()))
        return self.placed

    def look_up(self, order, *, now):
        self.look_ups.append(order.reference)
        return self.looked_up.pop(0) if len(self.looked_up) > 1 else self.looked_up[0]

    def lists(self, order, *, now):
        return self.listed


def told(monkeypatch, *answers) -> Venue:
    venue = Venue(*answers)
    monkeypatch.setitem(registry.VENUES, "told", venue)
    return venue


def free(owner) -> Decimal:
    return LedgerAccount.objects.get(bankroll__owner=owner, kind="free").amount


def rules(refusal) -> list[str]:
    return [breach.rule for breach in refusal.value.breaches]


def test_a_bet_moves_its_stake_from_free_to_at_risk(alice):
    make.bankroll(alice)

    bet = make.place(alice, make.priced("2.100"), "12.34")

    assert (bet.status, bet.price, bet.stake) == ("open", Decimal("2.100"), Decimal("12.34"))
    assert bet.venue_reference.startswith(f"paper-fl-{bet.pk}-")
    assert free(alice) == Decimal("987.66")
    assert bet.transfers.get().reference == f"bet:{bet.pk}:stake"
    assert bet.assessment.allowed == Decimal("12.34")
    assert check_books() == []


def test_the_same_key_and_content_return_the_same_bet(alice):
    make.bankroll(alice)
    quote = make.priced()

    first = make.place(alice, quote, request_key="k")
    again = make.place(alice, quote, request_key="k", now=make.NOON + timedelta(hours=9))

    assert again == first
    assert Transfer.objects.filter(kind="stake").count() == 1
    for different in ({"stake": "10.01"}, {"price": Decimal("1.990")}):
        with pytest.raises(RequestKeyReused):
            make.place(alice, quote, request_key="k", **different)
    settle_bet(bet_id=first.pk, result="lost", now=make.NIGHT)
    assert make.place(alice, quote, request_key="k").status == "settled"


def test_two_people_may_use_the_same_key(alice, bob):
    make.bankroll(alice)
    make.bankroll(bob)
    quote = make.priced()

    assert make.place(alice, quote, request_key="k") != make.place(bob, quote, request_key="k")


@pytest.mark.parametrize("stake", ["0", "-1", "1.001", "NaN", "Infinity", "1e100", "sNaN", "1E-3"])
def test_a_stake_that_is_no_amount_is_refused_and_writes_nothing(alice, stake):
    make.bankroll(alice)
    quote = make.priced()

    with pytest.raises(StakeRefused, match=r"^stake: ") as refusal:
        make.place(alice, quote, stake)

    assert rules(refusal) == ["stake_malformed"]
    assert not Bet.objects.exists()
    assert not Assessment.objects.exists()


@pytest.mark.parametrize("price", ["1", "0.5", "-2", "NaN", "2.0001", "1e9", "Infinity"])
def test_a_price_that_is_no_price_is_refused(alice, price):
    make.bankroll(alice)

    with pytest.raises(StakeRefused, match=r"^price: "):
        make.place(alice, make.priced(), price=Decimal(price))


def test_a_refusal_names_every_reason_and_leaves_only_its_evidence(alice):
    make.bankroll(alice, "100.00")
    quote = make.priced("2.000")
    transfers = Transfer.objects.count()

    with pytest.raises(StakeRefused) as refusal:
        make.place(
            alice, quote, "150.00", price=Decimal("2.100"), now=make.EVENING + timedelta(minutes=1)
        )

    assert rules(refusal) == [
        "event_started",
        "price_moved",
        "price_stale",
        "max_bet_share",
        "max_market_share",
        "max_event_share",
        "max_league_share",
        "max_bookmaker_share",
        "max_day_share",
        "free_money",
    ]
    assert not Bet.objects.exists()
    assert Transfer.objects.count() == transfers
    evidence = Assessment.objects.get()
    assert evidence.pk == refusal.value.assessment_id
    assert evidence.allowed == 0
    assert [breach["rule"] for breach in evidence.breaches] == rules(refusal)


@pytest.mark.parametrize(
    ("shown", "asked", "minutes", "rule"),
    [
        ("2.000", "2.000", 15, None),
        ("2.000", "2.000", 16, "price_stale"),
        ("2.000", "2.001", 0, "price_moved"),
        ("2.010", "2.000", 0, None),
        (None, "2.000", 0, "price_withdrawn"),
    ],
)
def test_the_price_must_still_be_there(alice, shown, asked, minutes, rule):
    make.bankroll(alice)
    quote = make.priced(shown)
    asked = {"price": Decimal(asked), "now": make.NOON + timedelta(minutes=minutes)}

    if rule is None:
        assert make.place(alice, quote, **asked).price == asked["price"]
        return
    with pytest.raises(StakeRefused) as refusal:
        make.place(alice, quote, **asked)
    assert rules(refusal) == [rule]


def test_nothing_is_staked_on_a_finished_game_whatever_its_listed_start(alice):
    make.bankroll(alice)
    quote = make.priced()
    event = make.finish(quote.selection.market.event, 1, 0)
    event.result_seen_at = make.NOON
    event.save()

    with pytest.raises(StakeRefused) as refusal:
        make.place(alice, quote)

    assert rules(refusal) == ["event_open"]


@pytest.mark.parametrize(
    ("market", "side", "point"),
    [("h2h_lay", "home", None), ("spreads_h1", "home", "-2.5"), ("totals", "over", "9.10")],
)
def test_nothing_is_staked_on_what_no_score_settles(alice, market, side, point):
    make.bankroll(alice)

    with pytest.raises(StakeRefused, match="cannot be settled") as refusal:
        make.place(alice, make.priced(market=market, side=side, point=point))

    assert rules(refusal) == ["no_rule"]


def test_nothing_is_staked_at_an_archive(alice):
    make.bankroll(alice)
    quote = make.priced(book="archive")
    Bookmaker.objects.filter(pk=quote.bookmaker_id).update(is_archive=True)

    with pytest.raises(StakeRefused, match="nobody can bet there") as refusal:
        make.place(alice, quote)

    assert rules(refusal) == ["archive"]


def surfaced(quote) -> Opportunity:
    strategy = Strategy.objects.create(key="mine", title="Mine", configuration={})
    return Opportunity.objects.create(
        strategy=strategy, quote=quote, as_of=make.NOON, price=quote.price,
        price_seen_at=make.NOON, fair_probability=0.5, market_probability=0.5, edge=0.1,
        edge_low=0.05, stake_share=0.02, reasons=[], passes=[],
    )  # fmt: skip


def test_a_bet_rests_on_no_opportunity_that_ended_long_ago(alice):
    make.bankroll(alice)
    quote = make.priced("2.200")
    opportunity = surfaced(quote)
    opportunity.status, opportunity.gone_at = "gone", make.NOON - timedelta(minutes=16)
    opportunity.save()

    with pytest.raises(StakeRefused, match="it ended at 2026-01-15 11:44 UTC") as refusal:
        make.place(alice, quote, opportunity_id=opportunity.pk)

    assert rules(refusal) == ["opportunity_gone"]
    opportunity.gone_at = make.NOON - timedelta(minutes=15)
    opportunity.save()
    assert make.place(alice, quote, opportunity_id=opportunity.pk).fair_probability == 0.5


def test_a_bet_by_hand_keeps_what_the_market_thought_and_nothing_later(alice):
    make.bankroll(alice)
    for book, home, away in (("one", "1.900", "1.950"), ("two", "1.920", "1.930")):
        make.priced(away, side="away", book=book)
        quote = make.priced(home, book=book)
    event = quote.selection.market.event
    by_two = consensus(market_quotes([event.pk], "h2h", now=make.NOON), method=BY_SPORT)
    # Seen a minute after the bet: whoever knew it would think otherwise.
    later = [make.priced(p, side=s, book="later") for s, p in (("home", "1.20"), ("away", "5.00"))]
    Quote.objects.filter(pk__in=[each.pk for each in later]).update(
        seen_at=make.NOON + timedelta(minutes=1)
    )

    bet = make.place(alice, quote)

    fair = by_two.probability[by_two.selection_id == quote.selection_id][0]
    assert bet.fair_probability == pytest.approx(fair, abs=1e-12)
    Quote.objects.update(price=Decimal("3.000"))
    bet.refresh_from_db()
    assert bet.fair_probability == pytest.approx(fair, abs=1e-12)
    # So there is an estimate of what it was to earn.
    make.finish(event, 99, 90)
    settle_due_bets(make.NIGHT)
    shown = performance_of(alice.pk)
    assert shown.expected_profit == pytest.approx(10 * (fair * 1.92 - 1))
    assert shown.expected_low < shown.expected_profit < shown.expected_high
    # No book prices the whole market: nobody knows.
    alone = make.priced("2.000", game=2)
    assert make.place(alice, alone).fair_probability is None


def test_a_bankroll_of_many_millions_is_staked_like_any_other(alice):
    make.bankroll(alice, "50000000.00")
    make.limits(alice, bet="1.0000", event="1.0000", day="1.0000")
    quote = make.priced("2.200")
    opportunity = surfaced(quote)

    bet = make.place(alice, quote, "20.00", opportunity_id=opportunity.pk)

    # 10 % of edge at 1.2 to 1 is a twelfth of equity.
    assert bet.assessment.waterfall[0]["stake"] == "4166666.66"


def test_limits_count_what_is_already_staked(alice):
    make.bankroll(alice)  # 20.00 a bet, 30.00 an event, 100.00 a day
    home, line = make.priced(), make.priced(side="home", point="-3.5", market="spreads")
    make.place(alice, home, "20.00")

    with pytest.raises(StakeRefused) as refusal:
        make.place(alice, line, "10.01")

    assert rules(refusal) == ["max_event_share"]
    make.place(alice, line, "10.00")
    for game in (2, 3, 4):
        make.place(alice, make.priced(game=game), "20.00")
    with pytest.raises(StakeRefused) as refusal:
        make.place(alice, make.priced(game=5), "10.01")
    assert rules(refusal) == ["max_day_share"]
    make.place(alice, make.priced(game=6), "10.00")
    assert Bet.objects.aggregate(total=Sum("stake"))["total"] == Decimal("100.00")


def test_what_cannot_be_lost_together_does_not_add_up(alice):
    make.bankroll(alice)  # 20.00 a bet, 30.00 an event
    home, away = make.priced("2.000"), make.priced("2.000", side="away")
    make.place(alice, home, "20.00")

    make.place(alice, away, "20.00")  # one of the two wins: nothing more is at risk
    line = make.priced("2.000", point="-3.5", market="spreads")
    make.place(alice, line, "20.00")  # lost with the home side, whose stake the away side earns

    with pytest.raises(StakeRefused) as refusal:
        make.place(alice, home, "10.01")
    assert rules(refusal) == ["max_event_share"]


def test_leagues_bookmakers_and_the_number_of_open_bets_have_limits_too(alice):
    make.bankroll(alice)
    limits = make.limits(alice, bet="0.0200", event="0.0300", day="0.1000")
    limits.max_league_share = limits.max_bookmaker_share = Decimal("0.0300")
    limits.max_open_bets = 2
    limits.save()
    for game in (1, 2):
        make.place(alice, make.priced(game=game), "15.00")

    with pytest.raises(StakeRefused) as refusal:
        make.place(alice, make.priced(game=3, book="other"), "5.00")

    assert rules(refusal) == ["max_league_share", "max_open_bets"]
    with pytest.raises(StakeRefused, match="2 of 2 open bets"):
        make.place(alice, make.priced(game=4), "5.00")


def test_the_kill_switch_blocks_new_stakes_until_lifted(alice, olivia):
    make.bankroll(alice)
    quote = make.priced()
    halt = halt_everything(reason="feed is odd", now=make.NOON, by_id=olivia.pk)

    with pytest.raises(StakeRefused, match="feed is odd") as refusal:
        make.place(alice, quote)

    assert rules(refusal) == ["kill_switch"]
    lift_halt(halt_id=halt.pk, reason="feed is fine", now=make.NOON, by_id=olivia.pk)
    assert make.place(alice, quote).status == "open"


def test_without_a_bankroll_the_refusal_says_what_to_do(alice):
    with pytest.raises(StakeRefused, match="open one and pay into it first"):
        make.place(alice, make.priced())


def test_nobody_stakes_from_the_bankroll_of_another(alice, bob):
    make.bankroll(alice)
    theirs = make.bankroll(bob)

    with pytest.raises(StakeRefused, match="no such bankroll"):
        make.place(alice, make.priced(), bankroll_id=theirs.pk)


# --- venues: the row is committed first, an unknown answer is looked up


@pytest.mark.django_db(transaction=True)
def test_the_bet_is_committed_before_the_venue_is_called(alice, monkeypatch):
    make.bankroll(alice)
    seen = []

    class Outside(Venue):
        def place(self, order):
            with ThreadPoolExecutor(1) as elsewhere:
                seen.append(elsewhere.submit(_placing_bets).result())
            return self.placed

    monkeypatch.setitem(registry.VENUES, "told", Outside(Answer(Verdict.ACCEPTED, "v-1")))

    bet = make.place(alice, make.priced(), venue="told")

    assert seen == [[bet.pk]]
    assert (bet.status, bet.venue_reference) == ("open", "v-1")


def _placing_bets() -> list[int]:
    try:
        return list(Bet.objects.filter(status="placing").values_list("pk", flat=True))
    finally:
        connection.close()


def test_a_rejected_bet_gives_its_stake_back(alice, monkeypatch):
    make.bankroll(alice)
    told(monkeypatch, Answer(Verdict.REJECTED, reason="limit is 5.00"))

    bet = make.place(alice, make.priced(), venue="told")

    assert (bet.status, bet.rejection) == ("rejected", "limit is 5.00")
    assert free(alice) == Decimal("1000.00")
    assert check_books() == []


@pytest.mark.parametrize(
    ("found", "minutes", "status"),
    [
        (Answer(Verdict.ACCEPTED, "v-9"), 0, "open"),
        (Answer(Verdict.REJECTED, reason="no"), 0, "rejected"),
        (Answer(Verdict.UNKNOWN), 60, "placing"),
        (Answer(Verdict.NOT_FOUND), 60, "placing"),
    ],
)
def test_an_unknown_answer_is_resolved_by_look_up_alone(alice, monkeypatch, found, minutes, status):
    make.bankroll(alice)
    venue = told(monkeypatch, Answer(Verdict.UNKNOWN), found)
    quote = make.priced()

    bet = make.place(alice, quote, venue="told", request_key="k")
    assert bet.status == "placing"
    assert free(alice) == Decimal("990.00")
    later = make.NOON + timedelta(minutes=minutes)
    answers.resolve_unknowns(now=later)
    again = make.place(alice, quote, venue="told", request_key="k", now=later)

    assert again.status == status
    assert len(venue.orders) == 1
    assert set(venue.look_ups) == {answers.reference_of(bet)}
    assert free(alice) == Decimal("1000.00" if status == "rejected" else "990.00")
    assert check_books() == []


def looks(bet, *minutes):
    """Return the bet's status after a look so many minutes after it was placed, each."""
    return [
        answers.resolve_unknown(bet_id=bet.pk, now=make.NOON + timedelta(minutes=each)).status
        for each in minutes
    ]


def test_what_a_venue_does_not_find_comes_back_after_two_looks_apart(alice, monkeypatch):
    make.bankroll(alice)
    venue = told(monkeypatch, Answer(Verdict.UNKNOWN), Answer(Verdict.NOT_FOUND))
    bet = make.place(alice, make.priced(), venue="told")

    # It may still arrive; then a first look, one too soon, one that sees its lists as well.
    assert looks(bet, 4, 5, 6, 7) == ["placing", "placing", "placing", "rejected"]
    assert free(alice) == Decimal("1000.00")
    assert len(venue.orders) == 1


def test_what_a_venue_lists_is_never_given_back(alice, monkeypatch):
    make.bankroll(alice)
    venue = told(monkeypatch, Answer(Verdict.UNKNOWN), Answer(Verdict.NOT_FOUND))
    bet = make.place(alice, make.priced(), venue="told")
    venue.listed = True

    assert looks(bet, 5, 7, 30) == ["placing"] * 3
    assert free(alice) == Decimal("990.00")


def test_two_looks_that_miss_a_bet_follow_one_another(alice, monkeypatch):
    make.bankroll(alice)
    missed, unclear = Answer(Verdict.NOT_FOUND), Answer(Verdict.UNKNOWN)
    told(monkeypatch, unclear, missed, unclear, missed, missed)
    bet = make.place(alice, make.priced(), venue="told")

    assert looks(bet, 5, 7, 9, 11) == ["placing", "placing", "placing", "rejected"]


def test_a_venue_that_cannot_be_asked_keeps_nobody_waiting(alice, monkeypatch):
    make.bankroll(alice)
    told(monkeypatch, Answer(Verdict.UNKNOWN), Answer(Verdict.ACCEPTED, "v-9"))
    lost = make.place(alice, make.priced(), venue="told")
    found = make.place(alice, make.priced(game=2), venue="told")
    look_up = answers.resolve_unknown

    def unreachable(*, bet_id, now):
        if bet_id == lost.pk:
            raise ConnectionError("no route to the venue")
        return look_up(bet_id=bet_id, now=now)

    monkeypatch.setattr(answers, "resolve_unknown", unreachable)

    assert answers.resolve_unknowns(now=make.NOON + timedelta(minutes=1)) == 1
    assert dict(Bet.objects.values_list("pk", "status")) == {lost.pk: "placing", found.pk: "open"}


# --- races, with real threads


def together(count, work) -> list:
    """Run work(i) in so many threads at once; what each returned or raised."""
    start = threading.Barrier(count)

    def run(i):
        start.wait()
        try:
            return work(i)
        except StakeRefused as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))


@pytest.mark.django_db(transaction=True)
def test_fifty_threads_with_one_key_make_one_bet(alice):
    make.bankroll(alice)
    quote = make.priced()

    answers = together(50, lambda _i: make.place(alice, quote, request_key="same").pk)

    assert set(answers) == {Bet.objects.get().pk}
    assert Transfer.objects.filter(kind="stake").count() == 1
    assert free(alice) == Decimal("990.00")
    assert check_books() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("stop", ["kill switch", "self-exclusion"])
def test_no_stake_is_written_after_its_stop_was(alice, stop):
    bankroll = make.bankroll(alice)
    quote = make.priced()
    written_when_stopped = []

    def press():
        try:
            if stop == "kill switch":
                halt_everything(reason="now", now=make.NOON)
            else:
                exclude(owner_id=alice.pk, kind="self_exclusion", length=None, now=timezone.now())
            written_when_stopped.append(Bet.objects.count())
        finally:
            connection.close()

    def stake():
        try:
            make.place(alice, quote)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        with transaction.atomic():
            # The stake has begun, and waits for what its owner has.
            list(LedgerAccount.objects.select_for_update().filter(bankroll=bankroll))
            staking = threads.submit(stake)
            until(lambda: waiting("transactionid", "tuple"), "the stake to wait")
            stopping = threads.submit(press)
            until(lambda: waiting("advisory") or stopping.done(), "the stop to wait")
        staking.result(30)
        stopping.result(30)

    assert written_when_stopped == [1]


@pytest.mark.django_db(transaction=True)
def test_a_breaker_that_trips_as_bets_settle_does_not_wait_for_stakes_in_a_ring(alice):
    """A stake that has begun waits for what its owner has, which the settling bet holds."""
    make.bankroll(alice)
    make.limits(alice, bet="0.1000", event="0.1000", day="1.0000", drawdown="0.0500")
    bet = make.place(alice, make.priced(), "60.00")

    def settle():
        try:
            settle_bet(bet_id=bet.pk, result="lost", now=make.NIGHT)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            begin_stake()
            settling = threads.submit(settle)
            until(lambda: waiting("advisory") or settling.done(), "the bet to settle")
            assert settling.done()
        settling.result(30)

    assert Halt.objects.get().cause == "drawdown"


def waiting(*kinds: str) -> bool:
    """Say whether anybody on this database waits for a lock of these kinds."""
    with connection.cursor() as cursor:
        # In a transaction it would go on showing who was there at the first look.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE NOT granted AND locktype = ANY(%s) AND datname = current_database()",
            [list(kinds)],
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_fifty_bets_racing_for_the_last_of_a_limit_never_pass_it(alice):
    make.bankroll(alice)
    quote = make.priced()  # 30.00 for this event

    answers = together(50, lambda _i: make.place(alice, quote, "10.00"))

    assert sum(isinstance(answer, Bet) for answer in answers) == 3
    assert all(isinstance(answer, Bet | StakeRefused) for answer in answers)
    assert Bet.objects.aggregate(total=Sum("stake"))["total"] == Decimal("30.00")
    assert check_books() == []


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_the_race_is_real(alice, monkeypatch):
    """If this fails, the two tests above prove nothing."""
    make.bankroll(alice)
    quote = make.priced()
    all_have_looked = threading.Barrier(5)
    staked_of = placement.staked_of

    def unlocked(owner_id):
        return list(
            LedgerAccount.objects.filter(bankroll__owner_id=owner_id).select_related("bankroll")
        )

    def look_together(*args, **kwargs):
        staked = staked_of(*args, **kwargs)
        all_have_looked.wait(timeout=60)
        return staked

    all_have_written, ask = threading.Barrier(5), placement._ask

    def ask_together(*args, **kwargs):
        # An answer locks what its owner has; one among unlocked writers could deadlock with them.
        all_have_written.wait(timeout=60)
        return ask(*args, **kwargs)

    monkeypatch.setattr(placement, "lock_accounts", unlocked)
    monkeypatch.setattr(placement, "staked_of", look_together)
    monkeypatch.setattr(placement, "_ask", ask_together)

    together(5, lambda _i: make.place(alice, quote, "10.00"))

    assert Bet.objects.aggregate(total=Sum("stake"))["total"] == Decimal("50.00")
