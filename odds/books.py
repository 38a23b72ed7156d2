"""What the Bookmakers page shows: how much each book is believed in a sport, and why."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from accounts.models import JobRun
from odds.domain.bookmakers import bookmaker_title
from odds.domain.consensus import METHOD_WITHOUT_RULE
from odds.models import Bookmaker, BookmakerWeight, PricingRule, Sport, WeightSet
from odds.screens import method_title

# The newest look at each book among coming events and those of late.
_SEEN = """
SELECT look.book, max(look.at) FROM odds_marketlook k
JOIN odds_market m ON m.id = k.market_id
JOIN odds_event e ON e.id = m.event_id
JOIN odds_competition c ON c.id = e.competition_id AND c.sport_id = %(sport)s
CROSS JOIN LATERAL unnest(k.bookmaker_ids, k.looked_at) AS look(book, at)
WHERE e.starts_at > %(now)s - interval '30 days'
GROUP BY look.book
"""


@dataclass(frozen=True, slots=True)
class Book:
    """One bookmaker in one sport: the weight in force, what it was learned from, when last seen."""

    bookmaker: Bookmaker
    weight: float
    learned: BookmakerWeight | None
    reference: int | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Books:
    """The books of one of all `sports`, heaviest first; the rule in force, the set of weights."""

    sport: Sport | None
    sports: list[Sport]
    books: list[Book]
    rule: PricingRule | None
    weights: WeightSet | None

    @property
    def margins(self) -> str:
        """Say how margins are removed in this sport."""
        return method_title(self.rule.margins if self.rule else METHOD_WITHOUT_RULE)

    @property
    def references(self) -> list[str]:
        """Name the reference books of this sport, the first to be asked first."""
        titles = {each.bookmaker.key: each.bookmaker.title for each in self.books}
        keys = self.rule.reference_books if self.rule else []
        return [titles.get(key) or bookmaker_title(key) for key in keys]

    @property
    def method(self) -> str:
        """Return how margins are removed in this sport."""
        return self.rule.method if self.rule else METHOD_WITHOUT_RULE


def books_of(sport_key: str, *, now: datetime) -> Books:
    """Return the books that price a sport, with the rule and the weights in force at `now`.

    The first sport by title where the key is unknown; no books where there is no sport at all.
    """
    sports = list(Sport.objects.all())
    if not sports:
        return Books(None, [], [], None, None)
    sport = next((each for each in sports if each.key == sport_key), sports[0])
    rule = PricingRule.objects.filter(sport=sport, in_force_from__lte=now).first()
    weights = WeightSet.objects.filter(sport=sport, learned_at__lte=now).first()
    learned = {
        each.bookmaker_id: each
        for each in BookmakerWeight.objects.filter(weight_set=weights).order_by("pk")
    }
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, {"sport": sport.pk, "now": now})
        seen = dict(cursor.fetchall())
    references = rule.reference_books if rule else []
    books = [
        _book(each, learned.get(each.pk), references, seen.get(each.pk))
        for each in Bookmaker.objects.filter(pk__in={*seen, *learned}, is_archive=False).order_by(
            "title"
        )
    ]
    books.sort(key=lambda each: (each.reference or 99, -each.weight, each.bookmaker.title))
    return Books(sport, sports, books, rule, weights)


def last_learning(sport: Sport | None) -> JobRun | None:
    """Return the newest run that was asked to learn a sport's weights, or None."""
    if sport is None:
        return None
    asked = JobRun.objects.filter(job="odds.learn_weights", detail__sport=sport.key)
    return asked.order_by("-started_at").first()


def _book(
    bookmaker: Bookmaker,
    learned: BookmakerWeight | None,
    references: list[str],
    seen_at: datetime | None,
) -> Book:
    kept_out = bookmaker.weight == 0
    return Book(
        bookmaker=bookmaker,
        weight=learned.weight if learned and not kept_out else bookmaker.weight,
        learned=learned,
        reference=references.index(bookmaker.key) + 1 if bookmaker.key in references else None,
        seen_at=seen_at,
    )
