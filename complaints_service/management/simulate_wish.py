"""What somebody wants played: read from a request or a form, checked as if it were to be published, and named for the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec

from complaints_service.accounts.model import Viewer
from complaints_service.database import Database, queries
from complaints_service.errors import FieldProblem, Invalid
from complaints_service.management.policies.drafts import Drafts
from complaints_service.office.model import Office
from complaints_service.sla.calendar import validate
from complaints_service.sla.calendar_document import CalendarDocument, CalendarError, document_from
from complaints_service.sla.calendar_words import field_problem as calendar_problem
from complaints_service.sla.policy_check import checked
from complaints_service.sla.policy_document import PolicyDocument
from complaints_service.sla.policy_problems import PolicyError, ProblemCode
from complaints_service.sla.policy_problems import field_problem as policy_problem
from complaints_service.sla.policy_reading import read_policy
from complaints_service.sla.simulation_run import Asked, Sight

T = TypeVar("T")

# When a policy takes effect plays no part here: it is played over all of the time.
_OF_THE_DATE = frozenset({ProblemCode.IN_THE_PAST, ProblemCode.SAME_DATE})
_CHOICE = re.compile(r"(?P<kind>[vd])(?P<number>[1-9][0-9]{0,8})")
CALENDAR_DRAFT = "d"


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What a page says was asked. Choices as the form has them: '' each ticket's own, 'v3' a version, 'd12' a draft."""

    first: str
    last: str
    policy: str = ""
    policy_name: str = ""
    calendar: str = ""
    unit: str = ""


class Wanted(msgspec.Struct, frozen=True):
    """Ready to run: what to play, over what the viewer may see, and what to call it."""

    asked: Asked
    sight: Sight
    subject: Subject


def period(first: str, last: str, office: Office) -> tuple[datetime, datetime]:
    """The time between two days (both included, the office's zone) or moments (RFC 3339; the last excluded). Raises Invalid."""
    zone = ZoneInfo(office.time_zone)
    begin, problem = _moment(first, zone, "/from", end=False)
    end, other = _moment(last, zone, "/to", end=True)
    problems = [found for found in (problem, other) if found is not None]
    if begin is not None and end is not None and end <= begin:
        problems.append(FieldProblem("/to", "end_before_start", "The last day must not come before the first."))
    if problems or begin is None or end is None:
        raise Invalid(problems)
    return begin, end


def _moment(text: str, zone: ZoneInfo, pointer: str, *, end: bool) -> tuple[datetime | None, FieldProblem | None]:
    try:
        if len(text) == len("2026-11-24"):
            day = date.fromisoformat(text)
            at = datetime.combine(day + timedelta(days=end), time(), zone)
        else:
            at = datetime.fromisoformat(text)
        if at.tzinfo is not None and 1970 < at.year < 9000:
            return at, None
    except (ValueError, OverflowError):
        pass
    return None, FieldProblem(pointer, "bad_date", "Give a day that exists, as YYYY-MM-DD.")


def sight_of(viewer: Viewer, unit: str = "") -> Sight:
    """Everything the viewer may see, or the part of it under a unit. Raises Invalid for a unit that is not among it."""
    units = viewer.unit_ids
    if unit:
        chosen = viewer.office.unit_by_slug(unit)
        if chosen is None or chosen.id not in units:
            raise Invalid([FieldProblem("/unit", "unknown_unit", "There is no such unit.")])
        units &= viewer.office.subtree(chosen.id)
    return Sight(
        scope=viewer.scope(),
        units=tuple(sorted(units)),
        own_units=tuple(sorted(viewer.person.works_in)),
        person_id=viewer.person.id,
    )


def policy_text(raw: object, office: Office, now: datetime, language: str, pointer: str = "/policy") -> str:
    """A policy's document as JSON text, when nothing but its date is wrong with it. Raises Invalid."""
    try:
        return _encoded(checked(raw, office, now))
    except PolicyError as error:
        problems = [problem for problem in error.problems if problem.code not in _OF_THE_DATE]
        document = read_policy(raw).document
        if problems or document is None:
            raise Invalid([policy_problem(problem, language, pointer) for problem in problems]) from error
        return _encoded(document)


