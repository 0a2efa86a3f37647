"""The citizen's API: catalogue, filing, one ticket by its code, messages, rating, withdrawal (API.md, "Citizen")."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from complaints_service.database import Scope
from complaints_service.errors import Malformed, NotFound, Unauthenticated
from complaints_service.intake.complaint_form import ComplaintBody, Slug, to_complaint
from complaints_service.intake.web.answers import (
    Catalog,
    FiledAnswer,
    TicketAnswer,
    catalog_answer,
    filed_answer,
    ticket_answer,
)
from complaints_service.intake.web.flood import looked_at
from complaints_service.intake.web.parts import CitizenParts
from complaints_service.intake.web.recover import recover
from complaints_service.office.model import Office
from complaints_service.office.store import OfficeMissing, OfficeStore
from complaints_service.tickets.attachments import MOST_FILES
from complaints_service.tickets.commands import Rate, Reply, Withdraw
from complaints_service.tickets.filed import FilingKey
from complaints_service.tickets.model import REPORTER_ACTOR, Channel
from complaints_service.tickets.numbers import as_printed
from complaints_service.web.bodies import read_json, read_query
from complaints_service.web.i18n import language_of
from complaints_service.web.operations import KEY_NEEDED, KEY_POSSIBLE, Api, Proof
from complaints_service.web.pages import PageRequest
from complaints_service.web.rate_limits import Limit, client_address, limited_failures, limits_of

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


class CatalogQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``office``: a slug; without it the only one."""

    office: Slug | None = None


class MessageBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the citizen writes; on an answered ticket it reopens the case unless ``resolved``."""

    text: Annotated[str, Meta(max_length=5_000)] = ""
    resolved: bool = False
    attachments: Annotated[list[Slug], Meta(max_length=MOST_FILES)] = []


class RatingBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """1 (dissatisfied) to 4, and the nine elements if the citizen likes."""

    score: Annotated[int, Meta(ge=1, le=4)]
    comment: Annotated[str, Meta(max_length=2_000)] = ""
    elements: dict[str, Annotated[int, Meta(ge=1, le=4)]] = {}


def _acts(body: type | None) -> Api:
    """What the reporter does to the own case."""
    return Api(
        reads=body,
        gives=TicketAnswer,
        sends=(KEY_POSSIBLE,),
        by=Proof.TRACKING_CODE,
        refuses=(400, 409, 422, 429),
    )


@get("/api/v1/catalog", summary="What a complaint can be about", api=Api(query=CatalogQuery, refuses=(404,)))
async def catalog(request: PageRequest, citizen: CitizenParts) -> Catalog:
    """Kinds, services and categories in the language of ``Accept-Language``."""
    asked = read_query(request, CatalogQuery)
    return catalog_answer(await _office(citizen.offices, asked.office), language_of(request))


@post(
    "/api/v1/complaints",
    summary="File a complaint",
    status_code=201,
    api=Api(
        reads=ComplaintBody,
        gives=FiledAnswer,
        sends=(KEY_NEEDED,),
        tells=("Location", "Idempotent-Replayed"),
        refuses=(404, 429),
    ),
)
async def file_complaint(request: PageRequest, citizen: CitizenParts) -> Response[bytes]:
    """201 with number, tracking code and promised dates; the header ``Idempotency-Key`` makes sending twice one ticket."""
    # Not as a guard: for a route with guards the framework copies its handler at every request.
    await limits_of(request).check(Limit.FILING, client_address(request))
    key = idempotency_key(request)
    if key is None:
        raise Malformed(
            "Send a header Idempotency-Key with a value of your own for each complaint, so that sending twice makes one ticket.",
            code="idempotency_key_missing",
        )
    body = await read_json(request, ComplaintBody)
    office = await _office(citizen.offices, body.office)
    complaint = await looked_at(request, to_complaint(body, office, Channel.WEB, now=citizen.clock.now()))
    filed = await citizen.intake.file_complaint(office, complaint, FilingKey("web", key, msgspec.json.encode(body)))
    answer = filed_answer(filed, citizen.settings.base_url)
    headers = {"Location": f"/api/v1/complaints/{filed.number}"}
    if filed.replayed:
        headers["Idempotent-Replayed"] = "true"
    return json_response(answer, status=201, headers=headers)


@get(
    "/api/v1/complaints/{number:str}",
    guards=[limited_failures(Limit.LOOKUP)],
    summary="One complaint, by its tracking code",
    api=Api(gives=TicketAnswer, by=Proof.TRACKING_CODE, refuses=(429,)),
)
async def one_complaint(request: PageRequest, number: str, citizen: CitizenParts) -> Response[bytes]:
    """Status, next step, timeline and messages. An unknown number and a wrong code answer the same 404."""
    office = await citizen.offices.current()
    file = await citizen.reader.with_code(office, number, tracking_code(request))
    return json_response(ticket_answer(file, office, language_of(request), citizen.settings.base_url))


@post(
    "/api/v1/complaints/{number:str}/messages",
    guards=[limited_failures(Limit.LOOKUP)],
    summary="Write to the office",
    api=_acts(MessageBody),
)
async def write_message(request: PageRequest, number: str, citizen: CitizenParts) -> Response[bytes]:
    """201 with the complaint as it is then. An ``Idempotency-Key`` may be sent here too."""
    body = await read_json(request, MessageBody)
    command = Reply(text=body.text.strip(), resolved=body.resolved, attachments=tuple(body.attachments))
    return await _reporter_acts(request, number, command, citizen)


@post(
    "/api/v1/complaints/{number:str}/rating",
    guards=[limited_failures(Limit.LOOKUP)],
    summary="Rate the handling",
    api=_acts(RatingBody),
)
async def rate(request: PageRequest, number: str, citizen: CitizenParts) -> Response[bytes]:
    """201 with the complaint; a second rating in the same episode takes the place of the first."""
    body = await read_json(request, RatingBody)
    command = Rate(score=body.score, comment=body.comment, elements=body.elements)
    return await _reporter_acts(request, number, command, citizen)


@post(
    "/api/v1/complaints/{number:str}/withdraw",
    guards=[limited_failures(Limit.LOOKUP)],
    summary="Take the complaint back",
    api=_acts(None),
)
async def withdraw(request: PageRequest, number: str, citizen: CitizenParts) -> Response[bytes]:
    """201 with the complaint, which has ended."""
    return await _reporter_acts(request, number, Withdraw(), citizen)


async def _reporter_acts(
    request: PageRequest,
    number: str,
    command: Reply | Rate | Withdraw,
    citizen: CitizenParts,
) -> Response[bytes]:
    office = await citizen.offices.current()
    number = as_printed(number, office.number_prefix)
    ticket_id = await citizen.reader.prove(office, number, tracking_code(request))
    scope = Scope.ticket(office.id, ticket_id)
    key = idempotency_key(request)
    filing_key = FilingKey(f"reporter:{ticket_id}", key, msgspec.json.encode(command)) if key else None
    await citizen.tickets.act(office, number, command, REPORTER_ACTOR, scope, key=filing_key)
    file = await citizen.reader.file_of(scope, office, number)
    return json_response(ticket_answer(file, office, language_of(request), citizen.settings.base_url), status=201)


def tracking_code(request: PageRequest) -> str:
    """The code of ``Authorization: Bearer``. Raises Unauthenticated when there is none."""
    scheme, _, code = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not code.strip():
        raise Unauthenticated(
            "Send the tracking code of your receipt as Authorization: Bearer <code>.", code="code_missing"
        )
    return code.strip()


def idempotency_key(request: PageRequest) -> str | None:
    """The header ``Idempotency-Key`` (1 to 200 visible ASCII characters) or None. Raises Malformed."""
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise Malformed(
            "An Idempotency-Key has 1 to 200 visible ASCII characters, for example a UUID.",
            code="idempotency_key_malformed",
        )
    return key


async def _office(offices: OfficeStore, slug: str | None) -> Office:
    try:
        return await offices.by_slug(slug)
    except OfficeMissing as error:
        raise NotFound("There is no such office.") from error


def json_response(value: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    """A JSON answer; personal, so kept by nobody."""
    return Response(
        msgspec.json.encode(value),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


ROUTES: list[ControllerRouterHandler] = [
    catalog,
    file_complaint,
    one_complaint,
    write_message,
    rate,
    withdraw,
    recover,
]
