"""Real servers for all tests: PostgreSQL and Valkey start once for a run, and every xdist worker has a database of its own.

The template is migrated and has the demo office and its people, but no tickets: tests file their own and look only at those.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import hypothesis
import msgspec
import pytest

from complaints_service.log_lines import configure_logging
from complaints_service.settings import Settings
from complaints_service.wiring import Services, open_services
from tests.office import TheOffice
from tests.servers import VARIABLE, Running, Servers, clone_template, test_settings

# A run starts dozens of processes: whatever the shell says, the first of them keeps what it compiled for the others.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def _work_in_memory(folder: str = "/dev/shm", least: int = 6 * 2**30) -> None:
    """Databases are cloned hundreds of times, each 600 files: 0.4 s of a processor on a disk, 0.03 s in memory.

    What tests kill are processes, never the machine; so nothing that they prove needs a disk.
    """
    if "TMPDIR" in os.environ or not os.access(folder, os.W_OK):
        return
    found = os.statvfs(folder)
    if found.f_bavail * found.f_frsize >= least and not found.f_flag & (os.ST_NOEXEC | os.ST_RDONLY):
        os.environ["TMPDIR"] = folder
        tempfile.tempdir = None


_work_in_memory()

# A slow machine is no fault of the rule under test.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

_servers: Servers | None = None


def _needed(config: pytest.Config) -> bool:
    """Unit tests need no servers and do not wait for any."""
    chosen = [Path(argument.split("::")[0]) for argument in config.args]
    return not all("unit" in path.parts or "platform" in path.parts for path in chosen)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: much of the time is waiting for processes that die and start."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """In the process that hands out the work, before it starts its workers: they inherit the address."""
    global _servers
    if "PYTEST_XDIST_WORKER" in os.environ or session.config.option.collectonly or not _needed(session.config):
        return
    _servers = Servers()
    os.environ[VARIABLE] = msgspec.json.encode(_servers.start()).decode()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long go first, those that wait (for processes that die and start) between those that compute (browsers).

    What is left for the end is short, and no process waits long for another. The random run is longest of all.
    """
    turns: dict[str, list[Path]] = {}
    for item in items:
        files = turns.setdefault(item.path.parent.name, [])
        if item.path not in files[-1:]:
            files.append(item.path)
    folders = ["faults", "web", "platform", "service", "unit"]

    def place(item: pytest.Item) -> tuple[bool, int, int, int]:
        folder = item.path.parent.name
        rank = folders.index(folder) if folder in folders else len(folders)
        return item.path.name != "test_soak.py", max(0, rank - 1), turns[folder].index(item.path), rank

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Thousands of tests and their modules stay for the run: looking through them again and again for garbage is a tenth of its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_unconfigure() -> None:
    """The last thing of a run."""
    if _servers is not None:
        _servers.stop()


@pytest.fixture(scope="session")
def running() -> Running:
    """How to reach the servers of this run."""
    return msgspec.json.decode(os.environ[VARIABLE], type=Running)


@pytest.fixture(scope="session")
async def database_url(running: Running) -> str:
    """This worker's own database, as the application's role."""
    return await clone_template(running, f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}")


@pytest.fixture(scope="session")
def settings(running: Running, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Development settings on this worker's database."""
    return test_settings(tmp_path_factory.mktemp("data"), database_url, running.redis_url)


@pytest.fixture(scope="session")
async def services(settings: Settings) -> AsyncIterator[Services]:
    """The wired service, shared by the tests of this worker; its errors are logged as in production, in one line each."""
    configure_logging(settings, "tests")
    opened = await open_services(settings, hints=False)
    yield opened
    await opened.close()


@pytest.fixture
async def the_office(services: Services, running: Running) -> TheOffice:
    """The office to act on, with short words for what people do in it."""
    return TheOffice(services, {person.username: person.password for person in running.people})
