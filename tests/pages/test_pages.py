"""Every page answers, to whom it should, in the reader's own formats, at a constant cost."""

import html
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pgtrigger
import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import audit
from accounts.clock import Acceleration
from accounts.models import JobRun, Role, User
from accounts.scopes import rights_of
from accounts.showing.formats import fair_text, price_text, signed_share_text
from betting.domain.clv import closing_line_value
from betting.models import Bet, Opportunity, Strategy
from betting.screens import bettor_of, opportunity_of, performance_choices
from betting.selectors.columns import bet_columns, names_of
from betting.selectors.money import bankroll_of
from betting.services.settlement import settle_due_bets
from models_registry.models import ModelVersion
from odds.models import Bookmaker, Quote
from risk.domain.kelly import kelly_fraction, net_price
from risk.models import Assessment, Halt, Limits
from risk.selectors import refused_stakes
from risk.services.personal import set_personal_limit
from tests import make
from tests.counting import counted_queries
from tests.journeys.world import fill

pytestmark = pytest.mark.django_db
# Games played and games to come.
WORLD = (2, 2)
LISTS = [
    "/",
    "/?tab=passed",
    "/odds/",
    "/odds/?market=spreads",
    "/scanner/",
    "/free-bets/",
    "/free-bets/?tab=calculator",
    "/bets/",
    "/performance/",
    "/risk/",
    "/status/",
]
OTHERS = [
    "/models/",
    "/models/searches/",
    "/bookmakers/",
    "/strategies/",
    "/journal/",
    "/track-record/",
    "/bets/imported/",
    "/venues/",
    "/preferences/",
    "/methodology/",
]


def an_opportunity() -> Opportunity:
    return Opportunity.objects.filter(status="open", passes=[]).order_by("pk")[0]


def stake_form(opportunity: Opportunity, **changed: object) -> dict[str, object]:
    quote = opportunity.quote
    asked = {
        "request_key": "one-click",
        "opportunity_id": opportunity.pk,
        "selection_id": quote.selection_id,
        "bookmaker_id": quote.bookmaker_id,
        "stake": "5.00",
        "price": str(quote.price),
    }
    return asked | changed


def test_every_page_answers_with_something_on_it(world, as_alice):
    event = an_opportunity().quote.selection.market.event_id
    bet = Bet.objects.first()
    version = ModelVersion.objects.first()
    pages = [*LISTS, *OTHERS, f"/events/{event}/", f"/events/{event}/?market=totals"]
    pages += [f"/events/{bet.selection.market.event_id}/", f"/bets/{bet.pk}/"]
    pages += [f"/models/{version.pk}/"]
    for page in pages:
        answer = as_alice.get(page)
        assert answer.status_code == 200, page
        assert b"Decision support, not advice" in answer.content, page
        assert b'style="' not in answer.content, page
        # A figure that is not known is said in words: three bets have no interval.
        assert not re.search(rb"\b(inf|nan|None) ?%", answer.content), page
        assert not re.search(rb"<script(?![^>]*src=)", answer.content), page


def test_every_page_answers_when_there_is_nothing_at_all(as_alice):
    for page in [*LISTS, *OTHERS]:
        assert as_alice.get(page).status_code == 200, page
    assert b"You have placed no bet yet" in as_alice.get("/bets/").content
    assert b"you have no bankroll" in as_alice.get("/").content.lower()


@pytest.mark.parametrize("page", [*LISTS, *OTHERS, "/bets/place/", "/bets/export.csv", "/clock/"])
def test_nobody_sees_a_page_without_logging_in(client, page):
    answer = client.get(page)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")


def test_nobody_sees_the_bet_of_another(world, bob, client):
    client.force_login(bob)

    assert client.get(f"/bets/{Bet.objects.first().pk}/").status_code == 404
    assert json.loads(b"".join(client.get("/bets/export.json").streaming_content)) == []


def test_htmx_gets_the_part_alone(world, as_alice):
    for page in ("/", "/odds/", "/bets/", "/status/", "/models/"):
        part = as_alice.get(page, headers={"HX-Request": "true"}).content

        assert b"<html" not in part, page
        assert b"panel" in part, page


def test_lists_cost_the_same_for_few_rows_as_for_many(alice, as_alice):
    fill(alice, past=1, coming=2)
    as_alice.get("/")  # the first page of a visit notes that somebody is here
    few = {page: _queries(as_alice, page) for page in LISTS}
    for bet in list(Bet.objects.all()):
        for copy in range(9):
            Bet.objects.create(
                **{
                    field.name: getattr(bet, field.name)
                    for field in Bet._meta.fields
                    if field.name not in {"id", "request_key"}
                },
                request_key=f"copy {copy}",
            )
    for opportunity in list(Opportunity.objects.filter(status="open")):
        for copy in range(9):
            opportunity.pk = None
            opportunity.as_of -= timedelta(minutes=1 + copy)
            opportunity.status, opportunity.gone_at = "gone", timezone.now()
            opportunity.save()
    many = {page: _queries(as_alice, page) for page in LISTS}

    assert many == few
    assert max(many.values()) <= 12, many


