"""Between values and rows: JSON record sets for the write statements, and rows back into values."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from datetime import datetime

import msgspec

from complaints_service.tickets.chain import body_text, content_digest, event_hash, joint_digest
from complaints_service.tickets.model import Complaint, Event, Ticket
from complaints_service.tickets.port import DeadlineRow, TimerRow

SALT_BYTES = 16
SEED_BYTES = 32


def _hook(value: object) -> object:
    raise NotImplementedError(f"no JSON for {type(value)}")


_encoder = msgspec.json.Encoder(enc_hook=_hook)


def as_json(rows: object) -> str:
    """JSON text for ``json_populate_recordset``; binary columns must be ``binary(...)`` already."""
    return _encoder.encode(rows).decode()


def binary(value: bytes) -> str:
    """Bytes as PostgreSQL reads them in text: ``\\x..``."""
    return "\\x" + value.hex()


def ticket_row(ticket: Ticket) -> dict[str, object]:
    """A ticket as a record of its table."""
    row = msgspec.structs.asdict(ticket)
    row["chain_seed"] = binary(ticket.chain_seed)
    row["chain_head"] = binary(ticket.chain_head)
    return row


class _TicketText(Ticket, frozen=True, kw_only=True):
    """A ticket as ``row_to_json`` writes it: bytea columns are hexadecimal text."""

    chain_seed: str  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]
    chain_head: str  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]


_ticket_decoder = msgspec.json.Decoder(_TicketText)
_deadlines_decoder = msgspec.json.Decoder(tuple[DeadlineRow, ...])
_timers_decoder = msgspec.json.Decoder(tuple[TimerRow, ...])


def ticket_from(text: str) -> Ticket:
    """A ticket from ``row_to_json``."""
    raw = msgspec.structs.asdict(_ticket_decoder.decode(text))
    raw["chain_seed"] = bytes.fromhex(str(raw["chain_seed"])[2:])
    raw["chain_head"] = bytes.fromhex(str(raw["chain_head"])[2:])
    return Ticket(**raw)


def deadlines_from(text: str) -> tuple[DeadlineRow, ...]:
    """Deadlines from ``json_agg``."""
    return _deadlines_decoder.decode(text)


def timers_from(text: str) -> tuple[TimerRow, ...]:
    """Timers from ``json_agg``."""
    return _timers_decoder.decode(text)


class Chained(msgspec.Struct, frozen=True):
    """Events closed into the chain: their rows, the rows of their words, and the new head."""

    events: list[dict[str, object]]
    messages: list[dict[str, object]]
    head: bytes


def chain_events(ticket: Ticket, events: Iterable[Event]) -> Chained:
    """Hash new events onto the ticket's head and give the rows to insert."""
    head = ticket.chain_head
    event_rows: list[dict[str, object]] = []
    message_rows: list[dict[str, object]] = []
    for event in events:
        digest = None
        if event.message is not None:
            salt = secrets.token_bytes(SALT_BYTES)
            digest = content_digest(salt, event.message.text)
            message_rows.append(
                {
                    "office_id": ticket.office_id,
                    "ticket_id": ticket.id,
                    "seq": event.seq,
                    "sender": event.message.sender,
                    "person_id": event.actor.person_id,
                    "at": event.at,
                    "released_at": event.released_at,
                    "text": event.message.text,
                    "salt": binary(salt),
                    "digest": binary(digest),
                }
            )
        row, head = event_row(ticket.office_id, ticket.id, event, head, digest)
        event_rows.append(row)
    return Chained(event_rows, message_rows, head)


def event_row(
    office_id: int, ticket_id: int, event: Event, previous: bytes, digest: bytes | None
) -> tuple[dict[str, object], bytes]:
    """The row of one event and its hash, the new head."""
    body = body_text(event.body)
    head = event_hash(previous, event.seq, event.at, event.type, event.actor.label, body, digest)
    row: dict[str, object] = {
        "office_id": office_id,
        "ticket_id": ticket_id,
        "seq": event.seq,
        "at": event.at,
        "type": event.type,
        "actor": event.actor.label,
        "person_id": event.actor.person_id,
        "body": body,
        "content_digest": None if digest is None else binary(digest),
        "hash": binary(head),
        "released_at": event.released_at,
    }
    return row, head


class Words(msgspec.Struct, frozen=True):
    """The erasable parts of a filing by column, and the digest its first event carries."""

    columns: dict[str, object]
    digest: bytes


def words_of(complaint: Complaint, phone_key: bytes | None, email_key: bytes | None) -> Words:
    """Split a complaint into its text and its reporter, each with salt and digest. Anonymous: no digest of a reporter, no row."""
    salt = secrets.token_bytes(SALT_BYTES)
    reported = " / ".join(part for part in (complaint.reported_unit, complaint.reported_person) if part) or None
    texts = (complaint.subject, complaint.description, complaint.location, complaint.occurred_on, reported)
    text_digest = content_digest(salt, *texts)
    details = (complaint.reporter_name, complaint.reporter_phone, complaint.reporter_email, complaint.reporter_whatsapp)
    reporter_salt = reporter_digest = None
    if any(details):
        reporter_salt = secrets.token_bytes(SALT_BYTES)
        reporter_digest = content_digest(reporter_salt, *details)
        digest = joint_digest(text_digest, reporter_digest)
    else:
        digest = joint_digest(text_digest)
    columns: dict[str, object] = {
        "subject": complaint.subject,
        "description": complaint.description,
        "location": complaint.location,
        "occurred_on": complaint.occurred_on,
        "reported": reported,
        "text_salt": salt,
        "text_digest": text_digest,
        "name": complaint.reporter_name,
        "phone": complaint.reporter_phone,
        "email": complaint.reporter_email,
        "whatsapp": complaint.reporter_whatsapp,
        "phone_key": phone_key,
        "email_key": email_key,
        "chat_id": complaint.chat_id,
        "reporter_salt": reporter_salt,
        "reporter_digest": reporter_digest,
    }
    return Words(columns, digest)


def fresh_seed() -> bytes:
    """The random start of a ticket's chain."""
    return secrets.token_bytes(SEED_BYTES)


def opaque_id(value: bytes) -> str:
    """Bytes as a short text for message ids: base32, lower case, no padding."""
    return base64.b32encode(value).decode().rstrip("=").lower()


def monotone(now: datetime, ticket: Ticket) -> datetime:
    """Office time for a new event of the ticket: never before its last one."""
    return max(now, ticket.last_event_at)
