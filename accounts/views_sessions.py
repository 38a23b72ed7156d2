"""My sessions."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts import services
from accounts.http import UserRequest


@require_POST
@login_required
def end_session(request: UserRequest, pk: int) -> HttpResponse:
    """End one of my sessions."""
    try:
        services.end_session(user_id=request.user.pk, session_id=pk, now=timezone.now())
    except services.UnknownSession as unknown:
        raise Http404(str(unknown)) from unknown
    messages.success(request, "That session is over.")
    return redirect("usersessions_list")
