"""The officers' queue page over HTTP at many tickets: how long the whole page takes, one reader after the other.

.venv/bin/python -m benchmarks.queue [--tickets 100000] [--requests 200]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx

from benchmarks.running import Service, cpu_seconds, service

READERS = ("petugas", "atasan", "kepala")
PAGES = ("/desk", "/desk?status=received", "/desk?assignee=me", "/api/v1/tickets?limit=50")


def seed(running: Service, tickets: int) -> float:
    """Made-up tickets by the product's own command; seconds."""
    began = time.perf_counter()
    environment = {**os.environ, "COMPLAINTS_DEV": "1", "COMPLAINTS_DATA_DIR": str(running.folder)}
    command = [str(Path(sys.executable).with_name("complaints")), "seed", "--tickets", str(tickets)]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def measure(client: httpx.Client, path: str, requests: int) -> tuple[list[float], int]:
    """Milliseconds of each request, sorted, and the size of the page."""
    took: list[float] = []
    size = 0
    for _ in range(requests):
        began = time.perf_counter()
        answer = client.get(path)
        took.append((time.perf_counter() - began) * 1000)
        size = len(answer.raise_for_status().content)
    return sorted(took), size


def main() -> None:
    """Print a line for each reader and page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=200)
    given = parser.parse_args()
    with service() as running:
        print(f"{given.tickets} tickets seeded in {seed(running, given.tickets):.0f} s")
        base = f"http://127.0.0.1:{running.port}"
        passwords = {p["username"]: p["password"] for p in httpx.get(f"{base}/dev/people").json()}
        for reader in READERS:
            with httpx.Client(base_url=base) as client:
                credentials = {"username": reader, "password": passwords[reader]}
                client.post("/api/v1/session", json=credentials).raise_for_status()
                for path in PAGES:
                    measure(client, path, 10)
                    before = cpu_seconds(running.process)
                    took, size = measure(client, path, given.requests)
                    after = cpu_seconds(running.process)
                    cpu = {
                        kind: round((after[kind] - before[kind]) * 1000 / given.requests, 1)
                        for kind in ("web", "PostgreSQL")
                    }
                    print(
                        f"{reader:8} {path:26} {size:7} bytes: p50 {took[len(took) // 2]:.1f} ms, "
                        f"p95 {took[int(len(took) * 0.95)]:.1f} ms; CPU ms a page {cpu}"
                    )


if __name__ == "__main__":
    main()
