"""The agents' door, started as an agent's client starts it, against the real server."""

import asyncio
import sys

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from accounts.agents import READING, WRITING, Api, NoDoor
from odds.models import Quote
from tests import make
from tests.journeys import world
from tests.live.serving import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("streams"),
    pytest.mark.timeout(120),
]


def speaking(server, key, talk, *arguments):
    """Start the command as a client does, and return what `talk` makes of it."""
    started = StdioServerParameters(
        command=sys.executable,
        args=[str(ROOT / "manage.py"), "mcp", *arguments],
        env={"FAIRLINE_URL": server.url, "FAIRLINE_API_KEY": key},
    )

    async def whole():
        async with Client(stdio_client(started)) as client:
            return await talk(client)

    return asyncio.run(whole())


def test_an_agent_reads_with_its_owners_eyes_and_is_told_why_not(server, alice, bob):
    make.bankroll(alice, "250.00")
    hers = make.api_key(alice)[1]
    make.bankroll(bob)
    strangers = make.place(bob, make.priced())

    async def talk(client):
        tools = (await client.list_tools()).tools
        asked = [
            ("bankroll", {}),
            ("bet", {"bet_id": strangers.pk}),
            ("bets", {"colour": "red"}),
            ("place_bet", {}),
        ]
        return tools, [await client.call_tool(name, given) for name, given in asked]

    tools, (bankroll, foreign, unknown, act) = speaking(server, hers, talk)

    assert {tool.name for tool in tools} == set(READING)
    assert all(tool.annotations.read_only_hint for tool in tools)
    assert not bankroll.is_error
    assert '"250.00"' in bankroll.content[0].text
    assert foreign.is_error
    assert foreign.content[0].text.startswith("404")
    assert (unknown.is_error, unknown.content[0].text) == (
        True,
        "colour: bets knows no such argument.",
    )
    assert act.content[0].text == "place_bet: no such tool here; ask for the list."


def test_it_acts_only_when_told_to_and_once_for_each_intent(server, alice):
    world.fill(alice, past=0, coming=1)
    bets = alice.bets.count()
    quote = Quote.objects.filter(price__isnull=False).select_related("bookmaker").first()
    asked = {
        "selection": quote.selection_id,
        "bookmaker": quote.bookmaker.key,
        "price": str(quote.price),
        "stake": "5.00",
        "idempotency_key": "one-intent",
    }

    async def talk(client):
        return [await client.call_tool("place_bet", asked) for _ in range(2)]

    first, again = speaking(server, make.full_key(alice)[1], talk, "--write")
    assert not first.is_error, first.content[0].text
    assert first.structured_content["id"] == again.structured_content["id"]
    assert alice.bets.count() == bets + 1


@pytest.mark.parametrize(
    ("address", "key", "says"),
    [
        ("http://127.0.0.1:8000", "", "FAIRLINE_API_KEY is not set"),
        ("http://fairline.example", "a.b", "use https"),
        ("file:///etc/passwd", "a.b", "use https"),
    ],
)
def test_a_key_is_needed_and_never_travels_readable(address, key, says):
    with pytest.raises(NoDoor, match=says):
        Api(address, key)


def test_every_tool_is_an_operation_of_the_api(server, alice):
    api = Api(server.url, make.api_key(alice)[1])

    assert set(asyncio.run(api.operations(READING + WRITING))) == {*READING, *WRITING}


def test_a_dead_key_is_said_before_anything_is_offered(server):
    with pytest.raises(NoDoor, match="is refused: 401"):
        asyncio.run(Api(server.url, "dead.key").operations(READING))
