"""Pages of managers and administrators. Only translate and call services."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.database import Database
from complaints_service.errors import Invalid, NotFound
from complaints_service.feedback.service import CLOSERS, READERS, Feedback
from complaints_service.intake.kiosk.service import Kiosk
from complaints_service.management.cycles_view import cycle_page, cycles_page
from complaints_service.management.look.routes import ROUTES as LOOK
from complaints_service.management.own_ways import ROUTES as OWN_WAYS
from complaints_service.management.policies.routes import ROUTES as POLICIES
from complaints_service.management.service import Management
from complaints_service.management.settings_view import alarm_rows, letter_rows, settings_page
from complaints_service.management.views import today_page
from complaints_service.notifications.delivery import Delivery
from complaints_service.office.model import Role
from complaints_service.web.bodies import form_fields
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.problems import field_text


@get("/manage", include_in_schema=False)
async def today(request: PageRequest, viewer: Viewer, database: Database) -> Response[bytes]:
    """The figures of today over the viewer's units."""
    viewer.require(*READERS)
    figures = await Management(database).today(viewer)
    context = today_page(figures, viewer.office, viewer.unit_ids, language_of(request))
    return page(request, "management/today.html", context)


@get("/manage/feedback", include_in_schema=False)
async def cycles(request: PageRequest, viewer: Viewer, feedback: Feedback) -> Response[bytes]:
    """Closed cycles, the newest first."""
    found = await feedback.cycles(viewer, request.query_params.get("cursor") or None)
    context = cycles_page(found, viewer.office, language_of(request))
    return page(request, "management/cycles.html", {**context, "may_close": viewer.may(*CLOSERS)})


@post("/manage/feedback", include_in_schema=False, status_code=303)
async def close_cycle(writer: Viewer, feedback: Feedback) -> Response[bytes]:
    """Close the month so far and show its report."""
    made = await feedback.close_now(writer)
    return _see_other(f"/manage/feedback/{made.id}")


@get("/manage/feedback/{cycle_id:int}", include_in_schema=False)
async def cycle(request: PageRequest, cycle_id: int, viewer: Viewer, feedback: Feedback) -> Response[bytes]:
    """One closed cycle with its cases."""
    found = await feedback.cycle(viewer, cycle_id)
    return page(request, "management/cycle.html", cycle_page(found, viewer.office, language_of(request)))


@get("/admin", include_in_schema=False)
async def admin(
    request: PageRequest, viewer: Viewer, database: Database, notifications: Delivery, kiosk: Kiosk, clock: OfficeClock
) -> Response[bytes]:
    """The office's settings to read, alarms, undelivered messages, kiosks."""
    viewer.require(Role.ADMIN)
    return page(request, "management/admin.html", await _admin(request, viewer, database, notifications, kiosk, clock))


@post("/admin/kios", include_in_schema=False, status_code=201)
async def add_kiosk(
    request: PageRequest, writer: Viewer, database: Database, notifications: Delivery, kiosk: Kiosk, clock: OfficeClock
) -> Response[bytes]:
    """A new kiosk; the code for its screen is on this answer and nowhere else."""
    writer.require(Role.ADMIN)
    name = str((await form_fields(request)).get("name", ""))
    made, problems, status = None, {}, 201
    try:
        device, code = await kiosk.expect_device(writer.office, name)
        made = {"name": device.name, "code": code}
    except Invalid as error:
        status = error.status
        problems = {p.pointer.strip("/"): field_text(p, language_of(request)) for p in error.problems}
    context = await _admin(request, writer, database, notifications, kiosk, clock)
    context |= {"made": made, "problems": problems, "given_name": name if problems else ""}
    return page(request, "management/admin.html", context, status=status)


@post("/admin/kios/{device_id:int}/kode", include_in_schema=False, status_code=201)
async def renew_kiosk_code(
    request: PageRequest,
    device_id: int,
    writer: Viewer,
    database: Database,
    notifications: Delivery,
    kiosk: Kiosk,
    clock: OfficeClock,
) -> Response[bytes]:
    """A code for a kiosk that has to be registered anew; until it is used the device goes on as it is."""
    writer.require(Role.ADMIN)
    device, code = await kiosk.renew_code(writer.office, device_id)
    context = await _admin(request, writer, database, notifications, kiosk, clock)
    context |= {"made": {"name": device.name, "code": code}}
    return page(request, "management/admin.html", context, status=201)


@get("/admin/kios", include_in_schema=False)
async def back_to_admin(viewer: Viewer) -> Response[bytes]:
    """Where somebody arrives whose session had ended when the form was sent, after signing in again."""
    return _see_other("/admin#devices")


@post("/admin/kios/{device_id:int}/cabut", include_in_schema=False, status_code=303)
async def revoke_kiosk(device_id: int, writer: Viewer, kiosk: Kiosk) -> Response[bytes]:
    """The device's token works no more."""
    writer.require(Role.ADMIN)
    await kiosk.revoke_device(writer.office, device_id)
    return _see_other("/admin#devices")


@post("/admin/pesan/{letter_id:int}/ulang", include_in_schema=False, status_code=303)
async def send_again(letter_id: int, writer: Viewer, notifications: Delivery) -> Response[bytes]:
    """A dead message gets all its tries anew."""
    writer.require(Role.ADMIN)
    if letter_id >= 2**63:
        raise NotFound
    await notifications.retry(writer.office.id, letter_id)
    return _see_other("/admin#letters")


async def _admin(
    request: PageRequest, viewer: Viewer, database: Database, notifications: Delivery, kiosk: Kiosk, clock: OfficeClock
) -> dict[str, object]:
    management, language = Management(database), language_of(request)
    return {
        **settings_page(viewer.office, clock.now(), language),
        "alarms": alarm_rows(await management.alarms(viewer.office), language),
        "letters": letter_rows(await notifications.dead_letters(viewer.office), language),
        "devices": await kiosk.devices(viewer.office),
        "confirmed_through": await management.calendar_confirmed_through(viewer.office),
        "made": None,
        "problems": {},
        "given_name": "",
    }


def _see_other(address: str) -> Response[bytes]:
    """303 to a page of our own."""
    return Response(b"", status_code=303, media_type="text/plain", headers={"Location": address})


ROUTES: list[ControllerRouterHandler] = [
    *OWN_WAYS, *LOOK,
    today, cycles, close_cycle, cycle, admin, add_kiosk, renew_kiosk_code, back_to_admin, revoke_kiosk, send_again, *POLICIES,
]  # fmt: skip
