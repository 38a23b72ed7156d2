"""What browsers load, named and compressed as the image's build does; once for all benches."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


def place_of(root: Path) -> Path:
    """Return where the files of the code below `root` are kept, by what they are made of."""
    known = [(root / "requirements/base.txt").read_text()] + [
        f"{path} {path.stat().st_mtime_ns}" for path in sorted((root / "static").rglob("*"))
    ]
    mark = hashlib.sha256("\n".join(known).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"fairline-bench-static-{mark}"


def collected(root: Path, collect: Callable[[Path], object]) -> Path:
    """Return the same, once `collect` has put them into the folder that it is given."""
    kept = place_of(root)
    if not kept.is_dir():
        draft = Path(f"{kept}.{os.getpid()}")
        collect(draft)
        try:
            draft.rename(kept)
        except OSError:
            # Another run of the same code was quicker; its files are the same.
            if not kept.is_dir():
                raise
            shutil.rmtree(draft)
    return kept
