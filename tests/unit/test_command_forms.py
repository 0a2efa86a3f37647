"""Forms of the desk become commands; every allowed command has a form."""

from __future__ import annotations

import pytest

from complaints_service.desk.deeds import ORDER, WITHOUT_FORM, Kept, deeds
from complaints_service.errors import Invalid, Malformed
from complaints_service.tickets.commands import Answer, Assign, Classify, GrantTime, Undo
from complaints_service.tickets.model import ActorKind, Kind
from complaints_service.tickets.timeline import command_label
from complaints_service.tickets.transitions import TRANSITIONS
from complaints_service.web.command_forms import Given, read_form, to_command


def given(command: str, **values: str) -> Given:
    return Given(command, 1, 1, values)


def test_every_command_of_the_office_has_a_form_and_a_label() -> None:
    commands = {t.command for t in TRANSITIONS if t.actor is ActorKind.PERSON}
    assert set(ORDER) | WITHOUT_FORM == commands
    assert all(command_label(command, "en") != command for command in commands)


def test_words_are_kept_as_written_but_for_blanks_around_them() -> None:
    assert to_command(given("answer", text="  Sudah selesai.\nTerima kasih. \n", resolves="false")) == Answer(
        text="Sudah selesai.\nTerima kasih.", resolves=False
    )


def test_a_box_says_something_only_when_it_was_changed_and_an_empty_choice_nothing() -> None:
    command = to_command(given("classify", category="", kind="suggestion", simple="true", oversight_was="true"))
    assert command == Classify(kind=Kind.SUGGESTION, simple=True, oversight=False)
    assert to_command(given("classify", simple="true", simple_was="true")) == Classify()


def test_a_case_goes_to_a_person_or_to_a_unit() -> None:
    assert to_command(given("assign", assignee="petugas")) == Assign(assignee="petugas")
    assert to_command(given("assign", unit="tikkim")) == Assign(unit="tikkim")


def test_numbers_are_read_as_numbers() -> None:
    assert to_command(given("grant_time", working_days="5")) == GrantTime(working_days=5)
    assert to_command(given("undo", event="7")) == Undo(event=7)


@pytest.mark.parametrize(
    ("command", "values", "wrong"),
    [
        ("ask", {"text": "   "}, {"/text": "required"}),
        ("reject", {"text": "x" * 10_001}, {"/reason": "required", "/text": "too_long"}),
        ("split", {"text": "pendek"}, {"/text": "too_short"}),
        ("request_time", {"reason": "sakit", "working_days": "99"}, {"/working_days": "not_possible"}),
        ("undo", {"event": "tujuh"}, {"/event": "not_possible"}),
    ],
)
def test_every_wrong_field_is_named(command: str, values: dict[str, str], wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        to_command(given(command, **values))
    assert {problem.pointer: problem.code for problem in refused.value.problems} == wrong


@pytest.mark.parametrize("command", ["fire_rung", "reply", "drop table ticket", ""])
def test_only_the_offices_commands_are_taken(command: str) -> None:
    with pytest.raises(Malformed):
        to_command(given(command))


def test_a_form_without_its_version_is_none_of_ours() -> None:
    with pytest.raises(Malformed):
        read_form({"command": "verify", "version": "drei", "seen_seq": "1"})
    with pytest.raises(Malformed):
        read_form({"command": "verify"})


def test_line_ends_and_nul_of_a_browser_do_not_reach_the_ticket() -> None:
    read = read_form({"command": "note", "version": "3", "seen_seq": "4", "csrf_token": "t", "text": "a\r\nb\x00"})
    assert read == Given("note", 3, 4, {"text": "a\nb"})


def test_what_was_tried_is_open_again_with_its_words() -> None:
    from tests.unit.desk_tickets import a_ticket

    kept = Kept("assign", {"unit": "tikkim"}, {"unit": "no"})
    offered = deeds(a_ticket(), ("verify", "assign", "note"), lambda name: name, kept)
    assert [(d.form, d.open) for d in offered] == [
        ("verify", False),
        ("note", False),
        ("assign-person", False),
        ("assign-unit", True),
    ]
    assert offered[-1].given == {"unit": "tikkim"}
    assert offered[-1].problems == {"unit": "no"}
