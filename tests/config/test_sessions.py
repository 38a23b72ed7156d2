"""What is answered when a session cannot be saved."""

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.test import Client

from config import presence
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def here():
    """Return a browser that is logged in, whose next page writes to its session."""
    browser = Client(raise_request_exception=False)
    browser.force_login(make.user("anna"))
    return browser


def test_a_database_that_is_away_is_not_taken_for_a_log_out(here, monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(Session, "save", away)
    assert here.get("/methodology/").status_code == 500


def test_a_session_that_was_deleted_meanwhile_is_said_to_be(here, monkeypatch):
    noted = presence.note_presence

    def log_out_meanwhile(**asked: object) -> object:
        Session.objects.all().delete()
        return noted(**asked)

    monkeypatch.setattr(presence, "note_presence", log_out_meanwhile)
    assert here.get("/methodology/").status_code == 400
