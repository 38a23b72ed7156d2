"""Log files under var/log."""

from pathlib import Path

LARGEST = 5 * 1024 * 1024
KEPT = 3


def rotate(path: Path) -> None:
    """Put a log aside if it has grown large; called before its writer starts."""
    if not path.exists() or path.stat().st_size < LARGEST:
        return
    for number in range(KEPT - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}"))
    path.replace(path.with_name(f"{path.name}.1"))


def tail(path: Path, lines: int = 20) -> str:
    """Return the end of a log."""
    if not path.exists():
        return "(empty)"
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
