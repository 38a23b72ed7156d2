"""The two database servers as one thing that scripts use together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from stack import environment, locks, logs, say
from stack.home import find_home
from stack.place import Place
from stack.postgres import Postgres
from stack.server import Server
from stack.valkey import Valkey

# Data that a power cut may take, for tests. Nor may autovacuum count rows there: what a test wrote
# and will roll back is nothing to it, and every plan that follows is one for empty tables.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


class Services:
    """The embedded servers that nobody else provides: first user starts them, last one stops."""

    def __init__(
        self,
        place: Place,
        user_environment: Mapping[str, str],
        *,
        secrets_: Mapping[str, str],
        postgres_settings: Sequence[str] = (),
    ) -> None:
        self._place = place
        self._use = locks.SharedUse(place.state / "services.in-use")
        self._servers: dict[str, Callable[[], Server]] = {}
        self._made: dict[str, Server] = {}
        if not environment.is_set(user_environment, "DATABASE_URL"):
            self._servers["DATABASE_URL"] = lambda: Postgres(
                place,
                self._home,
                password=secrets_["postgres_password"],
                settings=postgres_settings,
            )
        if not environment.is_set(user_environment, "REDIS_URL"):
            self._servers["REDIS_URL"] = lambda: Valkey(
                place, self._home, password=secrets_["valkey_password"]
            )

    def join(self) -> dict[str, str]:
        """Start what does not run, and return the variables that say where it is."""
        with self._changing():
            self._use.join()
            if not self._servers:
                return {}
            self._home = find_home(self._place)
            self._made = {variable: make() for variable, make in self._servers.items()}
            for server in self._made.values():
                if server.process() is None:
                    logs.rotate(server.log)
                    server.start()
                    say.progress(f"{server.name} is up on port {server.port}")
            return {variable: server.url() for variable, server in self._made.items()}

    def leave(self) -> None:
        """Stop them, if nobody else uses them."""
        with self._changing():
            if self._use.is_last():
                for server in reversed(self._made.values()):
                    if server.process() is not None:
                        server.stop()
                        say.progress(f"{server.name} has stopped")
            self._use.leave()

    @property
    def database_is_new(self) -> bool:
        """Whether join() made the database, which then has no tables."""
        return any(server.is_new for server in self._made.values())

    def heal(self) -> list[str]:
        """Start again what has died; return the names."""
        if all(server.process() is not None for server in self._made.values()):
            return []
        healed = []
        with self._changing():
            for server in self._made.values():
                if server.process() is None:
                    say.progress(f"{server.name} has died; starting it again (log: {server.log})")
                    server.start()
                    healed.append(server.name)
        return healed

    @contextmanager
    def in_use(self) -> Iterator[dict[str, str]]:
        """Have them running for a while."""
        try:
            yield self.join()
        finally:
            self.leave()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with locks.alone(
            self._place.state / "services.lock",
            while_waiting="another script is starting or stopping the servers; waiting",
        ):
            yield
