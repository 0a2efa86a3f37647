"""The pages of the public form: one question of the walk, all questions at once, and the answers to look through.

Answers are kept in the pages themselves, as hidden fields: nothing of a person is stored anywhere before it is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from litestar import Response

from complaints_service.clock import machine_now
from complaints_service.guidance.words import Shown
from complaints_service.i18n import translate
from complaints_service.intake.attachments.answers import upload_views
from complaints_service.keys import Keys
from complaints_service.office.model import Office
from complaints_service.public.answers import (
    DETAILS,
    FIELDS,
    SEND_WORDS,
    UNKNOWN,
    Messages,
    answers_from,
    choices,
    rows,
)
from complaints_service.public.form_files import FormWithFiles
from complaints_service.public.form_time import MADE, kept_or_made
from complaints_service.public.requests import form_id_of
from complaints_service.public.walk import FIELDS_OF, Step, after, asking, before, place
from complaints_service.tickets.attachments import Upload
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page

# A field that people do not see.
HONEYPOT = "website"
# Kept by the browser for going back to a half-filled form, by nobody else. Sending sets a cookie: with it in Vary the browser would
# not find the page again and ask whether to send a second time.
_GOING_BACK = {"Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
_RETURN = "return"
_OTHER = "I do not know, or something else"
_UNKNOWN = "I do not know"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A form on its way: its answers, its id, when it was made (signed), its files; ``walks``: one question a page; ``returns``: to the
    check page when this one question is answered; ``trap``: what a program wrote where people see nothing."""

    answers: dict[str, str]
    form_id: str
    made: str
    uploads: Sequence[Upload] = ()
    walks: bool = False
    returns: bool = False
    trap: str = ""
    # Nothing has been answered yet: what this device kept may be put in.
    fresh: bool = False


def draft_of(filled: FormWithFiles, keys: Keys) -> Draft:
    """The draft that a form carries."""
    form = filled.fields
    return Draft(
        answers=answers_from(form),
        form_id=form_id_of(form),
        made=kept_or_made(form.get(MADE, ""), keys, machine_now()),
        uploads=filled.uploads,
        walks=form.get("walk") == "1",
        returns=form.get(_RETURN) == Step.CHECK,
        trap=form.get(HONEYPOT, "")[:100],
    )


def _common(office: Office, draft: Draft, language: str) -> dict[str, object]:
    return {
        "office": office,
        "answers": draft.answers,
        "form_id": draft.form_id,
        "made": draft.made,
        "uploads": upload_views(draft.uploads, language),
        "walks": draft.walks,
        "fresh": draft.fresh,
        # Of the menu's entries this is the first.
        "path": "/",
    }


def step_page(
    request: PageRequest,
    office: Office,
    draft: Draft,
    step: Step,
    problems: Messages | None = None,
    guidance: Sequence[Shown] = (),
) -> Response[bytes]:
    """One question, with every other answer kept; 422 with ``problems``."""
    language, answers = language_of(request), draft.answers
    shown = FIELDS_OF[step]
    kept = {name: answers[name] for name in FIELDS if name not in shown and answers[name]}
    kept |= {tick: "1" for name, tick in UNKNOWN.items() if name not in shown and answers.get(tick)}
    number, total = place(step, answers)
    back = before(step, answers)
    context = {
        **_common(office, draft, language),
        **choices(office, language),
        "step": step.value,
        "here": step.address,
        "next": (Step.CHECK if draft.returns else after(step, answers)).address,
        "back": Step.CHECK.address if draft.returns else back.address if back is not None else None,
        "check": Step.CHECK.address,
        "returns": draft.returns,
        # Once it has been told what happened, everything else may be left out.
        "may_check": bool(answers["description"] or step is Step.STORY) and not draft.returns,
        "number": number,
        "total": total,
        "kept": kept,
        "trapped": draft.trap,
        "offered": _offered(office, step, language),
        "problems": problems or Messages(),
        "guidance": guidance,
    }
    return page(request, "public/step.html", context, status=422 if problems else 200, headers=_GOING_BACK)


def _offered(office: Office, step: Step, language: str) -> list[tuple[str, str, None]]:
    """What a question with a list offers, the way out last."""
    lists = choices(office, language)
    if step is Step.SERVICE:
        return [*((slug, name, None) for slug, name in lists["services"]), ("", translate(language, _OTHER), None)]
    return [*((slug, name, None) for slug, name in lists["categories"]), ("", translate(language, _UNKNOWN), None)]


def whole_context(
    office: Office, draft: Draft, language: str, problems: Messages | None = None, guidance: Sequence[Shown] = ()
) -> dict[str, object]:
    """What the page with all questions is made of."""
    answers = draft.answers
    opened = [name for name in DETAILS if answers[name] or answers.get(UNKNOWN.get(name, ""))]
    return {
        **_common(office, draft, language),
        **choices(office, language),
        "guidance": guidance,
        "problems": problems or Messages(),
        "more_open": bool(opened) or any(name in DETAILS for name in problems or ()),
    }


def whole_page(
    request: PageRequest,
    office: Office,
    draft: Draft,
    problems: Messages | None = None,
    guidance: Sequence[Shown] = (),
) -> Response[bytes]:
    """All questions at once; 422 with ``problems``."""
    context = whole_context(office, draft, language_of(request), problems, guidance)
    return page(request, "public/file.html", context, status=422 if problems else 200, headers=_GOING_BACK)


def check_page(
    request: PageRequest, office: Office, draft: Draft, *, sent_before: bool = False, trouble: str = ""
) -> Response[bytes]:
    """The answers to look through; each can be changed, and leads back here."""
    language = language_of(request)
    number, total = place(Step.CHECK, draft.answers)
    last = before(Step.CHECK, draft.answers)
    context: Mapping[str, object] = {
        **_common(office, draft, language),
        "rows": [(row, asking(row.name).address) for row in rows(draft.answers, office, language)],
        "files_at": Step.FILES.address,
        "here": Step.CHECK.address if draft.walks else "/",
        "back": last.address if draft.walks and last is not None else None,
        "number": number,
        "total": total,
        "send_label": translate(language, SEND_WORDS[draft.answers["kind"]]),
        "sent_before": sent_before,
        "trouble": trouble,
    }
    return page(request, "public/check.html", context, headers=_GOING_BACK)
