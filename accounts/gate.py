"""What stands between a person who came in and a page."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from accounts import problems
from accounts.login import has_second_factor, needs_second_factor

API = "/api/"
# Where a second factor is set up, and the way out.
ALWAYS = ("account_", "mfa_", "usersessions_")


class SecondFactor:
    """Lead operators and admins to Security until they have a second factor, from every page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: object, _args: object, _kwargs: object
    ) -> HttpResponse | None:
        user = request.user
        if not user.is_authenticated or not needs_second_factor(user):
            return None
        name = request.resolver_match.url_name if request.resolver_match else ""
        if (name or "").startswith(ALWAYS) or has_second_factor(user):
            return None
        words = "Operators and admins need a second factor: set one up on the page Security."
        if request.path.startswith(API):
            return JsonResponse(
                problems.body(status=403, detail=words, kind="second-factor-missing"),
                status=403,
                content_type=problems.CONTENT_TYPE,
            )
        messages.error(request, words)
        return redirect("mfa_index")
