"""``/transparansi``: what the office received, how soon it answered, what it improved; the same as open data."""

from __future__ import annotations

import msgspec
from litestar import Response, get

from complaints_service.clock import OfficeClock
from complaints_service.guidance.words import office_day, shown_in
from complaints_service.office.guidance import improvements
from complaints_service.office.model import Office
from complaints_service.office.store import OfficeStore
from complaints_service.settings import Settings
from complaints_service.transparency.model import LICENCE, LICENCE_URL, OpenData
from complaints_service.transparency.publication import as_csv, open_data, public_page, schema
from complaints_service.transparency.service import Transparency
from complaints_service.web.charts import Bar, Line
from complaints_service.web.i18n import language_of, text
from complaints_service.web.pages import PageRequest, page

_KEPT = {"Cache-Control": "public, max-age=300"}


@get("/transparansi", include_in_schema=False)
async def figures_page(
    request: PageRequest, offices: OfficeStore, transparency: Transparency, clock: OfficeClock
) -> Response[bytes]:
    """The last twelve months as numbers, drawings and tables, and what was improved."""
    office, language = await offices.current(), language_of(request)
    kept = await transparency.kept(office)
    shown = public_page(*kept, office, language) if kept is not None else None
    today = office_day(clock.now(), office.time_zone)
    context: dict[str, object] = {
        "office": office,
        "shown": shown,
        "improved": [(shown_in(one, language), one.shows_from) for one in improvements(office.guidance, today)],
        "licence": LICENCE,
        "licence_url": LICENCE_URL,
    }
    if shown is not None:
        context |= {
            "received": [Line(text(request, "Received"), "brand", tuple(m.received for m in shown.months))],
            "in_time": [
                Line(
                    text(request, "Answered in time, in percent"),
                    "positive",
                    tuple(m.in_time_percent for m in shown.months),
                )
            ],
            "index_line": [Line(text(request, "Satisfaction index"), "positive", shown.index_months)],
            "by_service": [Bar(one.name, one.figures.received) for one in shown.services if one.figures.received],
        }
    return page(request, "public/figures.html", context)


@get("/transparansi/data.json", include_in_schema=False)
async def open_json(offices: OfficeStore, transparency: Transparency, settings: Settings) -> Response[bytes]:
    """Open data as /transparansi/skema.json describes it."""
    body = msgspec.json.encode(await _data(await offices.current(), transparency, settings))
    return Response(body, media_type="application/json", headers=_KEPT)


@get("/transparansi/data.csv", include_in_schema=False)
async def open_csv(offices: OfficeStore, transparency: Transparency, settings: Settings) -> Response[bytes]:
    """The months of the open data as a table."""
    body = as_csv(await _data(await offices.current(), transparency, settings)).encode()
    headers = {**_KEPT, "Content-Disposition": 'attachment; filename="transparansi.csv"'}
    return Response(body, media_type="text/csv", headers=headers)


@get("/transparansi/skema.json", include_in_schema=False)
async def open_schema() -> Response[bytes]:
    """What each member of the open data means."""
    return Response(msgspec.json.encode(schema()), media_type="application/schema+json", headers=_KEPT)


async def _data(office: Office, transparency: Transparency, settings: Settings) -> OpenData:
    kept = await transparency.kept(office)
    made_at, months = kept if kept is not None else (transparency.now(), [])
    return open_data(made_at, months, office, settings.base_url)
