"""What the office says before somebody files: known incidents and short answers. Which of them show is decided here, without I/O."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum

import msgspec

# A page for a telephone holds no more; what is beyond belongs on the office's own site.
MOST_INCIDENTS = 3
MOST_ANSWERS = 5
MOST_IMPROVEMENTS = 6


class GuidanceKind(StrEnum):
    """An incident tells that something is out of order now; an answer says what people ask most often; an improvement, shown with the
    public figures, what the office does better because people complained.
    """

    INCIDENT = "incident"
    ANSWER = "answer"
    IMPROVEMENT = "improvement"


class GuidanceWords(msgspec.Struct, frozen=True, kw_only=True):
    """A text in two languages (English may be empty). ``services`` empty: for every service; both days included, None: open."""

    kind: GuidanceKind
    services: tuple[str, ...]
    title_id: str
    text_id: str
    title_en: str
    text_en: str
    shows_from: date | None
    shows_until: date | None


class Guidance(GuidanceWords, frozen=True, kw_only=True):
    """A text as it is stored; ``active`` until an officer takes it away, ``version`` counts its changes."""

    id: int
    active: bool
    version: int

    def in_days(self, today: date) -> bool:
        """Active, and within its days."""
        started = self.shows_from is None or self.shows_from <= today
        return self.active and started and (self.shows_until is None or today <= self.shows_until)


def incidents_now(guidance: Iterable[Guidance], today: date) -> list[Guidance]:
    """Every incident of today, the latest first: for the first page, where no service has been chosen yet."""
    found = [g for g in guidance if g.kind is GuidanceKind.INCIDENT and g.in_days(today)]
    return sorted(found, key=lambda g: -g.id)[:MOST_INCIDENTS]


def improvements(guidance: Iterable[Guidance], today: date) -> list[Guidance]:
    """What was improved, the latest first."""
    found = [g for g in guidance if g.kind is GuidanceKind.IMPROVEMENT and g.in_days(today)]
    return sorted(found, key=lambda g: (g.shows_from or date.min, g.id), reverse=True)[:MOST_IMPROVEMENTS]


def guidance_for(guidance: Iterable[Guidance], service: str, today: date) -> list[Guidance]:
    """Incidents and then answers for a service ("": not known), those for just this service first."""

    def of_kind(kind: GuidanceKind, most: int) -> list[Guidance]:
        fitting = [g for g in all_now if g.kind is kind and (not g.services or service in g.services)]
        return sorted(fitting, key=lambda g: (not g.services, -g.id))[:most]

    all_now = [g for g in guidance if g.in_days(today)]
    return [*of_kind(GuidanceKind.INCIDENT, MOST_INCIDENTS), *of_kind(GuidanceKind.ANSWER, MOST_ANSWERS)]
