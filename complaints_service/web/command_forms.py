"""What an officer's form posts, as a command of the ticket. Only translates: whether it may be done is the lifecycle's business."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import cast

import msgspec

from complaints_service.errors import FieldProblem, Invalid, Malformed
from complaints_service.tickets.commands import OfficeCommand

_COMMANDS: dict[str, type[msgspec.Struct]] = {
    str(kind.__struct_config__.tag): kind for kind in typing.get_args(OfficeCommand)
}
_CHECKED = frozenset({"true", "on", "1"})


class Given(msgspec.Struct, frozen=True):
    """What came in with a form, kept so that nothing a person wrote is lost when it cannot be carried out."""

    command: str
    version: int
    seen_seq: int
    values: dict[str, str]


def read_form(form: Mapping[str, object]) -> Given:
    """The form's command, the version it was made for, the last event its page showed, and its words (line ends as ``\\n``).

    Raises Malformed when it was not made by our page.
    """
    values = {
        name: value.replace("\r\n", "\n").replace("\x00", "")
        for name, value in form.items()
        if isinstance(value, str) and name not in ("csrf_token", "command", "version", "seen_seq")
    }
    try:
        version, seen_seq = int(str(form["version"])), int(str(form["seen_seq"]))
        command = str(form["command"])
    except (KeyError, ValueError):
        raise Malformed("Please open the ticket again and use its form.") from None
    return Given(command, version, seen_seq, values)


def to_command(given: Given) -> OfficeCommand:
    """The command with its fields. Raises Invalid that names every wrong field, Malformed for an unknown command."""
    kind = _COMMANDS.get(given.command)
    if kind is None:
        raise Malformed("Please open the ticket again and use its form.")
    fields: dict[str, object] = {}
    problems: list[FieldProblem] = []
    for field in msgspec.structs.fields(kind):
        words = given.values.get(field.name, "")
        if field.type is bool:
            fields[field.name] = words in _CHECKED
        elif _is_flag(field.type):
            # A box that was left as it was says nothing, so that rules of the office (a category with oversight content) still count.
            if (words in _CHECKED) != (given.values.get(f"{field.name}_was") in _CHECKED):
                fields[field.name] = words in _CHECKED
        elif words.strip():
            try:
                fields[field.name] = msgspec.convert(words.strip(), field.type, strict=False)
            except msgspec.ValidationError as error:
                problems.append(_problem(field.name, str(error)))
        elif field.required:
            problems.append(FieldProblem(f"/{field.name}", "required", "Please fill in this field."))
    if problems:
        raise Invalid(problems)
    return cast("OfficeCommand", kind(**fields))


def _is_flag(annotation: object) -> bool:
    return bool in typing.get_args(annotation)


def _problem(name: str, error: str) -> FieldProblem:
    if "length <=" in error:
        return FieldProblem(f"/{name}", "too_long", "This is too long. Please shorten it.")
    if "length >=" in error:
        return FieldProblem(f"/{name}", "too_short", "This is too short. Please say a little more.")
    return FieldProblem(f"/{name}", "not_possible", "Please choose or write a value that is possible here.")
