"""The officers' API: lists, one ticket, its log and clocks, commands one by one and in bulk, filing for a person."""

from __future__ import annotations

import re
from typing import cast
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

import msgspec
from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.desk.api_answers import (
    CommandAnswer,
    EventLine,
    ExplainedDeadline,
    HandedOver,
    TicketDetail,
    TicketList,
    detail,
    etag,
    events_answer,
    explained,
    list_answer,
)
from complaints_service.desk.api_bodies import (
    BULK,
    BulkResult,
    BulkTickets,
    BulkWhole,
    FiledForBody,
    MoreTimeBody,
    ReporterShown,
)
from complaints_service.desk.queue_filters import FIELDS, MOST_ITEMS, QueueQuery, asked_from, filters_of
from complaints_service.errors import DomainError, FieldProblem, Invalid, Malformed, PreconditionRequired
from complaints_service.intake.complaint_form import to_complaint
from complaints_service.intake.service import Intake
from complaints_service.intake.web.answers import FiledAnswer, filed_answer
from complaints_service.intake.web.routes import idempotency_key, json_response
from complaints_service.office.model import Role
from complaints_service.settings import Settings
from complaints_service.tickets.commands import Command, OfficeCommand
from complaints_service.tickets.filed import FilingKey
from complaints_service.tickets.model import Channel
from complaints_service.tickets.reading import TicketReader
from complaints_service.tickets.service import Tickets
from complaints_service.web.bodies import decode_json, read_json
from complaints_service.web.i18n import language_of
from complaints_service.web.operations import KEY_POSSIBLE, VERSION_NEEDED, Api, Items
from complaints_service.web.pages import PageRequest
from complaints_service.web.problems import problem_body

OFFICERS_CHANNELS = frozenset({Channel.COUNTER, Channel.PHONE, Channel.LETTER, Channel.SOCIAL})
OFFICERS = (Role.OFFICER, Role.SUPERVISOR, Role.HEAD, Role.REGIONAL)
# The union decodes by its tag; for the type checker it is the base of its members.
_ANY_COMMAND = cast("type[Command]", OfficeCommand)
_VERSION = re.compile(r'(?:W/)?"(\d{1,9})"')


def _acts(body: object) -> Api:
    return Api(
        reads=body,
        gives=(CommandAnswer, HandedOver),
        sends=(VERSION_NEEDED,),
        tells=("ETag", "Location"),
        refuses=(409, 412, 428),
    )


@get("/api/v1/tickets", summary="Tickets by next breach", api=Api(query=QueueQuery, gives=TicketList, tells=("Link",)))
async def list_tickets(
    request: PageRequest, viewer: Viewer, reader: TicketReader, settings: Settings
) -> Response[bytes]:
    """Open tickets in the person's scope, the next breach first; ``order=-received`` lists all, the newest first."""
    query = dict(parse_qsl(request.url.query, keep_blank_values=True))
    limit = _limit(query.get("limit"))
    known = {*FIELDS, "cursor", "limit"}
    if unknown := sorted(query.keys() - known):
        raise Invalid(
            [FieldProblem(f"/{name[:40]}", "unknown_parameter", "There is no such filter.") for name in unknown]
        )
    asked = asked_from(
        {name: value for name, value in query.items() if (name, value) != ("order", "due")}, viewer.office
    )
    wrong = [n for n in FIELDS if query.get(n, "").strip() and not asked.get(n) and (n, query[n]) != ("order", "due")]
    if wrong:
        raise Invalid(
            [
                FieldProblem(f"/{n}", "unknown_value", "This value is not one of those that are possible here.")
                for n in wrong
            ]
        )
    filters = filters_of(asked, viewer.office, viewer.person)
    page = await reader.queue(viewer.scope(), viewer.office, viewer.person, filters, query.get("cursor"), limit)
    answer = list_answer(page, viewer.office)
    headers: dict[str, str] = {}
    if page.next_cursor:
        following = urlencode({**query, "cursor": page.next_cursor})
        headers["Link"] = f'<{settings.base_url}/api/v1/tickets?{following}>; rel="next"'
    return json_response(answer, headers=headers)


