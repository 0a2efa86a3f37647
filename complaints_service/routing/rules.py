"""Where a complaint goes: the first rule that matches decides; the reported party never gets it.

Rules without I/O; the rows are ``Office.rules`` in their order. Source: the office's duties and decision D7.
"""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import msgspec

from complaints_service.office.model import Office, RoutingRule, UnitKind
from complaints_service.routing.reported import Reported, next_superior, resolve
from complaints_service.routing.words import Text
from complaints_service.tickets.model import Complaint, Priority


class Routed(msgspec.Struct, frozen=True, kw_only=True):
    """The place of a new ticket and how it came about.

    ``rule_id`` None: no rule matched and the triage unit has it (``rule_name`` is empty then). ``why`` names
    the conditions that matched in the office's own words, never the citizen's, and ``instead_of`` (unit id)
    when the next superior has it.
    """

    unit_id: int
    priority: Priority
    oversight: bool
    simple: bool
    rule_id: int | None
    rule_name: str
    why: dict[str, object]
    wants_assignee: bool
    excluded_people: tuple[int, ...]
    reported_units: tuple[int, ...]
    reported_people: tuple[int, ...]


def route(complaint: Complaint, office: Office, received_at: datetime) -> Routed:
    """Route a checked complaint received at an aware instant. Hours of rules are in the office's zone."""
    reported = resolve(office, complaint.reported_unit, complaint.reported_person)
    local_time = received_at.astimezone(ZoneInfo(office.time_zone)).time()
    text = Text(f"{complaint.subject}\n{complaint.description}")
    for rule in office.rules:
        why = _match(rule, complaint, text, local_time)
        if why is not None:
            return _routed(office, complaint, reported, rule, why)
    return _routed(office, complaint, reported, None, {})


def _match(rule: RoutingRule, complaint: Complaint, text: Text, local_time: time) -> dict[str, object] | None:
    """The conditions that matched with their values (empty: the rule has none), or None when one does not."""
    why: dict[str, object] = {}
    for name, wanted, value in (
        ("channel", rule.channels, complaint.channel),
        ("kind", rule.kinds, complaint.kind),
        ("category", rule.categories, complaint.category),
        ("service", rule.services, complaint.service),
    ):
        if wanted is not None:
            if value not in wanted:
                return None
            why[name] = str(value)
    if rule.words is not None:
        held = [phrase for phrase in rule.words if text.holds(phrase)]
        if not held:
            return None
        why["words"] = held
    if rule.between_from is not None or rule.between_to is not None:
        start, end = rule.between_from or time.min, rule.between_to or time.max
        # A window that ends before it starts lasts over midnight.
        inside = start <= local_time < end if start <= end else local_time >= start or local_time < end
        if not inside:
            return None
        why["between"] = [start.isoformat("minutes"), end.isoformat("minutes")]
    return why


def _routed(
    office: Office, complaint: Complaint, reported: Reported, rule: RoutingRule | None, why: dict[str, object]
) -> Routed:
    wanted = rule.set_unit_id if rule is not None else None
    if wanted is None or wanted not in office.units:
        wanted = default_unit(office)
    unit_id = next_superior(office, wanted, reported)
    if unit_id != wanted:
        why = {**why, "instead_of": wanted}
    category = office.categories.get(complaint.category or "")
    return Routed(
        unit_id=unit_id,
        priority=Priority(rule.set_priority) if rule is not None and rule.set_priority else Priority.NORMAL,
        oversight=category is not None and category.oversight,
        simple=False,
        rule_id=rule.id if rule is not None else None,
        rule_name=rule.name if rule is not None else "",
        why=why,
        wants_assignee=rule is not None and rule.set_assignee == "least_open",
        excluded_people=tuple(sorted(reported.excluded_people)),
        reported_units=reported.units,
        reported_people=reported.people,
    )


def default_unit(office: Office) -> int:
    """The triage unit; an office without one uses its own unit, else the first there is."""
    for kind in (UnitKind.TRIAGE, UnitKind.OFFICE):
        try:
            return office.unit_of_kind(kind).id
        except LookupError:
            continue
    return min(office.units)
