"""What runs by itself: look for opportunities, follow them, settle, measure."""

import logging
from dataclasses import asdict

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts import clock
from accounts.alerts import delivering, fanning
from accounts.jobs import recorded
from betting.services import (
    alerting,
    answers,
    backtests,
    books,
    breaking,
    correcting,
    following,
    keeping,
    leaving,
    measuring,
    opportunities,
    outlooks,
    reconciling,
    settlement,
    sweeps,
    taking_out,
)
from betting.services.journal import drop_old_entries
from risk.selectors import people_excluded

logger = logging.getLogger(__name__)
# What was not begun when the next round comes is told of again, so the queue holds it once.
TOLD_SECONDS = 60
# A round of messages ends by then, however many wait and however slow their receivers are.
TOLD_FOR_SECONDS = 20.0


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


@shared_task(name="betting.check_books", acks_late=True, time_limit=600, soft_time_limit=580)
def check_books(**_future: object) -> None:
    """Look whether the books balance; where they do not, the job fails, which is an alarm."""
    with recorded("betting.check_books") as run:
        problems = books.check_books()
        run.detail = {"problems": [f"{p.rule}: {p.subject}" for p in problems[:20]]}
        if problems:
            first = problems[0]
            raise BooksBroken(
                f"{len(problems)} problems, the first: {first.rule}: {first.subject}:"
                f" {first.detail}"
            )


class BooksBroken(Exception):
    """Pots, bets or settlements do not agree with the transfers."""


@shared_task(name="betting.read_breakers", acks_late=True)
def read_breakers(**_future: object) -> None:
    """Read every breaker, and stop what must stop."""
    with recorded("betting.read_breakers") as run:
        broken = breaking.read_breakers(clock.now())
        run.detail = asdict(broken) | {"limits_told": alerting.tell_of_limits(now=clock.now())}


@shared_task(name="betting.reconcile_venues", acks_late=True)
def reconcile_venues(**_future: object) -> None:
    """Hold what venues say they have open and paid against our books."""
    with recorded("betting.reconcile_venues") as run:
        found = reconciling.reconcile_venues(clock.now())
        run.detail = {"venues": found.venues, "parked": list(found.parked[:20])}


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


@shared_task(name="betting.refresh_outlooks", acks_late=True, time_limit=840, soft_time_limit=800)
def refresh_outlooks(**_future: object) -> None:
    """Draw how equity could go on, for those of whom bets settled, and read new market days."""
    with recorded("betting.refresh_outlooks") as run:
        run.detail = asdict(outlooks.refresh(clock.now()))


@shared_task(name="betting.tell_people", acks_late=True, time_limit=60, soft_time_limit=50)
def tell_people(**_future: object) -> None:
    """Send what people asked to be told; who has excluded themselves is not invited to bet."""
    # Not recorded where there is nothing to tell: it looks every few seconds.
    if not delivering.is_waiting(now=timezone.now()):
        return
    with recorded("betting.tell_people") as run:
        excluded = people_excluded()
        fanned = fanning.fan_out(now=timezone.now(), not_nudged=excluded)
        sent = delivering.deliver_due(
            clock=timezone.now, not_nudged=excluded, for_seconds=TOLD_FOR_SECONDS
        )
        run.detail = asdict(fanned) | asdict(sent)


@shared_task(name="betting.make_take_outs", acks_late=True, time_limit=600, soft_time_limit=580)
def make_take_outs(**_future: object) -> None:
    """Make the files that people asked for, and drop old ones."""
    while (made := taking_out.make_next(now=timezone.now())) is not None:
        with recorded("betting.make_take_outs") as run:
            run.detail = {"take_out": made.pk, "rows": made.rows}
    taking_out.forget_old(now=timezone.now())


@shared_task(name="betting.close_accounts", acks_late=True, time_limit=600, soft_time_limit=580)
def close_accounts(**_future: object) -> None:
    """Close the accounts whose time has come."""
    with recorded("betting.close_accounts") as run:
        run.detail = {"closed": leaving.close_due_accounts(now=timezone.now())}


# Longer than the broker's visibility timeout: then it is delivered again, and the second worker
# finds the backtest held and lets it be.
@shared_task(name="betting.backtest", acks_late=True, time_limit=3660, soft_time_limit=3600)
def backtest(*, backtest_id: int, **_future: object) -> None:
    """Work on a backtest."""
    backtests.work_on_backtest(backtest_id=backtest_id)


# One trial a delivery, so that trainings find their turn between two of them.
@shared_task(name="betting.sweep", acks_late=True, time_limit=3660, soft_time_limit=3600)
def sweep(*, sweep_id: int, **_future: object) -> None:
    """Do one trial of a sweep, and tell of the next."""
    if sweeps.work_on_sweep(sweep_id=sweep_id):
        queue_sweep(sweep_id, workers=1)


@shared_task(name="betting.tell_of_backtests", acks_late=True)
def tell_of_backtests(**_future: object) -> None:
    """Tell workers of the backtests and sweeps that nobody works on."""
    with recorded("betting.tell_of_backtests") as run:
        waiting = backtests.backtests_to_work_on()
        for backtest_id in waiting:
            queue_backtest(backtest_id)
        short = sweeps.sweeps_to_work_on()
        for sweep_id, workers in short:
            queue_sweep(sweep_id, workers=workers)
        run.detail = {"backtests": waiting, "sweeps": [each for each, few in short if few]}


def queue_take_outs() -> None:
    """Tell a worker that somebody asked for a file; the next round finds it in any case."""
    try:
        make_take_outs.apply_async(expires=TOLD_SECONDS)
    except OperationalError:
        logger.warning("The broker is away; a take-out waits for the next round")


def queue_backtest(backtest_id: int) -> None:
    """Tell the workers of a backtest; if none hears it, the next round tells them again."""
    try:
        backtest.apply_async(kwargs={"backtest_id": backtest_id}, expires=TOLD_SECONDS)
    except OperationalError:
        logger.warning("The queue is away; backtest %s is told of later", backtest_id)


def queue_sweep(sweep_id: int, *, workers: int) -> None:
    """Tell so many workers of a sweep; those who do not hear it are told by the next round."""
    try:
        for _ in range(workers):
            sweep.apply_async(kwargs={"sweep_id": sweep_id}, expires=TOLD_SECONDS)
    except OperationalError:
        logger.warning("The queue is away; sweep %s is told of later", sweep_id)
