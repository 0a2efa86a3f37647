"""Where a restore may go, and how it gets there in the last step."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from complaints_service.backup.manifest import ATTACHMENTS, BackupError, WrongKey, fingerprint
from complaints_service.embedded import make_data_dir
from complaints_service.environment import PREFIX, Environment
from complaints_service.kept_secrets import secret_key_of
from complaints_service.postgres_server import PostgresProgram

# Made at the beginning of a restore and removed at its end: `complaints up` does not start beside it.
RESTORING = "restoring"
_HARMLESS = frozenset({"dev", "lock", "log", "run", "secret.key", RESTORING})


def data_dir_of(variables: Mapping[str, str]) -> Path:
    """The folder that the settings will name, without making anything in it."""
    return Path(Environment(variables).text("DATA_DIR") or "var").expanduser().absolute()


@contextmanager
def empty_data_dir(folder: Path, *, embedded: bool) -> Generator[Path]:
    """The folder, made, locked, and without data. Raises BackupError that names what is there.

    What an interrupted restore has left is removed: it began on an empty folder too, so nothing else can be lost.
    """
    make_data_dir(folder)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"{folder}: a service or another restore runs on it") from None
        room = folder / RESTORING
        if room.exists() and not (folder / "postgres").exists():
            # Killed a moment ago, it may have left a server that is still ending.
            if (room / "postgres").exists():
                PostgresProgram(room / "postgres", room / "run").clear_stale_pid_file()
            shutil.rmtree(folder / ATTACHMENTS, ignore_errors=True)
            shutil.rmtree(room)
        watched = {path.name for path in folder.iterdir()} - _HARMLESS
        there = sorted(watched if embedded else watched & {ATTACHMENTS})
        if any(_holds_something(folder / name) for name in there):
            raise BackupError(f"{folder}: is not empty ({', '.join(there)}); choose another COMPLAINTS_DATA_DIR")
        room.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700)
        try:
            yield folder
        except BaseException:
            with contextlib.suppress(OSError):
                room.rmdir()  # refused before anything was in it: no restore was begun
            raise


def moved_into_place(folder: Path) -> None:
    """The last step: attachments first, the database last, and the mark of an unfinished restore goes."""
    room = folder / RESTORING
    for name in (ATTACHMENTS, "postgres"):
        if (room / name).exists():
            if (folder / name).is_dir():
                (folder / name).rmdir()  # empty: checked at the beginning
            (room / name).rename(folder / name)
    shutil.rmtree(room)


def check_key(variables: Mapping[str, str], folder: Path, wanted: str, archive: Path, kept: bytes | None) -> None:
    """The secret key at hand has the fingerprint of the data's; ``kept``: the one in the archive, put into DATA_DIR when there is no other.

    Raises WrongKey: under another key every tracking code and every blind index would be wrong.
    """
    given, file = Environment(variables).text("SECRET_KEY"), folder / "secret.key"
    if given is not None:
        where = f"{PREFIX}SECRET_KEY"
        try:
            key = secret_key_of(given)
        except ValueError as error:
            raise WrongKey(f"{where}: hex: is followed by hexadecimal digits") from error
    elif file.exists():
        key, where = _read(file), str(file)
    elif kept is not None:
        key, where = kept, str(archive)
    else:
        advice = f"set {PREFIX}SECRET_KEY or put the key into {file}"
        raise WrongKey(f"{archive}: belongs to the secret key {wanted}, which it does not hold: {advice}")
    if (found := fingerprint(key)) != wanted:
        reason = f"it belongs to the secret key {wanted}, {where} is {found}"
        advice = "every tracking code would be wrong"
        if given is not None and _fits_as_hex(given, wanted):
            advice = "write hex: in front of the key, it comes from a secret.key file"
        raise WrongKey(f"{archive}: {reason}: {advice}")
    if given is None and not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
            out.write(key.hex() + "\n")


def _holds_something(path: Path) -> bool:
    return not path.is_dir() or path.is_symlink() or any(path.iterdir())


def _read(file: Path) -> bytes:
    try:
        return bytes.fromhex(file.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise WrongKey(f"{file}: cannot be read as a key") from error


def _fits_as_hex(given: str, wanted: str) -> bool:
    try:
        return fingerprint(bytes.fromhex(given)) == wanted
    except ValueError:
        return False
