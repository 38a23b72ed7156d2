import re

import pytest
from django.test import Client
from django.urls import get_resolver

pytestmark = pytest.mark.django_db

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.mark.parametrize(
    "address", ["/login/", "/nothing/here", "/admin/login/", "/health/live", "/version"]
)
def test_every_answer_carries_the_headers(address):
    answer = Client().get(address)

    assert {name: answer[name] for name in EVERYWHERE} == EVERYWHERE
    assert "camera=()" in answer["Permissions-Policy"]
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert len(answer["X-Request-ID"]) == 36


def test_what_somebody_logged_in_sees_is_stored_nowhere(as_alice):
    assert as_alice.get("/nothing/here")["Cache-Control"] == "no-store"
    assert "no-store" not in Client().get("/nothing/here").get("Cache-Control", "")


def named_addresses():
    """Every address of ours that has a name, the admin's apart; ids are 1."""
    found = []

    def walk(patterns, prefix):
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                if not route.startswith("admin/"):
                    walk(pattern.url_patterns, route)
            elif pattern.name:
                found.append("/" + re.sub(r"<[^>]+>", "1", route))

    walk(get_resolver().url_patterns, "")
    return found


def test_every_named_address_carries_them_to_anybody(as_alice):
    addresses = named_addresses()
    assert {"/login/", "/api/v1/bets/1", "/health/ready"} <= set(addresses)
    as_alice.raise_request_exception = False
    for client in (Client(), as_alice):
        for address in addresses:
            answer = client.get(address)
            assert {name: answer[name] for name in EVERYWHERE} == EVERYWHERE, address
            assert "unsafe" not in answer["Content-Security-Policy"], address
            assert answer.status_code != 500, address
            if client is as_alice and address != "/logout/":
                assert answer["Cache-Control"] == "no-store", address