def test_no_page_takes_more_than_twelve_queries(olivia, client, monkeypatch):
    """Of whoever sees most: an operator with bets of their own, and limits of every kind."""
    fill(olivia, past=2, coming=2)
    for kind in ("deposit", "stake", "loss", "time"):
        set_personal_limit(
            owner_id=olivia.pk, kind=kind, period="day", amount=Decimal(100), now=timezone.now()
        )
    client.force_login(olivia)
    client.get("/")
    # Noting that somebody is here is no page's own.
    monkeypatch.setattr("config.presence.GRAIN", timedelta(days=1))
    bet, version = Bet.objects.first(), ModelVersion.objects.first()
    coming, over = an_opportunity().quote.selection.market.event_id, bet.selection.market.event_id
    pages = [*LISTS, *OTHERS, f"/events/{coming}/", f"/events/{over}/", f"/bets/{bet.pk}/"]
    pages += [f"/bets/place/?opportunity={an_opportunity().pk}", "/money/", "/strategies/value/"]
    pages += [f"/money/{bet.bankroll_id}/statement/", "/risk/personal/", "/risk/drill/"]
    pages += [f"/models/{version.pk}/", f"/models/{version.pk}/card/", "/scanner/?tab=steam"]
    counts = {}
    for page in pages:
        with counted_queries() as asked:
            assert client.get(f"{page}{'&' if '?' in page else '?'}refresh=1").status_code == 200
        counts[page] = len(asked)

    assert {page: count for page, count in counts.items() if count > 12} == {}


def _queries(client, page: str) -> int:
    # Not what another test, or this one a moment ago, had it keep.
    with CaptureQueriesContext(connection) as queries:
        assert client.get(f"{page}{'&' if '?' in page else '?'}refresh=1").status_code == 200
    return len(queries)


def test_prices_follow_the_reader(world, as_alice):
    Opportunity.objects.filter(pk=an_opportunity().pk).update(price=Decimal("2.500"))
    shown = {}
    for price_format in ("decimal", "american", "fractional", "percent"):
        answer = as_alice.post(
            "/preferences/price-format/", {"price_format": price_format, "next": "/odds/"}
        )
        assert answer["Location"] == "/odds/"
        shown[price_format] = as_alice.get("/").content.decode()

    assert "<strong>2.50</strong>" in shown["decimal"]
    assert "<strong>+150</strong>" in shown["american"]
    assert "<strong>3/2</strong>" in shown["fractional"]
    assert "<strong>40.0\xa0%</strong>" in shown["percent"]


def test_pages_are_as_the_reader_likes_them(world, alice, as_alice):
    bet = Bet.objects.order_by("pk")[0]
    event = bet.selection.market.event
    event.starts_at = datetime(2026, 1, 15, 23, 30, tzinfo=UTC)
    event.save()
    as_alice.post(
        "/preferences/",
        {
            "price_format": "decimal",
            "time_zone": "Asia/Tokyo",
            "theme": "dark",
            "colours": "classic",
            "density": "compact",
            "letter_keys": "False",
        },
    )
    page = as_alice.get(f"/bets/{bet.pk}/").content.decode()

    assert "Friday 16 January 2026, 08:30 JST" in page
    assert (
        'data-theme="fairdark" data-colours="classic" data-density="compact" data-keys="off"'
        in page
    )
    as_alice.post("/preferences/theme/", {"theme": "light"})
    alice.refresh_from_db()
    assert (alice.theme, alice.density, alice.letter_keys) == ("light", "compact", False)


def test_filters_are_kept_as_addresses_of_their_list_alone(world, as_alice):
    sent = {"page": "bets", "name": "Won", "query": "result=won", "next": "/bets/?result=won"}
    assert as_alice.post("/filters/", sent)["Location"] == "/bets/?result=won"
    assert as_alice.post("/filters/", sent | {"page": "preferences"}).status_code == 404

    assert b'href="/bets/?result=won"' in as_alice.get("/bets/").content
    on = as_alice.get("/bets/?page=1&result=won").content
    assert b"Forget Won" in on
    for page in ("/", "/scanner/", "/performance/", "/journal/", "/risk/refused/"):
        # Where no filter is set there is nothing to keep.
        assert b"Keep filters" not in as_alice.get(page).content, page
        shown = as_alice.get(f"{page}?sort=-price&book=one").content
        assert b"Keep filters" in shown, page
        assert b"?result=won" not in shown.split(b'class="tiles"')[0], page


@pytest.mark.parametrize("door", ["/preferences/theme/", "/risk/reality-check/"])
@pytest.mark.parametrize(
    "target", ["https://elsewhere.test/", "//elsewhere.test", "/\\elsewhere.test"]
)
def test_the_way_back_never_leaves_the_site(as_alice, door, target):
    answer = as_alice.post(door, {"theme": "dark", "next": target})

    assert answer["Location"] == "/"


def test_a_bet_is_confirmed_with_its_exact_figures_and_placed_once(world, as_alice):
    opportunity = an_opportunity()
    confirm = as_alice.get(f"/bets/place/?opportunity={opportunity.pk}").content.decode()
    assert 'name="request_key"' in confirm
    assert f'value="{opportunity.price}"' in confirm

    before = Bet.objects.count()
    htmx = {"HX-Request": "true"}
    first = as_alice.post("/bets/place/", stake_form(opportunity), headers=htmx)
    again = as_alice.post("/bets/place/", stake_form(opportunity), headers=htmx)

    assert (first.status_code, again.status_code) == (201, 201)
    assert Bet.objects.count() == before + 1
    assert f'id="opportunity-{opportunity.pk}"' in first.content.decode()
    assert "Bet open" in first.content.decode()
    bet = Bet.objects.latest("pk")
    said = re.search(r'data-said="([^"]*)" data-said-of="([^"]*)"', first.content.decode())
    assert said is not None
    assert said[1].startswith(f"Bet placed: €{bet.stake} on ")
    assert said[1].endswith(f"It can win €{bet.stake * (bet.price - 1):.2f}.")
    assert said[2] == f"/bets/{bet.pk}/"


