"""The simulated league's teams and bookmakers. Every city, club and book is invented."""

from dataclasses import dataclass

TEAMS = (
    "Alderport Admirals",
    "Ashmere Foxes",
    "Bellhaven Comets",
    "Brackwater Otters",
    "Briarfield Brambles",
    "Calderwick Miners",
    "Copperdale Rams",
    "Cranmoor Herons",
    "Dunleigh Sentinels",
    "Eastholm Mariners",
    "Elmsgate Owls",
    "Farrowton Plainsmen",
    "Glenharrow Stags",
    "Granitefall Giants",
    "Harrowfell Falcons",
    "Ironmoor Smiths",
    "Juniper Bay Puffins",
    "Kestrelburg Kites",
    "Larkspur Lancers",
    "Marrowby Badgers",
    "Northmere Wolves",
    "Oakhurst Rangers",
    "Pinecrest Bears",
    "Quillhaven Scribes",
    "Ravenstow Ravens",
    "Saltmarsh Drakes",
    "Silvermere Heralds",
    "Thornwick Tempest",
    "Umberton Union",
    "Westvale Voyagers",
)

_SOCCER_NAMES = ("Town", "Rovers", "City", "Albion", "Athletic", "Vale", "Wanderers", "United")
_FOOTBALL_NAMES = (
    "Anvils", "Breakers", "Cyclones", "Dredgers", "Engineers", "Foresters", "Gales", "Hammers",
    "Icebreakers", "Jesters", "Keelmen", "Lamplighters", "Masons", "Nightjars", "Oarsmen",
    "Prospectors", "Quarriers", "Riveters", "Surveyors", "Trawlers", "Undertow", "Vipers",
    "Whalers", "Yardmen", "Zephyrs", "Bellringers", "Cartwrights", "Drovers", "Farriers",
    "Glaziers",
)  # fmt: skip
_PLACES = tuple(team.rsplit(" ", 1)[0] for team in TEAMS)
SOCCER_TEAMS = tuple(
    f"{place} {_SOCCER_NAMES[n % len(_SOCCER_NAMES)]}" for n, place in enumerate(_PLACES)
)
FOOTBALL_TEAMS = tuple(
    f"{place} {name}" for place, name in zip(_PLACES, _FOOTBALL_NAMES, strict=True)
)


@dataclass(frozen=True, slots=True)
class BookSpec:
    """How an invented bookmaker prices.

    `margin` is its overround; how that is split over the outcomes follows from the sport and the
    kind of bookmaker, and from `leaning`, by which its share on all alike is greater than that of
    others of its kind. `noise` is its own error in points, `flicker` the part that changes every
    three hours. It re-quotes every `interval`
    minutes and sees the news `lag` minutes late. In a share `doze` of four-hour stretches it does
    not move its prices at all. It opens `opens` hours before the start.
    """

    key: str
    title: str
    region: str
    margin: float
    leaning: float = 0.0
    noise: float = 0.30
    flicker: float = 0.25
    lag: float = 10.0
    interval: float = 5.0
    doze: float = 0.06
    opens: float = 23.0
    decimals: int = 2
    is_sharp: bool = False
    is_exchange: bool = False


@dataclass(frozen=True, slots=True)
class Split:
    """What share of a margin falls on all outcomes alike, by kind of bookmaker; the rest by size.

    1 takes the same off each outcome's probability; above it, longshots bear more than that.
    """

    sharp: float
    common: float
    exchange: float

    def of(self, books: tuple[BookSpec, ...]) -> list[float]:
        """Return each bookmaker's share."""
        return [
            spec.leaning
            + (self.exchange if spec.is_exchange else self.sharp if spec.is_sharp else self.common)
            for spec in books
        ]


# As recorded prices show it (`scripts/bench split`; docs/algorithms/margins.md): NBA 2022 to 2025
# and soccer of 16 April 2026. No recorded prices tell of American football: as NBA's, two-way too.
BASKETBALL_SPLIT = Split(sharp=0.67, common=0.95, exchange=1.21)
SOCCER_SPLIT = Split(sharp=0.58, common=0.69, exchange=1.04)
FOOTBALL_SPLIT = BASKETBALL_SPLIT

BOOKS = (
    BookSpec(
        "sim_sharp",
        "Meridian",
        "eu",
        margin=0.024,
        noise=0.06,
        flicker=0.05,
        lag=0.5,
        interval=1.0,
        doze=0.0,
        opens=23.5,
        decimals=3,
        is_sharp=True,
    ),
    BookSpec(
        "sim_exchange",
        "Openhand Exchange",
        "eu",
        margin=0.008,
        noise=0.08,
        flicker=0.08,
        lag=1.0,
        interval=1.0,
        doze=0.0,
        opens=22.0,
        decimals=3,
        is_exchange=True,
    ),
    BookSpec("sim_harbor", "Harbor Sports", "us", margin=0.044),
    BookSpec("sim_lantern", "Lantern", "us", margin=0.048, leaning=0.2),
    BookSpec("sim_union", "Union Book", "us", margin=0.042, leaning=-0.2),
    BookSpec("sim_northgate", "Northgate", "eu", margin=0.040, leaning=0.2, lag=6.0),
    BookSpec("sim_kestrel", "Kestrel", "eu", margin=0.046, leaning=-0.2, lag=25.0, doze=0.20),
    BookSpec(
        "sim_prairie",
        "Prairie Bet",
        "us",
        margin=0.045,
        noise=0.4,
        lag=90.0,
        interval=15.0,
        doze=0.45,
    ),
    BookSpec(
        "sim_copper",
        "Copperline",
        "us",
        margin=0.050,
        noise=0.4,
        lag=60.0,
        interval=10.0,
        doze=0.40,
    ),
)