@get("/api/v1/tickets/{number:str}", summary="One ticket", api=Api(gives=TicketDetail, tells=("ETag",)))
async def one_ticket(request: PageRequest, number: str, viewer: Viewer, reader: TicketReader) -> Response[bytes]:
    """The ticket with what may be done (``allowed``); its ``ETag`` goes into ``If-Match`` of a command."""
    file = await reader.file_of(viewer.scope(), viewer.office, number, viewer.person)
    return json_response(detail(file, viewer, language_of(request)), headers={"ETag": etag(file.ticket)})


@get("/api/v1/tickets/{number:str}/reporter", summary="Who filed it, in full", api=Api(gives=ReporterShown))
async def reporter_of(number: str, viewer: Viewer, reader: TicketReader) -> Response[bytes]:
    """Personal data of the reporter; the look is logged (Law 27/2022)."""
    found = await reader.look_at_reporter(viewer.scope(), viewer.office, number, viewer.person)
    return json_response(ReporterShown(found))


@get("/api/v1/tickets/{number:str}/events", summary="Its log", api=Api(gives=Items[EventLine]))
async def events_of(request: PageRequest, number: str, viewer: Viewer, reader: TicketReader) -> Response[bytes]:
    """Every event, oldest first."""
    file = await reader.file_of(viewer.scope(), viewer.office, number, viewer.person)
    return json_response(Items(events_answer(file, viewer.office, language_of(request))))


@get(
    "/api/v1/tickets/{number:str}/deadlines",
    summary="Its clocks, explained",
    api=Api(gives=Items[ExplainedDeadline]),
)
async def deadlines_of(request: PageRequest, number: str, viewer: Viewer, reader: TicketReader) -> Response[bytes]:
    """Each deadline with policy and calendar version, pauses, and the steps of its computation."""
    file = await reader.file_of(viewer.scope(), viewer.office, number, viewer.person)
    return json_response(Items(explained(file, viewer.office, language_of(request))))


@post(
    "/api/v1/tickets/{number:str}/commands",
    summary="Do something to a ticket",
    status_code=200,
    api=_acts(_ANY_COMMAND),
)
async def command(
    request: PageRequest, number: str, writer: Viewer, tickets: Tickets, reader: TicketReader
) -> Response[bytes]:
    """The ticket after the command, with its new ``ETag``. 409: not now (see ``allowed``); 412: it has changed; 428: send ``If-Match``."""
    wanted = _one_of(await read_json(request, _ANY_COMMAND))
    return await _act(request, number, wanted, writer, tickets, reader)


@post(
    "/api/v1/tickets/{number:str}/more-time",
    summary="Ask for more time",
    status_code=200,
    api=_acts(MoreTimeBody),
)
async def more_time(
    request: PageRequest, number: str, writer: Viewer, tickets: Tickets, reader: TicketReader
) -> Response[bytes]:
    """As the command ``request_time``."""
    body = await read_json(request, MoreTimeBody)
    wanted = _command({"command": "request_time", **msgspec.structs.asdict(body)})
    return await _act(request, number, wanted, writer, tickets, reader)


@post(
    "/api/v1/tickets/bulk",
    summary="One command for many tickets",
    status_code=200,
    api=Api(reads=BULK, gives=Items[BulkResult]),
)
async def bulk(request: PageRequest, writer: Viewer, tickets: Tickets) -> Response[bytes]:
    """A result for each: its new version, or the problem. One that is refused stops none of the others."""
    given = await read_json(request, dict[str, object])
    items = decode_json(msgspec.json.encode({"tickets": given.pop("tickets", None)}), BulkTickets).tickets
    if isinstance(given.get("command"), dict):
        wanted = decode_json(msgspec.json.encode({"tickets": items, **given}), BulkWhole).command
    else:
        wanted = _command(given)
    results: list[dict[str, object]] = []
    for item in items:
        try:
            acted = await tickets.act(
                writer.office, item.number, wanted, writer.actor(), writer.scope(), expected_version=item.version
            )
            results.append({"number": item.number, "status": 200, "version": acted.ticket.version})
        except DomainError as error:
            results.append(
                {"number": item.number, "status": error.status, "problem": problem_body(error, language_of(request))}
            )
    return json_response({"items": results, "next_cursor": None})


