"""What is shown when something went wrong: a page to a person, a problem to a program."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from accounts import problems
from accounts.showing import pages

API = "/api/"

WORDS = {
    400: "The request was malformed.",
    403: "You may not do this.",
    404: "There is nothing at this address.",
    500: "Something broke here; it was recorded. Quote the request id to the operator.",
}


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, HTTPStatus.BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, HTTPStatus.FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, HTTPStatus.NOT_FOUND)


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer what allauth counts: codes, resets, sign-ups."""
    return pages.too_many(request, wait=60)


def broken(request: HttpRequest) -> HttpResponse:
    return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR)


def no_csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(request, HTTPStatus.FORBIDDEN)


def _answer(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    if request.path.startswith(API):
        return JsonResponse(
            problems.body(status=status, detail=WORDS[status]),
            status=status,
            content_type=problems.CONTENT_TYPE,
        )
    return render(request, f"{status:d}.html", status=status)
