"""What may happen to a case, in the words of API.md and DOMAIN.md and written down here once more: nothing is taken from the code.

The machine of ``test_model.py`` asks it what a deed should do before it does it on the real service.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

OWED = ("received", "verified", "in_progress", "waiting_reporter")
OPEN = (*OWED, "answered")
ALL = (*OPEN, "closed", "rejected", "forwarded", "merged", "withdrawn")

# Deed of the office: from which statuses, to which (None: stays), whether the version rises, whether it can be undone for 10 s.
OFFICE: dict[str, tuple[tuple[str, ...], str | None, bool, bool]] = {
    "verify": (("received",), "verified", True, True),
    "start": (("verified",), "in_progress", True, True),
    "classify": (OWED, None, True, True),
    "set_priority": (OWED, None, True, True),
    "assign": (OPEN, None, True, True),
    "hand_over": (OPEN, None, True, True),
    "ask": (("verified", "in_progress"), "waiting_reporter", True, True),
    "answer": (("in_progress", "waiting_reporter"), "answered", True, True),
    "interim": (("in_progress", "waiting_reporter"), None, True, True),
    "note": (tuple(s for s in ALL if s != "merged"), None, False, True),
    "request_time": (OWED, None, True, True),
    "grant_time": (OWED, None, True, False),
    "refuse_time": (OWED, None, True, False),
    "acknowledge": (OPEN, None, False, False),
    "escalate": (OWED, None, True, True),
    "reject": (OWED, "rejected", True, True),
    "forward": (OWED, "forwarded", True, True),
    "merge": (OWED, "merged", True, True),
    "split": (OWED, None, True, False),
    "close": (("answered",), "closed", True, True),
    "reopen": (("answered", "closed", "rejected", "forwarded"), "in_progress", True, True),
}
SUPERIORS_ONLY = ("grant_time", "refuse_time")
# Who works where, by units of the demo office; heads and the region see all of it. The administrator sees, and acts on nothing.
SEES = {
    "petugas": ("lantaskim", "unit-pengaduan"),
    "petugas2": ("intaltuskim",),
    "atasan": ("lantaskim", "intaltuskim", "unit-pengaduan"),
    "kepala": ("lantaskim", "intaltuskim", "unit-pengaduan"),
    "admin": ("lantaskim", "intaltuskim", "unit-pengaduan"),
}
SUPERIORS = ("atasan", "kepala")
UNDO = timedelta(seconds=10)
WAY_BACK = timedelta(days=30)
REPORTER_SILENT = timedelta(days=30)


@dataclass
class Case:
    """What a case should be."""

    number: str
    ticket_id: int
    unit: str
    assignee: str | None
    since: datetime
    status: str = "received"
    version: int = 1
    priority: str = "normal"
    simple: bool = False
    asked_by: str | None = None
    granted: int = 0
    undo: tuple[str, int, datetime, Case] | None = None
    log: list[str] = field(default_factory=list)

    def enters(self, status: str, at: datetime) -> None:
        """From now on this status; a case that goes on after its end begins anew."""
        if status != self.status:
            self.status, self.since = status, at

    def begins_anew(self, at: datetime) -> None:
        self.enters("in_progress", at)
        self.asked_by, self.granted = None, 0


def refused(case: Case, deed: str, who: str) -> str | None:
    """Why the office's deed should not be taken, or None: unseen, right (role), status, or the deed's own reason."""
    if case.unit not in SEES[who]:
        return "unseen"
    if who == "admin" or (deed in SUPERIORS_ONLY and who not in SUPERIORS):
        return "refused"
    if case.status not in OFFICE[deed][0]:
        return "refused"
    if deed == "assign" and (case.unit not in SEES["petugas"] or case.assignee == "petugas"):
        return "refused"
    if deed == "request_time" and case.asked_by is not None:
        return "refused"
    if deed == "refuse_time" and case.asked_by is None:
        return "refused"
    if deed == "grant_time" and case.asked_by in (None, who):
        return "refused"
    return None


def done(case: Case, deed: str, who: str, at: datetime, seq: int) -> None:
    """The deed has been taken; ``seq``: its place in the log, by which it can be undone."""
    _, target, acts, undoable = OFFICE[deed]
    before = replace(case, undo=None)
    case.version += acts
    if undoable:
        case.undo = (who, seq, at + UNDO, before)
    elif acts:
        case.undo = None
    if deed in ("start", "ask", "answer", "interim") and case.assignee is None:
        case.assignee = who
    if deed == "assign":
        case.assignee = "petugas"
    elif deed == "hand_over":
        case.unit, case.assignee = ("lantaskim" if case.unit == "intaltuskim" else "intaltuskim"), None
    elif deed == "classify":
        case.simple = not case.simple
    elif deed == "set_priority":
        case.priority = "high" if case.priority == "normal" else "normal"
    elif deed == "request_time":
        case.asked_by = who
    elif deed in SUPERIORS_ONLY:
        case.asked_by = None
        case.granted += deed == "grant_time"
    if deed == "reopen":
        case.begins_anew(at)
    elif target is not None:
        case.enters(target, at)


def undone(case: Case) -> None:
    """The last deed is taken back: everything as before, and the version rises all the same."""
    assert case.undo is not None
    before = case.undo[3]
    for name in ("unit", "assignee", "since", "status", "priority", "simple", "asked_by", "granted"):
        setattr(case, name, getattr(before, name))
    case.version += 1
    case.undo = None


def after_reply(case: Case, *, resolved: bool, at: datetime) -> str | None:
    """The status after the reporter has written; None: the case has ended for good."""
    if case.status in ("rejected", "forwarded"):
        return None
    if case.status == "merged":
        return case.status if resolved else "in_progress"
    if case.status in ("closed", "withdrawn"):
        if resolved:
            return case.status
        return "in_progress" if at - case.since <= WAY_BACK else None
    if case.status == "answered":
        return "closed" if resolved else "in_progress"
    return "in_progress" if case.status == "waiting_reporter" else case.status


def by_the_clock(case: Case, at: datetime) -> tuple[str, ...]:
    """The statuses a case may have after nothing but time has passed.

    Ten working days are at least 14 days, and with the longest holidays less than 35; near such an end both may be.
    """
    quiet = at - case.since
    if case.status == "waiting_reporter":
        if quiet < REPORTER_SILENT - timedelta(hours=1):
            return ("waiting_reporter",)
        return ("withdrawn",) if quiet > REPORTER_SILENT + timedelta(hours=1) else ("waiting_reporter", "withdrawn")
    if case.status == "answered":
        if quiet < timedelta(days=10):
            return ("answered",)
        return ("closed",) if quiet > timedelta(days=35) else ("answered", "closed")
    return (case.status,)
