from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from config.api_schema import written
from tests import make


class Api:
    """A client of /api/v1/ that sends a key and JSON."""

    def __init__(self, key: str | None = None) -> None:
        self.client = Client()
        self.headers = {"X-Api-Key": key} if key else {}

    def get(self, path: str, **filters: object) -> Any:
        return self.client.get(f"/api/v1/{path}", filters, headers=self.headers)

    def post(self, path: str, body: object, **headers: str | None) -> Any:
        """Post with a new Idempotency-Key; None for a header: without it."""
        return self.send("post", path, body, **headers)

    def put(self, path: str, body: object, **headers: str | None) -> Any:
        return self.send("put", path, body, **headers)

    def send(self, method: str, path: str, body: object, **headers: str | None) -> Any:
        said = self.headers | {"Idempotency-Key": uuid.uuid4().hex}
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        return getattr(self.client, method)(
            f"/api/v1/{path}",
            body,
            content_type="application/json",
            headers={name: value for name, value in said.items() if value is not None},
        )


@pytest.fixture(scope="session")
def schema() -> dict[str, Any]:
    """Return what /api/v1/schema says; that it is current, `test_schema` holds."""
    found: dict[str, Any] = json.loads(written())
    return found


@pytest.fixture
def nobody(db) -> Api:
    return Api()


@pytest.fixture
def api(alice) -> Api:
    """Alice's program, with a key that may write."""
    return Api(make.full_key(alice)[1])


@pytest.fixture
def reader(alice) -> Api:
    """Alice's program, with a key that only reads."""
    return Api(make.api_key(alice)[1])


@pytest.fixture
def stranger(bob) -> Api:
    """Bob's program, with a key that may write."""
    return Api(make.full_key(bob)[1])
