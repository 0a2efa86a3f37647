"""Files as the APIs and pages tell of them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from babel.numbers import format_decimal

from complaints_service.errors import DomainError, Invalid
from complaints_service.i18n import translate
from complaints_service.tickets.attachments import Upload
from complaints_service.tickets.file import StoredAttachment

_KILO, _MEGA = 1_000, 1_000_000


class UploadAnswer(msgspec.Struct, frozen=True):
    """201 of an upload: ``id`` goes into ``attachments`` of a complaint or message within 24 hours."""

    id: str
    name: str
    size: int
    type: str


class AttachmentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a ticket. ``state``: ready, or erased, missing, damaged; ``link``: the download; ``preview``: for the office."""

    id: str
    name: str
    size: int
    type: str
    state: str
    link: str
    preview: str | msgspec.UnsetType | None = msgspec.UNSET


class FileView(msgspec.Struct, frozen=True, kw_only=True):
    """One file as a page shows it; empty addresses: there is nothing to open."""

    id: str
    name: str
    about: str
    href: str = ""
    preview: str = ""
    trouble: str = ""


KIND_WORDS = {"application/pdf": "PDF document", "image/jpeg": "photo", "image/png": "picture", "image/webp": "picture"}
TROUBLE_WORDS = {
    "erased": "This file has been deleted.",
    "missing": "This file is not there at the moment.",
    "damaged": "This file is damaged and is not given out.",
}


def upload_answer(upload: Upload) -> UploadAnswer:
    """What an upload answers: the size is that of what is kept."""
    return UploadAnswer(upload.id, upload.name, upload.size, upload.media_type)


def attachment_answers(
    files: Iterable[StoredAttachment], address: str, *, previews: bool = False
) -> tuple[AttachmentAnswer, ...]:
    """Files for JSON; ``address``: the ticket's own, to which ``/attachments/<id>`` is added."""
    return tuple(
        AttachmentAnswer(
            id=file.id,
            name=file.name,
            size=file.size,
            type=file.media_type,
            state=file.state,
            link=f"{address}/attachments/{file.id}",
            preview=(f"{address}/attachments/{file.id}/preview" if file.has_preview else None)
            if previews
            else msgspec.UNSET,
        )
        for file in files
    )


def file_views(
    files: Iterable[StoredAttachment], address: str, language: str, *, previews: bool = False
) -> list[FileView]:
    """Files for a page; ``address``: the ticket's page, to which ``/berkas/<id>`` is added."""
    views: list[FileView] = []
    for file in files:
        href = f"{address}/berkas/{file.id}"
        views.append(
            FileView(
                id=file.id,
                name=file.name or translate(language, "Deleted file"),
                about=about(file.media_type, file.size, language),
                href="" if file.erased else href,
                preview=f"{href}/pratinjau" if previews and file.has_preview and file.trouble is None else "",
                trouble=translate(language, TROUBLE_WORDS[file.state]) if file.state != "ready" else "",
            )
        )
    return views


def upload_views(uploads: Iterable[Upload], language: str) -> list[FileView]:
    """Uploads that a form keeps."""
    return [FileView(id=u.id, name=u.name, about=about(u.media_type, u.size, language)) for u in uploads]


def about(media_type: str, size: int, language: str) -> str:
    """Kind and size in words: "foto, 1,2 MB"."""
    return f"{translate(language, KIND_WORDS[media_type])}, {size_text(size, language)}"


def size_text(size: int, language: str) -> str:
    """A size as people write it."""
    locale = "id_ID" if language == "id" else "en_GB"
    if size < _MEGA:
        return f"{format_decimal(max(1, round(size / _KILO)), locale=locale)} kB"
    return f"{format_decimal(size / _MEGA, format='0.#', locale=locale)} MB"


def refusal_words(error: DomainError, language: str) -> str:
    """What a form says beside its file field."""
    if isinstance(error, Invalid):
        return " ".join(translate(language, p.detail, **p.values) for p in error.problems)
    detail = translate(language, error.detail, **error.values) if error.detail else ""
    return " ".join(part for part in (f"{translate(language, error.title)}.", detail) if part)
