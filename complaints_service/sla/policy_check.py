"""What is wrong with a policy, all of it, by place (JSON pointer). Pure; ``ladder_check`` looks at the rungs.

A policy that has no problems here keeps promise two: every case has a deadline, and no ladder ends while its case is open (I12).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from complaints_service.office.model import Office, Policy
from complaints_service.sla.ladder_check import ladder_problems
from complaints_service.sla.policy_document import PauseEntry, PolicyDocument, TargetEntry
from complaints_service.sla.policy_problems import PolicyError, Problem, ProblemCode
from complaints_service.sla.policy_reading import read_policy
from complaints_service.sla.policy_vocabulary import (
    CONDITIONS,
    KINDS,
    MEASURES,
    MOST,
    PAUSED_TARGETS,
    PAUSING_STATUSES,
    PRIORITIES,
    REQUIRED_TARGETS,
    RESTARTS,
    TARGETS,
)

# Between looking at a form and sending it, "now" becomes the past.
_LATE = timedelta(minutes=5)
_FARTHEST = timedelta(days=3660)
_LONGEST_SOURCE = 500


def checked(raw: object, office: Office, now: datetime) -> PolicyDocument:
    """The document, when nothing is wrong with it. Raises PolicyError with everything that is."""
    reading = read_policy(raw)
    problems = list(reading.problems)
    if reading.document is not None:
        problems += [
            problem for problem in problems_of(reading.document, office, now) if not _within(problem.pointer, problems)
        ]
    if problems or reading.document is None:
        raise PolicyError(problems)
    return reading.document


def _within(pointer: str, unread: list[Problem]) -> bool:
    """Whether the place could not be read in the first place: then what stands in for it is not worth a word."""
    return any(pointer == each.pointer or pointer.startswith(f"{each.pointer}/") for each in unread)


def problems_of(document: PolicyDocument, office: Office, now: datetime) -> list[Problem]:
    """Everything that is wrong with a document of the right shape; ``now``: office time, UTC."""
    return [
        *beginning_problems(document, office, now),
        *_targets(document.targets, office, _required(office)),
        *_pauses(document.pauses),
        *ladder_problems(document, office),
    ]


def beginning_problems(document: PolicyDocument, office: Office, now: datetime) -> list[Problem]:
    """What is wrong with when a document takes effect, where it comes from, and what restarts."""
    found: list[Problem] = []
    at = document.effective_from
    if at < now - _LATE:
        found.append(Problem("/effective_from", ProblemCode.IN_THE_PAST))
    elif at > now + _FARTHEST:
        found.append(Problem("/effective_from", ProblemCode.NOT_A_MOMENT))
    elif (taken := _from_the_same_date(at, office)) is not None:
        found.append(Problem("/effective_from", ProblemCode.SAME_DATE, {"version": taken.version}))
    if not document.legal_source.strip():
        found.append(Problem("/legal_source", ProblemCode.EMPTY))
    elif len(document.legal_source) > _LONGEST_SOURCE:
        found.append(Problem("/legal_source", ProblemCode.TOO_LONG, {"limit": _LONGEST_SOURCE}))
    for name, value in (("after_reopening", document.after_reopening), ("after_transfer", document.after_transfer)):
        if value not in RESTARTS:
            found.append(Problem(f"/{name}", ProblemCode.UNKNOWN_WORD))
    return found


def _from_the_same_date(at: datetime, office: Office) -> Policy | None:
    """The version that takes effect on the same day of the office; one that was taken back does not count (issue 4)."""
    zone = ZoneInfo(office.time_zone)
    day = at.astimezone(zone).date()
    versions = (policy for policy in office.policies.values() if not policy.withdrawn)
    return next((each for each in versions if each.effective_from.astimezone(zone).date() == day), None)


def _required(office: Office) -> frozenset[str]:
    """Targets that no version may leave out: open cases may have each that some version gave them."""
    given = {row.target for policy in office.policies.values() for row in policy.targets}
    return REQUIRED_TARGETS | given


def _targets(targets: tuple[TargetEntry, ...], office: Office, required: frozenset[str]) -> list[Problem]:
    found: list[Problem] = []
    for place, entry in enumerate(targets):
        at = f"/targets/{place}"
        for name, value, known in (
            ("target", entry.target, TARGETS),
            ("measure", entry.measure, MEASURES),
            ("kind", entry.kind, KINDS),
            ("priority", entry.priority, PRIORITIES),
        ):
            if value is not None and value not in known:
                found.append(Problem(f"{at}/{name}", ProblemCode.UNKNOWN_WORD))
        if entry.category is not None and entry.category not in office.categories:
            found.append(Problem(f"{at}/category", ProblemCode.UNKNOWN_CATEGORY))
        found += _amount(entry.amount, entry.measure, f"{at}/amount")
        earlier = _taken_by(entry, targets[:place])
        if earlier is not None:
            # Rows are counted as people see them: within their target, from 1.
            row = 1 + sum(other.target == entry.target for other in targets[:earlier])
            found.append(Problem(at, ProblemCode.NEVER_USED, {"row": row}))
    for target in TARGETS:
        rows = [entry for entry in targets if entry.target == target]
        if not rows and target in required:
            found.append(Problem("/targets", ProblemCode.MISSING_TARGET, {"target": target}))
        elif rows and not any(_takes_all(entry) for entry in rows):
            found.append(Problem("/targets", ProblemCode.NO_CATCH_ALL, {"target": target}))
    return found


def _amount(amount: int, measure: str, pointer: str) -> list[Problem]:
    limit = MOST.get(measure, max(MOST.values()))
    if amount < 1:
        return [Problem(pointer, ProblemCode.TOO_SMALL, {"limit": 1})]
    if amount > limit:
        return [Problem(pointer, ProblemCode.TOO_LARGE, {"limit": limit})]
    return []


def _takes_all(entry: TargetEntry) -> bool:
    # Attention is asked for urgent cases only.
    free = ("priority",) if entry.target == "attend" and entry.priority == "urgent" else ()
    return all(getattr(entry, name) is None for name in CONDITIONS if name not in free)


def _taken_by(entry: TargetEntry, earlier: tuple[TargetEntry, ...]) -> int | None:
    for place, other in enumerate(earlier):
        if other.target == entry.target and all(
            getattr(other, name) in (None, getattr(entry, name)) for name in CONDITIONS
        ):
            return place
    return None


def _pauses(pauses: tuple[PauseEntry, ...]) -> list[Problem]:
    found: list[Problem] = []
    seen: set[tuple[str, str]] = set()
    for place, pause in enumerate(pauses):
        at = f"/pauses/{place}"
        if pause.status not in PAUSING_STATUSES:
            found.append(Problem(f"{at}/status", ProblemCode.UNKNOWN_WORD))
        if pause.target not in TARGETS:
            found.append(Problem(f"{at}/target", ProblemCode.UNKNOWN_WORD))
        elif pause.target not in PAUSED_TARGETS:
            found.append(Problem(f"{at}/target", ProblemCode.NOT_PAUSED))
        if pause.limit_measure not in MEASURES:
            found.append(Problem(f"{at}/limit_measure", ProblemCode.UNKNOWN_WORD))
        if pause.limit_amount < 1:
            found.append(Problem(f"{at}/limit_amount", ProblemCode.PAUSE_WITHOUT_END))
        else:
            found += _amount(pause.limit_amount, pause.limit_measure, f"{at}/limit_amount")
        if (pause.status, pause.target) in seen:
            found.append(Problem(at, ProblemCode.PAUSE_TWICE))
        seen.add((pause.status, pause.target))
    return found
