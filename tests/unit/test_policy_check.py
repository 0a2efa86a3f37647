"""A policy is refused by name and place for everything that would break a promise, and the office's own policy is in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from complaints_service.demo.office_value import demo_office
from complaints_service.sla.policy_check import checked, problems_of
from complaints_service.sla.policy_document import document_of
from complaints_service.sla.policy_problems import PROBLEM_WORDS, PolicyError, Problem, ProblemCode, problem_text
from tests.unit.values import RECEIVED, an_office

Edit = Callable[[dict[str, Any]], object]


def a_document() -> dict[str, Any]:
    """The policy of the small office as JSON, in force from tomorrow on."""
    document = msgspec.structs.replace(
        document_of(an_office().policies[1]), effective_from=RECEIVED + timedelta(days=1)
    )
    return msgspec.json.decode(msgspec.json.encode(document))


def problems(raw: object) -> list[Problem]:
    try:
        checked(raw, an_office(), RECEIVED)
    except PolicyError as error:
        return error.problems
    return []


def found(edit: Edit) -> set[tuple[str, str]]:
    raw = a_document()
    edit(raw)
    return {(problem.pointer, problem.code.value) for problem in problems(raw)}


def place(raw: dict[str, Any], key: str) -> int:
    return next(at for at, rung in enumerate(raw["ladder"]) if rung["key"] == key)


def rung(name: str, **fields: Any) -> Edit:
    return lambda raw: raw["ladder"][place(raw, name)].update(fields)


def target(number: int, **fields: Any) -> Edit:
    return lambda raw: raw["targets"][number].update(fields)


def more_targets(**fields: Any) -> Edit:
    return lambda raw: raw["targets"].append({"amount": 3, "measure": "working_days", **fields})


def more_rungs(like: str, **fields: Any) -> Edit:
    return lambda raw: raw["ladder"].append({**raw["ladder"][place(raw, like)], **fields})


def test_the_policy_of_the_office_is_in_order() -> None:
    assert problems(a_document()) == []


def test_the_policy_of_the_demo_office_is_in_order() -> None:
    office = demo_office()
    document = msgspec.structs.replace(document_of(office.policies[1]), effective_from=RECEIVED + timedelta(days=1))
    assert problems_of(document, office, RECEIVED) == []


def test_every_problem_has_words() -> None:
    assert set(PROBLEM_WORDS) == set(ProblemCode)


# fmt: off
WRONG: list[tuple[str, Edit, str, str]] = [
    ("target 0", target(0, amount=0), "/targets/0/amount", "too_small"),
    ("negative target", target(4, amount=-3), "/targets/4/amount", "too_small"),
    ("ten years in working days", target(4, amount=2600), "/targets/4/amount", "too_large"),
    ("ten years in calendar days", target(6, amount=3650), "/targets/6/amount", "too_large"),
    ("ten years in minutes", target(4, amount=5_256_000, measure="calendar_minutes"), "/targets/4/amount", "too_large"),
    ("amount as text", target(0, amount="tiga"), "/targets/0/amount", "not_a_number"),
    ("half a day", target(0, amount=2.5), "/targets/0/amount", "not_a_number"),
    ("unknown target", target(0, target="reply"), "/targets/0/target", "unknown_word"),
    ("unknown measure", target(0, measure="weeks"), "/targets/0/measure", "unknown_word"),
    ("unknown priority", target(3, priority="asap"), "/targets/3/priority", "unknown_word"),
    ("unknown kind", target(1, kind="praise"), "/targets/1/kind", "unknown_word"),
    ("category that does not exist", target(3, category="hilang"), "/targets/3/category", "unknown_category"),
    ("no row for all cases", target(4, simple=True), "/targets", "no_catch_all"),
    ("no row at all", lambda raw: raw["targets"].pop(0), "/targets", "missing_target"),
    ("a row that never counts", more_targets(target="answer", kind="complaint"), "/targets/8", "never_used"),
    ("the same row twice", lambda raw: raw["targets"].insert(1, raw["targets"][0]), "/targets/1", "never_used"),
    ("pause without end", lambda raw: raw["pauses"][0].update(limit_amount=0), "/pauses/0/limit_amount", "pause_without_end"),
    ("pause whose end is left out", lambda raw: raw["pauses"][0].pop("limit_amount"), "/pauses/0/limit_amount", "missing_field"),
    ("pause of ten years", lambda raw: raw["pauses"][0].update(limit_amount=3650), "/pauses/0/limit_amount", "too_large"),
    ("pause of verify", lambda raw: raw["pauses"][0].update(target="verify"), "/pauses/0/target", "not_paused"),
    ("pause by an unknown status", lambda raw: raw["pauses"][0].update(status="asleep"), "/pauses/0/status", "unknown_word"),
    ("pause by a status that stops nothing", lambda raw: raw["pauses"][0].update(status="answered"), "/pauses/0/status", "unknown_word"),
    ("pause twice", lambda raw: raw["pauses"].append(raw["pauses"][0]), "/pauses/1", "pause_twice"),
    ("unknown restart", lambda raw: raw.update(after_reopening="maybe"), "/after_reopening", "unknown_word"),
    ("no legal source", lambda raw: raw.update(legal_source="  "), "/legal_source", "empty"),
    ("endless legal source", lambda raw: raw.update(legal_source="x" * 501), "/legal_source", "too_long"),
    ("NUL", lambda raw: raw.update(legal_source="a\x00b"), "/legal_source", "wrong_shape"),
    ("in force since the past", lambda raw: raw.update(effective_from="2026-11-23T00:00:00Z"), "/effective_from", "in_the_past"),
    ("two versions from one moment", lambda raw: raw.update(effective_from="2020-01-01T00:00:00Z"), "/effective_from", "in_the_past"),
    ("without a time zone", lambda raw: raw.update(effective_from="2027-01-01T00:00:00"), "/effective_from", "not_a_moment"),
    ("31 February", lambda raw: raw.update(effective_from="2027-02-31T00:00:00Z"), "/effective_from", "not_a_moment"),
    ("in a hundred years", lambda raw: raw.update(effective_from="2126-01-01T00:00:00Z"), "/effective_from", "not_a_moment"),
    ("outside of time", lambda raw: raw.update(effective_from="9999-12-31T23:59:59-12:00"), "/effective_from", "not_a_moment"),
    ("nobody is told", rung("answer-due", receivers=[]), "/ladder/5/receivers", "nobody"),
    ("unknown receiver", rung("answer-due", receivers=["president"]), "/ladder/5/receivers/0", "unknown_receiver"),
    ("the reporter as staff", rung("answer-due", receivers=["reporter"]), "/ladder/5/receivers/0", "unknown_receiver"),
    ("unknown person", rung("answer-due", receivers=["head", "person:nobody"]), "/ladder/5/receivers/1", "unknown_person"),
    ("person without name", rung("answer-due", receivers=["person:"]), "/ladder/5/receivers/0", "unknown_person"),
    ("no address", rung("answer-due", otherwise=["address:kepala"]), "/ladder/5/otherwise/0", "bad_address"),
    ("address with a header inside", rung("answer-due", otherwise=["address:a@b.id\nBcc: x@y.id"]), "/ladder/5/otherwise/0", "bad_address"),
    ("staff told by a letter to the reporter", rung("closing-remind", receivers=["head"]), "/ladder/12/receivers/0", "not_for_staff"),
    ("closing on the answer's ladder", rung("answer-due", act="close"), "/ladder/5/act", "act_not_here"),
    ("unknown act", rung("answer-due", act="shout"), "/ladder/5/act", "unknown_word"),
    ("unknown anchor", rung("answer-due", anchor="someday"), "/ladder/5/anchor", "unknown_word"),
    ("unknown way", rung("answer-due", ways=["pigeon"]), "/ladder/5/ways", "unknown_word"),
    ("unknown priority to raise to", rung("answer-due", raise_priority="low"), "/ladder/5/raise_priority", "unknown_word"),
    ("level 10", rung("answer-repeat", level=10), "/ladder/8/level", "bad_level"),
    ("levels that fall", rung("answer-late-5", level=1), "/ladder/7/level", "level_falls"),
    ("endless note", rung("answer-due", note="x" * 501), "/ladder/5/note", "too_long"),
    ("one key twice", rung("answer-due", key="verify-due"), "/ladder/5/key", "key_twice"),
    ("reserved key", rung("answer-due", key="pause-end"), "/ladder/5/key", "bad_key"),
    ("key with a space", rung("answer-due", key="answer due"), "/ladder/5/key", "bad_key"),
    ("repeats in the middle", rung("answer-late", repeats=True), "/ladder/7", "repeats_not_last"),
    ("the ladder of the answer ends", rung("answer-repeat", repeats=False), "/ladder/8/repeats", "nothing_repeats"),
    ("the ladder of the sign ends", rung("sign-10", repeats=False), "/ladder/9/repeats", "nothing_repeats"),
    ("repeats at once", rung("answer-repeat", offset_amount=0), "/ladder/8/offset_amount", "no_distance"),
    ("first counts from the one before", rung("sign-10", anchor="previous", offset_amount=1), "/ladder/9/anchor", "previous_first"),
    ("before the start", rung("closing-remind", offset_amount=-1), "/ladder/12/offset_amount", "before_start"),
    ("out of order", rung("answer-late", offset_amount=9), "/ladder/7/offset_amount", "out_of_order"),
    ("after ten years", rung("answer-late-5", offset_amount=2600), "/ladder/7/offset_amount", "too_large"),
    ("nothing closes", lambda raw: raw["ladder"].pop(), "/ladder", "never_closes"),
    ("nothing lapses", lambda raw: raw["ladder"].pop(11), "/ladder", "never_lapses"),
    ("closes before its deadline", rung("closing-close", offset_amount=-1), "/ladder/13/anchor", "ends_early"),
    ("a rung after the end", more_rungs("closing-remind", key="closing-more"), "/ladder/14", "after_the_end"),
    ("a deadline without a ladder", lambda raw: raw.update(ladder=raw["ladder"][3:]), "/ladder", "no_ladder"),
    ("no ladder at all", lambda raw: raw.update(ladder=[]), "/ladder", "no_ladder"),
    ("a ladder for no deadline", more_rungs("sign-10", key="attend-1", target="attend"), "/ladder/14", "ladder_without_target"),
    ("unknown field", lambda raw: raw["targets"][0].update(working=True), "/targets/0/working", "unknown_field"),
    ("no ladder in the document", lambda raw: raw.pop("ladder"), "/ladder", "missing_field"),
    ("a list that is none", lambda raw: raw.update(targets={}), "/targets", "wrong_shape"),
    ("a row that is none", lambda raw: raw["targets"].append(None), "/targets/8", "wrong_shape"),
    ("thousands of rows", lambda raw: raw.update(targets=raw["targets"] * 100), "/targets", "too_many"),
]
# fmt: on


@pytest.mark.parametrize(("edit", "pointer", "code"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_is_wrong_is_named_with_its_place(edit: Edit, pointer: str, code: str) -> None:
    assert (pointer, code) in found(edit)


NO_POLICIES: list[object] = [None, [], "x", 5, {}, {"targets": [[]], "ladder": [{"key": 1}], "pauses": 3}]


@pytest.mark.parametrize("raw", NO_POLICIES)
def test_anything_that_is_no_policy_is_refused(raw: object) -> None:
    assert problems(raw)


def test_two_versions_cannot_take_effect_on_one_day_of_the_office() -> None:
    office = an_office()
    coming = msgspec.structs.replace(office.policies[1], version=2, effective_from=RECEIVED + timedelta(days=1))
    office = msgspec.structs.replace(office, policies={**office.policies, 2: coming})
    document = document_of(coming)
    local = coming.effective_from.astimezone(ZoneInfo(office.time_zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    for at, taken in ((local, True), (midnight, True), (midnight + timedelta(hours=23, minutes=59), True),
                      (midnight - timedelta(seconds=1), False), (midnight + timedelta(days=1), False)):  # fmt: skip
        moved = msgspec.structs.replace(document, effective_from=at.astimezone(UTC))
        found = [(p.pointer, p.code, p.values) for p in problems_of(moved, office, RECEIVED)]
        assert found == ([("/effective_from", ProblemCode.SAME_DATE, {"version": 2})] if taken else []), at
    taken_back = msgspec.structs.replace(coming, withdrawn=True)
    office = msgspec.structs.replace(office, policies={**office.policies, 2: taken_back})
    assert problems_of(document, office, RECEIVED) == []


def test_everything_is_named_at_once_and_what_could_not_be_read_only_once() -> None:
    def edit(raw: dict[str, Any]) -> None:
        raw["targets"][0]["amount"] = "tiga"
        raw["targets"][4]["amount"] = 0
        raw["ladder"][5]["receivers"] = "head"
        raw["pauses"][0]["limit_amount"] = -1

    assert found(edit) == {
        ("/targets/0/amount", "not_a_number"),
        ("/targets/4/amount", "too_small"),
        ("/ladder/5/receivers", "wrong_shape"),
        ("/pauses/0/limit_amount", "pause_without_end"),
    }


def test_rungs_may_count_in_any_measure_and_name_people_and_addresses() -> None:
    def edit(raw: dict[str, Any]) -> None:
        raw["ladder"][6].update(
            offset_amount=120,
            offset_measure="working_minutes",
            receivers=["person:kepala", "address:kanwil@example.go.id"],
        )

    assert found(edit) == set()


def test_words_are_there_in_both_languages_and_name_the_deadline() -> None:
    problem = Problem("/targets", ProblemCode.NO_CATCH_ALL, {"target": "answer"})
    assert "Answer of the office" in problem_text(problem, "en")
    assert "Tanggapan kantor" in problem_text(problem, "id")
