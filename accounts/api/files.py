"""Files made from the schema for those who use the API: a collection for API tools, a client."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

HERE = "http://127.0.0.1:8000"

CLIENT = '''"""A client of Fairline's API, made from its schema: one method an operation.

The standard library alone. Made by `scripts/manage api_files`; do not edit it.
"""

import json
import urllib.error
import urllib.parse
import urllib.request
import uuid


class Problem(Exception):
    """What the API said instead: `status`, and `body` with `detail`, `errors`, `request_id`."""

    def __init__(self, status, body):
        super().__init__(f"{status}: {body.get('detail')}")
        self.status, self.body = status, body


class Fairline:
    """Ask as the owner of a key. A write may be handed `repeat`, its Idempotency-Key."""

    def __init__(self, address="http://127.0.0.1:8000", *, key=None, token=None, timeout=30):
        self.address, self.timeout = address.rstrip("/"), timeout
        self.headers = {"Accept": "application/json"}
        if key:
            self.headers["X-Api-Key"] = key
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def pages(self, page):
        """Yield every row of a list, from the first page that a method returned."""
        while True:
            yield from page["results"]
            if page["next"] is None:
                return
            page = self._send("GET", page["next"])

    def _ask(self, method, path, filters=None, body=None, repeat=None):
        query = urllib.parse.urlencode({k: v for k, v in (filters or {}).items() if v is not None})
        headers = {}
        if method != "GET":
            headers["Idempotency-Key"] = repeat or str(uuid.uuid4())
        address = f"{self.address}{path}{'?' + query if query else ''}"
        return self._send(method, address, body, headers)

    def _send(self, method, address, body=None, headers=None):
        data = None if method == "GET" else json.dumps(body or {}).encode()
        sent = self.headers | (headers or {})
        if data is not None:
            sent["Content-Type"] = "application/json"
        asked = urllib.request.Request(address, data, sent, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=self.timeout) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise Problem(error.code, json.loads(error.read() or b"{}")) from None
'''


@dataclass(frozen=True)
class Operation:
    """One operation of the schema, as far as the files tell of it."""

    name: str
    method: str
    path: str
    words: str
    tag: str
    in_path: tuple[str, ...]
    filters: tuple[str, ...]
    example: Any

    @property
    def writes(self) -> bool:
        """Whether it does something."""
        return self.method != "GET"


def operations(schema: dict[str, Any]) -> Iterator[Operation]:
    """Yield every operation of a schema, by path."""
    for path, methods in sorted(schema["paths"].items()):
        for method, said in methods.items():
            named: dict[str, list[str]] = {"query": []}
            for parameter in said.get("parameters", []):
                named.setdefault(parameter["in"], []).append(parameter["name"])
            body = said.get("requestBody", {}).get("content", {}).get("application/json", {})
            yield Operation(
                name=said["operationId"],
                method=method.upper(),
                path=path,
                words=said.get("description", said["operationId"]),
                tag=said.get("tags", ["other"])[0],
                in_path=tuple(re.findall(r"{(\w+)}", path)),
                filters=tuple(named["query"]),
                example=body.get("example"),
            )


def client(schema: dict[str, Any]) -> str:
    """Return the text of the Python client."""
    return CLIENT + "".join(_method(each) for each in operations(schema))


def collection(schema: dict[str, Any]) -> str:
    """Return the text of a Postman collection, version 2.1, a folder a tag."""
    folders: dict[str, list[dict[str, Any]]] = {}
    for each in operations(schema):
        folders.setdefault(each.tag, []).append(_item(each))
    made = {
        "info": {
            "name": "Fairline",
            "description": "Set the variables `address` and `key`.",
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "auth": {
            "type": "apikey",
            "apikey": [
                {"key": "key", "value": "X-Api-Key"},
                {"key": "value", "value": "{{key}}"},
                {"key": "in", "value": "header"},
            ],
        },
        "variable": [{"key": "address", "value": HERE}, {"key": "key", "value": ""}],
        "item": [{"name": tag, "item": items} for tag, items in sorted(folders.items())],
    }
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _method(each: Operation) -> str:
    asked = [*each.in_path, *(["body=None", "*", "repeat=None"] if each.writes else ["**filters"])]
    path = repr(each.path) if not each.in_path else "f" + json.dumps(each.path)
    sends = "body=body, repeat=repeat" if each.writes else "filters"
    words = each.words.split("\n\n")[0].replace("\n", " ").strip()
    if not each.writes and each.filters:
        words += "\n\n        Filters: " + ", ".join(each.filters) + ".\n        "
    return (
        f"\n    def {each.name}(self, {', '.join(asked)}):\n"
        f'        """{words}"""\n'
        f"        return self._ask({each.method!r}, {path}, {sends})\n"
    )


def _item(each: Operation) -> dict[str, Any]:
    parts = [re.sub(r"{(\w+)}", r":\1", part) for part in each.path.strip("/").split("/")]
    request: dict[str, Any] = {
        "method": each.method,
        "description": each.words,
        "header": [],
        "url": {
            "raw": "{{address}}/" + "/".join(parts),
            "host": ["{{address}}"],
            "path": parts,
            "variable": [{"key": name, "value": ""} for name in each.in_path],
            "query": [{"key": name, "value": "", "disabled": True} for name in each.filters],
        },
    }
    if each.writes:
        request["header"] = [
            {"key": "Idempotency-Key", "value": "{{$guid}}"},
            {"key": "Content-Type", "value": "application/json"},
        ]
        request["body"] = {"mode": "raw", "raw": json.dumps(each.example or {}, indent=1)}
    return {"name": each.name, "request": request}
