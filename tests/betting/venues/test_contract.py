"""What every venue honours, whoever runs it (betting/venues/base.py)."""

from datetime import timedelta
from decimal import Decimal

import pytest

from betting.models import Bet, LedgerAccount, Transfer
from betting.services import answers
from betting.services.arming import ask_arming, confirm_arming
from betting.services.books import check_books
from betting.services.confirming import confirm_bet
from betting.venues import registry
from betting.venues.base import FINAL, Code, Quoted, Verdict
from tests import make
from tests.betting.venues.stages import STAGES, those

pytestmark = pytest.mark.django_db
LATER = make.NOON + timedelta(minutes=2)


@pytest.fixture(params=STAGES)
def stage(request, db):
    with STAGES[request.param].build() as built:
        yield built


# A clause that a venue cannot break is not asked of it.
that_lose_answers = pytest.mark.parametrize("stage", those(loses_answers=True), indirect=True)
that_refuse = pytest.mark.parametrize("stage", those(refuses=True), indirect=True)
that_quote = pytest.mark.parametrize("stage", those(quotes=True), indirect=True)


def test_its_terms_can_be_kept(stage):
    terms = stage.venue.terms

    assert 1 <= len(stage.venue.key) <= 16
    assert terms.title
    assert terms.min_stake > 0
    assert terms.max_stake is None or terms.max_stake >= terms.min_stake
    assert list(terms.ladder) == sorted(terms.ladder)
    if terms.dedupe_window is not None and terms.remembers is not None:
        assert terms.dedupe_window <= terms.remembers
    # One that places by itself tells its price first, and says where it bets and in what money.
    if terms.needs_arming:
        assert terms.quotes
        assert terms.bookmakers
        assert terms.currency


def test_the_same_reference_twice_is_one_bet(stage):
    asked = stage.order()
    first = stage.venue.place(asked)
    second = stage.venue.place(asked)

    assert first.verdict in {Verdict.ACCEPTED, Verdict.PENDING}
    # The second is the first, or nobody knows: never a refusal of what exists.
    assert second == first or second.verdict is Verdict.UNKNOWN
    assert stage.held(asked.reference) <= 1


def test_what_is_accepted_is_within_what_was_asked(stage):
    said = stage.venue.look_up(stage.order(), now=make.NOON)
    asked = stage.order()
    placed = stage.venue.place(asked)
    if placed.verdict is Verdict.ACCEPTED:
        stake = asked.stake if placed.matched_stake is None else placed.matched_stake
        price = asked.price if placed.matched_price is None else placed.matched_price
        assert 0 < stake <= asked.stake
        assert stake == stake.quantize(Decimal("0.01"))
        assert price >= asked.price
        assert placed.venue_reference
    assert said.verdict is not Verdict.REJECTED


@that_lose_answers
def test_a_lost_answer_is_unknown_and_the_look_up_finds_the_bet(stage):
    asked = stage.order()
    stage.lose_answer()

    assert stage.venue.place(asked).verdict is Verdict.UNKNOWN
    found = stage.venue.look_up(asked, now=LATER)
    assert found.verdict is Verdict.ACCEPTED
    assert stage.held(asked.reference) == 1


def test_it_lists_nothing_that_it_never_heard_of(stage):
    assert not stage.venue.lists(stage.order(), now=make.NOON)
    stage.venue.place(stage.order())
    assert not stage.venue.lists(stage.order(2), now=LATER)


def test_looking_up_places_nothing_and_what_is_final_stays(stage):
    asked = stage.order()
    stage.venue.place(asked)

    said = [stage.venue.look_up(asked, now=LATER) for _ in range(3)]

    assert said[0] == said[1] == said[2]
    assert stage.held(asked.reference) <= 1
    if said[0].verdict in FINAL:
        assert stage.venue.look_up(asked, now=make.NIGHT) == said[0]


def test_cancelling_twice_is_cancelling_once_and_undoes_no_match(stage):
    asked = stage.order(withdrawn_at=LATER)
    placed = stage.venue.place(asked)

    said = [stage.venue.cancel(asked, now=LATER) for _ in range(2)]

    assert said[0] == said[1]
    if placed.verdict is Verdict.ACCEPTED:
        assert said[0].verdict is Verdict.ACCEPTED


@that_refuse
def test_a_refusal_takes_nothing_and_says_why_in_our_words(stage):
    asked = stage.order()
    stage.refuse()

    said = stage.venue.place(asked)

    assert said.verdict is Verdict.REJECTED
    assert said.code in set(Code)
    assert said.reason
    assert stage.held(asked.reference) == 0


@that_quote
def test_what_it_quotes_can_be_asked_for(stage):
    asked = stage.order()
    quoted = stage.venue.quote(
        selection_id=asked.selection_id, bookmaker_id=asked.bookmaker_id, now=make.NOON
    )

    assert isinstance(quoted, Quoted)
    assert quoted.price > 1
    placed = stage.venue.place(stage.order(price=quoted.price, version=quoted.version))
    assert placed.verdict is Verdict.ACCEPTED


@that_lose_answers
def test_a_bet_whose_answer_was_lost_is_one_bet_here(stage, alice, monkeypatch, settings):
    stage.lose_answer()

    is_one_bet_here(stage, alice, monkeypatch, settings)


def test_a_bet_there_is_one_bet_here(stage, alice, monkeypatch, settings):
    is_one_bet_here(stage, alice, monkeypatch, settings)


def is_one_bet_here(stage, alice, monkeypatch, settings) -> None:
    """Place at the venue, by a key three times; the ledger has it once and the books balance."""
    key = stage.venue.key
    monkeypatch.setitem(registry.VENUES, key, stage.venue)
    if stage.venue.terms.needs_arming:
        settings.LIVE_VENUES = [key]
        by = {"venue": key, "by_id": make.operator().pk, "now": make.NOON}
        ask_arming(reason="Contract.", hours=1, **by)
        confirm_arming(typed=key, **by)
    make.bankroll(alice)

    for _ in range(3):
        bet = make.place(alice, stage.quote(), "10.00", venue=key, request_key="one")
    if stage.venue.terms.asks_person:
        confirm_bet(owner_id=alice.pk, bet_id=bet.pk, stake=bet.stake, price=bet.price, now=LATER)
    answers.resolve_unknowns(now=LATER)

    bet = Bet.objects.get()
    assert (bet.status, bet.matched_stake) == ("open", Decimal("10.00"))
    assert Transfer.objects.filter(kind="stake").count() == 1
    assert LedgerAccount.objects.get(bankroll__owner=alice, kind="at_risk").amount == 10
    if stage.venue.terms.needs_arming:
        assert stage.held(answers.reference_of(bet)) == 1
    assert check_books() == []
