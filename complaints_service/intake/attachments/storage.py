"""Files under DATA_DIR/attachments: written whole and synced before any row tells of them, never moved or changed afterwards.

``incoming/`` holds what is being received or looked at; ``ab/<storage key>-<SHA-256>`` is for good. The key is random and belongs to
one upload, so nothing is ever shared between tickets. All functions block: call them in a thread.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

import msgspec

from complaints_service.clock import machine_now

_CHUNK = 256 * 1024
_FILE = re.compile(r"(?P<key>[0-9a-f]{32})-[0-9a-f]{64}")
BUCKETS = 256


class FileMissing(Exception):
    """The file that a row tells of is not there."""


class FileDamaged(Exception):
    """The file is not the one that was stored."""


class Stored(msgspec.Struct, frozen=True):
    """A file that is there for good."""

    size: int
    sha256: bytes


class Storage:
    """The folder of one installation."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "attachments"
        self.incoming = self.folder / "incoming"

    def free_bytes(self) -> int:
        """What is left on the disk. Raises OSError when the folder cannot be made."""
        self._prepare()
        return shutil.disk_usage(self.folder).free

    def new_file(self, suffix: str = "") -> tuple[BinaryIO, Path]:
        """An empty file in ``incoming``. Raises OSError."""
        self._prepare()
        descriptor, name = tempfile.mkstemp(suffix, dir=self.incoming)
        return os.fdopen(descriptor, "wb"), Path(name)

    def keep(self, path: Path, key: str) -> Stored:
        """Move a finished file to its place for good: hashed, synced, renamed, and the folder synced. Raises OSError."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
            size = file.tell()
            os.fsync(file.fileno())
        place = self.path_of(key, digest)
        if not place.parent.is_dir():
            place.parent.mkdir(mode=0o700, exist_ok=True)
            _sync_folder(self.folder)
        path.rename(place)
        _sync_folder(place.parent)
        return Stored(size, digest)

    def path_of(self, key: str, sha256: bytes) -> Path:
        """Where a file lies: made of random and hash only, of nothing that anybody has sent."""
        return self.folder / key[:2] / f"{key}-{sha256.hex()}"

    def open_whole(self, key: str, sha256: bytes, size: int) -> BinaryIO:
        """The file, read through once and found to be the one that was stored. Raises FileMissing, FileDamaged."""
        try:
            file = self.path_of(key, sha256).open("rb")
        except OSError as error:
            raise FileMissing from error
        try:
            whole = os.fstat(file.fileno()).st_size == size and hashlib.file_digest(file, "sha256").digest() == sha256
        except OSError:  # the disk cannot read it any more
            whole = False
        if not whole:
            file.close()
            raise FileDamaged
        file.seek(0)
        return file

    def check(self, key: str, sha256: bytes, size: int, *, whole: bool) -> None:
        """As ``open_whole`` without keeping it open; ``whole`` False compares the size only. Raises FileMissing, FileDamaged."""
        if whole:
            self.open_whole(key, sha256, size).close()
            return
        try:
            found = self.path_of(key, sha256).stat().st_size
        except OSError as error:
            raise FileMissing from error
        if found != size:
            raise FileDamaged

    def remove(self, key: str) -> None:
        """Delete every file of a storage key; what is not there is no error."""
        with contextlib.suppress(FileNotFoundError):
            for path in (self.folder / key[:2]).glob(f"{key}-*"):
                path.unlink(missing_ok=True)

    def keys_in(self, bucket: int, older_than_seconds: float) -> set[str]:
        """Storage keys in one of the ``BUCKETS`` folders, of files that are not brand new (their row may still be coming)."""
        latest = machine_now().timestamp() - older_than_seconds
        found: set[str] = set()
        with contextlib.suppress(FileNotFoundError), os.scandir(self.folder / f"{bucket:02x}") as entries:
            for entry in entries:
                match = _FILE.fullmatch(entry.name)
                if match and entry.stat().st_mtime < latest:
                    found.add(match["key"])
        return found

    def clear_incoming(self, older_than_seconds: float) -> int:
        """Delete what a killed process has left half received; the number of files."""
        latest = machine_now().timestamp() - older_than_seconds
        removed = 0
        with contextlib.suppress(FileNotFoundError):
            for path in self.incoming.iterdir():
                with contextlib.suppress(FileNotFoundError):
                    if path.stat().st_mtime < latest:
                        path.unlink()
                        removed += 1
        return removed

    def _prepare(self) -> None:
        if not self.incoming.is_dir():
            self.incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync_folder(self.folder)


def new_key() -> str:
    """128 random bits."""
    return secrets.token_hex(16)


def head_and_tail(path: Path, head: int, tail: int) -> tuple[bytes, bytes]:
    """The first and last bytes of a file."""
    with path.open("rb") as file:
        first = file.read(head)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - tail))
        return first, file.read(tail)


def next_chunk(file: BinaryIO) -> bytes:
    """The next piece to send; empty at the end."""
    return file.read(_CHUNK)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
