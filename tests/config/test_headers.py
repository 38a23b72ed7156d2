import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

# That every address carries them is seen where every address is asked: test_access_matrix.py.
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