@post(
    "/api/v1/tickets",
    summary="File for a person",
    status_code=201,
    api=Api(reads=FiledForBody, gives=FiledAnswer, sends=(KEY_POSSIBLE,), tells=("Location", "Idempotent-Replayed")),
)
async def file_for_person(
    request: PageRequest, writer: Viewer, intake: Intake, clock: OfficeClock, settings: Settings
) -> Response[bytes]:
    """Counter, telephone, letter or social media; ``received_at`` when it came in earlier. The log says who typed it."""
    writer.require(*OFFICERS)
    key = idempotency_key(request) or str(uuid4())
    body = await read_json(request, FiledForBody)
    if body.channel not in OFFICERS_CHANNELS:
        raise Invalid([FieldProblem("/channel", "unknown_value", "Choose counter, phone, letter or social.")])
    complaint = to_complaint(
        body, writer.office, body.channel, now=clock.now(), received_at=body.received_at, filed_by=writer.person.id
    )
    raw = msgspec.json.encode(body)
    filed = await intake.file_complaint(writer.office, complaint, FilingKey(f"person:{writer.person.id}", key, raw))
    headers = {"Location": f"/api/v1/tickets/{filed.number}"}
    if filed.replayed:
        headers["Idempotent-Replayed"] = "true"
    return json_response(filed_answer(filed, settings.base_url), status=201, headers=headers)


async def _act(
    request: PageRequest, number: str, wanted: OfficeCommand, writer: Viewer, tickets: Tickets, reader: TicketReader
) -> Response[bytes]:
    version = _if_match(request)
    acted = await tickets.act(writer.office, number, wanted, writer.actor(), writer.scope(), expected_version=version)
    headers = {"ETag": etag(acted.ticket)}
    if acted.ticket.unit_id not in writer.unit_ids:
        # Handed to a unit this person does not see: there is nothing more to show.
        return json_response({"number": number, "version": acted.ticket.version, "allowed": []}, headers=headers)
    file = await reader.file_of(writer.scope(), writer.office, number, writer.person)
    answer: dict[str, object] = msgspec.to_builtins(detail(file, writer, language_of(request)))
    if acted.created_number is not None:
        answer["created"] = acted.created_number
        headers["Location"] = f"/api/v1/tickets/{acted.created_number}"
    return json_response(answer, headers=headers)


def _command(fields: dict[str, object]) -> OfficeCommand:
    return _one_of(decode_json(msgspec.json.encode(fields), _ANY_COMMAND))


def _one_of(command: Command) -> OfficeCommand:
    return cast("OfficeCommand", command)


def _if_match(request: PageRequest) -> int:
    given = request.headers.get("if-match")
    if given is None:
        raise PreconditionRequired("Send the ETag of the ticket as If-Match, so that nobody's change is overwritten.")
    match = _VERSION.fullmatch(given.strip())
    if match is None:
        raise Malformed('If-Match is the ETag of the ticket, for example "3".', code="if_match_malformed")
    return int(match[1])


def _limit(text: str | None) -> int:
    if text is None:
        return 50
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= MOST_ITEMS:
        raise Invalid(
            [FieldProblem("/limit", "out_of_range", "Choose a number from 1 to {most}.", {"most": MOST_ITEMS})]
        )
    return int(text)


ROUTES: list[ControllerRouterHandler] = [
    list_tickets, one_ticket, reporter_of, events_of, deadlines_of, command, more_time, bulk, file_for_person,
]  # fmt: skip
