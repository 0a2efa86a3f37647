"""What is wrong with the ladder of a policy: nobody told, no end, no order. Pure; part of ``policy_check``."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from complaints_service.office.model import Office
from complaints_service.sla.ladder import RECEIVER_WORDS
from complaints_service.sla.policy_document import PolicyDocument, RungEntry
from complaints_service.sla.policy_problems import Problem, ProblemCode
from complaints_service.sla.policy_vocabulary import (
    ACTS,
    ACTS_OF,
    ANCHORS,
    ENDING_ACTS,
    HIGHEST_LEVEL,
    LONGEST_NOTE,
    MEASURES,
    MOST,
    RAISED_TO,
    REPEATING_TARGETS,
    REQUIRED_TARGETS,
    TARGETS,
    WAYS,
)

_KEY = re.compile(r"[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?")
# The timer that ends a pause goes by this name.
_RESERVED_KEYS = frozenset({"pause-end"})
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
MOST_RECEIVERS = 20
_ENDINGS = {"lapse": ProblemCode.NEVER_LAPSES, "close": ProblemCode.NEVER_CLOSES}

_Placed = tuple[int, RungEntry]


def ladder_problems(document: PolicyDocument, office: Office) -> list[Problem]:
    """Every problem of the rungs, each by itself and then each target's ladder as a whole."""
    found: list[Problem] = []
    keys: set[str] = set()
    for place, rung in enumerate(document.ladder):
        found += _rung(rung, f"/ladder/{place}", office)
        if rung.key in keys:
            found.append(Problem(f"/ladder/{place}/key", ProblemCode.KEY_TWICE))
        keys.add(rung.key)
    timed = {entry.target for entry in document.targets}
    for target in TARGETS:
        rungs = [(place, rung) for place, rung in enumerate(document.ladder) if rung.target == target]
        if rungs and target not in timed and target not in REQUIRED_TARGETS:
            found.append(Problem(f"/ladder/{rungs[0][0]}", ProblemCode.LADDER_WITHOUT_TARGET, {"target": target}))
        if rungs:
            found += _order(rungs)
            found += _ending(target, rungs)
        elif target in timed or target in REQUIRED_TARGETS:
            found.append(Problem("/ladder", ProblemCode.NO_LADDER, {"target": target}))
    return found


def _rung(rung: RungEntry, at: str, office: Office) -> Iterator[Problem]:
    for name, value, known in (
        ("target", rung.target, TARGETS),
        ("anchor", rung.anchor, ANCHORS),
        ("offset_measure", rung.offset_measure, MEASURES),
        ("act", rung.act, ACTS),
    ):
        if value not in known:
            yield Problem(f"{at}/{name}", ProblemCode.UNKNOWN_WORD)
    if rung.raise_priority is not None and rung.raise_priority not in RAISED_TO:
        yield Problem(f"{at}/raise_priority", ProblemCode.UNKNOWN_WORD)
    if not set(rung.ways) <= set(WAYS):
        yield Problem(f"{at}/ways", ProblemCode.UNKNOWN_WORD)
    if not _KEY.fullmatch(rung.key) or rung.key in _RESERVED_KEYS:
        yield Problem(f"{at}/key", ProblemCode.BAD_KEY)
    if not 0 <= rung.level <= HIGHEST_LEVEL:
        yield Problem(f"{at}/level", ProblemCode.BAD_LEVEL, {"limit": HIGHEST_LEVEL})
    if len(rung.note) > LONGEST_NOTE:
        yield Problem(f"{at}/note", ProblemCode.TOO_LONG, {"limit": LONGEST_NOTE})
    if rung.target in TARGETS and rung.act in ACTS and rung.act not in ACTS_OF.get(rung.target, ("notify",)):
        yield Problem(f"{at}/act", ProblemCode.ACT_NOT_HERE, {"target": rung.target})
    yield from _distance(rung, at)
    yield from _receivers(rung, at, office)


