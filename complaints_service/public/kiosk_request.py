"""What all screens of a kiosk share: which device asks, what its person has switched on, and what a screen always holds."""

from __future__ import annotations

import io
from collections.abc import Mapping

import segno
from litestar import Response

from complaints_service.i18n import translate
from complaints_service.intake.kiosk.model import Device
from complaints_service.intake.kiosk.service import Kiosk
from complaints_service.office.store import OfficeStore
from complaints_service.public.answers import Messages, answers_from, no_answers
from complaints_service.public.opened_tickets import TICKET_COOKIE, OpenedTickets
from complaints_service.settings import Settings
from complaints_service.web.cookies import forget_cookie, read_cookie
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page

DEVICE_COOKIE = "kios"
# Switches of the person who stands there; they go with the visit.
SWITCHES = {"besar": "kios-besar", "kontras": "kios-kontras"}
# One for all kiosks: a device that is enrolled anew still sends what it kept, and a form sent twice (once by the page, once out of
# the queue, because the answer was lost) is one ticket. The ids are random, so that no two forms share one.
KIOSK_SCOPE = "kiosk-form"


class KioskRequest:
    """The device behind a request, and the screens' common words."""

    def __init__(self, kiosk: Kiosk, offices: OfficeStore, settings: Settings) -> None:
        self.kiosk = kiosk
        self.offices = offices
        self.settings = settings

    async def device(self, request: PageRequest) -> Device | None:
        """The registered kiosk that asks, or None."""
        token = read_cookie(request, self.settings, DEVICE_COOKIE)
        return await self.kiosk.device_for(token) if token else None

    async def show(
        self,
        request: PageRequest,
        template: str,
        context: Mapping[str, object],
        *,
        home_path: str = "/kios",
        status: int = 200,
    ) -> Response[bytes]:
        """A screen. ``home_path``: where the language switch leads (never back into half a form)."""
        office = await self.offices.current()
        device = await self.device(request)
        common: dict[str, object] = {
            "office": office,
            "home_path": home_path,
            "at_home": template == "kiosk/home.html",
            "problems": Messages(),
            "base_url": self.settings.base_url,
            "registered": device is not None,
            "px_per_mm": device.px_per_mm if device is not None else None,
            "switched": {name for name in SWITCHES if read_cookie(request, self.settings, SWITCHES[name])},
        }
        return page(request, template, {**common, **context}, status=status)

    def qr(self, request: PageRequest, path: str) -> dict[str, object]:
        """A QR code of an address of this site, as a picture with its name."""
        drawn = io.BytesIO()
        address = self.settings.base_url + path
        segno.make_qr(address, error="m").save(
            drawn, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=2, nl=False
        )
        label = translate(language_of(request), "QR code of {address}", address=address)
        return {"qr": drawn.getvalue().decode(), "qr_label": label}


async def forget_case(
    request: PageRequest, settings: Settings, opened_tickets: OpenedTickets, answer: Response[bytes]
) -> Response[bytes]:
    """The right to what was opened ends, and its cookie goes with this answer."""
    cookie = read_cookie(request, settings, TICKET_COOKIE)
    if cookie is not None:
        await opened_tickets.forget(cookie)
        answer.cookies.append(forget_cookie(settings, TICKET_COOKIE))
    return answer


def kiosk_answers(form: Mapping[str, object]) -> dict[str, str]:
    """The answers of the screens so far; what no screen asks keeps its default."""
    given = answers_from(form)
    return {name: given[name] or default for name, default in no_answers().items()}
