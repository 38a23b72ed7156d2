from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests import make


class Api:
    """A client of /api/v1/ that sends a key and JSON."""

    def __init__(self, key: str | None = None) -> None:
        self.client = Client()
        self.headers = {"X-Api-Key": key} if key else {}

    def get(self, path: str, **filters: object) -> Any:
        return self.client.get(f"/api/v1/{path}", filters, headers=self.headers)

    def post(self, path: str, body: object, **headers: str) -> Any:
        return self.client.post(
            f"/api/v1/{path}",
            body,
            content_type="application/json",
            headers=self.headers
            | {name.replace("_", "-"): value for name, value in headers.items()},
        )


@pytest.fixture
def nobody(db) -> Api:
    return Api()


@pytest.fixture
def api(alice) -> Api:
    """Alice's program, with a key that may write."""
    return Api(make.api_key(alice, can_write=True)[1])


@pytest.fixture
def reader(alice) -> Api:
    """Alice's program, with a key that only reads."""
    return Api(make.api_key(alice)[1])


@pytest.fixture
def stranger(bob) -> Api:
    """Bob's program, with a key that may write."""
    return Api(make.api_key(bob, can_write=True)[1])
