"""Bettors for the benches: `python bench/people.py COUNT [WEBHOOK]`, as the product.

Prints each one's log-in, key and bankroll as a JSON line (`traffic.Person`). With a webhook, each
is told there of every bet that settles.
"""

import json
import os
import sys
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402 - after the set-up
from django.test import Client  # noqa: E402 - after the set-up
from django.utils import timezone  # noqa: E402 - after the set-up

from accounts import clock  # noqa: E402 - after the set-up
from accounts.alerts import keeping  # noqa: E402 - after the set-up
from accounts.keys import issue_key  # noqa: E402 - after the set-up
from accounts.models import User  # noqa: E402 - after the set-up
from accounts.scopes import scopes_of  # noqa: E402 - after the set-up
from betting.services import bankrolls, ledger  # noqa: E402 - after the set-up
from risk.models import Limits  # noqa: E402 - after the set-up

# Wide, so that what is refused is refused by the market and not by a limit.
LIMITS = {
    "max_bet_share": 1, "max_market_share": 1, "max_event_share": 1, "max_league_share": 1,
    "max_bookmaker_share": 1, "max_day_share": 1, "max_open_bets": 100_000,
}  # fmt: skip
CSRF = "b" * 32


def main(count: int, webhook: str) -> None:
    """Make them, and print what a client needs."""
    for number in range(count):
        name = f"bettor{number}"
        owner = User.objects.create_user(name, f"{name}@example.test")
        bankroll = bankrolls.open_bankroll(owner.pk, "Main", "EUR", clock.now())
        ledger.move_money(
            "deposit", bankroll_id=bankroll.pk, amount=Decimal(100_000), reference=f"{name}-begins",
            now=clock.now(),
        )  # fmt: skip
        Limits.objects.update_or_create(owner=owner, defaults=LIMITS)
        _, key = issue_key(
            owner_id=owner.pk, name="bench", scopes=scopes_of(owner), now=timezone.now()
        )
        if webhook:
            tell_at(webhook, owner)
        browser = Client()
        browser.force_login(owner)
        session = browser.cookies[settings.SESSION_COOKIE_NAME].value
        cookie = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={CSRF}"
        made = {"name": name, "cookie": cookie, "csrf": CSRF, "key": key, "bankroll": bankroll.pk}
        print(json.dumps(made))


def tell_at(webhook: str, owner: User) -> None:
    """Have every settlement told at an address of ours."""
    hook = keeping.add_channel(
        owner_id=owner.pk, name="bot", kind="webhook", address=webhook, token="",
        now=timezone.now(),
    )  # fmt: skip
    keeping.save_rule(
        owner_id=owner.pk,
        said={"name": "settled", "kind": "settlement", "once_minutes": 0},
        channel_ids=[hook.channel.pk],
        now=timezone.now(),
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
