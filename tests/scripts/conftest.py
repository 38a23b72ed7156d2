import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.scripts.product import shell


@pytest.fixture(scope="session")
def first() -> Iterator[SimpleNamespace]:
    """A folder where one command ran, and what that said: nobody else starts anything there.

    Somebody was stopped there before, while a cluster was being made.
    """
    # Not pytest's own folder: as root the servers' OS user may not enter that one.
    folder = Path(tempfile.mkdtemp(prefix="fairline-"))
    folder.chmod(0o755)
    var = folder / "first"
    half_made = var / "servers" / "postgres.new"
    half_made.mkdir(parents=True)
    (half_made / "postgresql.conf").touch()
    done = shell(var, "from odds.models import Event; print(Event.objects.count())")
    yield SimpleNamespace(var=var, done=done)
    shutil.rmtree(folder)
