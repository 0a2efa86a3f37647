"""Number or code lost: the links of a contact's open cases go to the contact on file, never to the one that was typed (API.md).

Nobody learns whether a contact is known: every request asks the database the same one thing before it is answered, and the
search begins when the answer has left.
"""

from __future__ import annotations

from datetime import UTC
from typing import Annotated

import msgspec
import structlog
from litestar import Response, post
from litestar.background_tasks import BackgroundTask
from litestar.di import Provide
from msgspec import Meta

from complaints_service.database import UNAVAILABLE, Database, Scope, queries
from complaints_service.errors import FieldProblem, Invalid
from complaints_service.i18n import translate
from complaints_service.intake.complaint_form import clean, normalized_phone
from complaints_service.keys import Keys
from complaints_service.notifications.message_ids import MessageIds
from complaints_service.office.store import OfficeStore
from complaints_service.settings import Settings
from complaints_service.waker import Waker
from complaints_service.web.bodies import read_json
from complaints_service.web.i18n import language_of
from complaints_service.web.operations import Api
from complaints_service.web.pages import PageRequest
from complaints_service.web.rate_limits import Limit, limited

log = structlog.get_logger(__name__)

CONTACT_MOST = 254
ANSWER = "If open cases are kept under this contact, a link to each of them is on its way to the contact that we have on file."


class RecoverBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An e-mail address, or a telephone number in any format."""

    contact: Annotated[str, Meta(max_length=CONTACT_MOST, extra_json_schema={"minLength": 1})]


class Recovering(msgspec.Struct, frozen=True):
    """The same words for everybody."""

    detail: str


class Recovery:
    """Sends the links of open cases again: one message a case and hour of office time, however often it is asked for."""

    def __init__(self, database: Database, offices: OfficeStore, keys: Keys, settings: Settings, waker: Waker) -> None:
        self._database = database
        self._offices = offices
        self._keys = keys
        self._ids = MessageIds(keys, settings.mail_from)
        self._waker = waker

    async def begin(self, contact: str) -> BackgroundTask:
        """What is to run when the answer has left. Raises what asyncpg raises when the database is away."""
        async with self._database.connection() as connection:
            at = await queries("office").office_time(connection)
        return BackgroundTask(self._finish, contact, f"{at.astimezone(UTC):%Y-%m-%dT%H}")

    async def _finish(self, contact: str, hour: str) -> None:
        try:
            queued = await self.send(contact, hour)
        except UNAVAILABLE as error:
            # The answer is out: all that is left is to tell the operator. Nothing was promised, and asking again helps.
            log.warning("recovery_failed", error=type(error).__name__)
        else:
            log.info("recovery", queued=queued)

    async def send(self, contact: str, hour: str) -> int:
        """Queue what this hour (office time, UTC) has not seen yet; the number of new messages."""
        office = await self._offices.current()
        queued = 0
        async with self._database.transaction(Scope.system()) as connection:
            found = queries("recover").open_cases(
                connection, office_id=office.id, contact_key=contact_key(self._keys, contact)
            )
            for ticket_id, by_email, chat_id in [tuple(row) async for row in found]:
                way, recipient = ("email", "reporter") if by_email else ("whatsapp", "chat")
                key = f"{ticket_id}:recovery:{hour}:{recipient}"
                put = await queries("recover").put(
                    connection,
                    office_id=office.id,
                    ticket_id=ticket_id,
                    dedupe_key=key,
                    way=way,
                    recipient=recipient,
                    chat_id=None if by_email else chat_id,
                    message_id=self._ids.for_row(key),
                )
                queued += put is not None
        if queued:
            self._waker.wake()
        return queued


def contact_key(keys: Keys, contact: str) -> bytes:
    """The blind index under which a filing keeps this contact (``tickets/filing.py``)."""
    cleaned = clean(contact) or ""
    if "@" in cleaned:
        return keys.digest("email", cleaned.lower())
    return keys.digest("phone", normalized_phone(cleaned) or cleaned)


def recovery(database: Database, offices: OfficeStore, keys: Keys, settings: Settings, waker: Waker) -> Recovery:
    """The use case as a dependency of the routes that need it."""
    return Recovery(database, offices, keys, settings, waker)


PROVIDE_RECOVERY = Provide(recovery, sync_to_thread=False)


@post(
    "/api/v1/complaints/recover",
    guards=[limited(Limit.LOOKUP)],
    dependencies={"recovery": PROVIDE_RECOVERY},
    status_code=202,
    summary="Get the links to one's open cases again",
    api=Api(reads=RecoverBody, gives=Recovering, refuses=(429,)),
)
async def recover(request: PageRequest, recovery: Recovery) -> Response[bytes]:
    """202 whether the contact is known or not; the links go to the contact on file."""
    body = await read_json(request, RecoverBody)
    if clean(body.contact) is None:
        raise Invalid([FieldProblem("/contact", "missing_field", "This field is required.")])
    answer = msgspec.json.encode(Recovering(translate(language_of(request), ANSWER)))
    background = await recovery.begin(body.contact)
    return Response(answer, status_code=202, media_type="application/json", background=background)
