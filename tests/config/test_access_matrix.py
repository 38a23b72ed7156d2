"""Every door of the resolver, asked by everybody: exactly what docs/guides/roles.md says.

The table in the docs is what is expected; what is asked runs through the whole stack, up to where a
page or an API method would begin its own work.
"""

import logging
import re
from pathlib import Path

import pytest
from django.contrib.admin import site
from django.core.handlers.base import BaseHandler
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver
from rest_framework.exceptions import APIException
from rest_framework.views import APIView

from accounts.people.backends import NameOrEmail
from accounts.scopes import ROLES, SCOPES
from config import access_table
from config.headers import DoorsForMachines
from config.routes import LOGGED_IN, MINE, NEVER, OPEN
from tests import make
from tests.config.test_headers import EVERYWHERE

pytestmark = pytest.mark.django_db
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "roles.md"
ROW = re.compile(r"^\| `/(.*?)` \| (GET|POST|PUT|PATCH|DELETE|any) \| `(.*?)` \|$", re.MULTILINE)
LET_IN = 418
SAMPLES = {
    "int": "1",
    "slug": "x",
    "str": "x",
    "kind": "csv",
    "bankroll_id": "1",
    "uidb36": "1",
    "key": "x",
}


class LetIn(APIException):
    status_code = LET_IN


def written():
    """Return what the docs say each door needs, by address and method."""
    return {(address, method): needs for address, method, needs in ROW.findall(GUIDE.read_text())}


def sample(address):
    """Return an address of this shape."""
    plain = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda m: SAMPLES[m[1]], address)
    plain = re.sub(r"<(\w+):\w+>", lambda m: SAMPLES[m[1]], plain)
    return "/" + plain.replace("^", "").replace("$", "").replace("\\", "").replace("…", "")


def carries_the_headers(answer, *, to_somebody):
    """Say whether an answer is guarded as every one must be, and stored nowhere if it is theirs."""
    return (
        {name: answer.get(name) for name in EVERYWHERE} == EVERYWHERE
        and "unsafe" not in answer.get("Content-Security-Policy", "unsafe")
        and ("no-store" in answer.get("Cache-Control", "") or not to_somebody)
    )


@pytest.fixture
def only_the_gates(monkeypatch, settings):
    """End every request that is let in before the page, or the API method, does anything."""
    initial = APIView.initial

    def stop(self, request, *args, **kwargs):
        initial(self, request, *args, **kwargs)
        raise LetIn

    monkeypatch.setattr(APIView, "initial", stop)
    monkeypatch.setattr(APIView, "throttle_classes", [])
    # Nobody is counted, which takes a fifth of the time.
    settings.RATE_DEFAULT = settings.RATE_PARTS = settings.RATE_ADDRESS = ""

    def of_page(self, view):
        is_api = hasattr(view, "cls") and issubclass(view.cls, APIView)
        return view if is_api else lambda request, *a, **k: HttpResponse(status=LET_IN)

    monkeypatch.setattr(BaseHandler, "make_view_atomic", of_page)
    # Thousands of pages that say no, and of lines in the log, would be most of the time.
    monkeypatch.setattr(
        "config.errors.render", lambda _request, _page, status: HttpResponse(status=status)
    )
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def everybody(settings):
    """Return a client and the scopes of each: nobody, every role, and a key for each scope."""
    # A session that is not in the database is a question less for each of thousands of requests.
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    askers = {"anonymous": (Client(), None)}
    people = {role: make.user(role, role=role) for role in ROLES}
    for name, person in people.items():
        if person.is_staff:
            make.authenticator_app(person)
        client = Client()
        client.force_login(person)
        askers[name] = (client, ROLES[person.role])
    for scope in SCOPES:
        _, text = make.api_key(people["operator"], scopes=[scope])
        askers[f"key for {scope}"] = (Client(headers={"X-Api-Key": text}), frozenset({scope}))
    return askers


def test_the_docs_show_the_table_that_is_enforced():
    assert access_table.as_markdown() in GUIDE.read_text(), (
        "Run: python manage.py shell -c 'from config import access_table; access_table.write()'"
    )


def test_no_door_is_without_a_row():
    without = [door for door in access_table.doors() if door.needs == NEVER]

    assert not without, "config/routes.py has no row for these."
    assert {(door.address, door.method) for door in access_table.doors()} == set(written())


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("only_the_gates")
def test_every_door_opens_to_exactly_those_of_the_table(everybody):
    wrong, asked = [], 0
    for (address, method), needs in written().items():
        is_api = address.startswith("api/")
        for name, (client, scopes) in everybody.items():
            by_key = name.startswith("key")
            if by_key and not is_api:
                continue
            if method == "any":
                answer = client.get(sample(address))
            else:
                answer = client.generic(method, sample(address), content_type="application/json")
            let_in = answer.status_code == LET_IN
            asked += 1
            expected = needs == OPEN or (
                scopes is not None
                and (needs == MINE or needs in scopes or (needs == LOGGED_IN and not by_key))
            )
            if let_in != expected:
                wrong.append(f"{name} at {method} {address}: {answer.status_code}, needs {needs}")
            elif not let_in and answer.status_code not in (302, 401, 403):
                wrong.append(f"{name} at {method} {address}: {answer.status_code}")
            # Doors for machines do not look who asks, and say themselves that nobody keeps it.
            is_told = name in ROLES and sample(address) not in DoorsForMachines.PATHS
            if not carries_the_headers(answer, to_somebody=is_told):
                wrong.append(f"{name} at {method} {address}: {dict(answer.headers)}")

    assert not wrong
    assert asked > 1_500


@pytest.mark.usefixtures("only_the_gates")
def test_a_page_that_nobody_wrote_a_row_for_is_for_nobody(everybody, monkeypatch):
    """If this fails, a forgotten row is an open door."""
    new = URLPattern(
        type(get_resolver().url_patterns[0].pattern)("forgotten/", is_endpoint=True),
        lambda request: HttpResponse(),
        name="forgotten",
    )
    monkeypatch.setattr(get_resolver(), "url_patterns", [*get_resolver().url_patterns, new])
    get_resolver()._populate()

    assert {client.get("/forgotten/").status_code for client, _ in everybody.values()} <= {302, 403}
    assert "forgotten/" in {door.address for door in access_table.doors() if door.needs == NEVER}


def test_in_the_admin_an_operator_changes_all_but_people_and_keys():
    operator, admin = make.user("o", role="operator"), make.user("a", role="admin")
    backend = NameOrEmail()
    seen = {True: set(), False: set()}
    for model in site._registry:
        label, name = model._meta.app_label, model._meta.model_name
        for deed in ("view", "add", "change", "delete"):
            perm = f"{label}.{deed}_{name}"
            assert admin.has_perm(perm)
            assert not any(
                backend.has_perm(make_believe, perm)
                for make_believe in (_of("viewer"), _of("bettor"))
            )
            seen[operator.has_perm(perm)].add(perm)

    assert {"accounts.view_user", "risk.change_limits", "odds.add_teamalias"} <= seen[True]
    assert {"accounts.change_user", "accounts.add_apikey", "auth.change_group"} <= seen[False]


def _of(role):
    return make.User(username=role, role=role)
