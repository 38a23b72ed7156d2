"""A web server that is told to stop says so before it does, and serves until then."""

import os
import signal

import pytest

from tests.live.serving import Server, until

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_says_that_it_stops_and_serves_on_for_a_while(tmp_path):
    server = Server(tmp_path / "server.log")
    # Every process of it says so, whichever is asked.
    server.start(WEB_WORKERS="2", WEB_STOPS_AFTER="600")
    try:
        server.process.send_signal(signal.SIGTERM)
        until(lambda: b"stopping" in server.get("/health/serving")[1], "the word that it stops")
        told = {server.get("/health/serving") for _ in range(8)}
        served = {server.get("/health/live")[0] for _ in range(8)}
    finally:
        os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()

    assert told == {(503, b'{"status": "stopping"}')}
    assert served == {200}
