"""The archive: a plain tar, mode 0600, whose last file is the manifest. Written beside its name and renamed when it is whole."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import tarfile
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO

import msgspec

from complaints_service.backup.manifest import MANIFEST, BackupError, Manifest, Member, read
from complaints_service.failpoints import fp
from complaints_service.progress import Progress, no_progress

CHUNK = 1_048_576
_BLOCK = 512
# Files that are written out side by side, and how many of them are in hand.
_WRITERS = 8
_AT_A_TIME = 256


class ArchiveWriter:
    """Writes ``<file>.part``; ``finish`` makes it ``<file>``. Left without ``finish``, the part is removed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._part = file.with_name(file.name + ".part")
        if file.exists():
            raise BackupError(f"{file}: is there already; a backup overwrites nothing")
        try:
            descriptor = os.open(self._part, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise BackupError(f"{self._part}: cannot be written ({error.strerror})") from error
        self._out: IO[bytes] = os.fdopen(descriptor, "r+b")
        try:
            fcntl.flock(self._out, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._out.close()
            raise BackupError(f"{self._part}: another backup is writing it") from None
        self._out.truncate(0)  # what a killed backup left
        self.members: list[Member] = []

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._out.closed:
            self._part.unlink(missing_ok=True)
            self._out.close()

    async def add_stream(self, name: str, chunks: AsyncIterator[bytes]) -> None:
        """A file whose size is known only afterwards: its header is filled in when it has ended."""
        start, digest, size = self._out.tell(), hashlib.sha256(), 0
        self._out.write(bytes(_BLOCK))
        async for chunk in chunks:
            self._out.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        self._pad(size)
        end = self._out.tell()
        self._out.seek(start)
        self._out.write(_header(name, size))
        self._out.seek(end)
        self.members.append(Member(name, size, digest.hexdigest()))

    def add_file(self, name: str, path: Path) -> None:
        """A file that nobody changes in place. Raises FileNotFoundError when it is gone."""
        with path.open("rb") as source:
            self._add(name, source, os.fstat(source.fileno()).st_size)

    def add_bytes(self, name: str, content: bytes) -> None:
        """A small file out of memory."""
        self._add(name, io.BytesIO(content), len(content))

    def finish(self, manifest: Manifest) -> None:
        """The manifest, the end, everything on disk, and only then the name."""
        fp("backup.before_manifest")
        self.add_bytes(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
        self._out.write(bytes(2 * _BLOCK))
        self._out.flush()
        os.fsync(self._out.fileno())
        fp("backup.before_rename")
        self._part.rename(self._file)
        self._out.close()
        folder = os.open(self._file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _add(self, name: str, source: IO[bytes], size: int) -> None:
        self._out.write(_header(name, size))
        digest, left = hashlib.sha256(), size
        while left:
            chunk = source.read(min(CHUNK, left))
            if not chunk:
                raise BackupError(f"{name}: became shorter while it was read")
            self._out.write(chunk)
            digest.update(chunk)
            left -= len(chunk)
        self._pad(size)
        self.members.append(Member(name, size, digest.hexdigest()))

    def _pad(self, size: int) -> None:
        self._out.write(bytes(-size % _BLOCK))


def open_archive(file: Path) -> tuple[Manifest, dict[str, tarfile.TarInfo]]:
    """The manifest and where each file lies. Raises BackupError for what is no finished backup, by name."""
    try:
        with tarfile.open(file, "r:") as tar:
            entries = tar.getmembers()
            last = entries[-1] if entries else None
            if last is None or last.name != MANIFEST:
                raise BackupError(f"{file}: this backup was never finished: it has no manifest")
            said = tar.extractfile(last)
            raw = said.read() if said is not None else b""
    except FileNotFoundError as error:
        raise BackupError(f"{file}: is not there") from error
    except (OSError, tarfile.TarError, EOFError) as error:
        raise BackupError(f"{file}: is no finished backup ({error})") from error
    manifest = read(raw, str(file))
    found = {entry.name: entry for entry in entries[:-1]}
    if len(found) != len(entries) - 1 or not all(entry.isreg() for entry in entries):
        raise BackupError(f"{file}: holds what no backup holds")
    if set(found) != {member.name for member in manifest.members}:
        raise BackupError(f"{file}: its files are not those that the manifest names")
    return manifest, found


def verify(
    file: Path, manifest: Manifest, places: dict[str, tarfile.TarInfo], progress: Progress = no_progress
) -> None:
    """Every file has its size and SHA-256. Raises BackupError that names the first that has not."""
    total, done = sum(member.size for member in manifest.members), 0
    with file.open("rb") as archive:
        for member in manifest.members:
            place = places[member.name]
            digest = hashlib.sha256()
            archive.seek(place.offset_data)
            left = member.size if place.size == member.size else 0
            while left and (chunk := archive.read(min(CHUNK, left))):
                digest.update(chunk)
                left -= len(chunk)
                done += len(chunk)
                progress(done, total, "checking the archive")
            if left or digest.hexdigest() != member.sha256:
                raise BackupError(f"{file}: {member.name} is damaged")
    progress(total, total, "the archive is whole")


def extract_all(
    file: Path, places: Sequence[tuple[str, tarfile.TarInfo]], room: Path, progress: Progress = no_progress
) -> None:
    """Copy many files out below a folder, as ``extract`` does each. Raises what it raises.

    Some side by side: a file is small, and what takes the time is the disk's word that it is there (4 ms for each, one after the
    other; a tenth of that where several wait for the same word).
    """

    def copy(named: tuple[str, tarfile.TarInfo]) -> None:
        extract(file, named[1], room / named[0])

    with ThreadPoolExecutor(_WRITERS) as writers:
        for at in range(0, len(places), _AT_A_TIME):
            progress(at, len(places), "attachments")
            list(writers.map(copy, places[at : at + _AT_A_TIME]))
    progress(len(places), len(places), f"{len(places)} attachments")


def extract(file: Path, place: tarfile.TarInfo, target: Path) -> None:
    """Copy one file out, mode 0600, on disk when this returns."""
    missing = [folder for folder in target.parents if not folder.exists()]
    for folder in reversed(missing):  # with parents=True the upper ones would be open to all
        folder.mkdir(mode=0o700, exist_ok=True)  # another one beside may have made it
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with file.open("rb") as archive, os.fdopen(descriptor, "wb") as out:
        archive.seek(place.offset_data)
        left = place.size
        while left and (chunk := archive.read(min(CHUNK, left))):
            out.write(chunk)
            left -= len(chunk)
        out.flush()
        os.fsync(out.fileno())


def content(file: Path, place: tarfile.TarInfo) -> bytes:
    """A small file whole."""
    with file.open("rb") as archive:
        archive.seek(place.offset_data)
        return archive.read(place.size)


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry.tobuf(tarfile.GNU_FORMAT)
