import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction
from django.test import override_settings

from models_registry import services
from models_registry.models import ModelVersion
from odds.models import Competition
from tests import rows
from tests.models_registry import league


@pytest.fixture
def artifacts(settings, tmp_path) -> Path:
    settings.ARTIFACT_DIR = tmp_path / "artifacts"
    return settings.ARTIFACT_DIR


@pytest.fixture
def competition(db) -> Competition:
    return league.competition()


@pytest.fixture(scope="session")
def learned(
    django_db_setup, django_db_blocker, tmp_path_factory
) -> tuple[int, Path, dict[str, bytes]]:
    """A version trained on the made-up league, its files, and all rows of it: made once."""
    folder = tmp_path_factory.mktemp("artifacts")
    with django_db_blocker.unblock(), transaction.atomic():
        league.fill(league.competition())
        with override_settings(ARTIFACT_DIR=folder):
            version = services.train_version(competition_key=league.KEY, until=league.AFTER)
        made = rows.taken()
        transaction.set_rollback(True)
    return version.pk, folder, made


@pytest.fixture(scope="module")
def world(django_db_blocker, learned) -> Iterator[tuple[ModelVersion, Path]]:
    """The league and the version trained on it, in a transaction as long as the module."""
    key, folder, made = learned
    with django_db_blocker.unblock(), transaction.atomic():
        rows.put(made)
        yield ModelVersion.objects.get(pk=key), folder
        transaction.set_rollback(True)


@pytest.fixture
def trained(world, artifacts, db) -> ModelVersion:
    """The version, its files in a folder of this test's own. The rows a test adds go with it."""
    version, folder = world
    shutil.copytree(folder, artifacts)
    return ModelVersion.objects.select_related("predictor__competition").get(pk=version.pk)
