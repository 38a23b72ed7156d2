"""Every page asks here first: may whoever this is open it at all?"""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from accounts import problems
from accounts.people.login import has_second_factor, needs_second_factor
from accounts.scopes import SCOPES, scopes_of
from config.routes import MINE, NEVER, OPEN, PAGES, needed

API = "/api/"
# Where a second factor is set up, and the way out.
WITHOUT_FACTOR = ("account_", "mfa_", "usersessions_")
SET_ONE_UP = "Operators and admins need a second factor: set one up on the page Security."
SET_ONE_UP_HERE = "Operators and admins need a second factor. Set one up here to go on."


class Gate:
    """Refuse what config/routes.py does not give to who asks; the API sees to that itself.

    Operators and admins are led to Security until they have a second factor, from everywhere.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: object, _args: object, _kwargs: object
    ) -> HttpResponse | None:
        is_api = request.path.startswith(API)
        if _lacks_second_factor(request):
            # A part of a page that was led there would show a whole page inside the other.
            is_part = request.headers.get("HX-Request") == "true"
            return _refused() if is_api or is_part else _to_security(request)
        return None if is_api else _may_open(request)


def _lacks_second_factor(request: HttpRequest) -> bool:
    user = request.user
    if not user.is_authenticated or not needs_second_factor(user):
        return False
    name = (request.resolver_match and request.resolver_match.url_name) or ""
    return not name.startswith(WITHOUT_FACTOR) and not has_second_factor(user)


def _refused() -> HttpResponse:
    return JsonResponse(
        problems.body(status=403, detail=SET_ONE_UP, kind="second-factor-missing"),
        status=403,
        content_type=problems.CONTENT_TYPE,
    )


def _to_security(request: HttpRequest) -> HttpResponse:
    messages.error(request, SET_ONE_UP_HERE)
    return redirect("mfa_index")


def _may_open(request: HttpRequest) -> HttpResponse | None:
    match = request.resolver_match
    if match is None:
        return None
    listed = match.namespaces or match.url_name in PAGES
    needs = needed(match.url_name or "", match.namespaces, str(request.method))
    # A method that a page does not know is answered by the page itself: 405.
    if needs == OPEN or (listed and needs == NEVER):
        return None
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if needs == MINE or needs in scopes_of(request.user):
        return None
    words = SCOPES[needs].words if needs in SCOPES else "open this page"
    raise PermissionDenied(f"Your role may not {words}.")
