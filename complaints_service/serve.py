"""The web process: uvicorn around the application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from complaints_service.settings import Settings

if TYPE_CHECKING:
    from types import FrameType

# The last wall only; the application itself refuses earlier and says when to come back.
MOST_CONNECTIONS = 2000
KEEP_ALIVE_SECONDS = 15
LAST_REQUESTS_SECONDS = 3


def serve_web(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; running requests get a few seconds to end."""
    import uvicorn

    from complaints_service.app import create_app
    from complaints_service.web.streams import STREAM_ROOM

    class Server(uvicorn.Server):
        """Asks streams to end by themselves, so that none has to be cut off."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            STREAM_ROOM.close()
            super().handle_exit(sig, frame)

    config = uvicorn.Config(
        create_app(settings),
        host=settings.listen_host,
        port=settings.listen_port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,  # addresses of pages tell who complains about what
        server_header=False,
        proxy_headers=False,  # anybody could write them (CVE-2025-59152)
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=LAST_REQUESTS_SECONDS,
    )
    Server(config).run()
