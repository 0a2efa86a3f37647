"""A draft as the page shows it: fields as they were typed, problems beside them. No I/O."""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from complaints_service.i18n import translate
from complaints_service.management.policies.draft_form import Raw, entries
from complaints_service.management.policies.words import (
    KIND_NAMES,
    MEASURE_NAMES,
    PRIORITY_NAMES,
    STATUS_NAMES,
    TARGET_EXPLANATION_WORDS,
    category_name,
    target_name,
)
from complaints_service.office.model import Office, Policy
from complaints_service.office.rung_words import amount_text
from complaints_service.sla.policy_check import checked
from complaints_service.sla.policy_document import policy_from
from complaints_service.sla.policy_problems import PolicyError, problem_text
from complaints_service.sla.policy_reading import read_policy
from complaints_service.sla.policy_vocabulary import TARGETS

_LADDER_PLACE = re.compile(r"/ladder/(\d+)")
Options = list[tuple[str, str]]


class RowView(msgspec.Struct, frozen=True):
    """A row of the form: its place in the document, its fields as texts, whether it can move; ``hours``: minutes told as whole hours."""

    place: int
    values: dict[str, str]
    first: bool
    last: bool
    hours: str = ""


class GroupView(msgspec.Struct, frozen=True):
    """The rows of one deadline."""

    target: str
    name: str
    explanation: str
    rows: tuple[RowView, ...]


def draft_policy(raw: Raw) -> tuple[Policy, dict[str, int]]:
    """What a draft says as far as it can be read, and the place of each rung's key in its ladder.

    Rungs under one key twice are told apart by a mark behind the second one's key.
    """
    document = read_policy(raw).document
    if document is None:
        raise ValueError("a draft is always an object")
    places: dict[str, int] = {}
    rungs = list(document.ladder)
    for place, rung in enumerate(rungs):
        key = rung.key
        while key in places:
            key += "′"
        rungs[place] = msgspec.structs.replace(rung, key=key)
        places[key] = place
    return policy_from(msgspec.structs.replace(document, ladder=tuple(rungs)), 0), places


def place_problems(raw: Raw, office: Office, now: datetime, language: str) -> list[tuple[str, str, int | None]]:
    """Everything that is wrong with a draft: JSON pointer, words, and the place of the rung (None: not in the ladder).

    When it takes effect is decided on publishing.
    """
    try:
        checked(raw, office, now)
    except PolicyError as error:
        found = [problem for problem in error.problems if problem.pointer != "/effective_from"]
        return [(problem.pointer, problem_text(problem, language), _rung_place(problem.pointer)) for problem in found]
    return []


def _rung_place(pointer: str) -> int | None:
    found = _LADDER_PLACE.match(pointer)
    return int(found[1]) if found else None


def field_errors(problems: list[tuple[str, str, int | None]]) -> dict[str, str]:
    """Problems by the name of the field that has them ("targets.3.amount"); several of one field in one text."""
    found: dict[str, str] = {}
    for pointer, words, _ in problems:
        name = pointer.strip("/").replace("/", ".")
        found[name] = f"{found[name]} {words}" if name in found else words
    return found


def summary(errors: dict[str, str], raw: Raw, language: str) -> dict[str, str]:
    """The problems for the top of the page, in the order of the fields, each with the row it belongs to."""
    rows = entries(raw, "targets")
    found: list[tuple[tuple[int, int, int], str, str]] = []
    for name, words in errors.items():
        parts = name.split(".")
        place = int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else -1
        if parts[0] == "targets" and 0 <= place < len(rows):
            target = str(rows[place].get("target", ""))
            row = 1 + sum(other.get("target") == target for other in rows[:place])
            where = translate(language, "{target}, row {n}", target=target_name(target, language), n=row)
            order = TARGETS.index(target) if target in TARGETS else len(TARGETS)
            found.append(((1, order, place), name, f"{where}: {words}"))
        elif parts[0] == "pauses" and place >= 0:
            found.append(((2, 0, place), name, f"{translate(language, 'Pause {n}', n=place + 1)}: {words}"))
        else:
            found.append(((int(parts[0] in ("targets", "pauses")), -1, 0), name, words))
    return {name: words for _, name, words in sorted(found)}


def form_context(raw: Raw, office: Office, language: str) -> dict[str, object]:
    """The fields of a draft's page."""
    return {
        "basics": {name: _text(raw.get(name)) for name in ("legal_source", "after_reopening", "after_transfer")},
        "groups": _groups(raw, language),
        "pauses": [_row(entry, place, 0, 1, language, "limit_") for place, entry in enumerate(entries(raw, "pauses"))],
        "options": options(office, language),
    }


def _groups(raw: Raw, language: str) -> list[GroupView]:
    rows = entries(raw, "targets")
    groups: list[GroupView] = []
    for target in TARGETS:
        own = [place for place, entry in enumerate(rows) if entry.get("target") == target]
        groups.append(
            GroupView(
                target,
                target_name(target, language),
                translate(language, TARGET_EXPLANATION_WORDS[target]),
                tuple(_row(rows[place], place, index, len(own), language) for index, place in enumerate(own)),
            )
        )
    return groups


def _row(entry: Raw, place: int, index: int, many: int, language: str, prefix: str = "") -> RowView:
    amount, measure = entry.get(f"{prefix}amount"), str(entry.get(f"{prefix}measure", ""))
    hours = ""
    if isinstance(amount, int) and amount and amount % 60 == 0 and measure.endswith("_minutes"):
        hours = amount_text(amount, measure, language)  # as every other page tells it
    values = {name: _text(value) for name, value in entry.items()}
    return RowView(place, values, index == 0, index == many - 1, hours)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def options(office: Office, language: str) -> dict[str, Options]:
    """The choices of each field, in words."""

    def words(names: dict[str, str]) -> Options:
        return [(value, translate(language, name)) for value, name in names.items()]

    categories = [(slug, category_name(slug, office, language)) for slug in office.categories]
    yes_no = {"yes": "yes", "no": "no"}
    return {
        "kind": words(KIND_NAMES),
        "category": categories,
        "priority": words(PRIORITY_NAMES),
        "measure": words(MEASURE_NAMES),
        "status": words(STATUS_NAMES),
        "mark": words(yes_no),
        "restart": words(
            {"restart": "the answer's time starts anew", "continue": "the answer's time goes on where it stood"}
        ),
    }
