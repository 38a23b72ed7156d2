import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from config import api_urls


def test_the_schema_is_valid_and_complete(tmp_path):
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml"))

    text = (tmp_path / "schema.yml").read_text()
    assert text.startswith("openapi: 3.1.1")
    routes = {str(route.pattern) for route in api_urls.urlpatterns} - {"schema", "docs"}
    for route in routes:
        address = re.sub(r"<[a-z]+:([a-z_]+)>", r"{\1}", route)
        assert f"  /api/v1/{address}:\n" in text


def test_every_address_is_in_the_guide():
    guide = Path("docs/api.md").read_text()
    for route in api_urls.urlpatterns:
        address = re.sub(r"<[a-z]+:\w+>", "ID", str(route.pattern))
        assert f"`{address}`" in guide or f"/{address}`" in guide, address


@pytest.mark.django_db
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
        if path not in {"schema", "docs"}:
            assert Client().get(f"/api/v1/{path}").status_code == 401, path
