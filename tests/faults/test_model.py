"""Random sequences of what people, time and administrators do, on the real service, against a small model of it (scenario 29).

``COMPLAINTS_TEST_EXAMPLES`` makes it longer (``make fuzz``); the steps of a failure are printed by hypothesis.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from complaints_service.intake.kiosk.model import Device
from tests.faults import office_model as model
from tests.faults.office_deeds import OfficeDeeds
from tests.faults.struck import audited
from tests.servers import Running
from tests.service.outbox_room import Room, a_room

T = TypeVar("T")
MORE = "COMPLAINTS_TEST_EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("COMPLAINTS_TEST_EXAMPLES", "10"))
STEPS = 50 if MORE else 30
WAITS = (timedelta(minutes=61), timedelta(hours=30, minutes=7), timedelta(days=8, hours=3), timedelta(days=33, hours=5))
DEEDS = sorted(model.OFFICE)
ANY = st.integers(0, 99)


class OfficeMachine(RuleBasedStateMachine):
    """People, clock and administrator."""

    room: Room
    device: Device
    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        super().__init__()
        self.deeds = OfficeDeeds(self.room, self.device)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """On the loop of the services; hypothesis has a thread of its own."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def teardown(self) -> None:
        """The office does not keep the cases of all sequences open: the next one's clock would have them all to do."""
        self.do(self.deeds.ends())

    @initialize()
    def begin(self) -> None:
        self.do(self.deeds.files("web"))

    @rule(door=st.sampled_from(["web", "counter", "kiosk", "whatsapp"]))
    def file(self, door: str) -> None:
        self.do(self.deeds.files(door))

    @rule(
        which=ANY,
        deed=st.sampled_from(DEEDS),
        who=st.sampled_from(["petugas", "petugas", "petugas2", "atasan", "kepala", "admin"]),
        seen=st.sampled_from(["now", "now", "now", "before"]),
        other=ANY,
    )
    def act(self, which: int, deed: str, who: str, seen: str, other: int) -> None:
        self.do(self.deeds.acts(self.deeds.case(which), deed, who, self.deeds.case(other), stale=seen == "before"))

    @rule(which=ANY, who=st.sampled_from(["atasan", "kepala"]), nth=ANY)
    def a_superior_works(self, which: int, who: str, nth: int) -> None:
        self._does_what_may_be_done(which, who, nth)

    @rule(which=ANY, who=st.sampled_from(["petugas", "petugas2"]), nth=ANY)
    def an_officer_works(self, which: int, who: str, nth: int) -> None:
        self._does_what_may_be_done(which, who, nth)

    def _does_what_may_be_done(self, which: int, who: str, nth: int) -> None:
        """Something that the case allows: without this few would come far."""
        case = self.deeds.case(which)
        possible = [deed for deed in model.OFFICE if deed != "note" and model.refused(case, deed, who) is None]
        if possible:
            open_ones = (one for one in self.deeds.cases if one is not case and one.status in model.OPEN)
            self.do(self.deeds.acts(case, possible[nth % len(possible)], who, next(open_ones, case), stale=False))

    @rule(which=ANY, late=st.booleans())
    def undo(self, which: int, late: bool) -> None:
        self.do(self.deeds.undoes(self.deeds.case(which), late=late))

    @rule(which=ANY, what=st.sampled_from(["reply", "reply", "settled", "rate", "withdraw"]))
    def the_reporter_acts(self, which: int, what: str) -> None:
        case = self.deeds.case(which)
        if what == "rate":
            self.do(self.deeds.rates(case))
        elif what == "withdraw":
            self.do(self.deeds.withdraws(case))
        else:
            self.do(self.deeds.replies(case, resolved=what == "settled"))

    @rule(by=st.sampled_from(WAITS))
    def wait(self, by: timedelta) -> None:
        self.do(self.deeds.waits(by))

    @rule(what=st.sampled_from(["a day", "a policy", "a policy for open cases"]), days=st.sampled_from([6, 14, 20]))
    def an_administrator_publishes(self, what: str, days: int) -> None:
        if what == "a day":
            self.do(self.deeds.closes_a_day(days))
        else:
            self.do(self.deeds.publishes_a_policy(days, for_open=what != "a policy"))

    @invariant()
    def every_case_is_as_the_model_says(self) -> None:
        self.do(self.deeds.compare())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("model")


async def test_whatever_people_and_time_do_every_case_is_what_the_model_says(running: Running, folder: Path) -> None:
    async with a_room(running, folder) as room:
        device, _ = await room.services.kiosk.create_device(await room.office.office(), "Ruang tunggu")
        OfficeMachine.room, OfficeMachine.device, OfficeMachine.loop = room, device, asyncio.get_running_loop()
        how = settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=not MORE,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
            database=None,
        )
        await asyncio.to_thread(run_state_machine_as_test, OfficeMachine, settings=how)
        assert await audited(room, grace_seconds=3_600) == [], "no worker runs here: letters wait"
