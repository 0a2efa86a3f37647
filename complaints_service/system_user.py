"""Who runs PostgreSQL when we are root, which it refuses to be."""

from __future__ import annotations

import ctypes
import os
import pwd
import stat
from pathlib import Path

import msgspec

# In this order: a user of our own if the administrator made one, else one that every system has.
CANDIDATES = ("complaints", "postgres", "nobody")

_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522


class SystemUser(msgspec.Struct, frozen=True):
    """A user of the operating system to run a server as."""

    name: str
    uid: int
    gid: int

    def may_reach(self, path: Path) -> bool:
        """True when this user may walk down to where the path lies."""
        return all(self._may_enter(folder) for folder in path.resolve().parents)

    def _may_enter(self, folder: Path) -> bool:
        found = folder.stat()
        shift = 0 if found.st_uid == self.uid else 3 if found.st_gid == self.gid else 6
        return bool(found.st_mode & (stat.S_IXUSR >> shift))

    def become(self, keep_file_access: bool) -> None:
        """Turn this process into one of the user's. Only system calls: it runs between fork and exec.

        ``keep_file_access`` leaves the one right of walking through private folders (root's home, say),
        so that neither the data nor the programs have to be opened to everybody. Linux only.
        """
        libc = ctypes.CDLL(None, use_errno=True) if keep_file_access else None
        if libc is not None:
            libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)
        if libc is not None:
            header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
            bit = 1 << _CAP_DAC_OVERRIDE
            sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
            libc.capset(ctypes.byref(header), ctypes.byref(sets))
            libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


def unprivileged_user(data: Path) -> SystemUser | None:
    """Who has to run PostgreSQL on these data: None unless we are root, else their owner or a candidate.

    Raises LookupError when the system has no user to turn into.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat().st_uid) != 0:
        entry = pwd.getpwuid(owner)
        return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise LookupError("PostgreSQL does not run as root: make a system user named 'complaints'")
