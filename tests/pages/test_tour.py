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


def said_on(client, address: str) -> str:
    """Return what a page says of the tour, empty where nothing."""
    page = client.get(address).content.decode()
    found = re.search(r'<aside class="panel tour.*?</aside>', page, re.S)
    return found[0] if found else ""


def test_the_tour_goes_on_where_it_was_left(alice, as_alice):
    assert "2 of 7" in said_on(as_alice, "/odds/?tour=1")

    for elsewhere in ("/account/", "/", "/risk/"):
        said = said_on(as_alice, elsewhere)
        assert "Tour: 2 of 7, Odds<" in said, elsewhere
        assert 'href="/odds/?tour=1">Go on</a>' in said
    # The step's own page, and that of the next by whatever way, are steps.
    assert "2 of 7: Odds" in said_on(as_alice, "/odds/")
    assert "3 of 7: Bets" in said_on(as_alice, "/bets/")
    assert "3 of 7, Bets<" in said_on(as_alice, "/odds/")
    # From the menu it begins again.
    assert "1 of 7: Today" in said_on(as_alice, "/?tour=1")
    assert "1 of 7, Today<" in said_on(as_alice, "/risk/")

    # From the last step there is nothing to go on to.
    assert "7 of 7" in said_on(as_alice, "/status/?tour=1")
    assert [said_on(as_alice, page) for page in ("/risk/", "/")] == ["", ""]

    as_alice.post("/tour/close/", {"next": "/risk/"})
    assert [said_on(as_alice, page) for page in ("/risk/", "/bets/", "/")] == ["", "", ""]


def test_the_tour_tells_a_stake_that_is_placed_from_one_that_limits_leave(alice, as_alice):
    fill(alice, past=2, coming=2)
    assert "your limits leave" in said_on(as_alice, "/?tour=1")
    shown = as_alice.get("/").context["today"].rows[0]
    form = {
        "request_key": "toured", "opportunity_id": shown.opportunity.pk,
        "selection_id": shown.selection_id, "bookmaker_id": shown.book.pk,
        "stake": "2.00", "price": str(shown.opportunity.price),
    }  # fmt: skip
    assert as_alice.post("/bets/place/", form).status_code == 302

    said = said_on(as_alice, "/?tour=1")
    assert "you have staked €2.00 on it already" in said
    assert "your limits leave" not in said


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
    assert "None paid enough" not in said
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
