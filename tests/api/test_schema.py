import copy
import json
import re
from functools import partial, reduce
from io import BytesIO
from operator import getitem
from pathlib import Path
from urllib.error import HTTPError

import jsonschema
import pytest
import time_machine
import yaml
from django.test import Client
from drf_spectacular import validation
from drf_spectacular.drainage import GENERATOR_STATS
from referencing import Registry, Resource

from accounts.api.schema import whole
from accounts.management.commands.api_files import made
from config import api_urls
from tests import make


def openapi() -> jsonschema.Draft202012Validator:
    """Return what knows whether something is OpenAPI 3.1.

    As drf_spectacular's `validate_schema`, whose rules would be crawled anew at every reference.
    """
    file = Path(validation.__file__).parent / "openapi_3_1_schema.json"
    rules = Resource.from_contents(json.loads(file.read_text()))
    jsonschema.Draft202012Validator.check_schema(rules.contents)
    crawled = Registry().with_resource(rules.id(), rules).crawl()
    return jsonschema.Draft202012Validator({"$ref": rules.id()}, registry=crawled)


@pytest.mark.parametrize(
    ("place", "wrong", "said"),
    [
        (["info"], {"title": "No version"}, "'version' is a required property"),
        (["paths", "/api/v1/bets", "get", "parameters", 0, "in"], "nowhere", "is not one of"),
        (["components", "schemas", "Broken"], "text", "is not of type 'object'"),
    ],
)
def test_what_is_no_openapi_is_known(schema, place, wrong, said):
    """If this fails, the test below proves nothing."""
    broken = copy.deepcopy(schema)
    *way, last = place
    reduce(getitem, way, broken)[last] = wrong

    with pytest.raises(jsonschema.ValidationError, match=said):
        openapi().validate(broken)


@pytest.mark.xdist_group("whole schema")
def test_the_schema_is_valid_and_complete():
    schema = whole()
    text = json.dumps(schema)
    openapi().validate(json.loads(text))

    # What the generator could not tell of a view, it warned of and guessed.
    assert not GENERATOR_STATS
    assert schema["openapi"] == "3.1.1"
    # Whatever it is or null: both fit, so neither does.
    assert "[{}" not in text
    assert ", {}" not in text
    for route in {str(route.pattern) for route in api_urls.urlpatterns} - {"schema", "docs"}:
        assert "/api/v1/" + re.sub(r"<[a-z]+:([a-z_]+)>", r"{\1}", route) in schema["paths"]


def test_every_address_is_in_the_guide():
    guide = Path("docs/api.md").read_text()
    for route in api_urls.urlpatterns:
        address = re.sub(r"<[a-z]+:\w+>", "ID", str(route.pattern))
        assert f"`{address}`" in guide or f"/{address}`" in guide, address


@pytest.mark.parametrize("ending", ["", "+json"])
def test_it_is_sent_in_the_format_asked_for(schema, ending):
    kind = f"application/vnd.oai.openapi{ending}"
    answer = Client().get("/api/v1/schema", headers={"Accept": kind})

    assert answer["Content-Type"] == f"{kind}; charset=utf-8"
    read = json.loads if ending else partial(yaml.load, Loader=yaml.CSafeLoader)
    assert read(answer.content) == schema


def test_schema_and_its_page_are_open_and_need_no_other_host():
    assert Client().get("/api/v1/schema").status_code == 200
    page = Client().get("/api/v1/docs")
    assert page.status_code == 200
    assert b"http" not in page.content.replace(b"http://testserver", b"")
    assert b"<style" not in page.content
    assert b"style=" not in page.content


@pytest.mark.django_db
def test_nothing_else_of_the_api_is_open():
    """A new route without a key is caught here."""
    for route in api_urls.urlpatterns:
        path = re.sub(r"<[a-z]+:\w+>", "1", str(route.pattern))
        if path not in {"schema", "docs", "auth/login", "auth/refresh", "auth/logout"}:
            assert Client().get(f"/api/v1/{path}").status_code == 401, path


@pytest.mark.xdist_group("whole schema")
def test_the_files_made_from_the_schema_are_current():
    """If this fails: scripts/manage api_files."""
    for name, text in made().items():
        assert (Path("docs/api") / name).read_text() == text, name


@pytest.mark.django_db
def test_the_client_of_the_docs_reads_places_and_repeats(alice, monkeypatch):
    space: dict = {}
    exec(Path("docs/api/client.py").read_text(), space)  # noqa: S102 ours
    _, key = make.full_key(alice)
    make.bankroll(alice)
    client = Client()

    def answer(asked, timeout):
        found = client.generic(
            asked.method, asked.full_url.removeprefix("http://testserver"), asked.data or b"",
            "application/json", headers=dict(asked.header_items()),
        )  # fmt: skip
        if found.status_code >= 400:
            raise HTTPError(asked.full_url, found.status_code, "", {}, BytesIO(found.content))
        return BytesIO(found.content)

    monkeypatch.setattr("urllib.request.urlopen", answer)
    api = space["Fairline"]("http://testserver", key=key)
    with time_machine.travel(make.NOON, tick=False):
        quote = make.priced("2.100")
        asked = {
            "selection": quote.selection_id, "bookmaker": "paperbook", "price": "2.100",
            "stake": "5.00",
        }  # fmt: skip
        bets = [api.place_bet(asked, repeat="one") for _ in range(2)]
        make.place(alice, quote)

    assert bets[0] == bets[1]
    assert [row["stake"] for row in api.pages(api.bets(sort="stake", page_size=1))] == [
        "5.00",
        "10.00",
    ]
    with pytest.raises(space["Problem"]) as said:
        api.bet(0)
    assert said.value.status == 404


def test_every_operation_has_examples_that_fit_and_says_how_it_refuses(schema):
    shapes = {"components": schema["components"]}
    for path, methods in schema["paths"].items():
        for method, said in methods.items():
            assert {"400", "401", "403", "429", "500", "503"} <= set(said["responses"]), path
            bodies = [said.get("requestBody", {}), *said["responses"].values()]
            for body in bodies:
                for kind, content in body.get("content", {}).items():
                    assert "example" in content, (path, method)
                    fits = jsonschema.Draft202012Validator(content["schema"] | shapes)
                    faults = [e.message for e in fits.iter_errors(content["example"])]
                    assert faults == [], (path, method, kind)
            if method != "get" and not path.startswith("/api/v1/auth/"):
                assert "Idempotency-Key" in {each["name"] for each in said["parameters"]}, path
                assert {"409", "422"} <= set(said["responses"]), path
