"""A table is sorted and cut as its address says, on the page and in what is exported of it."""

import json
import re
from datetime import timedelta
from types import SimpleNamespace

import pgtrigger
import pytest
import time_machine
from django.http import QueryDict
from django.utils import timezone

from accounts import live
from accounts.showing.pages import Column, Table
from betting import screens
from betting.models import Bet, Opportunity, Strategy
from betting.views.performance import cuts_shown
from odds.models import Bookmaker
from tests import make
from tests.journeys.world import fill

pytestmark = pytest.mark.django_db
# Games played and games to come.
WORLD = (3, 3)

COLUMNS = {
    "event": Column("Event", 1),
    "price": Column("Price", 2, "price"),
    "clv": Column("CLV", 3, "clv"),
}


def table(asked: str) -> Table:
    return Table(COLUMNS, QueryDict(asked), "-price")


@pytest.mark.parametrize("asked", ["", "sort=", "sort=-", "sort=event", "sort=--price", "sort=pk"])
def test_what_cannot_be_sorted_by_leaves_the_usual_order(asked):
    assert table(asked).sorted_by == "-price"


def test_rows_that_are_here_are_sorted_with_what_is_not_known_last():
    columns = {"yield": Column("Yield", 2, "earned.value"), "bets": Column("Bets", 1, "bets")}
    rows = [
        SimpleNamespace(bets=bets, earned=None if earned is None else SimpleNamespace(value=earned))
        for bets, earned in ((3, 0.1), (9, None), (5, -0.2), (5, 0.3))
    ]

    def ordered(asked: str) -> list[int]:
        return [rows.index(row) for row in Table(columns, QueryDict(asked), "-bets").in_order(rows)]

    assert ordered("sort=yield") == [2, 0, 3, 1]
    assert ordered("sort=-yield") == [3, 0, 2, 1]
    # As they came where the column does not tell them apart.
    assert ordered("") == ordered("sort=colour") == [1, 2, 3, 0]


def test_a_head_sorts_the_highest_first_and_then_the_other_way():
    now = table("sort=-price&result=won&page=3&hide=clv")

    assert now.sort_url("price") == "?result=won&hide=clv&sort=price"
    assert now.sort_url("clv") == "?result=won&hide=clv&sort=-clv"
    assert (now.aria_sort("price"), now.aria_sort("clv")) == ("descending", "none")
    assert table("sort=price").aria_sort("price") == "ascending"
    assert now.summary == "Price, high first"


def test_columns_are_hidden_and_come_back_and_the_one_that_names_the_row_stays():
    now = table("hide=clv event nothing&sort=clv")
    order, columns = now.chips

    assert now.hidden == ["clv"]
    assert now.places_hidden == "3"
    assert order.text == "CLV, low first"
    assert columns.label == "Columns, 1 hidden"
    assert [(each.text, each.url) for each in columns.choices] == [
        ("Hide Price", "?sort=clv&hide=clv+price"),
        ("Show CLV", "?sort=clv"),
    ]


def ids(page: str, of: str) -> list[int]:
    return [int(found) for found in re.findall(rf'id="{of}-(\d+)"', page)]


@pytest.mark.parametrize("sort", ["price", "-price", "clv", "-clv", "-profit", "placed", "-stake"])
def test_bets_are_listed_and_exported_in_the_order_asked_for(world, as_alice, sort):
    name = sort.removeprefix("-")
    # Of an open one neither is known.
    make.place(world, make.priced("1.950"), "3.00")
    listed = ids(as_alice.get(f"/bets/?sort={sort}").content.decode(), "bet")
    sent = b"".join(as_alice.get(f"/bets/export.json?sort={sort}").streaming_content)

    figures = [
        None if row[name] is None else float(row[name])
        for row in json.loads(sent.replace(b'"placed_at"', b'"placed"'))
        if name != "placed"
    ]
    known = [figure for figure in figures if figure is not None]
    assert known == sorted(known, reverse=sort.startswith("-"))
    assert figures == known + [None] * (len(figures) - len(known)), "what is not known comes last"
    assert listed == [row["id"] for row in json.loads(sent)]
    assert len(listed) == Bet.objects.count()
    if name == "placed":
        assert listed == list(Bet.objects.order_by("placed_at", "-pk").values_list("pk", flat=True))


