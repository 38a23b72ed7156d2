"""scripts/run and scripts/manage as a person uses them: real processes, real servers."""

import json
import os
import signal
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.scripts.product import Product, copy_of, of_this, shell, status, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("processes"),
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc"),
]


@pytest.fixture(scope="module")
def killed(first):
    """What a product had come to when it was killed, and could put nothing away."""
    product = Product(copy_of(first.var, "run"))
    product.wait_until_up()
    was = SimpleNamespace(
        var=product.var,
        children=product.children(),
        logins=login_lines(product),
        reached=reached(product.var),
    )
    product.process.kill()
    product.process.wait()
    return was


@pytest.fixture(scope="module")
def product(killed):
    """The product, started again in the same folder; stopped by one who is impatient."""
    product = Product(killed.var)
    address = product.wait_until_up()
    yield product
    product.process.send_signal(signal.SIGINT)
    assert product.stop(signal.SIGTERM) == 0
    assert of_this(product.var) == []
    assert status(f"{address}/health/live") == 0


def login_lines(product: Product) -> list[str]:
    """Return who may log in with what; the port, which another may have by now, is left out."""
    lines = product.out.read_text().splitlines()
    return [line.partition("http")[0] for line in lines if "log in as" in line]


def reached(var: Path) -> str:
    return str(json.loads((var / "world.json").read_text())["reached"])


def test_it_says_where_it_is_and_who_may_log_in(product):
    told = product.out.read_text()

    assert status(product.wait_until_up() + "/health/live") == 200
    assert "demo" in told
    assert "operator" in told
    assert "Ctrl-C" in told
    assert '{"' not in told


def test_a_second_start_in_the_same_checkout_is_refused_with_the_address(product):
    second = Product(product.var.parent / "second", FAIRLINE_VAR=str(product.var))

    assert second.process.wait(30) == 1
    assert f"already runs from this folder: {product.wait_until_up()}" in second.told()
    assert str(product.process.pid) in second.told()
    assert product.process.poll() is None


def test_a_command_attaches_and_sees_the_running_provider(product):
    script = (
        "from django.conf import settings; from accounts.models import User;"
        "print(settings.THE_ODDS_API_URL, settings.CLOCK.rate, User.objects.count())"
    )
    done = shell(product.var, script)

    url, rate, users = done.stdout.split()
    assert url.startswith("http://127.0.0.1:")
    assert (rate, users) == ("120.0", "2")
    # Attached: it neither started nor stopped a server.
    assert "is up on port" not in done.stderr
    assert "has stopped" not in done.stderr


@pytest.mark.parametrize(
    "names", [["postgres"], ["valkey"], ["web", "worker", "trainer", "beat", "simulator"]]
)
def test_whoever_is_killed_is_started_again_and_it_is_said(product, names):
    before = product.children()

    for name in names:
        os.kill(before[name], signal.SIGKILL)

    for name in names:
        until(
            lambda name=name: product.children().get(name, before[name]) != before[name],
            f"{name} to return",
        )
        until(
            lambda name=name: (
                f"{name} runs again" in product.told() or f"{name} is up again" in product.told()
            ),
            "the report",
        )
    address = product.wait_until_up()
    until(lambda: status(f"{address}/health/live") == 200, "the page")
    others = {other: pid for other, pid in product.children().items() if other not in names}
    assert others == {other: pid for other, pid in before.items() if other not in names}


def test_what_a_killed_start_left_is_cleared_away_and_its_world_goes_on(killed, product):
    assert "left by a killed start" in product.told()
    for name in ("web", "worker", "beat", "simulator"):
        assert not Path(f"/proc/{killed.children[name]}").exists(), name
    assert "once" not in product.told()
    assert reached(product.var) > killed.reached
    assert login_lines(product) == killed.logins


def test_a_copy_has_servers_of_its_own_beside_it_and_the_world_as_it_was_left(first, product):
    var = copy_of(first.var, "beside")
    (var / "world.json").write_bytes((product.var / "world.json").read_bytes())
    world = reached(var)
    script = (
        "from accounts import clock; from django.db import connection as c; c.ensure_connection();"
        "print(clock.now().isoformat(), c.connection.info.port)"
    )

    done = shell(var, script)

    moment, port = done.stdout.split()
    assert "once" not in done.stderr
    assert world < moment <= reached(var)
    assert int(port) != json.loads((product.var / "state" / "postgres.json").read_text())["port"]
    assert status(product.wait_until_up() + "/health/live") == 200


def test_a_taken_port_is_named(first):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        refused = Product(first.var.parent / "refused", PORT=port)

        assert refused.process.wait(30) == 1
    assert f"PORT={port} is taken by another program" in refused.told()
