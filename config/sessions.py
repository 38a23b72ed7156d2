"""Sessions of a database that is away are not sessions that were deleted."""

from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse


class Sessions(SessionMiddleware):
    """Django's, which takes any fault of the database for a session that somebody deleted.

    It would answer 400, as if whoever asked had made a mistake; asking again is right.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Save the session.

        Raises:
            SessionInterrupted: if it was deleted meanwhile.
            OperationalError, InterfaceError: if the database did not answer.
        """
        try:
            return super().process_response(request, response)
        except SessionInterrupted as interrupted:
            lost = interrupted.__context__ and interrupted.__context__.__context__
            if isinstance(lost, OperationalError | InterfaceError):
                raise lost from None
            raise
