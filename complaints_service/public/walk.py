"""The questions of the public form in their order, one a page: which there are for these answers, and what each asks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from complaints_service.errors import Invalid
from complaints_service.intake.complaint_form import DESCRIPTION_MIN, to_complaint
from complaints_service.office.model import Office
from complaints_service.public.answers import (
    IDENTITY,
    Messages,
    complaint_body,
    messages_from,
    no_answers,
)
from complaints_service.tickets.model import Channel

ROOT = "/lapor"


class Step(StrEnum):
    """The pages; the value is the last part of the address."""

    SERVICE = "layanan"
    KIND = "jenis"
    STORY = "cerita"
    ABOUT = "tentang"
    WHEN = "kapan"
    WHO = "siapa"
    FILES = "berkas"
    PRIVACY = "privasi"
    CONTACT = "kontak"
    CHECK = "periksa"

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"{ROOT}/{self.value}"


FIELDS_OF: dict[Step, tuple[str, ...]] = {
    Step.SERVICE: ("service",),
    Step.KIND: ("kind",),
    Step.STORY: ("description",),
    Step.ABOUT: ("category",),
    Step.WHEN: ("occurred_on", "location"),
    Step.WHO: ("reported.unit", "reported.person"),
    Step.FILES: ("file",),
    Step.PRIVACY: ("privacy",),
    Step.CONTACT: IDENTITY,
    Step.CHECK: (),
}
_ORDER = tuple(Step)
# A suggestion or a question has happened nowhere and to nobody.
_OF_COMPLAINTS = frozenset({Step.WHEN, Step.WHO})


def step_of(name: str) -> Step | None:
    """The page with this last part of its address."""
    return Step(name) if name in _ORDER else None


def asking(field: str) -> Step:
    """The page that asks for a field; the check page for one that nobody is asked for."""
    return next((step for step, fields in FIELDS_OF.items() if field in fields), Step.CHECK)


def steps_for(answers: Mapping[str, str]) -> tuple[Step, ...]:
    """The pages that these answers lead over, the check page last."""
    left_out = _OF_COMPLAINTS if answers["kind"] in ("suggestion", "information") else frozenset[Step]()
    if answers["privacy"] == "anonymous":
        left_out = left_out | {Step.CONTACT}
    return tuple(step for step in _ORDER if step not in left_out)


def later(step: Step, other: Step) -> bool:
    """Whether ``step`` comes after the other one."""
    return _ORDER.index(step) > _ORDER.index(other)


def after(step: Step, answers: Mapping[str, str]) -> Step:
    """The next page. Whether there are questions about the person is known only when that page is sent."""
    if step is Step.PRIVACY:
        return Step.CONTACT
    return next((other for other in steps_for(answers) if later(other, step)), Step.CHECK)


def before(step: Step, answers: Mapping[str, str]) -> Step | None:
    """The page before; None on the first."""
    return next((other for other in reversed(steps_for(answers)) if later(step, other)), None)


def place(step: Step, answers: Mapping[str, str]) -> tuple[int, int]:
    """(which page it is, how many there are)."""
    steps = steps_for(answers)
    return 1 + sum(later(step, other) for other in steps), max(len(steps), 1)


def mistakes_on(step: Step, answers: Mapping[str, str], office: Office, language: str, now: datetime) -> Messages:
    """What to correct on this page, whatever stands on the others."""
    alone = {**no_answers(), "description": "." * DESCRIPTION_MIN}
    alone |= {name: answers[name] for name in FIELDS_OF[step] if name in answers}
    found = mistakes_in(alone, office, language, now)
    return Messages((name, text) for name, text in found.items() if name in FIELDS_OF[step])


def mistakes_in(answers: Mapping[str, str], office: Office, language: str, now: datetime) -> Messages:
    """What to correct in all the answers, in the order of the questions."""
    try:
        to_complaint(complaint_body(answers, language), office, Channel.WEB, now=now)
    except Invalid as invalid:
        return messages_from(invalid.problems, language)
    return Messages()


def first_mistaken(problems: Messages) -> tuple[Step, Messages]:
    """The first page with something to correct, and what that is."""
    by_step: dict[Step, list[tuple[str, str]]] = {}
    for name, text in problems.items():
        by_step.setdefault(asking(name), []).append((name, text))
    step = min(by_step, key=_ORDER.index)
    return step, Messages(by_step[step])
