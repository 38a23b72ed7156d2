"""The checkout and what it keeps under var/."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Place:
    """A checkout and the folder for everything it keeps; two places never touch each other."""

    var: Path
    root: Path = ROOT
    venv_name: str = ".venv"

    @property
    def venv(self) -> Path:
        """The virtual environment."""
        return self.root / self.venv_name

    @property
    def python(self) -> Path:
        """The Python of the virtual environment."""
        return self.venv / "bin" / "python"

    @property
    def logs(self) -> Path:
        """Where the processes' JSON logs go."""
        return self.var / "log"

    @property
    def state(self) -> Path:
        """Locks, ports, process ids."""
        return self.var / "state"

    def prepare(self) -> None:
        """Make the folders; others may pass through var/ but not read what is secret in it."""
        for folder in (self.var, self.logs, self.state):
            if not folder.is_dir():
                folder.mkdir(parents=True)
                folder.chmod(0o755)


def read_json(path: Path) -> dict[str, Any]:
    """Return what `write_json` wrote; empty where there is nothing, or only half of it."""
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write for the owner's eyes only, and all at once, so no reader sees half a file."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content, indent=1))
    draft.replace(path)
