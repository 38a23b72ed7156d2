"""kill_switch on|off: stop every new stake of everybody (or one person), or allow them again."""

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import clock
from accounts.models import User
from risk.models import Halt
from risk.services import halt_everything, lift_halt


class Command(BaseCommand):
    help = "Stop every new stake (on), or allow them again (off). Open bets settle as usual."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("state", choices=("on", "off"))
        parser.add_argument("--reason", required=True, help="why; it is kept in the audit log")
        parser.add_argument("--user", help="only this person; without it everybody")

    def handle(self, *args: str, **options: str) -> None:
        reason = options["reason"].strip()
        if not reason:
            raise CommandError("--reason: say why; it is kept in the audit log.")
        owner_id = self._owner(options["user"])
        if options["state"] == "on":
            halt = halt_everything(reason=reason, now=clock.now(), owner_id=owner_id)
            self.stdout.write(f"Halted since {halt.since:%Y-%m-%d %H:%M:%S} UTC: {halt.reason}")
            return
        standing = Halt.objects.filter(
            owner_id=owner_id, cause=Halt.Cause.KILL_SWITCH, lifted_at__isnull=True
        ).first()
        if standing is None:
            self.stdout.write("The kill switch was not on; nothing changed.")
            return
        lift_halt(halt_id=standing.pk, reason=reason, now=clock.now())
        self.stdout.write("Lifted: new stakes are allowed again.")

    def _owner(self, name: str | None) -> int | None:
        if name is None:
            return None
        owner = User.objects.filter(username=name).first()
        if owner is None:
            raise CommandError(f"--user: there is nobody called {name!r}.")
        return owner.pk
