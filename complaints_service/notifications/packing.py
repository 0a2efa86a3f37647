"""A claimed row made ready to leave: facts, words, link, address. The last look at the database before the hand-over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from complaints_service.database import Database, Scope, queries
from complaints_service.keys import Keys
from complaints_service.notifications import composing
from complaints_service.notifications.email import Envelope, Sealed, UnusableAddress, seal
from complaints_service.notifications.facts import Addressed, Claimed
from complaints_service.notifications.kinds import ACTING, MessageKind, Recipient, Way
from complaints_service.notifications.letterhead import Letterhead, Logo
from complaints_service.notifications.links import Links
from complaints_service.notifications.loading import further, gather
from complaints_service.notifications.message_ids import MessageIds
from complaints_service.notifications.owed import NotOwed, Unreachable, judge
from complaints_service.notifications.person_ways import other_way_of
from complaints_service.notifications.push import Push, push_of
from complaints_service.notifications.rendering import Renderer
from complaints_service.notifications.store import CANCELLED, DEAD
from complaints_service.notifications.whatsapp import Parcel
from complaints_service.office.store import OfficeStore
from complaints_service.settings import Settings, WhatsAppProvider

if TYPE_CHECKING:
    from asyncpg import Connection

_PAGES = {MessageKind.ALARM: "/admin", MessageKind.ROLL_UP: "/desk?overdue=true", MessageKind.DIGEST: "/desk"}
_FENCED = "fenced"
_TURNED = ":turned"


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """Ready to leave, by one of the ways."""

    mail: Sealed | None = None
    parcel: Parcel | None = None
    push: Push | None = None


class Settled(msgspec.Struct, frozen=True):
    """Nothing will leave: ``cancelled`` or ``dead`` with the reason, or ``fenced``: the lease is somebody else's."""

    state: str
    reason: str


