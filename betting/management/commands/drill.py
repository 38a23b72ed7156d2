"""drill --user NAME [--days 90]: what each breaker would have blocked; writes nothing."""

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import clock
from accounts.models import User
from betting.selectors.history import drill_of
from betting.services.breaking import stale_minutes


class Command(BaseCommand):
    help = "Say what each breaker would have blocked in the past days, at today's levels."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="whose bets")
        parser.add_argument("--days", type=int, default=90)

    def handle(self, *args: str, **options: str) -> None:
        owner = User.objects.filter(username=options["user"]).first()
        if owner is None:
            raise CommandError(f"--user: there is nobody called {options['user']!r}.")
        days = int(options["days"])
        if not 1 <= days <= 3660:
            raise CommandError(f"--days: {days} is none of 1 to 3660.")
        found = drill_of(owner.pk, days=days, now=clock.now(), stale_minutes=stale_minutes())
        for lock in found.locks:
            self.stdout.write(
                f"{lock.at:%Y-%m-%d %H:%M} to {lock.until:%Y-%m-%d %H:%M}  {lock.title}: "
                f"{lock.words}; blocks {lock.stops}: {lock.bets} bets, {lock.staked} staked, "
                f"they earned {lock.profit}"
            )
        self.stdout.write(
            f"{len(found.locks)} locks in {days} days with {found.bets} bets. "
            f"Quiet: {', '.join(found.quiet) or 'none'}."
        )
