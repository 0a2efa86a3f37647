"""The description of the API (OpenAPI 3.1), made from the routes that are really there and from what stands beside them (``Api``)."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from litestar.routes import HTTPRoute
from litestar.types.empty import EmptyType

from complaints_service import __version__
from complaints_service.web.operations import TOLD, Api, Header, Problem, Proof

JSON, PROBLEM_JSON = "application/json", "application/problem+json"
_PLACE = re.compile(r"\{(\w+):(\w+)\}")
_KINDS: dict[str, dict[str, object]] = {
    "int": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
    "str": {"type": "string", "minLength": 1},
}
# By what somebody is known: any one of these requirements, each of all its schemes.
_REQUIREMENTS: dict[Proof, list[dict[str, list[str]]]] = {
    Proof.SIGNED_IN: [{"session": []}, {"api_token": []}],
    Proof.NOBODY: [],
    Proof.TRACKING_CODE: [{"tracking_code": []}],
    Proof.DEVICE: [{"device_token": []}],
    Proof.SIGNATURE: [{"signature": []}],
    Proof.CASE_COOKIE: [{"case": []}],
}
_WRITES: list[dict[str, list[str]]] = [{"session": [], "csrf": []}, {"api_token": []}]
# What a request without, or with a wrong, proof is answered.
_UNPROVEN: dict[Proof, tuple[int, ...]] = {
    Proof.SIGNED_IN: (401, 403),
    Proof.NOBODY: (),
    Proof.TRACKING_CODE: (401, 404),
    Proof.DEVICE: (401,),
    Proof.SIGNATURE: (403,),
    Proof.CASE_COOKIE: (404,),
}
_TIMES = frozenset({429, 503, 507})


class Operation(typing.NamedTuple):
    """One method of one address."""

    method: str
    path: str
    handler: HTTPRouteHandler
    api: Api


def operations_of(app: Litestar) -> list[Operation]:
    """Everything that is described, by address and method."""
    found = [
        Operation(method.lower(), route.path, handler, typing.cast("Api", handler.opt.get("api", Api())))
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.include_in_schema is not False
        for method in handler.http_methods
        if method not in ("OPTIONS", "HEAD")
    ]
    return sorted(found, key=lambda operation: (operation.path, operation.method))


def description(app: Litestar, session_cookie: str, case_cookie: str) -> bytes:
    """The whole document as JSON. The cookies are named as browsers hold them."""
    operations = operations_of(app)
    schemas = _Schemas(operations)
    paths: dict[str, dict[str, object]] = {}
    for operation in operations:
        paths.setdefault(_PLACE.sub(r"{\1}", operation.path), {})[operation.method] = _described(operation, schemas)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Complaint service",
            "version": __version__,
            "description": "Complaints, suggestions and information requests of a public office. Errors are RFC 9457.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": _schemes(session_cookie, case_cookie),
        },
    }
    return msgspec.json.encode(document)


class _Schemas:
    """Schemas of all types of all operations, made at once so that two types of one name are told apart."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        kinds = [kind for operation in operations for kind in _kinds_of(operation)]
        made, components = msgspec.json.schema_components(
            [*kinds, Problem], schema_hook=_anything, ref_template="#/components/schemas/{name}"
        )
        self.components: Mapping[str, object] = components
        self._of = [(kind, schema) for kind, schema in zip([*kinds, Problem], made, strict=True)]

    def of(self, kind: object) -> dict[str, object]:
        """The schema of a type, or of any one of several."""
        if isinstance(kind, tuple):
            return {"anyOf": [self.of(one) for one in typing.cast("tuple[object, ...]", kind)]}
        return next(schema for known, schema in self._of if known is kind or known == kind)

    def members(self, kind: type) -> Iterator[tuple[str, dict[str, object], bool]]:
        """Name, schema and whether it is required, of every member of a structure."""
        name = str(self.of(kind)["$ref"]).rpartition("/")[2]
        whole = typing.cast("dict[str, typing.Any]", self.components[name])
        for member, schema in whole["properties"].items():
            yield member, schema, member in whole.get("required", ())


def _anything(kind: type) -> dict[str, object]:
    """``object`` is any JSON; other types have no business in an answer. Raises NotImplementedError, as msgspec asks its hooks to."""
    if kind is object:
        return {"description": "Any JSON."}
    raise NotImplementedError(f"no schema for {kind}")


def _kinds_of(operation: Operation) -> Iterator[object]:
    api = operation.api
    for kind in (api.reads, api.query, given(operation), *api.also.values()):
        if isinstance(kind, tuple):
            yield from typing.cast("tuple[object, ...]", kind)
        elif kind is not None:
            yield kind


def given(operation: Operation) -> object:
    """What a success holds: as it is told, else by the handler's annotation; None for nothing, or for what is no JSON."""
    if operation.api.gives is not None:
        return operation.api.gives
    annotation = operation.handler.parsed_fn_signature.return_type.annotation
    if typing.get_origin(annotation) is Response:
        annotation = typing.get_args(annotation)[0]
    plain = annotation in (None, type(None), bytes, str, EmptyType)
    return None if plain or JSON not in operation.api.media or _is_response(annotation) else annotation


def _is_response(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Response)


