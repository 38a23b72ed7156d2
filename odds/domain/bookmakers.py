"""What is known of a bookmaker when its key is met first: exchange, commission, share of voice.

The weights are a judgement, not a measurement: books that take large stakes from winners and move
first speak louder. They, and the commissions, can be changed for every bookmaker in the admin.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class BookmakerInfo:
    """What to store of a bookmaker; `commission_share` is of net winnings."""

    is_exchange: bool = False
    commission_share: Decimal = Decimal(0)
    weight: float = 1.0
    is_archive: bool = False


_COMMON = BookmakerInfo()
_ARCHIVE = BookmakerInfo(is_archive=True)
_BETFAIR = BookmakerInfo(is_exchange=True, commission_share=Decimal("0.05"), weight=3.0)
_EXCHANGE = BookmakerInfo(is_exchange=True, commission_share=Decimal("0.02"), weight=2.0)
_SHARP = BookmakerInfo(weight=4.0)
_KNOWN = {
    "pinnacle": _SHARP,
    "circasports": BookmakerInfo(weight=3.0),
    "betonlineag": BookmakerInfo(weight=1.5),
    "lowvig": BookmakerInfo(weight=1.5),
    "matchbook": _EXCHANGE,
    "smarkets": _EXCHANGE,
    "novig": BookmakerInfo(is_exchange=True, weight=2.0),
    "prophetx": _EXCHANGE,
    "betopenly": _EXCHANGE,
    "kalshi": _EXCHANGE,
    "polymarket": _EXCHANGE,
    # The simulated league's own; see odds/simulator/teams.py.
    "sim_sharp": _SHARP,
    "sim_exchange": BookmakerInfo(is_exchange=True, commission_share=Decimal("0.02"), weight=3.0),
    "sim_prairie": BookmakerInfo(weight=0.5),
    "sim_copper": BookmakerInfo(weight=0.5),
}

# What books call themselves whose sources give their keys alone: archives do.
_TITLES = {
    "barstool": "Barstool Sportsbook",
    "betfair": "Betfair",
    "betmgm": "BetMGM",
    "betonlineag": "BetOnline.ag",
    "betrivers": "BetRivers",
    "betus": "BetUS",
    "bovada": "Bovada",
    "circasports": "Circa Sports",
    "draftkings": "DraftKings",
    "fanduel": "FanDuel",
    "foxbet": "FOX Bet",
    "gtbets": "GTbets",
    "lowvig": "LowVig.ag",
    "matchbook": "Matchbook",
    "mybookieag": "MyBookie.ag",
    "pinnacle": "Pinnacle",
    "pointsbetus": "PointsBet (US)",
    "smarkets": "Smarkets",
    "sugarhouse": "SugarHouse",
    "twinspires": "TwinSpires",
    "unibet": "Unibet",
    "unibet_us": "Unibet (US)",
    "williamhill": "William Hill",
    "williamhill_us": "William Hill (US)",
    "wynnbet": "WynnBET",
}


def bookmaker_title(key: str) -> str:
    """Return what a bookmaker calls itself; its key, where we do not know.

    >>> bookmaker_title("betonlineag"), bookmaker_title("corner_shop")
    ('BetOnline.ag', 'corner_shop')
    """
    return _TITLES.get(key, key)


def bookmaker_info(key: str) -> BookmakerInfo:
    """Return what to store of the bookmaker with this key; one we do not know is a common one.

    >>> bookmaker_info("betfair_ex_uk").commission_share, bookmaker_info("corner_shop").weight
    (Decimal('0.05'), 1.0)
    """
    if key.startswith("archive_"):
        return _ARCHIVE
    if key.startswith("betfair_ex"):
        return _BETFAIR
    return _KNOWN.get(key, _COMMON)
