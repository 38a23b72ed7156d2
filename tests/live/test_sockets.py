"""The same signals over a WebSocket, by a client that knows nothing of us."""

import json

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from accounts import live
from tests import make
from tests.live.serving import cookie_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("streams"),
    pytest.mark.timeout(120),
]


def talking(server, topics, user=None, *, path="/ws/live", since="", **headers):
    if user:
        headers["Cookie"] = cookie_of(user)
    address = f"ws://127.0.0.1:{server.port}{path}?topics={topics}&since={since}"
    return connect(address, additional_headers={k.replace("_", "-"): v for k, v in headers.items()})


def heard(socket, *names):
    """Return the next message that is one of these."""
    while (message := json.loads(socket.recv(20)))["event"] not in names:
        pass
    return message


def until_live(socket):
    assert heard(socket, "state")["data"] == {"state": "live"}


def closed(socket):
    """Return the code and reason with which the server closes."""
    with pytest.raises(ConnectionClosed) as fault:
        heard(socket, "nothing that is ever said")
    return fault.value.rcvd.code, fault.value.rcvd.reason


def test_it_hears_its_topics_and_only_its_own_bets(server, alice, bob):
    with talking(server, "bets,event:7", alice) as socket:
        until_live(socket)

        live.publish(["bets"], [1], owner_id=bob.pk)
        live.publish(["prices", "event:9"], [9])
        live.publish(["event:7"], [7])
        live.publish(["bets"], [2], owner_id=alice.pk)

        told = [heard(socket, "bets", "event:7", "event:9") for _ in range(2)]
    assert {message["event"]: message["data"] for message in told} == {
        "event:7": {"ids": [7]},
        "bets": {"ids": [2]},
    }


def test_it_may_ask_for_other_topics_while_it_is_open(server, alice):
    with talking(server, "prices", alice) as socket:
        until_live(socket)
        socket.send('{"topics": ["jobs"]}')
        assert heard(socket, "topics")["data"] == {"topics": ["jobs"]}

        live.publish(["prices"], [4])
        live.publish(["jobs"], [3])

        assert heard(socket, "jobs", "prices")["data"] == {"ids": [3]}


def test_who_comes_back_is_told_what_it_missed(server, alice):
    with talking(server, "prices", alice) as socket:
        until_live(socket)
        live.publish(["prices"], [1])
        last = heard(socket, "prices")["id"]
    live.publish(["prices"], [2])

    with talking(server, "prices", alice, since=last) as socket:
        assert heard(socket, "prices", "reload")["data"] == {"ids": [2]}


def test_a_key_opens_it_and_a_dead_one_does_not(server, alice):
    with talking(server, "prices", X_Api_Key=make.api_key(alice)[1]) as socket:
        until_live(socket)

    with talking(server, "bets", X_Api_Key=make.api_key(alice, scopes=["read"])[1]) as socket:
        assert closed(socket) == (4403, "topics: this key lacks the scope 'read:own'.")

    with talking(server, "prices", X_Api_Key="dead.key") as socket:
        code, reason = closed(socket)
    assert (code, reason) == (4401, "The key in X-Api-Key is unknown, expired or revoked.")


@pytest.mark.parametrize(
    "said", ["prices", "[]", '{"topics": "prices"}', '{"topics": [1]}', '{"topics": ["all"]}', "{}"]
)
def test_what_makes_no_sense_closes_it_with_what_to_say(server, alice, said):
    with talking(server, "prices", alice) as socket:
        until_live(socket)
        socket.send(said)
        code, reason = closed(socket)

    assert code == 4400
    assert "topics" in reason


def test_the_page_of_another_site_hears_nothing(server, alice):
    with talking(server, "bets", alice, Origin="https://elsewhere.example") as socket:
        code, _ = closed(socket)
    assert code == 4403

    with talking(server, "bets", alice, Origin=server.url) as socket:
        until_live(socket)


def test_no_other_address_takes_a_web_socket(server, alice):
    with pytest.raises(InvalidStatus), talking(server, "prices", alice, path="/bets/"):
        pass
