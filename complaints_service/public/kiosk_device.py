"""A kiosk as a device: its enrolment by a code, the size of its screen, the language and switches of a visit, and the visit's end."""

from __future__ import annotations

from litestar import Response, get, post

from complaints_service.errors import Invalid
from complaints_service.i18n import LANGUAGES, translate
from complaints_service.intake.kiosk.service import LEAST_PX, MOST_PX
from complaints_service.public.answers import Messages
from complaints_service.public.kiosk_request import DEVICE_COOKIE, SWITCHES, KioskRequest, forget_case
from complaints_service.public.opened_tickets import OpenedTickets
from complaints_service.public.requests import LARGEST_FORM, own_form, see_other
from complaints_service.public.settings_pages import kept_choice
from complaints_service.web.cookies import forget_cookie, make_cookie, read_cookie
from complaints_service.web.i18n import LANGUAGE_COOKIE, language_of
from complaints_service.web.pages import PageRequest
from complaints_service.web.rate_limits import Limit, client_address, limits_of

_YEAR = 365 * 24 * 3600
# CSS takes 96 pixels for an inch, whatever the screen.
_USUAL_PX_PER_MM = 96 / 25.4
_STEP = 1.05
TARGET_MM = 20
_CARD_MM = (85.6, 54.0)


@get("/kios/daftar", include_in_schema=False)
async def register_page(request: PageRequest, kiosk_request: KioskRequest) -> Response[bytes]:
    """The code from the administrator is typed once."""
    return await kiosk_request.show(request, "kiosk/register.html", {}, home_path="/kios/daftar")


@post("/kios/daftar", status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def register_submit(request: PageRequest, kiosk_request: KioskRequest) -> Response[bytes]:
    """The device's token goes into its cookie, for the code (or for the token itself, as the API and the command line give it)."""
    form = await own_form(request)
    await limits_of(request).look(Limit.SIGNIN, client_address(request))
    given = form.get("code", "").strip()[:200]
    token = await kiosk_request.kiosk.enrol(given) if given else None
    if token is None:
        await limits_of(request).count(Limit.SIGNIN, client_address(request))
        told = translate(
            language_of(request), "This code is wrong, used already or too old. Ask an administrator for a new one."
        )
        return await kiosk_request.show(
            request, "kiosk/register.html", {"problems": Messages(code=told)}, home_path="/kios/daftar", status=422
        )
    answer = see_other("/kios/ukuran")
    answer.cookies.append(make_cookie(kiosk_request.settings, DEVICE_COOKIE, token, _YEAR))
    return answer


@get("/kios/ukuran", include_in_schema=False)
async def size_page(request: PageRequest, kiosk_request: KioskRequest) -> Response[bytes]:
    """A frame that should be as large as an identity card: no browser knows how large its screen is."""
    device = await kiosk_request.device(request)
    if device is None:
        return see_other("/kios/daftar")
    px = _asked_px(request) or device.px_per_mm or _USUAL_PX_PER_MM
    context = {
        "px": f"{px:.2f}",
        "smaller": f"{max(LEAST_PX, px / _STEP):.2f}",
        "larger": f"{min(MOST_PX, px * _STEP):.2f}",
        "px_per_mm": px,
        "card": [f"{side * px:.1f}" for side in _CARD_MM],
    }
    return await kiosk_request.show(request, "kiosk/size.html", context, home_path="/kios/ukuran")


@post("/kios/ukuran", status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def size_submit(request: PageRequest, kiosk_request: KioskRequest) -> Response[bytes]:
    """Keep it with the device."""
    form = await own_form(request)
    device = await kiosk_request.device(request)
    if device is None:
        return see_other("/kios/daftar")
    try:
        await kiosk_request.kiosk.measure(device, float(form.get("px", "")[:20]))
    except (ValueError, Invalid):
        return see_other("/kios/ukuran")
    return see_other("/kios")


@get("/kios/ukuran.css", include_in_schema=False)
async def size_style(request: PageRequest) -> Response[bytes]:
    """20 mm as this screen has them: a style sheet, because the pages allow no style of their own."""
    px = _asked_px(request) or _USUAL_PX_PER_MM
    style = f".kiosk{{--target:{TARGET_MM * px:.0f}px}}"
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response(style.encode(), media_type="text/css", headers=headers)


@post("/kios/bahasa", status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def kiosk_language(request: PageRequest, kiosk_request: KioskRequest) -> Response[bytes]:
    """As ``/bahasa``, under the kiosk's own roof: its worker answers there while there is no line."""
    return await kept_choice(request, kiosk_request.settings, LANGUAGE_COOKIE, "language", LANGUAGES)


@post("/kios/tampilan", status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def switch_submit(request: PageRequest, kiosk_request: KioskRequest) -> Response[bytes]:
    """Large type or high contrast, on or off, for this visit."""
    form = await own_form(request)
    answer = see_other("/kios")
    name, settings = SWITCHES.get(form.get("switch", "")), kiosk_request.settings
    if name is not None:
        on = read_cookie(request, settings, name) is not None
        answer.cookies.append(forget_cookie(settings, name) if on else make_cookie(settings, name, "1", None))
    return answer


@post("/kios/bantuan", status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def help_submit(request: PageRequest, kiosk_request: KioskRequest) -> Response[bytes]:
    """Call a member of staff: the desk shows it at once."""
    await own_form(request)
    device = await kiosk_request.device(request)
    if device is None:
        return see_other("/kios/daftar")
    await kiosk_request.kiosk.calls.call(device)
    return see_other("/kios/bantuan")


@get("/kios/bantuan", include_in_schema=False)
async def help_page(request: PageRequest, kiosk_request: KioskRequest) -> Response[bytes]:
    """Whether somebody is on the way; the page looks again by itself."""
    device = await kiosk_request.device(request)
    call = await kiosk_request.kiosk.calls.last_of(device) if device is not None else None
    if device is None or call is None:
        return see_other("/kios")
    office = await kiosk_request.offices.current(device.office_id)
    person = office.people.get(call.answered_by) if call.answered_by is not None else None
    context = {"call": call, "person": person.name if person is not None else ""}
    return await kiosk_request.show(request, "kiosk/help.html", context)


@get("/kios/hp", include_in_schema=False)
async def phone_page(request: PageRequest, kiosk_request: KioskRequest) -> Response[bytes]:
    """A QR code of the public form."""
    return await kiosk_request.show(request, "kiosk/phone.html", kiosk_request.qr(request, "/"))


@post("/kios/selesai", status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def finish_submit(
    request: PageRequest, kiosk_request: KioskRequest, opened_tickets: OpenedTickets
) -> Response[bytes]:
    """The end of a visit: what was opened, the language and the switches go; the next person starts anew. The queue stays."""
    await own_form(request)
    settings = kiosk_request.settings
    answer = await forget_case(request, settings, opened_tickets, see_other("/kios"))
    answer.cookies += [forget_cookie(settings, name) for name in SWITCHES.values()]
    answer.delete_cookie(LANGUAGE_COOKIE)
    return answer


def _asked_px(request: PageRequest) -> float | None:
    try:
        asked = float(str(request.query_params.get("px", ""))[:20])
    except ValueError:
        return None
    return asked if LEAST_PX <= asked <= MOST_PX else None
