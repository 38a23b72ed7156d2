"""results: events with open bets and no result, and what became of one."""

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import clock
from betting.selectors.waiting import events_without_result
from betting.services.ruling import NoSuchEvent, RulingRefused, Said, rule_on_event


class Command(BaseCommand):
    help = "List events with open bets that wait for a result, or say what became of one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("event", type=int, nargs="?", help="number of the event; none: list")
        parser.add_argument(
            "status",
            nargs="?",
            choices=(
                *("finished", "cancelled", "postponed", "abandoned", "rescheduled", "dead_heat"),
            ),
        )
        parser.add_argument("--starts-at", help="new start of a rescheduled one, with its zone")
        parser.add_argument("--selection", type=int, help="number of the one that dead-heated")
        parser.add_argument("--tied", type=int, help="how many tied")
        parser.add_argument("--places", type=int, default=1, help="for so many places")
        parser.add_argument("score", type=int, nargs="*", help="home and away, of a finished one")
        parser.add_argument("--reason", default="", help="where it is from, or why")
        parser.add_argument("--by", default="", help="user name of the operator, for the audit log")

    def handle(self, *_args: object, **options: Any) -> None:  # noqa: ANN401 - Django's own
        if options["event"] is None:
            self._list()
            return
        if options["status"] is None or len(options["score"]) not in (0, 2):
            raise CommandError("Say what it was, such as: results 7 finished 2 1 --reason ...")
        by = get_user_model().objects.filter(username=options["by"], is_staff=True).first()
        if options["by"] and by is None:
            raise CommandError(f"{options['by']}: there is no such operator.")
        home, away = options["score"] or (None, None)
        try:
            ruled = rule_on_event(
                event_id=options["event"],
                said=Said(
                    status=options["status"],
                    home_score=home,
                    away_score=away,
                    starts_at=_moment(options["starts_at"]),
                    selection=options["selection"],
                    tied=options["tied"],
                    places=options["places"],
                ),
                reason=options["reason"],
                now=clock.now(),
                by_id=by.pk if by else None,
            )
        except NoSuchEvent:
            raise CommandError(f"event: there is no event {options['event']}.") from None
        except RulingRefused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(
            f"{ruled.event} is {ruled.event.get_status_display().lower()}: {ruled.settled} bets "
            f"settled, {ruled.corrected} corrected."
        )
        for reason in ruled.parked:
            self.stdout.write(f"left: {reason}")

    def _list(self) -> None:
        # What the selector counted is no attribute that the type of an event knows.
        waiting: list[Any] = list(events_without_result(clock.now()))
        for event in waiting:
            self.stdout.write(
                f"{event.pk}: {event}, {event.get_status_display().lower()}, started "
                f"{event.starts_at:%Y-%m-%d %H:%M} UTC, {event.open_bets} open bets"
            )
        if not waiting:
            self.stdout.write("Nothing waits for a result.")


def _moment(words: str | None) -> datetime | None:
    if words is None:
        return None
    try:
        at = datetime.fromisoformat(words)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise CommandError(f"--starts-at: {words!r}: write it like 2026-03-01T19:30Z.")
    return at
