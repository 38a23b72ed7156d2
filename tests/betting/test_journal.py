"""The decision journal: frozen to the bit, once, decided again, and let go of when old."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import IntegrityError, InternalError, transaction
from django.db.utils import ProgrammingError

from betting.domain import journal as domain
from betting.domain.configuration import Configuration
from betting.domain.decide import decide, slate_of
from betting.models import DecisionInputs, JournalEntry, Opportunity
from betting.services import journal
from betting.services.opportunities import refresh_opportunities
from betting.services.previewing import preview
from odds.models import Bookmaker, Quote
from tests import make
from tests.api.conftest import Api
from tests.tables import SEEN, moment, quote_table, two_way

pytestmark = pytest.mark.django_db


@pytest.fixture
def market(db):
    """Three books at 1.91, and one whose home price pays too much."""
    for book in ("one", "two", "three"):
        make.priced("1.910", book=book)
        make.priced("1.910", side="away", book=book)
    make.priced("1.700", side="away", book="four")
    return make.priced("2.200", book="four")


def refresh(minutes=0):
    return refresh_opportunities(now=make.NOON + timedelta(minutes=minutes))


def test_what_is_frozen_comes_back_to_the_bit():
    rows = [
        *two_way(1, 1.9100000000000001, 1.91),
        *two_way(4, 2.2, 1.7),
        *two_way(9, 3.0, 1.4, market_id=2),
    ]
    slate = slate_of(
        quote_table(*rows), moment=moment(SEEN), opinions={}, configuration=Configuration()
    )
    chosen = slate.quotes.market_id == 1
    packed = domain.pack(slate, chosen)
    back = domain.unpack([packed], Configuration())

    assert len(back) == 4
    for name in ("price", "confirmed_at", "starts_at", "selection_id", "bookmaker_key", "line"):
        was, now = getattr(slate.quotes, name)[chosen], getattr(back.quotes, name)
        assert was.tobytes() == now.astype(was.dtype).tobytes(), name
    assert back.market_probability.tobytes() == slate.market_probability[chosen].tobytes()
    then, again = decide(slate, Configuration()), decide(back, Configuration())
    assert again.edge.tobytes() == then.edge[chosen].tobytes()
    assert domain.digest_of(packed) != domain.digest_of(domain.pack(slate, ~chosen))


def test_a_decision_is_frozen_once_and_replays_the_same(market):
    refresh()
    assert refresh(minutes=1).opened == 0

    found = Opportunity.objects.filter(passes=[]).get()
    assert JournalEntry.objects.count() == Opportunity.objects.count()
    # However many strategies and quotes found something in it.
    assert DecisionInputs.objects.count() == 1
    again = journal.replay_entry(found.journal)
    assert again.differences == []
    assert again.reasons == found.reasons
    assert set(found.journal.fair_by_method) >= {"shin", "power", "multiplicative"}


def test_a_stake_over_a_slate_replays_the_same(market):
    for game in (2, 3):
        for book in ("one", "two", "three"):
            make.priced("1.910", book=book, game=game)
            make.priced("1.910", side="away", book=book, game=game)
        make.priced("2.200", book="four", game=game)
        make.priced("1.700", side="away", book="four", game=game)
    refresh()

    chosen = JournalEntry.objects.filter(opportunity__passes=[])
    assert chosen.count() == 3
    assert DecisionInputs.objects.count() == 3
    assert all(entry.beside.count() == 2 for entry in chosen)
    assert [each.differences for each in journal.replay_entries(chosen)] == [[], [], []]
    # Alone it would be staked otherwise: the slate is part of what was decided.
    entry = chosen[0]
    content = [bytes(entry.inputs.content)]
    _, alone, row = domain.again(content, Configuration(), entry.opportunity.quote_id)
    assert domain.said(alone, row) != entry.said


def test_other_code_shows_as_a_difference(market, monkeypatch):
    refresh()
    entry = Opportunity.objects.get(passes=[]).journal
    monkeypatch.setattr("betting.domain.judging.price_after_commission", lambda price, _: price * 2)

    changed = {each.what for each in journal.replay_entry(entry).differences}

    assert {"edge", "edge low", "passes"} <= changed


def test_a_later_version_of_the_strategy_does_not_change_the_past(market):
    refresh()
    found = Opportunity.objects.get(passes=[])
    type(found.strategy).objects.update(configuration={"min_edge": 0.5, "max_edge": 0.9})

    assert journal.replay_entry(found.journal).differences == []


def test_nothing_frozen_can_be_changed(market):
    refresh()
    for forge in (
        lambda: JournalEntry.objects.update(max_quote_age=1),
        lambda: DecisionInputs.objects.update(digest="x"),
    ):
        with pytest.raises((InternalError, ProgrammingError, IntegrityError)), transaction.atomic():
            forge()


def test_old_passes_are_let_go_and_what_was_recommended_stays(market, alice):
    make.priced("2.150", book="five")
    refresh()
    passed = JournalEntry.objects.exclude(opportunity__passes=[])
    assert passed.exists()
    later = make.NOON + timedelta(days=91)

    assert journal.drop_old_entries(now=later, days=0) == journal.Dropped(0, 0)
    assert journal.drop_old_entries(now=make.NOON, days=90).entries == 0
    assert journal.drop_old_entries(now=later, days=90).entries > 0

    assert not passed.exists()
    assert JournalEntry.objects.get().opportunity.passes == []
    assert DecisionInputs.objects.count() == 1
    with pytest.raises(ValueError, match="use 0 to keep all"):
        journal.drop_old_entries(now=later, days=-1)


def test_pages_and_api_show_a_decision_and_decide_it_again(market, alice, as_alice):
    refresh()
    found = Opportunity.objects.get(passes=[])
    make.bankroll(alice)
    assert b"Home 1" in as_alice.get("/journal/").content
    assert b"Home 1" in as_alice.get("/journal/?kind=left").content
    assert b"No such decision" in as_alice.get("/journal/?kind=taken").content
    make.place(alice, market, "5.00", opportunity_id=found.pk)
    assert b"Taken" in as_alice.get("/journal/?kind=taken").content
    page = as_alice.get(f"/journal/{found.pk}/?replay=1").content
    assert b"The same" in page
    assert b"Multiplicative" in page
    assert b"Odds ratio" in page
    assert b"odds_ratio" not in page
    assert as_alice.get("/journal/999999/").status_code == 404

    api = Api(make.api_key(alice)[1])
    (row,) = api.get("journal", kind="taken").json()["results"]
    assert len(row["my_bets"]) == 1
    frozen = api.get(f"journal/{found.pk}").json()
    assert [each["bookmaker"] for each in frozen["offers"] if each["is_chosen"]] == ["four"]
    assert api.get(f"journal/{found.pk}/replay").json()["differences"] == []


def test_a_price_above_the_one_decided_on_is_told_why_it_was_not(market, alice, as_alice):
    # Five hours old, more by less than its commission, and too much to be true.
    slow, long_ago = make.priced("2.300", book="slow"), make.NOON - timedelta(hours=5)
    Quote.objects.filter(pk=slow.pk).update(seen_at=long_ago, last_update=long_ago)
    make.priced("2.210", book="dear")
    Bookmaker.objects.filter(key="dear").update(commission_share="0.05")
    make.priced("3.500", book="typo")
    make.priced("9.500", book="long")
    refresh()
    found = Opportunity.objects.get(passes=[])
    assert found.quote_id == market.pk

    page = as_alice.get(f"/journal/{found.pk}/").content.decode()
    for words in (
        *("over the highest price it takes", "too old"),
        *("no more after commission", "too good to be true"),
    ):
        assert page.count(words) == 1

    frozen = Api(make.api_key(alice)[1]).get(f"journal/{found.pk}").json()
    aside = {each["bookmaker"]: each["aside"] for each in frozen["offers"] if each["aside"]}
    assert aside == {
        "long": "over the highest price it takes",
        "slow": "too old", "dear": "no more after commission", "typo": "too good to be true",
    }  # fmt: skip
    # The other side's prices, folded away, are above nothing.
    assert [each["side"] for each in frozen["offers"]] == ["home"] * 8 + ["away"] * 4


def test_a_decision_shows_ten_prices_of_its_side_and_folds_the_rest(market, alice, as_alice):
    for number in range(20):
        make.priced("1.500", book=f"low{number}")
    refresh()
    found = Opportunity.objects.get(passes=[])

    page = as_alice.get(f"/journal/{found.pk}/").content.decode()
    assert "Home: 14 more prices" in page
    assert "Away: 4 prices" in page
    assert page.index("this one") < page.index("14 more prices")


def test_the_command_says_how_many_come_out_the_same(market, capsys):
    with pytest.raises(CommandError, match="nothing of that"):
        call_command("journal", "replay")
    refresh()
    call_command("journal", "replay")
    assert "the same, 0 differ" in capsys.readouterr().out
    call_command("journal", "drop", "--days", "0")
    assert "0 entries" in capsys.readouterr().out


def test_fair_by_method_says_nothing_where_no_book_prices_every_outcome():
    rows = [*two_way(1, 1.91, 1.91)][:1]
    fair = domain.fair_by_method(quote_table(*rows))

    assert all(np.isnan(column).all() for column in fair.values())


def test_a_change_is_previewed_on_what_was_frozen_and_writes_nothing(market, olivia, client):
    refresh()
    found = Opportunity.objects.filter(passes=[]).select_related("strategy").first()
    loose = Configuration.from_json(found.configuration)
    strict = replace(loose, min_edge=0.19)
    now = make.NOON + timedelta(days=1)

    same = preview(loose, loose, now=now)
    assert (same.before, same.after, same.gained, same.lost) == (1, 1, [], [])
    fewer = preview(loose, strict, now=now)
    assert (fewer.before, fewer.after, fewer.lost_count) == (1, 0, 1)
    assert fewer.lost[0].bookmaker == market.bookmaker.title
    assert fewer.lost[0].gates
    more = preview(strict, loose, now=now)
    assert (more.gained_count, more.gained[0].price) == (1, 2.2)
    assert preview(loose, strict, now=now + timedelta(days=7)).moments == 0

    with time_machine.travel(now, tick=False):
        client.force_login(olivia)
        boxes = client.get(f"/strategies/{found.strategy.key}/change/").context["form"].initial
        sent = {name: value for name, value in boxes.items() if value is not None}
        page = client.post(
            f"/strategies/{found.strategy.key}/change/",
            sent | {"min_edge": "19", "preview": "1", "title": "x"},
        )
    assert b"where the version in force recommends 1" in page.content
    found.strategy.refresh_from_db()
    assert found.strategy.version == 1
