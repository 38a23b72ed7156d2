"""What every page's frame shows: the world's clock, whether it is invented, and any halt."""

from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts import clock
from accounts.models import User
from accounts.scopes import BET, scopes_of
from accounts.showing.formats import clock_text
from accounts.showing.pages import query_of
from betting.selectors.stakes import limits_line
from betting.views.personal import due_check as reality_check
from config.routes import may_use
from config.tour import Tour, tour_on
from models_registry.artifacts import is_there
from risk.domain.jurisdictions import help_at
from risk.jurisdiction import why_barred
from risk.models import Halt
from risk.selectors import IN_FORCE

# On every page, so asked for together. The rows are the halts; the rest stands on each of them,
# the currency on the Scanner alone, following on Today, champions there and on Status.
_FRAMED = f"""
SELECT halt.*, told.*, EXISTS (SELECT FROM odds_competition WHERE is_simulated) AS is_simulated,
    (SELECT json_agg(json_build_object('pk', id, 'name', name, 'query', query) ORDER BY name)
     FROM accounts_savedfilter WHERE owner_id = %s AND page = %s) AS saved,
    CASE WHEN %s THEN (
        SELECT currency FROM betting_bankroll WHERE owner_id = %s AND closed_at IS NULL
        ORDER BY id LIMIT 1
    ) END AS currency,
    CASE WHEN %s THEN (
        SELECT count(*) FROM betting_strategy_followers f
        JOIN betting_strategy s ON s.id = f.strategy_id
        WHERE f.user_id = %s AND s.is_active AND s.archived_at IS NULL
    ) END AS following,
    CASE WHEN %s THEN (
        SELECT json_agg(json_build_object('pk', v.id, 'league', c.title, 'artifact', v.artifact)
                        ORDER BY c.title)
        FROM (SELECT DISTINCT ON (predictor_id) predictor_id, version_id
              FROM models_registry_promotion ORDER BY predictor_id, id DESC) latest
        JOIN models_registry_modelversion v ON v.id = latest.version_id
        JOIN models_registry_predictor p ON p.id = latest.predictor_id
        JOIN odds_competition c ON c.id = p.competition_id
    ) END AS champions
FROM (
    SELECT count(*) AS unread, count(*) FILTER (WHERE kind = 'correction') AS corrected
    FROM accounts_notification WHERE owner_id = %s AND read_at IS NULL
) told LEFT JOIN ({IN_FORCE}) halt ON true
"""  # noqa: S608 - our own words


def world(request: HttpRequest) -> dict[str, Any]:
    """Return the frame's facts; what costs a query is asked for only where a template shows it."""
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    # Kept with the session: every page names who helps where this person is.
    here = request.session.get("here") if signed_in else None
    place = here.get("place", "") if here else ""
    match = request.resolver_match
    page = match.url_name or "" if match else ""
    framed = SimpleLazyObject(
        lambda: _framed(user.pk if signed_in and user else None, page, query_of(request))
    )
    return {
        "now": clock.now(),
        # Pages on real time, such as invitations, have a `now` of their own.
        "world_now": clock.now(),
        "clock_rate": settings.CLOCK.rate if settings.CLOCK else None,
        "clock_says": clock_text(clock.rate()),
        # Jobs and logs are of the real time, whatever the world's.
        "real_now": timezone.now(),
        "section": section_of(request.path),
        "framed": framed,
        "halts": SimpleLazyObject(lambda: framed.halts),
        "is_stopped": SimpleLazyObject(
            lambda: any(halt.cause == Halt.Cause.KILL_SWITCH for halt in framed.halts)
        ),
        "reality": SimpleLazyObject(
            lambda: reality_check(user.pk, request.session) if signed_in and user else None
        ),
        "limits_line": SimpleLazyObject(
            lambda: limits_line(user.pk, now=clock.now()) if signed_in and user else None
        ),
        "tour": _tour(request, page) if signed_in else None,
        "help_links": help_at(place, settings.JURISDICTIONS),
        # Whoever stakes nothing anyway is not told why they may not.
        "barred": SimpleLazyObject(
            lambda: why_barred(user.pk) if signed_in and user and BET in scopes_of(user) else ""
        ),
        "may": _May(user),
        "demo_login": settings.DEMO_LOGIN,
        "sign_up": settings.SIGN_UP,
    }


def _tour(request: HttpRequest, page: str) -> Tour | None:
    """Return the step of the tour that a page shows; which one it is stays with the session."""
    user, session = cast(User, request.user), request.session
    tour = tour_on(
        page, asked="tour" in request.GET, is_new=user.toured_at is None, at=session.get("tour", "")
    )
    if tour and tour.number and session.get("tour") != tour.page:
        session["tour"] = tour.page
    return tour


# Which entry of the navigation a page is under, by the first part of its address.
SECTIONS = {
    "events": "odds",
    "free-bets": "scanner",
    "venues": "bets",
    "backtests": "performance",
    "sweeps": "performance",
    "track-record": "performance",
    "signals": "strategies",
    "journal": "strategies",
    "pipeline": "status",
    "results": "status",
    "dead-letters": "status",
}


def section_of(path: str) -> str:
    """Return the section of a page: its own, or the one that leads to it.

    >>> section_of("/bets/7/"), section_of("/track-record/"), section_of("/")
    ('bets', 'performance', 'today')
    """
    first = path.split("/", 2)[1]
    return SECTIONS.get(first, first) or "today"


@dataclass(frozen=True, slots=True)
class Framed:
    """What the frame of a page says: its name, and the filters that its address asks for.

    Whether any competition is invented; of who looks, how many notices are not read and how many
    of those are of corrections, the halts in force, and the filters kept of this page. On the
    Scanner, whose app knows no bankrolls, the currency of their first that is open. On Today how
    many strategies bet for them; there and on Status the champions that cannot price, as their file
    is missing.
    """

    page: str
    query: str
    is_simulated: bool
    unread: int
    corrected: int
    halts: list[Halt]
    saved: list[dict[str, Any]]
    currency: str
    following: int
    not_pricing: list[dict[str, Any]]

    @property
    def unserved(self) -> list[int]:
        """Return the versions that cannot price."""
        return [each["pk"] for each in self.not_pricing]


def _framed(user_id: int | None, page: str, query: str) -> Framed:
    now = clock.now()
    on_today, on_status = page == "today", page == "status"
    rows: list[Any] = list(
        Halt.objects.raw(
            _FRAMED,
            [
                user_id,
                page,
                page == "scanner",
                user_id,
                on_today,
                user_id,
                on_today or on_status,
                user_id,
                user_id,
                now,
                user_id,
            ],
        )
    )
    told = rows[0]
    return Framed(
        page=page,
        query=query,
        is_simulated=told.is_simulated,
        unread=told.unread,
        corrected=told.corrected,
        # Nobody in particular has none: those for everybody are told to who is logged in.
        halts=[row for row in rows if row.pk is not None] if user_id else [],
        saved=told.saved or [],
        currency=told.currency or "",
        following=told.following or 0,
        not_pricing=[each for each in told.champions or [] if not is_there(each["artifact"])],
    )


class _May:
    """`{% if may.place_bet %}`: whether who looks may use a page, as config/routes.py says."""

    def __init__(self, user: Any) -> None:  # noqa: ANN401 - a person, or nobody
        self.user = user

    def __getitem__(self, page: str) -> bool:
        return may_use(self.user, page)
