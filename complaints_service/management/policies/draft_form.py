"""The form of a draft: its fields as JSON of a policy and back, and rows that are added, removed and moved. Pure.

What cannot be read stays as it was typed, so that nothing a person wrote is lost; ``policy_check`` names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from complaints_service.sla.policy_reading import MOST_PAUSES, MOST_TARGETS
from complaints_service.sla.policy_vocabulary import PAUSED_TARGETS, TARGETS

Raw = dict[str, object]
_LONGEST_FIELD = 2_000
# Larger numbers are no amounts, and JSON does not hold them.
_MOST_DIGITS = 12
_PLAIN = ("legal_source", "after_reopening", "after_transfer")
_TARGET_WORDS = ("target", "kind", "category", "priority", "measure")
_FLAGS = {"yes": True, "no": False}


def entries(raw: Raw, name: str) -> list[Raw]:
    """The rows of a list of a draft (targets, pauses, ladder); what is no row is passed over."""
    rows = raw.get(name)
    return (
        [cast("Raw", row) for row in cast("list[object]", rows) if isinstance(row, dict)]
        if isinstance(rows, list)
        else []
    )


def from_form(form: Mapping[str, object], stored: Raw) -> Raw:
    """The draft as the page's form gives it; what the form does not hold (the ladder, the moment) stays as stored."""
    raw = dict(stored)
    for name in _PLAIN:
        if name in form:
            raw[name] = text_of(form, name)
    raw["targets"] = [_target(form, f"targets.{place}.") for place in _places(form, "targets.{}.target", MOST_TARGETS)]
    raw["pauses"] = [
        {
            "status": text_of(form, f"pauses.{place}.status"),
            "target": PAUSED_TARGETS[0],
            "limit_amount": number_of(form, f"pauses.{place}.limit_amount"),
            "limit_measure": text_of(form, f"pauses.{place}.limit_measure"),
        }
        for place in _places(form, "pauses.{}.status", MOST_PAUSES)
    ]
    return raw


def _places(form: Mapping[str, object], name: str, most: int) -> list[int]:
    return [place for place in range(most) if name.format(place) in form]


def _target(form: Mapping[str, object], prefix: str) -> Raw:
    row: Raw = {"amount": number_of(form, f"{prefix}amount")}
    for name in _TARGET_WORDS:
        if words := text_of(form, prefix + name):
            row[name] = words
    row.setdefault("target", "")
    row.setdefault("measure", "")
    for name in ("simple", "oversight"):
        flag = _FLAGS.get(text_of(form, prefix + name))
        if flag is not None:
            row[name] = flag
    return row


def text_of(form: Mapping[str, object], name: str) -> str:
    """A field's text, trimmed; empty when it is not there."""
    value = form.get(name)
    return value.replace("\x00", "").replace("\r\n", "\n").strip()[:_LONGEST_FIELD] if isinstance(value, str) else ""


def number_of(form: Mapping[str, object], name: str) -> int | str:
    """A field's whole number; the text when it is none."""
    words = text_of(form, name)
    digits = words.removeprefix("-")
    return int(words) if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS else words


def changed(raw: Raw, deed: str) -> tuple[Raw, str]:
    """The draft after a button beside its rows ("add.targets.answer", "remove.pauses.0", "up.targets.3"), and the id of the row that it
    concerned. Unknown deeds and rows that are gone change nothing."""
    match deed.split("."):
        case ["add", "targets", target] if target in TARGETS:
            return _added_target(raw, target)
        case ["add", "pauses"]:
            rows = entries(raw, "pauses")
            new: Raw = {"status": "", "target": PAUSED_TARGETS[0], "limit_amount": "", "limit_measure": "calendar_days"}
            return {**raw, "pauses": [*rows, new]}, f"pauses-{len(rows)}"
        case [("remove" | "up" | "down") as what, ("targets" | "pauses" | "ladder") as name, place] if (
            place.isdecimal()
        ):
            return _moved(raw, what, name, int(place[:6]))
        case _:
            return raw, ""


def _added_target(raw: Raw, target: str) -> tuple[Raw, str]:
    """A new row stands above the one that takes all cases, where it would otherwise never count."""
    rows = entries(raw, "targets")
    new: Raw = {"target": target, "amount": "", "measure": "working_days"}
    own = [place for place, row in enumerate(rows) if row.get("target") == target]
    place = own[-1] if own else len(rows)
    return {**raw, "targets": [*rows[:place], new, *rows[place:]]}, f"targets-{place}"


def _moved(raw: Raw, what: str, name: str, place: int) -> tuple[Raw, str]:
    rows = entries(raw, name)
    if place >= len(rows):
        return raw, ""
    if what == "remove":
        return {**raw, name: rows[:place] + rows[place + 1 :]}, name
    # Rows of other targets may lie between: a row changes places with the next one of its own.
    own = [other for other, row in enumerate(rows) if row.get("target") == rows[place].get("target")]
    step = own.index(place) + (-1 if what == "up" else 1)
    if not 0 <= step < len(own):
        return raw, f"{name}-{place}"
    other = own[step]
    rows[place], rows[other] = rows[other], rows[place]
    return {**raw, name: rows}, f"{name}-{other}"