def test_today_says_how_many_strategies_bet_for_its_reader(world, alice, as_alice, bob):
    def page() -> str:
        return as_alice.get("/").content.decode()

    assert "Following" not in page()
    value = Strategy.objects.get(key="value")
    value.followers.add(bob)
    assert "Following" not in page()
    value.followers.add(alice)
    assert "Following 1 strategy</a>, which places paper bets" in page()
    # Switched off, it bets for nobody.
    Strategy.objects.filter(key="value").update(is_active=False)
    assert "Following" not in page()


def test_the_button_stands_before_the_limits_and_says_when_it_is_pressed(world, as_alice):
    form = as_alice.get(f"/bets/place/?opportunity={an_opportunity().pk}").content.decode()

    assert form.index('data-busy="Placing…">Place bet<') < form.index("Your limits")


def test_the_stake_offered_is_within_what_the_event_has_left(world, alice):
    opportunity = an_opportunity()

    def offered(event_share: str) -> Decimal:
        Limits.objects.update_or_create(
            owner=alice, defaults={"max_event_share": Decimal(event_share)}
        )
        now = opportunity.as_of
        return opportunity_of(opportunity.pk, bettor_of(alice.pk, now=now), now=now).stake

    assert offered("1") > Decimal("5.00")
    assert offered("0.0005") <= bankroll_of(alice.pk).equity * Decimal("0.0005")


def test_a_bet_says_who_placed_it_and_what_was_asked_instead_of_the_offer(world, as_alice):
    as_alice.post("/bets/place/", stake_form(an_opportunity()))
    bet = Bet.objects.latest("pk")
    mine = as_alice.get(f"/bets/{bet.pk}/").content.decode()
    by_strategy = stake_form(an_opportunity(), request_key="follow:1:market:1")
    followed = as_alice.post("/bets/place/", by_strategy, follow=True).content.decode()

    assert "<dd>you</dd>" in mine
    assert ">follow</a> it</dd>" in followed
    assert "by a strategy" in as_alice.get("/bets/").content.decode()
    offered = Decimal(bet.assessment.waterfall[-1]["stake"])
    assert bet.stake != offered
    assert ("More than was worked out" in mine) == (bet.stake > offered)
    assert ("Less than was worked out" in mine) == (bet.stake < offered)


def test_strategies_name_their_markets_as_other_pages_do(world, as_alice):
    page = as_alice.get("/strategies/").content.decode()

    assert 'data-label="Markets">Moneyline' in page


def test_limits_that_contradict_each_other_are_told_at_the_top(world, as_alice):
    page = as_alice.post("/risk/limits/", {"max_bet_share": "5", "max_market_share": "2"})

    assert b"Nothing was saved" in page.content.split(b"Limits used and left")[0]


def test_an_event_offers_the_bet_where_one_can_be_placed(world, as_alice):
    opportunity = an_opportunity()
    event = opportunity.quote.selection.market.event_id
    door = f"/bets/place/?opportunity={opportunity.pk}"

    assert door in as_alice.get(f"/events/{event}/").content.decode()
    Opportunity.objects.filter(quote__selection__market__event=event).update(status="gone")
    page = as_alice.get(f"/events/{event}/").content.decode()
    assert "/bets/place/?opportunity" not in page
    assert "Nothing here pays enough to bet on now" in page


@pytest.fixture
def unfound(world) -> Quote:
    """A fresh price that no strategy finds worth a bet."""
    quote = an_opportunity().quote
    Opportunity.objects.filter(quote=quote).update(status="gone")
    return quote


def test_a_bet_taken_below_its_minimum_price_says_so_and_its_commission(world, as_alice):
    as_alice.post("/bets/place/", stake_form(an_opportunity()))
    bet = Bet.objects.latest("pk")
    said = f"below the minimum price {price_text(bet.price)}"
    pages = ("/bets/", f"/bets/{bet.pk}/")
    for worse, is_said in ((Decimal("0.001"), True), (Decimal(0), False)):
        with pgtrigger.ignore():
            Bet.objects.filter(pk=bet.pk).update(
                matched_price=bet.price - worse, commission_share=worse
            )
        shown = [as_alice.get(page).content.decode() for page in pages]
        assert [said in page for page in shown] == [is_said, is_said]
        assert ("after 0.1\xa0% commission" in shown[1]) is is_said


def test_a_price_opens_its_bet_and_says_that_it_moved(unfound, as_alice):
    asked = f"/bets/place/?selection={unfound.selection_id}&book={unfound.bookmaker_id}"
    for page in ("/odds/", f"/events/{unfound.selection.market.event_id}/"):
        links = html.unescape(as_alice.get(page).content.decode())
        assert f'href="{asked}&saw={price_text(unfound.price)}"' in links

    page = as_alice.get(f"{asked}&saw={price_text(unfound.price)}").content.decode()
    assert "No strategy of yours finds this price worth a bet" in page
    assert f'name="price"\n            inputmode="decimal" required value="{unfound.price}"' in page
    assert "now; was" not in page
    page = as_alice.get(f"{asked}&saw=9.87").content.decode()
    assert "now; was 9.87" in page
    assert "it is refused until" not in page
    Quote.objects.filter(pk=unfound.pk).update(last_update=timezone.now() - timedelta(hours=5))
    assert "it is refused until" in as_alice.get(asked).content.decode()


