"""Figures, cycles and settings as the management pages show them: words, links and charts. No I/O."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date

from complaints_service.i18n import translate, zone_name
from complaints_service.management.figures import Band, Figures, Stage, UnitBacklog
from complaints_service.office.model import Office
from complaints_service.web.charts import Bar, Legend, Line, Stack

STAGE_NAMES = {"verify": "Verification", "answer": "Answer of the office"}


def queue_link(**filters: str) -> str:
    """The list of the desk behind a number."""
    return f"/desk?{urlencode(filters)}"


def instant(at: datetime) -> str:
    """A moment as the desk's filters read it (RFC 3339, UTC)."""
    return at.isoformat().replace("+00:00", "Z")


def clock_text(at: datetime, zone: str, language: str) -> str:
    """The time of day in the office: "10.05 WIB" / "10:05 WIB"."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%H.%M} {zone_name(zone, at)}" if language == "id" else f"{local:%H:%M} {zone_name(zone, at)}"


def today_page(figures: Figures, office: Office, unit_ids: frozenset[int], language: str) -> dict[str, object]:
    """The context of management/today.html."""

    def words(msgid: str, **values: object) -> str:
        return translate(language, msgid, **values)

    locale = "id_ID" if language == "id" else "en_GB"
    at = figures.now.at
    return {
        "figures": figures,
        "owed_link": queue_link(status="owed"),
        "clock": clock_text(at, office.time_zone, language),
        "units_text": _units_text(office, unit_ids, language),
        "links": {
            "overdue": queue_link(overdue="true", status="running"),
            "due_soon": queue_link(
                status="running", due_from=instant(at), due_before=instant(at + timedelta(hours=24))
            ),
            "unassigned": queue_link(assignee="none", status="owed"),
        },
        "stages": [_stage(stage, language) for stage in figures.stages],
        "stage_legend": [Legend(words("kept"), "positive"), Legend(words("broken"), "negative")],
        "bands": [_band(band) for band in figures.bands],
        "units": [_unit(unit, office, language) for unit in figures.units],
        "unit_legend": [Legend(words("past the deadline"), "negative"), Legend(words("in time"), "brand")],
        "weeks": [format_date(week.monday, "d MMM", locale=locale) for week in figures.weeks],
        "flow": [
            Line(words("came in"), "brand", tuple(week.came_in for week in figures.weeks)),
            Line(words("went out"), "positive", tuple(week.went_out for week in figures.weeks), dashed=True),
        ],
        "weekly_means": tuple(week.mean for week in figures.weeks),
        "scores": [Bar(str(score), count) for score, count in enumerate(figures.satisfaction.by_score, 1)],
    }


def _units_text(office: Office, unit_ids: frozenset[int], language: str) -> str:
    if len(unit_ids) > 3:
        return translate(language, "{n} units", n=len(unit_ids))
    return ", ".join(office.units[unit_id].name for unit_id in sorted(unit_ids) if unit_id in office.units)


def _stage(stage: Stage, language: str) -> Stack:
    share = "–" if stage.percent is None else f"{stage.percent} %"
    return Stack(
        label=translate(language, STAGE_NAMES[stage.target]),
        parts=(stage.met, stage.late),
        note=translate(language, "{share} of {n}", share=share, n=stage.n),
    )


def _band(band: Band) -> Bar:
    bounds = {
        name: instant(at)
        for name, at in (("received_from", band.received_from), ("received_before", band.received_before))
        if at is not None
    }
    tone = "negative" if band.low > 60 else "warning" if band.low > 14 else "brand"
    return Bar(band.words, band.n, queue_link(status="owed", **bounds), tone)


def _unit(unit: UnitBacklog, office: Office, language: str) -> Stack:
    held = office.units.get(unit.unit_id)
    return Stack(
        label=held.name if held else str(unit.unit_id),
        parts=(unit.overdue, unit.in_time),
        note=translate(language, "{n}, {late} late", n=unit.n, late=unit.overdue),
        href=queue_link(unit=held.slug, status="owed") if held else None,
    )
