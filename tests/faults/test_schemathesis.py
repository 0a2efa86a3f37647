"""The API against its own description, by schemathesis with all its checks, as nobody and as each role (scenario 29).

Each request that schemathesis makes as one of them is sent once more as others: what they get must be as described too. In `make test`
a few made-up requests for each operation, as three of the others in turn; ``COMPLAINTS_TEST_EXAMPLES`` (``make fuzz``)
makes more of them as all the others, goes through every border of every schema, and follows what is made.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import itertools
import os
import re
import socket
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Generator, Iterator
from typing import Any

import httpx
import msgspec
import pytest
import requests
import schemathesis
import uvicorn
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.engine import events, from_schema
from schemathesis.engine.run import PhaseName
from schemathesis.specs.openapi import checks as openapi_checks

from complaints_service.app import create_app
from complaints_service.tickets.filed import Filed
from tests.app_client import PLAIN
from tests.faults.struck import audited
from tests.servers import Running
from tests.service.outbox_room import Room, a_room

MORE = "COMPLAINTS_TEST_EXAMPLES" in os.environ
# So many for each operation; a tenth of what the model takes for its sequences.
EXAMPLES = max(4, int(os.environ["COMPLAINTS_TEST_EXAMPLES"]) // 10) if MORE else 2
PEOPLE = ("petugas", "petugas2", "atasan", "kepala", "kanwil", "admin")
PHASES = {PhaseName.FUZZING}
if MORE:
    PHASES |= {PhaseName.EXAMPLES, PhaseName.COVERAGE, PhaseName.STATEFUL_TESTING}
# Of nine others; an operation is asked by all of them within three requests.
OTHERS = 9 if MORE else 3
FIRST = os.environ.get("COMPLAINTS_TEST_ROLE", "admin")  # who opens most, so that most is reached
# The library's types are only half told.
_checks: Any = openapi_checks
_configuration: Any = SchemathesisConfig
SECRET = "what only the gateway and we know"
# Machines are known at their own doors only; the gateway signs each body.
MACHINES = {"kiosk": "/api/v1/kiosk/", "gateway": "/webhooks/"}
ALWAYS = [
    _checks.status_code_conformance,
    _checks.content_type_conformance,
    _checks.response_headers_conformance,
    _checks.response_schema_conformance,
]
# What is right by its shape may still name what is not there, or come too late: 404 to 428 say so, 429 that it was too often.
# What is wrong by its shape may be seen to be too large, or to come too late, before that.
REFUSED = ["400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "428"]
ACCEPTED = ["2xx", "401", "403", "404", "409", "410", "412", "422", "428", "429"]


class QuietServer(uvicorn.Server):
    """Leaves the signals to pytest."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@pytest.fixture(scope="module")
async def room(running: Running, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path_factory.mktemp("room"), whatsapp_app_secret=SECRET) as opened:
        yield opened


@pytest.fixture(scope="module")
async def address(room: Room) -> AsyncIterator[str]:
    """The site, which takes as many wrong codes and passwords as come."""
    unlimited = msgspec.structs.replace(
        room.services.settings, rate_signin_per_minute=None, rate_lookup_per_minute=None, rate_upload_per_minute=None
    )
    app = create_app(unlimited, msgspec.structs.replace(room.services, settings=unlimited))
    server = QuietServer(uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=2))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn offers no event to wait for
            await asyncio.sleep(0.01)
        assert server.started, "the site did not start"
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving


@pytest.fixture(scope="module")
async def document(address: str) -> dict[str, Any]:
    """The description, read strictly: an answer that holds more than is described is a lie too."""
    async with httpx.AsyncClient(base_url=address, verify=PLAIN) as client:
        told = (await client.get("/schema/openapi.json")).json()
    for schema in told["components"]["schemas"].values():
        if schema.get("type") == "object" and "properties" in schema:
            schema["additionalProperties"] = False
    return told


@pytest.fixture(scope="module")
async def filed(room: Room) -> Filed:
    return await room.office.file()


