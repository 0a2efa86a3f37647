"""The office's settings in words, for an administrator to read: people, units, routing, policy and ladder. No I/O."""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.i18n import translate
from complaints_service.management.policies.words import PRIORITY_NAMES, RECEIVER_NAMES
from complaints_service.management.service import Alarm
from complaints_service.notifications.alarm_words import alarm_text
from complaints_service.notifications.dead_letters import DeadLetter
from complaints_service.office.model import Office, Person, RoutingRule
from complaints_service.sla.policy_problems import TARGET_NAMES as TARGET_NAMES  # names for the calendar's pages

ROLE_NAMES = {
    "officer": "Officer",
    "supervisor": "Supervisor",
    "head": "Head of office",
    "regional": "Regional office",
    "admin": "Administrator",
}


LETTER_WORDS = {
    "receipt": "Receipt",
    "question": "Question to the reporter",
    "answer": "Answer to the reporter",
    "interim_answer": "Interim message to the reporter",
    "rejected": "Rejection",
    "forwarded": "Notice of forwarding",
    "merged": "Notice of merging",
    "merged_outcome": "News of a merged case",
    "withdrawn": "Notice of withdrawal",
    "lapsed": "Notice of lapse",
    "closed": "Notice of closing",
    "reminder_reporter": "Reminder to the reporter",
    "reminder_closing": "Reminder before closing",
    "time_granted": "Notice of a new date",
    "reopened": "Notice of reopening",
    "recovery": "Link to a case, sent again",
    "beyond": "Way beyond the office",
    "assigned": "Assignment",
    "rung": "Reminder or escalation",
    "manual_escalation": "Escalation by hand",
    "time_requested": "Request for more time",
    "time_answered": "Answer about more time",
    "roll_up": "Hourly summary",
    "digest": "Daily summary",
    "cycle_report": "Report of a cycle",
    "alarm": "Alarm",
    "chat": "Turn of a conversation",
    "complaint.received": "Webhook: complaint received",
    "complaint.status_changed": "Webhook: status changed",
    "complaint.escalated": "Webhook: escalation",
    "feedback.cycle_closed": "Webhook: feedback report",
    "webhook.test": "Webhook: test",
}


class PersonRow(msgspec.Struct, frozen=True):
    """Somebody who can sign in."""

    name: str
    username: str
    role: str
    unit: str
    further: str
    active: bool


class UnitRow(msgspec.Struct, frozen=True):
    """A unit and the one above it."""

    name: str
    above: str


class RuleRow(msgspec.Struct, frozen=True):
    """A routing rule: its conditions and what it sets, in words."""

    name: str
    when: str
    then: str


class LetterRow(msgspec.Struct, frozen=True, kw_only=True):
    """A message that will not arrive by itself."""

    id: int
    kind: str
    number: str | None
    to: str
    attempts: int
    error: str
    created_at: datetime


class AlarmRow(msgspec.Struct, frozen=True):
    """An alarm in words; ``details`` as stored (codes and counts)."""

    what: str
    details: str
    raised_at: datetime


def letter_rows(letters: list[DeadLetter], language: str) -> list[LetterRow]:
    """Dead messages in words."""
    return [
        LetterRow(
            id=letter.id,
            kind=f"{translate(language, LETTER_WORDS.get(letter.kind, letter.kind))} ({letter.way})",
            number=letter.number,
            to=translate(language, RECEIVER_NAMES.get(letter.to, letter.to)),
            attempts=letter.attempts,
            error=letter.reason,
            created_at=letter.created_at,
        )
        for letter in letters
    ]


def alarm_rows(alarms: list[Alarm], language: str) -> list[AlarmRow]:
    """Open alarms in words; one without words is named by its code."""
    return [
        AlarmRow(
            alarm_text(alarm.what, language),
            "" if alarm.details == "{}" else alarm.details,
            alarm.raised_at,
        )
        for alarm in alarms
    ]


def settings_page(office: Office, at: datetime, language: str) -> dict[str, object]:
    """People, units, rules and the policy in force at office time ``at``. Raises LookupError without any policy."""
    policy = office.policy_at(at)
    return {
        "people": [_person(person, office, language) for person in office.people.values()],
        "units": [
            UnitRow(unit.name, office.units[unit.parent_id].name if unit.parent_id in office.units else "–")
            for unit in office.units.values()
        ],
        "rules": [_rule(rule, office, language) for rule in office.rules],
        "policy": policy,
    }


def _person(person: Person, office: Office, language: str) -> PersonRow:
    further = sorted((person.works_in | person.leads) - {person.unit_id})
    return PersonRow(
        name=person.name,
        username=person.username,
        role=translate(language, ROLE_NAMES[person.role.value]),
        unit=office.units[person.unit_id].name,
        further=", ".join(office.units[unit_id].name for unit_id in further) or "–",
        active=person.active,
    )


def _rule(rule: RoutingRule, office: Office, language: str) -> RuleRow:
    when = [
        translate(language, label, values=", ".join(values))
        for label, values in (
            ("channel: {values}", rule.channels),
            ("kind: {values}", rule.kinds),
            ("category: {values}", _names(office, "categories", rule.categories, language)),
            ("service: {values}", _names(office, "services", rule.services, language)),
            ("words: {values}", rule.words),
        )
        if values
    ]
    if rule.between_from and rule.between_to:
        when.append(
            translate(
                language, "from {begin} to {end}", begin=f"{rule.between_from:%H:%M}", end=f"{rule.between_to:%H:%M}"
            )
        )
    then: list[str] = []
    if rule.set_unit_id is not None:
        then.append(office.units[rule.set_unit_id].name)
    if rule.set_priority:
        then.append(translate(language, "priority {name}", name=translate(language, PRIORITY_NAMES[rule.set_priority])))
    if rule.set_assignee == "least_open":
        then.append(translate(language, "to who is present with the fewest open cases"))
    return RuleRow(rule.name, "; ".join(when) or translate(language, "always"), "; ".join(then) or "–")


def _names(office: Office, kind: str, slugs: tuple[str, ...] | None, language: str) -> list[str]:
    known = office.categories if kind == "categories" else office.services
    found = [known.get(slug) for slug in slugs or ()]
    return [(item.name_id if language == "id" else item.name_en) for item in found if item is not None]
