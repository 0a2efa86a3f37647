"""What can go wrong with files, told to whoever sends or asks for one; ``TROUBLE`` also as alarms."""

from __future__ import annotations

import errno

from complaints_service.errors import DomainError, FieldProblem, Invalid

STORAGE_ALARM = "attachments_not_stored"
DAMAGE_ALARM = "attachments_damaged"


class StorageFull(DomainError):
    """507: there is no room for files (``reason``: a short code for the alarm); texts are taken all the same."""

    status, code, title = 507, "storage_full", "Files cannot be taken at the moment"

    def __init__(self, error: OSError | None = None) -> None:
        super().__init__("Send your words without the file; you can add the file later.")
        self.headers["Retry-After"] = "300"
        self.reason = errno.errorcode.get(error.errno or 0, "OSError") if error is not None else "reserve"


class TooSlow(DomainError):
    """408: the rest of the body did not come."""

    status, code, title = 408, "too_slow", "The line was too slow"

    def __init__(self) -> None:
        super().__init__("Not everything arrived in time. Try again, with smaller files or one by one.")


class FileGone(DomainError):
    """410: what is stored is no longer the file that was sent, or is not there; the office has been told."""

    status, code, title = 410, "file_unavailable", "This file cannot be read any more"

    def __init__(self, state: str) -> None:
        details = {
            "erased": "It has been deleted, as the law asks for.",
            "missing": "It is not in its place. The administrators have been told.",
            "damaged": "It is not as it was stored, so it is not given out. The administrators have been told.",
        }
        super().__init__(details[state], code=f"file_{state}")


class Refused(Invalid):
    """422: this file is not taken; ``detail`` says what to do. For a person: ``words``, with the file's name."""

    def __init__(self, code: str, detail: str, **values: object) -> None:
        super().__init__([FieldProblem("/file", code, detail, values)])


def wrong_kind() -> Refused:
    """Neither picture nor PDF, whatever its name says."""
    return Refused("wrong_kind", "This kind of file is not taken. Send a photo (JPEG, PNG, WebP) or a PDF.")


def too_large() -> Refused:
    """Over the size."""
    return Refused("too_large", "A file may have at most {most} MB. Make it smaller or send a part of it.", most=10)


def empty() -> Refused:
    """No bytes."""
    return Refused("empty", "This file is empty. Choose it again.")


def unreadable() -> Refused:
    """Begins like a picture and is none, or not all of it."""
    return Refused("unreadable", "This picture cannot be opened. Take the photo again or choose another one.")


def too_many_pixels() -> Refused:
    """Its decoding would take too much."""
    return Refused("too_many_pixels", "This picture has too many pixels. Make it smaller and send it again.")
