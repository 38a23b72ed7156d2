"""Every way in that writes leads to the audit: found by following the code from each of them.

The ways in are those of the resolver, the commands and the tasks, so a new one that audits nothing
fails here. That a deed really leaves its entry is held where the deed is tested.
"""

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.urls import URLPattern, get_resolver

from config.celery import app
from config.routes import NEVER, PAGES

ROOT = Path(__file__).resolve().parents[2]
OURS = ("accounts", "odds", "models_registry", "risk", "betting", "config")
RECORD = "accounts.audit.record"

# What writes nothing anybody has to explain, and why.
COMMANDS_WITHOUT = {
    "capacity": "reckons with numbers and writes nothing",
    "api_files": "writes files of the docs",
    "check_books": "reads",
    "drill": "reads",
    "journal": "decides again what was decided, and writes nothing",
    "known_edge": "plays seasons in memory",
    "mcp": "a client of the API, which audits",
    "simulate": "plays a provider, outside our tables",
    "verify_audit": "reads",
}
TASKS_WITHOUT = {
    "accounts.heartbeat": "writes to the cache alone",
    "accounts.keep_dead_letter": "keeps what failed; the job's own end is audited by recorded()",
    "accounts.print_audit_head": "writes to the log alone",
    "models_registry.search": "does a trial of a search, which was audited when it was asked for",
}


class Code:
    """Our modules, as names that refer to names."""

    def __init__(self) -> None:
        self.imports: dict[str, dict[str, str]] = {}
        self.refers: dict[str, set[str]] = {}
        for package in OURS:
            for path in (ROOT / package).rglob("*.py"):
                if "migrations" not in path.parts:
                    self._read(path)

    def _read(self, path: Path) -> None:
        parts = path.relative_to(ROOT).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        tree = ast.parse(path.read_text())
        names = self.imports[module] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
            elif isinstance(node, ast.Import):
                names |= {a.asname or a.name.split(".")[0]: (a.asname and a.name)
                          or a.name.split(".")[0] for a in node.names}  # fmt: skip
        for node in tree.body:
            for name, part in self._defined(node):
                self.refers[f"{module}.{name}"] = set(self._referred(part, module, name))

    def _defined(self, node: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef):
                        yield f"{node.name}.{inner.name}", inner
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name) and node.value is not None:
                    yield target.id, node.value

    def _referred(self, part: ast.AST, module: str, within: str) -> Iterator[str]:
        for node in ast.walk(part):
            chain, root = [], node
            while isinstance(root, ast.Attribute):
                chain.append(root.attr)
                root = root.value
            if not isinstance(root, ast.Name):
                continue
            rest = ".".join(reversed(chain))
            if root.id == "self" and rest:
                yield f"{module}.{within.split('.')[0]}.{rest}"
            elif root.id in self.imports[module]:
                yield f"{self.imports[module][root.id]}.{rest}".rstrip(".")
            else:
                yield f"{module}.{root.id}.{rest}".rstrip(".")

    def resolve(self, name: str) -> str:
        """Follow what packages pass on, to where a name is defined."""
        for _ in range(8):
            if name in self.refers:
                return name
            module, _, last = name.rpartition(".")
            # Else a method of something defined, or an attribute of a constant.
            name = self.imports.get(module, {}).get(last, module)
        return name

    def leads_to(self, start: str, goal: str) -> bool:
        waiting, seen = [start], set()
        while waiting:
            name = self.resolve(waiting.pop())
            if name == goal:
                return True
            if name not in seen:
                seen.add(name)
                waiting += self.refers.get(name, ())
        return False


@cache
def code() -> Code:
    return Code()


def routes(patterns) -> Iterator[URLPattern]:
    for each in patterns:
        if isinstance(each, URLPattern):
            yield each
        elif not each.app_name:
            yield from routes(each.url_patterns)


def starts() -> Iterator[tuple[str, str]]:
    """Yield each way in that writes: its name, and the function that answers it.

    Those of the admin are audited by accounts.operating, those of allauth by its adapters.
    """
    for each in routes(get_resolver().url_patterns):
        kind = getattr(each.callback, "cls", None) or getattr(each.callback, "view_class", None)
        if (kind or each.callback).__module__.split(".")[0] not in OURS:
            continue
        if kind is None:
            if PAGES.get(each.name, (NEVER, NEVER))[1] != NEVER:
                yield each.name, where(each.callback)
            continue
        for method in ("post", "put", "patch", "delete"):
            if hasattr(kind, method):
                yield f"{each.name} {method}", where(getattr(kind, method), kind.__name__)


def where(function, of: str = "") -> str:
    function = inspect.unwrap(function)
    return f"{function.__module__}.{of + '.' if of else ''}{function.__name__}"


def test_every_page_and_api_method_that_writes_leads_to_the_audit():
    found = dict(starts())

    assert len(found) > 100
    missing = {name: at for name, at in found.items() if not code().leads_to(at, RECORD)}
    assert missing == {}, "These write and audit nothing."


def test_every_command_leads_to_the_audit():
    missing = {
        name
        for name, package in get_commands().items()
        if package.split(".")[0] in OURS
        and not code().leads_to(f"{package}.management.commands.{name}.Command", RECORD)
    }
    assert missing == set(COMMANDS_WITHOUT)


def test_every_task_leads_to_the_audit():
    app.loader.import_default_modules()
    missing = {
        name
        for name, task in app.tasks.items()
        if name.split(".")[0] in OURS and not code().leads_to(where(task.run), RECORD)
    }
    assert missing == set(TASKS_WITHOUT)


@pytest.mark.parametrize(
    "name", ["accounts.showing.formats.price_text", "accounts.views.preferences.methodology"]
)
def test_the_search_can_come_to_nothing(name):
    """If this fails, the tests above prove nothing."""
    assert not code().leads_to(name, RECORD)
