"""`make bench`: every benchmark, one after the other."""

from __future__ import annotations

import subprocess
import sys

ALL = (
    "calendar",
    "start",
    "filing",
    "timers",
    "breaches",
    "recompute",
    "simulation",
    "queue",
    "pages",
    "flood",
    "phone",
    "audit",
)


def main() -> None:
    """Run those that are named, or all."""
    for name in sys.argv[1:] or ALL:
        print(f"== {name}", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)


if __name__ == "__main__":
    main()
