"""How prices, money, shares and spans of time are written for a reader."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}
MINUS = "\N{MINUS SIGN}"
NOTHING = "–"
WORD_JOINER = "\N{WORD JOINER}"
# With a space that no line breaks at: a figure and its unit stay together.
PERCENT = "\N{NO-BREAK SPACE}%"
# A world's clock that is slower, held for a look at one moment, moves by nothing one could see.
STANDS_STILL = 0.05
# What is money in the sentences of stakes and limits: the rest are prices and shares.
_AMOUNTS = re.compile(
    r"(?<![\w.])\d+\.\d\d(?= of \d+\.\d\d\b)|(?<=\d of )\d+\.\d\d\b"
    r"|(?<=% of )\d+\.\d\d(?= grows it)"
    r"|(?<=Stake )\d+\.\d\d\b|(?<=at most )\d+\.\d\d(?= is possible)"
)


def price_text(price: Decimal | float | None, price_format: str = "decimal") -> str:
    r"""Write a decimal price as the reader likes prices.

    Fractional is the nearest fraction with a denominator up to 20, as on a bookmaker's board;
    percent the chance at which the price would be fair.

    >>> [price_text(2.5, each) for each in ("decimal", "american", "fractional", "percent")]
    ['2.50', '+150', '3/2', '40.0\xa0%']
    >>> [price_text(1.909, each) for each in ("decimal", "american", "fractional", "percent")]
    ['1.909', '−110', '10/11', '52.4\xa0%']
    """
    if price is None:
        return NOTHING
    value = float(price)
    if not value > 1:
        return NOTHING
    if price_format == "percent":
        return f"{100 / value:.1f}{PERCENT}"
    if price_format == "american":
        if value >= 2:
            return f"+{round((value - 1) * 100)}"
        return f"{MINUS}{round(100 / (value - 1))}"
    if price_format == "fractional":
        odds = Fraction(value - 1).limit_denominator(20)
        if odds == 0:
            return f"1/{round(1 / (value - 1))}"
        return f"{odds.numerator}/{odds.denominator}"
    text = f"{value:.3f}"
    return text[:-1] if text.endswith("0") else text


# The same few sentences stand in row after row, page after page.
@lru_cache(maxsize=2048)
def said_text(sentence: str, currency: str = "") -> str:
    r"""Write the figures of a stored sentence as pages write them; in a currency, also its money.

    >>> said_text("Edge -1.3% is below 2.0% on 2026-01-17.")
    'Edge −1.3\xa0% is below 2.0\xa0% on 2026-01-17.'
    >>> said_text("Edge -0.0% is below 0.0%.")
    'Edge just under 0\xa0% is below 0.0\xa0%.'
    >>> said_text("Home won: +€15.00")
    'Home won: +\u2060€15.00'
    >>> said_text("1234.50 of 2000.00 is left for one bet.", "EUR")
    '€1,234.50 of €2,000.00 is left for one bet.'
    >>> said_text("3.28% of 10000.00 grows it fastest.", "EUR")
    '3.28\xa0% of €10,000.00 grows it fastest.'
    """
    sentence = re.sub(r"(?<![\w.])-0\.0+%", "just under 0%", sentence)
    # A sign stays on the line of its money.
    sentence = re.sub(rf"(?<=[+{MINUS}])(?=[{''.join(SYMBOLS.values())}])", WORD_JOINER, sentence)
    if currency:
        sentence = _AMOUNTS.sub(lambda found: money_text(Decimal(found[0]), currency), sentence)
    return re.sub(r"(?<=\d) ?%", PERCENT, re.sub(r"(?<![\w.-])-(?=\d)", MINUS, sentence))


def fair_text(probability: float | None, price_format: str = "decimal") -> str:
    """Write what a probability is worth as a price: to the cent, near certainty to the thousandth.

    >>> fair_text(0.5166), fair_text(0.997), fair_text(None)
    ('1.94', '1.003', '–')
    """
    if not probability:
        return NOTHING
    worth = 1 / probability
    return price_text(round(worth, 2 if worth >= 1.1 else 3), price_format)


def money_text(amount: Decimal | float | None, currency: str = "EUR") -> str:
    """Write money with its symbol, two places and thousands apart.

    >>> money_text(Decimal("1234.5")), money_text(Decimal("-3"), "SEK")
    ('€1,234.50', '−3.00 SEK')
    """
    if amount is None:
        return NOTHING
    sign = MINUS if amount < 0 else ""
    figure = f"{abs(amount):,.2f}"
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{figure}" if symbol else f"{sign}{figure} {currency}"


def signed_money_text(amount: Decimal, currency: str) -> str:
    """Write a gain or a loss: with its sign.

    >>> signed_money_text(Decimal("45"), "EUR"), signed_money_text(Decimal("-3"), "SEK")
    ('+€45.00', '−3.00 SEK')
    """
    text = money_text(amount, currency)
    return f"+{text}" if amount > 0 else text


def share_text(share: float | Decimal | None, places: int = 1) -> str:
    r"""Write a share of one as per cent, without a sign unless below zero.

    >>> share_text(0.4731), share_text(-0.02, 0), share_text(-0.0001)
    ('47.3\xa0%', '−2\xa0%', '0.0\xa0%')
    """
    if share is None or share != share:
        return NOTHING
    shown = round(float(share) * 100, places)
    text = f"{abs(shown):.{places}f}{PERCENT}"
    return f"{MINUS}{text}" if shown < 0 else text


def chance_text(share: float | None, draws: int = 0) -> str:
    r"""Write a chance as per cent; what no draw met, or is too small to write, is not called none.

    >>> chance_text(0.214), chance_text(0.0, 500), chance_text(0.0002)
    ('21.4\xa0%', 'under 1 in 500', 'under 0.1\xa0%')
    """
    if share == 0.0 and draws:
        return f"under 1 in {draws:,}"
    if share is not None and share < 0.0005:
        return f"under 0.1{PERCENT}"
    return share_text(share)


def signed_share_text(share: float | Decimal | None, places: int = 1) -> str:
    r"""Write a share of one as per cent with its sign.

    >>> signed_share_text(0.042), signed_share_text(-0.02), signed_share_text(0)
    ('+4.2\xa0%', '−2.0\xa0%', '0.0\xa0%')
    """
    text = share_text(share, places)
    return f"+{text}" if share is not None and round(float(share) * 100, places) > 0 else text


def span_text(span: timedelta) -> str:
    """Write a length of time in its two largest units.

    >>> span_text(timedelta(seconds=8134)), span_text(timedelta(seconds=42))
    ('2 h 15 min', '42 s')
    """
    seconds = abs(int(span.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, rest = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h" if days < 10 else f"{days} days"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{rest} s"


def clock_text(rate: float) -> str:
    """Write how fast the world's clock runs beside the real one.

    >>> clock_text(288.0), clock_text(0.001)
    ('clock ×288, an hour takes 12 s', 'clock stands still')
    >>> clock_text(86_400.0)
    'clock ×86,400, a day takes 1 s'
    """
    if rate < STANDS_STILL:
        return "clock stands still"
    speed = f"{rate:,.1f}".removesuffix(".0")
    # Pages say how long it is to a start in hours: so it is told in hours what that is.
    hour, day = timedelta(hours=1) / rate, timedelta(days=1) / rate
    if hour < timedelta(seconds=1):
        return f"clock ×{speed}, a day takes {span_text(day)}"
    return f"clock ×{speed}, an hour takes {span_text(hour)}"


def relative_text(at: datetime, now: datetime) -> str:
    """Write a moment as seen from now: 'in 2 h 15 min', '42 s ago'.

    >>> now = datetime(2026, 1, 1, 12)
    >>> relative_text(datetime(2026, 1, 1, 13), now), relative_text(datetime(2026, 1, 1, 11), now)
    ('in 1 h 0 min', '1 h 0 min ago')
    """
    if at > now:
        return f"in {span_text(at - now)}"
    return f"{span_text(now - at)} ago"


def point_text(point: Decimal | float | None, *, signed: bool) -> str:
    """Write a line: spreads with a sign, totals without.

    >>> point_text(Decimal("-5.50"), signed=True), point_text(Decimal("221.0"), signed=False)
    ('−5.5', '221')
    """
    if point is None:
        return ""
    text = f"{abs(float(point)):g}"
    if not signed:
        return text
    if point < 0:
        return f"{MINUS}{text}"
    return f"+{text}" if point > 0 else text


# Keys that are names.
NAMES = {
    "the_odds_api": "The Odds API",
    "football_data": "football-data.co.uk",
    "nba": "NBA",
    "nfl": "NFL",
}


def key_text(key: str) -> str:
    """Write a key as a reader's words.

    >>> key_text("full_kelly"), key_text("the_odds_api")
    ('Full Kelly', 'The Odds API')
    """
    return NAMES.get(key) or key.replace("_", " ").capitalize().replace("kelly", "Kelly")


def feed_text(source: str) -> str:
    """Write a provider by its name; a file's name is its own.

    >>> feed_text("football_data"), feed_text("nba_games.csv.gz")
    ('football-data.co.uk', 'nba_games.csv.gz')
    """
    return source if "." in source else key_text(source)


def outcome_text(told: object) -> str:
    """Write what a job recorded of its run as a reader's words.

    >>> outcome_text({"placed": 2, "parked": [], "nba": {"log_loss": 0.6934123, "new": 12}})
    'placed 2, parked none, nba (log loss 0.6934, new 12)'
    >>> outcome_text({})
    '–'
    """
    match told:
        case Mapping() if told:
            each = ((str(name).replace("_", " "), value) for name, value in told.items())
            return ", ".join(
                f"{name} ({outcome_text(value)})"
                if isinstance(value, Mapping)
                else f"{name} {outcome_text(value)}"
                for name, value in each
            )
        case list():
            return ", ".join(map(outcome_text, told)) or "none"
        case float():
            return f"{told:.4g}"
        case None | {}:
            return NOTHING
        case _:
            return str(told)
