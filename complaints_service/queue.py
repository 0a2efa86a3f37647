"""The arq queue as web and workers share it. Jobs are MessagePack, never pickle: arq's default would run what somebody plants."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec
from arq.connections import ArqRedis, RedisSettings, create_pool

QUEUE_NAME = "complaints:queue"
WAKE_JOB = "wake"


def serialize(job: dict[str, object]) -> bytes:
    """A job as MessagePack."""
    return msgspec.msgpack.encode(job)


def deserialize(raw: bytes) -> dict[str, object]:
    """A job from MessagePack. Raises msgspec.DecodeError for anything else, a pickle included."""
    return msgspec.msgpack.decode(raw, type=dict[str, object])


def redis_settings(url: str) -> RedisSettings:
    """arq's settings for our URL (redis://, rediss://, unix://), with short time-outs: no request ever waits for Valkey."""
    if urlsplit(url).scheme == "unix":
        parts = urlsplit(url)
        settings = RedisSettings(unix_socket_path=parts.path)
    else:
        settings = RedisSettings.from_dsn(url)
    settings.conn_timeout = 3
    settings.conn_retries = 1
    settings.conn_retry_delay = 1
    return settings


async def open_queue(url: str) -> ArqRedis:
    """A connection pool for enqueueing. Raises what redis raises when the server is away."""
    return await create_pool(
        redis_settings(url), job_serializer=serialize, job_deserializer=deserialize, default_queue_name=QUEUE_NAME
    )
