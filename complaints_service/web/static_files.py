"""Style sheets, scripts, icons and fonts under ``/static/<hash>/...``.

The hash is over all files together, so that references from one file to another (fonts in CSS, modules in modules) keep working
as written and still change when anything changes. A request with the current hash may be kept for ever; with any other it gets
the present file, to be asked for again.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State

from complaints_service.errors import NotFound
from complaints_service.resources import static_dir

AnyRequest = Request[Any, Any, State]

TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
}
_COMPRESSIBLE = frozenset({".css", ".js", ".json", ".map", ".svg", ".txt", ".webmanifest"})
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CSS_SPACE = re.compile(r"\s+")
_CSS_AROUND = re.compile(r" ?([{};,>]) ?")


class StaticFile(msgspec.Struct, frozen=True):
    """A file as it is sent: its bytes, the same compressed (None when that gains nothing), its type."""

    body: bytes
    gzipped: bytes | None
    media_type: str


class StaticFiles:
    """The files as they lay in the folder when this object was made; bytes are read at the first request for each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._paths = {
            path.relative_to(folder).as_posix(): path
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix in TYPES and not path.name.startswith(".")
        }
        total = hashlib.sha256()
        for name, path in self._paths.items():
            total.update(f"{name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
        self.version = total.hexdigest()[:12]
        self._read: dict[str, StaticFile] = {}

    def url(self, name: str) -> str:
        """The address of a file, the same for as long as no file changes."""
        return f"/static/{self.version}/{name}"

    def has(self, name: str) -> bool:
        """False for a part of vendor/ that set-up did not fetch."""
        return name in self._paths

    def file(self, name: str) -> StaticFile:
        """The file to send. Raises NotFound for any name that was not in the folder (so no path can leave it)."""
        held = self._read.get(name)
        if held is None:
            path = self._paths.get(name)
            if path is None:
                raise NotFound
            held = self._read[name] = _prepared(path)
        return held


def _prepared(path: Path) -> StaticFile:
    body = path.read_bytes()
    if path.suffix == ".css":
        body = shortened_css(body.decode()).encode()
    gzipped = gzip.compress(body, 9, mtime=0) if path.suffix in _COMPRESSIBLE else None
    if gzipped is not None and len(gzipped) >= len(body):
        gzipped = None
    return StaticFile(body, gzipped, TYPES[path.suffix])


def shortened_css(text: str) -> str:
    """The style sheet without comments and without blanks that mean nothing (our own files; strings in them hold no runs of blanks)."""
    text = _CSS_SPACE.sub(" ", _CSS_COMMENT.sub("", text))
    return _CSS_AROUND.sub(r"\1", text).replace(";}", "}").strip()


class LiveStaticFiles:
    """The files as they lie in the folder now: with ``watch`` (development) a changed file is noticed at the next page."""

    def __init__(self, folder: Path | None = None, *, watch: bool = False) -> None:
        self._folder = folder or static_dir()
        self._watch = watch
        self._stamp = self._newest() if watch else 0
        self._files = StaticFiles(self._folder)

    @property
    def current(self) -> StaticFiles:
        """The files to use for this request."""
        if self._watch and (stamp := self._newest()) != self._stamp:
            self._files, self._stamp = StaticFiles(self._folder), stamp
        return self._files

    def _newest(self) -> int:
        return _stamp(self._folder)


def _stamp(folder: Path) -> int:
    """A number that changes with every file of ours; asked for at each request, so it looks as lightly as the system lets it."""
    total = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file():
                total += entry.stat().st_mtime_ns
            elif entry.name != "vendor":
                total += _stamp(Path(entry.path))
    return total


@get("/static/{version:str}/{name:path}", include_in_schema=False)
async def static_file(request: AnyRequest, version: str, name: str) -> Response[bytes]:
    """One file; kept by the browser for a year when its address carries the current hash."""
    files: LiveStaticFiles = request.app.state.static_files
    current = files.current
    found = current.file(name.lstrip("/"))
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable" if version == current.version else "no-cache",
        "Vary": "Accept-Encoding",
    }
    body = found.body
    if found.gzipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        body = found.gzipped
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type=found.media_type, headers=headers)


ROUTES = [static_file]
