"""Public figures as values: what is kept for a month, and what the public reads. Pure."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

LICENCE = "CC BY 4.0"
LICENCE_URL = "https://creativecommons.org/licenses/by/4.0/"


class Cell(msgspec.Struct, frozen=True):
    """Tickets of one service received in one month. ``days``: working days to the answer -> how many took so long.

    ``decided``: the promise was kept or its time has passed; ``in_time``: it was kept.
    """

    received: int = 0
    decided: int = 0
    in_time: int = 0
    days: dict[int, int] = {}


class Month(msgspec.Struct, frozen=True):
    """What is kept of a month: a cell for each service ("": not known), and the survey."""

    cells: dict[str, Cell] = {}
    survey_n: int = 0
    survey_sums: tuple[int, ...] = (0,) * 9


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What is published of a group of complaints, suggestions and questions; null: fewer than five people, so it is not published.

    Working days count from the day after receipt. The answer is the first one; in time is what kept its promised date.
    """

    received: int | None
    answered: int | None
    in_time_percent: float | None
    median_working_days: int | None
    p90_working_days: int | None


class MonthFigures(msgspec.Struct, frozen=True, kw_only=True):
    """As ``Figures``, of a month of receipt; ``service`` null: all services together, "": the service is not known."""

    month: date
    service: str | None
    received: int | None
    answered: int | None
    in_time_percent: float | None
    median_working_days: int | None
    p90_working_days: int | None


class SurveyFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The satisfaction index (25 to 100) of a month with how many answered; null under five; ``few``: under thirty."""

    month: date
    n: int | None
    index: float | None
    grade: str | None
    few: bool


class OpenData(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is published, as /transparansi/data.json; made anew about every hour."""

    office: str
    made_at: datetime
    licence: str
    licence_url: str
    schema: str
    months: tuple[MonthFigures, ...]
    survey: tuple[SurveyFigures, ...]
