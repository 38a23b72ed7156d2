"""Who may come in: name, password and second factor, and how often each may be tried.

Every door asks here: the log-in page through allauth's adapter, the API through `check_login`.
What is counted, and why nobody can lock another out: docs/guides/accounts.md.
"""

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core import signing

from accounts import audit
from accounts.models import User
from accounts.people.backends import FACTORS, NameOrEmail
from accounts.people.tries import Limit, TooManyTries, count, take_back
from accounts.selectors import person_called

WRONG = "The name or the password is wrong."
WRONG_CODE = "The code is wrong, ran out, or was used before."
# A browser that was let in carries this; it is counted by itself, so that whoever tries a name
# from elsewhere locks out nobody who was here before.
DEVICE_COOKIE = "fairline_device"
DEVICE_SALT = "accounts.people.login.device"
DEVICE_DAYS = 180
CODES = Limit("login-code", 5, 300)


class WrongLogin(Exception):
    """Name, password or code is wrong; the words are the same whichever of name and password."""


class CodeNeeded(Exception):
    """Name and password are right, and a second factor is to be shown too."""


class SecondFactorMissing(Exception):
    """Who operates comes in with a second factor only, and has none yet."""


def check_login(*, name: str, password: str, code: str, address: str, now: datetime) -> User:
    """Return whose e-mail address (or user name), password and second factor these are.

    For doors without pages. `code` is of the authenticator app or a recovery code, each good once;
    empty where the person has no second factor.

    Raises:
        TooManyTries: nothing was looked at; `wait` says for how many seconds.
        WrongLogin: name, password or code is wrong.
        CodeNeeded: name and password are right; ask again with a code.
        SecondFactorMissing: an operator or admin has not set one up; they do so on the pages.
    """
    user = check_password(name=name, password=password, address=address, device="", now=now)
    if has_second_factor(user):
        if not code.strip():
            raise CodeNeeded("Send the code of your authenticator app, or a recovery code, too.")
        _check_code(user, code.strip())
    elif needs_second_factor(user):
        raise SecondFactorMissing(
            "Operators and admins log in with a second factor. Set one up on the page Security."
        )
    audit.record(
        action="logged in",
        subject=f"{user}",
        actor_id=user.pk,
        at=now,
        detail={"door": "api", "address": address},
    )
    return user


def check_password(*, name: str, password: str, address: str, device: str, now: datetime) -> User:
    """Return whose name and password these are; a right one is not counted against the name.

    `device` is the cookie of a browser that this person came in with before, or empty.

    Raises:
        TooManyTries: from this address, or with this name from browsers unknown to it.
        WrongLogin: one of the two is wrong.
    """
    limit, key = _counted_as(name, device)
    try:
        count(_per_address(), address)
        count(limit, key)
    except TooManyTries:
        _note_refusal(name, address=address, now=now)
        raise
    user = NameOrEmail().authenticate(None, username=name.strip(), password=password)
    if user is None:
        raise WrongLogin(WRONG)
    take_back(limit, key)
    return user


def has_second_factor(user: User) -> bool:
    """Say whether the person set up an authenticator app or a passkey.

    Of whoever a session brought in it was read with them: no query.
    """
    if hasattr(user, "second_factor"):
        return bool(user.second_factor)
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists())


def needs_second_factor(user: User) -> bool:
    """Say whether this person may only come in with a second factor: whoever operates."""
    return bool(settings.SECOND_FACTOR_REQUIRED and user.is_staff)


def device_of(user: User) -> str:
    """Return what a browser that let this person in may keep, and shows the next time."""
    return signing.dumps(user.pk, salt=DEVICE_SALT)


def _check_code(user: User, code: str) -> None:
    count(CODES, str(user.pk))
    for each in Authenticator.objects.filter(user_id=user.pk).exclude(
        type=Authenticator.Type.WEBAUTHN
    ):
        if each.wrap().validate_code(code):
            each.record_usage()
            take_back(CODES, str(user.pk))
            return
    raise WrongLogin(WRONG_CODE)


def _per_address() -> Limit:
    return Limit("login-address", settings.LOGIN_TRIES, 60)


def _counted_as(name: str, device: str) -> tuple[Limit, str]:
    """Return the count a try belongs to: of the name, or of a browser the name came in with."""
    called = name.strip().casefold()
    if device:
        try:
            known = signing.loads(device, salt=DEVICE_SALT, max_age=DEVICE_DAYS * 86_400)
        except signing.BadSignature:
            known = None
        user = person_called(called)
        if user is not None and user.pk == known:
            return Limit("login-device", settings.LOGIN_TRIES, 600), device
    return Limit("login-name", settings.LOGIN_TRIES, 600), called


def _note_refusal(name: str, *, address: str, now: datetime) -> None:
    """Write the first refusal of ten minutes down; an attack is one row, not a million."""
    try:
        count(Limit("login-refused", 1, 600), f"{name} {address}")
    except TooManyTries:
        return
    audit.record(
        action="refused log-in",
        subject="too many tries",
        actor_id=None,
        at=now,
        detail={"name": name.strip()[:150], "address": address},
    )
