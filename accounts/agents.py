"""An MCP server: what an agent may ask of Fairline, through the API, with a key of its owner's.

It holds nothing and decides nothing. Each tool is one operation of the API, described by the API's
own schema, so an agent sees what its key sees, meets the same limits and refusals, and leaves the
same audit.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import mcp.types as mcp
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

READING = (
    "auth_me",
    "events",
    "event",
    "odds",
    "opportunities",
    "opportunity",
    "ev_summary",
    "arbitrages",
    "steam",
    "predictions_now",
    "prediction_explanation",
    "champion",
    "model_card",
    "strategies",
    "bets",
    "bet",
    "bankroll",
    "performance",
    "risk",
    "breakers",
    "drill",
    "journal",
    "journal_entry",
    "journal_replay",
    "venues",
    "feeds",
)
WRITING = ("place_bet", "cancel_bet", "stop")

# What an agent reads it also pays for: pages are shorter than a program's.
ROWS = 20
KEY = "idempotency_key"
TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
HERE = {"127.0.0.1", "localhost", "::1"}

INSTRUCTIONS = (
    "Fairline is decision support for sports betting, no advice. Money and prices are text, "
    "probabilities and edges numbers (0.02 is 2 %), times UTC, null is unknown. Say figures with "
    "their interval and say the verdict sentence of `performance` as it stands; never promise a "
    "return. A refusal names every limit that it breaks: do not try to get round it."
)


class NoDoor(Exception):
    """Why the API cannot be asked, in words for whoever set this up."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API, as its schema tells it."""

    name: str
    method: str
    path: str
    description: str
    places: Mapping[str, str]
    input_schema: dict[str, Any]

    def tool(self) -> mcp.Tool:
        """Return it as an agent sees it."""
        reads = self.method == "get"
        return mcp.Tool(
            name=self.name,
            description=self.description,
            input_schema=self.input_schema,
            annotations=mcp.ToolAnnotations(
                read_only_hint=reads, destructive_hint=not reads, idempotent_hint=True
            ),
        )


class Api:
    """The API of one Fairline, asked with one key."""

    def __init__(self, address: str, key: str) -> None:
        """Take the address without `/api/v1`.

        Raises:
            NoDoor: if there is no key, or it would travel readable to another machine.
        """
        url = urlsplit(address)
        if not key:
            raise NoDoor("FAIRLINE_API_KEY is not set: make a key under Preferences, API keys.")
        if url.scheme != "https" and not (url.scheme == "http" and url.hostname in HERE):
            raise NoDoor(
                f"FAIRLINE_URL {address!r}: use https, or http on this machine; the key would be "
                "readable on the way."
            )
        self._client = httpx2.AsyncClient(
            base_url=address.rstrip("/"), headers={"X-Api-Key": key}, timeout=TIMEOUT
        )

    async def operations(self, names: Sequence[str]) -> dict[str, Operation]:
        """Return these operations, by name, as this Fairline offers them.

        Raises:
            NoDoor: if it does not answer, or the key does not work.
        """
        who = await self._ask("GET", "/api/v1/auth/me")
        if who.status_code != 200:
            raise NoDoor(f"The key in FAIRLINE_API_KEY is refused: {_said(who)}")
        accept = {"Accept": "application/vnd.oai.openapi+json"}
        schema = (await self._ask("GET", "/api/v1/schema", headers=accept)).json()
        offered = {
            told["operationId"]: _operation(schema, path, method, told)
            for path, methods in schema["paths"].items()
            for method, told in methods.items()
            if "operationId" in told
        }
        return {name: offered[name] for name in names if name in offered}

    async def call(self, operation: Operation, arguments: Mapping[str, Any]) -> tuple[bool, str]:
        """Ask for one operation; return whether it worked, and what was said."""
        given: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}, "body": {}}
        for name, value in arguments.items():
            if name not in operation.places:
                return False, f"{name}: {operation.name} knows no such argument."
            given[operation.places[name]][name] = value
        path = operation.path
        for name, value in given["path"].items():
            path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
        if "{" in path:
            return False, f"{path[path.index('{') + 1 : path.index('}')]}: say which."
        if "page_size" in operation.places:
            given["query"].setdefault("page_size", ROWS)
        key = given["header"].get(KEY)
        try:
            answer = await self._ask(
                operation.method,
                path,
                params=given["query"],
                headers={"Idempotency-Key": str(key)} if key else {},
                json=given["body"] or None,
            )
        except NoDoor as fault:
            return False, str(fault)
        return answer.is_success, answer.text if answer.is_success else _said(answer)

    async def _ask(self, method: str, path: str, **asked: Any) -> httpx2.Response:  # noqa: ANN401
        try:
            return await self._client.request(method, path, **asked)
        except httpx2.HTTPError as fault:
            base = self._client.base_url
            raise NoDoor(f"{base} does not answer ({type(fault).__name__}).") from fault


