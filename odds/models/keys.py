"""What tables hold by trigger: facts that stay, and keys whose constraints would cost too much."""

import operator
from functools import reduce

import pgtrigger


def held_by_statement(name: str, key: str, table: str) -> pgtrigger.Trigger:
    """Return what holds a foreign key for all rows of a statement at once.

    A constraint checks row by row and locks each row it finds, which was most of what recording
    prices cost; see docs/decisions. What is pointed at can never be deleted, so no lock is needed.
    """
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        operation=pgtrigger.Insert,
        when=pgtrigger.After,
        referencing=pgtrigger.Referencing(new="added"),  # type: ignore[no-untyped-call]
        func=(
            f"IF EXISTS (SELECT FROM added a WHERE NOT EXISTS"  # noqa: S608
            f" (SELECT FROM {table} t WHERE t.id = a.{key})) THEN"
            f" RAISE foreign_key_violation USING MESSAGE ="
            f" '{key} is in no row of {table}'; END IF; RETURN NULL;"
        ),
    )


def append_only(name: str) -> pgtrigger.Protect:
    """Return what keeps a table of facts: its rows are never changed and never deleted."""
    return pgtrigger.Protect(name=name, operation=pgtrigger.Update | pgtrigger.Delete)


def unmoved(name: str, *columns: str) -> pgtrigger.Protect:
    """Return what keeps a row with what it points at: these columns never change."""
    changes = (
        pgtrigger.Q(**{f"old__{column}__df": pgtrigger.F(f"new__{column}")}) for column in columns
    )
    return pgtrigger.Protect(
        name=name, operation=pgtrigger.Update, condition=reduce(operator.or_, changes)
    )


def undeletable(name: str) -> pgtrigger.Protect:
    return pgtrigger.Protect(name=name, operation=pgtrigger.Delete)
