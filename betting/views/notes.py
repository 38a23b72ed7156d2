"""Tags and notes that a bettor puts on their bets."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts import clock
from accounts.http import UserRequest, or_404
from betting.domain.tags import BadTags, tags_in
from betting.services import noting
from betting.services.noting import BadNote, NoSuchBet


@require_POST
@login_required
def tag_bet(request: UserRequest, bet_id: int) -> HttpResponse:
    """Put tags on a bet of mine, or take one off."""
    try:
        with or_404(NoSuchBet):
            noting.tag_bet(
                owner_id=request.user.pk,
                bet_id=bet_id,
                add=tags_in(request.POST.get("add", "")),
                remove=request.POST.getlist("remove"),
                now=clock.now(),
            )
    except BadTags as reason:
        messages.error(request, str(reason))
    return redirect("bet", bet_id)


@require_POST
@login_required
def note_on_bet(request: UserRequest, bet_id: int) -> HttpResponse:
    """Keep my note on a bet of mine."""
    try:
        with or_404(NoSuchBet):
            noting.note_on_bet(
                owner_id=request.user.pk,
                bet_id=bet_id,
                note=request.POST.get("note", ""),
                now=clock.now(),
            )
    except BadNote as reason:
        messages.error(request, str(reason))
    else:
        messages.success(request, "Your note is kept.")
    return redirect("bet", bet_id)
