"""Reads ``multipart/form-data`` to disk as it comes in: nothing of a file is held in memory, and every kind of too much has an end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, cast

import msgspec
from litestar.exceptions import ClientException
from multipart import (
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,  # pyright: ignore[reportUnknownVariableType]
)

from complaints_service.errors import DomainError, Malformed, TooLarge
from complaints_service.intake.attachments.rules import MOST_BYTES, MOST_FILES
from complaints_service.intake.attachments.storage import Storage
from complaints_service.intake.attachments.trouble import StorageFull, TooSlow
from complaints_service.web.pages import PageRequest
from complaints_service.web.problems import UnsupportedMedia

# The largest form has some twenty fields; 10,000 empty parts are somebody who wants to see us sweat.
MOST_PARTS = 100
# What all fields of a form without its files may take, as in public/requests.
MOST_FIELD_BYTES = 200_000
# A piece of the body has to come within this time, the whole of it within the other: a slow line is welcome, a slow loris is not.
PIECE_SECONDS = 30.0
WHOLE_SECONDS = 900.0
# Room around the files of a whole form, and around the one of the API.
LARGEST_FORM_WITH_FILES = (MOST_FILES + 1) * MOST_BYTES
LARGEST_UPLOAD = MOST_BYTES + 256 * 1024
_WRITE_BYTES = 512 * 1024
_SMALLER = "A file may have at most {most} MB. Make it smaller or send a part of it."

Gate = Callable[[], Awaitable[None]]


class ReceivedFile(msgspec.Struct, frozen=True):
    """One file as it came; ``path`` None: it was larger than is taken, and its content was let go."""

    field: str
    name: str
    size: int
    path: Path | None


class Received(msgspec.Struct):
    """A form: its fields in order, its files, and why files were let go, if they were."""

    fields: list[tuple[str, str]] = []
    files: list[ReceivedFile] = []
    # Files beyond the tenth, whose content was let go.
    surplus: int = 0
    refusal: DomainError | None = None


@asynccontextmanager
async def receiving(
    request: PageRequest, storage: Storage, gate: Gate, *, keeps_fields: bool
) -> AsyncGenerator[Received]:
    """The form of a request; what is left of its files is deleted at the end.

    ``gate`` is asked before each file and may raise a DomainError. With ``keeps_fields`` that becomes ``refusal`` and the rest of
    the form is read all the same, so that no word a person wrote is lost; without, it ends the request at once. Raises Malformed,
    UnsupportedMedia, TooLarge, TooSlow, StorageFull.
    """
    boundary = _boundary(request.headers.get("content-type", ""))
    if not boundary:
        raise UnsupportedMedia("Send the file as multipart/form-data, in the field “file”.")
    receiver = _Receiver(storage, gate, keeps_fields=keeps_fields)
    try:
        await receiver.read(request, boundary)
        yield receiver.received
    finally:
        await receiver.clean_up()


def is_multipart(request: PageRequest) -> bool:
    """Whether the body is a form that may hold files."""
    return bool(_boundary(request.headers.get("content-type", "")))


def _boundary(content_type: str) -> str:
    kind, options = cast("tuple[str, dict[str, str]]", parse_options_header(content_type))
    return options.get("boundary", "") if kind.lower() == "multipart/form-data" else ""


class _Receiver:
    def __init__(self, storage: Storage, gate: Gate, *, keeps_fields: bool) -> None:
        self.received = Received()
        self._storage = storage
        self._gate = gate
        self._keeps_fields = keeps_fields
        self._paths: list[Path] = []
        self._file: BinaryIO | None = None
        self._segment: MultipartSegment | None = None
        self._buffer = bytearray()
        self._size = 0
        self._field_bytes = 0

    async def read(self, request: PageRequest, boundary: str) -> None:
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                with PushMultipartParser(boundary, max_segment_count=MOST_PARTS, max_header_size=4_096) as parser:
                    async for piece in _pieces(request):
                        for event in parser.parse(piece):
                            await self._take(event)
        except MultipartError as error:
            raise Malformed("The form cannot be read. Load the page again and send it once more.") from error
        except TimeoutError as error:
            raise TooSlow from error

    async def clean_up(self) -> None:
        if self._file is not None:
            self._file.close()
        for path in self._paths:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        if isinstance(event, MultipartSegment):
            self._segment, self._size, self._buffer = event, 0, bytearray()
            if event.filename:
                await self._begin_file()
        elif event is not None:
            await self._take_bytes(event)
        elif self._segment is not None:
            await self._end_part(self._segment)
            self._segment = None

    async def _begin_file(self) -> None:
        received = self.received
        if len(received.files) >= MOST_FILES:
            received.surplus += 1
            return
        if received.refusal is not None:
            return
        try:
            await self._gate()
        except DomainError as error:
            self._refuse(error)
            return
        try:
            self._file, path = await asyncio.to_thread(self._storage.new_file)
            self._paths.append(path)
        except OSError as error:
            self._refuse(StorageFull(error))

    async def _take_bytes(self, piece: bytes | bytearray) -> None:
        self._size += len(piece)
        if self._segment is not None and not self._segment.filename:
            self._field_bytes += len(piece)
            if self._field_bytes > MOST_FIELD_BYTES:
                raise TooLarge
            self._buffer += piece
        elif self._file is not None:
            if self._size > MOST_BYTES:
                self._let_go()
                return
            self._buffer += piece
            if len(self._buffer) >= _WRITE_BYTES:
                await self._write(self._file)

    async def _write(self, file: BinaryIO) -> None:
        piece, self._buffer = self._buffer, bytearray()
        try:
            await asyncio.to_thread(file.write, piece)
        except OSError as error:
            self._let_go()
            self._refuse(StorageFull(error))

    async def _end_part(self, segment: MultipartSegment) -> None:
        if not segment.filename:
            # A file field that was left empty comes without a name and without bytes.
            if segment.filename is None:
                self.received.fields.append((segment.name or "", _text(self._buffer)))
            return
        file, path = self._file, self._paths[-1] if self._file is not None else None
        if file is not None:
            await self._write(file)
        if self._file is not None:
            self._file = None
            try:
                await asyncio.to_thread(self._file_done, file)
            except OSError as error:
                self._refuse(StorageFull(error))
                return
            self.received.files.append(ReceivedFile(segment.name or "", segment.filename, self._size, path))
        elif self._size > MOST_BYTES and self.received.refusal is None:
            self.received.files.append(ReceivedFile(segment.name or "", segment.filename, self._size, None))

    @staticmethod
    def _file_done(file: BinaryIO | None) -> None:
        if file is not None:
            file.close()

    def _let_go(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
        self._buffer = bytearray()

    def _refuse(self, error: DomainError) -> None:
        if not self._keeps_fields:
            raise error
        self.received.refusal = error


def _text(raw: bytearray) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Malformed("The text is not valid UTF-8. Send the request in UTF-8.", code="not_utf8") from error


async def _pieces(request: PageRequest) -> AsyncIterator[bytes]:
    """The body as it comes; a pause of more than ``PIECE_SECONDS`` ends it (TimeoutError)."""
    body = request.stream()
    while True:
        try:
            async with asyncio.timeout(PIECE_SECONDS):
                piece = await anext(body, None)
        except ClientException as error:
            if error.status_code == 413:
                raise TooLarge(_SMALLER, most=MOST_BYTES // 1024**2) from error
            raise
        if piece is None:
            return
        yield piece
