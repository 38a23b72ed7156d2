"""A selection has one fair price, whichever page shows it."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine

from accounts.showing.formats import fair_text, signed_share_text
from betting.models import Opportunity
from betting.services.opportunities import refresh_opportunities
from odds.models import Bookmaker, MarketLook, PricingRule, Quote
from tests import make

NOW = make.NOON + timedelta(minutes=30)


@pytest.fixture
def market(alice):
    """Four books seen now, home best at the fourth; one that nobody saw for half an hour."""
    make.bankroll(alice)
    for book, home, away in (
        ("one", "1.910", "1.910"),
        ("two", "1.930", "1.890"),
        ("three", "1.900", "1.920"),
        ("four", "2.200", "1.700"),
        ("late", "1.300", "3.600"),
    ):
        make.priced(home, book=book)
        found = make.priced(away, side="away", book=book).selection.market
    seen = list(Bookmaker.objects.exclude(key="late").values_list("pk", flat=True))
    MarketLook.objects.create(
        market=found,
        bookmaker_ids=seen,
        looked_at=[NOW] * len(seen),
        last_update=[NOW] * len(seen),
    )
    with time_machine.travel(NOW, tick=False):
        refresh_opportunities(now=NOW)
        yield found


def fair_prices(client, market) -> tuple[float, float, float]:
    """Return home's fair probability by Today (decided, and now) and by the odds screen."""
    [row] = client.get("/?refresh=1").context["today"].rows
    [event] = client.get("/odds/?market=h2h&refresh=1").context["board"].events
    [home] = [each for each in event.lines[0].rows if each.id == row.selection_id]
    [line] = client.get(f"/events/{market.event_id}/").context["lines"]
    [same] = [each for each in line.rows if each.id == home.id]
    assert same.fair == home.fair
    return row.fair, row.market_fair, home.fair


@pytest.mark.parametrize("reference", [None, "two", "late"])
def test_a_fresh_decision_has_the_fair_price_of_odds(market, as_alice, reference):
    if reference:
        PricingRule.objects.create(
            sport=market.event.competition.sport, method="power", reference_books=[reference],
            reference_minutes=10, in_force_from=NOW,
        )  # fmt: skip
        # Whatever was decided before the rule does not stand.
        Opportunity.objects.filter(status="open").update(market_probability=0.40)
        refresh_opportunities(now=NOW + timedelta(seconds=1))

    decided, now, shown = fair_prices(as_alice, market)

    assert decided == now == pytest.approx(shown, abs=1e-12)
    assert fair_text(shown) in as_alice.get("/").content.decode()
    assert "fair now" not in as_alice.get("/").content.decode()
    assert "as decided" not in as_alice.get("/").content.decode()


def test_where_the_market_left_a_decision_its_row_and_its_form_say_so(market, as_alice):
    found = Opportunity.objects.get(passes=[])
    Quote.objects.filter(bookmaker__key__in=["one", "two"], selection__side="home").update(
        price=Decimal("1.970")
    )

    decided, now, shown = fair_prices(as_alice, market)

    assert decided == found.fair_probability > now == pytest.approx(shown, abs=1e-12)
    said = f"with the market at {fair_text(decided)} · fair now {fair_text(shown)}"
    form = f"/bets/place/?opportunity={found.pk}"
    for page, old in (("/", "as decided"), (form, "as decided; by the market now")):
        body = as_alice.get(page).content.decode()
        assert said in body
        assert old in body
        # What does not stand any more is not coloured as a gain.
        assert f'<span class="flat">{signed_share_text(found.edge)}</span>' in body
    # The next round decides anew, and there is nothing left to say.
    refresh_opportunities(now=NOW + timedelta(seconds=1))
    fresh, now, _ = fair_prices(as_alice, market)
    assert fresh == now != decided
    assert "fair now" not in as_alice.get("/").content.decode()
    assert "as decided" not in as_alice.get("/").content.decode()


