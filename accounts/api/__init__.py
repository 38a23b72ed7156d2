"""What every API view needs: filters, pages, values, and one shape of error."""

from accounts.api.asked import Body, Id, Whole, filter_of, read_body, read_query
from accounts.api.errors import (
    BadQuery,
    Busy,
    Conflict,
    ProblemShape,
    Refused,
    Unavailable,
    problem,
)
from accounts.api.pages import Query, Shape, Sort, lists, needs, page_of, paged, shows
from accounts.api.values import Figure, Moment, Money, MoneyFigure, Point, Price
from accounts.api.who import WhoAmI, owner_of
from accounts.api.writing import Nothing, idempotency_key, writes, writes_in_steps

__all__ = [
    "BadQuery",
    "Body",
    "Busy",
    "Conflict",
    "Figure",
    "Id",
    "Moment",
    "Money",
    "MoneyFigure",
    "Nothing",
    "Point",
    "Price",
    "ProblemShape",
    "Query",
    "Refused",
    "Shape",
    "Sort",
    "Unavailable",
    "WhoAmI",
    "Whole",
    "filter_of",
    "idempotency_key",
    "lists",
    "needs",
    "owner_of",
    "page_of",
    "paged",
    "problem",
    "read_body",
    "read_query",
    "shows",
    "writes",
    "writes_in_steps",
]
