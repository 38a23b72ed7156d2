"""What a command that writes is made of: it leaves an audit entry, whether it ends well or not."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts import audit

# Django's own, which say nothing of what was done.
_COMMON = {
    "verbosity", "settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks",
    "stdout", "stderr",
}  # fmt: skip


class AuditedCommand(BaseCommand):
    """A command whose run is audited with its arguments; by whom, manage.py knows."""

    def execute(self, *args: Any, **options: Any) -> str | None:  # noqa: ANN401 - Django's own
        asked = {name: str(value) for name, value in options.items() if name not in _COMMON}
        try:
            said = super().execute(*args, **options)
        except BaseException as error:
            self._record("command failed", asked | {"error": f"{error}"[:500]})
            raise
        self._record("ran command", asked)
        return said

    def _record(self, action: str, detail: dict[str, str]) -> None:
        audit.record(
            action=action,
            subject=type(self).__module__.rpartition(".")[2],
            actor_id=None,
            at=timezone.now(),
            detail=detail,
        )
