"""`.env.example` and the code know the same variables."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
READERS = {"str", "list", "bool", "int", "float", "db_url", "json", "url", "email_url"}
# Read by the scripts under the product, or by gunicorn's settings and the tests.
BY_SCRIPTS = {
    "PORT", "FAIRLINE_DEMO", "FAIRLINE_HISTORY", "FAIRLINE_DEMO_PASSWORD",
    "FAIRLINE_OPERATOR_PASSWORD", "FAIRLINE_CLOCK_RATE", "FAIRLINE_BIND", "WEB_WORKERS",
    "WEB_THREADS", "WEB_STOPS_AFTER", "FAIRLINE_SHARED_DATA", "FAIRLINE_TRAINERS",
}  # fmt: skip


def read_by_settings() -> set[str]:
    """Return every name that settings.py asks of `env`."""
    tree = ast.parse((ROOT / "config" / "settings.py").read_text())
    return {
        str(call.args[0].value)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in READERS
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and isinstance(call.args[0], ast.Constant)
    }


def named_in_example() -> list[str]:
    text = (ROOT / ".env.example").read_text()
    return re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", text, flags=re.MULTILINE)


def test_the_example_names_every_variable_once_and_no_other():
    named = named_in_example()

    assert len(named) == len(set(named))
    assert set(named) == read_by_settings() | BY_SCRIPTS


def test_what_the_scripts_read_is_really_read():
    folders = ("scripts", "config", "betting/management", "tests")
    code = "".join(
        path.read_text()
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if path != Path(__file__)
    )

    assert [name for name in sorted(BY_SCRIPTS) if f'"{name}"' not in code] == []
