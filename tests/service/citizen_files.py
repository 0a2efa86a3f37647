"""What citizens and officers do with files through the API, in short words."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests import files
from tests.app_client import client_of
from tests.servers import Running

WORDS = "Petugas meminta uang di loket 3, lihat fotonya."


async def send(http: httpx.AsyncClient, content: bytes, name: str = "foto.jpg") -> httpx.Response:
    """Send one file; what the sender says about its type is nonsense."""
    return await http.post("/api/v1/uploads", files={"file": (name, content, "application/x-whatever")})


async def sent(http: httpx.AsyncClient, content: bytes | None = None, name: str = "foto.jpg") -> str:
    """The id of an upload that was taken."""
    answer = await send(http, content or files.jpeg(), name)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def file(http: httpx.AsyncClient, *ids: str, key: str | None = None, **more: Any) -> httpx.Response:
    """File a complaint with these uploads."""
    body = {"description": WORDS, "attachments": list(ids), **more}
    return await http.post("/api/v1/complaints", json=body, headers={"Idempotency-Key": key or str(uuid.uuid4())})


async def filed(http: httpx.AsyncClient, *ids: str, **more: Any) -> tuple[str, dict[str, str]]:
    """(number, headers that open it)."""
    answer = await file(http, *ids, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()["number"], {"Authorization": f"Bearer {answer.json()['tracking_code']}"}


async def ticket(http: httpx.AsyncClient, number: str, bearer: dict[str, str]) -> dict[str, Any]:
    """The complaint as its citizen sees it."""
    return (await http.get(f"/api/v1/complaints/{number}", headers=bearer)).json()


@asynccontextmanager
async def officer(app: Any, running: Running, username: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of the office, signed in."""
    async with client_of(app) as client:
        password = next(p.password for p in running.people if p.username == username)
        answer = await client.post("/api/v1/session", json={"username": username, "password": password})
        assert answer.status_code == 200
        yield client
