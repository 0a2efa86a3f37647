"""What becomes of a promise when its ticket changes: marked urgent, classified anew, reopened, handed to another unit, or under newer
versions of policy and calendar. Pure rules; a rung that has fired stays fired whatever happens here (D3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime

import msgspec

from complaints_service.office.model import Office, Policy, PolicyTarget
from complaints_service.sla.targets import NoTarget, new_deadline, pauses_of, target_of, with_due
from complaints_service.sla.versions import wanted_calendar, wanted_policy
from complaints_service.tickets.model import Priority, Ticket
from complaints_service.tickets.port import DeadlineRow

# Targets whose keys count firings by themselves; the others are started anew within one episode and are told apart by the event.
COUNTED_TARGETS = frozenset({"verify", "answer"})
# Missing these is a breach: somebody was promised it, or an urgent case lies untouched.
BREACHABLE_TARGETS = COUNTED_TARGETS | {"attend"}
_replace = msgspec.structs.replace


def find_target(policy: Policy, target: str, ticket: Ticket) -> PolicyTarget | None:
    """As ``target_of``; None where the policy has no such target (not every policy wants urgent cases attended)."""
    try:
        return target_of(policy, target, ticket)
    except NoTarget:
        return None


def classified_anew(was: Ticket, ticket: Ticket) -> bool:
    """Whether anything differs that decides which target counts."""
    return (
        was.kind != ticket.kind
        or was.category != ticket.category
        or was.priority != ticket.priority
        or was.simple != ticket.simple
        or was.oversight != ticket.oversight
    )


def _urgent(target: PolicyTarget | None) -> bool:
    return target is not None and target.priority == Priority.URGENT


def retargeted(office: Office, row: DeadlineRow, was: Ticket, ticket: Ticket, at: datetime) -> DeadlineRow:
    """The row after its ticket was classified anew.

    A target of urgent cases counts from the marking, not from the receipt (a case cannot be late at the moment it is marked), and
    never ends later than what was promised before. Unmarked, the ordinary target counts from the start again.
    """
    policy = office.policies[row.policy_version]
    target, before = target_of(policy, row.target, ticket), find_target(policy, row.target, was)
    if target == before:
        return row
    moved = _retargeted(office, row, target, urgent_before=_urgent(before) and _counted_by(row, before), at=at)
    return _replace(moved, breached_at=None) if moved.due_at > at and moved is not row else moved


def _counted_by(row: DeadlineRow, target: PolicyTarget | None) -> bool:
    return target is not None and (row.amount, row.measure) == (target.amount, target.measure)


def _retargeted(
    office: Office, row: DeadlineRow, target: PolicyTarget, *, urgent_before: bool, at: datetime
) -> DeadlineRow:
    changed = _replace(row, amount=target.amount, measure=target.measure)
    if not _urgent(target):
        return with_due(office, _replace(changed, counted_from=None) if urgent_before else changed)
    if urgent_before:
        return with_due(office, changed)
    marked = with_due(office, _replace(changed, counted_from=at if at > row.started_at else None))
    return marked if marked.due_at < row.due_at else row


def continued(office: Office, ticket: Ticket, previous: DeadlineRow, at: datetime) -> DeadlineRow:
    """The answer clock of a reopened case under ``after_reopening`` continue: what was left when it ended runs on from ``at``.

    The time between counts like a pause, so that every later count gives the same date and anybody can see why.
    """
    stood_from = previous.paused_at or previous.ended_at or at
    pauses = [*pauses_of(previous), (stood_from, at)]
    fresh = new_deadline(office, ticket, previous.target, previous.started_at)
    row = with_due(
        office,
        _replace(
            fresh,
            amount=previous.amount,
            measure=previous.measure,
            counted_from=previous.counted_from,
            granted_days=previous.granted_days,
            pauses=msgspec.json.encode(pauses).decode(),
        ),
    )
    return _replace(row, first_due_at=row.due_at)


def transferred(office: Office, row: DeadlineRow, ticket: Ticket, at: datetime, *, taken_back: bool) -> DeadlineRow:
    """The answer clock after the case went to another unit, under ``after_transfer`` restart: it counts from the transfer.

    Not for urgent cases, whose clock nothing may lengthen. Taken back: from where it counted without the transfer.
    """
    policy = office.policies[row.policy_version]
    if policy.after_transfer != "restart" or _urgent(find_target(policy, row.target, ticket)):
        return row
    moved = with_due(office, _replace(row, counted_from=None if taken_back else at))
    return _replace(moved, breached_at=None) if moved.due_at > at else moved


def recomputed(
    office: Office, ticket: Ticket, row: DeadlineRow, now: datetime, fired: Collection[tuple[str, int, int]]
) -> DeadlineRow:
    """The row under the versions its ticket has to follow at ``now`` (``sla.versions``).

    ``fired``: keys (rung, episode, occurrence) that have fired for this row; the ladder goes on above the highest of them, and never
    below the level that was reached. A breach that has happened stays one.
    """
    version = wanted_policy(office, ticket, now)
    renewed = _replace(row, calendar_version=wanted_calendar(office, row))
    if version != row.policy_version:
        renewed = _under_policy(office, ticket, renewed, office.policies[version], now, fired)
    else:
        renewed = with_due(office, renewed)
    if renewed.breached_at is None and renewed.paused_at is None and renewed.due_at <= now:
        late = renewed.target in BREACHABLE_TARGETS
        renewed = _replace(renewed, breached_at=renewed.due_at if late else None)
    return renewed


def _under_policy(
    office: Office,
    ticket: Ticket,
    row: DeadlineRow,
    policy: Policy,
    now: datetime,
    fired: Collection[tuple[str, int, int]],
) -> DeadlineRow:
    old = office.policies[row.policy_version]
    target, before = find_target(policy, row.target, ticket), find_target(old, row.target, ticket)
    climbed = _replace(row, policy_version=policy.version, next_rung=_goes_on_at(policy, row, fired))
    if target is None:
        return with_due(office, climbed)
    recounted = with_due(office, climbed)
    return _retargeted(office, recounted, target, urgent_before=_urgent(before) and _counted_by(row, before), at=now)


def _goes_on_at(policy: Policy, row: DeadlineRow, fired: Collection[tuple[str, int, int]]) -> int:
    """Where in the new ladder the row stands: after the highest rung that has fired already, and at the level that was reached."""
    ladder = policy.ladders.get(row.target, ())
    times = Counter(key for key, episode, _ in fired if episode == row.episode)
    place = 0
    for position, rung in enumerate(ladder):
        if rung.key in times:
            on_top = rung.repeats and position == len(ladder) - 1
            place = position + (times[rung.key] if on_top else 1)
    reached = next((i for i, rung in enumerate(ladder) if rung.level >= row.level), max(0, len(ladder) - 1))
    return max(place, reached) if row.level else place
