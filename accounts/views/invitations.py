"""Who may open an account: invitations, for operators; and the link that somebody was sent."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.mail import send_mail
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.forms.invitations import Inviting
from accounts.http import UserRequest, or_404
from accounts.people import invitations as service
from accounts.people.adapters import TOKEN_KEY
from accounts.scopes import ADMIN


@require_http_methods(["GET", "POST"])
@login_required
def invitations(request: UserRequest) -> HttpResponse:
    """List invitations and make one; its link is shown this once."""
    by_admin = request.user.role == ADMIN
    if request.method == "GET":
        return _page(request, Inviting(by_admin=by_admin), status=200)
    form = Inviting(request.POST, by_admin=by_admin)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        made, token = service.invite(by_id=request.user.pk, now=timezone.now(), **form.cleaned_data)
    except service.InvitationRefused as refusal:
        form.add_error(refusal.field, str(refusal))
        return _page(request, form, status=422)
    link = request.build_absolute_uri(reverse("come_in", args=[token]))
    was_sent = made.email and send_mail(
        "You are invited to Fairline",
        render_to_string("account/email/invitation_message.txt", {"link": link, "made": made}),
        None,
        [made.email],
        fail_silently=True,
    )
    form = Inviting(by_admin=by_admin)
    answer = _page(request, form, status=201, link=link, made=made, was_sent=bool(was_sent))
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@login_required
def revoke_invitation(request: UserRequest, invitation_id: int) -> HttpResponse:
    """Revoke an invitation."""
    with or_404(service.UnknownInvitation):
        service.revoke(invitation_id=invitation_id, by_id=request.user.pk, now=timezone.now())
    messages.success(request, "That invitation no longer works.")
    return redirect("invitations")


@require_GET
def come_in(request: HttpRequest, token: str) -> HttpResponse:
    """Take somebody who follows an invitation's link to sign-up."""
    found = service.usable_invitation(token, now=timezone.now())
    if found is None or settings.SIGN_UP == "closed":
        raise Http404("This invitation can no longer be used.")
    # Kept with the session, so that the link is not in the next page's address.
    request.session[TOKEN_KEY] = token
    return redirect("account_signup")


def _page(
    request: UserRequest,
    form: Inviting,
    *,
    status: int,
    link: str = "",
    made: object = None,
    was_sent: bool = False,
) -> HttpResponse:
    context = {
        "form": form,
        "invitations": service.invitations()[:100],
        "link": link,
        "made": made,
        "was_sent": was_sent,
        "now": timezone.now(),
        "sign_up": settings.SIGN_UP,
    }
    return render(request, "accounts/invitations.html", context, status=status)
