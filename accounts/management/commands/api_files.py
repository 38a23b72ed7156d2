"""Write docs/api: the API's schema, and a client and a collection made from it."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts.api import files
from accounts.api.schema import whole


def made() -> dict[str, str]:
    """Return the text of each file, by its name."""
    schema = whole()
    return {
        # A line each for who compares, without the blanks: it is sent as it is.
        "openapi.json": json.dumps(schema, indent=0, ensure_ascii=False) + "\n",
        "client.py": files.client(schema),
        "collection.json": files.collection(schema),
    }


class Command(BaseCommand):
    help = "Write the API's schema, and a client and a collection made from it."

    def handle(self, **_options: Any) -> None:  # noqa: ANN401
        folder = Path(settings.BASE_DIR) / "docs" / "api"
        folder.mkdir(exist_ok=True)
        for name, text in made().items():
            (folder / name).write_text(text)
            self.stdout.write(f"docs/api/{name}")
