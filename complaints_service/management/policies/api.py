"""``/api/v1/policies``: versions to read, to publish and to take back. For administrators (token scope ``admin``)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.errors import Invalid, Malformed, NotFound
from complaints_service.intake.web.routes import json_response
from complaints_service.management.policies.service import Policies, Publication, VersionNote
from complaints_service.management.policies.standing import Standing, standing_of
from complaints_service.management.settings_events import LONGEST_WHY, WHY_FIELD
from complaints_service.office.model import Office, Role
from complaints_service.sla.policy_check import checked
from complaints_service.sla.policy_document import PolicyDocument, document_of
from complaints_service.sla.policy_problems import PolicyError, field_problem
from complaints_service.web.bodies import document_in, read_json
from complaints_service.web.i18n import language_of
from complaints_service.web.operations import POLICY, VERSION_POSSIBLE, Api
from complaints_service.web.pages import PageRequest


class Publisher(msgspec.Struct, frozen=True):
    """Who published a version."""

    id: int
    name: str


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A published version. ``standing``: in_force, coming, past or withdrawn; ``policy`` only where one version was asked for."""

    version: int
    standing: Standing
    effective_from: datetime
    legal_source: str
    why: str
    created_at: datetime
    created_by: Publisher | None
    applies_to_open: bool
    withdrawn_at: datetime | None
    confirmed_by: str | None
    confirmed_at: datetime | None
    policy: PolicyDocument | msgspec.UnsetType = msgspec.UNSET


class VersionList(msgspec.Struct, frozen=True):
    """Every version, the newest first; there is never a second page."""

    items: list[Version]
    next_cursor: str | None = None


class NewPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``policy``: the whole document. ``applies_to_open``: open tickets follow it too. ``if_version``: the newest version you know of."""

    policy: POLICY
    why: WHY_FIELD
    applies_to_open: bool = False
    if_version: Annotated[int, Meta(ge=0)] | None = None


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a version is taken back."""

    why: Annotated[str, Meta(min_length=3, max_length=LONGEST_WHY)]


class Confirmation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who has compared the version in force with the legal source, and how."""

    confirmed_by: Annotated[str, Meta(min_length=1, max_length=200)]
    why: Annotated[str, Meta(min_length=3, max_length=LONGEST_WHY)]


@get(
    "/api/v1/policies",
    summary="Versions of the policy",
    tags=["Policies"],
    api=Api(gives=VersionList, tells=("ETag",)),
)
async def list_versions(viewer: Viewer, policies: Policies, clock: OfficeClock) -> Response[bytes]:
    """Every version with who, when and why. ETag: the newest version's number, for ``If-Match`` when publishing."""
    notes = await policies.versions(viewer)
    office = await policies.fresh(viewer)
    items = [_version(note, office, clock.now()) for note in notes]
    newest = max((note.version for note in notes), default=0)
    return json_response(VersionList(items), headers={"ETag": f'"{newest}"'})


@get("/api/v1/policies/{version:int}", summary="One version of the policy", tags=["Policies"], api=Api(gives=Version))
async def one_version(version: int, viewer: Viewer, policies: Policies, clock: OfficeClock) -> Response[bytes]:
    """The version with its whole document, which can be sent back changed."""
    return json_response(await _found(version, viewer, policies, clock))


@post(
    "/api/v1/policies",
    status_code=201,
    summary="Publish a policy",
    tags=["Policies"],
    api=Api(reads=NewPolicy, gives=Version, sends=(VERSION_POSSIBLE,), tells=("Location",), refuses=(409, 412)),
)
async def publish(request: PageRequest, writer: Viewer, policies: Policies, clock: OfficeClock) -> Response[bytes]:
    """A new version. 422 names every mistake by its place; 412 when another version has been published meanwhile."""
    writer.require(Role.ADMIN)
    body = await read_json(request, NewPolicy)
    language = language_of(request)
    office = await policies.fresh(writer)
    try:
        document = checked(document_in(body.policy), office, clock.now())
    except PolicyError as error:
        raise Invalid([field_problem(problem, language, "/policy") for problem in error.problems]) from error
    seen = body.if_version if body.if_version is not None else _if_match(request)
    publication = Publication(
        document=document,
        why=body.why,
        applies_to_open=body.applies_to_open,
        seen_version=seen,
        pointer="/policy",
    )
    version = await policies.publish(writer, publication, language)
    found = await _found(version, writer, policies, clock)
    return json_response(found, status=201, headers={"Location": f"/api/v1/policies/{version}"})


@post(
    "/api/v1/policies/{version:int}/withdraw",
    status_code=200,
    summary="Take a version back",
    tags=["Policies"],
    api=Api(reads=Reason, gives=Version, refuses=(409,)),
)
async def withdraw(
    request: PageRequest, version: int, writer: Viewer, policies: Policies, clock: OfficeClock
) -> Response[bytes]:
    """Only a version that is not in force yet, or took effect today after another one; 409 otherwise."""
    writer.require(Role.ADMIN)
    body = await read_json(request, Reason)
    await policies.withdraw(writer, version, body.why)
    return json_response(await _found(version, writer, policies, clock))


@post(
    "/api/v1/policies/{version:int}/confirm",
    status_code=200,
    summary="Confirm the legal source",
    tags=["Policies"],
    api=Api(reads=Confirmation, gives=Version, refuses=(409,)),
)
async def confirm(
    request: PageRequest, version: int, writer: Viewer, policies: Policies, clock: OfficeClock
) -> Response[bytes]:
    """Record who has compared the version in force with the legal source; 409 for another version."""
    writer.require(Role.ADMIN)
    body = await read_json(request, Confirmation)
    await policies.confirm(writer, version, body.confirmed_by, body.why)
    return json_response(await _found(version, writer, policies, clock))


async def _found(version: int, viewer: Viewer, policies: Policies, clock: OfficeClock) -> Version:
    note = next((note for note in await policies.versions(viewer) if note.version == version), None)
    office = await policies.fresh(viewer)
    if note is None or version not in office.policies:
        raise NotFound
    return _version(note, office, clock.now(), document_of(office.policies[version]))


def _version(
    note: VersionNote, office: Office, now: datetime, policy: PolicyDocument | msgspec.UnsetType = msgspec.UNSET
) -> Version:
    publisher = office.people.get(note.created_by) if note.created_by is not None else None
    return Version(
        version=note.version,
        standing=standing_of(note.version, office, now),
        effective_from=note.effective_from,
        legal_source=note.legal_source,
        why=note.why,
        created_at=note.created_at,
        created_by=Publisher(publisher.id, publisher.name) if publisher is not None else None,
        applies_to_open=note.applies_to_open,
        withdrawn_at=note.withdrawn_at,
        confirmed_by=note.confirmed_by,
        confirmed_at=note.confirmed_at,
        policy=policy,
    )


def _if_match(request: PageRequest) -> int | None:
    """The version of ``If-Match``, or None without one (a publication needs none). Raises Malformed."""
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    words = given.strip().removeprefix("W/").strip('"')
    if not (words.isascii() and words.isdigit() and len(words) < 10):
        raise Malformed("If-Match takes the ETag of the list of versions.")
    return int(words)


ROUTES: list[ControllerRouterHandler] = [list_versions, one_version, publish, withdraw, confirm]
