"""Live signals over the real server: who hears what, what a reconnect is told, what it costs."""

import socket

import pytest
from django.db import connection, transaction
from django.test import Client

from accounts import live
from config import gunicorn
from tests import make
from tests.live.serving import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("streams"),
    pytest.mark.timeout(120),
]


def test_a_listener_hears_what_it_asked_for_and_nothing_else(server, alice):
    stream = server.listen(alice, "sport:basketball_nba,event:7").until_live()

    live.publish(["opportunities"], [1])
    live.publish(["prices", "sport:soccer_epl", "event:9"], [9])
    live.publish(["prices", "sport:basketball_nba", "event:7", "event:8"], [7, 8])

    heard = {stream.next()[0]: stream.heard[-1][1] for _ in range(2)}
    assert heard == {"sport:basketball_nba": {"ids": [7, 8]}, "event:7": {"ids": [7, 8]}}


def test_a_bet_is_told_to_its_owner_only(server, alice, bob):
    hers = server.listen(alice, "bets").until_live()

    live.publish(["bets"], [1], owner_id=bob.pk)
    live.publish(["bets"], [2], owner_id=alice.pk)

    assert hers.next() == ("bets", {"ids": [2]})


@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        ("", 400, "name 1 to 40"),
        ("bets:7", 400, "'bets:7' is none of them"),
        (",".join(f"event:{n}" for n in range(41)), 400, "name 1 to 40"),
    ],
)
def test_topics_that_do_not_exist_are_refused_by_name(server, alice, asked, status, says):
    stream = server.listen(alice, asked)

    assert stream.status == status
    assert says in stream.reason


def test_nobody_listens_without_logging_in_or_a_key(server, alice):
    assert server.listen(None, "prices").status == 401
    assert server.listen(None, "prices", X_Api_Key="not.a-key").status == 401
    _, text = make.api_key(alice)
    assert server.listen(None, "prices", X_Api_Key=text).until_live().status == 200


def test_a_foreign_host_is_refused(server, alice):
    assert server.listen(alice, "prices", Host="evil.test").status == 400


def test_signals_leave_after_commit_and_not_at_all_after_a_rollback(server, alice):
    stream = server.listen(alice, "prices").until_live()
    with transaction.atomic():
        live.announce_prices(competition_key="nba", event_ids=[1], quotes={})
        transaction.set_rollback(True)
    with transaction.atomic():
        live.announce_prices(competition_key="nba", event_ids=[2], quotes={})
        assert live.position() == stream.last_id

    assert stream.next() == ("prices", {"ids": [2]})


def test_prices_are_told_as_the_listener_writes_them(server, alice):
    decimal = server.listen(alice, "prices,quotes").until_live()
    american = server.listen(alice, "quotes&prices=american").until_live()

    with transaction.atomic():
        live.announce_prices(
            competition_key="nba", event_ids=[2], quotes={(12, 4): 2.5, (12, 5): None}
        )

    told = dict([decimal.next(), decimal.next()])
    assert told == {"prices": {"ids": [2]}, "quotes": {"prices": {"12-4": "2.50", "12-5": None}}}
    assert american.next() == ("quotes", {"prices": {"12-4": "+150", "12-5": None}})
    assert server.listen(alice, "quotes&prices=roman").status == 400


def test_what_prices_come_to_is_told_as_the_listener_writes_prices(server, alice):
    stream = server.listen(alice, "fair&prices=fractional").until_live()

    books = (4, "Keystone"), (5, "Northbet")
    moved = live.Move("Keystone", "M0 0", 2.0, 2.5, "up", "up", "10 min")
    live.publish_worth({12: live.Worth(0.5, 2.5, books, 0.25, -0.012, moved)})
    assert stream.next() == (
        "fair",
        {
            "fair": {
                "12": {
                    "fair": "1/1", "probability": "50.0\xa0%", "edge": "+25.0\xa0%",
                    "hold": "−1.2\xa0%", "best": "3/2", "books": {"4": "Keystone", "5": "Northbet"},
                    "move": {
                        "path": "M0 0", "arrow": "▲", "is_recent": True,
                        "text": "Keystone: opened 1/1, now 3/2; rose in the last 10 min",
                    },
                }
            }
        },
    )  # fmt: skip
    live.publish_worth(None)
    assert stream.next() == ("fair", {"fair": None})


def test_who_comes_back_is_told_what_it_missed(server, alice):
    first = server.listen(alice, "prices").until_live()
    live.publish(["prices"], [1])
    assert first.next() == ("prices", {"ids": [1]})
    first.close()
    live.publish(["prices"], [2])
    live.publish(["prices"], [3])

    again = server.listen(alice, "prices", Last_Event_ID=first.last_id)

    assert again.next() == ("prices", {"ids": [2, 3]})


