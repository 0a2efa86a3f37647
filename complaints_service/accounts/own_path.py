"""Where to go after signing in: only pages of this site."""

from __future__ import annotations

from urllib.parse import urlsplit

from complaints_service.office.model import Role

_LANDING = {
    Role.OFFICER: "/desk",
    Role.SUPERVISOR: "/desk",
    Role.HEAD: "/manage",
    Role.REGIONAL: "/manage",
    Role.ADMIN: "/admin",
}
_LONGEST = 500


def own_path(wanted: str | None) -> str | None:
    """The path with its query when it leads to a page of this site, else None.

    Refused are other hosts in any dress a browser would follow: ``//evil``, ``/\\evil``, ``https:evil``, tabs and line ends
    that browsers drop, and the sign-in page itself.
    """
    if not wanted or len(wanted) > _LONGEST or not wanted.startswith("/") or wanted.startswith("//"):
        return None
    if "\\" in wanted or any(ord(c) <= 32 or 127 <= ord(c) <= 160 for c in wanted):
        return None
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return None
    if parts.scheme or parts.netloc or parts.path in ("/masuk", "/keluar") or "//" in parts.path:
        return None
    return wanted


def landing(role: Role) -> str:
    """The first page of a role."""
    return _LANDING[role]