def test_nothing_is_proposed_on_what_the_market_says_does_not_pay(market, as_alice):
    found = Opportunity.objects.get(passes=[])
    form = f"/bets/place/?opportunity={found.pk}"
    Quote.objects.filter(bookmaker__key__in=["one", "two"], selection__side="home").update(
        price=Decimal("3.000")
    )

    [row] = as_alice.get("/").context["today"].rows

    assert row.market_edge < 0 < row.opportunity.edge
    assert row.stake == 0
    assert "pays no more than it is worth" in row.why_none
    assert "market left it" in as_alice.get("/").content.decode()
    # Whoever means it may still say how much.
    assert as_alice.get(form).context["form"]["stake"].value() is None


def test_where_the_price_left_too_the_form_has_the_edge_of_the_price_now(market, as_alice):
    found = Opportunity.objects.get(passes=[])
    Quote.objects.filter(bookmaker__key__in=["one", "two"], selection__side="home").update(
        price=Decimal("1.970")
    )
    Quote.objects.filter(bookmaker__key="four", selection__side="home").update(
        price=Decimal("2.000")
    )

    _, now, _ = fair_prices(as_alice, market)

    body = as_alice.get(f"/bets/place/?opportunity={found.pk}").content.decode()
    assert f"by the market now {signed_share_text(2.0 * now - 1)}" in body
    assert f"edge {signed_share_text(2.0 * now - 1)} by it" in body
    assert signed_share_text(2.2 * now - 1) not in body


def test_what_was_never_decided_by_the_consensus_is_not_said_to_have_moved(market, as_alice):
    found = Opportunity.objects.get(passes=[])
    own = found.strategy
    own.configuration = own.configuration | {"margin_methods": ["multiplicative"]}
    own.save()
    # What its version before found stands no more; what it finds itself is set on as it stands.
    Opportunity.objects.filter(status="open").update(market_probability=0.40)
    refresh_opportunities(now=NOW + timedelta(seconds=1))
    Opportunity.objects.filter(status="open").update(market_probability=0.40)

    assert len(as_alice.get("/").context["today"].rows) == 1
    assert "fair now" not in as_alice.get("/").content.decode()
    assert "as decided" not in as_alice.get("/").content.decode()


def test_a_decision_ends_when_the_market_moved_though_its_edge_did_not(market, as_alice):
    """As where a model moved the other way: what it shows of the market would be of long ago."""
    Opportunity.objects.filter(status="open").update(market_probability=0.40)

    assert refresh_opportunities(now=NOW + timedelta(seconds=1)).gone == 2


def test_rows_that_fill_one_limit_say_that_they_share_it(market, alice, as_alice):
    quote = Opportunity.objects.get(passes=[]).quote
    for game in range(2, 5):
        other = make.priced("2.200", game=game, book="four")
        Opportunity.objects.create(
            strategy=Opportunity.objects.get(passes=[], quote=quote).strategy, quote=other,
            as_of=NOW, price=other.price, price_seen_at=NOW, fair_probability=0.52,
            market_probability=0.52, edge=0.144, edge_low=0.1, stake_share=0.02,
            kelly_share=0.1, kept_part=1, reasons=["It pays."], passes=[],
        )  # fmt: skip
    # Fresh enough to be staked on.
    Quote.objects.filter(bookmaker__key="four").update(last_update=NOW, seen_at=NOW)
    mine = make.limits(alice, bet="0.0200", event="0.0300", day="0.0050")

    def shared(**changed: str) -> list[tuple[str, int | None]]:
        for name, share in changed.items():
            setattr(mine, f"max_{name}_share", Decimal(share))
        mine.save()
        rows = as_alice.get("/?refresh=1").context["today"].rows
        return [(str(row.stake), row.shared and row.shared.others) for row in rows]

    assert shared() == [("5.00", 3)] * 4
    said = "Stake: of €5.00 left today, shared with 3 others on this page."
    assert as_alice.get("/").content.decode().count(said) == 4
    # The limit of a bet is each row's own, that of an event is shared by its own rows alone.
    assert shared(bet="0.0050", day="0.1000") == [("5.00", None)] * 4
    assert shared(bet="0.0200", event="0.0040") == [("4.00", None)] * 4
    assert shared(league="0.0030") == [("3.00", 3)] * 4
