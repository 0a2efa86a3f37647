"""Which versions an open ticket follows: only those that apply to it, never older ones than it has (D3)."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from complaints_service.office.model import CalendarVersion, Office, Policy
from complaints_service.sla.targets import new_deadline
from complaints_service.sla.versions import lags, wanted_calendar, wanted_policy
from complaints_service.tickets.model import Status
from tests.unit.values import RECEIVED, a_ticket, an_office


def with_policy(office: Office, version: int, **values: object) -> Office:
    policy = msgspec.structs.replace(
        office.policies[1],
        version=version,
        **{"effective_from": RECEIVED, "applies_to_open": True, **values},
    )
    return msgspec.structs.replace(office, policies={**office.policies, version: policy})


def with_calendar(office: Office, version: int, *, applies_to_open: bool = True) -> Office:
    made = CalendarVersion(version, office.calendars[1].document, applies_to_open)
    return msgspec.structs.replace(office, calendars={**office.calendars, version: made})


def test_a_ticket_keeps_the_policy_of_its_receipt_unless_a_later_one_says_otherwise() -> None:
    office, ticket = an_office(), a_ticket()
    assert wanted_policy(office, ticket, RECEIVED) == 1
    assert wanted_policy(with_policy(office, 2, applies_to_open=False), ticket, RECEIVED) == 1
    assert wanted_policy(with_policy(office, 2), ticket, RECEIVED) == 2


def test_a_policy_counts_from_its_date_on_and_not_when_it_was_taken_back() -> None:
    ticket, coming = a_ticket(), with_policy(an_office(), 2, effective_from=RECEIVED + timedelta(days=1))
    assert wanted_policy(coming, ticket, RECEIVED) == 1
    assert wanted_policy(coming, ticket, RECEIVED + timedelta(days=1)) == 2
    assert wanted_policy(with_policy(an_office(), 2, withdrawn=True), ticket, RECEIVED) == 1


def test_the_highest_that_applies_counts_and_never_one_below_the_tickets_own() -> None:
    office = with_policy(with_policy(with_policy(an_office(), 2), 3), 4, applies_to_open=False)
    assert wanted_policy(office, a_ticket(), RECEIVED) == 3
    assert wanted_policy(office, a_ticket(policy_version=4), RECEIVED) == 4


def test_calendars_apply_by_default_and_a_deadline_never_goes_back() -> None:
    office, ticket = an_office(), a_ticket()
    row = new_deadline(office, ticket, "answer", RECEIVED)
    assert wanted_calendar(office, row) == 1
    assert wanted_calendar(with_calendar(office, 2), row) == 2
    newest = with_calendar(with_calendar(office, 2), 3, applies_to_open=False)
    assert wanted_calendar(newest, row) == 2
    assert wanted_calendar(newest, msgspec.structs.replace(row, calendar_version=3)) == 3


def test_what_lags_is_an_open_ticket_with_an_older_policy_or_a_deadline_with_an_older_calendar() -> None:
    office, ticket = an_office(), a_ticket()
    rows = [new_deadline(office, ticket, target, RECEIVED) for target in ("verify", "answer", "sign")]
    assert not lags(office, ticket, rows, RECEIVED)
    assert lags(with_policy(office, 2), ticket, rows, RECEIVED)
    assert lags(with_calendar(office, 2), ticket, rows, RECEIVED)
    over = [msgspec.structs.replace(row, ended_at=RECEIVED) for row in rows]
    assert not lags(with_calendar(office, 2), ticket, over, RECEIVED)
    assert not lags(with_policy(office, 2), a_ticket(status=Status.CLOSED), rows, RECEIVED)


def test_a_deadline_that_an_undo_brought_back_lags_even_though_its_ticket_does_not() -> None:
    office = with_policy(an_office(), 2)
    old = new_deadline(an_office(), a_ticket(), "answer", RECEIVED)
    assert lags(office, a_ticket(policy_version=2), [old], RECEIVED)


def test_versions_are_found_whatever_the_order_in_which_they_are_kept() -> None:
    office = with_calendar(with_calendar(an_office(), 3, applies_to_open=False), 2)
    row = new_deadline(an_office(), a_ticket(), "answer", RECEIVED)
    assert wanted_calendar(office, row) == 2
    shuffled: dict[int, Policy] = dict(reversed(with_policy(with_policy(an_office(), 2), 3).policies.items()))
    assert wanted_policy(msgspec.structs.replace(office, policies=shuffled), a_ticket(), RECEIVED) == 3
