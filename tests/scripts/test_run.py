"""scripts/run and scripts/manage as a person uses them: real processes, real servers."""

import json
import os
import signal
import socket
from pathlib import Path

import pytest

from tests.scripts.product import Product, manage, of_this, status, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("processes"),
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc"),
]


@pytest.fixture(scope="module")
def product(folder):
    product = Product(folder / "var")
    product.wait_until_up()
    yield product
    assert product.stop() == 0
    assert of_this(product.var) == []


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
    done = manage(product.var, "shell", "--no-imports", "--command", script)

    url, rate, users = done.stdout.split()
    assert url.startswith("http://127.0.0.1:")
    assert (rate, users) == ("120.0", "2")
    # Attached: it neither started nor stopped a server.
    assert "is up on port" not in done.stderr
    assert "has stopped" not in done.stderr


@pytest.mark.parametrize(
    "name", ["web", "worker", "trainer", "beat", "simulator", "postgres", "valkey"]
)
def test_whoever_is_killed_is_started_again_and_it_is_said(product, name):
    before = product.children()

    os.kill(before[name], signal.SIGKILL)

    until(lambda: product.children().get(name, before[name]) != before[name], f"{name} to return")
    until(
        lambda: f"{name} runs again" in product.told() or f"{name} is up again" in product.told(),
        "the report",
    )
    address = product.wait_until_up()
    until(lambda: status(f"{address}/health/live") == 200, "the page")
    others = {other: pid for other, pid in product.children().items() if other != name}
    assert others == {other: pid for other, pid in before.items() if other != name}


def login_lines(product: Product) -> list[str]:
    return [line for line in product.out.read_text().splitlines() if "log in as" in line]


def test_it_runs_beside_a_copy_is_killed_started_stopped_and_goes_on(folder, product):
    var = folder / "journey"
    first = Product(var)
    addresses = {first.wait_until_up(), product.wait_until_up()}
    assert len(addresses) == 2
    assert [status(f"{address}/health/live") for address in addresses] == [200, 200]
    assert not set(first.children().values()) & set(product.children().values())
    world = reached(var)

    left = first.children()
    first.process.kill()
    first.process.wait()
    second = Product(var)
    try:
        address = second.wait_until_up()
        assert "left by a killed start" in second.told()
        for name in ("web", "worker", "beat", "simulator"):
            assert not Path(f"/proc/{left[name]}").exists(), name
        assert "once" not in second.told()
        assert reached(var) > world
        assert login_lines(second) == login_lines(first)
    finally:
        code = second.stop(signal.SIGTERM)
    assert code == 0
    assert of_this(var) == []
    assert status(f"{address}/health/live") == 0
    assert status(product.wait_until_up() + "/health/live") == 200

    world = reached(var)
    done = manage(var, "shell", "--no-imports", "--command", "from accounts import clock; "
                  "print(clock.now().isoformat())")  # fmt: skip
    assert "once" not in done.stderr
    assert world < done.stdout.strip() <= reached(var)


def reached(var: Path) -> str:
    return str(json.loads((var / "world.json").read_text())["reached"])


def test_a_taken_port_is_named(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        refused = Product(folder / "refused", PORT=port)

        assert refused.process.wait(30) == 1
    assert f"PORT={port} is taken by another program" in refused.told()
