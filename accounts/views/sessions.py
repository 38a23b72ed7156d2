"""My sessions."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts import services
from accounts.http import UserRequest, or_404


@require_POST
@login_required
def end_session(request: UserRequest, pk: int) -> HttpResponse:
    """End one of my sessions."""
    with or_404(services.UnknownSession):
        services.end_session(user_id=request.user.pk, session_id=pk, now=timezone.now())
    messages.success(request, "That session is over.")
    return redirect("usersessions_list")
