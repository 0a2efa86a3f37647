"""``/lacak/hilang``: number or code lost. The answer is the same whether the contact is known or not."""

from __future__ import annotations

from litestar import Response, get, post

from complaints_service.i18n import translate
from complaints_service.intake.complaint_form import clean
from complaints_service.intake.web.recover import ANSWER, CONTACT_MOST, Recovery
from complaints_service.public.answers import Messages
from complaints_service.public.requests import LARGEST_FORM, own_form
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.rate_limits import Limit, limited


@get("/lacak/hilang", include_in_schema=False)
async def lost_code_page(request: PageRequest) -> Response[bytes]:
    """Asks for a telephone number or e-mail address."""
    return _show(request)


@post(
    "/lacak/hilang",
    status_code=200,
    guards=[limited(Limit.LOOKUP)],
    include_in_schema=False,
    request_max_body_size=LARGEST_FORM,
)
async def lost_code_submit(request: PageRequest, recovery: Recovery) -> Response[bytes]:
    """Says what happens now; the search begins when the page has left."""
    contact = clean((await own_form(request)).get("contact"))
    language = language_of(request)
    if contact is None:
        return _show(request, problem=translate(language, "Write your e-mail address or telephone number."))
    if len(contact) > CONTACT_MOST:
        detail = "Shorten the text to at most {most} characters."
        return _show(request, problem=translate(language, detail, most=CONTACT_MOST))
    answer = _show(request, told=translate(language, ANSWER))
    answer.background = await recovery.begin(contact)
    return answer


def _show(request: PageRequest, *, told: str = "", problem: str = "") -> Response[bytes]:
    problems = Messages(contact=problem) if problem else Messages()
    context = {"told": told, "problems": problems, "most": CONTACT_MOST, "path": "/lacak/hilang"}
    return page(request, "public/lost_code.html", context, status=422 if problem else 200)
