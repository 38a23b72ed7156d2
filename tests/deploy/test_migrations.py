"""Every migration after the last release was asked whether it stops the product.

The asking needs a database and seconds, so `scripts/check_migrations` does it and writes down of
which file; here a migration that was never asked, or was changed since, is found.
"""

import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAID = json.loads((ROOT / "deploy/migrations.json").read_text())


def new_files():
    for app, released in SAID["released"].items():
        for path in sorted((ROOT / app / "migrations").glob("[0-9]*.py")):
            if path.stem > released:
                yield f"{app}.{path.stem}", path


def test_every_new_migration_was_asked_as_it_is():
    found = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in new_files()}

    assert found == SAID["asked"], "run scripts/check_migrations (docs/guides/deploying.md)"


def test_what_is_accepted_has_a_reason_and_a_migration():
    names = dict(new_files())

    assert SAID["released"].keys() == {path.parent.name for path in ROOT.glob("*/migrations")}
    for migration, rules in SAID["accepted"].items():
        assert migration in names
        assert all(len(reason) > 20 for reason in rules.values()), migration
