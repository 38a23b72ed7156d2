"""The gates as settings ask them; what the attacker found is asked of the log of attacks."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import gate_bounds
from models_registry import services
from models_registry.domain.bounds import GateBounds
from models_registry.models import Attack, Promotion
from models_registry.services import promotion
from tests.models_registry import league

NOW = league.AFTER


@pytest.fixture
def asked(settings, monkeypatch):
    settings.PROMOTION_GATES = GateBounds(attacked=True)
    monkeypatch.setattr(promotion, "code_version", lambda: "this")


def _attack(version, status, **other):
    made = {
        "version": version, "asked_at": NOW, "status": status,
        "data_hash": version.data_hash, "code_version": "this",
    }  # fmt: skip
    return Attack.objects.create(**made | other)


def _gate(version):
    return services.gates_of(version)[-1]


def test_without_an_attack_on_its_data_by_this_code_nothing_is_promoted(trained, asked):
    for status, other in (
        ("passed", {"code_version": "older"}),
        ("passed", {"data_hash": "other"}),
        ("failed", {}),
        ("running", {}),
    ):
        _attack(trained, status, **other)

    assert (_gate(trained).name, _gate(trained).passed) == ("passed the attacker", False)
    with pytest.raises(services.PromotionRefused, match="attack it first"):
        services.promote_version(version_id=trained.pk, by_id=None, reason="", now=NOW)
    assert not Promotion.objects.exists()


def test_the_latest_attack_decides(trained, asked):
    _attack(trained, "found", leaks=[{"column": "elo"}, {"column": "rest"}])
    assert _gate(trained).detail.endswith("leak found, 2 of them")

    _attack(trained, "passed")

    made = services.promote_version(version_id=trained.pk, by_id=None, reason="", now=NOW)
    assert made.gates[-1]["name"] == "passed the attacker"
    _attack(trained, "found", leaks=[{"column": "elo"}])
    assert not _gate(trained).passed


def test_where_no_attack_is_asked_for_a_leak_that_was_found_stops_a_version_all_the_same(
    trained, asked, settings
):
    settings.PROMOTION_GATES = GateBounds()
    assert "passed the attacker" not in [gate.name for gate in services.gates_of(trained)]

    _attack(trained, "found", leaks=[{"column": "elo"}])

    assert (_gate(trained).name, _gate(trained).passed) == ("passed the attacker", False)


def test_settings_that_mean_nothing_stop_the_start():
    with pytest.raises(ImproperlyConfigured, match="FAIRLINE_GATE_CHAMPION is 'nice': not_worse"):
        gate_bounds(games=300, calibration_error=0.02, champion="nice", attacked=True)
