"""Where the rungs of a ladder stand on its time axis: as a drawing that needs no script and prints. Pure.

Distances are drawn true to scale for the length of time that counts when no other row of the target does, within a smallest and a
largest gap, so that neighbours can be read and far rungs do not run off the page.
"""

from __future__ import annotations

import msgspec

from complaints_service.office.model import Policy, PolicyTarget, Rung

# What an hour or a day of each measure is on the axis, in working days: 37.5 hours in a week of five days.
_WORKING_DAYS = {
    "working_days": 1.0,
    "working_minutes": 1 / 450,
    "calendar_days": 5 / 7,
    "calendar_minutes": 5 / 7 / 1440,
}
_WHOLE_HEIGHT = 360
_LEAST_GAP, _LARGEST_GAP = 10, 130


class Mark(msgspec.Struct, frozen=True):
    """Something on the axis: a rung with its place in the policy's ladder, or the start or the deadline (rung None).

    ``gap``: distance to the mark before in CSS pixels. ``kind``: start | due | rung. ``again``: a dotted rung that shows a repetition.
    """

    kind: str
    gap: int
    rung: Rung | None = None
    again: bool = False


class Drawing(msgspec.Struct, frozen=True):
    """The axis of a target from its start on; ``row``: the target row it is drawn for (None: the target has no row)."""

    target: str
    row: PolicyTarget | None
    marks: tuple[Mark, ...]


def drawn(policy: Policy, target: str) -> Drawing:
    """The ladder of a target as marks in the order of time."""
    rows = [row for row in policy.targets if row.target == target]
    row = rows[-1] if rows else None
    length = _days(row.amount, row.measure) if row is not None else 1.0
    placed: list[tuple[float, int, Mark]] = [(0.0, 0, Mark("start", 0)), (length, 1, Mark("due", 0))]
    before = 0.0
    rungs = policy.ladders.get(target, ())
    for order, rung in enumerate(rungs, start=2):
        at = _place(rung, length, before)
        # A rung fires no sooner than the one before it.
        at = before = max(at, before)
        placed.append((at, order, Mark("rung", 0, rung)))
    if rungs and rungs[-1].repeats:
        step = _days(rungs[-1].offset_amount, rungs[-1].offset_measure) if rungs[-1].anchor == "previous" else length
        placed.append((before + max(step, 0), len(rungs) + 2, Mark("rung", 0, rungs[-1], again=True)))
    # Stable: at one moment the deadline stands above the rungs that it fires, the start above all.
    placed.sort(key=lambda item: (item[0], item[1]))
    return Drawing(target, row, _with_gaps(placed))


def _with_gaps(placed: list[tuple[float, int, Mark]]) -> tuple[Mark, ...]:
    whole = placed[-1][0] or 1.0
    found: list[Mark] = []
    last = 0.0
    for at, _, mark in placed:
        gap = round((at - last) / whole * _WHOLE_HEIGHT)
        found.append(msgspec.structs.replace(mark, gap=min(max(gap, _LEAST_GAP), _LARGEST_GAP) if found else 0))
        last = at
    return tuple(found)


def _place(rung: Rung, length: float, before: float) -> float:
    offset = _days(rung.offset_amount, rung.offset_measure)
    match rung.anchor:
        case "start":
            return max(offset, 0.0)
        case "half":
            return length / 2
        case "previous":
            return before + offset
        case _:
            return max(length + offset, 0.0)


def _days(amount: int, measure: str) -> float:
    return amount * _WORKING_DAYS.get(measure, 1.0)