def calendar_text(raw: object, office: Office, now: datetime, pointer: str = "/calendar") -> str:
    """A calendar's document as JSON text, when it could be saved. Raises Invalid."""
    try:
        document = document_from(raw)
        today = now.astimezone(ZoneInfo(office.time_zone)).date()
        problems = validate(document, for_saving=True, from_day=today)
        if problems:
            raise CalendarError(problems)
    except CalendarError as error:
        raise Invalid([calendar_problem(problem, pointer) for problem in error.problems]) from error
    return _encoded(document)


def _encoded(document: PolicyDocument | CalendarDocument) -> str:
    return msgspec.json.encode(document).decode()


class Gathered:
    """Collects what is wrong with several parts of a request, so that all of it is named at once."""

    def __init__(self) -> None:
        self.problems: list[FieldProblem] = []

    def take(self, read: Callable[[], T]) -> T | None:
        """What ``read`` gives; None when it refuses, and its reasons are kept."""
        try:
            return read()
        except Invalid as error:
            self.problems += error.problems
            return None


class Choices:
    """Turns the choices of the form into what to run."""

    def __init__(self, database: Database, viewer: Viewer, now: datetime, language: str) -> None:
        self._database = database
        self._viewer = viewer
        self._now = now
        self._language = language

    async def wanted(self, subject: Subject) -> Wanted:
        """Raises Invalid with every field that is wrong."""
        gathered = Gathered()
        time_of = gathered.take(lambda: period(subject.first, subject.last, self._viewer.office))
        sight = gathered.take(lambda: sight_of(self._viewer, subject.unit))
        problems = gathered.problems
        policy = calendar = None
        policy_version = calendar_version = None
        try:
            policy, policy_version, name = await self._policy(subject.policy)
            subject = msgspec.structs.replace(subject, policy_name=name)
        except Invalid as error:
            # On a page the draft is mended elsewhere: its field leads there.
            problems.append(msgspec.structs.replace(error.problems[0], pointer="/policy"))
        try:
            calendar, calendar_version = await self._calendar(subject.calendar)
        except Invalid as error:
            problems.append(msgspec.structs.replace(error.problems[0], pointer="/calendar"))
        if problems or time_of is None or sight is None:
            raise Invalid(problems)
        asked = Asked(
            received_from=time_of[0],
            received_before=time_of[1],
            policy=policy,
            policy_version=policy_version,
            calendar=calendar,
            calendar_version=calendar_version,
        )
        return Wanted(asked, sight, subject)

    async def calendar_draft(self) -> str | None:
        """The calendar that the viewer is changing, JSON text."""
        async with self._database.connection() as connection:
            return await queries("simulation").calendar_draft(
                connection, office_id=self._viewer.office.id, person_id=self._viewer.person.id
            )

    async def _policy(self, choice: str) -> tuple[str | None, int | None, str]:
        if not choice:
            return None, None, ""
        found = _CHOICE.fullmatch(choice)
        if found is None:
            raise Invalid([_unknown("/policy")])
        number = int(found["number"])
        if found["kind"] == "v":
            if number not in self._viewer.office.policies:
                raise Invalid([_unknown("/policy")])
            return None, number, ""
        drafts = {draft.id: draft for draft in await Drafts(self._database).all(self._viewer)}
        draft = drafts.get(number)
        if draft is None:
            raise Invalid([_unknown("/policy")])
        return policy_text(draft.raw(), self._viewer.office, self._now, self._language), None, draft.name

    async def _calendar(self, choice: str) -> tuple[str | None, int | None]:
        if not choice:
            return None, None
        if choice == CALENDAR_DRAFT:
            draft = await self.calendar_draft()
            if draft is None:
                raise Invalid([_unknown("/calendar")])
            return calendar_text(msgspec.json.decode(draft), self._viewer.office, self._now), None
        found = _CHOICE.fullmatch(choice)
        if found is None or found["kind"] != "v" or int(found["number"]) not in self._viewer.office.calendars:
            raise Invalid([_unknown("/calendar")])
        return None, int(found["number"])


def _unknown(pointer: str) -> FieldProblem:
    return FieldProblem(pointer, "unknown_value", "This value is not one of those that are possible here.")
