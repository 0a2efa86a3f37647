"""A policy out of JSON that anybody may have written: every field that cannot be read is named, not only the first."""

from __future__ import annotations

import typing
from datetime import UTC, datetime
from typing import cast

import msgspec

from complaints_service.sla.policy_document import PauseEntry, PolicyDocument, RungEntry, TargetEntry
from complaints_service.sla.policy_problems import Problem, ProblemCode

# More than any office needs, few enough to look at.
MOST_TARGETS, MOST_PAUSES, MOST_RUNGS = 200, 20, 200
_LISTS: dict[str, tuple[type[msgspec.Struct], int]] = {
    "targets": (TargetEntry, MOST_TARGETS),
    "pauses": (PauseEntry, MOST_PAUSES),
    "ladder": (RungEntry, MOST_RUNGS),
}
# Stand for what could not be read, so that the rest can be checked all the same; their own places are already complained about.
_STAND_INS: dict[object, object] = {str: "", int: 1, bool: False, datetime: datetime(9999, 1, 1, tzinfo=UTC)}


class Reading(msgspec.Struct, frozen=True):
    """``document`` is None only when nothing could be read; with ``problems`` it holds stand-ins and must not be kept."""

    document: PolicyDocument | None
    problems: list[Problem]


def read_policy(raw: object) -> Reading:
    """The document with everything that has the wrong shape, at its JSON pointer."""
    if not isinstance(raw, dict):
        return Reading(None, [Problem("", ProblemCode.WRONG_SHAPE)])
    fields = cast("dict[str, object]", raw)
    problems: list[Problem] = []
    whole = dict(fields)
    for name, (kind, most) in _LISTS.items():
        if name in fields:
            whole[name] = _entries(fields[name], kind, most, f"/{name}", problems)
    document = _struct(whole, PolicyDocument, "", problems)
    return Reading(cast("PolicyDocument", document), problems)


def _entries(
    raw: object, kind: type[msgspec.Struct], most: int, pointer: str, problems: list[Problem]
) -> tuple[msgspec.Struct, ...]:
    if not isinstance(raw, list):
        problems.append(Problem(pointer, ProblemCode.WRONG_SHAPE))
        return ()
    entries = cast("list[object]", raw)
    if len(entries) > most:
        problems.append(Problem(pointer, ProblemCode.TOO_MANY, {"limit": most}))
        return ()
    found: list[msgspec.Struct] = []
    for place, entry in enumerate(entries):
        if isinstance(entry, dict):
            found.append(_struct(cast("dict[str, object]", entry), kind, f"{pointer}/{place}", problems))
        else:
            problems.append(Problem(f"{pointer}/{place}", ProblemCode.WRONG_SHAPE))
            found.append(_struct({}, kind, f"{pointer}/{place}", []))
    return tuple(found)


def _struct(
    raw: dict[str, object], kind: type[msgspec.Struct], pointer: str, problems: list[Problem]
) -> msgspec.Struct:
    known = {field.name: field for field in msgspec.structs.fields(kind)}
    # The name of an unknown field is repeated only when it is one that could be meant.
    for name in raw.keys() - known.keys():
        place = f"{pointer}/{name}" if name.isidentifier() and len(name) <= 60 else pointer
        problems.append(Problem(place, ProblemCode.UNKNOWN_FIELD))
    values: dict[str, object] = {}
    for name, field in known.items():
        if name not in raw:
            if field.required:
                problems.append(Problem(f"{pointer}/{name}", ProblemCode.MISSING_FIELD))
                values[name] = _stand_in(field.type)
            continue
        try:
            values[name] = _value(raw[name], field.type)
        except msgspec.ValidationError:
            problems.append(Problem(f"{pointer}/{name}", _code(field.type)))
            values[name] = _stand_in(field.type)
    return kind(**values)


def _value(raw: object, kind: object) -> object:
    if isinstance(raw, tuple):
        return cast("object", raw)  # a list of entries that has been read already
    found: object = msgspec.convert(raw, kind)
    if isinstance(found, datetime):
        if found.tzinfo is None:
            raise msgspec.ValidationError("a moment needs a time zone")
        try:
            return found.astimezone(UTC)
        except OverflowError as error:
            raise msgspec.ValidationError("out of reach") from error
    if isinstance(found, str) and "\x00" in found:
        raise msgspec.ValidationError("NUL")
    return found


def _kinds(annotation: object) -> set[object]:
    return set(typing.get_args(annotation)) or {annotation}


def _stand_in(annotation: object) -> object:
    if type(None) in _kinds(annotation):
        return None
    return _STAND_INS.get(annotation, ())


def _code(annotation: object) -> ProblemCode:
    if int in _kinds(annotation):
        return ProblemCode.NOT_A_NUMBER
    return ProblemCode.NOT_A_MOMENT if annotation is datetime else ProblemCode.WRONG_SHAPE
