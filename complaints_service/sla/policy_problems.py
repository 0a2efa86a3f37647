"""What can be wrong with a policy, where, and the words for it (catalogue ``policies``)."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from complaints_service.errors import FieldProblem
from complaints_service.i18n import translate


class ProblemCode(StrEnum):
    """Every kind of mistake that a policy is refused for."""

    WRONG_SHAPE = "wrong_shape"
    UNKNOWN_FIELD = "unknown_field"
    MISSING_FIELD = "missing_field"
    NOT_A_NUMBER = "not_a_number"
    NOT_A_MOMENT = "not_a_moment"
    UNKNOWN_WORD = "unknown_word"
    UNKNOWN_CATEGORY = "unknown_category"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    BAD_LEVEL = "bad_level"
    TOO_LONG = "too_long"
    TOO_MANY = "too_many"
    EMPTY = "empty"
    MISSING_TARGET = "missing_target"
    NO_CATCH_ALL = "no_catch_all"
    NEVER_USED = "never_used"
    PAUSE_WITHOUT_END = "pause_without_end"
    NOT_PAUSED = "not_paused"
    PAUSE_TWICE = "pause_twice"
    NO_LADDER = "no_ladder"
    LADDER_WITHOUT_TARGET = "ladder_without_target"
    BAD_KEY = "bad_key"
    KEY_TWICE = "key_twice"
    NOBODY = "nobody"
    UNKNOWN_RECEIVER = "unknown_receiver"
    UNKNOWN_PERSON = "unknown_person"
    BAD_ADDRESS = "bad_address"
    NOT_FOR_STAFF = "not_for_staff"
    ACT_NOT_HERE = "act_not_here"
    NO_DISTANCE = "no_distance"
    BEFORE_START = "before_start"
    PREVIOUS_FIRST = "previous_first"
    REPEATS_NOT_LAST = "repeats_not_last"
    NOTHING_REPEATS = "nothing_repeats"
    OUT_OF_ORDER = "out_of_order"
    LEVEL_FALLS = "level_falls"
    NEVER_CLOSES = "never_closes"
    NEVER_LAPSES = "never_lapses"
    ENDS_EARLY = "ends_early"
    AFTER_THE_END = "after_the_end"
    IN_THE_PAST = "in_the_past"
    SAME_DATE = "same_date"


PROBLEM_WORDS = {
    ProblemCode.WRONG_SHAPE: "This is not what a policy may hold here.",
    ProblemCode.UNKNOWN_FIELD: "This field is not known here; leave it out or check its name.",
    ProblemCode.MISSING_FIELD: "This field is required.",
    ProblemCode.NOT_A_NUMBER: "Give a whole number.",
    ProblemCode.NOT_A_MOMENT: "Give a day and time with its time zone, for example 2027-01-01T00:00:00+07:00.",
    ProblemCode.UNKNOWN_WORD: "This value is not one of those that are possible here.",
    ProblemCode.UNKNOWN_CATEGORY: "The office has no category of this name.",
    ProblemCode.TOO_SMALL: "Choose a number of at least {limit}.",
    ProblemCode.TOO_LARGE: "Choose at most {limit}: nobody waits longer than five years.",
    ProblemCode.BAD_LEVEL: "Choose a level from 0 to {limit}.",
    ProblemCode.TOO_LONG: "Shorten it to at most {limit} characters.",
    ProblemCode.TOO_MANY: "There are more than {limit} of them.",
    ProblemCode.EMPTY: "Please fill in this field.",
    ProblemCode.MISSING_TARGET: "The deadline “{target}” has no row: every case needs one.",
    ProblemCode.NO_CATCH_ALL: (
        "The deadline “{target}” needs a last row without conditions, for every case that no other row names."
    ),
    ProblemCode.NEVER_USED: "This row never counts: row {row} above it already takes all its cases.",
    ProblemCode.PAUSE_WITHOUT_END: "A pause must end by itself: give a limit of at least 1.",
    ProblemCode.NOT_PAUSED: "Only the clock of the answer can be paused.",
    ProblemCode.PAUSE_TWICE: "This status already pauses this clock in a row above.",
    ProblemCode.NO_LADDER: "The deadline “{target}” has no ladder: nobody would be told.",
    ProblemCode.LADDER_WITHOUT_TARGET: "There is no deadline “{target}” for this rung.",
    ProblemCode.BAD_KEY: "A rung's key has 1 to 60 small letters, digits and hyphens, and is not “pause-end”.",
    ProblemCode.KEY_TWICE: "Another rung already has this key.",
    ProblemCode.NOBODY: "This rung tells nobody: name at least one receiver.",
    ProblemCode.UNKNOWN_RECEIVER: "This receiver is not known here.",
    ProblemCode.UNKNOWN_PERSON: "Nobody with this sign-in name works here.",
    ProblemCode.BAD_ADDRESS: "Give an e-mail address, for example kepala@example.go.id.",
    ProblemCode.NOT_FOR_STAFF: "This step writes to the reporter only.",
    ProblemCode.ACT_NOT_HERE: "This cannot happen on the ladder of “{target}”.",
    ProblemCode.NO_DISTANCE: "Give a distance of at least 1: otherwise it would come again at once.",
    ProblemCode.BEFORE_START: "This lies before the start.",
    ProblemCode.PREVIOUS_FIRST: "The first rung has no rung before it to count from.",
    ProblemCode.REPEATS_NOT_LAST: "Only the last rung of a ladder can repeat.",
    ProblemCode.NOTHING_REPEATS: "The last rung of “{target}” must repeat: the ladder may not end while the case is open.",
    ProblemCode.OUT_OF_ORDER: "This rung comes earlier than the one before it.",
    ProblemCode.LEVEL_FALLS: "The level may not be lower than that of the rung before.",
    ProblemCode.NEVER_CLOSES: "Nothing closes an answered case: the ladder needs a rung that closes it.",
    ProblemCode.NEVER_LAPSES: "Nothing ends the wait for the reporter: the ladder needs a rung where the case lapses.",
    ProblemCode.ENDS_EARLY: "A case may not end before its deadline.",
    ProblemCode.AFTER_THE_END: "The case has ended before this rung.",
    ProblemCode.IN_THE_PAST: "A policy cannot take effect in the past.",
    ProblemCode.SAME_DATE: (
        "Version {version} already takes effect on this date. Take that version back first, or choose another date."
    ),
}
TARGET_NAMES = {
    "verify": "Verification",
    "answer": "Answer of the office",
    "sign": "Sign of life",
    "attend": "Attention to an urgent case",
    "reporter": "Reply of the reporter",
    "closing": "Closing after the answer",
}


class Problem(msgspec.Struct, frozen=True):
    """One thing to correct; ``pointer``: JSON pointer (RFC 6901) inside the policy. ``values`` never repeat what was sent."""

    pointer: str
    code: ProblemCode
    values: dict[str, str | int] = {}


class PolicyError(ValueError):
    """The document cannot become a policy; ``problems`` holds all that is wrong, never none."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(", ".join(f"{problem.code} at {problem.pointer or '/'}" for problem in problems))
        self.problems = problems


def field_problem(problem: Problem, language: str, at: str = "") -> FieldProblem:
    """The problem as part of an answer whose policy stands at the JSON pointer ``at``; names of targets in ``language``."""
    values: dict[str, object] = dict(problem.values)
    if "target" in values:
        values["target"] = translate(language, TARGET_NAMES[str(values["target"])])
    return FieldProblem(at + problem.pointer, problem.code.value, PROBLEM_WORDS[problem.code], values)


def problem_text(problem: Problem, language: str) -> str:
    """What to do about it, for a person."""
    found = field_problem(problem, language)
    return translate(language, found.detail, **found.values)