class Packer:
    """Renders at sending: codes, tokens, names and texts exist only here and in the message."""

    def __init__(
        self,
        database: Database,
        offices: OfficeStore,
        keys: Keys,
        settings: Settings,
        links: Links,
        renderer: Renderer,
        ids: MessageIds,
    ) -> None:
        self._database = database
        self._offices = offices
        self._keys = keys
        self._settings = settings
        self._links = links
        self._renderer = renderer
        self._ids = ids
        self._letterhead = Letterhead(database, settings.mail_from)

    async def pack(self, row: Claimed) -> Packed | Settled:
        """Look, judge, make the link, fence and render. Whatever the row or a template does wrong is raised, and nothing has left."""
        office = await self._offices.current(row.office_id)
        logo = await self._letterhead.of(office) if row.way == Way.EMAIL else None
        async with self._database.transaction(Scope.system()) as connection:
            message = await gather(connection, row, office)
            verdict = judge(message)
            if isinstance(verdict, NotOwed):
                return Settled(CANCELLED, verdict.value)
            if isinstance(verdict, Unreachable):
                return Settled(DEAD, verdict.value)
            more = await further(connection, message)
            if more is None:
                return Settled(CANCELLED, NotOwed.NOTHING_LEFT.value)
            url = await self._url(connection, message)
            try:
                packed = self._render(message, more, url, logo)
            except UnusableAddress as error:
                return Settled(DEAD, str(error))
            held = await queries("outbox").hand_over(
                connection,
                office_id=row.office_id,
                id=row.id,
                token=row.token,
                lease_seconds=self._settings.lease_seconds,
            )
            return packed if held is not None else Settled(_FENCED, "lease_lost")

    async def _url(self, connection: Connection, message: Addressed) -> str:
        """Where the one button leads; the token in it is made now and stored hashed."""
        row, ticket, base = message.row, message.ticket, self._settings.base_url
        if row.kind == MessageKind.RECEIPTS:
            return f"{base}/lacak"
        if ticket is None:
            return base + _PAGES.get(MessageKind(row.kind), "/desk")
        if row.recipient in (Recipient.REPORTER, Recipient.CHAT):
            token = await self._links.for_reporter(connection, row.office_id, ticket, row.id)
            return f"{base}/m/{token}"
        if row.kind in ACTING and message.person is not None:
            token = await self._links.for_person(connection, row.office_id, ticket, message.person.id, row.id)
            return f"{base}/a/{token}"
        return f"{base}/desk/t/{ticket.number}"

    def _render(self, message: Addressed, more: dict[str, object], url: str, logo: Logo | None) -> Packed:
        row, office = message.row, message.office
        if row.way == Way.PUSH:
            return Packed(push=push_of(message))
        language = composing.language_of(message)
        values = composing.context(message, more, url, self._settings.base_url, self._keys)
        if row.way == Way.WHATSAPP:
            return self._parcel(message, values, language)
        to = row.address or ""
        if row.recipient == Recipient.PERSON and message.person is not None:
            to = message.person.email or ""
        elif row.recipient == Recipient.REPORTER and message.ticket is not None:
            to = message.ticket.email or ""
        envelope = Envelope(
            to=to,
            to_name=message.person.name if message.person is not None else "",
            sender=self._settings.mail_from,
            sender_name=office.name,
            message_id=row.message_id,
            thread_root=self._ids.thread_root(office.id, row.ticket_id) if row.ticket_id is not None else None,
            language=language,
            mail=self._renderer.email(composing.template_of(message), values, language, office.time_zone, logo),
        )
        return Packed(mail=seal(envelope))

    def _parcel(self, message: Addressed, values: dict[str, object], language: str) -> Packed:
        chat, zone = message.chat, message.office.time_zone
        reference = message.row.message_id.strip("<>")
        if message.row.recipient == Recipient.PERSON and message.person is not None:
            said = self._renderer.chat(composing.template_of(message), values, language, zone)
            return Packed(
                parcel=Parcel(to=(message.person.whatsapp or "").lstrip("+"), message=said, reference=reference)
            )
        if chat is None or chat.provider != self._settings.whatsapp_provider:
            raise LookupError("the chat belongs to another gateway")
        if message.row.kind == MessageKind.CHAT:
            params, own, choices = composing.chat_turn(message)
            said = self._renderer.chat_turn(params.template, values | own, choices, language, zone)
        else:
            said = self._renderer.chat(composing.template_of(message), values, language, zone)
        return Packed(parcel=Parcel(to=chat.address, message=said, reference=reference))

    async def other_way(self, row: Claimed) -> None:
        """This way cannot reach the receiver: the same news by the other, if there is one and it is not on its way already."""
        if row.recipient == Recipient.PERSON:
            await self._other_way_to_person(row)
            return
        if row.way != Way.WHATSAPP or row.ticket_id is None or row.kind == MessageKind.CHAT:
            return
        office = await self._offices.current(row.office_id)
        async with self._database.transaction(Scope.system()) as connection:
            message = await gather(connection, row, office)
            if message.ticket is None or not message.ticket.email:
                return
            key = row.dedupe_key.rpartition(":")[0] + ":reporter"
            await queries("outbox").put(
                connection,
                office_id=row.office_id,
                ticket_id=row.ticket_id,
                event_seq=row.event_seq,
                dedupe_key=key,
                kind=row.kind,
                way=Way.EMAIL.value,
                recipient=Recipient.REPORTER.value,
                person_id=None,
                address=None,
                params=row.params,
                message_id=self._ids.for_row(key),
            )

    async def _other_way_to_person(self, row: Claimed) -> None:
        """The row itself turns to the other way, once: an alarm about the dead way stands already."""
        office = await self._offices.current(row.office_id)
        person = office.people.get(row.person_id) if row.person_id is not None else None
        other = other_way_of(person, row.way) if person is not None else None
        if (
            other is None
            or row.dedupe_key.endswith(_TURNED)
            or (other is Way.WHATSAPP and self._settings.whatsapp_provider is WhatsAppProvider.NONE)
        ):
            return
        twin = row.dedupe_key.removesuffix(f":{Way.WHATSAPP.value}")
        twin = twin if other is Way.EMAIL else f"{twin}:{other.value}"
        async with self._database.transaction(Scope.system()) as connection:
            await queries("outbox").turn(
                connection, office_id=row.office_id, id=row.id, way=other.value, turned=_TURNED, twin=twin
            )
