"""The pages for citizens as an app that can be installed: its description, its icons, its worker, and the form without a network."""

from __future__ import annotations

import functools
import io

import msgspec
from litestar import Response, get
from PIL import Image, ImageDraw

from complaints_service.clock import machine_now
from complaints_service.errors import NotFound
from complaints_service.i18n import LANGUAGES, translate
from complaints_service.keys import Keys
from complaints_service.office.store import OfficeStore
from complaints_service.public.answers import no_answers
from complaints_service.public.filing_views import Draft, whole_context
from complaints_service.public.form_time import made_now
from complaints_service.web.i18n import language_of, switch_language
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.static_files import LiveStaticFiles

ICON_SIZES = (180, 192, 512)
_BRAND = "#0d4f6e"
_BACKGROUND = "#f4f5f3"
_DRAWN = 4


@get("/manifest.webmanifest", include_in_schema=False)
async def manifest(request: PageRequest, offices: OfficeStore) -> Response[bytes]:
    """What the home screen of a telephone shows; nothing in it is of the person."""
    office, language = await offices.current(), language_of(request)
    files: LiveStaticFiles = request.app.state.static_files
    name = translate(language, "Complaints and suggestions")
    icons = [{"src": files.current.url("favicon.svg"), "type": "image/svg+xml", "sizes": "any"}]
    icons += [
        {"src": f"/ikon/{size}", "type": "image/png", "sizes": f"{size}x{size}", "purpose": "any maskable"}
        for size in ICON_SIZES[1:]
    ]
    described = {
        "id": "/",
        "name": f"{name} · {office.name}",
        "short_name": translate(language, "Complaints"),
        "lang": language,
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "theme_color": office.look.accent or _BRAND,
        "background_color": _BACKGROUND,
        "icons": icons,
    }
    headers = {"Cache-Control": "public, max-age=3600", "Vary": "Accept-Language, Cookie"}
    return Response(msgspec.json.encode(described), media_type="application/manifest+json", headers=headers)


@get("/ikon/{size:int}", include_in_schema=False)
async def icon(size: int) -> Response[bytes]:
    """The mark of ``favicon.svg`` for systems that take no SVG, on the whole square, so that it may be cut to any shape."""
    if size not in ICON_SIZES:
        raise NotFound
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response(_drawn_icon(size), media_type="image/png", headers=headers)


@functools.cache
def _drawn_icon(size: int) -> bytes:
    """Drawn larger than needed and reduced, which smooths its edges. Coordinates are those of favicon.svg, a little inwards."""
    scale = size * _DRAWN / 40

    def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [((x + 4) * scale, (y + 4) * scale) for x, y in points]

    image = Image.new("RGB", (size * _DRAWN, size * _DRAWN), _BRAND)
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle(at((7, 7), (25, 21)), radius=2 * scale, fill="white")
    draw.polygon(at((10, 20), (10, 25.5), (16, 20)), fill="white")
    draw.line(at((11.5, 14), (14.7, 17.2), (20.7, 11)), fill=_BRAND, width=round(2.4 * scale), joint="curve")
    written = io.BytesIO()
    image.reduce(_DRAWN).save(written, "PNG", optimize=True)
    return written.getvalue()


@get("/luring/{language:str}", include_in_schema=False)
async def offline_form(request: PageRequest, language: str, offices: OfficeStore, keys: Keys) -> Response[bytes]:
    """The empty form in one language, for the worker to keep; its id is made when it is opened."""
    if language not in LANGUAGES:
        raise NotFound
    switch_language(request, language)
    office = await offices.current()
    empty = Draft(answers=no_answers(), form_id="", made=made_now(keys, machine_now()), fresh=True)
    context = {**whole_context(office, empty, language), "offline": True, "path": "/"}
    return page(request, "public/file.html", context)


@get("/pekerja.js", include_in_schema=False)
async def form_worker(request: PageRequest) -> Response[bytes]:
    """The service worker of these pages."""
    files: LiveStaticFiles = request.app.state.static_files
    address = files.current.url("js/public/outbox.js")
    return worker_script(
        request, "js/public/worker.js", f'import {{ enqueue, keepDraft, sendAll }} from "{address}";\n'
    )


def worker_script(request: PageRequest, name: str, first_line: str = "", *, scope: str = "/") -> Response[bytes]:
    """A service worker whose text changes with every version of the static files, so that the browser takes the new one."""
    files: LiveStaticFiles = request.app.state.static_files
    current = files.current
    script = f'{first_line}const VERSION = "{current.version}";\n'.encode() + current.file(name).body
    headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": scope}
    return Response(script, media_type="text/javascript", headers=headers)
