"""What of ours is to be found at a venue, with every spelling of its teams."""

from betting.domain.venue_markets import Wanted
from betting.selectors.stakes import draw_is_offered
from odds.domain.matching import normalise
from odds.models import Selection, TeamAlias


def wanted_of(selection_id: int) -> tuple[Wanted, str]:
    """Return what a selection is in plain values, and the key of its sport."""
    selection = (
        Selection.objects.select_related(
            "market__event__competition__sport", "market__event__home", "market__event__away"
        )
        .annotate(draw_offered=draw_is_offered("market_id"))
        .get(pk=selection_id)
    )
    event = selection.market.event
    spellings: dict[int, set[str]] = {
        event.home_id: {normalise(event.home.name)},
        event.away_id: {normalise(event.away.name)},
    }
    for team_id, alias in TeamAlias.objects.filter(team_id__in=spellings).values_list(
        "team_id", "alias"
    ):
        spellings[team_id].add(normalise(alias))
    point = selection.point
    return (
        Wanted(
            market_key=selection.market.key,
            side=selection.side,
            point=None if point is None else point.normalize(),
            starts_at=event.starts_at,
            draw_offered=selection.draw_offered,
            home=frozenset(spellings[event.home_id]),
            away=frozenset(spellings[event.away_id]),
        ),
        event.competition.sport.key,
    )
