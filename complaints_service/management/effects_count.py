"""What a draft would do to open tickets, for the page that publishes it: counted at once where they are few, else in the background with
a bar (as a simulation runs)."""

from __future__ import annotations

import msgspec

from complaints_service.accounts.model import Viewer
from complaints_service.errors import FieldProblem, Invalid
from complaints_service.sla.effects import OpenEffects
from complaints_service.sla.simulation_board import Kind, State
from complaints_service.sla.simulation_jobs import EffectsWork, SimulationJobs

# More take so long that somebody would wait for a page without knowing why.
COUNTED_AT_ONCE = 2_000


class Counting(msgspec.Struct, frozen=True):
    """A count under way: the run's id, and how many of how many tickets it has looked at."""

    job: str
    done: int
    total: int

    @property
    def percent(self) -> int:
        """How far it is."""
        return self.done * 100 // self.total if self.total else 0


def few(tickets: int) -> bool:
    """Whether so many open tickets are counted while the page is made."""
    return tickets <= COUNTED_AT_ONCE


async def count(
    jobs: SimulationJobs, viewer: Viewer, tickets: int, subject: str, work: EffectsWork, job: str = ""
) -> OpenEffects | Counting:
    """The effects, or how far the count of them is: the run ``job`` where it is one of this ``subject``, else a new one.

    Raises what ``work`` does, and Invalid for a run that has failed.
    """
    if few(tickets):
        return await work(untold)
    stands = await look(jobs, viewer, subject, job)
    if stands is not None:
        return stands
    begun = await jobs.start_effects(viewer.office, viewer.person.id, subject, work)
    return Counting(begun.id, begun.done, begun.total)


async def look(jobs: SimulationJobs, viewer: Viewer, subject: str, job: str) -> OpenEffects | Counting | None:
    """How a run stands; None for none of this ``subject``, and for one that was given up. Raises Invalid for one that has failed."""
    found = await jobs.look(viewer.office, viewer.person.id, job, Kind.EFFECTS) if job else None
    if found is None or found.subject != subject or found.state is State.CANCELLED:
        return None
    if found.state is State.FAILED:
        raise Invalid([FieldProblem("", "not_counted", found.problem)])
    return found.effects or Counting(found.id, found.done, found.total)


def untold(_done: int, _total: int) -> None:
    """For a count that somebody waits for."""