def test_a_bet_on_any_price_is_placed_from_its_form_and_rests_on_no_strategy(unfound, as_alice):
    form = {
        "request_key": "any price", "selection_id": unfound.selection_id,
        "bookmaker_id": unfound.bookmaker_id, "stake": "2.00", "price": str(unfound.price),
    }  # fmt: skip
    refused = as_alice.post("/bets/place/", form | {"price": str(unfound.price + 1)})
    assert refused.status_code == 422
    assert "price is" in refused.content.decode()

    asked = f"/bets/place/?selection={unfound.selection_id}&book={unfound.bookmaker_id}"
    fair = as_alice.get(asked).context["row"].fair
    answer = as_alice.post("/bets/place/", form)

    bet = Bet.objects.latest("pk")
    assert answer["Location"] == f"/bets/{bet.pk}/"
    said = f"Bet placed: €2.00 on .*It can win €{2 * (unfound.price - 1):.2f}"
    assert re.search(said, as_alice.get(answer["Location"]).content.decode())
    assert (bet.selection_id, bet.bookmaker_id) == (unfound.selection_id, unfound.bookmaker_id)
    assert (bet.price, bet.opportunity) == (unfound.price, None)
    # What the form said that it is worth, kept with it.
    assert bet.fair_probability == pytest.approx(fair, abs=1e-12)
    assert f"{fair_text(fair)} · " in as_alice.get(f"/bets/{bet.pk}/").content.decode()


def test_the_formulas_of_the_methodology_are_those_that_are_used(as_alice):
    page = html.unescape(as_alice.get("/methodology/").content.decode())
    lines = re.findall(r"^(?:.*>)?([A-Z]?[\w ]+) = ([^=<\n]+)", page, re.MULTILINE)
    said = {name: text.translate(str.maketrans("×−", "*-")) for name, text in lines}
    known = {"price": 3.0, "commission": 0.05, "probability": 0.4}

    def worth(name: str) -> float:
        """Work a formula out as it stands there, with names in the place of words."""
        text = said[name].replace(" taken", "").replace("fair closing ", "")
        known[name.replace(" ", "_")] = value = eval(text.replace("net price", "net_price"), known)  # noqa: S307
        return value

    net = net_price(Decimal(3), Decimal("0.05"))
    assert worth("net price") == pytest.approx(net) == pytest.approx(2.9)
    assert worth("edge") == pytest.approx(0.4 * net - 1)
    assert worth("Kelly share") == pytest.approx(
        kelly_fraction(np.array([0.4]), np.array([net]))[0]
    )
    clv = closing_line_value(
        price=net, fair_closing_probability=0.4, market_was_quoted_at_close=True,
        close_is_later=True,
    )  # fmt: skip
    assert worth("CLV") == pytest.approx(clv.value)
    assert said["hold"].strip() == "1 - 1 / Σ (1 / best net price)"


def test_a_bet_beside_another_on_its_market_names_it_and_says_what_the_limit_makes_of_it(alice):
    make.bankroll(alice)
    client = Client()
    client.force_login(alice)
    home, away = make.priced("2.100"), make.priced("1.900", side="away", book="other")
    lines = [
        make.priced("1.950", market="spreads", side=side, point=point)
        for side, point in (("home", "-5.5"), ("away", "5.5"), ("away", "6.5"))
    ]

    def form(quote: Quote) -> str:
        asked = f"/bets/place/?selection={quote.selection_id}&book={quote.bookmaker_id}"
        page = client.get(asked).content.decode()
        return " ".join(re.sub(r"<[^>]+>", "", page).split())

    with time_machine.travel(make.NOON, tick=False):
        assert "You have €" not in form(home)
        bet = make.place(alice, home, "20.00")
        assert "You have €20.00 on Home 1 at 2.10, Paperbook: the same again" in form(home)
        assert "where this bet loses, €20.00 of €30.00 is at stake already, so €10.00" in form(home)
        assert "on Home 1 at 2.10, Paperbook: another outcome of the same" in form(away)
        # The one is not lost where the other is: nothing of the limit is used.
        assert "€0.00 of €30.00 is at stake already, so €30.00 is left" in form(away)
        assert "You have €" not in form(lines[0])
        make.place(alice, lines[0], "3.00")
        assert "Home 1 −5.5 at 1.95, Paperbook: another outcome of the same" in form(lines[1])
        assert "Home 1 −5.5 at 1.95, Paperbook: another line of the same market" in form(lines[2])
        # It warns, and refuses only what risk refuses; by hand it is said once more.
        by_hand = make.place(alice, away, "5.00", venue="manual")
        page = client.get(f"/bets/{by_hand.pk}/confirm/").content.decode()
        assert page.count("another outcome of the same") == 1
        assert "the same again" not in page
        assert f'href="/bets/{bet.pk}/"' in page
        # What is settled is no longer stood beside.
        make.finish(home.selection.market.event, 99, 90)
        settle_due_bets(make.NIGHT)
        assert "the same again" not in form(home)


