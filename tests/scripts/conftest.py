import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    # Not pytest's own folder: as root the servers' OS user may not enter that one.
    path = Path(tempfile.mkdtemp(prefix="fairline-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)
