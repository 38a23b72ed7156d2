"""Tokens for first-party clients: a short-lived access token, and refresh tokens good once each.

An access token is a JWT. A refresh token is random and kept as a hash. One that comes a second time
was copied by somebody, so the whole log-in ends. An access token names its log-in, which is looked
up with its owner at each request: ending a log-in, changing the password or deactivating the person
ends it at once.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.crypto import constant_time_compare

from accounts import audit
from accounts.models import ClientLogin, RefreshToken, User
from accounts.people.tokens import digest_of, new_token

ALGORITHM = "HS256"
ISSUER = "fairline"
AUDIENCE = "fairline-api"
ENDED_KEPT = timedelta(days=30)
PRUNED_AT_ONCE = 5_000


class TokenRefused(Exception):
    """The token is unknown, ran out, was used before, or its log-in ended."""


@dataclass(frozen=True)
class Tokens:
    """What a client is handed: this once."""

    access: str
    access_expires_at: datetime
    refresh: str
    refresh_expires_at: datetime


@transaction.atomic
def begin_login(*, user: User, client: str, now: datetime) -> Tokens:
    """Begin a log-in of somebody whose password and second factor were right."""
    login = ClientLogin.objects.create(
        owner=user,
        client=client[:128],
        password_mark=user.get_session_auth_hash(),
        made_at=now,
        used_at=now,
        expires_at=now + settings.REFRESH_TOKENS_LAST,
    )
    return _tokens(login, now=now)


def refresh(*, text: str, now: datetime) -> Tokens:
    """Return the next tokens of a log-in; the refresh token that came is used up.

    Raises:
        TokenRefused: if it is unknown or over. One that was used before ends its log-in.
    """
    with transaction.atomic():
        login = _login_of(text)
        if login is None:
            raise TokenRefused("This refresh token is unknown. Log in again.")
        token = RefreshToken.objects.get(digest=digest_of(text))
        if why := _why_over(login, now=now):
            raise TokenRefused(why)
        if token.used_at is None:
            token.used_at = now
            token.save(update_fields=["used_at"])
            login.used_at, login.expires_at = now, now + settings.REFRESH_TOKENS_LAST
            login.save(update_fields=["used_at", "expires_at"])
            return _tokens(login, now=now)
        _end(login, now=now, why="a refresh token came twice")
    raise TokenRefused(
        "This refresh token was used before, so somebody may have copied it: the log-in has ended. "
        "Log in again."
    )


@transaction.atomic
def end_login(*, text: str, now: datetime) -> None:
    """Log out by a refresh token, old or new; whatever is unknown or over stays so."""
    login = _login_of(text)
    if login is not None and login.ended_at is None:
        _end(login, now=now, why="logged out")


@transaction.atomic
def end_logins(*, owner_id: int, now: datetime, why: str) -> int:
    """End every log-in of a person; return how many."""
    found = ClientLogin.objects.select_for_update().filter(owner_id=owner_id, ended_at=None)
    logins = list(found.order_by("pk"))
    for login in logins:
        _end(login, now=now, why=why)
    return len(logins)


def login_of_access(text: str, *, now: datetime) -> ClientLogin:
    """Return the log-in, with its owner, that an access token was made for. One query.

    Raises:
        TokenRefused: if the token is forged or ran out, or its log-in ended.
    """
    claims = None
    for secret in _secrets():
        try:
            claims = jwt.decode(
                text,
                secret,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                # The caller's clock decides, below.
                options={"require": ["exp", "sid"], "verify_exp": False},
            )
            break
        except jwt.InvalidTokenError:
            continue
    if claims is None or not isinstance(claims["sid"], int):
        raise TokenRefused("This access token was not made here.")
    if claims["exp"] <= now.timestamp():
        raise TokenRefused("This access token ran out. Send the refresh token to auth/refresh.")
    login = ClientLogin.objects.select_related("owner").filter(pk=claims["sid"]).first()
    if login is None:
        raise TokenRefused("This log-in has ended. Log in again.")
    if why := _why_over(login, now=now):
        raise TokenRefused(why)
    return login


def prune_logins(*, now: datetime) -> int:
    """Delete log-ins that were over for 30 days, at most 5,000; return how many."""
    before = now - ENDED_KEPT
    over = ClientLogin.objects.filter(Q(ended_at__lt=before) | Q(expires_at__lt=before))
    old = list(over.values_list("pk", flat=True)[:PRUNED_AT_ONCE])
    ClientLogin.objects.filter(pk__in=old).delete()
    return len(old)


def _tokens(login: ClientLogin, *, now: datetime) -> Tokens:
    text = new_token()
    RefreshToken.objects.create(login=login, digest=digest_of(text), made_at=now)
    until = now + settings.ACCESS_TOKENS_LAST
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(login.owner_id),
        "sid": login.pk,
        "iat": int(now.timestamp()),
        "exp": int(until.timestamp()),
    }
    return Tokens(
        access=jwt.encode(claims, _secrets()[0], algorithm=ALGORITHM),
        access_expires_at=until,
        refresh=text,
        refresh_expires_at=login.expires_at,
    )


def _login_of(text: str) -> ClientLogin | None:
    """Lock and return the log-in that a refresh token is of."""
    return (
        ClientLogin.objects.select_for_update(of=("self",))
        .select_related("owner")
        .filter(tokens__digest=digest_of(text))
        .first()
    )


def _why_over(login: ClientLogin, *, now: datetime) -> str:
    if login.ended_at is not None:
        return "This log-in has ended. Log in again."
    if login.expires_at <= now:
        return "This log-in ran out. Log in again."
    if not login.owner.is_active:
        return "This account is closed."
    if not constant_time_compare(login.password_mark, login.owner.get_session_auth_hash()):
        return "The password was changed since. Log in again."
    return ""


def _end(login: ClientLogin, *, now: datetime, why: str) -> None:
    login.ended_at, login.ended_why = now, why
    login.save(update_fields=["ended_at", "ended_why"])
    audit.record(
        action="ended client log-in",
        subject=f"{login.pk} of {login.owner}",
        actor_id=login.owner_id,
        at=now,
        detail={"why": why, "client": login.client},
    )


def _secrets() -> list[bytes]:
    """Return what tokens are signed with, and what older ones may have been."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [hashlib.sha256(b"fairline access tokens:" + key.encode()).digest() for key in keys]
