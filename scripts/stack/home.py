"""Who runs the database servers, and where their data lives.

Postgres refuses to run as root. As root, its servers run as an unprivileged OS user instead; if
that user cannot reach the checkout (under /root, say), the data lives in /var/lib/fairline.
No folder above the checkout is ever opened up.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stack import say
from stack.place import Place

SYSTEM_FOLDER = Path("/var/lib/fairline")
OS_USER = "fairline"


@dataclass(frozen=True)
class Home:
    """A folder for servers' data, and the OS user who owns it (none: whoever runs the script)."""

    folder: Path
    user: pwd.struct_passwd | None

    def as_user(self) -> dict[str, Any]:
        """Return what makes subprocess run as the owner."""
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Make the owner own it."""
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def make(self, name: str) -> Path:
        """Return a folder of the owner's own, made if it is missing."""
        folder = self.folder / name
        folder.mkdir(mode=0o700, exist_ok=True)
        self.give(folder)
        return folder

    def runnable(self, program: Path, *, tree: Path) -> Path:
        """Return the program where the owner can run it, copying its tree if need be."""
        if self._can_run(program):
            return program
        version = hashlib.sha256(str(program.stat().st_mtime_ns).encode()).hexdigest()[:8]
        copy = self.folder / f"{tree.name}-{version}"
        if not copy.exists():
            draft = self.folder / f"{tree.name}-{version}.new"
            shutil.rmtree(draft, ignore_errors=True)
            shutil.copytree(tree, draft, symlinks=True)
            draft.rename(copy)
        copied = copy / program.relative_to(tree)
        if not self._can_run(copied):
            raise say.Trouble(
                f"{copied} does not run here; set DATABASE_URL and REDIS_URL instead."
            )
        return copied

    def _can_run(self, program: Path) -> bool:
        try:
            answer = subprocess.run(
                [program, "--version"], capture_output=True, cwd="/", check=False, **self.as_user()
            )
        except OSError:
            return False
        return not answer.returncode


def find_home(place: Place) -> Home:
    """Return the servers' home, made if it is missing.

    Raises:
        Trouble: if there is no place where the servers may keep their data.
    """
    near = place.var / "servers"
    if os.geteuid() != 0:
        near.mkdir(mode=0o700, exist_ok=True)
        if not os.access(near, os.W_OK | os.X_OK):
            raise say.Trouble(
                f"{near} belongs to another user (it was made as root?): "
                f"run as that user, or `chown -R {os.getuid()} {place.var}`."
            )
        return Home(near, None)
    return _home_as_root(place, near)


def _home_as_root(place: Place, near: Path) -> Home:
    far = SYSTEM_FOLDER / hashlib.sha256(str(place.var).encode()).hexdigest()[:12]
    for existing in (near, far):
        # Data from an earlier start stays with its owner.
        if existing.is_dir() and existing.stat().st_uid != 0:
            home = Home(existing, pwd.getpwuid(existing.stat().st_uid))
            if _reaches(home):
                return home
    user = _unprivileged_user()
    for folder in (near, far):
        home = _make_home(folder, user)
        if _reaches(home):
            if folder == far:
                say.progress(
                    f"the database servers run as the OS user {user.pw_name}, who may not enter "
                    f"{place.var}: their data is in {far}"
                )
            return home
        folder.rmdir()
    raise say.Trouble(
        f"Postgres does not run as root, and {user.pw_name} can keep data neither in {near} nor in "
        f"{far}. Run as an ordinary user, or set DATABASE_URL and REDIS_URL."
    )


def _make_home(folder: Path, user: pwd.struct_passwd) -> Home:
    folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    os.chown(folder, user.pw_uid, user.pw_gid)
    return Home(folder, user)


def _reaches(home: Home) -> bool:
    test = subprocess.run(
        ["/bin/sh", "-c", 'cd "$0" && test -w .', str(home.folder)],
        capture_output=True,
        cwd="/",
        check=False,
        **home.as_user(),
    )
    return not test.returncode


def _unprivileged_user() -> pwd.struct_passwd:
    """Return the OS user for the servers: `fairline`, made if that is possible, or `nobody`."""
    try:
        return pwd.getpwnam(OS_USER)
    except KeyError:
        pass
    makers = (
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", OS_USER],
        ["adduser", "-S", "-D", "-H", OS_USER],
    )
    for command in makers:
        if (
            shutil.which(command[0])
            and not subprocess.run(command, capture_output=True, check=False).returncode
        ):
            say.progress(f"made the OS user {OS_USER}: Postgres does not run as root")
            return pwd.getpwnam(OS_USER)
    return pwd.getpwnam("nobody")
