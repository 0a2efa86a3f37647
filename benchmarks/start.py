"""How long `complaints up` takes until it is ready, on an empty folder and again, and how long Ctrl-C takes.

.venv/bin/python -m benchmarks.start [--rounds 3]
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from benchmarks.running import free_port, resident_megabytes, start, stop


def main() -> None:
    """Print every round: first start, Ctrl-C, second start, memory when idle."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    for number in range(parser.parse_args().rounds):
        root = Path(tempfile.mkdtemp(prefix="complaints-bench-"))
        root.chmod(0o711)
        port = free_port()
        process, first = start(root / "data", port)
        ended = stop(process)
        process, again = start(root / "data", port)
        memory = resident_megabytes(process.pid)
        stop(process)
        print(f"round {number + 1}: first {first:.2f} s, Ctrl-C {ended:.2f} s, again {again:.2f} s, idle MB {memory}")
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
