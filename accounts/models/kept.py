"""What keeps the tables of facts as they were written."""

import pgtrigger


def untruncated(table: str) -> pgtrigger.Trigger:
    """Return the trigger that keeps a table, named by its app and its model, from being emptied."""
    return pgtrigger.Trigger(
        name=f"{table.partition('_')[2]}s_are_not_truncated",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func=f"RAISE EXCEPTION 'pgtrigger: Cannot truncate {table} rows';",
    )
