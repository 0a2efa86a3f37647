"""What every response tells the browser: one hook of the application's ``before_send``, so that no answer slips past it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from litestar.types import Message, Scope

# EXPERIENCE.md, "Front-end parts". No inline script or style anywhere: what is not listed does not load.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)

_ALWAYS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    ),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
# Pages whose address names a ticket or a token: no other site and no other page learns where the reader came from.
_SILENT = ("/t/", "/m/", "/s/", "/terkirim/", "/lacak", "/desk", "/aksi/")
# The same without the page for everybody: nothing of them is for search engines either, whoever has put the address on the net.
_UNLISTED = tuple(path for path in _SILENT if path != "/lacak")
# What is not said to be public is for this reader only and is not kept.
_KEPT_BY_NOBODY = (b"cache-control", b"no-store")


def security_headers(*, https: bool) -> Callable[[Message, Scope], Awaitable[None]]:
    """The hook for ``Litestar(before_send=[...])``; ``https`` adds Strict-Transport-Security."""

    async def add(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = list(message["headers"])
        present = {name.lower() for name, _ in headers}
        path = scope["path"]
        policy = b"no-referrer" if path.startswith(_SILENT) else b"same-origin"
        wanted = [*_ALWAYS, (b"referrer-policy", policy), _KEPT_BY_NOBODY]
        if path.startswith(_UNLISTED):
            wanted.append((b"x-robots-tag", b"noindex"))
        if https:
            wanted.append(_HSTS)
        headers += [(name, value) for name, value in wanted if name not in present]
        message["headers"] = headers

    return add
