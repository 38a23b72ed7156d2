"""Prices and moments as sources write them."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

from odds.feeds.columns import Point, Price, point_of, price_of
from odds.feeds.parsed import BadPayload

_THOUSANDTH = Decimal("0.001")
_MORNING = time(6)


@lru_cache(maxsize=16384)
def american(text: str) -> Decimal:
    """Return American odds as a decimal price with three places, half to even.

    >>> american("-110"), american("+150"), american("-455.0")
    (Decimal('1.909'), Decimal('2.500'), Decimal('1.220'))

    Raises:
        BadPayload: where it is no number, or lies between -100 and 100.
    """
    odds = number(text)
    if abs(odds) < 100:
        raise BadPayload("price", f"{text!r} is no American price (beyond -100 or 100)")
    profit = odds / 100 if odds > 0 else -100 / odds
    return (1 + profit).quantize(_THOUSANDTH)


@lru_cache(maxsize=16384)
def decimal_price(text: str) -> Price:
    """Return a decimal price as columns hold it.

    Raises:
        BadPayload: where it is no number.
    """
    return price_of(number(text))


@lru_cache(maxsize=16384)
def american_price(text: str) -> Price:
    """Return American odds as a price as columns hold it.

    Raises:
        BadPayload: where it is no number, or lies between -100 and 100.
    """
    return price_of(american(text))


@lru_cache(maxsize=16384)
def line(text: str, *, is_mirrored: bool = False) -> Point:
    """Return a line as columns hold it; mirrored it is the other side's. Blank is none.

    >>> line("-5.5").hundredths, line("-5.5", is_mirrored=True).hundredths
    (-550, 550)

    Raises:
        BadPayload: where it is no number.
    """
    if not text:
        return point_of(None)
    exact = number(text)
    return point_of(-exact if is_mirrored else exact)


@lru_cache(maxsize=16384)
def number(text: str) -> Decimal:
    """Return a number.

    Raises:
        BadPayload: where it is none, or not a finite one of a sane size.
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise BadPayload("number", f"{text!r} is no number") from None
    if not value.is_finite() or abs(value) > 1_000_000 or abs(value.adjusted()) > 20:
        raise BadPayload("number", f"{text!r} is no number we can use")
    return value


def figure(text: str) -> float:
    """Return a number that need not be exact, refused as `number` refuses; ten times as fast.

    >>> figure("98.6")
    98.6

    Raises:
        BadPayload: where it is none, or not a finite one of a sane size.
    """
    try:
        value = float(text)
    except ValueError:
        raise BadPayload("number", f"{text!r} is no number") from None
    if value != 0 and not 1e-20 <= abs(value) <= 1_000_000:
        raise BadPayload("number", f"{text!r} is no number we can use")
    return value


@lru_cache(maxsize=16384)
def whole(text: str) -> int:
    """Return a whole number that is not negative; "20.0" is one.

    Raises:
        BadPayload: where it is none.
    """
    value = number(text)
    if value != int(value) or not 0 <= value < 32768:
        raise BadPayload("number", f"{text!r} is no whole number from 0 on")
    return int(value)


@lru_cache(maxsize=65536)
def moment(text: str) -> datetime:
    """Return an ISO moment with its offset, in UTC.

    Raises:
        BadPayload: where it is none, or says no offset.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadPayload("time", f"{text!r} is no ISO time") from None
    if at.tzinfo is None:
        raise BadPayload("time", f"{text!r} says no offset from UTC")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise BadPayload("time", f"{text!r} is out of range") from None


@lru_cache(maxsize=16384)
def iso_day(text: str) -> date:
    """Return an ISO day.

    Raises:
        BadPayload: where it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadPayload("date", f"{text!r} is no ISO date") from None


@lru_cache(maxsize=4096)
def local(day: date, clock: time, zone: str) -> datetime:
    """Return the moment of a local clock time on a day, in UTC.

    >>> local(date(2022, 1, 22), time(19), "America/New_York").isoformat()
    '2022-01-23T00:00:00+00:00'
    """
    return datetime.combine(day, clock, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def next_morning(day: date, zone: str) -> datetime:
    """Return six o'clock local time of the day after: when a daily log surely tells the result.

    >>> next_morning(date(2022, 1, 22), "America/New_York").isoformat()
    '2022-01-23T11:00:00+00:00'
    """
    return local(day + timedelta(days=1), _MORNING, zone)