def test_today_is_sorted_and_cut_by_edge_price_start_and_books(world, as_alice):
    def shown(asked=""):
        return [
            Opportunity.objects.get(pk=pk)
            for pk in ids(as_alice.get(f"/?{asked}").content.decode(), "opportunity")
        ]

    everything = shown()
    prices = [each.price for each in everything]
    assert len(set(prices)) > 1
    assert [each.price for each in shown("sort=price")] == sorted(prices)
    for asked, fits in {
        "edge=0.05": lambda each: each.edge >= 0.05,
        "price=-2.00": lambda each: each.price <= 2,
        "price=2.00-3.50": lambda each: 2 <= each.price <= 3.5,
        "price=3.50-": lambda each: each.price >= 3.5,
    }.items():
        assert [each.pk for each in shown(asked)] == [each.pk for each in everything if fits(each)]

    book = Bookmaker.objects.get(pk=everything[0].quote.bookmaker_id)
    world.my_books = [book.key]
    world.save()
    assert {each.quote.bookmaker_id for each in shown("books=mine")} == {book.pk}


def two_finds_of_one_price():
    one = Opportunity.objects.filter(status="open", passes=[]).order_by("-edge", "pk")[0]
    second = Opportunity.objects.get(pk=one.pk)
    second.pk, second.edge, second.kelly_share = None, one.edge / 2, 0.02
    second.strategy = Strategy.objects.create(
        key="second", title="Second opinion", configuration=one.configuration
    )
    second.save()
    return one, second


def test_a_price_that_strategies_share_is_listed_once_with_the_stake_of_each(world, as_alice):
    one, second = two_finds_of_one_price()
    page = as_alice.get("/").content.decode()
    listed = ids(page, "opportunity")

    assert one.pk in listed
    assert second.pk not in listed
    assert f"by {one.strategy.title}</span>" in page
    told = page[page.index("The same price by Second opinion") :]
    stakes = {
        each.pk: screens.opportunity_of(
            each.pk, screens.bettor_of(world.pk, now=timezone.now()), now=timezone.now()
        ).stake
        for each in (one, second)
    }
    assert stakes[second.pk] > 0
    assert f"stake €{stakes[second.pk]:,}" in told[:600]
    assert f'href="/bets/place/?opportunity={second.pk}"' in told[:1500]
    count = Opportunity.objects.filter(status="open", passes=[]).count()
    assert f'Worth a bet <span class="tnum">{count - 1}</span>' in page
    assert f"found {count} times by strategies" in page


def test_what_one_reader_had_read_for_all_shows_nobody_anothers_finds(world, as_alice, bob, client):
    one, second = two_finds_of_one_price()
    Opportunity.objects.exclude(pk__in=[one.pk, second.pk]).update(status=Opportunity.Status.GONE)
    Strategy.objects.filter(pk=second.strategy_id).update(owner=world)
    client.force_login(bob)
    for reader, many in ((as_alice, 2), (client, 1), (as_alice, 2)):
        page = reader.get("/").content.decode()
        assert ("Second opinion" in page) == (many == 2)
        assert ("found 2 times by strategies" in page) == (many == 2)


def test_what_is_read_for_all_is_read_again_once_opportunities_come_or_go(
    world, as_alice, client, bob
):
    client.force_login(bob)
    first = ids(client.get("/").content.decode(), "opportunity")
    Opportunity.objects.filter(pk=first[0]).update(status=Opportunity.Status.GONE)
    live.publish(["opportunities"], [1])
    assert ids(as_alice.get("/").content.decode(), "opportunity") == first[1:]


