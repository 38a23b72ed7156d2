import gzip

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


def test_pages_travel_compressed_and_answers_to_programs_as_their_etag_says(as_alice):
    plain = as_alice.get("/methodology/")
    sizes = set()
    for _ in range(8):
        packed = as_alice.get("/methodology/", headers={"accept-encoding": "gzip"})
        assert packed["Content-Encoding"] == "gzip"
        assert len(packed.content) < len(plain.content) / 3
        assert b"How the figures are made" in gzip.decompress(packed.content)
        sizes.add(len(packed.content))

    assert "Content-Encoding" not in plain
    assert len(sizes) > 1, "without padding, sizes tell what is in a page (BREACH)"
    answer = as_alice.get("/api/v1/events/", headers={"accept-encoding": "gzip"})
    assert answer["ETag"].startswith('"')
    assert "Content-Encoding" not in answer
