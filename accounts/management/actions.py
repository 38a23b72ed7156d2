"""Commands of several actions, each of which tells its answer as JSON or as lines."""

import json
from typing import Any, ClassVar

from django.core.exceptions import ObjectDoesNotExist
from django.core.management.base import BaseCommand, CommandError

# A JSON object, or a list of them, and the same for people.
Answer = tuple[object, list[str]]


class ActionCommand(BaseCommand):
    """A command whose `action` NAME is its method `_NAME`: options in, an answer and its lines out.

    `refusals` end it with what they say. `row` is the option that names the row an action is of,
    where `status` shows which there are.
    """

    refusals: ClassVar[tuple[type[Exception], ...]] = ()
    row: ClassVar[str] = ""

    def handle(self, **options: Any) -> None:  # noqa: ANN401 - as Django declares it
        try:
            answer, lines = getattr(self, f"_{options['action']}")(options)
        except self.refusals as refusal:
            raise CommandError(str(refusal)) from refusal
        except ObjectDoesNotExist as missing:
            if not self.row:
                raise
            raise CommandError(
                f"there is no {self.row} {options[self.row]}; {self.row} status shows them"
            ) from missing
        self.stdout.write(json.dumps(answer, default=str) if options["json"] else "\n".join(lines))
