"""``create_app``: routes, dependencies, headers, errors, lifespan. What things do stands in their folders."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.dependencies import DEPENDENCIES
from complaints_service.accounts.routes import ROUTES as ACCOUNTS
from complaints_service.collector import look_seldom
from complaints_service.desk.api import ROUTES as DESK_API
from complaints_service.desk.files import ROUTES as DESK_FILES
from complaints_service.desk.routes import ROUTES as DESK
from complaints_service.dev.drain import DueWork
from complaints_service.feedback.routes import ROUTES as FEEDBACK
from complaints_service.guidance.routes import ROUTES as GUIDANCE
from complaints_service.heartbeat import Heartbeat, ProcessKind, process_name
from complaints_service.intake.attachments.routes import ROUTES as FILES
from complaints_service.intake.kiosk.routes import ROUTES as KIOSK
from complaints_service.intake.web.parts import CitizenParts
from complaints_service.intake.web.routes import ROUTES as CITIZEN_API
from complaints_service.intake.whatsapp.routes import ROUTES as WHATSAPP
from complaints_service.log_lines import configure_logging
from complaints_service.management.calendar_preview import ROUTES as CALENDARS
from complaints_service.management.clock_settings import ROUTES as CLOCK_SETTINGS
from complaints_service.management.recomputes import ROUTES as RECOMPUTES
from complaints_service.management.routes import ROUTES as MANAGEMENT
from complaints_service.management.simulate_routes import ROUTES as SIMULATION
from complaints_service.notifications.routes import ROUTES as NOTIFICATIONS
from complaints_service.public.routes import ROUTES as PUBLIC
from complaints_service.settings import Settings
from complaints_service.web.api_docs import ROUTES as API_DOCS
from complaints_service.web.crowd import Crowd, Doorkeeper, let_in
from complaints_service.web.health import ROUTES as HEALTH
from complaints_service.web.health import Health
from complaints_service.web.incoming import Incoming
from complaints_service.web.logging import RequestRecord, log_uncaught
from complaints_service.web.methods import AnswersHead, every_method
from complaints_service.web.metrics import ROUTES as METRICS
from complaints_service.web.metrics import Metrics
from complaints_service.web.pages import Pages
from complaints_service.web.problems import exception_handlers
from complaints_service.web.rate_limits import RateLimits, count_failure
from complaints_service.web.security_headers import security_headers
from complaints_service.web.static_files import ROUTES as STATIC
from complaints_service.web.static_files import LiveStaticFiles
from complaints_service.webhooks.routes import ROUTES as WEBHOOKS
from complaints_service.wiring import Services, open_services

# Larger bodies are refused before they are read (413); the WhatsApp webhooks take their own megabyte.
LARGEST_BODY = 256 * 1024
REFRESH_SECONDS = 5.0

_SERVICES = (
    "database", "clock", "offices", "keys", "waker", "tickets", "reader", "intake", "accounts", "notifications", "links",
    "feedback", "whatsapp", "kiosk", "timers", "recomputes", "webhooks", "attachments",
    "simulations", "surveys", "transparency", "webpush",
)  # fmt: skip


def create_app(settings: Settings, services: Services | None = None, routed: Litestar | None = None) -> Any:
    """The ASGI application. ``services`` are given by tests; otherwise the lifespan opens and closes its own.

    ``routed``: made before by ``routed_app`` for settings of this kind, and used by no other application now.
    """
    configure_logging(settings, "web")
    metrics = Metrics()
    app = routed or routed_app(Kind.of(settings))
    app.state = State(
        {
            "settings": settings,
            "given": services,
            "metrics": metrics,
            "crowd": Crowd(limited=settings.rate_flood_per_minute is not None),
            "static_files": LiveStaticFiles(watch=settings.dev),
        }
    )
    return RequestRecord(Doorkeeper(AnswersHead(app), app.state), metrics)  # pyright: ignore[reportArgumentType]


class Kind(NamedTuple):
    """All that the routes of an application need to know of its settings."""

    dev: bool
    https: bool

    @classmethod
    def of(cls, settings: Settings) -> Kind:
        return cls(settings.dev, settings.base_url.startswith("https://"))


def routed_app(kind: Kind) -> Litestar:
    """Every route with what it needs: most of the work of a start. What belongs to one application comes by ``create_app``."""
    routes: list[ControllerRouterHandler] = [
        *ACCOUNTS, *DESK_API, *DESK, *DESK_FILES, *GUIDANCE, *FEEDBACK, *KIOSK, *CITIZEN_API, *FILES, *WHATSAPP, *WEBHOOKS, *CALENDARS,
        *CLOCK_SETTINGS, *RECOMPUTES, *SIMULATION, *MANAGEMENT, *NOTIFICATIONS, *PUBLIC, *API_DOCS, *HEALTH, *METRICS, *STATIC,
    ]  # fmt: skip
    if kind.dev:
        from complaints_service.dev.local_only import local_only
        from complaints_service.dev.routes import ROUTES as DEV
        from complaints_service.dev.whatsapp import ROUTES as DEV_WHATSAPP
        from complaints_service.public.routes import DEV_ROUTES as COMPONENTS

        routes += [*DEV, *DEV_WHATSAPP, Router(path="/", guards=[local_only], route_handlers=COMPONENTS)]
    return Litestar(
        route_handlers=routes,
        dependencies={
            **DEPENDENCIES,
            **{
                name: _from_state(name) for name in (*_SERVICES, "settings", "health", "metrics", "due_work", "citizen")
            },
        },
        exception_handlers=exception_handlers(),  # pyright: ignore[reportArgumentType] - our request type is narrower
        before_send=[security_headers(https=kind.https), every_method],
        before_request=let_in,
        after_exception=[log_uncaught, count_failure],
        lifespan=[_lifespan],
        request_class=Incoming,
        request_max_body_size=LARGEST_BODY,
        # The framework's own cannot know bodies that handlers read by themselves (web/openapi.py can).
        openapi_config=None,
        debug=False,
        logging_config=None,
    )


def _from_state(name: str) -> Provide:
    def get(state: State) -> Any:
        return state[name]

    return Provide(get, sync_to_thread=False)


@asynccontextmanager
async def _lifespan(app: Litestar) -> AsyncGenerator[None]:
    given: Services | None = app.state.given
    services = given or await open_services(app.state.settings)
    for name in _SERVICES:
        app.state[name] = getattr(services, name)
    app.state.settings = services.settings
    app.state.health = Health(services.database, services.settings)
    app.state.rate_limits = RateLimits(services.settings, services.keys)
    app.state.pages = Pages(services.settings, services.offices, app.state.static_files)
    app.state.due_work = due_work(services)
    app.state.citizen = CitizenParts(
        services.offices, services.intake, services.reader, services.tickets, services.clock, services.settings
    )
    beats = services.settings.probe_seconds
    heartbeat = Heartbeat(services.database, process_name(ProcessKind.WEB), ProcessKind.WEB, beats)
    tasks = [asyncio.create_task(heartbeat.run()), asyncio.create_task(_keep_fresh(services))]
    with contextlib.suppress(Exception):
        await services.offices.current()
    if given is None:
        look_seldom()
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(Exception):
            await heartbeat.end()
        await app.state.rate_limits.close()
        if given is None:
            await services.close()


async def _keep_fresh(services: Services) -> None:
    """Pages read the office from memory; what changes it elsewhere shows here within seconds."""
    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        with contextlib.suppress(Exception):
            await services.offices.refresh()


def due_work(services: Services) -> DueWork:
    """What workers do, for the development tool that does it at once."""

    async def clocks() -> int:
        return await services.recomputes.work_due() + await services.timers.fire_due()

    async def letters_of_the_day() -> int:
        notifications = services.notifications
        made = await notifications.make_digests() + await notifications.make_seals()
        return made + await notifications.mail_alarms()

    async def deliver() -> int:
        await services.whatsapp.finish_filings()
        return await services.notifications.deliver_due() + await services.webhooks.delivery.deliver_due()

    return DueWork(
        fire_timers=clocks,
        close_cycles=services.feedback.close_due_cycles,
        make_digests=letters_of_the_day,
        deliver=deliver,
    )
