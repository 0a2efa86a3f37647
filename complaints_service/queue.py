"""The arq queue as web and workers share it. Jobs are MessagePack, never pickle: arq's default would run what somebody plants."""

from __future__ import annotations

import msgspec
from arq.connections import ArqRedis
from redis.asyncio import ConnectionPool

QUEUE_NAME = "complaints:queue"
WAKE_JOB = "wake"
# A server that takes connections and answers nothing is as good as away: without this bound arq waits for it for ever.
_ANSWER_SECONDS = 3.0


def serialize(job: dict[str, object]) -> bytes:
    """A job as MessagePack."""
    return msgspec.msgpack.encode(job)


def deserialize(raw: bytes) -> dict[str, object]:
    """A job from MessagePack. Raises msgspec.DecodeError for anything else, a pickle included."""
    return msgspec.msgpack.decode(raw, type=dict[str, object])


async def open_queue(url: str) -> ArqRedis:
    """Connections to our queue at a redis://, rediss:// or unix:// URL.

    Raises what redis raises, here and in every later command, when the server is away or silent for 3 seconds.
    """
    connections = ConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType]
        url, socket_connect_timeout=_ANSWER_SECONDS, socket_timeout=_ANSWER_SECONDS
    )
    queue = ArqRedis(connections, job_serializer=serialize, job_deserializer=deserialize, default_queue_name=QUEUE_NAME)
    try:
        await queue.ping()  # pyright: ignore[reportUnknownMemberType]
    except BaseException:
        await connections.disconnect()
        raise
    return queue


async def close_queue(queue: ArqRedis) -> None:
    """Hang up; a pool that was passed in is not closed by ``aclose`` alone."""
    await queue.aclose(close_connection_pool=True)
