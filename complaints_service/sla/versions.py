"""Which versions of policy and calendar an open ticket follows, and whether it lags behind them (D3). Pure rules.

A new deadline takes the policy of the receipt and the latest calendar. A version published later counts for open tickets only
where its publisher said so (``applies_to_open``): by default calendars do, policies do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from complaints_service.office.model import Office
from complaints_service.tickets.model import Ticket
from complaints_service.tickets.port import DeadlineRow

# Versions count from 1: no row is older than this one.
NONE = 0


def open_calendar(office: Office) -> int:
    """The calendar version that every open deadline must have reached: the highest that applies to open tickets (NONE: none)."""
    highest = max(office.calendars)
    if office.calendars[highest].applies_to_open:
        return highest
    return max((c.version for c in office.calendars.values() if c.applies_to_open), default=NONE)


def open_policy(office: Office, now: datetime) -> int:
    """The policy version that every open ticket must have reached at ``now`` (NONE: none): the highest that applies to open tickets,
    is in effect and was not taken back."""
    return max(
        (
            p.version
            for p in office.policies.values()
            if p.applies_to_open and not p.withdrawn and p.effective_from <= now
        ),
        default=NONE,
    )


def wanted_calendar(office: Office, row: DeadlineRow) -> int:
    """The calendar version this deadline has to be counted by; never lower than its own."""
    return max(row.calendar_version, open_calendar(office))


def wanted_policy(office: Office, ticket: Ticket, now: datetime) -> int:
    """The policy version this ticket has to follow at ``now``: one that was published later and applies to it, else its own."""
    return max(ticket.policy_version, open_policy(office, now))


def lags(office: Office, ticket: Ticket, rows: Iterable[DeadlineRow], now: datetime) -> bool:
    """Whether an open ticket or one of its deadlines that have not ended is still on older versions than it has to follow."""
    if not ticket.open:
        return False
    policy, calendar = open_policy(office, now), open_calendar(office)
    if ticket.policy_version < policy:
        return True
    return any(
        row.ended_at is None and (row.calendar_version < calendar or row.policy_version < policy) for row in rows
    )
