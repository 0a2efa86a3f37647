"""What the public reads: the page's values, open data as JSON with its schema, and as CSV. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_date

from complaints_service.feedback.index import Index, index_of
from complaints_service.office.model import Office
from complaints_service.transparency.model import (
    LICENCE,
    LICENCE_URL,
    Figures,
    Month,
    MonthFigures,
    OpenData,
)
from complaints_service.transparency.rules import (
    LEAST,
    figures,
    month_figures,
    month_totals,
    shown_months,
    shown_services,
    survey_figures,
)

SCHEMA_ADDRESS = "/transparansi/skema.json"
# The page tells of a year; open data of everything kept.
SHOWN = 12
COLUMNS = ("month", "service", "received", "answered", "in_time_percent", "median_working_days", "p90_working_days")


class ServiceFigures(msgspec.Struct, frozen=True):
    """The year of one service, by its name."""

    name: str
    figures: Figures


class PublicPage(msgspec.Struct, frozen=True, kw_only=True):
    """What /transparansi shows: the last twelve months together, by month and by service, and the index."""

    made_at: datetime
    year: Figures
    index: Index | None
    labels: tuple[str, ...]
    months: tuple[MonthFigures, ...]
    services: tuple[ServiceFigures, ...]
    index_months: tuple[float | None, ...]
    has_index_months: bool


def public_page(made_at: datetime, kept: Sequence[tuple[date, Month]], office: Office, language: str) -> PublicPage:
    """The page's values in a language; groups under ``LEAST`` are empty."""
    shown = kept[-SHOWN:]
    # As for the sums of tickets: only months that are shown themselves.
    surveyed = [month for _, month in shown if month.survey_n >= LEAST]
    answered = sum(month.survey_n for month in surveyed)
    sums = [sum(month.survey_sums[place] for month in surveyed) for place in range(9)]
    by_month = {one.month: one for one in survey_figures(shown)}
    index_months = tuple(found.index if (found := by_month.get(day)) else None for day, _ in shown)
    return PublicPage(
        made_at=made_at,
        year=figures(shown_months(shown)),
        index=index_of(answered, sums),
        labels=tuple(month_name(day, language) for day, _ in shown),
        months=month_totals(shown),
        services=_services(shown, office, language),
        index_months=index_months,
        has_index_months=any(value is not None for value in index_months),
    )


def _services(shown: Sequence[tuple[date, Month]], office: Office, language: str) -> tuple[ServiceFigures, ...]:
    rows = [
        ServiceFigures(_name(office, slug, language), figures(cell)) for slug, cell in shown_services(shown).items()
    ]
    return tuple(sorted(rows, key=lambda row: -(row.figures.received or 0)))


def _name(office: Office, slug: str, language: str) -> str:
    service = office.services.get(slug)
    if service is None:
        return slug
    return service.name_id if language == "id" else service.name_en


def month_name(day: date, language: str) -> str:
    """ "Nov 2026", as people of the language write it."""
    return format_date(day, "MMM y", locale="id_ID" if language == "id" else "en_GB")


def open_data(made_at: datetime, kept: Sequence[tuple[date, Month]], office: Office, base_url: str) -> OpenData:
    """Everything that is published."""
    return OpenData(
        office=office.name,
        made_at=made_at.astimezone(ZoneInfo("UTC")),
        licence=LICENCE,
        licence_url=LICENCE_URL,
        schema=f"{base_url}{SCHEMA_ADDRESS}",
        months=month_figures(kept),
        survey=survey_figures(kept),
    )


def schema() -> dict[str, object]:
    """The JSON Schema of open data."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(OpenData)}


def as_csv(data: OpenData) -> str:
    """A line for each month and service; "all" is every service together, empty what is not published."""
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(COLUMNS)
    for one in data.months:
        service = "all" if one.service is None else one.service or "unknown"
        values = [getattr(one, column) for column in COLUMNS[2:]]
        writer.writerow([f"{one.month:%Y-%m}", service, *("" if value is None else value for value in values)])
    return sheet.getvalue()
