"""``/survei``: the nine elements of the satisfaction index, for any visitor, here and on the kiosks."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from litestar import Response, get, post

from complaints_service.errors import TooMany
from complaints_service.feedback.index import ELEMENTS
from complaints_service.feedback.survey import TURNS, Door, Surveys
from complaints_service.i18n import translate
from complaints_service.keys import new_token
from complaints_service.office.store import OfficeStore
from complaints_service.public.answers import Messages, choices
from complaints_service.public.kiosk_request import KioskRequest
from complaints_service.public.requests import LARGEST_FORM, form_id_of, own_form, see_other
from complaints_service.settings import Settings
from complaints_service.web.cookies import make_cookie, read_cookie
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.rate_limits import Limit, client_address, limits_of

WEB, KIOSK = "/survei", "/kios/survei"
_COOKIE = "survei"
_TOKEN_MOST = 60
# The elements of PermenPANRB 14/2017 in words that people use.
_ELEMENT_WORDS = {
    "u1": "The requirements: are they clear and fitting?",
    "u2": "The procedure: is it simple?",
    "u3": "The time: was it as promised, and quick?",
    "u4": "The costs: are they fair and as announced?",
    "u5": "The result: is what you got what was promised?",
    "u6": "The staff: do they know their work?",
    "u7": "The staff: are they polite and friendly?",
    "u8": "Complaints and suggestions: are they handled well?",
    "u9": "The building and its facilities: are they good?",
}
_SCALE_WORDS = {"1": "Not satisfied", "2": "Less satisfied", "3": "Satisfied", "4": "Very satisfied"}


@get([WEB, KIOSK], include_in_schema=False)
async def survey_page(request: PageRequest, offices: OfficeStore, kiosk_request: KioskRequest) -> Response[bytes]:
    """The questions; after sending (``terima-kasih``) thanks instead."""
    if request.url.path == KIOSK and await kiosk_request.device(request) is None:
        return see_other("/kios/daftar")
    answers = {"service": request.query_params.get("layanan", "")}
    done = "terima-kasih" in request.query_params
    return await _show(request, offices, kiosk_request, answers, str(uuid.uuid4()), done=done)


@post([WEB, KIOSK], status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def survey_submit(
    request: PageRequest, offices: OfficeStore, surveys: Surveys, kiosk_request: KioskRequest, settings: Settings
) -> Response[bytes]:
    """Nine answers, kept without anything about who gave them. 429 keeps what was chosen and says when the device may again."""
    kiosk = await kiosk_request.device(request)
    if kiosk is None and request.url.path == KIOSK:
        return see_other("/kios/daftar")
    form = await own_form(request)
    office, language, form_id = await offices.current(), language_of(request), form_id_of(form)
    problems = Messages(
        {
            name: translate(language, "Question {number}: choose one of the four answers.", number=name[1:])
            for name in ELEMENTS
            if form.get(name) not in _SCALE_WORDS
        }
    )
    if problems:
        return await _show(request, offices, kiosk_request, form, form_id, problems=problems)
    service = form.get("service", "")
    door = Door.WEB if kiosk is None else Door.KIOSK
    known = (read_cookie(request, settings, _COOKIE) or "")[:_TOKEN_MOST]
    token = known or new_token()[0]
    try:
        await limits_of(request).check(Limit.VOICE, client_address(request))
        await surveys.answer(
            office.id,
            uuid.UUID(form_id),
            {name: int(form[name]) for name in ELEMENTS},
            door=door,
            device=token if kiosk is None else f"kiosk:{kiosk.id}",
            service=service if service in office.services else None,
        )
    except TooMany as error:
        told = translate(language, error.detail, **error.values)
        wait = error.headers["Retry-After"]
        return await _show(request, offices, kiosk_request, form, form_id, told=told, retry_after=wait)
    answer = see_other(f"{request.url.path}?terima-kasih")
    if kiosk is None:
        answer.cookies.append(make_cookie(settings, _COOKIE, token, int(TURNS[Door.WEB].total_seconds())))
    return answer


async def _show(
    request: PageRequest,
    offices: OfficeStore,
    kiosk_request: KioskRequest,
    answers: Mapping[str, str],
    form_id: str,
    *,
    problems: Messages | None = None,
    done: bool = False,
    told: str = "",
    retry_after: str = "",
) -> Response[bytes]:
    office, language = await offices.current(), language_of(request)
    context = {
        "office": office,
        "services": choices(office, language)["services"],
        "service": answers.get("service", ""),
        "questions": [
            (name, translate(language, words), answers.get(name, "")) for name, words in _ELEMENT_WORDS.items()
        ],
        "scale": [(value, translate(language, words), None) for value, words in _SCALE_WORDS.items()],
        "form_id": form_id,
        "problems": problems or Messages(),
        "done": done,
        "told": told,
    }
    status = TooMany.status if told else 422 if problems else 200
    headers = {"Retry-After": retry_after} if retry_after else None
    if request.url.path == KIOSK:
        return await kiosk_request.show(request, "kiosk/survey.html", context, home_path=KIOSK, status=status)
    return page(request, "public/survey.html", context, status=status, headers=headers)
