"""No page offers what the access table refuses, and every page is offered somewhere."""

import re
from itertools import count
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from accounts.scopes import rights_of
from config.routes import NEVER, OPEN, PAGES, allows, needed
from tests import make
from tests.journeys.used import use
from tests.journeys.walking import Offer, page_of, walk

pytestmark = pytest.mark.django_db
# What nobody here has done yet, or is asked for only before what is secret.
REACHED_OTHERWISE = {
    *{"account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn"},
    *{"mfa_activate_totp", "mfa_list_webauthn", "mfa_edit_webauthn", "mfa_remove_webauthn"},
    *{"mfa_view_recovery_codes", "mfa_download_recovery_codes"},
    *{"account_set_password", "world_clock", "taken_out", "confirm_bet", "event_result"},
    *{"compare_strategy", "search", "dead_letter"},
}


@pytest.fixture
def somebody():
    """Return somebody who has used most of what there is."""
    who = make.operator("olivia")
    turn = count()
    use(who, lambda _longest: f"Words {next(turn)}")
    return who


def as_role(who, role):
    User.objects.filter(pk=who.pk).update(role=role, **rights_of(role))
    who.refresh_from_db()


def refused(offered: dict[str, list[Offer]], who) -> list[str]:
    """Return what pages offer this person that the table refuses them."""
    return sorted(
        {
            f"{page}: {offer.method} {offer.path}"
            for page, offers in offered.items()
            for offer in offers
            if not offer.path.startswith(("/api/", "/static/"))
            and not allows(
                needed(offer.name.rpartition(":")[2], offer.name.split(":")[:-1], offer.method), who
            )
        }
    )


def test_no_page_offers_what_its_reader_may_not_do(somebody):
    for role in ("operator", "viewer"):
        as_role(somebody, role)
        client, codes = Client(), {}
        client.force_login(somebody)

        def visit(address, client=client, codes=codes):
            answer = client.get(address)
            codes[address] = answer.status_code
            return page_of(answer)

        offered = walk(visit)
        assert refused(offered, somebody) == []
        assert {each for each, code in codes.items() if code not in (200, 302)} == set()
        assert len(codes) > 50
        if role == "operator":
            own = {name for name, (get, _) in PAGES.items() if get not in (NEVER, OPEN)}
            found = {offer.name for offers in offered.values() for offer in offers}
            assert own - found == REACHED_OTHERWISE


def test_templates_ask_of_pages_that_there_are():
    """A page that is misspelt would be nobody's, and its button never shown."""
    asked = set()
    for template in Path("templates").rglob("*.html"):
        asked |= set(re.findall(r"\bmay\.(\w+)", template.read_text()))
    assert len(asked) > 30
    assert asked <= set(PAGES)
