"""The form of how the office shows itself: what an administrator wrote, checked, as values. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from complaints_service.errors import FieldProblem, Invalid
from complaints_service.office.look import LEAST_CONTRAST, Look, dark_from, is_colour, least_contrast
from complaints_service.office.model import Office
from complaints_service.office.settings_events import LONGEST_WHY

LINES = {"name": 120, "short_name": 40, "address": 200, "phone": 40, "contact": 200}
TEXTS = {"greeting_id": 300, "greeting_en": 300, "kiosk_id": 200, "kiosk_en": 200}
COLOURS = {"accent": "light", "accent_dark": "dark"}
SHORTEST_WHY = 3
_TOO_FAINT = {
    "light": "This colour cannot be read well enough in the light theme: contrast {found}, needed {least}. Choose a darker one.",
    "dark": "This colour cannot be read well enough in the dark theme: contrast {found}, needed {least}. Choose a lighter one.",
}


class Identity(msgspec.Struct, frozen=True):
    """Name, address and telephone of the office, and its look."""

    name: str
    address: str
    phone: str
    look: Look


def identity_of(office: Office) -> Identity:
    """What is in force."""
    return Identity(office.name, office.address, office.phone, office.look)


def fields_of(office: Office) -> dict[str, str]:
    """The form as it stands now."""
    plain = {"name": office.name, "address": office.address, "phone": office.phone}
    look = {name: str(value) for name, value in msgspec.structs.asdict(office.look).items()}
    return {**plain, **look, "why": ""}


def identity_from(fields: Mapping[str, str], office: Office) -> Identity:
    """The form's fields, checked; the logo stays as it is. Raises Invalid that names every mistake."""
    problems: list[FieldProblem] = []
    given = {name: " ".join(fields.get(name, "").split()) for name in (*LINES, *COLOURS)}
    given |= {name: fields.get(name, "").replace("\r\n", "\n").strip() for name in TEXTS}
    for name, most in {**LINES, **TEXTS}.items():
        if len(given[name]) > most:
            problems.append(_problem(name, "too_long", "Shorten the text to at most {most} characters.", most=most))
        elif not given[name].replace("\n", "").isprintable():
            problems.append(_problem(name, "not_printable", "Write it without characters that cannot be seen."))
    if not given["name"]:
        problems.append(_problem("name", "required", "Write the name of the office."))
    colours = _colours(given, problems)
    why_of(fields, problems)
    if problems:
        raise Invalid(problems)
    chosen = {name: given[name] for name in ("short_name", "contact", *TEXTS)}
    look = msgspec.structs.replace(office.look, **chosen, **colours)
    return Identity(given["name"], given["address"], given["phone"], look)


def why_of(fields: Mapping[str, str], problems: list[FieldProblem]) -> str:
    """Why it is changed; adds what is wrong with it."""
    why = " ".join(fields.get("why", "").split())
    if not SHORTEST_WHY <= len(why) <= LONGEST_WHY or not why.isprintable():
        problems.append(_problem("why", "required", "Write why, in a few words."))
    return why


def _colours(given: Mapping[str, str], problems: list[FieldProblem]) -> dict[str, str]:
    found = {name: given[name].lower() for name in COLOURS}
    found = {name: f"#{text}" if text and not text.startswith("#") else text for name, text in found.items()}
    for name, theme in COLOURS.items():
        colour = found[name]
        if not colour:
            continue
        if not is_colour(colour):
            problems.append(
                _problem(name, "not_a_colour", "Write the colour as # and six digits, for example #0d4f6e.")
            )
        elif (contrast := least_contrast(colour, theme)) < LEAST_CONTRAST:
            # Down, not to the nearest: 4.49 must not be told as 4.5.
            shown = f"{int(contrast * 10) / 10}"
            problems.append(_problem(name, "faint", _TOO_FAINT[theme], found=shown, least=LEAST_CONTRAST))
    if found["accent_dark"] and not found["accent"]:
        problems.append(_problem("accent", "required", "Choose the colour of the light theme too."))
    if found["accent"] and not found["accent_dark"] and not problems:
        found["accent_dark"] = dark_from(found["accent"])
    return found


def _problem(name: str, code: str, detail: str, **values: object) -> FieldProblem:
    return FieldProblem(f"/{name}", code, detail, values)
