"""One Chromium for every test that needs it; they share a worker."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from accounts.models import User
from tests import make
from tests.journeys.world import fill

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

# What a page shows in the end counts here, not how soon on a machine that does more than this.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("Chromium is not installed; CHROMIUM may name one")
    options = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
    # Playwright runs a loop in this thread; Django would take any query for an async one.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=options)
        yield started
        started.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def browser(chromium) -> Iterator[Browser]:
    """The one Chromium; pages opened by a test end with it, and ask the server nothing more."""
    yield chromium
    for context in chromium.contexts:
        context.close()


@pytest.fixture
def bettor(db) -> User:
    who = make.user("bettor")
    fill(who, past=3, coming=3)
    return who
