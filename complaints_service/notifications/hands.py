"""Several hands at one queue, and no more than there is something for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Found = Callable[[], None]


async def all_hands(most: int, work: Callable[[Found], Awaitable[int]]) -> int:
    """What up to ``most`` runs of ``work`` side by side did, added up; each is given what it calls when it has found something.

    The next one begins with that call: an empty queue is asked once, and not by each hand over a connection of its own (the first time
    over a connection costs PostgreSQL 25 ms of planning). Raises what the first of them raised, when all have ended.
    """
    turns: list[asyncio.Future[bool]] = [asyncio.get_running_loop().create_future() for _ in range(most)]

    async def hand(place: int) -> int:
        turn = turns[place]

        def found() -> None:
            if not turn.done():
                turn.set_result(True)

        try:
            if place and not await turns[place - 1]:
                return 0
            return await work(found)
        finally:
            if not turn.done():
                turn.set_result(False)

    counts = await asyncio.gather(*(hand(place) for place in range(most)), return_exceptions=True)
    for count in counts:
        if isinstance(count, BaseException):
            raise count
    return sum(count for count in counts if isinstance(count, int))
