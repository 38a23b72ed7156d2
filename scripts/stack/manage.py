"""scripts/manage: one management command on the set-up of scripts/run."""

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from stack import environment, installing, playing, say
from stack.place import Place
from stack.services import Services


def manage(place: Place, arguments: Sequence[str]) -> int:
    """Run it, attached to what runs or with servers for its own time; return its exit code."""
    place.prepare()
    user = environment.of_user(place)
    installing.install(place, installing.runtime_lock(user))
    secrets_ = environment.installation_secrets(place)
    full = environment.complete(place, secrets_=secrets_)
    command = [str(place.python), str(place.root / "manage.py"), *arguments]
    services = Services(place, user, secrets_=secrets_)
    with services.in_use() as urls, playing.alongside(place, user) as provider:
        ready = full | urls | provider
        if services.database_is_new and arguments[:1] != ["migrate"]:
            say.progress("making the tables (once)")
            migrate = [*command[:2], "migrate", "--verbosity=0"]
            subprocess.run(migrate, env=ready, stdout=sys.stderr, check=True)
        return run_in_front(command, ready)


def run_in_front(command: Sequence[str], env: Mapping[str, str]) -> int:
    """Run a command where the user is, with the terminal to itself.

    Ctrl-C is its own, SIGTERM is handed on.
    """
    child = subprocess.Popen(command, env=dict(env))

    def hand_on(number: int, _frame: object) -> None:
        child.send_signal(number)

    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, hand_on),
        # The terminal sends it to the command too; the servers must outlive that.
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
    }
    try:
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code
