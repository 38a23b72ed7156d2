"""What a key may be made for, and what each role may do at all: the one table of both.

Every method of the API names the scope it needs. Whoever comes with a key needs it of the key and
of the role of the key's owner, whoever is logged in needs it of the role alone.
"""

from dataclasses import dataclass
from typing import Any

# For doors that ask for no scope: anybody logged in, or nobody at all.
ANYONE = ""
READ, READ_OWN = "read", "read:own"
BET, SIGNAL, TRANSFER = "bet", "signal", "transfer"
SETTINGS, OPERATE = "settings", "operate"


@dataclass(frozen=True)
class Scope:
    """One thing a key may be made for."""

    name: str
    words: str
    operators_only: bool = False


SCOPES: dict[str, Scope] = {
    scope.name: scope
    for scope in (
        Scope(READ, "read events, prices, models, predictions and opportunities"),
        Scope(READ_OWN, "read your bets, money, limits, journal and performance"),
        Scope(BET, "place, confirm and cancel bets, and ask for predictions"),
        Scope(SIGNAL, "send signals of your own bots"),
        Scope(TRANSFER, "open bankrolls and move money"),
        Scope(SETTINGS, "change strategies, your own limits and what stops you"),
        Scope(OPERATE, "do what operators do: models, venues, results", operators_only=True),
    )
}
# What only reads, and is what a new key has unless more is asked for.
READING = (READ, READ_OWN)


# What each role has. Whoever operates is let into the admin too; there, only an admin changes
# people, their roles and their keys (accounts/people/backends.py).
VIEWER, BETTOR, OPERATOR, ADMIN = "viewer", "bettor", "operator", "admin"
ROLES: dict[str, frozenset[str]] = {
    VIEWER: frozenset({READ, READ_OWN}),
    BETTOR: frozenset({READ, READ_OWN, BET, SIGNAL, TRANSFER, SETTINGS}),
    OPERATOR: frozenset(SCOPES),
    ADMIN: frozenset(SCOPES),
}


def rights_of(role: str) -> dict[str, bool]:
    """Return what Django calls the rights of a role.

    >>> rights_of(OPERATOR)
    {'is_staff': True, 'is_superuser': False}
    """
    return {"is_staff": role in (OPERATOR, ADMIN), "is_superuser": role == ADMIN}


def scopes_of(user: Any) -> frozenset[str]:  # noqa: ANN401 - a person, or nobody
    """Return what a person's role lets them do."""
    return ROLES.get(getattr(user, "role", ""), frozenset())
