"""What a write brought."""

from dataclasses import dataclass, fields


@dataclass(slots=True)
class Counts:
    """Rows read, and what became of each: new, repeated (nothing changed), quarantined.

    `withdrawn` counts quotes that a sweep found gone; no row stands for them.
    """

    read: int = 0
    new: int = 0
    repeated: int = 0
    quarantined: int = 0
    withdrawn: int = 0

    def add(self, other: "Counts") -> None:
        """Add another count to this one."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
