"""Pages and API of playing the clocks."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from complaints_service.management.calendar_trial import ROUTES as CALENDAR_TRIAL
from complaints_service.management.simulate import ROUTES as SIMULATE_API
from complaints_service.management.simulate_pages import ROUTES as SIMULATE_PAGES

ROUTES: list[ControllerRouterHandler] = [*SIMULATE_API, *SIMULATE_PAGES, *CALENDAR_TRIAL]
