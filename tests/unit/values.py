"""A small office and a ticket as values, for rules that need no server."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import msgspec

from complaints_service.office.model import (
    CalendarVersion,
    Category,
    Office,
    Person,
    Policy,
    PolicyPause,
    PolicyTarget,
    Role,
    Rung,
    Service,
    Unit,
    UnitKind,
)
from complaints_service.sla.holiday_data import seeded_office_document
from complaints_service.tickets.model import Channel, Kind, Priority, Privacy, Status, Ticket

RECEIVED = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def _person(number: int, username: str, role: Role, unit: int, *, leads: tuple[int, ...] = ()) -> Person:
    return Person(
        id=number,
        username=username,
        name=username.title(),
        email=f"{username}@office.example",
        role=role,
        unit_id=unit,
        works_in=frozenset({unit}),
        leads=frozenset(leads),
        language="id",
        sees_confidential=False,
        active=True,
    )


def rung(
    target: str, position: int, key: str, anchor: str, days: int, level: int, *receivers: str, **more: object
) -> Rung:
    """A rung that tells people, else the head; ``days``: its offset."""
    usual = Rung(
        target=target,
        position=position,
        key=key,
        anchor=anchor,
        offset_amount=days,
        level=level,
        act="notify",
        receivers=receivers,
        otherwise=("head",),
        repeats=False,
        roll_up=False,
    )
    return msgspec.structs.replace(usual, **more)


def target(target: str, amount: int, measure: str = "working_days", **more: object) -> PolicyTarget:
    """A target for whatever ``more`` does not narrow down."""
    usual = PolicyTarget(target, None, None, None, None, None, amount, measure)
    return msgspec.structs.replace(usual, **more)


def an_office(**values: object) -> Office:
    """Two sections, a triage unit, the office, the regional office; DOMAIN.md's calendar and ladder."""
    return msgspec.structs.replace(_usual_office(), **values)


@cache
def _usual_office() -> Office:
    """Made once: its calendar is years of holidays, and nothing of an office ever changes."""
    units = [
        Unit(1, "ditjen", "Ditjen", UnitKind.DIRECTORATE, None),
        Unit(2, "kanwil", "Kanwil", UnitKind.REGIONAL, 1),
        Unit(3, "kantor", "Kantor", UnitKind.OFFICE, 2),
        Unit(10, "lantaskim", "Seksi Lantaskim", UnitKind.SECTION, 3),
        Unit(11, "intaltuskim", "Seksi Intaltuskim", UnitKind.SECTION, 3),
        Unit(19, "unit-pengaduan", "Unit Pengaduan", UnitKind.TRIAGE, 3),
    ]
    people = [
        msgspec.structs.replace(_person(1, "petugas", Role.OFFICER, 10), works_in=frozenset({10, 19})),
        _person(2, "petugas2", Role.OFFICER, 11),
        _person(3, "atasan", Role.SUPERVISOR, 19, leads=(10, 11, 19)),
        _person(4, "kepala", Role.HEAD, 3),
        _person(5, "kanwil", Role.REGIONAL, 2),
    ]
    policy = Policy(
        version=1,
        effective_from=datetime(2020, 1, 1, tzinfo=UTC),
        legal_source="PermenPANRB 62/2018",
        confirmed_by=None,
        targets=(
            target("verify", 3),
            target("answer", 5, kind="information"),
            target("answer", 5, simple=True),
            target("answer", 60, oversight=True),
            target("answer", 14),
            target("sign", 10),
            target("reporter", 30, "calendar_days"),
            target("closing", 10),
        ),
        rungs=(
            rung("verify", 0, "verify-remind", "due", -1, 0, "triage_officers"),
            rung("verify", 1, "verify-due", "due", 0, 1, "triage_supervisor", "triage_officers"),
            rung("verify", 2, "verify-late", "due", 1, 2, "head"),
            rung("answer", 0, "answer-half", "half", 0, 0, "assignee"),
            rung("answer", 1, "answer-soon", "due", -2, 0, "assignee", "supervisor"),
            rung("answer", 2, "answer-due", "due", 0, 1, "assignee", "supervisor"),
            rung("answer", 3, "answer-late", "due", 2, 2, "head"),
            rung("answer", 4, "answer-late-5", "due", 5, 3, "regional", "head"),
            rung("answer", 5, "answer-repeat", "previous", 5, 3, "regional", "head", repeats=True, roll_up=True),
            rung("sign", 0, "sign-10", "due", 0, 1, "assignee", "supervisor", repeats=True),
            rung("reporter", 0, "reporter-remind", "start", 5, 0, act="remind_reporter"),
            rung("reporter", 1, "reporter-lapse", "due", 0, 0, act="lapse"),
            rung("closing", 0, "closing-remind", "start", 7, 0, act="remind_reporter"),
            rung("closing", 1, "closing-close", "due", 0, 0, act="close"),
        ),
        pauses=(PolicyPause("waiting_reporter", "answer", 30, "calendar_days"),),
    )
    document = msgspec.json.encode(seeded_office_document()).decode()
    return Office(
        id=1,
        slug="lampung-tengah",
        name="Kantor Imigrasi Lampung Tengah",
        number_prefix="LT",
        time_zone="Asia/Jakarta",
        address="",
        phone="",
        key_id=1,
        config_version=1,
        units={unit.id: unit for unit in units},
        people={person.id: person for person in people},
        absences=(),
        services={"paspor-baru": Service("paspor-baru", "Paspor baru", "New passport", True)},
        categories={"keterlambatan": Category("keterlambatan", "Keterlambatan", "Delay", False, True)},
        rules=(),
        policies={1: policy},
        calendars={1: CalendarVersion(1, document)},
    )


def a_ticket(**values: object) -> Ticket:
    """A complaint received on Tuesday 24 November 2026 at 09:00 WIB, held by Seksi Lantaskim."""
    usual = Ticket(
        office_id=1,
        id=417,
        number="LT-2026-000417",
        status=Status.RECEIVED,
        status_before=Status.RECEIVED,
        released_at=RECEIVED,
        kind=Kind.COMPLAINT,
        channel=Channel.WEB,
        privacy=Privacy.OPEN,
        language="id",
        category="keterlambatan",
        service="paspor-baru",
        priority=Priority.NORMAL,
        simple=False,
        oversight=False,
        unit_id=10,
        assignee_id=None,
        reported_units=(),
        reported_people=(),
        received_at=RECEIVED,
        filed_by=None,
        next_due_at=None,
        last_sign_at=RECEIVED,
        answered_at=None,
        ended_at=None,
        episode=0,
        level=0,
        requested_days=None,
        merged_into=None,
        split_from=None,
        policy_version=1,
        calendar_version=1,
        key_id=1,
        seq=1,
        version=1,
        chain_seed=b"s" * 32,
        chain_head=b"h" * 32,
        last_event_at=RECEIVED,
        last_act=None,
    )
    return msgspec.structs.replace(usual, **values)
