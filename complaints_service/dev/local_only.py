"""Who may use the development tools: somebody on this machine, and no other site through their browser."""

from __future__ import annotations

import ipaddress
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from complaints_service.errors import Forbidden
from complaints_service.web.addresses import is_address

# The framework's user, auth and state types play no part here.
Connection = ASGIConnection[Any, Any, Any, Any]

_ONLY_HERE = "The development tools answer on this machine only."
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


async def local_only(connection: Connection, _handler: BaseRouteHandler) -> None:
    """Litestar guard: refuses other machines, names that only point at this one (DNS rebinding), and posts from other sites.

    There is no CSRF token here: a post must say that it comes from our own page, or be JSON, which no other site can send
    without asking first. Raises Forbidden.
    """
    host = connection.client.host if connection.client is not None else None
    name = _hostname(connection.headers.get("host", ""))
    # A server gives the address of who is connected; a client inside this process has none.
    if host is not None and is_address(host) and not (_is_loopback(host) and _is_loopback(name)):
        raise Forbidden(_ONLY_HERE, code="not_local")
    if connection.scope["type"] == "http" and connection.scope["method"] not in _SAFE and not _own_post(connection):
        raise Forbidden("This step can only be taken from this service's own page.", code="cross_site")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _hostname(header: str) -> str:
    """The host of a Host header without its port: ``[::1]:8000`` -> ``::1``."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.rpartition(":")[0] if ":" in header else header


def _own_post(connection: Connection) -> bool:
    site = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    if site is not None:
        return site in ("same-origin", "none")
    if origin is not None:
        return origin.partition("://")[2] == connection.headers.get("host")
    return True