@pytest.fixture(scope="module")
async def identities(room: Room, address: str, filed: Filed) -> dict[str, dict[str, str]]:
    """The headers by which each is known; nobody has none."""
    _, token = await room.services.kiosk.create_device(await room.office.office(), "Ruang tunggu")
    return {
        "nobody": {},
        "kiosk": {"Authorization": f"Bearer {token}"},
        "gateway": {},
        "citizen": {"Authorization": f"Bearer {filed.tracking_code}"},
        **{role: await signed_in(room, address, role) for role in PEOPLE},
    }


async def signed_in(room: Room, address: str, username: str) -> dict[str, str]:
    async with httpx.AsyncClient(base_url=address, verify=PLAIN) as client:
        body = {"username": username, "password": room.office.passwords[username]}
        answer = await client.post("/api/v1/session", json=body)
        assert answer.status_code == 200, answer.text
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        return {"Cookie": cookies, "X-CSRF-Token": answer.json()["csrf_token"]}


async def test_every_answer_is_as_described_whoever_asks(
    room: Room, address: str, document: dict[str, Any], identities: dict[str, dict[str, str]], filed: Filed
) -> None:
    asking = Asking(document, address, identities, filed.number)
    await asyncio.to_thread(asking.run)
    assert asking.wrong == [], "\n".join(asking.wrong[:30])
    assert set(asking.answers) >= {200, 201, 401, 403, 404, 422}, asking.answers
    assert set(asking.reached) == PHASES, asking.reached
    assert await audited(room, grace_seconds=3_600) == [], "no worker runs here: letters wait"


class Asking:
    """One run of schemathesis, and all that it found wrong."""

    def __init__(
        self, document: dict[str, Any], address: str, identities: dict[str, dict[str, str]], number: str
    ) -> None:
        self.wrong: list[str] = []
        self.answers: Counter[int] = Counter()
        # Requests that were made in each phase.
        self.reached: Counter[PhaseName] = Counter()
        self._others = {name: headers for name, headers in identities.items() if name != FIRST}
        self._names: defaultdict[str, Iterator[str]] = defaultdict(lambda: itertools.cycle(self._others))
        self._connection = requests.Session()
        load_all_checks()
        config: Any = _configuration.from_dict(
            {
                "base-url": address,
                "headers": identities[FIRST],
                "seed": 29,
                "continue-on-failure": True,
                "dictionaries": {"numbers": {"values": [number]}},
                "parameters": {"path.number": {"dictionary": "numbers", "probability": 0.8}},
                "generation": {
                    "max-examples": EXAMPLES,
                    "deterministic": True,
                    "no-shrink": True,
                    "database": "none",
                    # Who asks is what this test sends, not what is made up.
                    "with-security-parameters": False,
                },
                "checks": {
                    "positive_data_acceptance": {"expected-statuses": ACCEPTED},
                    "negative_data_rejection": {"expected-statuses": REFUSED},
                    # RFC 6585: what is refused for want of If-Match is 428.
                    "missing_required_header": {"expected-statuses": ["400", "401", "403", "404", "422", "428"]},
                },
                "phases": {
                    # 7,000 requests: every border of every schema, every header left out, every method that is not there.
                    "coverage": {"enabled": MORE},
                    "stateful": {"enabled": MORE, "max-steps": 10},
                    # The description holds none of its own.
                    "examples": {"enabled": MORE, "fill-missing": True},
                },
                "operations": list(exceptions()),
            }
        )
        self._schema = schemathesis.openapi.from_dict(document, config=config)

    def run(self) -> None:
        for event in from_schema(self._schema).execute():
            if isinstance(event, events.NonFatalError | events.FatalError):
                self.wrong.append(repr(event))
            elif isinstance(event, events.ScenarioFinished):
                self._judge(event)

    def _judge(self, event: events.ScenarioFinished) -> None:
        recorder: Any = event.recorder
        for case_id, found in recorder.checks.items():
            case = recorder.cases[case_id].value
            for check in found:
                if check.failure_info is not None:
                    failure = check.failure_info.failure
                    self.wrong.append(f"{check.name}: {case.method} {case.path}: {failure.title}: {failure.message}")
        for case_id, interaction in recorder.interactions.items():
            if interaction.response is not None:
                self.answers[interaction.response.status_code] += 1
                self.reached[event.phase] += 1
                if case_id in recorder.cases:
                    # Of the many requests at the borders each is sent as one of the others, in turn.
                    many = 1 if event.phase is PhaseName.COVERAGE else OTHERS
                    case: Any = recorder.cases[case_id].value
                    self._ask_as(self._next_others(case.operation.label, many), case, interaction.request)

    def _next_others(self, operation: str, many: int) -> dict[str, dict[str, str]]:
        return {name: self._others[name] for name in itertools.islice(self._names[operation], many)}

    def _ask_as(self, others: dict[str, dict[str, str]], case: Any, sent: Any) -> None:
        plain = {name: values[0] for name, values in sent.headers.items() if name.lower() not in PROOFS}
        for name, headers in others.items():
            if not case.operation.path.startswith(MACHINES.get(name, "/")):
                continue
            proof = signature(sent.body) if name == "gateway" else headers
            answer = self._connection.request(
                sent.method, sent.uri, data=sent.body, headers={**plain, **proof}, allow_redirects=False, timeout=30
            )
            self.answers[answer.status_code] += 1
            if answer.status_code >= 500:
                self.wrong.append(f"as {name}: {sent.method} {sent.uri}: {answer.status_code} {answer.text}")
            if sent.method == case.operation.method.upper():
                try:
                    case.validate_response(answer, checks=ALWAYS)
                except FailureGroup as group:
                    self.wrong += [f"as {name}: {sent.method} {sent.uri}: {one}" for one in group.exceptions]


