"""A kiosk without a line: the page it works with meanwhile, its worker, and ``/kios/kiriman``, where its queue arrives.

Each item is sealed (``intake/kiosk/sealing.py``), counts once by the id of its form, and counts from when it was filled in.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
import structlog
from litestar import Response, get, post
from msgspec import Meta

from complaints_service.accounts.dependencies import same_origin
from complaints_service.clock import OfficeClock
from complaints_service.errors import (
    DomainError,
    FieldProblem,
    Forbidden,
    Invalid,
    KeyReused,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from complaints_service.failpoints import fp
from complaints_service.i18n import LANGUAGES, translate
from complaints_service.intake.complaint_form import to_complaint
from complaints_service.intake.kiosk.model import Device, Filing, set_right
from complaints_service.intake.kiosk.receipts import SLIP_LETTERS
from complaints_service.intake.kiosk.refused import reason_of
from complaints_service.intake.kiosk.sealing import CannotOpen, QueueKey, Sealed
from complaints_service.intake.kiosk.service import Kiosk, with_time
from complaints_service.intake.service import Intake
from complaints_service.office.model import Office
from complaints_service.public.answers import LABELS, SEND_WORDS, choices, complaint_body, no_answers
from complaints_service.public.filing_pages import filing_key
from complaints_service.public.kiosk_request import KIOSK_SCOPE, KioskRequest, kiosk_answers
from complaints_service.public.slip_code import slip_code
from complaints_service.public.web_app import worker_script
from complaints_service.tickets.filed import Filed
from complaints_service.tickets.model import Channel, Complaint
from complaints_service.web.bodies import decode_json, read_json
from complaints_service.web.i18n import switch_language
from complaints_service.web.pages import PageRequest

log = structlog.get_logger(__name__)

MOST_ITEMS = 50
# 50 complaints of 5,000 characters, whatever their script, in base64.
LARGEST_SENDING = 2_500_000


class KeptItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One item of the queue as it lies on the device."""

    client_id: UUID
    sealed: Sealed


class Sending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Part of a queue, the oldest first; ``sent_at`` is what the device's clock shows while it sends."""

    sent_at: datetime
    items: Annotated[list[KeptItem], Meta(max_length=MOST_ITEMS)]


class KeptForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was sealed: the answers as the screens had them, when, and the receipt that was given for it."""

    answers: dict[str, str]
    language: str
    filed_at: datetime
    receipt: Annotated[str, Meta(max_length=20)]
    code: Annotated[str, Meta(max_length=20)]


class KioskQueue:
    """Files what kiosks have kept."""

    def __init__(self, intake: Intake, clock: OfficeClock, key: QueueKey, kiosk: Kiosk) -> None:
        self._intake = intake
        self._clock = clock
        self._kiosk = kiosk
        self.key = key

    async def file(self, device: Device, office: Office, item: KeptItem, sent_at: datetime) -> dict[str, object]:
        """What became of one item. Raises Unavailable when nothing can be stored now; what was filed is answered again then."""
        try:
            form = decode_json(self.key.open(item.sealed, str(item.client_id)), KeptForm)
            if form.filed_at.tzinfo is None:
                raise Invalid([FieldProblem("/filed_at", "no_zone", "Write the time with its zone.")])
            filing = set_right(form.filed_at, sent_at, self._clock.now())
            filed = await self._file(office, form, str(item.client_id), filing)
        except Unavailable:
            raise
        except (CannotOpen, DomainError) as error:
            # It stays on the device; a person has to look.
            log.error("kiosk_item_refused", device=device.id, reason=type(error).__name__)
            await self._kiosk.refused.note(device, item.client_id, *reason_of(error))
            await self._kiosk.alarm(device, "kiosk_item_refused")
            return {"client_id": str(item.client_id), "status": 422}
        fp("kiosk.kept_filed")
        await self._kiosk.receipts.keep(office.id, form.receipt, form.code, filed.ticket_id)
        await self._kiosk.refused.taken(device, item.client_id)
        if filing.corrected and not filed.replayed:
            await self._kiosk.note_clock(device, filing)
        return {
            "client_id": str(item.client_id),
            "status": 200 if filed.replayed else 201,
            "number": filed.number,
        }

    async def _file(self, office: Office, form: KeptForm, client_id: str, filing: Filing) -> Filed:
        answers = kiosk_answers(form.answers)
        language = form.language if form.language in ("id", "en") else "id"
        complaint = self._complaint(office, answers, language, filing)
        complaint = with_time(complaint, form.filed_at, filing)
        try:
            return await self._intake.file_complaint(office, complaint, filing_key(KIOSK_SCOPE, client_id, answers))
        except KeyReused:
            # The page had sent this form, and the person changed it afterwards: both are words of the person's.
            key = filing_key(KIOSK_SCOPE, f"{client_id} changed", answers)
            return await self._intake.file_complaint(office, complaint, key)

    def _complaint(self, office: Office, answers: Mapping[str, str], language: str, filing: Filing) -> Complaint:
        """Nobody is there any more to correct a field: what cannot stand in its place is kept among the words. Raises Invalid."""
        now = self._clock.now()
        try:
            body = complaint_body(answers, language)
            return to_complaint(body, office, Channel.KIOSK, now=now, received_at=filing.at)
        except Invalid as invalid:
            wrong = {problem.pointer.strip("/").replace("/", ".") for problem in invalid.problems}
            body = complaint_body(_set_aside(answers, wrong, language), language)
            return to_complaint(body, office, Channel.KIOSK, now=now, received_at=filing.at)


def _set_aside(answers: Mapping[str, str], wrong: set[str], language: str) -> dict[str, str]:
    kept = dict(answers)
    for name in sorted(wrong - {"description"}):
        if name in kept:
            kept["description"] += f"\n{translate(language, LABELS[name])}: {kept[name]}"
            kept[name] = no_answers()[name]
    return kept


@post("/kios/kiriman", status_code=200, include_in_schema=False, request_max_body_size=LARGEST_SENDING)
async def queue_submit(request: PageRequest, kiosk_request: KioskRequest, kiosk_queue: KioskQueue) -> Response[bytes]:
    """A result for each item, in the same order: 201 filed, 200 filed before, 422 not to be had. Any other answer: send again later."""
    if not same_origin(request):
        raise Forbidden("Send this from the office's own page.", code="cross_site")
    device = await kiosk_request.device(request)
    if device is None:
        raise Unauthenticated("This kiosk has to be registered again.")
    sending = await read_json(request, Sending)
    if sending.sent_at.tzinfo is None:
        raise Invalid([FieldProblem("/sent_at", "no_zone", "Write the time with its zone.")])
    office = await kiosk_request.offices.current(device.office_id)
    results = [await kiosk_queue.file(device, office, item, sending.sent_at) for item in sending.items]
    return Response(msgspec.json.encode({"items": results}), media_type="application/json")


@get("/kios/luring/{language:str}", include_in_schema=False)
async def offline_page(
    request: PageRequest, language: str, kiosk_request: KioskRequest, kiosk_queue: KioskQueue
) -> Response[bytes]:
    """All screens in one page that needs no line. It holds nothing of anybody; the device's worker keeps it in both languages."""
    if language not in LANGUAGES:
        raise NotFound
    switch_language(request, language)
    office = await kiosk_request.offices.current()
    context = {
        **kiosk_request.qr(request, "/"),
        "slip_code": await asyncio.to_thread(slip_code, f"{kiosk_request.settings.base_url}/s/", SLIP_LETTERS),
        "answers": no_answers(),
        "categories": choices(office, language)["categories"],
        "send_label": translate(language, SEND_WORDS["complaint"]),
        "queue_key": base64.b64encode(kiosk_queue.key.public).decode(),
    }
    return await kiosk_request.show(request, "kiosk/offline.html", context)


@get("/kios/pekerja.js", include_in_schema=False)
async def kiosk_worker(request: PageRequest) -> Response[bytes]:
    """The device's service worker; its text changes with every version of the files, so that the browser takes the new one."""
    return worker_script(request, "js/kiosk/worker.js", scope="/kios")
