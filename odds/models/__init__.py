"""What the world says: events, results, bookmakers, markets, prices."""

from odds.models.competitions import Competition, Sport, Team, TeamAlias
from odds.models.events import Event, EventReference, EventStatus, ReferenceLine, TeamGame
from odds.models.feeds import (
    CreditEntry,
    CreditHold,
    FeedRun,
    FileFeed,
    ProviderSport,
    QuarantinedRow,
    SchemaDrift,
)
from odds.models.markets import Bookmaker, Market, Selection, Side
from odds.models.prices import (
    ClosingPrice,
    MarketLook,
    PriceChange,
    Quote,
    QuoteQuerySet,
    Sighting,
    looks_at,
)
from odds.models.pricing import BookmakerWeight, PricingRule, WeightSet

__all__ = [
    "Bookmaker",
    "BookmakerWeight",
    "ClosingPrice",
    "Competition",
    "CreditEntry",
    "CreditHold",
    "Event",
    "EventReference",
    "EventStatus",
    "FeedRun",
    "FileFeed",
    "Market",
    "MarketLook",
    "PriceChange",
    "PricingRule",
    "ProviderSport",
    "QuarantinedRow",
    "Quote",
    "QuoteQuerySet",
    "ReferenceLine",
    "SchemaDrift",
    "Selection",
    "Side",
    "Sighting",
    "Sport",
    "Team",
    "TeamAlias",
    "TeamGame",
    "WeightSet",
    "looks_at",
]
