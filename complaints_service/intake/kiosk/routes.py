"""``POST /api/v1/kiosk/complaints`` for devices, ``/api/v1/devices`` for administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.errors import DomainError, Unauthenticated
from complaints_service.intake.kiosk.batch import Batch, split
from complaints_service.intake.kiosk.model import Device
from complaints_service.intake.kiosk.service import Kiosk, Result
from complaints_service.intake.web.answers import filed_answer
from complaints_service.office.model import Role
from complaints_service.settings import Settings
from complaints_service.tickets.filed import PromisedDeadline
from complaints_service.web.bodies import read_json
from complaints_service.web.i18n import language_of
from complaints_service.web.operations import Api, Items, Problem, Proof
from complaints_service.web.problems import problem_body

AnyRequest = Request[Any, Any, Any]

# 200 complaints of 5,000 characters, whatever their script.
LARGEST_BATCH = 6_000_000


class ItemAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one item. ``status``: 201 filed, 200 filed before (both with the receipt), or that of the ``problem``."""

    client_id: str | None
    status: int
    problem: Problem | msgspec.UnsetType = msgspec.UNSET
    number: str | msgspec.UnsetType = msgspec.UNSET
    tracking_code: str | msgspec.UnsetType = msgspec.UNSET
    kind: str | msgspec.UnsetType = msgspec.UNSET
    category: str | msgspec.UnsetType | None = msgspec.UNSET
    unit: str | msgspec.UnsetType = msgspec.UNSET
    received_at: datetime | msgspec.UnsetType = msgspec.UNSET
    deadlines: tuple[PromisedDeadline, ...] | msgspec.UnsetType = msgspec.UNSET
    links: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    filed_at_corrected: bool | msgspec.UnsetType = msgspec.UNSET


class BatchAnswer(msgspec.Struct, frozen=True):
    """In the order of the items."""

    items: list[ItemAnswer]


class NewDevice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``name``: where the kiosk stands."""

    name: str


class DeviceAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A kiosk; ``token`` only in the answer that makes it."""

    id: int
    name: str
    created_at: datetime
    revoked_at: datetime | None
    seen_at: datetime | None
    token: str | None = None


@post(
    "/api/v1/kiosk/complaints",
    status_code=200,
    request_max_body_size=LARGEST_BATCH,
    tags=["Machines"],
    summary="Complaints that a kiosk has collected",
    api=Api(reads=Batch, gives=BatchAnswer, by=Proof.DEVICE),
)
async def file_from_kiosk(request: AnyRequest, kiosk: Kiosk, settings: Settings) -> Response[BatchAnswer]:
    """A result for each item, in the same order: ``status`` 201 filed, 200 filed before, or a problem with its own status."""
    device = await _device(request, kiosk)
    results = await kiosk.file_all(device, split(await request.body()))
    language = language_of(request)
    items = [_item(result, settings.base_url, language) for result in results]
    return Response(BatchAnswer(items), headers={"Cache-Control": "no-store"})


@get("/api/v1/devices", tags=["Devices"], summary="Kiosks of the office")
async def devices(viewer: Viewer, kiosk: Kiosk) -> Items[DeviceAnswer]:
    """All of them, revoked ones too; there is never a second page. Administrators only."""
    viewer.require(Role.ADMIN)
    return Items([_answer(device) for device in await kiosk.devices(viewer.office)])


@post("/api/v1/devices", status_code=201, tags=["Devices"], summary="Add a kiosk", api=Api(reads=NewDevice))
async def add_device(request: AnyRequest, writer: Viewer, kiosk: Kiosk) -> Response[DeviceAnswer]:
    """The answer holds the device's token, this once. Administrators only."""
    writer.require(Role.ADMIN)
    new = await read_json(request, NewDevice)
    device, token = await kiosk.create_device(writer.office, new.name)
    return Response(_answer(device, token), status_code=201, headers={"Cache-Control": "no-store"})


@delete("/api/v1/devices/{device_id:int}", status_code=204, tags=["Devices"], summary="Revoke a kiosk")
async def revoke_device(writer: Viewer, kiosk: Kiosk, device_id: int) -> None:
    """Its token works no more; what it has filed stays. Administrators only."""
    writer.require(Role.ADMIN)
    await kiosk.revoke_device(writer.office, device_id)


async def _device(request: AnyRequest, kiosk: Kiosk) -> Device:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    device = await kiosk.device_for(token.strip()) if scheme.lower() == "bearer" and token.strip() else None
    if device is None:
        raise Unauthenticated("Send the token of this kiosk as Authorization: Bearer; it may have been revoked.")
    return device


def _answer(device: Device, token: str | None = None) -> DeviceAnswer:
    return DeviceAnswer(
        id=device.id,
        name=device.name,
        created_at=device.created_at,
        revoked_at=device.revoked_at,
        seen_at=device.seen_at,
        token=token,
    )


def _item(result: Result, base_url: str, language: str) -> ItemAnswer:
    if isinstance(result.outcome, DomainError):
        body = msgspec.convert(problem_body(result.outcome, language), Problem)
        return ItemAnswer(client_id=result.client_id, status=result.outcome.status, problem=body)
    receipt = filed_answer(result.outcome, base_url)
    # ``status`` is that of the item, as for every item of a list of results; a ticket just filed is always "received".
    return ItemAnswer(
        client_id=result.client_id,
        status=200 if result.outcome.replayed else 201,
        number=receipt.number,
        tracking_code=receipt.tracking_code,
        kind=receipt.kind,
        category=receipt.category,
        unit=receipt.unit,
        received_at=receipt.received_at,
        deadlines=receipt.deadlines,
        links=receipt.links,
        filed_at_corrected=result.corrected,
    )


ROUTES: list[ControllerRouterHandler] = [file_from_kiosk, devices, add_device, revoke_device]
