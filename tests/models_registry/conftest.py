import pytest

from models_registry import services
from models_registry.models import ModelVersion
from tests.models_registry import league


@pytest.fixture
def artifacts(settings, tmp_path):
    settings.ARTIFACT_DIR = tmp_path / "artifacts"
    return settings.ARTIFACT_DIR


@pytest.fixture
def competition(db):
    return league.competition()


@pytest.fixture
def trained(artifacts, competition) -> ModelVersion:
    league.fill(competition)
    return services.train_version(competition_key=league.KEY, until=league.AFTER)
