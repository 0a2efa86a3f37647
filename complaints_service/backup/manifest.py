"""What an archive says about itself. It is written last: an archive without it is a backup that was never finished."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import PurePosixPath

import msgspec

from complaints_service.keys import Keys

FORMAT = 1
MANIFEST, DATABASE, SECRET, ATTACHMENTS = "manifest.json", "database.dump", "secret.key", "attachments"


class BackupError(RuntimeError):
    """Why a backup cannot be made or used; the text is for whoever runs the command, and names the file."""


class WrongKey(BackupError):
    """The secret key at hand is not the one that the data depend on."""


class Member(msgspec.Struct, frozen=True):
    """One file of the archive; ``size`` in bytes, ``sha256`` in hexadecimal digits."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """``made_at`` is the database's machine time of the snapshot (UTC), ``office_time`` the office's at that moment."""

    format: int
    service_version: str
    made_at: datetime
    office_time: datetime
    server_major: int
    migrations: list[str]
    # Which COMPLAINTS_SECRET_KEY belongs to these data; says nothing about the key itself.
    secret_fingerprint: str
    with_secret: bool
    tickets: int
    events: int
    messages_waiting: int
    members: list[Member]
    # SHA-256 over all of the above.
    digest: str = ""

    def sealed(self) -> Manifest:
        """With its digest."""
        plain = msgspec.structs.replace(self, digest="")
        return msgspec.structs.replace(self, digest=hashlib.sha256(msgspec.json.encode(plain)).hexdigest())


def fingerprint(secret: bytes) -> str:
    """Sixteen hexadecimal digits by which a secret key is recognised; nobody can work back from them."""
    return Keys(secret).digest("fingerprint")[:8].hex()


def read(raw: bytes, archive: str) -> Manifest:
    """Raises BackupError when the manifest is damaged or of a format that this version does not know."""
    try:
        manifest = msgspec.json.decode(raw, type=Manifest)
    except msgspec.DecodeError as error:
        raise BackupError(f"{archive}: its manifest is damaged") from error
    if manifest.format != FORMAT:
        raise BackupError(f"{archive}: format {manifest.format} is not known to this version (it knows {FORMAT})")
    if manifest != manifest.sealed():
        raise BackupError(f"{archive}: its manifest is damaged (digest)")
    names = [member.name for member in manifest.members]
    if len(set(names)) != len(names) or DATABASE not in names or not all(_belongs(name) for name in names):
        raise BackupError(f"{archive}: its manifest names files that no backup has")
    return manifest


def _belongs(name: str) -> bool:
    """The database, the key, or a file below attachments/: nothing that could be written anywhere else."""
    path = PurePosixPath(name)
    if name in (DATABASE, SECRET):
        return True
    return len(path.parts) > 1 and path.parts[0] == ATTACHMENTS and ".." not in path.parts and str(path) == name
