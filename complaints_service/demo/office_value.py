"""The demo office as the value that rules work on, without a database: for unit tests and simulations."""

from __future__ import annotations

import msgspec

from complaints_service.demo.office_rows import OfficeRows, RuleRow, office_rows
from complaints_service.office.guidance import Guidance, GuidanceKind
from complaints_service.office.model import (
    CalendarVersion,
    Category,
    Office,
    Person,
    Policy,
    PolicyPause,
    PolicyTarget,
    RoutingRule,
    Rung,
    Service,
    Unit,
)
from complaints_service.sla.holiday_data import seeded_office_document


def demo_office() -> Office:
    """What ``OfficeStore`` reads after the demo office was seeded (config_version 1, everybody present)."""
    rows = office_rows()
    units = {row.slug: Unit(row.id, row.slug, row.name, row.kind, row.parent_id) for row in rows.units}
    catalogue, head = rows.catalogue, rows.office
    return Office(
        id=head.id,
        slug=head.slug,
        name=head.name,
        number_prefix=head.number_prefix,
        time_zone=head.time_zone,
        address=head.address,
        phone=head.phone,
        key_id=1,
        config_version=1,
        units={unit.id: unit for unit in units.values()},
        people={person.id: person for person in _people(rows, units)},
        absences=(),
        services={names[0]: Service(*names, active=True) for names in catalogue.services},
        categories={
            names[0]: Category(*names, oversight=names[0] in catalogue.oversight, active=True)
            for names in catalogue.categories
        },
        rules=tuple(_rule(number, row, units[row.set_unit].id) for number, row in enumerate(rows.rules, start=1)),
        policies={1: _policy(rows)},
        calendars={1: CalendarVersion(1, msgspec.json.encode(seeded_office_document()).decode())},
        guidance=tuple(
            Guidance(
                id=number,
                kind=GuidanceKind.ANSWER,
                **msgspec.structs.asdict(row),
                shows_from=None,
                shows_until=None,
                active=True,
                version=1,
            )
            for number, row in enumerate(rows.answers, start=1)
        ),
    )


def _people(rows: OfficeRows, units: dict[str, Unit]) -> list[Person]:
    return [
        Person(
            id=number,
            username=row.username,
            name=row.name,
            email=f"{row.username}@{rows.mail_domain}",
            role=row.role,
            unit_id=units[row.unit].id,
            works_in=frozenset(units[slug].id for slug in (row.unit, *row.works_in)),
            leads=frozenset(units[slug].id for slug in row.leads),
            language="id",
            sees_confidential=row.sees_confidential,
            active=True,
        )
        for number, row in enumerate(rows.people, start=1)
    ]


def _rule(number: int, row: RuleRow, unit_id: int) -> RoutingRule:
    return RoutingRule(
        id=number,
        name=row.name,
        channels=None,
        kinds=None,
        categories=row.categories,
        services=row.services,
        words=row.words,
        between_from=None,
        between_to=None,
        set_unit_id=unit_id,
        set_priority=row.set_priority,
        set_assignee=row.set_assignee,
    )


def _policy(rows: OfficeRows) -> Policy:
    policy = rows.policy
    rungs = [
        msgspec.convert({**msgspec.to_builtins(rung), "position": position}, Rung)
        for position, rung in enumerate(policy.rungs, start=1)
    ]
    targets = [msgspec.convert(msgspec.to_builtins(target), PolicyTarget) for target in policy.targets]
    return Policy(
        version=1,
        effective_from=policy.effective_from,
        legal_source=policy.legal_source,
        confirmed_by=None,
        targets=tuple(sorted(targets, key=lambda target: target.target)),
        rungs=tuple(sorted(rungs, key=lambda rung: (rung.target, rung.position))),
        pauses=tuple(msgspec.convert(msgspec.to_builtins(pause), PolicyPause) for pause in policy.pauses),
    )
