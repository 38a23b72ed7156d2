"""The rules of places as they come with the product: a start for operators, no legal advice.

Ages are the least for betting on sport. Nobody read them off a law: most are from memory, and
those with a `source` were compared with a public page in November 2026. Where pages differ and none
cites a law or a regulator, the higher age is asked for. Who helps, and where no bet is legal, is
from memory throughout. The page and the API say so, and to ask a regulator. What is not here is not
known, and then nobody stakes from there. `FAIRLINE_JURISDICTIONS` overrides it:
docs/guides/responsible_play.md says how.
"""

from risk.domain.jurisdictions import INTERNATIONAL, Help, JurisdictionRule, table_of

_USA = (
    Help("1-800-GAMBLER", "https://www.1800gambler.net/", "1-800-426-2537"),
    Help("National Council on Problem Gambling", "https://www.ncpgambling.org/"),
)
_CANADA = (Help("Responsible Gambling Council", "https://responsiblegambling.org/"),)

_COUNTRIES = (
    JurisdictionRule(
        "AT", "Austria", help=(Help("Spielsuchthilfe", "https://www.spielsuchthilfe.at/"),)
    ),
    JurisdictionRule(
        "AU",
        "Australia",
        help=(
            Help("Gambling Help Online", "https://www.gamblinghelponline.org.au/", "1800 858 858"),
        ),
    ),
    JurisdictionRule(
        "BE", "Belgium", least_age=21, help=(Help("Gokhulp", "https://www.gokhulp.be/"),)
    ),
    JurisdictionRule(
        "CH",
        "Switzerland",
        help=(Help("SOS Spielsucht", "https://www.sos-spielsucht.ch/", "0800 040 080"),),
    ),
    JurisdictionRule(
        "DE",
        "Germany",
        help=(Help("Check dein Spiel", "https://www.check-dein-spiel.de/", "0800 1372700"),),
    ),
    JurisdictionRule(
        "DK", "Denmark", help=(Help("StopSpillet", "https://www.stopspillet.dk/", "70 22 28 25"),)
    ),
    JurisdictionRule("ES", "Spain", help=(Help("FEJAR", "https://fejar.org/", "900 200 225"),)),
    JurisdictionRule(
        "FI", "Finland", help=(Help("Peluuri", "https://www.peluuri.fi/", "0800 100 101"),)
    ),
    JurisdictionRule(
        "FR",
        "France",
        help=(
            Help("Joueurs Info Service", "https://www.joueurs-info-service.fr/", "09 74 75 13 13"),
        ),
    ),
    JurisdictionRule(
        "GB",
        "Great Britain",
        help=(
            Help("GamCare", "https://www.gamcare.org.uk/", "0808 8020 133"),
            Help("GAMSTOP", "https://www.gamstop.co.uk/"),
        ),
    ),
    JurisdictionRule(
        "GR", "Greece", least_age=21, help=(Help("KETHEA ALFA", "https://www.kethea-alfa.gr/"),)
    ),
    JurisdictionRule(
        "IE",
        "Ireland",
        help=(Help("Gambling Care", "https://www.gamblingcare.ie/", "1800 936 725"),),
    ),
    JurisdictionRule(
        "IT",
        "Italy",
        help=(Help("Telefono Verde Gioco d'Azzardo", "https://www.iss.it/", "800 558 822"),),
    ),
    JurisdictionRule(
        "NL", "Netherlands", help=(Help("Loket Kansspel", "https://www.loketkansspel.nl/"),)
    ),
    JurisdictionRule(
        "NO", "Norway", help=(Help("Hjelpelinjen", "https://hjelpelinjen.no/", "800 800 40"),)
    ),
    JurisdictionRule(
        "NZ",
        "New Zealand",
        help=(Help("Gambling Helpline", "https://www.gamblinghelpline.co.nz/", "0800 654 655"),),
    ),
    JurisdictionRule("PT", "Portugal", help=INTERNATIONAL),
    JurisdictionRule(
        "SE", "Sweden", help=(Help("Stödlinjen", "https://www.stodlinjen.se/", "020 81 91 00"),)
    ),
)

