"""Hands at a queue: an empty one is asked once, a full one by all of them, and what one raises is told when the others have ended."""

from __future__ import annotations

import asyncio

import pytest

from complaints_service.notifications.hands import Found, all_hands


class Queue:
    """So many rows; counts who asked and how many were at it together."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.asked = 0
        self._busy = 0
        self.most_busy = 0

    async def empty(self, found: Found) -> int:
        done = 0
        while True:
            self.asked += 1
            if self.rows == 0:
                return done
            self.rows -= 1
            found()
            self._busy += 1
            self.most_busy = max(self.most_busy, self._busy)
            await asyncio.sleep(0.001)
            self._busy -= 1
            done += 1


async def test_an_empty_queue_is_asked_once() -> None:
    queue = Queue(0)
    assert await all_hands(4, queue.empty) == 0
    assert queue.asked == 1


@pytest.mark.parametrize(("rows", "together"), [(1, 1), (2, 2), (50, 4)])
async def test_more_hands_come_while_there_is_something_and_everything_is_done_once(rows: int, together: int) -> None:
    queue = Queue(rows)
    assert await all_hands(4, queue.empty) == rows
    assert queue.most_busy == together
    assert queue.rows == 0


async def test_what_one_raises_is_told_when_the_others_have_done_what_they_had_in_hand() -> None:
    queue = Queue(16)

    async def work(found: Found) -> int:
        if queue.rows == 15:
            raise ConnectionError("the database is away")
        return await queue.empty(found)

    with pytest.raises(ConnectionError):
        await all_hands(4, work)
    assert queue.rows == 0


async def test_who_is_told_to_stop_ends_them_all() -> None:
    async def for_ever(found: Found) -> int:
        found()
        await asyncio.Event().wait()
        return 1

    running = asyncio.create_task(all_hands(4, for_ever))
    await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
