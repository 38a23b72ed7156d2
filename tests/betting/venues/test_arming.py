"""A venue that stakes real money is asked for nothing unless an operator armed it, twice said."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import ProgrammingError, transaction

from accounts.models import AuditEntry
from betting.models import Arming, Bet, Transfer
from betting.selectors.venues import venue_states, why_not_armed
from betting.services import answers, arming
from betting.services.arming import ArmingRefused, ask_arming, confirm_arming, disarm
from betting.services.placement import StakeRefused
from betting.venues import registry
from betting.venues.base import Answer, CannotQuote, Code, Quoted, Terms, Verdict
from risk.services import halt_everything, lift_halt
from tests import make

SOON = make.NOON + timedelta(minutes=1)


class Real:
    """A venue that takes real money, and notes what it is asked."""

    key = "real"
    terms = Terms(title="Real", needs_arming=True, quotes=True, min_stake=Decimal(2))

    def __init__(self) -> None:
        self.asked = []
        self.offer = Quoted(Decimal("2.000"), Decimal(50), "7", make.NOON)

    def quote(self, *, selection_id, bookmaker_id, now):
        self.asked.append("quote")
        if isinstance(self.offer, CannotQuote):
            raise self.offer
        return self.offer

    def place(self, order):
        self.asked.append(f"place {order.version}")
        return Answer(Verdict.PENDING, "r-1")

    def look_up(self, order, *, now):
        self.asked.append("look_up")
        return Answer(Verdict.ACCEPTED, "r-1")


@pytest.fixture
def real(monkeypatch, settings):
    settings.LIVE_VENUES = ["real"]
    venue = Real()
    monkeypatch.setitem(registry.VENUES, "real", venue)
    return venue


@pytest.fixture
def olivia(db):
    return make.operator()


def arm(olivia, *, hours=8) -> Arming:
    ask_arming(venue="real", reason="Trial.", hours=hours, by_id=olivia.pk, now=make.NOON)
    return confirm_arming(venue="real", typed="real", by_id=olivia.pk, now=make.NOON)


def refused(alice, quote) -> list[str]:
    before = Transfer.objects.count()
    with pytest.raises(StakeRefused) as refusal:
        make.place(alice, quote, venue="real", now=SOON)
    assert (Bet.objects.count(), Transfer.objects.count()) == (0, before)
    return [breach.rule for breach in refusal.value.breaches]


def test_nothing_is_placed_before_the_second_confirmation(real, alice, olivia):
    make.bankroll(alice)
    quote = make.priced()

    assert refused(alice, quote) == ["not_armed"]
    ask_arming(venue="real", reason="Trial.", hours=8, by_id=olivia.pk, now=make.NOON)
    assert refused(alice, quote) == ["not_armed"]
    for wrong in ("", "Real", "yes"):
        with pytest.raises(ArmingRefused, match="type real to confirm"):
            confirm_arming(venue="real", typed=wrong, by_id=olivia.pk, now=make.NOON)
    assert refused(alice, quote) == ["not_armed"]
    assert real.asked == []

    confirm_arming(venue="real", typed="real", by_id=olivia.pk, now=make.NOON)
    assert make.place(alice, quote, venue="real", now=SOON).status == "pending"
    assert real.asked == ["quote", "place 7"]
    entries = AuditEntry.objects.filter(subject="venue real").order_by("pk")
    assert [entry.action for entry in entries] == ["asked to arm venue", "armed venue"]


def disarmed_by_operator(olivia):
    assert disarm(venue="real", reason="Enough.", by_id=olivia.pk, now=make.NOON)
    assert not disarm(venue="real", reason="Enough.", by_id=olivia.pk, now=make.NOON)


def disarmed_by_kill_switch(olivia):
    halt_everything(reason="Stop.", now=make.NOON, by_id=olivia.pk)


def disarmed_by_a_kill_switch_since_lifted(olivia):
    halt = halt_everything(reason="Stop.", now=make.NOON, by_id=olivia.pk)
    lift_halt(halt_id=halt.pk, reason="Fine.", now=make.NOON)


def disarmed_by_asking_anew(olivia):
    ask_arming(venue="real", reason="Again.", hours=1, by_id=olivia.pk, now=make.NOON)


@pytest.mark.parametrize(
    "happens",
    [
        disarmed_by_operator,
        disarmed_by_kill_switch,
        disarmed_by_a_kill_switch_since_lifted,
        disarmed_by_asking_anew,
    ],
)
def test_what_disarms_a_venue_does_so_at_once(real, alice, olivia, happens):
    make.bankroll(alice)
    quote = make.priced()
    arm(olivia)
    assert why_not_armed(real, now=SOON) == ""

    happens(olivia)

    assert "not_armed" in refused(alice, quote)
    assert real.asked == []


def test_an_arming_expires_and_no_halt_of_one_person_ends_it(real, alice, olivia):
    arm(olivia, hours=1)
    halt_everything(reason="Mine.", now=make.NOON, owner_id=alice.pk)

    last = make.NOON + timedelta(minutes=59, seconds=59)
    assert why_not_armed(real, now=last) == ""
    assert "armed until" in why_not_armed(real, now=make.NOON + timedelta(hours=1))


def test_a_venue_disarmed_between_the_commit_and_the_call_is_not_asked(
    real, alice, olivia, monkeypatch
):
    make.bankroll(alice)
    arm(olivia)
    order_of = answers.order_of

    def disarmed_meanwhile(bet):
        disarm(venue="real", reason="Now.", by_id=olivia.pk, now=SOON)
        return order_of(bet)

    monkeypatch.setattr("betting.services.placement.order_of", disarmed_meanwhile)
    bet = make.place(alice, make.priced(), venue="real", now=SOON)

    assert (bet.status, bet.rejection_code) == ("rejected", Code.NOT_ALLOWED)
    assert real.asked == ["quote"]


def test_what_is_open_is_looked_up_also_once_disarmed(real, alice, olivia):
    make.bankroll(alice)
    arm(olivia)
    bet = make.place(alice, make.priced(), venue="real", now=SOON)
    disarm(venue="real", reason="Enough.", by_id=olivia.pk, now=SOON)

    assert answers.resolve_unknown(bet_id=bet.pk, now=SOON).status == "open"


@pytest.mark.parametrize(
    ("asked", "offer", "rules"),
    [
        ({"stake": "1.99"}, None, ["venue_min_stake"]),
        ({}, Quoted(Decimal("1.990"), None, "", make.NOON), ["price_moved"]),
        ({}, CannotQuote(Code.AMBIGUOUS, "Two markets."), ["venue_ambiguous"]),
    ],
)
def test_what_the_venue_would_refuse_is_refused_before_a_bet_exists(
    real, alice, olivia, asked, offer, rules
):
    make.bankroll(alice)
    arm(olivia)
    real.offer = offer or real.offer

    with pytest.raises(StakeRefused) as refusal:
        make.place(alice, make.priced(), venue="real", now=SOON, **asked)

    assert [breach.rule for breach in refusal.value.breaches] == rules
    assert not Bet.objects.exists()


def test_a_simulated_league_or_clock_never_meets_real_money(real, alice, olivia, settings):
    make.bankroll(alice)
    arm(olivia)
    quote = make.priced()
    league = quote.selection.market.event.competition
    league.is_simulated = True
    league.save()
    assert refused(alice, quote) == ["simulated"]

    settings.CLOCK = object()
    assert "not the real one" in why_not_armed(real, now=SOON)
    with pytest.raises(ArmingRefused, match="not the real one"):
        ask_arming(venue="real", reason="Trial.", hours=1, by_id=olivia.pk, now=make.NOON)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"venue": "nowhere"}, "venue"),
        ({"venue": "paper"}, "venue"),
        ({"reason": "  "}, "reason"),
        ({"hours": 0}, "hours"),
        ({"hours": 25}, "hours"),
    ],
)
def test_an_arming_that_makes_no_sense_is_refused_by_field(real, olivia, given, field):
    right = {"venue": "real", "reason": "Trial.", "hours": 8}
    with pytest.raises(ArmingRefused) as wrong:
        ask_arming(**(right | given), by_id=olivia.pk, now=make.NOON)

    assert wrong.value.field == field
    assert not Arming.objects.exists()


def test_a_venue_the_settings_do_not_name_cannot_be_armed(real, olivia, settings):
    settings.LIVE_VENUES = []
    with pytest.raises(ArmingRefused, match="FAIRLINE_LIVE_VENUES"):
        ask_arming(venue="real", reason="Trial.", hours=8, by_id=olivia.pk, now=make.NOON)


def test_a_request_is_confirmed_in_time_and_not_while_everybody_is_halted(real, olivia):
    ask_arming(venue="real", reason="Trial.", hours=8, by_id=olivia.pk, now=make.NOON)
    late = make.NOON + timedelta(minutes=10, seconds=1)
    with pytest.raises(ArmingRefused, match="ask first"):
        confirm_arming(venue="real", typed="real", by_id=olivia.pk, now=late)
    halt_everything(reason="Stop.", now=make.NOON)
    with pytest.raises(ArmingRefused, match="halted"):
        confirm_arming(venue="real", typed="real", by_id=olivia.pk, now=make.NOON)
    with pytest.raises(ArmingRefused, match="halted"):
        ask_arming(venue="real", reason="Trial.", hours=8, by_id=olivia.pk, now=make.NOON)


def test_an_arming_is_evidence(real, olivia):
    armed = arm(olivia)
    again = confirm_arming(venue="real", typed="real", by_id=olivia.pk, now=SOON)
    assert again.confirmed_at == make.NOON

    for change in ({"expires_at": make.NIGHT}, {"hours": 24}, {"reason": "Other."}):
        with pytest.raises(ProgrammingError, match="moves forward"), transaction.atomic():
            Arming.objects.filter(pk=armed.pk).update(**change)
    with pytest.raises(ProgrammingError), transaction.atomic():
        Arming.objects.filter(pk=armed.pk).delete()


def test_the_state_of_every_venue_names_what_waits(real, alice, olivia):
    make.bankroll(alice)
    arm(olivia)
    make.place(alice, make.priced(), venue="real", now=SOON)

    states = {state.key: state for state in venue_states(now=SOON + timedelta(minutes=3))}

    assert (states["real"].is_armed, states["real"].may_place) == (True, True)
    assert (states["real"].waiting, states["real"].longest) == (1, timedelta(minutes=3))
    assert (states["paper"].is_armed, states["paper"].may_place) == (False, True)
    assert arming.LONGEST_HOURS == 24
