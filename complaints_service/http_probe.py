"""Asks the web process how it is, without an HTTP library."""

from __future__ import annotations

import asyncio

READY = "/health/ready"
LIVE = "/health/live"


async def status_of(host: str, port: int, path: str, within: float) -> int | None:
    """The status code of ``GET path``; None when nobody listens.

    Raises TimeoutError when somebody listens but does not answer within the seconds given: that is what a
    blocked event loop looks like, while a process that is still starting refuses the connection.
    """
    try:
        async with asyncio.timeout(within):
            return await _get(_reachable(host), port, path)
    except TimeoutError:
        raise
    except (OSError, ValueError, IndexError):
        return None


async def _get(host: str, port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        name = f"[{host}]" if ":" in host else host
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n".encode())
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()


def _reachable(host: str) -> str:
    """A server that listens on every address is asked on the loopback one."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared, not listened on)
