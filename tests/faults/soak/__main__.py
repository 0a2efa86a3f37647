"""``make soak``: the long run. ``python -m tests.faults.soak [--seed N] [--minutes N]``; the report is kept under build/."""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import tempfile
from pathlib import Path

import msgspec

from complaints_service.progress import bar
from tests.faults.soak.plan import deploys_of
from tests.faults.soak.run import LONG, Report, soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description="Break a whole service at random and compare.")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--minutes", type=float, default=LONG.minutes)
    parser.add_argument(
        "--deploys", type=int, help="instead of kills so many deploys of web and workers, in one minute"
    )
    asked = parser.parse_args()
    print(f"seed {asked.seed}, {asked.minutes:g} minutes", flush=True)
    # Whoever is told to end takes the service with it, as at Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix=f"soak-{asked.seed}-"))
    sizes = msgspec.structs.replace(LONG, minutes=asked.minutes)
    plan = None
    if asked.deploys:
        plan, sizes = deploys_of(asked.seed, asked.deploys, 60.0), msgspec.structs.replace(sizes, between=1)
    try:
        report = asyncio.run(
            soak(folder, asked.seed, sizes, bar() if sys.stderr.isatty() else _a_line_each_minute, plan)
        )
    except BaseException:
        print(f"seed {asked.seed}: ended by an error; its data are in {folder}", file=sys.stderr)
        raise
    return told(report, folder)


def _a_line_each_minute(done: int, total: int, what: str) -> None:
    """Where nobody sees a bar move."""
    if done % 60 == 0:
        print(f"{done // 60} of {total // 60} minutes: {what}", flush=True)


def told(report: Report, folder: Path) -> int:
    """Print and keep the report; the exit code."""
    text = msgspec.json.format(msgspec.json.encode(report)).decode()
    kept = Path("build", f"soak-{report.seed}.json")
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(text + "\n", encoding="utf-8")
    print(text)
    if report.wrong:
        print(f"seed {report.seed}: {len(report.wrong)} differences; the data are in {folder}", file=sys.stderr)
        return 1
    print(f"seed {report.seed}: {report.kills} kills, and what everybody was told is what is there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
