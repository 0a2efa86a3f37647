"""The form of a rung in words: choices and problems. No I/O."""

from __future__ import annotations

from complaints_service.i18n import translate
from complaints_service.management.policies.draft_form import Raw
from complaints_service.management.policies.words import (
    MEASURE_NAMES,
    PRIORITY_NAMES,
    RECEIVER_NAMES,
    TARGET_EXPLANATION_WORDS,
    WAY_NAMES,
    target_name,
)
from complaints_service.sla.policy_vocabulary import ACTS_OF, HIGHEST_LEVEL, RAISED_TO

MOMENT_WORDS = {
    "start": "after the start",
    "half": "when half of the time is gone",
    "before": "before the deadline",
    "due": "at the deadline",
    "after": "after the deadline",
    "previous": "after the rung before",
}
DEED_WORDS = {
    "notify": "It writes to people of the office",
    "remind_reporter": "It reminds the reporter",
    "lapse": "The case lapses, and the reporter is told",
    "close": "The case closes, and the reporter is told",
}
# From those nearest to the case up the tree.
_RECEIVERS = (
    "assignee", "unit_officers", "supervisor", "triage_officers", "triage_supervisor", "duty", "head", "unit_up", "regional",
    "unit_above",
)  # fmt: skip
# Fields of the document that one field of the form asks for.
_FIELDS = {"anchor": "when", "offset_measure": "offset_amount", "key": "when", "target": "when"}


def rung_context(rung: Raw, language: str) -> dict[str, object]:
    """Name, explanation and choices of the form."""
    target = str(rung.get("target", ""))
    explanation = TARGET_EXPLANATION_WORDS.get(target, "")
    return {
        "target_name": target_name(target, language),
        "explanation": translate(language, explanation) if explanation else "",
        "moments": [(value, translate(language, words), None) for value, words in MOMENT_WORDS.items()],
        "measures": [(value, translate(language, words)) for value, words in MEASURE_NAMES.items()],
        "levels": [(str(level), str(level)) for level in range(HIGHEST_LEVEL + 1)],
        "acts": [(act, translate(language, DEED_WORDS[act])) for act in ACTS_OF.get(target, ("notify",))],
        "words": [(word, translate(language, RECEIVER_NAMES[word])) for word in _RECEIVERS],
        "ways": [(way, translate(language, words)) for way, words in WAY_NAMES.items()],
        "priorities": [(value, translate(language, PRIORITY_NAMES[value])) for value in RAISED_TO],
    }


def rung_errors(problems: list[tuple[str, str, int | None]], place: int) -> dict[str, str]:
    """Problems of this rung by the field of its form; several of one field in one text."""
    found: dict[str, str] = {}
    for pointer, words, at in problems:
        if at != place:
            continue
        name = pointer.removeprefix(f"/ladder/{place}").strip("/").partition("/")[0] or "when"
        name = _FIELDS.get(name, name)
        if words not in found.get(name, ""):
            found[name] = f"{found[name]} {words}" if name in found else words
    return found
