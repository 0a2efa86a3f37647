"""What officers and reporters do to a ticket. Whoever is not told whether a deed was done looks, and does it again if it was not."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx

from tests.faults.soak.doors import Doors
from tests.faults.soak.line import AGAIN_AFTER, TOLD_WITHIN, Line, NeverTold
from tests.faults.soak.model import UNKNOWN, Case, Told, event_of
from tests.faults.soak.stories import Door, Step, Story, Who


class Deeds:
    """``desk``: the headers of each person of the office."""

    def __init__(self, line: Line, told: Told, doors: Doors, desk: dict[Who, dict[str, str]]) -> None:
        self._line = line
        self._doors = doors
        self._told = told
        self._desk = desk
        # Open cases that another may be merged into.
        self._others: list[Case] = []

    async def do(self, case: Case, step: Step, story: Story, place: int) -> None:
        """One step, until it is known what became of it: an event, or a refusal."""
        if step.who is Who.REPORTER and case.door is Door.WHATSAPP:
            words = str(step.more["text"])
            await self._doors.say(story, words, len(story.words) + 1 + place)
            case.chatted.append(words)
            case.status = UNKNOWN
            return
        if step.who is Who.REPORTER:
            await self._as_reporter(case, step, f"{story.key}.{case.number}.{place}")
            return
        if step.command == "merge":
            other = next((c for c in self._others if c.number != case.number and c.status == "verified"), None)
            if other is None or other.number is None:
                self._others.append(case)
                return
            step = Step(step.who, "merge", {"into": other.number})
        await self._at_the_desk(case, step)

    async def _as_reporter(self, case: Case, step: Step, key: str) -> None:
        path = {"reply": "messages", "rate": "rating", "withdraw": "withdraw"}[step.command]
        headers = {"Authorization": f"Bearer {case.code}", "Idempotency-Key": key}
        how: dict[str, Any] = {"headers": headers} | ({"json": step.more} if step.more else {})
        answer = await self._line.until_told("POST", f"/api/v1/complaints/{case.number}/{path}", **how)
        if answer.status_code == 201:
            # A citizen is shown the status of before while the office can still undo: what follows is the table's word.
            case.acted(step, _after(case.status, step))
        else:
            self._refused(case, answer, 409)

    async def _at_the_desk(self, case: Case, step: Step) -> None:
        headers, path = self._desk[step.who], f"/api/v1/tickets/{case.number}"
        until = time.monotonic() + TOLD_WITHIN
        unsure = False
        while time.monotonic() < until:
            seen = await self._line.until_told("GET", path, headers=headers)
            assert seen.status_code == 200, seen.text
            if unsure and await self._is_done(case, step):
                case.acted(step, seen.json()["status"])
                return
            if step.command not in seen.json()["allowed"]:
                case.refused += 1
                return
            body = {"command": step.command, **step.more}
            if step.command == "undo":
                body["event"] = seen.json()["last_event"]
            answer = await self._line.once(
                "POST", f"{path}/commands", json=body, headers={**headers, "If-Match": seen.headers["etag"]}
            )
            if answer is None:
                unsure = True
            elif answer.status_code == 200:
                case.acted(step, answer.json().get("status"))
                if "created" in answer.json():
                    self._second(case, answer.json()["created"], step)
                return
            elif answer.status_code == 412:
                unsure = True  # an earlier try of ours, or the clock
            else:
                self._refused(case, answer, 409, 422)
                return
            await asyncio.sleep(AGAIN_AFTER)
        raise NeverTold(f"{step.command} by {step.who}")

    async def _is_done(self, case: Case, step: Step) -> bool:
        """Whether a deed of which nobody was told is in the log: one more of its events than were told."""
        self._told.undecided += 1
        answer = await self._line.until_told(
            "GET", f"/api/v1/tickets/{case.number}/events", headers=self._desk[Who.HEAD]
        )
        assert answer.status_code == 200, answer.text
        wanted = event_of(step.command)
        found = [event for event in answer.json()["items"] if event["type"] == wanted]
        assert len(found) in (case.events[wanted], case.events[wanted] + 1), f"{wanted} twice by one deed"
        done = len(found) > case.events[wanted]
        if done and step.command == "split":
            self._second(case, found[-1]["body"]["new"], step)
        return done

    def _second(self, case: Case, number: str, step: Step) -> None:
        """A split has filed another ticket, which nobody works on."""
        self._told.cases.append(
            Case(
                door=case.door,
                key=f"{case.key} split",
                words=(str(step.more["text"]),),
                number=number,
                email=case.email,
            )
        )

    def _refused(self, case: Case, answer: httpx.Response, *expected: int) -> None:
        assert answer.status_code in expected, f"{answer.status_code} {answer.text}"
        case.refused += 1


def _after(status: str, step: Step) -> str:
    """Where a ticket stands after its reporter's word (docs/lifecycle.md)."""
    match step.command:
        case "withdraw":
            return "withdrawn"
        case "reply" if step.more.get("resolved"):
            return "closed" if status == "answered" else status
        case "reply" if status in ("waiting_reporter", "answered", "closed", "withdrawn"):
            return "in_progress"
        case _:
            return status
