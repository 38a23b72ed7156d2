"""Arming and disarming by page, API and command: operators only, twice said, effective at once."""

import io

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client

from betting.models import Arming
from betting.selectors.venues import why_not_armed
from betting.venues import registry
from betting.venues.base import Terms
from tests import make
from tests.api.conftest import Api


class Real:
    key = "real"
    terms = Terms(title="Real", needs_arming=True)


@pytest.fixture(autouse=True)
def real(monkeypatch, settings):
    settings.LIVE_VENUES = ["real"]
    venue = Real()
    monkeypatch.setitem(registry.VENUES, "real", venue)
    with time_machine.travel(make.NOON, tick=False):
        yield venue


def is_armed(venue) -> bool:
    return not why_not_armed(venue, now=make.NOON)


def page(who) -> Client:
    client = Client()
    client.force_login(who)
    return client


def test_an_operator_arms_and_disarms_on_the_page(real, db):
    olivia = page(make.operator())

    assert b"Not armed" in olivia.get("/venues/").content
    asked = olivia.post("/venues/real/arm/", {"reason": "Trial.", "hours": "2"}, follow=True)
    assert b"Type <code>real</code>" in asked.content
    wrong = olivia.post("/venues/real/confirm/", {"typed": "yes"})
    assert (wrong.status_code, is_armed(real)) == (422, False)
    assert b"type real to confirm" in wrong.content
    olivia.post("/venues/real/confirm/", {"typed": "real"})
    assert is_armed(real)
    assert b"Armed: real money" in olivia.get("/venues/").content
    # The kill switch for everybody, on its own page.
    olivia.post("/risk/kill-switch/", {"reason": "Stop.", "everybody": "on"})
    assert not is_armed(real)
    olivia.post("/venues/real/disarm/", {"reason": "Enough."})
    assert Arming.objects.get().end_reason == "Enough."


def test_nobody_else_does(real, alice):
    client = page(alice)

    shown = client.get("/venues/").content
    assert b"Only an operator arms it" in shown
    assert b"Ask to arm it" not in shown
    for address in ("arm", "confirm", "disarm"):
        assert client.post(f"/venues/real/{address}/", {}).status_code == 403
    assert page(make.operator()).post("/venues/nowhere/arm/", {}).status_code == 404
    assert not Arming.objects.exists()


def test_the_api_arms_in_two_steps_and_disarms(real, alice):
    def ask(who, address, **body):
        return Api(make.full_key(who)[1]).post(f"venues/{address}", {"venue": "real"} | body)

    olivia = make.operator()
    assert ask(alice, "arm", reason="Mine.", hours=2).status_code == 403
    assert ask(olivia, "confirm", typed="real").status_code == 422
    assert ask(olivia, "arm", venue="nowhere", reason="x", hours=2).status_code == 422
    assert ask(olivia, "arm", reason="Trial.", hours=25).status_code == 422
    assert ask(olivia, "arm", reason="Trial.", hours=2).json()["is_armed"] is False
    for _ in range(2):
        assert ask(olivia, "confirm", typed="real").json()["is_armed"] is True
    assert ask(olivia, "disarm", reason="").status_code == 400
    for _ in range(2):
        assert ask(olivia, "disarm", reason="Enough.").json()["is_armed"] is False


def test_the_command_asks_for_the_key(real, db, monkeypatch):
    make.operator("olivia")
    asked = {"by": "olivia", "reason": "Trial."}

    with pytest.raises(CommandError, match="no operator"):
        call_command("venues", "arm", "real", by="nobody", reason="x")
    monkeypatch.setattr("builtins.input", lambda _prompt: "no")
    with pytest.raises(CommandError, match="type real"):
        call_command("venues", "arm", "real", **asked)
    assert not is_armed(real)
    out = io.StringIO()
    call_command("venues", "arm", "real", confirm="real", stdout=out, **asked)
    assert is_armed(real)
    assert "real: Real, armed" in out.getvalue()
    call_command("venues", "disarm", "real", stdout=out, **asked)
    assert not is_armed(real)
