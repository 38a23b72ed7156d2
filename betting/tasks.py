"""What runs by itself: look for opportunities, follow them, settle, measure."""

from dataclasses import asdict

from celery import shared_task
from django.conf import settings

from accounts import clock
from accounts.jobs import recorded
from betting.services import (
    answers,
    correcting,
    following,
    keeping,
    measuring,
    opportunities,
    settlement,
)
from betting.services.journal import drop_old_entries


@shared_task(name="betting.refresh_opportunities", acks_late=True)
def refresh_opportunities(*, competition_key: str | None = None, **_future: object) -> None:
    """Decide on every price in force."""
    with recorded("betting.refresh_opportunities") as run:
        run.detail = asdict(
            opportunities.refresh_opportunities(now=clock.now(), competition_key=competition_key)
        )


@shared_task(name="betting.place_for_followers", acks_late=True)
def place_for_followers(**_future: object) -> None:
    """Look up what venues left open, then take what followers follow."""
    with recorded("betting.place_for_followers") as run:
        resolved = answers.resolve_unknowns(now=clock.now())
        run.detail = asdict(following.place_for_followers(clock.now())) | {"resolved": resolved}


@shared_task(name="betting.settle_due_bets", acks_late=True)
def settle_due_bets(**_future: object) -> None:
    """Settle every bet whose result is known; correct those whose result was corrected."""
    with recorded("betting.settle_due_bets") as run:
        sweep = settlement.settle_due_bets(clock.now())
        again = correcting.correct_changed_results(clock.now())
        run.detail = {
            "settled": sweep.settled,
            "corrected": again.settled,
            "parked": [*sweep.parked, *again.parked][:20],
        }


@shared_task(name="betting.measure_clv", acks_late=True)
def measure_clv(**_future: object) -> None:
    """Measure bets against final closes."""
    with recorded("betting.measure_clv") as run:
        run.detail = {"measured": measuring.measure_clv(clock.now())}


@shared_task(name="betting.drop_old_prices", acks_late=True)
def drop_old_prices(**_future: object) -> None:
    """Drop prices and frozen passes older than the settings keep, that nothing rests on."""
    with recorded("betting.drop_old_prices") as run:
        journal = drop_old_entries(now=clock.now(), days=settings.JOURNAL_KEPT_DAYS)
        prices = keeping.drop_unneeded_prices(now=clock.now(), months=settings.PRICES_KEPT_MONTHS)
        run.detail = asdict(prices) | {"journal": asdict(journal)}