def test_an_open_form_asks_for_its_price_again_and_is_told_what_moved(world, as_alice):
    opportunity = an_opportunity()
    opened = as_alice.get(f"/bets/place/?opportunity={opportunity.pk}").content.decode()
    again = html.unescape(re.search(r'hx-get="(/bets/place/[^"]*)"', opened)[1])

    def part() -> str:
        return as_alice.get(again, headers={"HX-Request": "true"}).content.decode()

    assert "A price that moves is shown here" in opened
    assert "since you opened" not in part()
    assert "<form" not in part()
    Quote.objects.filter(pk=opportunity.quote_id).update(price=opportunity.price - Decimal("0.1"))
    assert f"▼</span> now; was {opportunity.price:.2f}" in part()
    Quote.objects.filter(pk=opportunity.quote_id).update(price=None)
    assert f"withdrawn; was {opportunity.price:.2f}" in part()
    assert "withdrew the price" in part()
    # By a market that left what it was decided by, too.
    Opportunity.objects.filter(pk=opportunity.pk).update(market_probability=0.01)
    assert "with the market at" in part()
    # Whoever has no script sees the whole form at the same address.
    assert "<form" in as_alice.get(again).content.decode()


def test_a_price_that_a_strategy_finds_opens_as_its_opportunity(world, as_alice):
    opportunity = an_opportunity()
    quote = opportunity.quote
    page = as_alice.get(
        f"/bets/place/?selection={quote.selection_id}&book={quote.bookmaker_id}&saw=9.87"
    ).content.decode()

    assert f'name="opportunity_id" value="{opportunity.pk}"' in page
    assert "now; was 9.87" in page


@pytest.mark.parametrize("book", ["0", "x", "9" * 30])
def test_a_price_that_nobody_offers_is_not_there(world, as_alice, book):
    selection = an_opportunity().quote.selection_id
    assert as_alice.get(f"/bets/place/?selection={selection}&book={book}").status_code == 404


def test_a_viewer_sees_prices_without_a_way_to_bet(world, alice, as_alice):
    for page in ("/odds/", f"/events/{an_opportunity().quote.selection.market.event_id}/"):
        assert "/bets/place/" in as_alice.get(page).content.decode()
        User.objects.filter(pk=alice.pk).update(role=Role.VIEWER, **rights_of(Role.VIEWER))
        shown = as_alice.get(page).content.decode()
        assert "px-best" in shown
        assert "/bets/place/" not in shown
        User.objects.filter(pk=alice.pk).update(role=Role.BETTOR, **rights_of(Role.BETTOR))


def test_an_event_names_the_price_taken_and_draws_the_readers_books_alone(world, as_alice):
    as_alice.post("/bets/place/", stake_form(an_opportunity()))
    bet = Bet.objects.latest("pk")
    with pgtrigger.ignore():
        Bet.objects.filter(pk=bet.pk).update(matched_price=bet.price + 1)
    bet.refresh_from_db()
    world.my_books = [bet.bookmaker.key]
    world.save()
    event = bet.selection.market.event_id

    page = as_alice.get(
        f"/events/{event}/?market=h2h&selection={bet.selection_id}"
    ).content.decode()

    assert bet.taken_price > bet.price
    mine = page[page.index("My bets on it") :]
    assert f"</a> {price_text(bet.taken_price)}<" in mine
    chart = json.loads(html.unescape(re.search(r'data-chart="([^"]*)"', page)[1]))
    roles = {each["label"]: each["role"] for each in chart["series"]}
    assert [each for each, role in roles.items() if role == "line"] == [bet.bookmaker.title]
    assert {"Best": "strong", "Consensus": "dashed"}.items() <= roles.items()
    assert [each["y"] for each in chart["marks"] if each["label"] == "my bet"] == [
        float(bet.taken_price)
    ]


def test_without_htmx_placing_leads_to_the_bet(world, as_alice):
    answer = as_alice.post("/bets/place/", stake_form(an_opportunity()))

    assert answer.status_code == 302
    assert answer["Location"] == f"/bets/{Bet.objects.latest('pk').pk}/"


def test_a_refused_stake_says_every_reason_in_the_form(world, as_alice):
    opportunity = an_opportunity()
    before = Bet.objects.count()
    answer = as_alice.post(
        "/bets/place/",
        stake_form(opportunity, stake="900.00", price=str(opportunity.price + 1)),
        headers={"HX-Request": "true"},
    )

    assert answer.status_code == 422
    assert Bet.objects.count() == before
    page = answer.content.decode()
    assert 'id="stake-errors"' in page
    assert "price is" in page
    assert 'value="900.00"' in page


def test_a_refusal_shows_the_price_as_it_is_now_with_its_edge(world, as_alice):
    opportunity = an_opportunity()
    worse = opportunity.price - Decimal("0.100")
    form = stake_form(opportunity)
    Quote.objects.filter(pk=opportunity.quote_id).update(price=worse)
    answer = as_alice.post("/bets/place/", form, headers={"HX-Request": "true"})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert f"price is {worse} now" in page
    assert f"now; was {price_text(opportunity.price)}" in page
    # Its market is another one by now: the edge decided on is told, and not as a gain.
    edge = signed_share_text(opportunity.fair_probability * float(worse) - 1)
    assert f'<span class="flat">{edge}</span>' in page


def test_a_refused_stake_is_listed_in_the_words_of_the_other_pages(world, as_alice):
    opportunity = an_opportunity()
    event = opportunity.quote.selection.market.event
    as_alice.post("/bets/place/", stake_form(opportunity, stake="9000.00"))

    listed = as_alice.get("/risk/").content.decode()
    assert f"Moneyline of {event.away.name} at {event.home.name}, " in listed
    assert "in h2h" not in listed


