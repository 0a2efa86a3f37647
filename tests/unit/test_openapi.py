"""The description of the API is true: every route is in it, with the body it reads, and everything it points at is there."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar

from complaints_service.app import create_app
from complaints_service.web.openapi import Operation, description, operations_of
from tests.servers import test_settings

# Bodies that a handler reads in another way than by ``read_json(request, <type>)``, and what reads them.
READ_OTHERWISE = {
    "bulk": "the command may stand beside the tickets or whole: two steps",
    "file_from_kiosk": "item by item, so that one that is wrong stops none of the others",
    "cloud": "the signature is over the raw body",
    "gowa": "the signature is over the raw body",
    "list_tickets": "its own refusals by name; the fields are those of QueueQuery (queue_filters.FIELDS)",
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Litestar:
    settings = test_settings(tmp_path_factory.mktemp("data"), "postgresql://nowhere/none", None)
    made: Any = create_app(settings)
    while not isinstance(made, Litestar):
        made = made._app
    return made


@pytest.fixture(scope="module")
def described(app: Litestar) -> dict[str, Any]:
    return msgspec.json.decode(description(app, "session", "tiket"))


@pytest.fixture(scope="module")
def operations(app: Litestar) -> list[Operation]:
    return operations_of(app)


def test_every_route_of_the_api_is_described(app: Litestar, described: dict[str, Any]) -> None:
    routes = {
        (re.sub(r":\w+\}", "}", route.path), method.lower())
        for route in app.routes
        if route.path.startswith(("/api/", "/webhooks/", "/health/"))
        for method in getattr(route, "methods", ())
        if method not in ("OPTIONS", "HEAD")
    }
    told = {(path, method) for path, methods in described["paths"].items() for method in methods}
    assert told - {("/metrics", "get")} == routes


def test_what_a_handler_reads_is_what_is_told_beside_it(operations: list[Operation]) -> None:
    wrong = [
        f"{operation.method} {operation.path}: reads {read}, tells {told}"
        for operation in operations
        for read, told in [(_reads(operation), _tells(operation))]
        if operation.handler.handler_name not in READ_OTHERWISE and read != told
    ]
    assert wrong == []


def test_reading_otherwise_is_told_all_the_same(operations: list[Operation]) -> None:
    found = {o.handler.handler_name: o.api for o in operations if o.handler.handler_name in READ_OTHERWISE}
    assert found.keys() == READ_OTHERWISE.keys()
    assert all(api.reads is not None or api.query is not None for api in found.values())


def test_every_answer_says_what_it_holds(described: dict[str, Any]) -> None:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                assert ("content" in answer) == (status != "204"), (method, path, status)
                if int(status) >= 400 and not path.startswith("/health/"):
                    assert list(answer["content"]) == ["application/problem+json"], (method, path, status)
            assert any(status < "300" for status in operation["responses"]), (method, path)


def test_everything_it_points_at_is_there_and_every_name_is_used_once(described: dict[str, Any]) -> None:
    schemas, schemes = described["components"]["schemas"], described["components"]["securitySchemes"]
    for reference in re.findall(r'"#/components/schemas/([^"]+)"', msgspec.json.encode(described).decode()):
        assert reference in schemas
    assert not [name for name in schemas if "." in name], "two types of one name: give one of them another"
    operations = [operation for methods in described["paths"].values() for operation in methods.values()]
    assert {scheme for o in operations for one in o["security"] for scheme in one} == schemes.keys()
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))


def test_the_pages_of_the_api_name_every_address(described: dict[str, Any]) -> None:
    page = Path("docs/api.md").read_text()
    for path in described["paths"]:
        area = path.removeprefix("/api/v1").split("/")[1]
        assert re.search(rf"/{area}\b", page), path


def _reads(operation: Operation) -> set[str]:
    """Names of the types that ``read_json`` and ``read_query`` are given in the handler, and in what it calls of its module."""
    return set(_types_read(operation.handler.fn))


def _types_read(function: Any) -> Iterator[str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        assert isinstance(call.func, ast.Name)
        if call.func.id in ("read_json", "read_query"):
            yield ast.unparse(call.args[1])
        elif call.func.id in ("_why", "_body"):
            yield from _types_read(function.__globals__[call.func.id])


def _tells(operation: Operation) -> set[str]:
    api = operation.api
    names = {kind.__name__ for kind in (api.reads, api.query) if isinstance(kind, type)}
    # The union of all commands is a type only to the type checker.
    return names | ({"_ANY_COMMAND"} if api.reads is not None and not isinstance(api.reads, type) else set())
