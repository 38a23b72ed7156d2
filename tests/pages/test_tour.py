"""The first-run tour shows its reader's own figures; words explain themselves, from one source."""

import re

import pytest

from accounts.models import AuditEntry
from accounts.showing.glossary import meaning, words
from config.tour import STEPS
from tests.journeys.world import fill

pytestmark = pytest.mark.django_db


def test_the_tour_is_offered_until_it_is_closed_and_the_menu_keeps_it(alice, as_alice):
    assert b"Show me around" in as_alice.get("/").content
    assert b"New here?" not in as_alice.get("/bets/").content

    for _ in range(2):
        assert as_alice.post("/tour/close/", {"next": "/bets/"})["Location"] == "/bets/"
    page = as_alice.get("/").content
    assert b"Show me around" not in page
    assert b'href="/?tour=1"' in page
    assert AuditEntry.objects.filter(action="closed the tour").count() == 1


def test_each_step_says_something_of_its_reader_and_leads_to_the_next(alice, as_alice):
    fill(alice, past=2, coming=2)
    address, said = "/?tour=1", {}
    for name in STEPS:
        page = as_alice.get(address).content.decode()
        said[name] = re.search(r'<aside class="panel tour".*?</aside>', page, re.S)[0]
        following = re.search(r'btn-primary" href="([^"]*)">Next', said[name])
        address = following and following[1]

    assert address is None
    # The end is an end, and leads back to where bets begin.
    assert re.search(
        r'name="next" value="/"><button class="btn btn-sm btn-primary">Done', said["status"]
    )
    assert "7 of 7" in said["status"]
    assert "Yours now" in said["today"]
    assert "Your last:" in said["bets"]
    assert "Yours:" in said["performance"]
    assert "left" in said["risk"]


def test_the_tour_of_what_was_passed_over_says_how_much_pays(alice, as_alice):
    fill(alice, past=2, coming=2)
    page = as_alice.get("/?tour=1&tab=passed").content.decode()
    said = re.search(r'<aside class="panel tour".*?</aside>', page, re.S)[0]
    assert "None pays enough" not in said
    assert "enough at this moment" in said


def test_a_word_is_explained_where_a_page_first_says_it_and_only_there(alice, as_alice):
    fill(alice, past=1, coming=1)
    page = as_alice.get("/performance/").content.decode()

    ids = re.findall(r'id="(term-[^"]*)"', page)
    assert ids
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'popovertarget="([^"]*)"', page)) == set(ids)
    assert "profit per unit staked, over settled bets" in page


def test_the_glossary_is_read_from_its_document():
    assert meaning("clv").startswith("closing line value")
    assert meaning("fair probability") == meaning("fair price")
    assert len({name for word in words() for name in word.names}) > 80
    with pytest.raises(KeyError, match="fixture"):
        meaning("fixture")
