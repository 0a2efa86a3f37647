"""One way to render a page: Jinja templates in the reader's language, escaped everywhere, compressed, with fitting headers."""

from __future__ import annotations

import functools
import gzip
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response
from litestar.datastructures import State

from complaints_service.compiled import Compiled
from complaints_service.i18n import LANGUAGES, day, moment, short, translate
from complaints_service.office.model import Office
from complaints_service.office.store import OfficeStore
from complaints_service.resources import templates_dir
from complaints_service.settings import Settings
from complaints_service.web.i18n import language_of
from complaints_service.web.static_files import LiveStaticFiles

# User, auth and request state are the framework's generics; handlers of pages use none of them.
PageRequest = Request[Any, Any, State]

THEME_COOKIE = "theme"
THEMES = ("light", "dark")
# In the request's state: the colours that this very request has switched to.
SWITCHED_THEME = "switched_theme"
_WORTH_COMPRESSING = 600
_DEFAULT_ZONE = "Asia/Jakarta"
_COMPILED = Compiled()


class Pages:
    """Renders templates; made once by ``app.py`` and kept as ``app.state.pages``."""

    def __init__(self, settings: Settings, offices: OfficeStore, static_files: LiveStaticFiles) -> None:
        self.settings = settings
        self.offices = offices
        self.static_files = static_files
        self._files = static_files.current
        self._environment = functools.cache(self._make_environment)

    def html(self, template: str, context: Mapping[str, object], *, language: str, zone: str) -> str:
        """The page's text. Raises what Jinja raises: unknown names are errors, not blanks."""
        # Once a page and not for every icon on it: in development this looks at the whole folder.
        self._files = self.static_files.current
        return self._environment(language, zone).get_template(template).render(context)

    def _make_environment(self, language: str, zone: str) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(templates_dir()),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=self.settings.dev,
            cache_size=200,
            bytecode_cache=_COMPILED,
        )

        def words(msgid: str, **values: object) -> str:
            return translate(language, msgid, **values)

        def to_moment(at: datetime, *, weekday: bool = True, with_zone: bool = True) -> str:
            return moment(at, zone, language, weekday=weekday, with_zone=with_zone)

        def to_day(value: date | datetime) -> str:
            return day(value, zone, language)

        def to_short(at: datetime) -> str:
            return short(at, zone, language)

        provided: dict[str, Any] = environment.globals
        provided |= {
            "_": words,
            "language": language,
            "languages": LANGUAGES,
            "zone": zone,
            "dev": self.settings.dev,
            "url_static": self._address,
            "has_static": self._present,
        }
        environment.filters.update(moment=to_moment, day=to_day, short=to_short)
        return environment

    def _address(self, name: str) -> str:
        return self._files.url(name)

    def _present(self, name: str) -> bool:
        return self._files.has(name)


def page(
    request: PageRequest,
    template: str,
    context: Mapping[str, object],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response[bytes]:
    """The rendered page as a response, in the reader's language, gzipped when the browser takes it.

    Templates always have: ``office`` (None while the database was never reached), ``viewer`` (None unless signed in),
    ``csrf_token``, ``theme``, ``path`` (of this request, for the language switch); the rest of ``context`` is the handler's.
    Pages are ``no-store`` unless ``headers`` says otherwise.
    """
    pages: Pages = request.app.state.pages
    state = request.scope["state"]
    viewer = context.get("viewer") or state.get("viewer")
    office = context.get("office") or getattr(viewer, "office", None) or pages.offices.held()
    theme = state.get(SWITCHED_THEME) or request.cookies.get(THEME_COOKIE)
    everything: dict[str, object] = {
        "path": _own_address(request),
        "theme": theme if theme in THEMES else None,
        "csrf_token": state.get("csrf_token", ""),
        **context,
        "viewer": viewer,
        "office": office,
    }
    language = language_of(request)
    zone = office.time_zone if isinstance(office, Office) else _DEFAULT_ZONE
    body = pages.html(template, everything, language=language, zone=zone).encode()
    sent = {"Vary": "Accept-Language, Cookie, Accept-Encoding", "Content-Language": language, **(headers or {})}
    if len(body) > _WORTH_COMPRESSING and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, 6, mtime=0)
        sent["Content-Encoding"] = "gzip"
    return Response(body, status_code=status, media_type="text/html", headers=sent)


def _own_address(request: PageRequest) -> str:
    """Path and query of a page that can be asked for again; after a POST only the path."""
    url = request.url
    return f"{url.path}?{url.query}" if url.query and request.method == "GET" else url.path
