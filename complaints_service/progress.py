"""A bar on stderr for commands that take a while. Only on a terminal: logs and pipes get none."""

from __future__ import annotations

import sys
from collections.abc import Callable

# (done, of all, what is being done); both counts in the same unit, whatever it is.
Progress = Callable[[int, int, str], None]
_BAR = 30


def no_progress(_done: int, _total: int, _what: str) -> None:
    """For whoever does not watch."""


def bar() -> Progress:
    """Draws in place on a terminal; call it with done == total at the end, so that the line is finished."""
    if not sys.stderr.isatty():
        return no_progress
    shown = [""]

    def show(done: int, total: int, what: str) -> None:
        share = 1.0 if total <= 0 else min(1.0, done / total)
        filled = int(_BAR * share)
        line = f"[{'#' * filled}{'.' * (_BAR - filled)}] {share:4.0%} {what}"
        if line == shown[0]:
            return
        padding = " " * max(0, len(shown[0]) - len(line))
        shown[0] = line if share < 1 else ""
        print(f"\r{line}{padding}", end="\n" if share >= 1 else "", file=sys.stderr, flush=True)

    return show