def signature(body: bytes | None) -> dict[str, str]:
    """As a gateway signs what it delivers."""
    return {"X-Hub-Signature-256": f"sha256={hmac.new(SECRET.encode(), body or b'', hashlib.sha256).hexdigest()}"}


PROOFS = ("cookie", "x-csrf-token", "x-hub-signature-256", "authorization", "content-length", "transfer-encoding")


def exceptions() -> Iterator[dict[str, Any]]:
    """What makes no sense for an operation, and why."""
    # Ends the session by which all further requests are made; tests/service/test_accounts_http.py signs out.
    yield {"include-name": "DELETE /api/v1/session", "enabled": False}
    # An item that is wrong has its own problem in a list that is answered with 200.
    yield {
        "include-name": "POST /api/v1/kiosk/complaints",
        "checks": {"negative_data_rejection": {"enabled": False}},
    }


async def test_what_is_no_json_is_refused_by_every_operation_that_reads_some(
    address: str, document: dict[str, Any], identities: dict[str, dict[str, str]], filed: Filed
) -> None:
    met: Counter[int] = Counter()
    async with httpx.AsyncClient(base_url=address, verify=PLAIN) as client:
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if "application/json" not in operation.get("requestBody", {}).get("content", {}):
                    continue
                body, place = b"{", re.sub(r"\{\w+\}", "1", path.replace("{number}", filed.number))
                who = next((name for name, at in MACHINES.items() if path.startswith(at)), FIRST)
                proof = signature(body) if who == "gateway" else identities[who]
                headers = {"Content-Type": "application/json", "Idempotency-Key": "no json", "If-Match": '"1"', **proof}
                answer = await client.request(method, place, content=body, headers=headers)
                assert str(answer.status_code) in operation["responses"], (method, path, answer.text)
                assert 400 <= answer.status_code < 500, (method, path)
                met[answer.status_code] += 1
    assert met[400] > 0.8 * met.total(), met


async def test_methods_that_are_not_there_are_refused_with_those_that_are(
    address: str, document: dict[str, Any]
) -> None:
    async with httpx.AsyncClient(base_url=address, verify=PLAIN) as client:
        for path, methods in document["paths"].items():
            there = {method.upper() for method in methods} | {"OPTIONS"}
            place = re.sub(r"\{\w+\}", "1", path)
            refused = await client.request("PATCH", place)
            assert refused.status_code == 405, path
            assert refused.headers["content-type"] == "application/problem+json"
            asked = await client.options(place)
            for answer in (refused, asked):
                assert set(answer.headers["allow"].split(", ")) - {"HEAD"} == there, path
