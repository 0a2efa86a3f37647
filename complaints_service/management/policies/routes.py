"""Everything about policies and the ladder that has an address."""

from __future__ import annotations

from litestar import Router
from litestar.types import ControllerRouterHandler

from complaints_service.management.effects_api import ROUTES as EFFECTS
from complaints_service.management.policies.api import ROUTES as API
from complaints_service.management.policies.dependencies import DEPENDENCIES
from complaints_service.management.policies.draft_pages import ROUTES as DRAFT_PAGES
from complaints_service.management.policies.pages import ROUTES as PAGES
from complaints_service.management.policies.publish_pages import ROUTES as PUBLISH_PAGES
from complaints_service.management.policies.rung_pages import ROUTES as RUNG_PAGES

_HANDLERS: list[ControllerRouterHandler] = [*API, *EFFECTS, *PAGES, *DRAFT_PAGES, *RUNG_PAGES, *PUBLISH_PAGES]
ROUTES: list[ControllerRouterHandler] = [Router(path="/", dependencies=DEPENDENCIES, route_handlers=_HANDLERS)]