def test_performance_is_of_what_was_bet_by_hand_too(world, alice, as_alice):
    bets = Bet.objects.filter(owner=alice, status="settled")
    one = bets.exclude(opportunity=None).first()
    Bet.objects.filter(pk=one.pk).update(opportunity=None)

    page = as_alice.get("/performance/?strategy=by+hand")
    assert page.context["record"].bets == 1
    assert "Strategy: by hand" in re.sub(r"<[^>]*>|\s+", " ", page.content.decode()).replace(
        "  ", " "
    )
    others = [key for key, _ in performance_choices(names_of(bet_columns(alice.pk)))["strategy"][1]]
    assert "by hand" in others
    counts = [
        as_alice.get(f"/performance/?strategy={key}").context["record"].bets for key in others
    ]
    assert sum(counts) == bets.count() > 1
    # Its row in the table leads there.
    assert 'href="?strategy=by+hand"' in as_alice.get("/performance/").content.decode()


def test_a_stake_that_was_refused_long_ago_is_listed_in_words_too(world, alice, as_alice):
    as_alice.post("/bets/place/", stake_form(an_opportunity(), stake="9000.00"))
    refused = Assessment.objects.exclude(breaches=[]).filter(owner=alice).latest("pk")
    game = "Boston Celtics at Memphis Grizzlies"
    for stored, said in (
        (f"home in h2h of {game}, 2022-04-10, at Union Book North 4.210",
         f"Memphis Grizzlies, Moneyline of {game}, Union Book North 4.210"),
        (f"away 2.50 in spreads of {game}, 2022-04-10",
         f"Boston Celtics +2.5, Spread of {game}"),
        (f"under 234.50 in totals of {game}, 2022-04-10",
         f"Under 234.5, Total of {game}"),
    ):  # fmt: skip
        told = refused_stakes([Assessment(subject=stored, breaches=refused.breaches)])[0]
        assert told.subject == said
    assert refused_stakes([refused])[0].subject == refused.subject


def test_a_bets_page_follows_its_bet(world, as_alice):
    bet = Bet.objects.filter(status="settled").first()

    page = as_alice.get(f"/bets/{bet.pk}/").content.decode()
    part = as_alice.get(f"/bets/{bet.pk}/", headers={"HX-Request": "true"}).content.decode()

    assert 'data-live="bets" data-since="' in page
    assert f'hx-get="/bets/{bet.pk}/"' in page
    assert "<html" not in part
    assert "settled <time" in part
    # What somebody writes is not written over.
    assert "<textarea" not in part


def test_a_stake_that_is_no_number_is_said_in_the_form(world, as_alice):
    answer = as_alice.post("/bets/place/", stake_form(an_opportunity(), stake="lots"))

    assert answer.status_code == 422
    assert b"Enter a number" in answer.content


def test_passes_are_shown_with_their_reasons(world, as_alice):
    page = as_alice.get("/?tab=passed").content.decode()

    assert "Edge at the low end is not above zero" in page


def test_the_export_is_exactly_what_is_filtered(world, as_alice):
    won = Bet.objects.filter(result="won").count()
    exported = json.loads(b"".join(as_alice.get("/bets/export.json?result=won").streaming_content))
    table = b"".join(as_alice.get("/bets/export.csv?result=won").streaming_content).decode()

    assert len(exported) == won
    assert len(table.strip().splitlines()) == won + 1
    assert {bet["result"] for bet in exported} <= {"won"}


def test_a_performance_is_of_the_days_that_are_asked_for(world, as_alice):
    first, *_ = settled = Bet.objects.filter(status="settled").order_by("settled_at")
    # Late in a day both are of it.
    Bet.objects.filter(pk=first.pk).update(settled_at=first.settled_at - timedelta(days=1))
    settled = settled.all()
    day = settled[0].settled_at.astimezone(UTC).date()
    of_day = {bet.pk for bet in settled if bet.settled_at.astimezone(UTC).date() == day}
    assert len(of_day) < len(settled)
    days = {"begin": f"{day}", "end": f"{day}"}
    sent = as_alice.get("/performance/export.json", days).streaming_content
    assert {row["id"] for row in json.loads(b"".join(sent))} == of_day

    page = as_alice.get("/performance/", days | {"market": "h2h"}).content.decode()
    assert f"{day:%-d %b %Y} to {day:%-d %b %Y}" in page
    assert 'type="hidden" name="market" value="h2h"' in page
    for wrong in ("tomorrow", "9999-12-31"):
        assert 'class="err"' in as_alice.get(f"/performance/?end={wrong}").content.decode()


def test_no_cell_of_the_export_is_a_formula(world, as_alice):
    bet = Bet.objects.first()
    team = bet.selection.market.event.away
    team.name = "=cmd|' /C calc'!A1"
    team.save()
    table = b"".join(as_alice.get("/bets/export.csv").streaming_content).decode()

    assert not re.search(r"(^|,)\"?[=@\t]", table, re.MULTILINE)
    assert "'=cmd|" in table


def test_a_clv_that_is_not_known_gets_no_figure(world, as_alice):
    Bet.objects.update(clv=None, clv_note="The close was captured 3 h before the start.")
    page = as_alice.get("/bets/").content.decode()

    assert "not known: The close was captured 3 h before the start." in page


def test_the_kill_switch_stops_placing_until_it_is_lifted(world, as_alice):
    as_alice.post("/risk/kill-switch/", {"reason": "Something smells."})
    halt = Halt.objects.get()
    assert "Something smells." in as_alice.get("/odds/").content.decode()
    refused = as_alice.post("/bets/place/", stake_form(an_opportunity()))
    assert refused.status_code == 422

    as_alice.post(f"/risk/halts/{halt.pk}/lift/", {"reason": "It was the bin."})
    assert as_alice.post("/bets/place/", stake_form(an_opportunity())).status_code == 302


