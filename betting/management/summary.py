"""What a run over the past came to, as lines for a terminal."""

from collections.abc import Mapping


def as_table(summary: Mapping[str, object]) -> str:
    """Return one line a figure; the equity curve is left to `--json`."""
    return "\n".join(
        f"{name.replace('_', ' '):20} {_shown(value)}"
        for name, value in summary.items()
        if name != "equity"
    )


def _shown(value: object) -> str:
    if isinstance(value, dict) and "value" not in value:
        return ", ".join(f"{name} {count}" for name, count in value.items()) or "none"
    if isinstance(value, dict):
        return f"{value['value']} ({value['low']} to {value['high']}, {value['bets']} bets)"
    return "none" if value is None else str(value)