_PROVINCES = (
    *(
        JurisdictionRule(f"CA-{code}", f"Canada: {title}", least_age=age, help=_CANADA)
        for code, title, age in (
            ("AB", "Alberta", 18), ("BC", "British Columbia", 19), ("MB", "Manitoba", 18),
            ("NB", "New Brunswick", 19), ("NL", "Newfoundland and Labrador", 19),
            ("NS", "Nova Scotia", 19), ("NT", "Northwest Territories", 19), ("NU", "Nunavut", 19),
            ("PE", "Prince Edward Island", 19), ("QC", "Quebec", 18), ("SK", "Saskatchewan", 19),
            ("YT", "Yukon", 19),
        )
    ),
    JurisdictionRule(
        "CA-ON",
        "Canada: Ontario",
        least_age=19,
        help=(Help("ConnexOntario", "https://www.connexontario.ca/", "1-866-531-2600"), *_CANADA),
    ),
)  # fmt: skip

# A list of all states, as of 2025-12-20; seen as far as Massachusetts.
_LISTED = "federalstatelaw.com/tables/gambling-laws"
_FROM_18 = (
    ("DC", "District of Columbia", "casino.guru of April 2024, citing the Office of Lottery and"
     " Gaming; a list of July 2024 says 21"),
    ("KY", "Kentucky", _LISTED),
    ("NH", "New Hampshire", "betmaker.com of September 2023"),
    ("WY", "Wyoming", "keepinglawsimple.org on HB0133 of 2021; a list of July 2024 says 21"),
)  # fmt: skip
_LISTED_FROM_21 = frozenset(
    ["AR", "AZ", "CO", "CT", "DE", "FL", "IA", "IL", "IN", "KS", "LA", "MA", "MD", "ME"]
)
_FROM_21 = (
    ("AR", "Arkansas"), ("AZ", "Arizona"), ("CO", "Colorado"), ("CT", "Connecticut"),
    ("DE", "Delaware"), ("FL", "Florida"), ("IA", "Iowa"), ("IL", "Illinois"), ("IN", "Indiana"),
    ("KS", "Kansas"), ("LA", "Louisiana"), ("MA", "Massachusetts"), ("MD", "Maryland"),
    ("ME", "Maine"), ("MI", "Michigan"), ("MO", "Missouri"), ("NC", "North Carolina"),
    ("NJ", "New Jersey"), ("NV", "Nevada"), ("NY", "New York"), ("OH", "Ohio"), ("OR", "Oregon"),
    ("PA", "Pennsylvania"), ("TN", "Tennessee"), ("VA", "Virginia"), ("VT", "Vermont"),
    ("WV", "West Virginia"),
)  # fmt: skip
_IN_PERSON = (
    ("MS", "Mississippi"), ("MT", "Montana"), ("ND", "North Dakota"), ("NE", "Nebraska"),
    ("NM", "New Mexico"), ("SD", "South Dakota"), ("WA", "Washington"), ("WI", "Wisconsin"),
)  # fmt: skip
_NOWHERE = (
    ("AK", "Alaska"), ("AL", "Alabama"), ("CA", "California"), ("GA", "Georgia"), ("HI", "Hawaii"),
    ("ID", "Idaho"), ("MN", "Minnesota"), ("OK", "Oklahoma"), ("SC", "South Carolina"),
    ("TX", "Texas"), ("UT", "Utah"),
)  # fmt: skip


def _state(code: str, title: str, **what: object) -> JurisdictionRule:
    return JurisdictionRule(f"US-{code}", f"USA: {title}", help=_USA, **what)  # type: ignore[arg-type]


_STATES = (
    *(_state(code, title, source=source) for code, title, source in _FROM_18),
    *(
        _state(code, title, least_age=21, source=_LISTED if code in _LISTED_FROM_21 else "")
        for code, title in _FROM_21
    ),
    _state(
        "RI",
        "Rhode Island",
        least_age=21,
        notice="Public pages differ on whether it is 18 or 21; the higher is asked for.",
    ),
    *(
        _state(code, title, least_age=21, notice="Bets on sport are taken in person only.")
        for code, title in _IN_PERSON
    ),
    *(
        _state(
            code,
            title,
            allowed=False,
            least_age=21,
            notice="No bet on sport is known to be legal there.",
        )
        for code, title in _NOWHERE
    ),
)

JURISDICTIONS = table_of((*_COUNTRIES, *_PROVINCES, *_STATES))