def test_who_is_stopped_is_not_asked_to_stop_again(world, alice, as_alice, olivia):
    pages = ["/risk/", "/risk/stop/"]
    assert all(b'action="/risk/kill-switch/"' in as_alice.get(page).content for page in pages)

    as_alice.post("/risk/kill-switch/", {"reason": "Enough."})

    for page in pages:
        shown = as_alice.get(page).content
        assert b'action="/risk/kill-switch/"' not in shown
        assert b"#kill-switch" in shown or b"Lift this halt" in shown
    # Everybody may still be stopped by an operator who is stopped.
    operator = Client()
    operator.force_login(olivia)
    operator.post("/risk/kill-switch/", {"reason": "Enough."})
    assert all(b'action="/risk/kill-switch/"' in operator.get(page).content for page in pages)


def test_the_kill_switch_wants_a_reason(alice, as_alice):
    answer = as_alice.post("/risk/kill-switch/", {"reason": ""})

    assert answer.status_code == 422
    assert b"Reason: say why" in answer.content
    assert not Halt.objects.exists()


def limits_form(**changed: str) -> dict[str, str]:
    given = {
        "max_bet_share": "1.5",
        "max_market_share": "3",
        "max_event_share": "3",
        "max_day_share": "10",
        "max_league_share": "50",
        "max_bookmaker_share": "50",
        "max_open_bets": "200",
        "min_edge": "0",
        "max_drawdown_share": "25",
        "kelly_fraction": "25",
        "min_stake": "1.00",
    }
    return given | changed


def test_limits_are_changed_on_the_page_by_their_owner_only(alice, bob, as_alice):
    page = as_alice.get("/risk/").content.decode()
    assert 'name="max_bet_share" value="2"' in page

    assert as_alice.post("/risk/limits/", limits_form()).status_code == 302

    assert Limits.objects.get().owner == alice
    assert Limits.objects.get().max_bet_share == Decimal("0.0150")
    assert 'name="max_bet_share" value="1.5"' in as_alice.get("/risk/").content.decode()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"max_bet_share": "lots"}, "One bet: write per cent from 0.01 to 100"),
        ({"max_day_share": "101"}, "All stakes of one day: write per cent from 0.01 to 100"),
        ({"max_bet_share": "0"}, "One bet: write per cent from 0.01 to 100"),
        ({"max_bet_share": "4"}, "4.00% is above 3.00%"),
        ({"min_stake": ""}, "Smallest stake: say how much"),
    ],
)
def test_limits_that_cannot_be_are_refused_in_words(as_alice, changed, said):
    answer = as_alice.post("/risk/limits/", limits_form(**changed))

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Limits.objects.exists()


def test_only_an_operator_stops_everybody_or_lifts_that(alice, as_alice, olivia, client):
    everybody = {"reason": "x", "everybody": "on"}
    assert as_alice.post("/risk/kill-switch/", everybody).status_code == 403
    client.force_login(olivia)
    client.post("/risk/kill-switch/", {"reason": "Feed is wrong.", "everybody": "on"})
    halt = Halt.objects.get(owner=None)

    assert as_alice.post(f"/risk/halts/{halt.pk}/lift/", {"reason": "please"}).status_code == 403
    assert client.post(f"/risk/halts/{halt.pk}/lift/", {"reason": "Mended."}).status_code == 302


def test_only_an_operator_promotes(world, as_alice):
    from_page = as_alice.get("/models/").content.decode()
    version = re.search(r"/models/(\d+)/", from_page).group(1)

    assert "Make it the champion" not in as_alice.get(f"/models/{version}/").content.decode()
    assert as_alice.post(f"/models/{version}/promote/", {"reason": "x"}).status_code == 403
    back = as_alice.post("/models/basketball_sim-h2h/roll-back/", {"reason": "x"})
    assert back.status_code == 403


def test_a_version_that_cannot_be_promoted_says_why_and_what_is_not_there_is_404(
    world, olivia, client
):
    client.force_login(olivia)
    first = ModelVersion.objects.order_by("number")[0]
    why = {"reason": "x"}

    refused = client.post(f"/models/{first.pk}/promote/", why)

    assert refused.status_code == 422
    assert "restore the models&#x27; folder" in refused.content.decode()
    back = client.post(f"/models/{first.predictor.key}/roll-back/", why, follow=True)
    assert "restore the models&#x27; folder" in back.content.decode()
    assert client.post("/models/0/promote/", why).status_code == 404
    assert client.post("/models/nothing-h2h/roll-back/", why).status_code == 404


def test_an_api_key_is_shown_once_and_works_no_more_when_revoked(alice, as_alice):
    shown = as_alice.post("/keys/issue/", {"name": "sheet", "scopes": ["read"]})
    text = re.search(r'id="new-key">([^<]+)<', shown.content.decode()).group(1)
    assert shown["Cache-Control"] == "no-store"
    assert text not in as_alice.get("/keys/").content.decode()

    key = alice.api_keys.get()
    as_alice.post(f"/keys/{key.prefix}/revoke/")
    key.refresh_from_db()
    assert key.revoked


