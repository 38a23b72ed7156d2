"""Lock every stored secret by the first key again, so that older keys can be taken away."""

from typing import Any

from accounts.commands import AuditedCommand
from accounts.secrets.rotating import relock_all


class Command(AuditedCommand):
    help = "Lock every secret in the database by the first of FAIRLINE_SECRETS_KEYS."

    def handle(self, *_args: Any, **_options: Any) -> None:  # noqa: ANN401
        self.stdout.write(f"{relock_all()} secrets are locked by the first key.")