def test_who_was_away_longer_than_the_stream_reaches_loads_again(server, alice, monkeypatch):
    first = server.listen(alice, "prices").until_live()
    live.publish(["prices"], [1])
    first.next()
    first.close()
    monkeypatch.setattr(live, "KEPT", 100)
    for number in range(1_000):
        live.publish(["jobs"], [number])

    again = server.listen(alice, "prices", Last_Event_ID=first.last_id)

    assert again.next() == ("reload", {})


def test_an_id_from_another_time_of_valkey_means_loading_again(server, alice):
    live.publish(["prices"], [1])
    for strange in ("99999999999999-0", "rubbish", "-"):
        assert server.listen(alice, "prices", Last_Event_ID=strange).next() == ("reload", {})


def test_a_page_misses_nothing_between_being_read_and_listening(server, alice):
    read_at = live.position()
    live.publish(["prices"], [5])

    assert server.listen(alice, "prices", since=read_at).next() == ("prices", {"ids": [5]})


def test_many_rows_are_told_as_many_without_naming_each(server, alice):
    stream = server.listen(alice, "prices").until_live()
    live.publish(["prices"], range(live.MOST_IDS + 1))

    assert stream.next() == ("prices", {"ids": None})


def test_a_restart_loses_nothing_and_waits_for_no_listener_nor_who_never_asks(server, alice):
    # Browsers open connections ahead of need.
    spare = socket.create_connection(("127.0.0.1", server.port))
    stream = server.listen(alice, "prices").until_live()
    live.publish(["prices"], [1])
    stream.next()

    # Whoever is waited for is waited for that long.
    assert server.stop() < gunicorn.graceful_timeout
    spare.close()
    live.publish(["prices"], [2])
    server.start()

    again = server.listen(alice, "prices", Last_Event_ID=stream.last_id)
    assert again.next() == ("prices", {"ids": [2]})


def connections_of_servers() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'fairline' AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]


def test_open_streams_hold_no_connection_to_the_database(server, alice, bob):
    """The server has one connection; pages still get it while sixteen streams are open."""
    assert server.get("/odds/", alice)[0] == 200
    before = connections_of_servers()
    streams = [server.listen(who, "prices").until_live() for who in [alice, bob] * 8]

    assert server.get("/odds/", alice)[0] == 200
    assert connections_of_servers() == before
    live.publish(["prices"], [1])
    assert [stream.next() for stream in streams] == [("prices", {"ids": [1]})] * 16


def test_one_person_opens_eight_streams_and_no_more(server, alice):
    streams = [server.listen(alice, "prices").until_live() for _ in range(8)]

    refused = server.listen(alice, "prices")
    assert refused.status == 429
    assert "8 streams open" in refused.reason

    streams[0].close()
    until(lambda: server.listen(alice, "prices").status == 200, "a place to come free")


def test_the_more_listen_the_less_often_each_is_to_ask_and_for_what_is_dear_most_seldom(
    server, alice, bob, olivia
):
    first = server.listen(alice, "prices")
    assert _paces(first, until_event=1) == [1]
    dear = server.listen(bob, "event:9,prices,fair")

    others = [
        server.listen(who, topics)
        for who, topics in [
            *[(alice, "sport:nba,prices")] * 7, *[(olivia, "event:7,bets")] * 8,
            # What is one's own is asked for when it changes, at once.
            *[(bob, "bets")] * 7,
        ]
    ]  # fmt: skip
    assert all(each.until_live() for each in others)

    # A part of 10 ms and sixteen of 50, of 500 ms a second: (0.1 + 3.58) / 0.5 times the root.
    # It may have been told of some of them before; a pace comes behind what it is told with.
    assert {*_paces(first, until_event=2), *_paces(first, until_event=3)} <= {1}
    assert [*_paces(dear, until_event=4), *_paces(dear, until_event=5)][-1] == 2


def _paces(stream, *, until_event: int) -> list[int]:
    """Return the paces that a stream tells before it tells of this event."""
    live.publish(["prices"], [until_event])
    told = []
    while (each := stream.next_of_any_kind())[0] != "prices" or until_event not in each[1]["ids"]:
        told += [each[1]["seconds"]] if each[0] == "pace" else []
    return told


def test_pages_still_come_through_the_same_door(server, alice):
    assert server.get("/odds/", alice)[0] == 200
    assert server.get("/nothing-here/", alice)[0] == 404
    assert server.get("/odds/?q=%C3%A9", alice)[0] == 200


def test_where_streams_cannot_be_served_the_door_says_so(alice):
    client = Client()
    client.force_login(alice)
    assert client.get("/live/?topics=prices").status_code == 503