def test_what_a_key_may_do_and_what_a_venue_is_are_said_in_words(alice, as_alice, monkeypatch):
    make.api_key(alice)
    keys = as_alice.get("/keys/").content.decode()
    assert "May read events, prices" in keys
    assert "<code>read</code>" not in keys
    venues = as_alice.get("/venues/").content.decode()
    assert "By hand" in venues
    assert "<code" not in venues
    # However fast the world's clock, its person has the minutes that the settings give.
    monkeypatch.setattr("accounts.clock.rate", lambda: 0.0001)
    assert "<dd>15 min</dd>" in as_alice.get("/venues/").content.decode()


def test_nobody_revokes_the_key_of_another(alice, bob, client):
    key, _ = make.api_key(alice)
    client.force_login(bob)

    assert client.post(f"/keys/{key.prefix}/revoke/").status_code == 404


def test_a_simulated_world_says_so_on_every_page(world, as_alice):
    for page in [*LISTS, *OTHERS]:
        assert b"invented teams, known true probabilities" in as_alice.get(page).content, page


def test_an_archives_prices_are_shown_once_the_event_has_started_and_not_before(as_alice):
    quote = make.priced("1.90", book="closing")
    make.priced("2.05", side="away", book="closing")
    Bookmaker.objects.update(is_archive=True)
    shown = {}
    for at in (make.NOON, make.NIGHT):
        with time_machine.travel(at, tick=False):
            page = as_alice.get(f"/events/{quote.selection.market.event_id}/").content.decode()
        shown[at] = ("No prices for this event" in page, "1.90" in page and "2.05" in page)

    assert shown == {make.NOON: (True, False), make.NIGHT: (False, True)}


def test_what_is_not_there_is_said_on_a_page_of_ours(as_alice):
    answer = as_alice.get("/events/999999/")

    assert answer.status_code == 404
    assert b"There is nothing at this address" in answer.content


def test_stylesheet_has_the_classes_that_templates_use():
    """A class used but not built means that scripts/assets was not run."""
    built = Path("static/css/app.css").read_text().replace("\\", "")
    for template in Path("templates").rglob("*.html"):
        if "admin" in template.parts:
            continue  # the admin has a stylesheet of its own
        # What a template makes of a name's end is known when it runs.
        text = re.sub(r"[\w-]*{{.*?}}|{%.*?%}", " ", template.read_text())
        for name in " ".join(re.findall(r'class="([^"]*)"', text)).split():
            assert f".{name}" in built, f"{template}: {name}"


def test_every_page_tells_the_same_world_time(settings, client):
    world = datetime(2030, 5, 17, 12, tzinfo=UTC)
    settings.CLOCK = Acceleration(real=timezone.now(), world=world, rate=120)
    client.force_login(make.operator())

    # Invitations are good for real days; the frame's clock is the world's all the same.
    for page in ("/invitations/", "/", "/clock/"):
        assert "17 May 2030" in client.get(page).content.decode().split("<main")[0], page
    assert "an hour takes 30 s" in client.get("/").content.decode()


def test_a_clock_that_is_held_stands_still_and_real_moments_are_called_real(settings, client):
    world = datetime(2022, 4, 10, 17, tzinfo=UTC)
    settings.CLOCK = Acceleration(real=timezone.now(), world=world, rate=0.001)
    user = make.operator()
    client.force_login(user)
    for at in (timezone.now(), world - timedelta(days=1)):
        audit.record(action="did", subject="x", actor_id=user.pk, at=at)

    for page in ("/status/", "/pipeline/"):
        text = client.get(page).content.decode()
        assert "clock stands still" in text
        assert "×0" not in text
        assert "Times here are real time, which is now" in text
    text = client.get("/audit/?q=did").content.decode()
    assert "Two clocks" in text
    assert text.count(">real time<") == 1, "the other is older than both clocks, so of either"
    settings.CLOCK = None
    for page in ("/status/", "/pipeline/", "/audit/"):
        text = client.get(page).content.decode()
        assert "real time" not in text.lower()


def test_status_says_late_of_a_job_that_its_schedule_would_have_sent_again(as_alice):
    long_ago = timezone.now() - timedelta(hours=8)
    JobRun.objects.create(
        job="betting.settle_due_bets", started_at=long_ago, finished_at=long_ago, succeeded=True
    )

    page = as_alice.get("/status/").content.decode()

    assert ">Late<" in page
    assert ">OK<" not in page
    assert "1 late" in page


def test_status_begins_with_the_job_that_failed_and_counts_them(as_alice):
    for name, good in (("a.fine", True), ("z.broken", False)):
        JobRun.objects.create(job=name, started_at=make.NOON, finished_at=make.NOON, succeeded=good)
    page = as_alice.get("/status/").content.decode()

    assert page.index("Broken") < page.index("Fine")
    assert "z.broken" not in page, "in words to whoever does not run it"
    assert "1 failing" in page


@pytest.mark.parametrize(
    ("page", "entry"),
    [
        ("/venues/", "Bets"),
        ("/bets/imported/", "Bets"),
        ("/track-record/", "Performance"),
        ("/journal/", "Strategies"),
        ("/risk/drill/", "Risk"),
        ("/money/", "Bets"),
        ("/backtests/", "Performance"),
        ("/models/drift/", "Models"),
        ("/models/searches/", "Models"),
        ("/signals/", "Strategies"),
        ("/strategies/new/", "Strategies"),
    ],
)
def test_a_page_below_another_is_marked_where_the_navigation_leads_to_it(as_alice, page, entry):
    main = as_alice.get(page).content.decode().split("</nav>")[0]

    assert re.findall(r'aria-current="page">(\w+)</a>', main) == [entry]
