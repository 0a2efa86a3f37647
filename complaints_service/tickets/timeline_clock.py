"""What the clock did to a case, in words: the rungs of the ladder with all they did, and dates that newer rules have moved."""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.i18n import moment, translate
from complaints_service.office.model import Office
from complaints_service.office.rung_words import rung_text
from complaints_service.tickets.model import StatedTime
from complaints_service.tickets.timeline_words import MOVED, PRIORITY_WORDS, RUNG_WORDS, STATED_WORDS, TARGET_WORDS

_PROMISED = ("verify", "answer")
Values = dict[str, object]


def consent(values: Values, language: str) -> str:
    """That the person agreed to be contacted, where an officer has asked; else empty."""
    return translate(language, "the person agrees to be contacted") if values.get("contact_consent") else ""


def stated_time(values: Values, office: Office, language: str) -> str:
    """What a device said of when it was filed, where that is worth telling; else empty."""
    if "stated" not in values:
        return ""
    stated = msgspec.convert(values["stated"], StatedTime)
    return translate(language, STATED_WORDS[stated.why], at=moment(stated.at, office.time_zone, language))


def rung_values(values: Values, office: Office, language: str) -> dict[str, object]:
    """The target and the moment of a rung, as its line in the timeline names them."""
    target = translate(language, TARGET_WORDS[str(values["target"])])
    return {"target": target[:1].upper() + target[1:], "when": _when(values, office, language)}


def rung_details(values: Values, office: Office, language: str) -> list[str]:
    """In place of whom somebody was told, and what else the rung did."""

    def words(name: str, **more: object) -> str:
        return translate(language, RUNG_WORDS[name], **more)

    gone = msgspec.convert(values.get("gone", []), list[int])
    stood_in = msgspec.convert(values.get("stood_in", {}), dict[str, int])
    found: list[str] = []
    for absent, other in stood_in.items():
        key = "stood_in_gone" if int(absent) in gone else "stood_in"
        found.append(words(key, person=_name(int(absent), office), other=_name(other, office)))
    found += [words("gone", person=_name(person, office)) for person in gone if str(person) not in stood_in]
    alone = msgspec.convert(values.get("absent", []), list[int])
    found += [words("absent", person=_name(person, office)) for person in alone]
    if addresses := msgspec.convert(values.get("addresses", []), list[str]):
        found.append(words("addresses", addresses=", ".join(addresses)))
    if raised := msgspec.convert(values.get("raised", {}), dict[str, str]):
        was, now = (translate(language, PRIORITY_WORDS[raised[name]]) for name in ("from", "to"))
        found.append(words("raised", was=was, now=now))
    if isinstance(person := values.get("unassigned"), int):
        found.append(words("unassigned", person=_name(person, office)))
    if values.get("note"):
        found.append(words("note", note=values["note"]))
    return found


def moved_dates(values: Values, office: Office, language: str, audience: str) -> str:
    """Dates that a newer calendar or policy has moved: what they were, what they are. The citizen reads of what was promised."""
    found: list[str] = []
    for each in msgspec.convert(values.get("moved", []), list[dict[str, str | int | bool]]):
        if audience == "citizen" and each["target"] not in _PROMISED:
            continue
        was, now = (
            moment(datetime.fromisoformat(str(each[name])), office.time_zone, language) for name in ("from", "to")
        )
        target = translate(language, TARGET_WORDS[str(each["target"])])
        found.append(translate(language, MOVED, target=target, was=was, now=now))
    return "; ".join(found)


def _name(person_id: int, office: Office) -> str:
    person = office.people.get(person_id)
    return person.name if person is not None else f"#{person_id}"


def _when(values: Values, office: Office, language: str) -> str:
    """The rung in words, from the policy it was fired under; its due time when that policy no longer names it."""
    version = values["policy_version"]
    policy = office.policies.get(version) if isinstance(version, int) else None
    rung = next((r for r in policy.rungs if r.key == values["rung"]), None) if policy is not None else None
    if rung is not None:
        return rung_text(rung, language)
    return moment(datetime.fromisoformat(str(values["due_at"])), office.time_zone, language, weekday=False)
