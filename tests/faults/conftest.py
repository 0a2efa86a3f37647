"""One whole service for the folder's scenarios, with short sweeps and leases; what it must survive is in the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.service import FaultyService


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyService]:
    running = FaultyService(
        tmp_path_factory.mktemp("faults") / "var",
        COMPLAINTS_SWEEP_SECONDS="1",
        COMPLAINTS_LEASE_SECONDS="2",
        COMPLAINTS_OUTBOX_RETRY_MIN_SECONDS="0.2",
        COMPLAINTS_OUTBOX_RETRY_MAX_SECONDS="1",
        # A process that stands still on purpose is not to be replaced.
        COMPLAINTS_PROBE_SECONDS="20",
    )
    running.start()
    yield running
    running.stop()
