"""The form of an incident or a short answer: what an officer wrote, checked, as a value. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from complaints_service.errors import FieldProblem, Invalid
from complaints_service.office.guidance import Guidance, GuidanceKind, GuidanceWords
from complaints_service.office.model import Office

LONGEST_TITLE = 120
LONGEST_TEXT = 1_500
_TEXTS = {"title_id": LONGEST_TITLE, "text_id": LONGEST_TEXT, "title_en": LONGEST_TITLE, "text_en": LONGEST_TEXT}


def blank(kind: str) -> dict[str, str]:
    """An untouched form."""
    known = kind if kind in set(GuidanceKind) else GuidanceKind.ANSWER.value
    return {"kind": known, **dict.fromkeys(_TEXTS, ""), "shows_from": "", "shows_until": "", "version": "0"}


def fields_of(one: Guidance) -> dict[str, str]:
    """A saved text as its form shows it."""
    days = {
        "shows_from": one.shows_from.isoformat() if one.shows_from else "",
        "shows_until": one.shows_until.isoformat() if one.shows_until else "",
    }
    texts = {name: str(getattr(one, name)) for name in _TEXTS}
    return {"kind": one.kind.value, **texts, **days, "version": str(one.version)}


def words_from(fields: Mapping[str, str], services: Iterable[str], office: Office) -> GuidanceWords:
    """The form's fields, checked. Raises Invalid that names every mistake."""
    problems: list[FieldProblem] = []
    texts = {name: fields.get(name, "").replace("\r\n", "\n").strip() for name in _TEXTS}
    for name, most in _TEXTS.items():
        if len(texts[name]) > most:
            problems.append(_problem(name, "too_long", "Shorten the text to at most {most} characters.", most=most))
    if not texts["title_id"]:
        problems.append(_problem("title_id", "required", "Write a heading of a few words."))
    if not texts["text_id"]:
        problems.append(_problem("text_id", "required", "Write what people should know."))
    if bool(texts["title_en"]) != bool(texts["text_en"]):
        missing = "text_en" if texts["title_en"] else "title_en"
        problems.append(_problem(missing, "required", "In English write both, the heading and the text, or neither."))
    first, last = _day(fields, "shows_from", problems), _day(fields, "shows_until", problems)
    if first and last and last < first:
        problems.append(_problem("shows_until", "before_start", "The last day must not be before the first one."))
    chosen = tuple(dict.fromkeys(services))
    if any(slug not in office.services for slug in chosen):
        problems.append(_problem("services", "unknown_service", "Choose services of the office."))
    kind = fields.get("kind", "")
    if kind not in set(GuidanceKind):
        problems.append(_problem("kind", "unknown_value", "Choose what it is."))
    if problems:
        raise Invalid(problems)
    return GuidanceWords(kind=GuidanceKind(kind), services=chosen, shows_from=first, shows_until=last, **texts)


def _day(fields: Mapping[str, str], name: str, problems: list[FieldProblem]) -> date | None:
    text = fields.get(name, "").strip()
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or not 2000 <= found.year <= 2200:
        problems.append(_problem(name, "not_a_date", "Write the day as year-month-day, for example 2026-11-20."))
        return None
    return found


def _problem(name: str, code: str, detail: str, **values: object) -> FieldProblem:
    return FieldProblem(f"/{name}", code, detail, values)