def test_what_was_passed_over_is_counted_by_its_rows(world, as_alice, monkeypatch):
    one, second = two_finds_of_one_price()
    found = Opportunity.objects.filter(pk__in=[one.pk, second.pk])
    Opportunity.objects.exclude(pk__in=found).update(status=Opportunity.Status.GONE)
    found.update(passes=[{"rule": "min_edge", "detail": "too little"}])

    page = as_alice.get("/?tab=passed").content.decode()

    assert len(ids(page, "opportunity")) == 1
    assert 'Passed over <span class="tnum">1</span>' in page
    assert "1 passed over, with reasons" in page
    # A page of one find names what it counts, since rows are prices.
    monkeypatch.setattr("betting.screens.A_PAGE", 1)
    assert (
        "1–1 of 2 finds of strategies, at 1 price<" in as_alice.get("/?tab=passed").content.decode()
    )


def test_what_was_passed_over_comes_in_pages(world, as_alice, monkeypatch):
    passes = [{"rule": "min_edge", "detail": "too little"}]
    Opportunity.objects.filter(status="open").update(passes=passes)
    count = Opportunity.objects.filter(status="open").count()
    monkeypatch.setattr("betting.screens.A_PAGE", 2)
    first = as_alice.get("/?tab=passed").content.decode()
    second = as_alice.get("/?tab=passed&page=2").content.decode()
    assert f"1–2 of {count}" in first
    assert len(ids(first, "opportunity")) == 2
    assert not set(ids(first, "opportunity")) & set(ids(second, "opportunity"))


def test_a_stake_is_said_as_the_share_of_equity_that_it_is(world, as_alice):
    make.limits(world, bet="0.0100", event="0.0100", day="0.1000")
    Opportunity.objects.filter(status="open").update(stake_share=0.0571, kelly_share=0.9)
    page = as_alice.get("/").content.decode()
    shares = set(re.findall(r"([\d.]+)\xa0% of equity", page))
    assert shares
    assert all(float(share) <= 1 for share in shares), shares


def test_groups_by_size_stand_in_the_order_of_their_sizes_unless_they_are_sorted():
    few = SimpleNamespace(name="under 2 %", bets=1)
    many = SimpleNamespace(name="7 % or more", bets=9)
    groups = {"edge": [many, few], "market": [few, many]}

    def shown(asked: str) -> list[list[int]]:
        cuts = cuts_shown(QueryDict(asked), groups)["cuts"]
        return [[each.bets for each in found] for _, found in cuts]

    assert shown("") == [[1, 9], [9, 1]]
    assert shown("sort=-bets") == [[9, 1], [9, 1]]


def test_today_is_cut_by_when_it_starts(alice, as_alice):
    with time_machine.travel(make.NOON, tick=False):
        fill(alice, past=1, coming=3)
        events = {
            each.pk: each.quote.selection.market.event.starts_at
            for each in Opportunity.objects.filter(status="open", passes=[])
        }
        for hours in (1, 6, 24, 72):
            found = ids(as_alice.get(f"/?starts={hours}").content.decode(), "opportunity")
            until = make.NOON + timedelta(hours=hours)
            assert set(found) == {pk for pk, at in events.items() if at < until}


def test_stakes_and_prices_are_sorted_as_they_were_taken(alice, as_alice):
    make.bankroll(alice)
    large = make.place(alice, make.priced("1.950", game=1), "9.00")
    small = make.place(alice, make.priced("1.900", game=2), "3.00")
    # Of the large one a part was matched, at a worse price.
    with pgtrigger.ignore():
        Bet.objects.filter(pk=large.pk).update(matched_stake="2.00", matched_price="1.800")

    for sort in ("-stake", "-price"):
        listed = ids(as_alice.get(f"/bets/?sort={sort}").content.decode(), "bet")
        assert listed == [small.pk, large.pk]
