"""The pipeline for operators: what ran and why not, run again, left out, and the dead letters."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts import live
from accounts.http import UserRequest, or_404
from accounts.jobs import dead_letters, skips
from accounts.templatetags.fairline import job
from betting.domain.pipeline import STEPS
from betting.scheduled import intervals
from betting.selectors.pipeline import pipeline, runs_of
from betting.services.steps import StepRefused, run_again

LETTERS_SHOWN = 50
# Minutes, and how an operator says it.
PERIODS = [(15, "15 minutes"), (60, "1 hour"), (360, "6 hours"), (1440, "1 day"), (10080, "1 week")]


@require_GET
@login_required
def show_pipeline(request: UserRequest) -> HttpResponse:
    """Show each step as it stands and how it went on a day, and what failed for good."""
    since = live.position()
    now = timezone.now()
    today = now.astimezone(UTC).date()
    day = _day(request.GET.get("day", ""), today)
    letters = dead_letters.waiting_letters()
    shown = list(letters[: LETTERS_SHOWN + 1])
    return render(
        request,
        "betting/_pipeline.html" if request.htmx else "betting/pipeline.html",
        {
            "steps": pipeline(day=day, every=intervals(), now=now),
            "letters": shown[:LETTERS_SHOWN],
            "has_more_letters": len(shown) > LETTERS_SHOWN,
            "day": day,
            "before": day - timedelta(days=1),
            "after": day + timedelta(days=1) if day < today else None,
            "since": since,
        },
    )


@require_GET
@login_required
def step(request: UserRequest, step: str) -> HttpResponse:
    """Show one step: its runs, and what may be done with it."""
    return _step(request, _known(step))


@require_POST
@login_required
def run(request: UserRequest, step: str) -> HttpResponse:
    """Run a step again, and where it is asked for what rests on it."""
    name = _known(step)
    try:
        asked = run_again(
            name,
            with_following=bool(request.POST.get("following")),
            reason=request.POST.get("reason", ""),
            by_id=request.user.pk,
            now=timezone.now(),
        )
    except StepRefused as refusal:
        return _step(request, name, refusal=str(refusal))
    more = f" and {len(asked) - 1} that rest on it" if len(asked) > 1 else ""
    messages.success(request, f"{job(name)}{more}: asked for.")
    return redirect("pipeline")


@require_POST
@login_required
def skip(request: UserRequest, step: str) -> HttpResponse:
    """Leave out what the schedule sends of a step, for so long."""
    name = _known(step)
    minutes = request.POST.get("minutes", "")
    try:
        made = skips.skip(
            name,
            for_=timedelta(minutes=int(minutes) if minutes.isdecimal() else 0),
            reason=request.POST.get("reason", ""),
            by_id=request.user.pk,
            now=timezone.now(),
        )
    except (skips.SkipRefused, OverflowError) as refusal:
        return _step(request, name, refusal=str(refusal))
    messages.success(request, f"{job(name)} is left out until {made.until:%-d %b %H:%M} UTC.")
    return redirect("pipeline")


@require_POST
@login_required
def resume(request: UserRequest, step: str) -> HttpResponse:
    """Take up a step that was left out."""
    name = _known(step)
    skips.resume(name, by_id=request.user.pk, now=timezone.now())
    messages.success(request, f"{job(name)} runs again from its next round on.")
    return redirect("pipeline")


@require_GET
@login_required
def dead_letter(request: UserRequest, letter_id: int) -> HttpResponse:
    """Show what failed for good, and what may be done about it."""
    return _letter(request, letter_id)


@require_POST
@login_required
def retry_letter(request: UserRequest, letter_id: int) -> HttpResponse:
    """Send a dead letter's task once more."""
    return _deal(request, letter_id, dead_letters.retry, "It is sent once more.")


@require_POST
@login_required
def dismiss_letter(request: UserRequest, letter_id: int) -> HttpResponse:
    """Close a dead letter and do nothing."""
    return _deal(request, letter_id, dead_letters.dismiss, "It is dismissed.")


def _deal(
    request: UserRequest, letter_id: int, do: Callable[..., object], done: str
) -> HttpResponse:
    with or_404(dead_letters.UnknownLetter):
        try:
            do(
                letter_id=letter_id,
                by_id=request.user.pk,
                reason=request.POST.get("reason", ""),
                now=timezone.now(),
            )
        except dead_letters.LetterRefused as refusal:
            return _letter(request, letter_id, refusal=str(refusal))
    messages.success(request, done)
    return redirect("pipeline")


def _letter(request: UserRequest, letter_id: int, *, refusal: str = "") -> HttpResponse:
    with or_404(dead_letters.UnknownLetter):
        letter = dead_letters.letter_of(letter_id)
    context = {"letter": letter, "refusal": refusal, "is_step": letter.task in STEPS}
    return render(request, "betting/dead_letter.html", context, status=422 if refusal else 200)


def _step(request: UserRequest, name: str, *, refusal: str = "") -> HttpResponse:
    now = timezone.now()
    steps = pipeline(day=now.astimezone(UTC).date(), every=intervals(), now=now)
    return render(
        request,
        "betting/step.html",
        {
            "step": next(each for each in steps if each.name == name),
            "runs": runs_of(name),
            "periods": PERIODS,
            "refusal": refusal,
            "reason": request.POST.get("reason", ""),
        },
        status=422 if refusal else 200,
    )


def _known(step: str) -> str:
    if step not in STEPS:
        raise Http404(f"{step} is no step of the pipeline.")
    return step


def _day(asked: str, today: date) -> date:
    """Return the day asked for, not later than today; today where none, or none such, is asked."""
    try:
        return min(datetime.strptime(asked, "%Y-%m-%d").replace(tzinfo=UTC).date(), today)
    except ValueError:
        return today
