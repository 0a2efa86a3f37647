"""Pages and API of what the clock goes by: calendar, absences, duty."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from complaints_service.management.absences.routes import ROUTES as ABSENCES
from complaints_service.management.calendars.api import ROUTES as CALENDARS_API
from complaints_service.management.calendars.review import ROUTES as CALENDAR_REVIEW
from complaints_service.management.calendars.routes import ROUTES as CALENDAR_PAGES

ROUTES: list[ControllerRouterHandler] = [*CALENDARS_API, *CALENDAR_PAGES, *CALENDAR_REVIEW, *ABSENCES]
