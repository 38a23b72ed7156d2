"""The card says what is recorded: as a page, a file, to a program, on the command line."""

import pytest
from django.core.management import call_command
from django.test import Client

from models_registry import selectors, services
from models_registry.card import as_markdown, card_of
from tests import make
from tests.models_registry import league

NOW = league.AFTER


@pytest.fixture
def version(trained):
    services.promote_version(version_id=trained.pk, by_id=None, reason="good enough", now=NOW)
    return selectors.version_in_full(trained.pk)


def test_a_card_has_figures_with_intervals_limits_history_and_the_way_to_make_it_again(version):
    card = card_of(version, now=NOW)

    loss = card["figures"][0]
    assert (loss["name"], loss["by"][0]["value"]) == (
        "Log loss",
        version.metrics["model"]["log_loss"],
    )
    low, high = loss["by"][0]["interval"]
    assert low < loss["by"][0]["value"] < high
    assert loss["by"][2] == {"who": "Market close", "value": None, "interval": None}
    assert "no part in any blend" in card["limits"][2]
    assert "expires" in card["refuses"][0]
    assert "lie nearer" in card["refuses"][1]
    assert [entry["reason"] for entry in card["history"]] == ["good enough"]
    text = as_markdown(card)
    assert f"--until {version.trained_until.isoformat()}" in text
    for hashed in (version.data_hash, version.checksum):
        assert hashed in text


def test_page_files_and_program_tell_the_same(version, alice, as_alice, monkeypatch, capsys):
    monkeypatch.setattr("accounts.clock.now", lambda: NOW)
    as_file = as_alice.get(f"/models/{version.pk}/card.json")
    key = make.api_key(alice)[1]
    told = Client().get(f"/api/v1/models/{version.pk}/card", headers={"X-Api-Key": key})
    page = as_alice.get(f"/models/{version.pk}/card/").content.decode()
    markdown = as_alice.get(f"/models/{version.pk}/card.md")
    call_command("models", "card", str(version.pk))

    assert as_file.json() == told.json()
    assert as_file.json()["version"] == f"{league.KEY}-h2h/1"
    assert "good enough" in page
    assert markdown["Content-Disposition"] == f'attachment; filename="{league.KEY}-h2h-v1.md"'
    assert capsys.readouterr().out.strip() == markdown.content.decode().strip()
    assert as_alice.get(f"/models/{version.pk}/card.pdf").status_code == 404
