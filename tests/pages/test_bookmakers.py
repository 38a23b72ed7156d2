"""The Bookmakers page: weights in force, by hand or learned, and the reference."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from kombu.exceptions import OperationalError

from accounts.models import AuditEntry
from odds import tasks
from odds.models import Bookmaker, BookmakerWeight, PricingRule, Sport, WeightSet
from tests import make

pytestmark = pytest.mark.django_db


def test_a_book_is_shown_with_its_weight_what_it_was_learned_from_and_its_commission(as_alice):
    make.priced("1.90", book="sharp")
    sport, book = Sport.objects.get(), Bookmaker.objects.get()
    Bookmaker.objects.update(title="Sharp & Co", weight=3.0, commission_share="0.02")
    learned = WeightSet.objects.create(
        sport=sport, learned_at=make.NOON, target="close", hours_before=1, events_learned=70,
        events_tested=30, score_before=0.02, score_learned=0.01, gain_low=0.001, gain_high=0.02,
    )  # fmt: skip
    BookmakerWeight.objects.create(
        weight_set=learned, bookmaker=book, weight=1.25, events=70, error=0.00123,
        relative=0.75, margin=0.041,
    )  # fmt: skip
    PricingRule.objects.create(
        sport=sport, method="2*shin+power", reason="x",
        reference_books=["sharp", "betonlineag"],
        in_force_from=make.NOON,
    )  # fmt: skip
    with time_machine.travel(make.NOON - timedelta(minutes=1), tick=False):
        before = as_alice.get("/bookmakers/?sport=basketball").content.decode()
    with time_machine.travel(make.NOON, tick=False):
        page = as_alice.get("/bookmakers/?sport=basketball").content.decode()
        told = as_alice.get("/api/v1/bookmakers?sport=basketball").json()
    assert (told["sport"], told["method"]) == ("basketball", "2*shin+power")
    one = told["books"][0]
    assert (one["bookmaker"], one["weight"], one["weight_by_hand"]) == ("sharp", 1.25, 3.0)
    assert (one["reference"], one["events"], one["error"]) == (1, 70, 0.00123)
    for text in ("1.25", "3.00", "0.00123", "0.750", "4.10", "2.0", "reference 1",
                 "margins by 2*Shin+power", "Learned",
                 "reference Sharp &amp; Co, then BetOnline.ag, else",
                 "tested on 30 newer ones"):  # fmt: skip
        assert text in page, text
    assert 'aria-sort="descending"><a class="sort" href="?sport=basketball&amp;sort=weight"' in page
    assert "Nothing has been learned" in before
    assert "1.25" not in before


def test_without_any_sport_it_says_where_to_look(as_alice):
    assert b"No bookmaker has priced this sport lately" in as_alice.get("/bookmakers/").content
    told = as_alice.get("/api/v1/bookmakers").json()
    assert (told["sport"], told["books"]) == (None, [])


def test_an_operator_has_weights_learned_from_the_page_and_reads_there_what_came_of_it(
    olivia, as_alice, monkeypatch
):
    make.priced("1.90")
    desk, asked = Client(), []
    desk.force_login(olivia)
    monkeypatch.setattr(tasks.learn_weights, "apply_async", lambda **given: asked.append(given))
    address, sport = "/bookmakers/learn/", {"sport": "basketball"}

    assert "Learn</button>" not in as_alice.get("/bookmakers/").content.decode()
    assert "From the closing prices of" in desk.get("/bookmakers/").content.decode()
    assert as_alice.post(address, sport).status_code == 403
    assert desk.post(address, {"sport": "chess"}).status_code == 404
    assert not AuditEntry.objects.filter(action="asked for weights").exists()
    answer = desk.post(address, sport)
    assert answer.url == "/bookmakers/?sport=basketball"
    assert [each["kwargs"] for each in asked] == [{"sport_key": "basketball"}]
    assert AuditEntry.objects.get(action="asked for weights").actor == olivia

    tasks.learn_weights(sport_key="basketball")

    told = desk.get(answer.url).content.decode()
    assert "The last time nothing was learned: No finished event of this sport has a price." in told

    def away(**_):
        raise OperationalError

    monkeypatch.setattr(tasks.learn_weights, "apply_async", away)
    told = desk.post(address, sport, follow=True).content.decode()
    assert "The queue is away; nothing was done, try again." in told
    assert AuditEntry.objects.filter(action="asked for weights").count() == 1
