"""The form of one rung of a draft's ladder: its fields as JSON of a policy and back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from complaints_service.management.policies.draft_form import Raw, entries, number_of, text_of
from complaints_service.sla.ladder import RECEIVER_WORDS
from complaints_service.sla.policy_vocabulary import ENDING_ACTS, TARGETS, WAYS

# "before" and "after" are one anchor with the sign in the amount; a person thinks of them as two.
MOMENTS = ("start", "half", "before", "due", "after", "previous")
_COUNTED = frozenset({"start", "before", "after", "previous"})
_MOST_NAMED = 20
# Two words for the same people; the form has one box for them.
_SAME_AS = {"unit_supervisor": "supervisor"}


def from_form(form: Mapping[str, object], stored: Raw) -> Raw:
    """The rung as its form gives it; target and key stay as they are."""
    when = text_of(form, "when")
    amount = number_of(form, "offset_amount") if when in _COUNTED else 0
    if when in ("before", "after"):
        anchor = "due"
        if not isinstance(amount, int) or amount < 0:
            amount = f"{amount} "  # no number can be read from it, so that it is asked about again
        elif when == "before":
            amount = -amount
    else:
        anchor = when
        amount = 0 if when == "start" and amount == "" else amount
    rung: Raw = {
        **{name: stored[name] for name in ("key", "target") if name in stored},
        "anchor": anchor,
        "offset_amount": amount,
        "offset_measure": text_of(form, "offset_measure") or "working_days",
        "level": number_of(form, "level"),
        "act": text_of(form, "act"),
        "receivers": _receivers(form, "receivers"),
        "otherwise": _receivers(form, "otherwise"),
        "repeats": "repeats" in form,
        "roll_up": "roll_up" in form,
        "unassigns": "unassigns" in form,
        "ways": [way for way in WAYS if f"ways.{way}" in form],
        "note": text_of(form, "note"),
    }
    if priority := text_of(form, "raise_priority"):
        rung["raise_priority"] = priority
    if rung["act"] != "notify":
        rung |= {"receivers": ["reporter"], "otherwise": []}
    return rung


def _receivers(form: Mapping[str, object], name: str) -> list[str]:
    words = [word for word in sorted(RECEIVER_WORDS) if f"{name}.{word}" in form]
    lines = text_of(form, f"{name}.named").replace(",", "\n").split("\n")
    named = [line.strip() for line in lines if line.strip()][:_MOST_NAMED]
    return words + [f"{'address' if '@' in line else 'person'}:{line}" for line in named]


def to_form(rung: Raw) -> dict[str, str]:
    """The form's fields of a stored rung; ticked boxes are there with "on"."""
    amount, anchor = rung.get("offset_amount", 0), str(rung.get("anchor", ""))
    fields = {
        "when": _moment(anchor, amount),
        "offset_amount": "" if amount == 0 else str(abs(amount) if isinstance(amount, int) else amount).strip(),
        "offset_measure": str(rung.get("offset_measure", "working_days")),
        "level": str(rung.get("level", "")),
        "act": str(rung.get("act", "notify")),
        "raise_priority": str(rung.get("raise_priority") or ""),
        "note": str(rung.get("note", "")),
    }
    fields |= {name: "on" for name in ("repeats", "roll_up", "unassigns") if rung.get(name) is True}
    fields |= {f"ways.{way}": "on" for way in _texts(rung, "ways")}
    for name in ("receivers", "otherwise"):
        words = _texts(rung, name)
        fields |= {f"{name}.{_SAME_AS.get(word, word)}": "on" for word in words if word in RECEIVER_WORDS}
        named = [word.partition(":")[2] for word in words if word.startswith(("person:", "address:"))]
        fields[f"{name}.named"] = "\n".join(named)
    return fields


def _moment(anchor: str, amount: object) -> str:
    if anchor != "due":
        return anchor
    if not isinstance(amount, int):
        return "after"
    return "before" if amount < 0 else "after" if amount else "due"


def _texts(rung: Raw, name: str) -> list[str]:
    found = rung.get(name)
    return [word for word in cast("list[object]", found) if isinstance(word, str)] if isinstance(found, list) else []


def with_new_rung(raw: Raw, target: str, used: frozenset[str]) -> tuple[Raw, int]:
    """The draft with one more rung of a target, before the one that repeats or ends the case, and its place in the ladder.

    ``used``: keys of published rungs; a new rung must not look as if it had fired. An unknown target changes nothing (place -1).
    """
    if target not in TARGETS:
        return raw, -1
    rungs = entries(raw, "ladder")
    own = [place for place, rung in enumerate(rungs) if rung.get("target") == target]
    last = bool(own) and (rungs[own[-1]].get("repeats") is True or rungs[own[-1]].get("act") in ENDING_ACTS.values())
    place = own[-1] if last else own[-1] + 1 if own else len(rungs)
    below = [rungs[other] for other in own if other < place]
    new: Raw = {
        "key": _free_key(target, used | {str(rung.get("key")) for rung in rungs}),
        "target": target,
        "anchor": "due",
        "offset_amount": 0,
        "offset_measure": "working_days",
        "level": below[-1].get("level", 0) if below else 0,
        "act": "notify",
        "receivers": [],
        "otherwise": ["head"],
        "repeats": False,
        "roll_up": False,
        "ways": [],
        "unassigns": False,
        "note": "",
    }
    return {**raw, "ladder": [*rungs[:place], new, *rungs[place:]]}, place


def _free_key(target: str, taken: frozenset[str]) -> str:
    number = 1
    while f"{target}-{number}" in taken:
        number += 1
    return f"{target}-{number}"
