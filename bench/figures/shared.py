"""What the figures share: a database of their own, many threads at once, and goals of nought."""

import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection
from django.test.runner import DiscoverRunner
from measured import say
from stack.home import find_home
from stack.place import Place
from stack.services import Services


@contextmanager
def database() -> Iterator[None]:
    """Have an empty database with every table and trigger, beside that of DATABASE_URL."""
    runner = DiscoverRunner(verbosity=0, interactive=False)
    made = runner.setup_databases()
    try:
        yield
    finally:
        runner.teardown_databases(made)


@contextmanager
def valkey() -> Iterator[str]:
    """Have a Valkey of its own, which nobody minds being emptied; its address."""
    folder = Path(tempfile.mkdtemp(prefix="fairline-figures-"))
    folder.chmod(0o755)
    venv = Path(sys.prefix)
    place = Place(var=folder / "var", root=venv.parent, venv_name=venv.name)
    place.prepare()
    secrets = {"valkey_password": "v" * 24}
    try:
        with Services(place, {"DATABASE_URL": "another's"}, secrets_=secrets).in_use() as made:
            yield made["REDIS_URL"]
    finally:
        shutil.rmtree(find_home(place).folder, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """Let so many threads begin together; return what each came to, an error as the error."""
    gate = threading.Barrier(count)

    def begin(number: int) -> Any:  # noqa: ANN401 - whatever it is
        gate.wait(timeout=60)
        try:
            return act(number)
        except Exception as error:  # noqa: BLE001 - who asked judges it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


class Faults:
    """What was wrong, told as it is found and counted at the end."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def expect(self, holds: bool, words: str) -> None:
        """Note a fault unless it holds."""
        if not holds:
            self.found.append(words)
            if len(self.found) <= 20:
                print(words, file=sys.stderr)

    def said(self, name: str) -> int:
        """Tell how many there were, whose goal is nought; return it."""
        say(name, len(self.found), "faults", "goal", 0)
        return len(self.found)