def _distance(rung: RungEntry, at: str) -> Iterator[Problem]:
    limit = MOST.get(rung.offset_measure, max(MOST.values()))
    if abs(rung.offset_amount) > limit:
        yield Problem(f"{at}/offset_amount", ProblemCode.TOO_LARGE, {"limit": limit})
    elif rung.anchor == "start" and rung.offset_amount < 0:
        yield Problem(f"{at}/offset_amount", ProblemCode.BEFORE_START)
    elif rung.anchor == "previous" and rung.offset_amount < 1:
        yield Problem(f"{at}/offset_amount", ProblemCode.NO_DISTANCE)
    elif rung.act in ENDING_ACTS.values() and (
        rung.anchor in ("start", "half") or (rung.anchor == "due" and rung.offset_amount < 0)
    ):
        yield Problem(f"{at}/anchor", ProblemCode.ENDS_EARLY)


def _receivers(rung: RungEntry, at: str, office: Office) -> Iterator[Problem]:
    usernames = {person.username for person in office.people.values() if person.active}
    for name, receivers in (("receivers", rung.receivers), ("otherwise", rung.otherwise)):
        if len(receivers) > MOST_RECEIVERS:
            yield Problem(f"{at}/{name}", ProblemCode.TOO_MANY, {"limit": MOST_RECEIVERS})
            continue
        for place, word in enumerate(receivers):
            # Who gets it instead means something only where staff are told.
            code = _receiver_problem(word, rung.act if name == "receivers" else "notify", usernames)
            if code is not None:
                yield Problem(f"{at}/{name}/{place}", code)
    if rung.act == "notify" and not rung.receivers:
        yield Problem(f"{at}/receivers", ProblemCode.NOBODY)


def _receiver_problem(word: str, act: str, usernames: set[str]) -> ProblemCode | None:
    if act != "notify":
        return None if word == "reporter" else ProblemCode.NOT_FOR_STAFF
    kind, _, name = word.partition(":")
    if kind == "person":
        return None if name in usernames else ProblemCode.UNKNOWN_PERSON
    if kind == "address":
        return None if _ADDRESS.fullmatch(name) and ".." not in name else ProblemCode.BAD_ADDRESS
    return None if word in RECEIVER_WORDS else ProblemCode.UNKNOWN_RECEIVER


def _order(rungs: list[_Placed]) -> Iterator[Problem]:
    if rungs[0][1].anchor == "previous":
        yield Problem(f"/ladder/{rungs[0][0]}/anchor", ProblemCode.PREVIOUS_FIRST)
    for (_, before), (place, rung) in itertools.pairwise(rungs):
        if before.repeats:
            yield Problem(f"/ladder/{place}", ProblemCode.REPEATS_NOT_LAST)
        if before.act in ENDING_ACTS.values():
            yield Problem(f"/ladder/{place}", ProblemCode.AFTER_THE_END)
        if rung.level < before.level:
            yield Problem(f"/ladder/{place}/level", ProblemCode.LEVEL_FALLS)
        if _earlier(rung, before):
            yield Problem(f"/ladder/{place}/offset_amount", ProblemCode.OUT_OF_ORDER)


def _earlier(rung: RungEntry, before: RungEntry) -> bool:
    """Whether a rung is surely due before the one in front of it, whatever the target's length."""
    if rung.anchor == "half" and before.anchor == "due":
        return before.offset_amount >= 0
    if rung.anchor != before.anchor or rung.anchor not in ("start", "due"):
        return False
    signs = [(amount > 0) - (amount < 0) for amount in (before.offset_amount, rung.offset_amount)]
    if signs[0] != signs[1]:
        return signs[1] < signs[0]
    return rung.offset_measure == before.offset_measure and rung.offset_amount < before.offset_amount


def _ending(target: str, rungs: list[_Placed]) -> Iterator[Problem]:
    last, rung = rungs[-1]
    if target in REPEATING_TARGETS and not rung.repeats:
        yield Problem(f"/ladder/{last}/repeats", ProblemCode.NOTHING_REPEATS, {"target": target})
    act = ENDING_ACTS.get(target)
    if act is not None:
        if all(each.act != act for _, each in rungs):
            yield Problem("/ladder", _ENDINGS[act])
        if rung.repeats and rung.act == act:
            yield Problem(f"/ladder/{last}/repeats", ProblemCode.REPEATS_NOT_LAST)
