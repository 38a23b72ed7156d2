"""One world for most tests of pages, filled seldom and put back for each."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from tests import make, rows
from tests.journeys.world import fill

# By size, when a world was filled and its rows. Its prices are live, so it is not used for long.
_FILLED: dict[tuple[int, int], tuple[datetime, dict[str, bytes]]] = {}


@pytest.fixture
def alice(request, db) -> User:
    """Alice; where a test asks for the world, in one as large as its module says."""
    if "world" not in request.fixturenames:
        return make.user("alice")
    size, now = request.module.WORLD, timezone.now()
    filled_at, kept = _FILLED.get(size, (None, {}))
    if filled_at and now - filled_at < timedelta(seconds=30):
        rows.put(kept)
    else:
        assert not User.objects.exists(), "Ask for the world first: whoever is there is kept in it."
        past, coming = size
        fill(make.user("alice"), past=past, coming=coming)
        _FILLED[size] = (now, rows.taken())
    return User.objects.get()


@pytest.fixture
def world(alice) -> User:
    return alice
