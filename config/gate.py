"""Every page asks here first: may whoever this is open it at all?"""

from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from accounts.scopes import SCOPES, scopes_of
from config.routes import MINE, NEVER, OPEN, PAGES, needed

API = "/api/"


class MayOpen:
    """Refuse what config/routes.py does not give to who asks; the API sees to that itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: object, _args: object, _kwargs: object
    ) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or request.path.startswith(API):
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