def proof_of(operation: Operation) -> tuple[Proof, bool]:
    """By what the asker is known, and whether a write with the session needs its CSRF token."""
    names = _asked_for(operation.handler)
    if "writer" in names:
        return Proof.SIGNED_IN, True
    return (Proof.SIGNED_IN if "viewer" in names else operation.api.by), False


def _asked_for(handler: HTTPRouteHandler) -> set[str]:
    """Names of the handler's parameters and of those of what it is given by them."""
    provided = handler.resolve_dependencies()
    waiting, names = list(handler.parsed_fn_signature.parameters), set[str]()
    while waiting:
        name = waiting.pop()
        if name in names:
            continue
        names.add(name)
        if name in provided:
            waiting += provided[name].parsed_fn_signature.parameters
    return names


def refusals_of(operation: Operation) -> list[int]:
    """Every status of a refusal: what follows from the signature, and what is told."""
    api = operation.api
    statuses = {*api.refuses, *_UNPROVEN[proof_of(operation)[0]]}
    if api.reads is not None:
        statuses |= {400, 413, 415, 422}
    if api.file is not None:
        statuses |= {400, 413, 415, 422}
    if api.query is not None:
        statuses.add(422)
    if _PLACE.search(operation.path):
        statuses.add(404)
    if operation.path.startswith("/api/"):
        statuses.add(503)
    return sorted(statuses)


def _described(operation: Operation, schemas: _Schemas) -> dict[str, object]:
    handler, api = operation.handler, operation.api
    proof, writes = proof_of(operation)
    told: dict[str, object] = {
        "operationId": _name_of(operation),
        "summary": handler.summary,
        "description": re.sub(r"\s+", " ", handler.fn.__doc__ or "").strip(),
        "tags": list(handler.tags or ()) or [_area(operation.path)],
        "security": _WRITES if writes else _REQUIREMENTS[proof],
        "parameters": [*_places(operation.path), *_query(api, schemas), *(_header(one) for one in api.sends)],
        "responses": _answers(operation, schemas),
    }
    if api.reads is not None:
        told["requestBody"] = {"required": True, "content": {JSON: {"schema": schemas.of(api.reads)}}}
    if api.file is not None:
        file = {"type": "string", "contentMediaType": "application/octet-stream"}
        form = {"type": "object", "properties": {api.file: file}, "required": [api.file]}
        told["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    return told


def _name_of(operation: Operation) -> str:
    """Unique: the words of the address and the handler's own name."""
    words = re.findall(r"[a-z0-9]+", _PLACE.sub("", operation.path).removeprefix("/api/v1"))
    return "_".join([*words, operation.handler.handler_name])


def _area(path: str) -> str:
    return {"complaints": "Citizen", "catalog": "Citizen", "uploads": "Citizen"}.get(
        word := path.removeprefix("/api/v1/").partition("/")[0], word.capitalize()
    )


def _places(path: str) -> list[dict[str, object]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _KINDS[kind]} for name, kind in _PLACE.findall(path)
    ]


def _query(api: Api, schemas: _Schemas) -> Iterator[dict[str, object]]:
    if api.query is not None:
        for name, schema, required in schemas.members(api.query):
            yield {"name": name, "in": "query", "required": required, "schema": schema}


def _header(header: Header) -> dict[str, object]:
    schema = header.schema or {"type": "string"}
    return {
        "name": header.name, "in": "header", "required": header.required, "description": header.about, "schema": schema,
    }  # fmt: skip


def _answers(operation: Operation, schemas: _Schemas) -> dict[str, object]:
    api = operation.api
    answers: dict[str, object] = {}
    for status, kind in {operation.handler.status_code: given(operation), **api.also}.items():
        answer: dict[str, object] = {"description": HTTPStatus(status).phrase}
        if kind is not None:
            answer["content"] = {JSON: {"schema": schemas.of(kind)}}
        elif JSON not in api.media:
            answer["content"] = {media: {} for media in api.media}
        if api.tells:
            answer["headers"] = _told(*api.tells)
        answers[str(status)] = answer
    for status in refusals_of(operation):
        refusal: dict[str, object] = {
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM_JSON: {"schema": schemas.of(Problem)}},
        }
        if status in _TIMES:
            refusal["headers"] = _told("Retry-After")
        answers[str(status)] = refusal
    return answers


def _told(*names: str) -> dict[str, object]:
    return {name: {"description": TOLD[name], "schema": {"type": "string"}} for name in names}


def _schemes(session_cookie: str, case_cookie: str) -> dict[str, dict[str, str]]:
    def bearer(about: str) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": about}

    return {
        "session": {"type": "apiKey", "in": "cookie", "name": session_cookie, "description": "POST /api/v1/session"},
        "csrf": {
            "type": "apiKey", "in": "header", "name": "X-CSRF-Token", "description": "Writes with the session carry it.",
        },
        "api_token": bearer("POST /api/v1/tokens"),
        "tracking_code": bearer("The code on the receipt of a complaint"),
        "device_token": bearer("POST /api/v1/devices"),
        "case": {
            "type": "apiKey", "in": "cookie", "name": case_cookie, "description": "Set by /m/<token> and /lacak",
        },
        "signature": {
            "type": "apiKey", "in": "header", "name": "X-Hub-Signature-256",
            "description": "sha256=<hex HMAC-SHA256 of the raw body>",
        },
    }  # fmt: skip
