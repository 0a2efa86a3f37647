"""Secrets that an installation on one machine makes for itself and keeps in its DATA_DIR."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

SECRET_BYTES = 32
_HEX = "hex:"


def secret_key_of(text: str) -> bytes:
    """The key that a setting gives: its text as it stands, or ``hex:`` and the digits of an embedded service's secret.key.

    Without the latter a service could never move from the embedded servers to others. Raises ValueError for digits that are none.
    """
    return bytes.fromhex(text.removeprefix(_HEX)) if text.startswith(_HEX) else text.encode()


def kept_secret(path: Path) -> str:
    """The secret in the file, as 64 hexadecimal digits; made with mode 0600 when there is none yet.

    Two processes that start at once end with the same secret: the file is written whole under another
    name and linked into place, which only one of them can do. Raises OSError when the folder cannot be
    written.
    """
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(SECRET_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
    return path.read_text(encoding="ascii").strip()
