"""Twenty payloads in every field and column of words: no page makes markup of any."""

from urllib.parse import urlencode

import pytest
from django.test import Client

from tests.journeys.payloads import PAYLOADS, a_payload, faults, sent, stuff
from tests.journeys.used import use
from tests.journeys.walking import page_of, walk

pytestmark = pytest.mark.django_db


@pytest.fixture
def olivias(olivia) -> Client:
    """The operator, who sees every page and has used most of them."""
    return use(olivia, a_payload())


def test_no_word_of_anybody_becomes_markup(olivias):
    assert len(stuff()) > 50
    shown = {}

    def visit(address):
        behind = urlencode({"x": " ".join(PAYLOADS)})
        shown[address] = page_of(olivias.get(f"{address}{'&' if '?' in address else '?'}{behind}"))
        return shown[address]

    walk(visit)
    assert [(address, each) for address, page in shown.items() for each in faults(page)] == []
    assert sum("__ran" in page for page in shown.values()) > 40

    # And what comes back from the doors, where it is refused too.
    found, done = [], set[str]()
    for address, page in shown.items():
        for what, answer in sent(olivias, address, page, done):
            found += [(what, each) for each in faults(answer)]
    assert found == []
    assert len(done) > 20


@pytest.mark.parametrize("payload", PAYLOADS)
def test_each_payload_would_be_found(payload):
    """If this fails, the test above proves nothing."""
    bare = [f"<p>{payload}</p>", f'<p title="{payload}">', f"<p title='{payload}'>"]
    bare += [f'<a href="{payload}">x</a>', f"<textarea>{payload}</textarea>"]
    bare += [f"<title>{payload}</title>", f"<script src=x>{payload}</script>"]
    shown = payload.replace("&lt;", "<").replace("&gt;", ">")
    bare += [f"<p>{shown}</p>", f"<p>{payload.replace('33333333|add:66666666', '99999999')}</p>"]
    assert any(faults(page) for page in bare)