def _said(answer: httpx2.Response) -> str:
    """Return a refusal in a line or a few: the status, why, and every field at fault."""
    try:
        problem = answer.json()
        lines = [f"{answer.status_code} {problem['title']}: {problem['detail']}"]
        lines += [
            f"{each.get('field') or each['code']}: {each['detail']}"
            for each in problem.get("errors", ())
        ]
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code} without a reason."
    return "\n".join(lines)


def _operation(schema: dict[str, Any], path: str, method: str, told: dict[str, Any]) -> Operation:
    places: dict[str, str] = {}
    properties: dict[str, Any] = {}
    required: list[str] = []
    for each in told.get("parameters", ()):
        if each["in"] in {"path", "query"}:
            places[each["name"]] = each["in"]
            note = {"description": each["description"]} if "description" in each else {}
            properties[each["name"]] = _whole(schema, each["schema"]) | note
            if each.get("required"):
                required.append(each["name"])
        elif each["name"] == "Idempotency-Key":
            places[KEY] = "header"
            properties[KEY] = {
                "type": "string",
                "description": "New for each intent; the same again when an answer was lost.",
            }
            required.append(KEY)
    if "requestBody" in told:
        body = _whole(schema, told["requestBody"]["content"]["application/json"]["schema"])
        places |= dict.fromkeys(body.get("properties", ()), "body")
        properties |= body.get("properties", {})
        required += body.get("required", [])
    return Operation(
        name=told["operationId"],
        method=method,
        path=path,
        description=told.get("description") or told.get("summary", ""),
        places=places,
        input_schema={"type": "object", "properties": properties, "required": required},
    )


def _whole(schema: dict[str, Any], part: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a part of the schema with what it refers to written out."""
    if isinstance(part, list):
        return [_whole(schema, each) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        found: Any = schema
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return _whole(schema, found)
    return {name: _whole(schema, value) for name, value in part.items()}


def server_of(api: Api, operations: Mapping[str, Operation]) -> Server[Any]:
    """Return a server whose tools are these operations."""

    async def tools(_ctx: object, _params: object) -> mcp.ListToolsResult:
        return mcp.ListToolsResult(tools=[each.tool() for each in operations.values()])

    async def call(_ctx: object, params: mcp.CallToolRequestParams) -> mcp.CallToolResult:
        operation = operations.get(params.name)
        if operation is None:
            worked, said = False, f"{params.name}: no such tool here; ask for the list."
        else:
            worked, said = await api.call(operation, params.arguments or {})
        return mcp.CallToolResult(
            content=[mcp.TextContent(type="text", text=said)],
            structured_content=_object(said) if worked else None,
            is_error=not worked,
        )

    return Server("fairline", instructions=INSTRUCTIONS, on_list_tools=tools, on_call_tool=call)


def _object(text: str) -> dict[str, Any] | None:
    """Return an answer that is an object as one: older clients take nothing else."""
    found = json.loads(text) if text else None
    return found if isinstance(found, dict) else None


async def serve(address: str, key: str, *, may_write: bool) -> None:
    """Serve one agent over standard input and output until it goes.

    Raises:
        NoDoor: if the API cannot be asked.
    """
    api = Api(address, key)
    operations = await api.operations(READING + WRITING if may_write else READING)
    server = server_of(api, operations)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())
