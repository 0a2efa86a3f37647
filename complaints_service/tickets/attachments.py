"""Files of a ticket, as the heart sees them: uploads that a filing or a message claims, and what the chain holds of each (D10, D13).

How files are received, checked and kept is the doors' business (``intake/attachments``); here are rows only.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import cast

import asyncpg
import msgspec

from complaints_service.database import queries
from complaints_service.errors import FieldProblem, Invalid
from complaints_service.tickets.chain import content_digest
from complaints_service.tickets.rows import SALT_BYTES, as_json, binary

MOST_FILES = 10
UPLOAD_ID = re.compile(r"up_[0-9a-z]{26}")


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was received and checked and that nobody has claimed yet; ``preview_*`` None: there is nothing to look at inline."""

    id: str
    name: str
    media_type: str
    size: int
    sha256: bytes
    storage_key: str
    preview_size: int | None = None
    preview_sha256: bytes | None = None


class ClaimedFile(msgspec.Struct, frozen=True):
    """An upload on its way into a ticket, with the digest that its event carries."""

    upload: Upload
    salt: bytes
    digest: bytes

    def chained(self) -> dict[str, object]:
        """What the event's body holds: nothing personal, and nothing from which the content could be guessed after erasure."""
        return {"type": self.upload.media_type, "size": self.upload.size, "digest": self.digest.hex()}


def attachment_digest(salt: bytes, name: str, media_type: str, size: int, sha256: bytes) -> bytes:
    """The salted digest over everything that must not be exchanged unseen."""
    return content_digest(salt, name, media_type, str(size), sha256.hex())


def unknown_uploads(indexes: Sequence[int]) -> Invalid:
    """422 that names the uploads which are unknown, expired, or already used."""
    detail = "There is no such upload; send the file again."
    return Invalid([FieldProblem(f"/attachments/{index}", "unknown_upload", detail) for index in indexes])


async def claim(connection: asyncpg.Connection, ids: Sequence[str]) -> list[ClaimedFile]:
    """Hold uploads for this transaction, in the order given. Raises Invalid that names each one that cannot be had."""
    if not ids:
        return []
    askable = [upload_id for upload_id in ids if UPLOAD_ID.fullmatch(upload_id)]
    held = {
        row["id"]: Upload(**dict(row)) async for row in queries("attachments").hold_uploads(connection, ids=askable)
    }
    claimed: list[ClaimedFile] = []
    unknown: list[int] = []
    for index, upload_id in enumerate(ids):
        # Taken out, so that the same file named twice is refused the second time.
        upload = held.pop(upload_id, None)
        if upload is None:
            unknown.append(index)
            continue
        salt = secrets.token_bytes(SALT_BYTES)
        digest = attachment_digest(salt, upload.name, upload.media_type, upload.size, upload.sha256)
        claimed.append(ClaimedFile(upload, salt, digest))
    if unknown:
        raise unknown_uploads(unknown)
    return claimed


def with_files(body: dict[str, object], files: Sequence[ClaimedFile]) -> dict[str, object]:
    """An event's body that also covers its files."""
    return body | {"attachments": [file.chained() for file in files]}


async def attach(
    connection: asyncpg.Connection, office_id: int, ticket_id: int, seq: int, files: Sequence[ClaimedFile]
) -> None:
    """Write the attachments of event ``seq`` in the transaction that holds their uploads, which are gone with it."""
    rows: list[dict[str, object]] = []
    for position, file in enumerate(files):
        row: dict[str, object] = msgspec.structs.asdict(file.upload)
        row["sha256"] = binary(file.upload.sha256)
        row["preview_sha256"] = None if file.upload.preview_sha256 is None else binary(file.upload.preview_sha256)
        row |= {
            "office_id": office_id,
            "ticket_id": ticket_id,
            "seq": seq,
            "position": position,
            "salt": binary(file.salt),
            "digest": binary(file.digest),
        }
        rows.append(row)
    await queries("attachments").attach(connection, rows=as_json(rows))


class _Chained(msgspec.Struct, frozen=True):
    digest: str
    type: str
    size: int


class _Body(msgspec.Struct, frozen=True):
    attachments: tuple[_Chained, ...] = ()


_bodies = msgspec.json.Decoder(_Body)


def files_fit(body: str, rows: Sequence[asyncpg.Record]) -> bool:
    """Whether the attachment rows of an event are those that its body, and so the chain, holds (``chained_page`` selects them)."""
    chained = _bodies.decode(body).attachments
    if [row["position"] for row in rows] != list(range(len(chained))):
        return False
    for row, held in zip(rows, chained, strict=True):
        digest = cast("bytes", row["digest"])
        if digest.hex() != held.digest or row["media_type"] != held.type or row["size"] != held.size:
            return False
        parts = (row["salt"], row["name"], row["media_type"], row["size"])
        if not row["erased"] and attachment_digest(*parts, row["sha256"]) != digest:
            return False
    return True
